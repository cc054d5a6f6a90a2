//! What can be wrong with a `blackbox.yml`. Codes are stable; `noroshi explain B003` tells more.

use crate::{
    compat::code::{Code, codes},
    model::Explanation,
};

codes! {
    SYNTAX "B001" "A blackbox.yml is not valid YAML."
        ["wrong indentation, or a tab in it", "a missing quote, or a colon inside an unquoted text", "an alias of an anchor that is not there"]
        ["the position is where the parser gave up: look there and just before it"]
    EMPTY "B002" "A blackbox.yml holds no YAML document."
        ["the file is empty or holds comments alone", "the ConfigMap's key is empty"]
        ["blackbox_exporter refuses such a file too; `modules: {}` is the least that is accepted"]
    WRONG_TYPE "B003" "A value in a blackbox.yml has the wrong type."
        ["a list where one value belongs, or the other way round", "quotes around a number, or a duration without its unit"]
        ["the message says what belongs there"]
    BAD_VALUE "B004" "A value in a blackbox.yml is of the right type, but blackbox_exporter does not permit it."
        ["a regular expression that is not RE2", "a query type nobody knows", "a number out of range"]
        ["the message says what is wrong with it"]
    UNKNOWN_FIELD "B005" "blackbox_exporter 0.28 knows no such field here."
        ["a typo", "the field belongs a level higher or lower", "the field came with a later version"]
        ["the message lists the fields that are known here"]
    DUPLICATE "B006" "A key stands twice in the same mapping."
        ["two modules of the same name", "a module was copied and one line of it was kept"]
        ["keep one of them; a merge key (`<<: *anchor`) may repeat keys, the mapping's own ones win"]
    MISSING "B007" "A field that is needed here is missing."
        ["a section was begun and not finished"]
        ["add the field, or take the section away"]
    CONTRADICTION "B008" "Fields of a blackbox.yml exclude each other, or one needs another."
        ["two ways to give the same thing", "a key without its certificate"]
        ["the message names them"]
    HTTP3 "B009" "A module asks for HTTP/3, which this build of noroshi does not speak."
        ["`enable_http3: true`, or `HTTP/3.0` among the valid versions"]
        ["build noroshi with `--features http3`", "or probe the same URL over HTTP/2", "docs/blackbox.md tells more"]
    DEPRECATED "B101" "A field is deprecated in blackbox_exporter and has a successor."
        ["the file is older than the field's successor"]
        ["write the field the message names; both are understood"]
    TRAP "B102" "A rule does not do what its name says, or can never hold; it is kept as blackbox_exporter has it."
        ["`fail_if_all_match_regexp` fails when NOT all records match", "a pattern with spaces where records have tabs"]
        ["the message says what the rule really does", "`noroshi generate config --from-blackbox` writes rules that say what they do"]
    INSECURE "B103" "Certificates of a module's targets are not verified."
        ["`insecure_skip_verify: true`"]
        ["name the private authority in `ca_file` instead"]
    BROKEN_MODULE "B104" "Every probe of a module will fail: blackbox_exporter finds this out at each probe, not when it loads the file."
        ["an unknown prober, transport or source address", "a range of TLS versions without any version in it"]
        ["the message says what is wrong"]
    IGNORED "B105" "Something in the file has no effect."
        ["a second YAML document", "a section of another prober"]
        ["take it away"]
    DIFFERENT "B106" "A module is accepted, but noroshi treats it differently from blackbox_exporter."
        ["an old version of TLS", "an algorithm this build does not have"]
        ["the message says how; docs/blackbox.md lists every difference"]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Severity;

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(CODES.windows(2).all(|pair| pair[0].word < pair[1].word));
        assert_eq!((SYNTAX.severity(), TRAP.severity()), (Severity::Error, Severity::Warning));
    }
}
