//! Every query of every panel, as Grafana asks it.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::{Duration, Instant},
};

use regex::Regex;
use serde_json::Value;

use super::{
    EXEMPT,
    dashboards::{Dashboard, Panel, Scope, Target, Variables, Window, links::Trail, narrow},
    prometheus::{Answer, Prometheus},
};

/// What was found out of all dashboards, by one Prometheus.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// What no panel is excused for.
    pub(super) complaints: BTreeSet<String>,
    /// Panels of which a query has no data, and which.
    pub(super) empty: BTreeMap<String, Vec<String>>,
    /// How many panels there are, and queries, and links that were followed.
    pub(super) panels: usize,
    pub(super) queries: usize,
    pub(super) links: usize,
}

/// The dashboards before a Prometheus that has scraped the world since `born`.
pub(super) struct Judge<'j> {
    pub(super) prometheus: &'j Prometheus,
    pub(super) dashboards: &'j [Dashboard],
    pub(super) born: f64,
    /// How long it waits for what has no data yet.
    pub(super) wait: Duration,
}

/// A dashboard, and the ways in which its variables can be chosen.
struct Opened<'j> {
    dashboard: &'j Dashboard,
    /// The one that last had data comes first: what stands side by side asks about the same.
    ways: RefCell<VecDeque<Variables>>,
    narrow: Vec<Variables>,
    /// For which of them each query had data, by panel and letter.
    found: RefCell<BTreeMap<(String, String), Variables>>,
}

