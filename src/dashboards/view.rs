//! Grafana's kinds of panels, set up once.

use serde_json::{Value, json};

use super::{
    colour::{BLUE, GREEN, RED},
    panel::{Panel, Says},
    query::Shape,
    state,
    unit::Unit,
};

fn last() -> Value {
    json!({ "calcs": ["lastNotNull"], "fields": "", "values": false })
}

fn legend(calcs: &[&str], mode: &str, is_shown: bool) -> Value {
    json!({ "calcs": calcs, "displayMode": mode, "placement": "bottom", "showLegend": is_shown })
}

fn tooltip(mode: &str) -> Value {
    json!({ "mode": mode, "sort": if mode == "multi" { "desc" } else { "none" } })
}

/// One number.
pub(super) fn number(says: Says) -> Panel {
    let options = json!({
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "percentChangeColorMode": "standard",
        "reduceOptions": last(),
        "showPercentChange": false,
        "textMode": "auto",
        "wideLayout": true,
    });
    Panel::new("stat", Shape::Now, says, options)
}

/// How many of something bad: green at none, and from one on of this colour.
pub(super) fn trouble(says: Says, colour: &'static str) -> Panel {
    number(says).steps(GREEN, &[(1.0, colour)]).option("colorMode", "background").min(0.0)
}

/// Words, which are the names of series.
pub(super) fn word(says: Says) -> Panel {
    number(says).unit(Unit::Word).option("textMode", "name")
}

/// Lines over time.
pub(super) fn lines(says: Says) -> Panel {
    let options = json!({ "legend": legend(&[], "list", true), "tooltip": tooltip("multi") });
    Panel::new("timeseries", Shape::Series, says, options)
        .coloured_by_name()
        .custom("drawStyle", "line")
        .custom("lineWidth", 1)
        .custom("fillOpacity", 8)
        .custom("showPoints", "auto")
        .custom("pointSize", 4)
        .custom("spanNulls", false)
        .custom("stacking", stacking("none"))
        .custom("thresholdsStyle", json!({ "mode": "off" }))
        .min(0.0)
}

fn stacking(mode: &str) -> Value {
    json!({ "group": "A", "mode": mode })
}

/// What adds up, over time.
pub(super) fn stack(says: Says) -> Panel {
    lines(says).custom("stacking", stacking("normal")).custom("fillOpacity", 50)
}

/// How many in each step, upon each other.
pub(super) fn columns(says: Says) -> Panel {
    stack(says).custom("drawStyle", "bars").custom("fillOpacity", 80).custom("showPoints", "never")
}

/// A bar for each.
pub(super) fn bars(says: Says) -> Panel {
    let options = json!({
        "displayMode": "basic",
        "legend": legend(&[], "list", false),
        "maxVizHeight": 40,
        "minVizHeight": 14,
        "minVizWidth": 8,
        "namePlacement": "auto",
        "orientation": "horizontal",
        "reduceOptions": last(),
        "showUnfilled": true,
        "sizing": "auto",
        "valueMode": "color",
    });
    Panel::new("bargauge", Shape::Now, says, options).steps(BLUE, &[]).min(0.0)
}

/// What was the case from when to when, a line for each.
pub(super) fn timeline(says: Says) -> Panel {
    let options = json!({
        "alignValue": "left",
        "legend": legend(&[], "list", true),
        "mergeValues": true,
        "rowHeight": 0.85,
        "showValue": "auto",
        "tooltip": tooltip("single"),
    });
    Panel::new("state-timeline", Shape::Series, says, options)
        .custom("fillOpacity", 75)
        .custom("lineWidth", 0)
}

/// A box for each step, a line for each.
pub(super) fn history(says: Says) -> Panel {
    let options = json!({
        "colWidth": 0.9,
        "legend": legend(&[], "list", true),
        "rowHeight": 0.85,
        "showValue": "never",
        "tooltip": tooltip("single"),
    });
    // More boxes than it has room for are an error of Grafana's.
    Panel::new("status-history", Shape::Series, says, options)
        .custom("fillOpacity", 75)
        .custom("lineWidth", 1)
        .points(120)
}

/// How values spread, over time.
pub(super) fn heatmap(says: Says) -> Panel {
    let options = json!({
        "calculate": false,
        "cellGap": 1,
        "color": {
            "exponent": 0.5,
            "fill": "dark-orange",
            "mode": "scheme",
            "reverse": false,
            "scale": "exponential",
            "scheme": "Oranges",
            "steps": 64,
        },
        "exemplars": { "color": "rgba(255,0,255,0.7)" },
        "filterValues": { "le": 1e-9 },
        "legend": { "show": true },
        "rowsFrame": { "layout": "auto" },
        "showValue": "never",
        "tooltip": { "mode": "single", "showColorScale": false, "yHistogram": true },
        "yAxis": { "axisPlacement": "left", "reverse": false, "unit": "s" },
    });
    Panel::new("heatmap", Shape::Buckets, says, options).unit(Unit::PerSecond)
}

/// Series that are named by a state's word, in that state's colour.
pub(super) fn in_colours_of_states(panel: Panel) -> Panel {
    state::coloured_words()
        .fold(panel, |panel, (word, colour)| panel.for_name(word, vec![fixed(colour)]))
}

/// One colour, whatever the value.
pub(super) fn fixed(colour: &str) -> (&'static str, Value) {
    ("color", json!({ "fixedColor": colour, "mode": "fixed" }))
}

/// How a line that is a limit looks: dashed, red, not filled, not part of a stack.
pub(super) fn as_limit() -> Vec<(&'static str, Value)> {
    vec![
        fixed(RED),
        ("custom.lineStyle", json!({ "dash": [8, 6], "fill": "dash" })),
        ("custom.fillOpacity", json!(0)),
        ("custom.stacking", stacking("none")),
    ]
}
