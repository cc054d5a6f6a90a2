use std::{
    fmt::{self, Write as _},
    time::Duration,
};

use crate::{
    figure::{Budget, Figure, Quantity},
    peer,
    proc::Machine,
    settings::Settings,
};

/// A number of thousands, as people read it.
pub(crate) fn thousands(number: usize) -> String {
    match number / 1000 {
        0 => number.to_string(),
        high => format!("{},{:03}", thousands(high), number % 1000),
    }
}

/// A text with its numbers as people read them. Not for years.
fn separated(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|char: char| char.is_ascii_digit()) {
        let digits = rest[start..].find(|char: char| !char.is_ascii_digit());
        let end = digits.map_or(rest.len(), |length| start + length);
        out.push_str(&rest[..start]);
        match rest[start..end].parse() {
            // Part of a name, or separated already.
            Ok(number)
                if !out.ends_with(|char: char| char.is_alphanumeric() || ",.-".contains(char)) =>
            {
                out.push_str(&thousands(number));
            }
            _ => out.push_str(&rest[start..end]),
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// Figures that belong together.
pub(crate) struct Table {
    title: String,
    pub(crate) rows: Vec<Row>,
    pub(crate) notes: Vec<String>,
}

/// A figure beside its peer's and its budget.
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) ours: Figure,
    pub(crate) peer: Option<Figure>,
    pub(crate) budget: Option<Budget>,
}

impl Table {
    pub(crate) fn new(title: &str) -> Self {
        Self { title: separated(title), rows: Vec::new(), notes: Vec::new() }
    }

    /// A section that came to nothing.
    pub(crate) fn failed(section: &str, error: &anyhow::Error) -> Self {
        let mut table = Self::new(section);
        table.notes.push(format!("not measured: {error:#}"));
        table
    }

    /// Whether it has figures, and one for each budget.
    pub(crate) fn is_whole(&self) -> bool {
        let told = |row: &Row| row.budget.is_none() || row.met().is_some();
        !self.rows.is_empty() && self.rows.iter().all(told)
    }

    /// Adds a figure of ours without a peer.
    pub(crate) fn own(
        &mut self,
        what: impl Into<String>,
        ours: Quantity,
        budget: Option<Quantity>,
    ) {
        let budget = budget.map(Budget::AtMost);
        self.rows.push(Row { what: what.into(), ours: Ok(ours), peer: None, budget });
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "## {}\n", self.title)?;
        if !self.rows.is_empty() {
            writeln!(f, "| | noroshi | peer | ratio | budget | |\n|---|---|---|---|---|---|")?;
        }
        self.rows.iter().try_for_each(|row| writeln!(f, "{row}"))?;
        for note in &self.notes {
            write!(f, "\n- {note}")?;
        }
        if self.notes.is_empty() { Ok(()) } else { writeln!(f) }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |figure: &Figure| match figure {
            Ok(quantity) => quantity.to_string(),
            Err(why) => format!("not measured: {}", why.replace('|', "/")),
        };
        let peer = self.peer.as_ref().map(shown).unwrap_or_default();
        let ratio = self.ratio().map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
        let budget = self.budget.map(|budget| budget.to_string()).unwrap_or_default();
        let met = match (self.budget, self.met()) {
            (None, _) => "",
            (Some(_), Some(true)) => "met",
            (Some(_), Some(false)) => "**missed**",
            (Some(_), None) => "not told",
        };
        let ours = shown(&self.ours);
        let what = separated(&self.what);
        write!(f, "| {what} | {ours} | {peer} | {ratio} | {budget} | {met} |")
    }
}

impl Row {
    fn met(&self) -> Option<bool> {
        self.budget?.met(&self.ours, self.peer.as_ref())
    }

    fn ratio(&self) -> Option<f64> {
        let peer = self.peer.as_ref()?.as_ref().ok()?.number();
        Some(self.ours.as_ref().ok()?.number() / peer).filter(|ratio| ratio.is_finite())
    }
}

/// The whole page.
pub(crate) fn page(
    machine: &Machine,
    settings: &Settings,
    tables: &[Table],
    took: Duration,
) -> String {
    let mut page = String::from("# Performance\n\n");
    let rows = || tables.iter().flat_map(|table| table.rows.iter().map(move |row| (table, row)));
    let met = rows().filter(|(_, row)| row.met() == Some(true)).count();
    let missed: Vec<_> = rows().filter(|(_, row)| row.met() == Some(false)).collect();
    let untold = rows().filter(|(_, row)| row.budget.is_some() && row.met().is_none()).count();
    let _ = write!(page, "**{met} budgets met, {} missed", missed.len());
    if untold > 0 {
        let _ = write!(page, ", {untold} not told");
    }
    for (at, (table, row)) in missed.into_iter().enumerate() {
        let before = if at == 0 { ":" } else { ";" };
        let _ = write!(page, "{before} {}, {}", table.title, separated(&row.what));
    }
    page.push_str(
        ".**\n\n\
         Written by `make bench`; not edited by hand. Every figure comes from one run on one machine, over loopback, with \
         the released build as a process of its own. A budget is a promise of the design; a missed one stays here until \
         it is met.\n\n",
    );
    page.push_str(&circumstances(machine, settings, took));
    for table in tables {
        let _ = write!(page, "\n{table}");
    }
    page
}

fn circumstances(machine: &Machine, settings: &Settings, took: Duration) -> String {
    let part = |name| peer::version(settings, name).unwrap_or_else(|| "not there".to_owned());
    let lines = [
        ("date", jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()),
        (
            "machine",
            format!(
                "{} cores of {}, {:.0} GB, Linux {}",
                machine.cores, machine.processor, machine.memory_gb, machine.kernel
            ),
        ),
        ("load before the run", format!("{} (mean of a minute)", machine.load)),
        ("noroshi", env!("CARGO_PKG_VERSION").to_owned()),
        ("blackbox_exporter", part(peer::BLACKBOX)),
        ("smokeping_prober", part(peer::SMOKEPING)),
        ("Alertmanager", part(peer::ALERTMANAGER)),
        ("kube-state-metrics", part(peer::KUBE_STATE_METRICS)),
        (
            "windows",
            format!(
                "{} of {} s for a figure, of which the median is shown; the whole run took {:.0} s",
                Settings::WINDOWS,
                settings.window.as_secs_f64(),
                took.as_secs_f64()
            ),
        ),
        (
            "processor time",
            "user and system time of the process, as the kernel counts it; targets and load are other processes".into(),
        ),
    ];
    let lines = lines.map(|(name, value)| format!("- {name}: {value}\n"));
    lines.concat()
}
