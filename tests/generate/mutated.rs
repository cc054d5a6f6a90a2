//! Whatever a file or a database says, what is made of it loads, and what is not in it is told.

use serde_json::{Value, json};

use super::{gatus, loads, uptime_kuma};

/// What nobody would write, and somebody has.
fn values() -> Vec<Value> {
    vec![
        json!({}),
        json!([{}, [], null]),
        json!([]),
        json!(0),
        json!(-1),
        json!(99),
        json!(4_000_000_000_u64),
        json!("0s"),
        json!("9999999h"),
        json!("x".repeat(5000)),
        json!("{{ end }} {{ .No"),
        json!("\u{0}\r\n\"'\\ $UNSET ${TEAM}_${NOT_SET} é\u{fffd}\u{7f}"),
        json!("http://["),
        json!("[1, {}, \"x\", null]"),
        json!("{\"a\": [null], \"b\": {}}"),
    ]
}

/// Every place of Gatus' file in turn, some at a time: one that is not in force could hide another.
#[test]
fn whatever_gatus_file_says_loads() {
    const ROUNDS: usize = 7;
    let whole = gatus::whole();
    let paths = gatus::paths(&whole);
    for value in values() {
        for round in 0..ROUNDS {
            let mut mutated = whole.clone();
            for path in paths.iter().skip(round).step_by(ROUNDS) {
                if let Some(place) = mutated.pointer_mut(path) {
                    *place = value.clone();
                }
            }
            if let Ok(converted) = gatus::attempt(&mutated.to_string(), round % 2 == 0) {
                loads(&converted.toml);
            }
        }
    }
}

/// Keys in the place of what is no mapping, and a list where neither is meant: as if nothing stood there, or told?
#[test]
fn what_is_of_a_wrong_kind_is_not_dropped_in_silence() {
    let whole = gatus::whole();
    let said = |file: &Value| {
        gatus::attempt(&file.to_string(), false).map(|found| gatus::everything(&found))
    };
    let mut silent = Vec::new();
    for path in gatus::paths(&whole) {
        let (parent, key) = path.rsplit_once('/').unwrap();
        let mut less = whole.clone();
        let parent = less.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        parent.remove(&key.replace("~1", "/").replace("~0", "~"));
        let Ok(without) = said(&less) else { continue };
        let mut wrong = whole.clone();
        let place = wrong.pointer_mut(&path).unwrap();
        *place = if place.is_object() { json!([[]]) } else { json!({"x": [{}]}) };
        if said(&wrong).is_ok_and(|with| with == without) {
            silent.push(path);
        }
    }
    silent.retain(|path| !gatus::TOLD_AS_A_WHOLE.iter().any(|whole| path.starts_with(whole)));
    assert_eq!(silent, [""; 0]);
}

/// Every column of Uptime Kuma's database in turn, all rows at once where they are of different tables.
#[test]
fn whatever_a_database_says_loads() {
    const ROUNDS: usize = 7;
    let whole = uptime_kuma::tables(&uptime_kuma::OF_2_0);
    let mut places = Vec::new();
    for (table, rows) in &whole {
        for (at, row) in rows.iter().enumerate() {
            let columns = row.keys().filter(|column| *column != "id");
            places.extend(columns.map(|column| (table.clone(), at, column.clone())));
        }
    }
    for value in values().into_iter().filter(|value| !value.is_array() && !value.is_object()) {
        for round in 0..ROUNDS {
            let mut mutated = whole.clone();
            for (table, at, column) in places.iter().skip(round).step_by(ROUNDS) {
                let row = &mut mutated.get_mut(table).unwrap()[*at];
                row.insert(column.clone(), value.clone());
            }
            loads(&uptime_kuma::converted(&mutated, round % 2 == 0).toml);
        }
    }
}
