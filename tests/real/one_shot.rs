//! `noroshi probe ... --json`, as a person or a script calls it.

use std::process::Command;

use serde_json::Value;

use crate::support::daemon::noroshi;

/// What one call said.
pub(crate) struct Said {
    /// 0 up, 1 down, 2 usage, 3 could not tell.
    pub(crate) code: i32,
    pub(crate) json: Value,
    all: String,
}

/// `noroshi probe KIND TARGET KEY=VALUE... --json`
pub(crate) fn probe(kind: &str, target: &str, pairs: &[&str]) -> Said {
    run(noroshi(&[]).args(arguments(kind, target, pairs)))
}

/// The arguments of such a call.
pub(crate) fn arguments(kind: &str, target: &str, pairs: &[&str]) -> Vec<String> {
    let words = [&["probe", kind, target], pairs, &["--json"]].concat();
    words.into_iter().map(str::to_owned).collect()
}

/// Runs a call that was prepared elsewhere.
pub(crate) fn run(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let all = format!("{command:?}\n{said}{}", String::from_utf8_lossy(&output.stderr));
    let code = output.status.code().unwrap_or_else(|| panic!("no exit code: {all}"));
    let json = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {all}"));
    Said { code, json, all }
}

impl Said {
    /// It is up.
    pub(crate) fn passes(self) -> Self {
        assert_eq!((self.code, &self.json["verdict"]), (0, &"pass".into()), "{}", self.all);
        self
    }

    /// It is down for this reason.
    pub(crate) fn fails(self, reason: &str) -> Self {
        let got = (self.code, &self.json["verdict"], &self.json["reason"]);
        assert_eq!(got, (1, &"fail".into(), &reason.into()), "{}", self.all);
        self
    }

    /// It could not tell, for this reason.
    pub(crate) fn cannot_tell(self, reason: &str) -> Self {
        let got = (self.code, &self.json["verdict"], &self.json["reason"]);
        assert_eq!(got, (3, &"unknown".into(), &reason.into()), "{}", self.all);
        self
    }

    /// The one value of a family.
    pub(crate) fn fact(&self, name: &str) -> f64 {
        let facts = self.json["facts"].as_array().unwrap();
        let of: Vec<&Value> = facts.iter().filter(|fact| fact["name"] == name).collect();
        assert_eq!(of.len(), 1, "{name}: {}", self.all);
        of[0]["value"].as_f64().unwrap()
    }

    /// The words for people.
    pub(crate) fn detail(&self) -> &str {
        self.json["detail"].as_str().unwrap()
    }
}
