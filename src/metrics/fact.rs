//! What the kinds measured: the facts of each check's last run.

use std::ops::ControlFlow;

use super::{Encoder, check::Seen, exposition::Walk};
use crate::model::{Desc, Fact, MetricKind};

/// Facts of one run that are looked at; a hostile certificate chain or DNS answer must not become thousands of series.
const MAX_FACTS: usize = 64;

/// The families that facts may belong to, each once.
#[derive(Debug, Default)]
pub struct Families {
    /// In the order given, exported or not.
    all: Vec<&'static Desc>,
    /// Those that are written, in the order given.
    exported: Vec<&'static Desc>,
    /// From a declaration to its place in `exported`. Two files may declare the same family: then two lead to one place.
    places: Vec<(&'static Desc, usize)>,
}

impl Families {
    /// Puts the families of all kinds into one order; one that comes again by the same name is the same family.
    pub fn new(families: impl IntoIterator<Item = &'static Desc>) -> Self {
        let mut known = Self::default();
        for desc in families {
            if known.places.iter().any(|(other, _)| std::ptr::eq(*other, desc)) {
                continue;
            }
            if known.all.iter().all(|other| other.name != desc.name) {
                known.all.push(desc);
            }
            // A fact is one number; a histogram cannot be made of it.
            if !desc.exported || desc.kind == MetricKind::Histogram {
                continue;
            }
            let place = known.exported.iter().position(|other| other.name == desc.name);
            let place = place.unwrap_or_else(|| {
                known.exported.push(desc);
                known.exported.len() - 1
            });
            known.places.push((desc, place));
        }
        known
    }

    /// Every family, also those that only the API shows.
    pub fn all(&self) -> &[&'static Desc] {
        &self.all
    }

    /// Writes the exported families, each over all checks.
    pub(super) fn write<E: Encoder>(
        &self,
        walk: &mut Walk<'_, E>,
        checks: &[Seen<'_>],
    ) -> ControlFlow<()> {
        let mut extra = Vec::new();
        for (desc, places) in self.exported.iter().zip(self.index(checks)) {
            walk.family(desc);
            for (at, place) in places.iter().enumerate() {
                let check = &checks[place.check as usize];
                let Some(fact) = fact(check, place.fact) else { continue };
                if repeats(check, fact, &places[..at], place.check) {
                    continue;
                }
                extra.clear();
                extra.extend(
                    desc.labels.iter().zip(&fact.labels).map(|(name, value)| (*name, &**value)),
                );
                walk.encoder.sample(&check.slot.labels, &extra, fact.value);
                walk.pause()?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Where the facts of each exported family are. Facts lie by check, the exposition wants them by family: eight bytes
    /// a fact spare one search through all facts of all checks per family.
    fn index(&self, checks: &[Seen<'_>]) -> Vec<Vec<Place>> {
        let mut index = vec![Vec::new(); self.exported.len()];
        for (check, seen) in (0_u32..).zip(checks) {
            // Facts come in much the same order as the families, so the search goes on where it last ended.
            let mut from = 0;
            let facts = seen.last().map(|last| &*last.facts).unwrap_or_default();
            for (at, fact) in (0_u16..).zip(facts.iter().take(MAX_FACTS)) {
                if !fact.desc.exported {
                    continue;
                }
                let (before, after) = self.places.split_at(from);
                let found =
                    after.iter().chain(before).position(|(desc, _)| std::ptr::eq(*desc, fact.desc));
                if let Some(found) = found {
                    from = (from + found) % self.places.len();
                    index[self.places[from].1].push(Place { check, fact: at });
                }
            }
        }
        index
    }
}

#[derive(Debug, Clone, Copy)]
struct Place {
    check: u32,
    fact: u16,
}

fn fact<'a>(check: &'a Seen<'_>, at: u16) -> Option<&'a Fact> {
    check.last().and_then(|last| last.facts.get(usize::from(at)))
}

/// Whether the check already has this very series, as when two hops of a redirect showed the same certificate: a series
/// that comes twice makes Prometheus refuse one of them, and say so at every scrape.
fn repeats(check: &Seen<'_>, fact: &Fact, before: &[Place], own: u32) -> bool {
    before
        .iter()
        .rev()
        .take_while(|place| place.check == own)
        .filter_map(|place| self::fact(check, place.fact))
        .any(|other| other.labels == fact.labels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        metrics::{
            Format,
            fixture::{self, World},
        },
        model::Outcome,
    };
    use std::sync::Arc;

    static ONE: Desc = Desc::gauge("noroshi_one", "One.").labels(&["position"]);
    static SAME: Desc = Desc::gauge("noroshi_one", "One.").labels(&["position"]);
    static TWO: Desc = Desc::gauge("noroshi_two", "Two.");
    static HIDDEN: Desc = Desc::gauge("noroshi_hidden", "Hidden.").internal();

    fn text(facts: Vec<Fact>) -> String {
        let mut view = fixture::view();
        let outcome = view.last.as_deref().unwrap().clone();
        view.last = Some(Arc::new(Outcome { facts: facts.into(), ..outcome }));
        let mut world = World::new([fixture::slot("a", view)]);
        world.families = Families::new([&ONE, &TWO, &HIDDEN, &SAME, &ONE]);
        let text = world.text(Format::Text);
        let of_facts = ["noroshi_one", "noroshi_two", "noroshi_hidden"];
        let lines = text.lines().filter(|line| of_facts.iter().any(|name| line.contains(name)));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_family_declared_twice_comes_once() {
        let text = text(vec![
            Fact::new(&TWO, 2.0),
            Fact::labelled(&SAME, ["1"], 11.0),
            Fact::labelled(&ONE, ["0"], 10.0),
            Fact::labelled(&ONE, ["1"], 12.0),
            Fact::new(&HIDDEN, 1.0),
        ]);
        insta::assert_snapshot!(text, @r#"
        # HELP noroshi_one One.
        # TYPE noroshi_one gauge
        noroshi_one{check="a",group="web",kind="http",position="1"} 11
        noroshi_one{check="a",group="web",kind="http",position="0"} 10
        # HELP noroshi_two Two.
        # TYPE noroshi_two gauge
        noroshi_two{check="a",group="web",kind="http"} 2
        "#);
    }

    #[test]
    fn a_flood_of_facts_is_cut() {
        let flood = (0..1000).map(|at: u32| Fact::labelled(&ONE, [at.to_string()], 1.0)).collect();
        assert_eq!(text(flood).lines().count(), 2 + MAX_FACTS);
    }

    #[test]
    fn every_family_is_known_once() {
        let names: Vec<_> =
            Families::new([&ONE, &TWO, &HIDDEN, &SAME]).all().iter().map(|d| d.name).collect();
        assert_eq!(names, ["noroshi_one", "noroshi_two", "noroshi_hidden"]);
    }
}
