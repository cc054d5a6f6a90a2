use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn pattern(text: &str) -> Result<Pattern, String> {
    Patterns::default().compiled(text)
}

/// A list in short: `name op value`, `;` between, each value as it is.
fn short(matchers: &[Matcher]) -> String {
    let one = |matcher: &Matcher| format!("{}{}{}", matcher.name, matcher.op.sign(), matcher.value);
    matchers.iter().map(one).collect::<Vec<_>>().join(";")
}

fn read(syntax: Syntax, text: &str) -> Result<String, String> {
    syntax.matchers(text).map(|read| short(&read.value))
}

/// What is written, what the classic syntax reads, what the UTF-8 syntax reads; an error begins with `!`.
const BOTH: &[(&str, &str, &str)] = &[
    ("", "", ""),
    ("{}", "", ""),
    ("foo=bar", "foo=bar", "foo=bar"),
    ("{foo=bar}", "foo=bar", "foo=bar"),
    ("{foo=bar,}", "foo=bar", "foo=bar"),
    ("{foo=\"bar\"}", "foo=bar", "foo=bar"),
    ("{foo=~bar.*}", "foo=~bar.*", "foo=~bar.*"),
    ("{foo=~\"bar.*\"}", "foo=~bar.*", "foo=~bar.*"),
    ("{foo!=bar}", "foo!=bar", "foo!=bar"),
    ("{foo!~\"bar.*\"}", "foo!~bar.*", "foo!~bar.*"),
    ("{foo=~[a-z]+}", "foo=~[a-z]+", "foo=~[a-z]+"),
    ("{foo=\"bar\", baz!=\"quux\"}", "foo=bar;baz!=quux", "foo=bar;baz!=quux"),
    (
        "{foo=\"bar\",baz!~\".*quux\", d=\"w\"}",
        "foo=bar;baz!~.*quux;d=w",
        "foo=bar;baz!~.*quux;d=w",
    ),
    ("{foo=\"\"}", "foo=", "foo="),
    ("{foo=\"bar,quux\", job=\"job1\"}", "foo=bar,quux;job=job1", "foo=bar,quux;job=job1"),
    ("{foo = \"bar\", dings != \"bums\", }", "foo=bar;dings!=bums", "foo=bar;dings!=bums"),
    ("foo=bar,dings!=bums", "foo=bar;dings!=bums", "foo=bar;dings!=bums"),
    (
        "{q=\"She said: \\\"Hi, you!…\\\"\"}",
        "q=She said: \"Hi, you!…\"",
        "q=She said: \"Hi, you!…\"",
    ),
    ("code=~\"5..\"", "code=~5..", "code=~5.."),
    ("c != \"\\\"\" , d !~ \"foo,bar\" , ", "c!=\";d!~foo,bar", "c!=\";d!~foo,bar"),
    ("foo=🙂", "foo=🙂", "foo=🙂"),
    // Escapes: three of them here, all of Go's there; a lone backslash is one here.
    ("{foo=\"bar\\n\"}", "foo=bar\n", "foo=bar\n"),
    ("{foo=\"bar\\\\\"}", "foo=bar\\", "foo=bar\\"),
    ("{foo=\"bar\\t\"}", "foo=bar\\t", "foo=bar\t"),
    ("{foo=\"\\xf0\\x9f\\x99\\x82\"}", "foo=\\xf0\\x9f\\x99\\x82", "foo=🙂"),
    ("{foo=\"\\U0001f642\\101\"}", "foo=\\U0001f642\\101", "foo=🙂A"),
    ("{foo=\"bar\\w\"}", "foo=bar\\w", "!5:12: \"bar\\w\": invalid input"),
    ("{foo=~\"\\d+\"}", "foo=~\\d+", "!6:11: \"\\d+\": invalid input"),
    ("{foo=\"\\xf0\\x9f\"}", "foo=\\xf0\\x9f", "!5:15: \"\\xf0\\x9f\": invalid input"),
    ("foo=\"a\nb\"", "foo=a\nb", "!4:9: \"a\nb\": invalid input"),
    ("foo=\"\\ud800\"", "foo=\\ud800", "!4:12: \"\\ud800\": invalid input"),
    ("foo=\"\\400\"", "foo=\\400", "!4:10: \"\\400\": invalid input"),
    ("foo=\"\\'\"", "foo=\\'", "!4:8: \"\\'\": invalid input"),
    // What only one of them reads.
    ("job=", "job=", "!end of input: expected label value"),
    ("{foo='}", "foo='", "!5:6: ': invalid input: expected label value"),
    ("{foo=`}", "foo=`", "!5:6: `: invalid input: expected label value"),
    ("{foo=\\n}", "foo=\n", "!5:6: \\: invalid input: expected label value"),
    ("{foo=bar\\n}", "foo=bar\n", "!8:9: \\: invalid input: expected a comma or close brace"),
    ("{foo=bar\\}", "foo=bar\\", "!8:9: \\: invalid input: expected a comma or close brace"),
    ("{foo=\\\"}", "foo=\"", "!5:6: \\: invalid input: expected label value"),
    ("tricky=~~~", "tricky=~~~", "!8:9: ~: invalid input: expected label value"),
    ("t==\\\\=\\=\\\"", "t==\\=\\=\"", "!2:3: unexpected =: expected label value"),
    ("{foo=bar}}", "foo=bar}", "!9:10: }: expected end of input"),
    ("{foo=bar}},}", "foo=bar}}", "!9:10: }: expected end of input"),
    ("{foo=,bar=}}", "foo=;bar=}", "!5:6: unexpected ,: expected label value"),
    ("{foo=", "foo=", "!end of input: expected label value"),
    ("{foo=}b", "foo=}b", "!5:6: unexpected }: expected label value"),
    ("foo=bar}", "foo=bar", "!0:8: }: expected opening brace"),
    ("{foo=bar", "foo=bar", "!0:8: end of input: expected close brace"),
    ("{", "", "!0:1: end of input: expected close brace"),
    ("}", "", "!0:1: }: expected opening brace"),
    ("a=b c", "a=b c", "!4:5: unexpected c: expected a comma or close brace"),
    (
        "{foo=:\"bar\"}",
        "!matcher value contains unescaped double quote: :\"bar\"",
        "!6:11: unexpected \"bar\": expected a comma or close brace",
    ),
    (
        "{name-with-dashes = \"bar\"}",
        "!bad matcher format: name-with-dashes = \"bar\"",
        "name-with-dashes=bar",
    ),
    ("{\"foo\"=\"bar\"}", "!bad matcher format: \"foo\"=\"bar\"", "foo=bar"),
    ("\"with space\"=\"bar\",", "!bad matcher format: \"with space\"=\"bar\"", "with space=bar"),
    ("9a=b", "!bad matcher format: 9a=b", "9a=b"),
    ("Σ\u{202f}=\u{202f}🙂", "!bad matcher format: Σ\u{202f}=\u{202f}🙂", "Σ=🙂"),
    // What neither reads.
    ("{,}", "!bad matcher format: ", "!1:2: unexpected ,: expected label name"),
    (",", "!bad matcher format: ", "!0:1: unexpected ,: expected label name"),
    (
        "a=b,,c=d",
        "!bad matcher format: ",
        "!4:5: unexpected ,: expected a matcher or close brace after comma",
    ),
    (
        "a",
        "!bad matcher format: a",
        "!end of input: expected an operator such as '=', '!=', '=~' or '!~'",
    ),
    (
        "a!",
        "!bad matcher format: a!",
        "!1:2: unexpected end of input, expected one of '=~': expected an operator such as '=', '!=', '=~' or '!~'",
    ),
    (
        "a!b",
        "!bad matcher format: a!b",
        "!1:2: !: expected one of '=~': expected an operator such as '=', '!=', '=~' or '!~'",
    ),
    ("==", "!bad matcher format: ==", "!0:1: unexpected =: expected label name"),
    ("~a", "!bad matcher format: ~a", "!0:1: ~: invalid input"),
    (
        "job=\"value",
        "!matcher value contains unescaped double quote: \"value",
        "!4:10: \"value: missing end \": expected label value",
    ),
    (
        "job=value\"",
        "!matcher value contains unescaped double quote: value\"",
        "!9:10: \": missing end \": expected a comma or close brace",
    ),
    (
        "job=\"",
        "!matcher value contains unescaped double quote: \"",
        "!4:5: \": missing end \": expected label value",
    ),
    (
        "a = foo\"bar",
        "!matcher value contains unescaped double quote: foo\"bar",
        "!7:11: \"bar: missing end \": expected a comma or close brace",
    ),
    (
        "{foo=~\"in[valid\"}",
        "!error parsing regexp: missing closing ]: `[valid)$`",
        "!failed to create matcher: error parsing regexp: missing closing ]: `[valid)$`",
    ),
    (
        "a=~(",
        "!error parsing regexp: missing closing ): `^(?:()$`",
        "!failed to create matcher: error parsing regexp: missing closing ): `^(?:()$`",
    ),
    (
        "\"{foo=\\\"bar\"}",
        "!bad matcher format: \"{foo=\\\"bar\"",
        "!12:13: unexpected }: expected an operator such as '=', '!=', '=~' or '!~'",
    ),
    (
        "\"foo=\\\"bar\\\"\"",
        "!bad matcher format: \"foo=\\\"bar\\\"\"",
        "!end of input: expected an operator such as '=', '!=', '=~' or '!~'",
    ),
    (
        "\"foo=\"bar\"\"",
        "!bad matcher format: \"foo=\"bar\"\"",
        "!6:9: unexpected bar: expected an operator such as '=', '!=', '=~' or '!~'",
    ),
    ("{{foo=", "!bad matcher format: {foo=", "!1:2: unexpected {: expected label name"),
];

