//! What can be wrong with an `alertmanager.yml`. Codes are stable; `noroshi explain A003` tells more.

use crate::{
    compat::code::{Code, codes},
    model::Explanation,
};

codes! {
    SYNTAX "A001" "An alertmanager.yml is not valid YAML."
        ["wrong indentation, or a tab in it", "a missing quote, or a `{{` at the beginning of an unquoted text", "an alias of an anchor that is not there"]
        ["the position is where the parser gave up: look there and just before it"]
    EMPTY "A002" "An alertmanager.yml holds no YAML document."
        ["the file is empty or holds comments alone", "the key of the Secret or ConfigMap is empty"]
        ["the least that is accepted is a route with a receiver, and that receiver"]
    WRONG_TYPE "A003" "A value in an alertmanager.yml has the wrong type."
        ["a list where one value belongs, or the other way round", "a number or a duration without its unit"]
        ["the message says what belongs there"]
    BAD_VALUE "A004" "A value in an alertmanager.yml is of the right type, but Alertmanager does not permit it."
        ["a URL without `http://` or `https://`", "a regular expression that is not RE2", "a timer of 0"]
        ["the message says what is wrong with it"]
    UNKNOWN_FIELD "A005" "Alertmanager 0.33 knows no such field here."
        ["a typo", "the field belongs a level higher or lower", "the field came with a later version"]
        ["the message lists the fields that are known here"]
    DUPLICATE "A006" "A key or a name stands twice where it may stand once."
        ["two receivers or time intervals of the same name", "a label twice in `group_by`", "a block was copied and one line of it was kept"]
        ["keep one of them"]
    MISSING "A007" "A field that is needed here is missing, and `global` has none in its place."
        ["a section was begun and not finished", "a receiver relies on `global`, which does not say it"]
        ["add the field to the receiver, or to `global` for all of them"]
    CONTRADICTION "A008" "Fields of an alertmanager.yml exclude each other, or one needs another."
        ["a secret both inline and as a file", "a key without its certificate"]
        ["the message names them"]
    UNDEFINED "A009" "A route names a receiver or a time interval that is not defined."
        ["a typo", "the definition was renamed or deleted"]
        ["define it below `receivers` or `time_intervals`, or correct the name"]
    BAD_MATCHER "A010" "A matcher of labels cannot be read."
        ["a value with spaces or special characters stands without quotes", "an operator other than `=`, `!=`, `=~` and `!~`", "a regular expression that is not RE2"]
        ["write it as `label=\"value\"`, in single quotes of YAML: '- ''severity=\"critical\"'''"]
    UNREACHABLE_ROUTE "A101" "No alert reaches a route: a route before it takes them all."
        ["a route without matchers, or with fewer of them, stands before its siblings and has no `continue: true`"]
        ["move the broader route behind the narrower one, or give it `continue: true`"]
    SHORT_REPEAT "A102" "`repeat_interval` is shorter than `group_interval`."
        ["the two were mixed up", "one of them is inherited"]
        ["Alertmanager repeats on the ticks of `group_interval` only, noroshi when the repeat is due; make `repeat_interval` the longer one"]
    NOT_EXPANDED "A103" "A value looks like an environment variable, which Alertmanager never expands."
        ["the file was meant for a template tool that did not run"]
        ["use the `*_file` form of the field, or run the tool first"]
    NULL_RECEIVER "A104" "A route's receiver is null, which does not drop its alerts: they go to the receiver of the parent."
        ["`receiver: null` was meant as the name of an empty receiver"]
        ["define a receiver with only a name, such as `- name: none`, and route to it", "write `receiver: 'null'` if there is one of that name"]
    MATCHER_SYNTAX "A105" "A matcher is read differently, or not at all, by Alertmanager's newer syntax."
        ["a value with special characters stands without quotes", "a backslash that is not doubled"]
        ["the message says how both syntaxes read it alike"]
    DEPRECATED "A106" "A key is deprecated in Alertmanager and has a successor."
        ["the file is older than the key's successor"]
        ["write the key the message names; both are understood"]
    IGNORED "A107" "Something in the file has no effect in noroshi."
        ["`tracing` or `event_recorder`, which noroshi does not have", "a second YAML document"]
        ["take it away; `/api/v1/deliveries` takes the place of the event recorder"]
    NOT_BUILT "A108" "A receiver uses a kind of notification that noroshi cannot send yet."
        ["the receiver has such a section"]
        ["a start whose route reaches it is refused unless `--allow-missing-providers` is given, and `check-config` says so"]
    UNUSABLE "A109" "A receiver says what Alertmanager starts with, and what nobody, or hardly anybody, can be told by."
        ["a user name with a colon, which the other side reads as a part of the password", "a name of a header with a space in it", "a message to Slack's Web API without a channel", "a URL that is none"]
        ["it is sent as Alertmanager sends it; what is refused is a dead letter", "mend what the message names"]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Severity;

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(CODES.windows(2).all(|pair| pair[0].word < pair[1].word));
        let severities = (BAD_MATCHER.severity(), UNREACHABLE_ROUTE.severity());
        assert_eq!(severities, (Severity::Error, Severity::Warning));
    }
}
