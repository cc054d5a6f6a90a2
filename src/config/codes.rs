use std::{fmt, str::FromStr};

use crate::model::{Explanation, Severity};

/// One row per code: variant, code, meaning, likely causes, next steps. Codes are stable: never reuse a number.
macro_rules! codes {
    ($($variant:ident $code:literal $meaning:literal [$($cause:literal),+ $(,)?] [$($next:literal),+ $(,)?])+) => {
        /// What is wrong with a configuration. C0xx are errors, C1xx warnings.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $variant,)+
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable word, such as `C014`.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// What `noroshi explain` says of it.
            pub const fn explanation(self) -> Explanation {
                match self { $(Self::$variant => Explanation {
                    meaning: $meaning, causes: &[$($cause),+], next: &[$($next),+],
                },)+ }
            }
        }
    };
}

codes! {
    Unreadable "C001" "A configuration file cannot be read."
        ["it does not exist, or has another name", "the user noroshi runs as may not read it", "it is not UTF-8"]
        ["ls -l the path in the message", "in a container: is the ConfigMap or the volume mounted there?"]
    Syntax "C002" "A configuration file is not valid TOML or YAML."
        ["an unclosed quote or bracket", "the same key or table twice", "YAML indented with tabs"]
        ["the position is where the parser gave up: look there and just before it"]
    UnknownFormat "C003" "A configuration file's name tells no format."
        ["the name does not end in .toml, .yaml or .yml"]
        ["rename the file"]
    WrongType "C010" "A value has the wrong type."
        ["quotes missing around a duration or a regular expression", "one value where a list belongs, or the other way round"]
        ["the message says what belongs there", "`noroshi schema` prints a JSON Schema that editors understand"]
    BadValue "C011" "A value is of the right type, but it is not a permitted one."
        ["a duration without a unit", "a regular expression that is not RE2", "a URL without a scheme", "a number out of range"]
        ["the message says what is wrong with it", "docs/configuration.md lists what each key permits"]
    MissingKey "C012" "A key that is always needed is missing."
        ["a typo in the key: it is reported as unknown as well", "the key stands in another table"]
        ["add it; docs/configuration.md has an example of each kind"]
    UnknownWord "C013" "A value is none of the words that are permitted here."
        ["a typo", "another program's word"]
        ["choose one of the words the message lists"]
    UnknownKey "C014" "There is no such key here."
        ["a typo", "the key belongs into another table", "the key came with a later version of noroshi"]
        ["the message lists the keys that are known here", "compare `noroshi --version` with the documentation you read"]
    NoKind "C020" "A check has no table of a kind, so it verifies nothing."
        ["the kind's keys stand beside the common ones", "the kind's name is misspelt"]
        ["write the target as `KIND.KEY`, for example `http.url = \"https://example.org/\"`"]
    SeveralKinds "C021" "A check has tables of more than one kind."
        ["two checks were merged by having the same name in two files"]
        ["make it two checks; `depends_on` connects them"]
    BadCheckName "C022" "A check's name cannot be used."
        ["it is empty, longer than 200 bytes, or holds a control character"]
        ["choose a short name: it becomes the label `check` of every series"]
    BadLabelName "C023" "A label's name cannot be used."
        ["noroshi or Prometheus sets a label of this name itself", "it is `cluster`, by which rules and dashboards tell where a series comes from", "it holds characters Prometheus does not permit"]
        ["choose another name: letters, digits and `_`, not starting with a digit or `__`"]
    UnknownCheck "C024" "There is no check of this name."
        ["a typo", "the check was renamed or removed", "the file it is in is not loaded"]
        ["`noroshi check-config --show-effective` lists the checks"]
    DependencyCycle "C025" "Checks depend on each other in a circle."
        ["each would wait for the other, and none would ever alert"]
        ["remove one of the edges the message prints"]
    TimeoutOverInterval "C026" "A check's timeout is longer than its interval."
        ["one of the two comes from `[defaults]`", "`m` (minutes) was written where `ms` was meant"]
        ["lower `timeout` or raise `interval`: runs of one check never overlap"]
    UnknownMetric "C027" "A `warn` rule names a family that checks of this kind do not measure."
        ["a typo", "the family belongs to another kind"]
        ["docs/metrics.md lists the families of each kind"]
    Contradiction "C028" "Settings contradict each other."
        ["two keys that exclude each other", "a key without the one it needs"]
        ["the message names them"]
    BadVariable "C030" "An environment variable begins with NOROSHI__, but names no key."
        ["an empty part between underscores", "a part of it is a value already"]
        ["write NOROSHI__SECTION__KEY, with two underscores between the parts"]
    WebConfig "C031" "The file of `web.config_file` has a mistake."
        ["a key that exporter-toolkit does not know", "a certificate or key that cannot be read, or that do not belong together", "TLS 1.0 or 1.1, which this build does not speak"]
        ["the message says where and what", "`promtool check web-config FILE` checks the same format", "docs/configuration.md, \"Web configuration\""]
    UnknownReceiver "C040" "There is no receiver of this name."
        ["a typo", "the receiver was renamed or removed", "the file it is in is not loaded"]
        ["add `[receivers.NAME]`; one without a provider drops what it gets"]
    UnknownInterval "C041" "There is no time interval of this name."
        ["a typo", "the interval was renamed or removed"]
        ["add `[time_intervals.NAME]`"]
    BadMatcher "C042" "A matcher cannot be read."
        ["quotes are missing around a value with spaces", "the value of `=~` or `!~` is not RE2", "an operator that is none of =, !=, =~ and !~"]
        ["write it like 'severity=\"critical\"' or 'job=~\"api|web\"', in single quotes in TOML"]
    NoRoute "C043" "There is somebody to tell, but no route that leads there."
        ["`[route]` is in a file that is not loaded", "`[route]` is misspelt"]
        ["add `[route]` with `receiver = \"NAME\"`"]
    BadTemplate "C044" "A template cannot be read or rendered."
        ["an action is not closed: `{{ ... }}`", "a function or a template of that name does not exist", "a file of `alerting.templates` is missing"]
        ["the message says where; `amtool template render` reads the same language"]
    RetryOverInterval "C101" "`retry_interval` is longer than `interval`: a failing check would be looked at less often."
        ["the two were swapped"]
        ["lower `retry_interval`, or leave it out: then `interval` applies"]
    UnusedExportLabel "C102" "`metrics.export_labels` names a label that no check has."
        ["a typo", "the last check with this label was removed"]
        ["compare with the `labels` of `[defaults]` and of the checks"]
    NoChecks "C103" "The configuration holds no check."
        ["the files of checks are not loaded", "the table is not called `[checks.NAME]`"]
        ["add a check; config.example.toml shows every kind"]
    DoubtfulWebConfig "C104" "The file of `web.config_file` says something that is probably not meant."
        ["a rate limit without `burst`", "cipher suites this build does not have", "`client_allowed_sans` without a `client_auth_type` that asks for certificates", "a damaged bcrypt hash"]
        ["the message says where and what comes of it"]
    UnreachableRoute "C105" "No alert can reach a route."
        ["a route before it takes everything it would match", "`continue = true` is missing there"]
        ["order the routes from the special to the general", "`noroshi route test label=value` shows the way of an alert"]
    RepeatBelowGroup "C106" "`repeat_interval` is below `group_interval`: what fires on is told again between two of its changes."
        ["one of the two is inherited from the route around it", "the two were swapped"]
        ["raise `repeat_interval`, or lower `group_interval`"]
    Unexpanded "C107" "A value holds a variable as a shell would write it, and nothing expands it."
        ["the file was meant to be rendered first: by envsubst, Helm or the like"]
        ["for a secret use the key's `_file` or `_env` form", "any key can be set by a variable: NOROSHI__SECTION__KEY"]
    NullReceiver "C108" "A route's receiver is null, so that it keeps the receiver of the route around it."
        ["null was meant to drop the alerts"]
        ["name a receiver without any provider: that drops them"]
    MissingProvider "C109" "A route reaches a receiver whose provider this build does not have: a start is refused."
        ["the provider comes with a later version"]
        ["use another provider, or `--allow-missing-providers`: then it is a warning, and what goes there is lost"]
    DoubtfulMatcher "C110" "A matcher means one thing in the classic syntax and another in UTF-8."
        ["a backslash or special characters without quotes"]
        ["write it as the message says: both read that alike"]
    NoTemplates "C111" "A pattern of template files names no file."
        ["a typo", "the folder is not mounted", "a relative pattern is meant from the folder of the configuration file"]
        ["list the folder: `ls`"]
    NoStore "C112" "There is alerting, but no file that outlives a restart."
        ["`[store]` is missing, or has no `path`", "the file it is in is not loaded"]
        ["set `store.path` to a file on a volume that stays"]
    DeafObjective "C113" "An objective is so low that an alert on its error budget can never fire."
        ["a share of 0.9 where 0.99 was meant", "the check is not worth waking anybody, and needs no objective"]
        ["raise `slo.objective` above 0.931: 14.4 times the budget then is less than everything", "or let `NoroshiCheckDown` tell of the check alone"]
}

impl Code {
    /// How bad it is.
    pub fn severity(self) -> Severity {
        if self.word().starts_with("C1") { Severity::Warning } else { Severity::Error }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Code {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|code| code.word().eq_ignore_ascii_case(word)).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_read_back() {
        for (at, code) in Code::ALL.iter().enumerate() {
            assert_eq!(code.word().parse(), Ok(*code));
            assert_eq!(code.word().to_lowercase().parse(), Ok(*code));
            assert!(Code::ALL[..at].iter().all(|other| other.word() < code.word()), "{code}");
        }
        assert_eq!(Code::UnknownKey.severity(), Severity::Error);
        assert_eq!(Code::NoChecks.severity(), Severity::Warning);
    }
}
