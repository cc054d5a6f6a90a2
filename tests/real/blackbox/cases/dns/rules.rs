//! Rules on the records of a section.

use super::{A, HERE, addresses, server};
use crate::{
    blackbox::case::Table,
    support::names::wire::{self, Row, row},
};

pub(super) async fn cases(table: &mut Table) {
    let keys = [
        ("matches", "fail_if_matches_regexp"),
        ("all match", "fail_if_all_match_regexp"),
        ("not matches", "fail_if_not_matches_regexp"),
        ("none matches", "fail_if_none_matches_regexp"),
    ];
    let sections = [
        ("answer", "validate_answer_rrs"),
        ("authority", "validate_authority_rrs"),
        ("additional", "validate_additional_rrs"),
    ];
    let lists = [
        ("both", r#""192\\.0\\.2\\.""#),
        ("one", r#""192\\.0\\.2\\.1$""#),
        ("neither", r#""198\\.51""#),
        ("one each", r#""\\.1$", "\\.2$""#),
        ("one and neither", r#""\\.1$", "198""#),
    ];
    // What the peer makes of each rule where the section holds 192.0.2.1 and 192.0.2.2, and where it is empty. Its rule
    // on all of them is upside down.
    let verdict = |key: &str, list: &str| match (key, list) {
        ("matches", "neither") | ("all match", "both") => (true, true),
        ("matches" | "all match", _) => (false, true),
        ("not matches", "both") => (true, false),
        ("not matches", _) | ("none matches", "neither") => (false, false),
        (_, _) => (true, false),
    };
    for (at, (section, rrs)) in sections.into_iter().enumerate() {
        for (word, key) in keys {
            for (which, list) in lists {
                let (two, none) = verdict(word, which);
                for (filled, passes) in [(true, two), (false, none)] {
                    let answer = move |query: &[u8]| {
                        let rows =
                            [row("example.test", A, HERE), row("example.test", A, [192, 0, 2, 2])];
                        let mut all: [&[Row]; 3] = [&[], &[], &[]];
                        if filled {
                            all[at] = &rows;
                        }
                        wire::answer(query, 0, 0, all)
                    };
                    let options = format!("query_type: A, {rrs}: {{ {key}: [{list}] }}");
                    let filled = if filled { "two" } else { "nothing" };
                    let name = format!("rule {word}: {which} of {filled} in the {section}");
                    let case = server(table, &name, &options, answer).await;
                    if !passes {
                        case.fails();
                    }
                }
            }
        }
    }
    for (word, options, passes) in [
        ("that is none", "validate_answer_rrs: { fail_if_matches_regexp: [':['] }", false),
        (
            "that is none, of a section that is empty",
            "validate_additional_rrs: { fail_if_matches_regexp: [':['] }",
            false,
        ),
        (
            "of two kinds",
            r#"validate_answer_rrs: { fail_if_matches_regexp: ["198"], fail_if_not_matches_regexp: ["192"] }"#,
            true,
        ),
        (
            "after a code",
            "valid_rcodes: [NXDOMAIN], validate_answer_rrs: { fail_if_matches_regexp: ['198'] }",
            false,
        ),
        (
            "of the second section",
            r#"validate_answer_rrs: { fail_if_matches_regexp: ["198"] }, validate_authority_rrs: { fail_if_matches_regexp: ["ns"] }"#,
            false,
        ),
    ] {
        let case =
            server(table, &format!("rule {word}"), &format!("query_type: A, {options}"), addresses)
                .await;
        if !passes {
            case.fails();
        }
    }
    let answer = |query: &[u8]| wire::answer(query, 0, 0, [&[row("a.test", A, HERE)], &[], &[]]);
    let options = "query_type: A, validate_additional_rrs: { fail_if_matches_regexp: [':['] }";
    server(table, "rule that is none, of an empty section", options, answer).await;
}
