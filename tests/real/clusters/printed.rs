//! What kubectl prints, as tables and figures.

use crate::kube::Cluster;

/// The cells of each row; `<none>` is an empty one.
pub(super) fn table(cluster: &Cluster, words: &str) -> Vec<Vec<String>> {
    let printed = cluster.kubectl(&format!("{words} --no-headers")).unwrap();
    printed.lines().map(cells).collect()
}

/// The same, of these fields of the objects.
pub(super) fn fields(cluster: &Cluster, words: &str, fields: &[&str]) -> Vec<Vec<String>> {
    let columns: Vec<_> =
        fields.iter().enumerate().map(|(at, field)| format!("F{at}:{field}")).collect();
    table(cluster, &format!("get {words} --output custom-columns={}", columns.join(",")))
}

/// Columns stand apart by more than one space, which cells may have in them.
pub(super) fn cells(line: &str) -> Vec<String> {
    let cells = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty());
    cells.map(|cell| if cell == "<none>" { String::new() } else { cell.to_owned() }).collect()
}

/// A quantity, such as `1500u`, `16Gi` or `3.9`.
pub(super) fn quantity(text: &str) -> f64 {
    const UNITS: [(&str, f64); 12] = [
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("n", 1e-9),
        ("u", 1e-6),
        ("m", 1e-3),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("", 1.0),
    ];
    let unit = UNITS.iter().find(|(suffix, _)| text.ends_with(suffix)).unwrap();
    let number: f64 = text.strip_suffix(unit.0).unwrap().parse().unwrap();
    number * unit.1
}

/// A moment, in seconds.
pub(super) fn seconds(text: &str) -> f64 {
    text.parse::<jiff::Timestamp>().unwrap().as_second() as f64
}

#[test]
fn quantities_and_cells() {
    for (text, number) in [("1500u", 0.0015), ("16Gi", 17_179_869_184.0), ("3.9", 3.9), ("0", 0.0)]
    {
        assert_eq!(quantity(text), number, "{text}");
    }
    assert_eq!(cells("a   Linux 12 (b)   <none>   c"), ["a", "Linux 12 (b)", "", "c"]);
}
