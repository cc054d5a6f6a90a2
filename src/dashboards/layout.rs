//! Where panels stand, computed: sections of lines, a line shared by its panels.

use serde_json::{Value, json};

use super::panel::Panel;

/// How wide a dashboard is.
const COLUMNS: u32 = 24;

/// A line of panels of one height.
#[derive(Debug, Clone)]
pub(super) struct Line {
    height: u32,
    panels: Vec<Panel>,
}

/// Numbers beside each other.
pub(super) fn numbers(panels: Vec<Panel>) -> Line {
    Line { height: 4, panels }
}

/// Graphs or tables beside each other.
pub(super) fn graphs(panels: Vec<Panel>) -> Line {
    Line { height: 8, panels }
}

/// Something with many lines of its own.
pub(super) fn tall(panels: Vec<Panel>) -> Line {
    Line { height: 12, panels }
}

/// What belongs to one question, under its heading.
#[derive(Debug, Clone)]
pub(super) struct Section {
    title: &'static str,
    is_folded: bool,
    lines: Vec<Line>,
}

/// A section that is open.
pub(super) fn section(title: &'static str, lines: Vec<Line>) -> Section {
    Section { title, is_folded: false, lines }
}

/// A section that asks nothing before somebody opens it.
pub(super) fn folded(title: &'static str, lines: Vec<Line>) -> Section {
    Section { title, is_folded: true, lines }
}

/// All panels with places and ids, in the order in which they are read.
pub(super) fn placed(sections: &[Section]) -> Vec<Value> {
    let (mut all, mut id, mut top) = (Vec::new(), 1, 0);
    for section in sections {
        let row_id = id;
        id += 1;
        let (panels, bottom) = section.placed(&mut id, top + 1);
        // What is folded away takes no room: Grafana moves the rest when it is opened.
        let (inside, beside, next) = if section.is_folded {
            (panels, Vec::new(), top + 1)
        } else {
            (Vec::new(), panels, bottom)
        };
        all.push(json!({
            "collapsed": section.is_folded,
            "gridPos": { "h": 1, "w": COLUMNS, "x": 0, "y": top },
            "id": row_id,
            "panels": inside,
            "title": section.title,
            "type": "row",
        }));
        all.extend(beside);
        top = next;
    }
    all
}

impl Section {
    /// Its panels from a height on, and where the next may begin.
    fn placed(&self, id: &mut u32, mut top: u32) -> (Vec<Value>, u32) {
        let mut placed = Vec::new();
        for line in &self.lines {
            let shares: u32 = line.panels.iter().map(Panel::share).sum();
            let (mut before, mut left) = (0, 0);
            for panel in &line.panels {
                before += panel.share();
                let right = COLUMNS * before / shares.max(1);
                let place = json!({ "h": line.height, "w": right - left, "x": left, "y": top });
                placed.push(panel.json(*id, &place));
                *id += 1;
                left = right;
            }
            top += line.height;
        }
        (placed, top)
    }
}
