//! Labels that a check may have.

/// Names that noroshi or a scrape sets itself.
const TAKEN: [&str; 12] = [
    "check", "group", "kind", "target", "notify", "reason", "state", "le", "quantile", "instance",
    "job", "cluster",
];

/// A name as a label's, made of what was meant: `My tag` is `my_tag`. Names that are taken get `tag_` before them.
pub(in crate::compat) fn label_name(name: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if fits_as_it_is(name) {
        return name.to_owned();
    }
    let mut out: String =
        name.trim().chars().map(|c| if fits(c) { c.to_ascii_lowercase() } else { '_' }).collect();
    out = out.trim_start_matches('_').to_owned();
    if out.is_empty() || out.starts_with(|c: char| c.is_ascii_digit()) || TAKEN.contains(&&*out) {
        out.insert_str(0, "tag_");
    }
    out
}

fn fits_as_it_is(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with("__")
        && !TAKEN.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_becomes_a_label() {
        for (name, wanted) in [
            ("team", "team"),
            ("Team", "Team"),
            ("my tag", "my_tag"),
            ("job", "tag_job"),
            ("cluster", "tag_cluster"),
            ("2nd", "tag_2nd"),
            ("__x", "x"),
            ("é", "tag_"),
        ] {
            assert_eq!(label_name(name), wanted, "{name}");
            assert!(fits_as_it_is(&label_name(name)), "{name}");
        }
    }
}
