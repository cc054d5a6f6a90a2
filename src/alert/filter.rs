//! The v2 API's `filter`.

use crate::model::{MatchOp, Matcher, Pairs};

/// What may be spent on one alert, in the terms of [`Matcher::try_match`]: half a second. What takes more does not pass.
const EFFORT: usize = 64 << 20;

/// Whether alerts with these labels pass: the rule of `GET /api/v2/alerts` and `/alerts/groups`, and of the receivers'
/// `receiver_matchers` over their labels. As matching in routes, but an empty value of a filter asks whether the label is
/// there: `a=""` passes where it is not, `a!=""` and `a!~""` where it is, whatever its value.
pub fn passes(filter: &[Matcher], labels: &Pairs) -> bool {
    let mut effort = EFFORT;
    filter.iter().all(|matcher| {
        let value = labels.get(&matcher.name);
        let wants_label = matches!(matcher.op, MatchOp::NotEqual | MatchOp::NotRegex);
        (matcher.value.is_empty() && value.is_some() == wants_label)
            || matcher.try_match(value.unwrap_or_default(), &mut effort).unwrap_or(false)
    })
}

/// Whether a silence of these matchers passes: `GET /api/v2/silences` compares matchers to the letter, it does not apply
/// them.
pub fn names(filter: &[Matcher], matchers: &[Matcher]) -> bool {
    filter.iter().all(|wanted| matchers.contains(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::matcher::Syntax;

    fn filter(text: &str) -> Vec<Matcher> {
        Syntax::Fallback.matchers(text).unwrap().value
    }

    #[test]
    fn an_empty_value_asks_whether_the_label_is_there() {
        let labels = Pairs::new([("a", "1"), ("empty", "")]);
        for (text, wanted) in [
            ("a=1", true),
            ("a=2", false),
            ("a=\"\"", false),
            ("b=\"\"", true),
            ("b=~\"\"", true),
            ("a!=\"\"", true),
            ("b!=\"\"", false),
            ("b!~\"\"", false),
            ("empty!=\"\"", true),
            ("empty!~\"\"", true),
            ("empty=\"\"", true),
            ("b!=x", true),
            ("a=1,b=x", false),
            ("a=~\"[0-9]\",b=~\".*\"", true),
        ] {
            assert_eq!(passes(&filter(text), &labels), wanted, "{text}");
        }
        assert!(passes(&[], &labels));
    }

    #[test]
    fn silences_are_compared_to_the_letter() {
        let matchers = filter("a=1,b=~\"x|y\"");
        assert!(names(&filter("b=~\"x|y\""), &matchers) && names(&[], &matchers));
        for other in ["b=x", "b=~\"y|x\"", "a!=1", "a=1,c=2", "a=~1"] {
            assert!(!names(&filter(other), &matchers), "{other}");
        }
    }
}
