//! How states look: the code's own words and codes, and a colour for each.

use serde_json::{Map, Value, json};

use super::colour::{BLUE, GREEN, GREY, ORANGE, RED, YELLOW};
use crate::model::{BaseState, Overlays};

const fn colour(state: BaseState) -> &'static str {
    match state {
        BaseState::Up => GREEN,
        BaseState::Degraded => ORANGE,
        BaseState::Pending | BaseState::Recovering => YELLOW,
        BaseState::Down => RED,
        BaseState::Unknown => GREY,
    }
}

/// Words for the values of `noroshi_check_state`.
pub(super) fn mappings() -> Value {
    let words = BaseState::ALL
        .iter()
        .map(|state| (f64::from(state.code()), state.word().to_uppercase(), colour(*state)));
    words_for(words)
}

/// Words for numbers.
pub(super) fn words_for<W: Into<String>>(
    words: impl IntoIterator<Item = (f64, W, &'static str)>,
) -> Value {
    let mut options = Map::new();
    for (index, (number, word, colour)) in words.into_iter().enumerate() {
        let result = json!({ "color": colour, "index": index, "text": word.into() });
        options.insert(number.to_string(), result);
    }
    json!([{ "type": "value", "options": options }])
}

/// Words for 0 and 1, where 1 is well.
pub(super) fn well(yes: &'static str, no: &'static str) -> Value {
    words_for([(1.0, yes, GREEN), (0.0, no, RED)])
}

/// Words for 0 and 1, where neither is better.
pub(super) fn either(yes: &'static str, no: &'static str) -> Value {
    words_for([(1.0, yes, BLUE), (0.0, no, GREY)])
}

/// A comparison that holds in these states: `== 0 or X == 6`.
pub(super) fn is_in(series: &str, states: &[BaseState]) -> String {
    let each: Vec<String> =
        states.iter().map(|state| format!("{series} == {}", state.code())).collect();
    each.join(" or ")
}

/// The states with the colour of each, for series that are named by a state's word.
pub(super) fn coloured_words() -> impl Iterator<Item = (&'static str, &'static str)> {
    let overlays = Overlays { maintenance: true, flapping: true, suppressed: true };
    let states = BaseState::ALL.iter().map(|state| (state.word(), colour(*state)));
    states.chain(overlays.words().map(|word| (word, BLUE)))
}