#[test]
fn both_syntaxes_read_as_alertmanager_does() {
    for (text, classic, utf8) in BOTH {
        for (syntax, wanted) in [(Syntax::Classic, classic), (Syntax::Utf8, utf8)] {
            let got = read(syntax, text).unwrap_or_else(|why| format!("!{why}"));
            assert_eq!(&got, wanted, "{syntax:?} {text}");
        }
    }
}

/// The classic reading counts wherever there is one, and there is a remark whenever the other differs.
#[test]
fn fallback_prefers_the_classic_reading() {
    for (text, classic, utf8) in BOTH {
        let got = Syntax::Fallback.matchers(text);
        match (classic.strip_prefix('!'), utf8.strip_prefix('!'), got) {
            (Some(why), Some(_), Err(got)) => assert_eq!(got, why, "{text}"),
            (Some(_), None, Ok(read)) => {
                assert_eq!((short(&read.value).as_str(), read.remark), (*utf8, None));
            }
            (None, other, Ok(read)) => {
                assert_eq!(&short(&read.value), classic, "{text}");
                let wanted = match (&read.remark, other) {
                    (None, None) => classic == utf8,
                    (Some(Remark::ClassicOnly { why, .. }), Some(other)) => why == other,
                    (Some(Remark::Disagreement { .. }), None) => classic != utf8,
                    _ => false,
                };
                assert!(wanted, "{text}: {:?}", read.remark);
                if let Some(
                    Remark::ClassicOnly { suggestion, .. } | Remark::Disagreement { suggestion },
                ) = &read.remark
                {
                    assert_eq!(
                        Syntax::Fallback.matchers(suggestion),
                        Ok(Read { value: read.value, remark: None })
                    );
                }
            }
            (.., got) => panic!("{text}: {got:?}"),
        }
    }
}

