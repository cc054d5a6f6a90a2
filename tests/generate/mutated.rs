//! Whatever a file or a database says, what is made of it loads, and what is not in it is told.

use serde_json::{Value, json};

use super::{gatus, loads, uptime_kuma};

/// What nobody would write, and somebody has.
fn values() -> Vec<Value> {
    vec![
        json!({}),
        json!([{}, [], null]),
        json!([]),
        json!(true),
        json!(0),
        json!(-1),
        json!(99),
        json!(4_000_000_000_u64),
        json!(1e300),
        json!("0s"),
        json!("1ns"),
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
    const ROUNDS: usize = 23;
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

/// Every column of Uptime Kuma's database in turn, all rows at once where they are of different tables.
#[test]
fn whatever_a_database_says_loads() {
    const ROUNDS: usize = 23;
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
