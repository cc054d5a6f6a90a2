use std::ops::Range;

use jiff::Timestamp;

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// A text in quotes, as Go writes it into JSON: `<`, `>`, `&` and the two line separators are escaped too.
pub(in super::super) fn string(out: &mut Vec<u8>, text: &str) {
    write::<true>(out, text);
}

/// The same without escapes that only HTML needs: what Alertmanager's handlers answer without a model of their own.
pub(in super::super) fn plain(out: &mut Vec<u8>, text: &str) {
    write::<false>(out, text);
}

fn write<const HTML: bool>(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut plain = 0;
    let mut at = 0;
    while let Some(found) =
        bytes.get(at..).and_then(|rest| rest.iter().position(|byte| is_special(*byte)))
    {
        at += found;
        let byte = bytes.get(at).copied().unwrap_or_default();
        let width = match byte {
            b'<' | b'>' | b'&' if !HTML => 0,
            0xe2 if matches!(bytes.get(at + 1..at + 3), Some([0x80, 0xa8 | 0xa9])) => 3,
            0xe2 => 0,
            _ => 1,
        };
        if width > 0 {
            out.extend_from_slice(bytes.get(plain..at).unwrap_or_default());
            escape(out, byte, bytes.get(at + 2).copied());
            plain = at + width;
        }
        at += width.max(1);
    }
    out.extend_from_slice(bytes.get(plain..).unwrap_or_default());
    out.push(b'"');
}

/// Whether a byte may need an escape: one look into a table, since a list holds millions of them.
fn is_special(byte: u8) -> bool {
    static SPECIAL: [bool; 256] = {
        let mut special = [false; 256];
        let mut byte = 0;
        while byte < 256 {
            special[byte] = byte < 0x20 || byte == 0xe2;
            byte += 1;
        }
        let mut at = 0;
        while at < 5 {
            special[b"\"\\<>&"[at] as usize] = true;
            at += 1;
        }
        special
    };
    SPECIAL.get(usize::from(byte)).copied().unwrap_or_default()
}

fn escape(out: &mut Vec<u8>, byte: u8, last: Option<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' => b'"',
        b'\\' => b'\\',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x8 => b'b',
        0xc => b'f',
        0xe2 => {
            out.extend_from_slice(if last == Some(0xa8) { b"\\u2028" } else { b"\\u2029" });
            return;
        }
        other => {
            let nibbles = [usize::from(other >> 4), usize::from(other & 15)];
            out.extend_from_slice(b"\\u00");
            out.extend(nibbles.iter().filter_map(|nibble| HEX.get(*nibble)));
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// A moment in quotes: UTC, with three digits of its fraction, cut off.
pub(in super::super) fn time(out: &mut Vec<u8>, at: Timestamp) {
    let millis = at.as_millisecond() - i64::from(at.subsec_nanosecond() % 1_000_000 < 0);
    let (day, rest) = (millis.div_euclid(DAY), millis.rem_euclid(DAY));
    let (year, month, date) = civil(day);
    let mut text = *b"\"0000-00-00T00:00:00.000Z\"";
    let mut put = |places: Range<usize>, value: i64| {
        let mut rest = value;
        for place in places.rev() {
            if let Some(byte) = text.get_mut(place) {
                *byte = digit(rest);
            }
            rest /= 10;
        }
    };
    put(1..5, year);
    put(6..8, month);
    put(9..11, date);
    put(12..14, rest / 3_600_000);
    put(15..17, rest / 60_000 % 60);
    put(18..20, rest / 1000 % 60);
    put(21..24, rest % 1000);
    out.extend_from_slice(&text);
}

fn digit(value: i64) -> u8 {
    b'0' + u8::try_from(value.rem_euclid(10)).unwrap_or_default()
}

/// Year, month and day of a count of days since 1970 (the civil calendar, by eras of 400 years that begin in March).
fn civil(days: i64) -> (i64, i64, i64) {
    const ERA: i64 = 146_097;
    let shifted = days + 719_468;
    let (era, day) = (shifted.div_euclid(ERA), shifted.rem_euclid(ERA));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (year + era * 400 + carry, month, date)
}

/// Puts commas between the members of a list or an object.
#[derive(Debug, Default)]
pub(in super::super) struct Array {
    begun: bool,
}

impl Array {
    /// Before each member.
    pub(in super::super) fn next(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.begun, true) {
            out.push(b',');
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    /// As Alertmanager 0.33.1 answered.
    #[test]
    fn text_is_escaped_as_go_does() {
        let text = "a & <b> \u{2028} \u{2027} \u{7} 🙂 \"q\" \\ \n\t\u{8}\u{c}\u{7f}";
        assert_eq!(
            written(|out| string(out, text)),
            "\"a \\u0026 \\u003cb\\u003e \\u2028 \u{2027} \\u0007 🙂 \\\"q\\\" \\\\ \\n\\t\\b\\f\u{7f}\""
        );
    }

    proptest! {
        #[test]
        fn text_is_read_back(text: String) {
            let json = written(|out| string(out, &text));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }

        #[test]
        fn moments_are_those_of_the_calendar(nanos in -62_135_596_800_000_000_000_i128..253_402_207_200_000_000_000) {
            let at = Timestamp::from_nanosecond(nanos).unwrap();
            let floor = Timestamp::from_millisecond(i64::try_from(nanos.div_euclid(1_000_000)).unwrap()).unwrap();
            prop_assert_eq!(written(|out| time(out, at)), format!("\"{floor:.3}\""));
        }
    }
}
