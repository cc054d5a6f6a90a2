//! The order in which Go's encoders print the keys of a map.

use std::cmp::Ordering;

use super::{Version, Yaml};

/// Numbers and booleans by their value and before all texts.
pub(super) fn by_key(one: &Yaml, other: &Yaml, version: Version) -> Ordering {
    match (number(one), number(other)) {
        (Some(a), Some(b)) => a.total_cmp(&b).then(kind(one).cmp(&kind(other))),
        _ => match (one, other) {
            (Yaml::Text(one), Yaml::Text(other)) => {
                let (one, other) = (String::from_utf8_lossy(one), String::from_utf8_lossy(other));
                natural(&one, &other, version)
            }
            _ => kind(one).cmp(&kind(other)),
        },
    }
}

fn number(key: &Yaml) -> Option<f64> {
    match key {
        Yaml::Bool(value) => Some(f64::from(u8::from(*value))),
        #[expect(clippy::cast_precision_loss, reason = "as Go compares them")]
        Yaml::Int(value) => Some(*value as f64),
        Yaml::Float(value) => Some(*value),
        _ => None,
    }
}

/// As Go numbers its kinds of values.
fn kind(key: &Yaml) -> u8 {
    match key {
        Yaml::Bool(_) => 1,
        Yaml::Int(value) if i64::try_from(*value).is_ok() => 2,
        Yaml::Int(_) => 11,
        Yaml::Float(_) => 14,
        Yaml::Text(_) => 24,
        _ => 20,
    }
}

/// Numbers inside of words by their value, letters behind all else; for yaml.v3 before all else, where a digit precedes them.
fn natural(one: &str, other: &str, version: Version) -> Ordering {
    let (left, right): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut digits = false;
    for (at, (a, b)) in left.iter().zip(&right).enumerate() {
        if a == b {
            digits = version == Version::V3 && a.is_numeric();
            continue;
        }
        return match (a.is_alphabetic(), b.is_alphabetic()) {
            (true, true) => a.cmp(b),
            (false, false) => numbers(&left, &right, at),
            (letter, _) if letter == digits => Ordering::Less,
            _ => Ordering::Greater,
        };
    }
    left.len().cmp(&right.len())
}

fn numbers(left: &[char], right: &[char], at: usize) -> Ordering {
    let before = left[..at].iter().rev().take_while(|c| c.is_numeric());
    let within = (left[at] == '0' || right[at] == '0') && before.into_iter().any(|c| *c != '0');
    let value = |text: &[char]| {
        let digits: Vec<i64> =
            text[at..].iter().map_while(|c| c.to_digit(10)).map(i64::from).collect();
        let start = i64::from(within);
        let number =
            digits.iter().fold(start, |sum, digit| sum.wrapping_mul(10).wrapping_add(*digit));
        (number, digits.len())
    };
    value(left).cmp(&value(right)).then(left[at].cmp(&right[at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_gos_encoder() {
        let mut keys = ["http_post", "http_2xx", "a10", "a9", "http2", "B", "a-b", "ab"];
        keys.sort_by(|one, other| natural(one, other, Version::V3));
        assert_eq!(keys, ["B", "a-b", "a9", "a10", "ab", "http_2xx", "http_post", "http2"]);
        let mut keys = ["a1b", "a1", "a1-"];
        keys.sort_by(|one, other| natural(one, other, Version::V2));
        assert_eq!(keys, ["a1", "a1-", "a1b"]);
        keys.sort_by(|one, other| natural(one, other, Version::V3));
        assert_eq!(keys, ["a1", "a1b", "a1-"]);
    }
}
