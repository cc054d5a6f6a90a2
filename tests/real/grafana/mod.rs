//! Whether the dashboards are dashboards, by Grafana's own types: each file is a value of `dashboard.ts` beside this one, with
//! the options of every panel's kind. A key that nobody reads is an error, and so is a word that Grafana does not know.

mod replicas;

use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use noroshi::dashboards;

use crate::{server::part, support::alone::missing};

/// What the compiler says of dashboards that `changed` has been at, `None` where there is no compiler.
fn judged(changed: impl Fn(&str) -> String) -> Option<(bool, String)> {
    let tsc = part("tsc")?;
    let modules = tsc.parent()?.join("../grafana-types/node_modules");
    if !modules.exists() {
        missing("Grafana's types: `tests/real/parts.sh` fetches them");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/grafana");
    for file in ["dashboard.ts", "tsconfig.json"] {
        fs::copy(here.join(file), folder.path().join(file)).unwrap();
    }
    symlink(modules, folder.path().join("node_modules")).unwrap();
    for dashboard in dashboards::all() {
        let text = changed(&dashboard.text());
        let module = format!(
            "import type {{ File }} from './dashboard';\nexport const file: File = {text};\n"
        );
        fs::write(folder.path().join(format!("{}.ts", dashboard.uid())), module).unwrap();
    }
    let output = Command::new(tsc).arg("-p").arg(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    Some((output.status.success(), said.into_owned()))
}

#[test]
fn dashboards_have_the_types_of_grafana() {
    if let Some((is_well, said)) = judged(str::to_owned) {
        assert!(is_well, "{said}");
    }
}

/// Words, numbers, keys: of the dashboard, of a panel, and of what a kind of panel has.
#[test]
fn what_grafana_does_not_know_is_found() {
    for (of, with) in [
        ("\"displayMode\": \"basic\"", "\"displayMode\": \"bars\""),
        ("\"drawStyle\": \"line\"", "\"drawStyle\": \"lines\""),
        ("\"cellHeight\": \"sm\"", "\"cellHeight\": \"small\""),
        ("\"h\": 4", "\"h\": \"4\""),
        ("\"noValue\"", "\"nothing\""),
        ("\"refresh\": 2", "\"refresh\": 9"),
    ] {
        let changed = |text: &str| {
            assert!(!text.contains(with));
            text.replace(of, with)
        };
        let Some((is_well, said)) = judged(changed) else { return };
        assert!(!is_well && said.contains("error TS"), "{with}: {said}");
    }
}
