use std::io;

use serde_json::Value;

use super::{
    args::{self, Instance},
    client,
    exit::Exit,
    page,
    paint::{Paint, harmless},
};

/// `noroshi list`.
pub(super) fn list(options: &args::List) -> Exit {
    show(&options.instance, |_| true, &["name", "kind", "group", "target"]).0
}

/// `noroshi status`.
pub(super) fn status(options: &args::Status) -> Exit {
    let wanted = |check: &Value| !options.failing || check["state"] != "up";
    let (exit, any_down) =
        show(&options.instance, wanted, &["state", "name", "reason", "target", "detail"]);
    if exit == Exit::Ok && options.exit_code && any_down { Exit::Fatal } else { exit }
}

/// Prints the columns of the checks that are wanted; says whether any check is down.
fn show(instance: &Instance, wanted: impl Fn(&Value) -> bool, columns: &[&str]) -> (Exit, bool) {
    let answer = match client::get(&instance.peer, "/api/v1/checks") {
        Ok(answer) => answer,
        Err(error) => {
            eprintln!("{error:#}");
            return (Exit::Fatal, false);
        }
    };
    let all = answer.as_array().or_else(|| answer["checks"].as_array()).cloned();
    let all = all.unwrap_or_default();
    let any_down = all.iter().any(|check| check["up"] == false);
    let rows: Vec<&Value> = all.iter().filter(|check| wanted(check)).collect();
    let text = if instance.json {
        format!("{:#}\n", rows.into_iter().cloned().collect::<Value>())
    } else {
        table(&rows, columns)
    };
    (page::show(&text), any_down)
}

fn table(rows: &[&Value], columns: &[&str]) -> String {
    let paint = Paint::on(&io::stdout());
    let cell = |row: &Value, column: &str| {
        let mut text = harmless(row[column].as_str().unwrap_or_default());
        if column == "state" {
            for overlay in row["overlays"].as_array().into_iter().flatten() {
                text.extend([" (", &harmless(overlay.as_str().unwrap_or_default()), ")"]);
            }
        }
        text
    };
    let widths: Vec<usize> = columns
        .iter()
        .map(|column| {
            let cells = rows.iter().map(|row| cell(row, column).chars().count());
            cells.max().unwrap_or(0).max(column.len())
        })
        .collect();
    let line = |cells: Vec<String>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let heads = columns.iter().map(|column| column.to_ascii_uppercase()).collect();
    let mut out = format!("{}\n", paint.dim(&line(heads)));
    for row in rows {
        let text = line(columns.iter().map(|column| cell(row, column)).collect());
        out.push_str(&match row["state"].as_str() {
            Some("down" | "recovering") => paint.red(&text),
            Some("pending" | "degraded" | "unknown") => paint.yellow(&text),
            _ => text,
        });
        out.push('\n');
    }
    out
}