#[test]
fn a_filter_is_one_matcher_without_braces() {
    let said = |syntax: Syntax, text| match syntax.matcher(text) {
        Ok(read) => short(&[read.value]),
        Err(why) => format!("!{why}"),
    };
    for (text, fallback, utf8, classic) in [
        ("a=b", "a=b", "a=b", "a=b"),
        (
            "{a=b}",
            "!unexpected open or close brace: {a=b}",
            "!unexpected open or close brace: {a=b}",
            "!bad matcher format: {a=b}",
        ),
        (
            "a=b}",
            "!unexpected open or close brace: a=b}",
            "!unexpected open or close brace: a=b}",
            "a=b}",
        ),
        ("a=b,c=d", "a=b,c=d", "!expected 1 matcher, found 2", "a=b,c=d"),
        ("", "!bad matcher format: ", "!no matchers", "!bad matcher format: "),
        (
            "==",
            "!bad matcher format: ==",
            "!0:1: unexpected =: expected label name",
            "!bad matcher format: ==",
        ),
        ("a=", "a=", "!end of input: expected label value", "a="),
        ("\"a b\"=\"c\"", "a b=c", "a b=c", "!bad matcher format: \"a b\"=\"c\""),
    ] {
        assert_eq!(said(Syntax::Fallback, text), fallback);
        assert_eq!(said(Syntax::Utf8, text), utf8);
        assert_eq!(said(Syntax::Classic, text), classic);
    }
}

