/// A piece of Go's reference time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    LongMonth,
    Month,
    NumberMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    SpaceDay,
    ZeroDay,
    SpaceYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperHalf,
    LowerHalf,
    Zone,
    Offset(Offset),
    Fraction(Fraction),
}

/// `-0700` and its kin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offset {
    /// `Z` stands for Greenwich.
    pub(super) z: bool,
    pub(super) colons: bool,
    /// Two for hours, two for minutes, two for seconds.
    pub(super) digits: usize,
}

/// `.000` or `.999`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fraction {
    /// A point or a comma.
    pub(super) separator: char,
    pub(super) digits: usize,
    /// Zeros at the end, and a fraction of zeros, are left out.
    pub(super) trimmed: bool,
}

/// The first piece of a layout: what stands before it, it, and what stands after.
pub(super) fn next(layout: &str) -> (&str, Option<(Piece, &str)>) {
    for (at, _) in layout.char_indices() {
        let rest = layout.get(at..).unwrap_or_default();
        // Go takes `_2006` for an underscore and a year.
        if rest.starts_with("_2006") {
            let end = at + "_2006".len();
            return (cut(layout, at + 1).0, Some((Piece::LongYear, cut(layout, end).1)));
        }
        if let Some((piece, length)) = starting(rest) {
            return (cut(layout, at).0, Some((piece, cut(layout, at + length).1)));
        }
    }
    (layout, None)
}

fn cut(text: &str, at: usize) -> (&str, &str) {
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// What stands for itself; longer ones before those that begin them.
const FIXED: &[(&str, Piece)] = &[
    ("January", Piece::LongMonth),
    ("Monday", Piece::LongWeekday),
    ("MST", Piece::Zone),
    ("002", Piece::ZeroYearDay),
    ("01", Piece::ZeroMonth),
    ("02", Piece::ZeroDay),
    ("03", Piece::ZeroHour12),
    ("04", Piece::ZeroMinute),
    ("05", Piece::ZeroSecond),
    ("06", Piece::Year),
    ("15", Piece::Hour),
    ("1", Piece::NumberMonth),
    ("2006", Piece::LongYear),
    ("2", Piece::Day),
    ("__2", Piece::SpaceYearDay),
    ("_2", Piece::SpaceDay),
    ("3", Piece::Hour12),
    ("4", Piece::Minute),
    ("5", Piece::Second),
    ("PM", Piece::UpperHalf),
    ("pm", Piece::LowerHalf),
    ("-070000", offset(false, false, 6)),
    ("-07:00:00", offset(false, true, 6)),
    ("-0700", offset(false, false, 4)),
    ("-07:00", offset(false, true, 4)),
    ("-07", offset(false, false, 2)),
    ("Z070000", offset(true, false, 6)),
    ("Z07:00:00", offset(true, true, 6)),
    ("Z0700", offset(true, false, 4)),
    ("Z07:00", offset(true, true, 4)),
    ("Z07", offset(true, false, 2)),
];

const fn offset(z: bool, colons: bool, digits: usize) -> Piece {
    Piece::Offset(Offset { z, colons, digits })
}

fn starting(rest: &str) -> Option<(Piece, usize)> {
    if let Some((text, piece)) = FIXED.iter().find(|(text, _)| rest.starts_with(text)) {
        return Some((*piece, text.len()));
    }
    // `Jan` and `Mon` are no piece of a longer word: `Jane`, `Month`.
    for (text, piece) in [("Jan", Piece::Month), ("Mon", Piece::Weekday)] {
        if let Some(after) = rest.strip_prefix(text)
            && !after.starts_with(|next: char| next.is_ascii_lowercase())
        {
            return Some((piece, text.len()));
        }
    }
    fraction(rest)
}

fn fraction(rest: &str) -> Option<(Piece, usize)> {
    let separator = rest.chars().next().filter(|char| matches!(char, '.' | ','))?;
    let after = &rest[1..];
    let digit = after.chars().next().filter(|char| matches!(char, '0' | '9'))?;
    let digits = after.chars().take_while(|char| *char == digit).count();
    if after[digits..].starts_with(|next: char| next.is_ascii_digit()) {
        return None;
    }
    Some((Piece::Fraction(Fraction { separator, digits, trimmed: digit == '9' }), digits + 1))
}
