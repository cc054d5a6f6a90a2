//! Labels that a check may have.

use crate::model::LabelUse;

/// A name as a label's, made of what was meant: `My tag` is `my_tag`. Names that are taken get `tag_` before them.
pub(in crate::compat) fn label_name(name: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if LabelUse::of(name).is_none() {
        return name.to_owned();
    }
    let mut out: String =
        name.trim().chars().map(|c| if fits(c) { c.to_ascii_lowercase() } else { '_' }).collect();
    out = out.trim_start_matches('_').to_owned();
    if LabelUse::of(&out).is_some() {
        out.insert_str(0, "tag_");
    }
    out
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
            assert_eq!(LabelUse::of(&label_name(name)), None, "{name}");
        }
    }
}
