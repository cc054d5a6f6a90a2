//! One field of a schedule, as a set of bits.

/// What a field may hold.
pub(super) struct Field {
    least: u64,
    most: u64,
    /// Names from the least number on.
    names: &'static [&'static str],
}

pub(super) const MINUTE: Field = Field { least: 0, most: 59, names: &[] };
pub(super) const HOUR: Field = Field { least: 0, most: 23, names: &[] };
pub(super) const DAY: Field = Field { least: 1, most: 31, names: &[] };
pub(super) const MONTH: Field = Field {
    least: 1,
    most: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
/// From Sunday to Sunday.
pub(super) const WEEKDAY: Field =
    Field { least: 0, most: 7, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

impl Field {
    /// The bits of ranges with commas between them. Empty ones are no mistake, not even if all are.
    pub(super) fn bits(&self, text: &str) -> Option<u64> {
        let mut ranges = text.split(',').filter(|range| !range.is_empty());
        ranges.try_fold(0, |bits, range| Some(bits | self.range(range)?))
    }

    fn range(&self, text: &str) -> Option<u64> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(number(step)?)),
            None => (text, None),
        };
        let (first, last) = self.ends(range, step.is_some())?;
        let step = step.unwrap_or(1);
        if first < self.least || last > self.most || step == 0 {
            return None;
        }
        let span = self.most - self.least + 1;
        // A range may go over the end. A first number beyond the end is let through, and wraps as in Go.
        let size =
            if first > last { last.wrapping_sub(first).wrapping_add(span) } else { last - first };
        if step > 1 && step >= size.wrapping_add(1) {
            return None;
        }
        let end = if first > last { last + span } else { last };
        let numbers = (first..=end).step_by(usize::try_from(step).ok()?);
        Some(
            numbers.fold(0, |bits, number| bits | 1 << ((number - self.least) % span + self.least)),
        )
    }

    /// The first and the last number of a range.
    fn ends(&self, text: &str, has_step: bool) -> Option<(u64, u64)> {
        let mut ends = text.split('-');
        let first = ends.next()?;
        if first == "*" || first == "?" {
            return Some((self.least, self.most));
        }
        let first = self.number(first)?;
        match (ends.next(), ends.next()) {
            (None, _) => Some((first, if has_step { self.most } else { first })),
            (Some(last), None) => Some((first, self.number(last)?)),
            (Some(_), Some(_)) => None,
        }
    }

    fn number(&self, text: &str) -> Option<u64> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        named.map_or_else(|| number(text), |at| Some(u64::try_from(at).ok()? + self.least))
    }
}

/// Go's `Atoi`, without negative numbers.
fn number(text: &str) -> Option<u64> {
    text.parse::<i64>().ok()?.try_into().ok()
}