#[test]
fn names_of_labels() {
    for (name, classic, utf8) in [
        ("", false, false),
        ("a_1", true, true),
        ("1a", false, true),
        ("a:b", false, true),
        ("a b", false, true),
        ("Σ", false, true),
    ] {
        assert_eq!(Syntax::Classic.accepts_name(name), classic);
        assert_eq!(Syntax::Utf8.accepts_name(name), utf8);
        assert_eq!(Syntax::Fallback.accepts_name(name), utf8);
    }
}

#[test]
fn written_as_alertmanager_writes() {
    let written =
        |name: &str, value: &str| Matcher::new(name, MatchOp::Equal, value).unwrap().to_string();
    assert_eq!(written("a", "b\"c\\d\ne\tf"), "a=\"b\\\"c\\\\d\\ne\tf\"");
    assert_eq!(
        written("a b", "c\t\u{7f}\u{ad}é🙂\u{e000}\u{f0000}"),
        "\"a b\"=\"c\\t\\x7f\\u00adé🙂\\ue000\\U000f0000\""
    );
    assert_eq!(written("Σ-1", "x"), "Σ-1=\"x\"");
    assert_eq!(
        Quoted("\x07\x08\x0c\r\x0b\u{a0}\u{300}").to_string(),
        "\"\\a\\b\\f\\r\\v\\u00a0\u{300}\""
    );
    let list = Syntax::Fallback.matchers("b!~\"x|y\",a=1").unwrap().value;
    assert_eq!(braced(&list).to_string(), "{b!~\"x|y\",a=\"1\"}");
    assert_eq!(braced(&[]).to_string(), "{}");
}

#[test]
fn sorted_by_name_value_and_operator() {
    let mut list = Syntax::Classic.matchers("b=1,a=~2,a!~2,a=2,a!=2,a=1").unwrap().value;
    list.sort();
    assert_eq!(short(&list), "a=1;a=2;a!=2;a=~2;a!~2;b=1");
}

