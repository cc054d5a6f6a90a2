use std::str::FromStr;

use crate::config::MatcherMode;

/// What `--enable-feature` asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Features {
    /// `classic-mode` and `utf8-strict-mode`.
    pub matchers: MatcherMode,
    /// Those that change nothing here, which is worth a warning.
    pub without_effect: Vec<&'static str>,
}

/// Features of Alertmanager 0.33 that change nothing here: their metrics and their recorder do not exist, and there is no
/// garbage collector to tell of a limit.
const WITHOUT_EFFECT: [&str; 5] = [
    "alert-names-in-metrics",
    "receiver-name-in-metrics",
    "group-key-in-metrics",
    "auto-gomemlimit",
    "event-recorder",
];

/// A list with commas; the sentences are Alertmanager's.
impl FromStr for Features {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (mut classic, mut utf8) = (false, false);
        let mut without_effect = Vec::new();
        for word in text.split(',').filter(|_| !text.is_empty()) {
            match word {
                "classic-mode" => classic = true,
                "utf8-strict-mode" => utf8 = true,
                other => match WITHOUT_EFFECT.iter().find(|known| **known == other) {
                    Some(known) => without_effect.push(*known),
                    None => return Err(format!("unknown option '{other}' for --enable-feature")),
                },
            }
        }
        let matchers = match (classic, utf8) {
            (true, true) => {
                return Err("cannot have both classic and UTF-8 modes enabled".to_owned());
            }
            (true, false) => MatcherMode::Classic,
            (false, true) => MatcherMode::Utf8,
            (false, false) => MatcherMode::Fallback,
        };
        Ok(Self { matchers, without_effect })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features() {
        let mode = |text: &str| text.parse::<Features>().map(|features| features.matchers);
        assert_eq!(mode(""), Ok(MatcherMode::Fallback));
        assert_eq!(mode("classic-mode,event-recorder"), Ok(MatcherMode::Classic));
        let parsed: Features = "event-recorder,classic-mode,auto-gomemlimit".parse().unwrap();
        assert_eq!(parsed.without_effect, ["event-recorder", "auto-gomemlimit"]);
        assert_eq!(mode("utf8-strict-mode"), Ok(MatcherMode::Utf8));
        assert!(mode("bogus").unwrap_err().contains("unknown option 'bogus'"));
        assert!(mode("classic-mode,utf8-strict-mode").unwrap_err().contains("both"));
    }
}