impl Judge<'_> {
    /// Everything that is wrong with them.
    pub(super) fn findings(&self) -> Findings {
        let mut findings = Findings::default();
        let opened: Vec<_> =
            self.dashboards.iter().map(|one| self.open(one, &mut findings)).collect();
        self.wait_for_data(&opened, &mut findings);
        for one in &opened {
            self.at_all_times(one, &mut findings);
            self.follow_links(one, &mut findings);
        }
        findings
    }

    fn open<'d>(&self, dashboard: &'d Dashboard, findings: &mut Findings) -> Opened<'d> {
        let mut told = Vec::new();
        let ways = dashboard.choices(self.prometheus, Self::opened(dashboard), &mut told);
        findings.complaints.extend(told);
        findings.panels += dashboard.panels.len();
        findings.queries += dashboard.panels.iter().map(|panel| panel.targets.len()).sum::<usize>();
        let narrow = narrow(&ways);
        let found = RefCell::default();
        Opened { dashboard, ways: RefCell::new(ways.into()), narrow, found }
    }

    fn opened(dashboard: &Dashboard) -> Window {
        Window::opened(dashboard.json["time"]["from"].as_str().unwrap(), now())
    }

    /// Each query has data for one choice of the variables at least, soon.
    fn wait_for_data(&self, opened: &[Opened<'_>], findings: &mut Findings) {
        let until = Instant::now() + self.wait;
        let all = opened.iter().flat_map(|one| {
            let panels = one.dashboard.panels.iter();
            panels
                .flat_map(move |panel| panel.targets.iter().map(move |target| (one, panel, target)))
        });
        let mut waiting: Vec<_> = all.collect();
        loop {
            waiting.retain(|(one, panel, target)| !self.has_data(one, panel, target, findings));
            // For what is missing anyway nobody waits.
            let is_excused = |name: &str| EXEMPT.iter().any(|(panel, _)| *panel == name);
            let is_vain = waiting.iter().all(|(_, panel, _)| is_excused(&panel.name));
            if is_vain || Instant::now() > until {
                break;
            }
            // What is missing is on its way from one program to another: there is nothing to be told by.
            std::thread::sleep(Duration::from_millis(500));
        }
        for (_, panel, target) in waiting {
            let query = format!("{}: {}", target.letter, target.expression);
            findings.empty.entry(panel.name.clone()).or_default().push(query);
        }
    }

    fn has_data(
        &self,
        one: &Opened<'_>,
        panel: &Panel,
        target: &Target,
        findings: &mut Findings,
    ) -> bool {
        let window = Self::opened(one.dashboard);
        let mut ways = one.ways.borrow_mut();
        let has_data = |way: &Variables| {
            let answer = self.ask(&target.expression, target.is_instant, window, way);
            findings.hear(&panel.name, target, &answer);
            !answer.rows.is_empty() && self.is_more_than_nought(target, way)
        };
        let Some(at) = ways.iter().position(has_data) else { return false };
        let way = ways.remove(at).unwrap();
        let key = (panel.name.clone(), target.letter.clone());
        one.found.borrow_mut().insert(key, way.clone());
        ways.push_front(way);
        true
    }

    /// A nought in the place of data is none: there was a moment at which there was something to count.
    fn is_more_than_nought(&self, target: &Target, way: &Variables) -> bool {
        let bare = without_fallback(&target.expression);
        let life = Window { from: self.born, to: now() };
        bare == target.expression || !self.ask(&bare, false, life, way).rows.is_empty()
    }

    /// No query fails at any moment of the world: with what had data, and with one value of each variable alone.
    fn at_all_times(&self, one: &Opened<'_>, findings: &mut Findings) {
        let life = Window { from: self.born, to: now() };
        let found = one.found.borrow();
        for panel in &one.dashboard.panels {
            for target in &panel.targets {
                let with_data = found.get(&(panel.name.clone(), target.letter.clone()));
                for way in with_data.into_iter().chain(&one.narrow) {
                    let answer = self.ask(&target.expression, false, life, way);
                    findings.hear(&panel.name, target, &answer);
                }
            }
        }
        for (name, expression) in &one.dashboard.annotations {
            for way in one.ways.borrow().iter().take(1).chain(&one.narrow) {
                let answer = self.ask(expression, false, life, way);
                let name = format!("{}: the annotation {name}", one.dashboard.uid);
                let told = answer.complaints.iter().map(|why| format!("{name}: {why}"));
                findings.complaints.extend(told);
            }
        }
    }

    /// From a choice of the variables for which a panel has data.
    fn follow_links(&self, one: &Opened<'_>, findings: &mut Findings) {
        let ways = one.ways.borrow();
        let Some(first) = ways.front() else { return };
        let window = Self::opened(one.dashboard);
        let trail = Trail { dashboards: self.dashboards, prometheus: self.prometheus, window };
        findings.complaints.extend(trail.of_dashboard(one.dashboard, first));
        let found = one.found.borrow();
        for panel in &one.dashboard.panels {
            let letters = panel.targets.iter().map(|target| target.letter.clone());
            let with_data = |letter| found.get(&(panel.name.clone(), letter));
            let Some(way) = letters.into_iter().find_map(with_data) else { continue };
            let (links, complaints) = trail.of_panel(panel, way, || self.rows(panel, window, way));
            findings.links += links;
            findings.complaints.extend(complaints);
        }
    }

    /// What each query of a panel is answered, by its letter.
    fn rows(&self, panel: &Panel, window: Window, way: &Variables) -> Vec<(String, Vec<Value>)> {
        let ask = |target: &Target| {
            let answer = self.ask(&target.expression, target.is_instant, window, way);
            (target.letter.clone(), answer.rows)
        };
        panel.targets.iter().map(ask).collect()
    }

    fn ask(&self, expression: &str, is_instant: bool, window: Window, way: &Variables) -> Answer {
        let scope = Scope { variables: way, window, row: BTreeMap::new() };
        match scope.fill(expression) {
            Ok(filled) if is_instant => self.prometheus.instant(&filled),
            Ok(filled) => self.prometheus.range(&filled, window.range()),
            Err(unknown) => {
                Answer { complaints: vec![format!("nobody knows {unknown:?}")], rows: Vec::new() }
            }
        }
    }
}

impl Findings {
    fn hear(&mut self, panel: &str, target: &Target, answer: &Answer) {
        let told = answer.complaints.iter();
        self.complaints.extend(
            told.map(|why| format!("{panel}: {}: {why}\n    {}", target.letter, target.expression)),
        );
    }
}

fn now() -> f64 {
    jiff::Timestamp::now().as_millisecond() as f64 / 1000.0
}

/// `or vector(0)` makes something of nothing.
fn without_fallback(expression: &str) -> String {
    let fallback = Regex::new(r"\s+or\s+(on\s*\(\s*\)\s*)?vector\s*\(\s*\d+\s*\)").unwrap();
    fallback.replace_all(expression, "").into_owned()
}