#[test]
fn plain_patterns_need_no_engine() {
    let kind = |text: &str| match pattern(text).unwrap() {
        Pattern::Literals(literals) => format!("{literals:?}"),
        Pattern::Framed { prefix, suffix, filled } => format!("{prefix:?}{filled}{suffix:?}"),
        Pattern::Engine { .. } => "engine".to_owned(),
        Pattern::Unread => unreachable!("it was compiled"),
    };
    for (text, wanted) in [
        ("api", "[\"api\"]"),
        ("", "[\"\"]"),
        ("web|api|web|", "[\"\", \"api\", \"web\"]"),
        ("^(api|web)$", "[\"api\", \"web\"]"),
        ("(?:api)", "[\"api\"]"),
        (r"a\.b\\|c\$", r#"["a.b\\", "c$"]"#),
        ("api-.*", "\"api-\"false\"\""),
        (".+", "\"\"true\"\""),
        (r"a\.b.*:80$", "\"a.b\"false\":80\""),
    ] {
        assert_eq!(kind(text), wanted, "{text}");
    }
    for engine in [
        "a.b", "a.*b.*", "a*", "(a)(b)", "(a|b)c", "a|b.*", "(?i)a", r"a\d", "[ab]", "a{2}", "x{",
        ".*?", ".+?x", "a|(b)", r"(a\)", "a$b", "$a", r"\Qa\E", "(a|(b))",
    ] {
        if let Ok(Pattern::Engine { .. }) | Err(_) = pattern(engine) {
            continue;
        }
        panic!("{engine}: {}", kind(engine));
    }
}

#[test]
fn only_values_that_match_are_listed() {
    let values = |text: &str| {
        let matcher = Syntax::Classic.matcher(text).unwrap().value;
        matcher.values().map(|values| values.join("/"))
    };
    assert_eq!(values("a=b").as_deref(), Some("b"));
    assert_eq!(values("a=~\"c|b\"").as_deref(), Some("b/c"));
    for none in ["a!=b", "a!~b", "a=~\"b.*\"", "a=~\"[b]\""] {
        assert_eq!(values(none), None);
    }
}

#[test]
fn what_matches_begins_with_a_known_text() {
    let prefixes = |text: &str| pattern(text).unwrap().prefixes().map(|found| found.join("/"));
    for (text, wanted) in [
        ("api-.*", Some("api-")),
        (r"^api\.[0-9]+$", Some("api.")),
        ("api-(a|b)", Some("api-")),
        ("web-[|]|api-(x|y).|apis?.", Some("api/web-")),
        ("[]|a]b|c.", None),
        ("abc?d", Some("ab")),
        ("abc+", Some("abc")),
        ("ab{0,1}.", Some("a")),
        ("a|.b", None),
        ("(?i)abc.", None),
        ("abc(?i)d|e.", None),
        (r"ab\Qc\E.", None),
        (".*b", None),
        ("a[[:alpha:](]b|c.", None),
        ("(ab)c", None),
        ("b*", None),
    ] {
        assert_eq!(prefixes(text).as_deref(), wanted, "{text}");
    }
}

fn matcher() -> impl Strategy<Value = Matcher> {
    let op = prop::sample::select(vec![
        MatchOp::Equal,
        MatchOp::NotEqual,
        MatchOp::Regex,
        MatchOp::NotRegex,
    ]);
    (".{1,6}|[a-z_:]{1,4}", op, ".{0,8}|[a-c.*|\\\\\"\n]{0,6}")
        .prop_filter_map("no regular expression", |(name, op, value)| {
            Matcher::new(name, op, value).ok()
        })
}

proptest! {
    #[test]
    fn no_text_panics(text in "[{}=!~,\\\\\"'` \nab\u{e9}x0]{0,20}|.{0,20}") {
        for syntax in [Syntax::Fallback, Syntax::Classic, Syntax::Utf8] {
            let _ = syntax.matcher(&text);
            let _ = syntax.matchers(&text);
        }
    }

    /// What is written is read again as the same; a tab in a value is what OpenMetrics leaves and Go's quotes take.
    #[test]
    fn written_and_read_again(matchers in prop::collection::vec(matcher(), 0..4)) {
        let text = braced(&matchers).to_string();
        prop_assert_eq!(Syntax::Fallback.matchers(&text).map(|read| read.value), Ok(matchers.clone()));
        if let [one] = matchers.as_slice() {
            let read = Syntax::Fallback.matcher(&one.to_string());
            let braced = one.to_string().starts_with('{');
            prop_assert!(braced || read.is_ok_and(|read| read.value == *one));
        }
    }

    /// The short ways and the engine agree.
    #[test]
    fn the_engine_would_say_the_same(
        text in r"[ab.*+|\\^$()?\[\]{}0,\n-]{0,10}|[ab-]{1,3}[ab.*+|()?\[\]-]{0,6}",
        values in prop::collection::vec("[ab.*|\\\\\n-]{0,6}", 1..8),
    ) {
        let anchored = format!("^(?:{text})$").parse::<crate::re2::Regex>();
        let short = pattern(&text);
        prop_assert_eq!(anchored.is_ok(), short.is_ok(), "{}", text);
        if let (Ok(engine), Ok(short)) = (anchored, short) {
            for value in values.into_iter().collect::<BTreeSet<_>>() {
                let is_match = engine.is_match(value.as_bytes());
                prop_assert_eq!(is_match, short.is_match(&value), "{} {:?}", text, value);
                if let Some(prefixes) = short.prefixes().filter(|_| is_match) {
                    let begins = prefixes.iter().filter(|prefix| value.starts_with(**prefix));
                    prop_assert_eq!(begins.count(), 1, "{} {:?} {:?}", text, value, prefixes);
                }
            }
        }
    }

    #[test]
    fn quoted_and_unquoted(text in ".{0,12}") {
        prop_assert_eq!(quote::unquoted(&Quoted(&text).to_string()), Some(text));
    }
}
