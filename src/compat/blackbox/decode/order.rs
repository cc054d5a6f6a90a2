use std::cmp::Ordering;

/// The order in which Go's encoder prints keys: numbers inside of words by their value, letters behind all else.
pub(super) fn natural(one: &str, other: &str) -> Ordering {
    let (left, right): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut digits = false;
    for (at, (a, b)) in left.iter().zip(&right).enumerate() {
        if a == b {
            digits = a.is_numeric();
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
        keys.sort_by(|one, other| natural(one, other));
        assert_eq!(keys, ["B", "a-b", "a9", "a10", "ab", "http_2xx", "http_post", "http2"]);
    }
}
