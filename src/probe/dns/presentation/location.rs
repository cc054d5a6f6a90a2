//! LOC records (RFC 1876).

use super::part::Source;

const SECOND: u32 = 1000;
const MINUTE: u32 = 60 * SECOND;
const DEGREE: u32 = 60 * MINUTE;
/// The equator and the prime meridian.
const ZERO: u32 = 1 << 31;
/// Sea level, in centimetres above the lowest altitude.
const SEA: i64 = 10_000_000;

/// `52 15 30.000 N 4 53 24.000 E 2m 1m 10000m 10m`
pub(super) fn text(from: &mut Source<'_>) -> Option<String> {
    let mut bytes = [0; 16];
    let given = from.rest();
    bytes.get_mut(..given.len())?.copy_from_slice(given);
    let [_, size, horizontal, vertical, ..] = bytes;
    let number = |at: usize| {
        let four = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        u32::from_be_bytes(four)
    };
    Some(format!(
        "{} {} {}m {}m {}m {}m",
        angle(number(4), ["S", "N"]),
        angle(number(8), ["W", "E"]),
        metres(number(12)),
        precision(size),
        precision(horizontal),
        precision(vertical)
    ))
}

fn angle(number: u32, [below, above]: [&str; 2]) -> String {
    let half = if number > ZERO { above } else { below };
    let from_zero = number.abs_diff(ZERO);
    let (degrees, rest) = (from_zero / DEGREE, from_zero % DEGREE);
    let (minutes, rest) = (rest / MINUTE, rest % MINUTE);
    format!("{degrees:02} {minutes:02} {}.{:03} {half}", rest / SECOND, rest % SECOND)
}

fn metres(altitude: u32) -> String {
    let centimetres = i64::from(altitude) - SEA;
    let sign = if centimetres < 0 { "-" } else { "" };
    let (whole, part) = (centimetres.abs() / 100, centimetres.abs() % 100);
    if part == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part:02}") }
}

/// A digit and a power of ten, in centimetres.
fn precision(byte: u8) -> String {
    let (digit, power) = (byte >> 4, byte & 0x0f);
    match power {
        0 => format!("0.{digit:02}"),
        1 => format!("0.{:02}", digit * 10),
        power => format!("{digit}{}", "0".repeat(usize::from(power) - 2)),
    }
}
