//! Templates that a match is written into, as Go's `Regexp.Expand` reads them: `$1`, `$name`, `${name}x`, `$$`.

/// A part of a template.
#[derive(Clone, Copy)]
pub(super) enum Piece<'t> {
    /// Stands for itself.
    Text(&'t str),
    /// The number or name of a group.
    Group(&'t str),
}

/// The parts in their order.
pub(super) fn pieces(template: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = template;
    std::iter::from_fn(move || {
        let (piece, after) = first(rest)?;
        rest = after;
        Some(piece)
    })
}

/// The number that is meant. As in Go, `01` is a name.
pub(super) fn number(name: &str) -> Option<usize> {
    let digits = name.bytes().all(|byte| byte.is_ascii_digit());
    let padded = name.len() > 1 && name.starts_with('0');
    if digits && !padded { name.parse().ok() } else { None }
}

fn first(rest: &str) -> Option<(Piece<'_>, &str)> {
    let Some(after) = rest.strip_prefix('$') else {
        let (text, after) = rest.split_at(rest.find('$').unwrap_or(rest.len()));
        return (!text.is_empty()).then_some((Piece::Text(text), after));
    };
    Some(match (after.strip_prefix('$'), reference(after)) {
        (Some(after), _) => (Piece::Text("$"), after),
        (None, Some((name, after))) => (Piece::Group(name), after),
        // What begins no reference stands for itself.
        (None, None) => (Piece::Text("$"), after),
    })
}

/// `name` or `{name}`, and what comes after it.
fn reference(text: &str) -> Option<(&str, &str)> {
    let braced = text.strip_prefix('{');
    let inside = braced.unwrap_or(text);
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let (name, after) = inside.split_at(inside.find(|c| !word(c)).unwrap_or(inside.len()));
    let after = if braced.is_some() { after.strip_prefix('}')? } else { after };
    (!name.is_empty()).then_some((name, after))
}
