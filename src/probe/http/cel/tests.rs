use std::time::Duration;

use super::*;

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

async fn ask(rule: &str, body: &str) -> Result<bool, String> {
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    evaluate(&[rule.parse().unwrap()], body.into(), soon()).await.remove(0)
}

const BODY: &str = r#"{"db":"up","n":3,"big":9007199254740993,"ratio":0.5,"empty":null,"on":true,
    "version":"v1.28.3","nodes":[{"name":"a","ready":true,"load":1},{"name":"b","ready":true,"load":2.5}],
    "by-name":{"a":1,"b":2},"deep":{"er":{"list":[1,2,3]}}}"#;

/// What cel-go 0.26 says of the same, tried with blackbox_exporter's own environment.
#[tokio::test]
async fn what_cel_go_accepts() {
    for (rule, wanted) in [
        ("body.db == 'up'", true),
        ("body['db'] != \"down\"", true),
        ("!(body.db == 'up')", false),
        ("body.n == 3 && body.n == 3.0 && body.n > 2 && body.n <= 3", true),
        ("body.n in [1, 2, 3]", true),
        ("body.n + 1.0 == 4.0", true),
        ("int(body.n) % 2 == 1", true),
        ("string(body.n) == '3'", true),
        ("double('0.5') == body.ratio", true),
        ("type(body.n) == double && type(body.db) == string && type(body) == map", true),
        ("body.big == 9007199254740992.0", true),
        ("has(body.db) && !has(body.nothing) && has(body.deep.er)", true),
        ("body.empty == null && body.on", true),
        ("size(body.nodes) == 2 && body.nodes.size() == 2 && size(body.db) == 2", true),
        ("body.nodes.all(n, n.ready)", true),
        ("body.nodes.exists(n, n.load > 2.0)", true),
        ("body.nodes.exists_one(n, n.name == 'a')", true),
        ("body.nodes.map(n, n.name) == ['a', 'b']", true),
        ("['a', 'b'] == body.nodes.map(n, n.name)", true),
        ("body.nodes.filter(n, n.load > 1).size() == 1", true),
        ("body.nodes[0].name == 'a' && body.nodes[1]['load'] == 2.5", true),
        ("'a' in body['by-name'] && body['by-name'].exists(k, body['by-name'][k] == 2)", true),
        ("body.deep.er.list == [1, 2, 3]", true),
        ("body.db.startsWith('u') && body.db.endsWith('p') && body.db.contains('up')", true),
        (r"body.version.matches('^v1\\.\\d+') && matches(body.version, r'\.3$')", true),
        ("body.db == 'down' ? false : body.n > 1.5", true),
        ("body.nothing == 1 || body.db == 'up'", true),
        ("body.nodes.all(n, n.name == 'c' && n.nothing)", false),
        ("[1, 2].all(x, body.nodes.exists(n, n.load >= double(x) - 1.0))", true),
        ("body.db + '!' == 'up!' && {'a': body.n}.a == 3", true),
    ] {
        assert_eq!(ask(rule, BODY).await, Ok(wanted), "{rule}");
    }
}

#[tokio::test]
async fn what_is_an_error_there_is_one_here() {
    for (rule, why) in [
        ("body.nothing == 1", "No such key"),
        ("body.nodes.all(n, n.name == 'a' || n.nothing)", "No such key"),
        ("body.nodes[7].ready", "out of bounds"),
        ("body.n", "type float"),
        ("body.db", "type string"),
        ("body.nodes", "type list"),
        ("body.n + 1 == 4", ""),
        ("body.n % 2 == 1", ""),
        ("body.db > 1", ""),
        ("body.db.matches('(')", "not a regular expression"),
        ("int(body.db) == 1", ""),
        ("body.n / 0 == 1", ""),
        ("body.db.nothing", ""),
    ] {
        let error = ask(rule, BODY).await.unwrap_err();
        assert!(error.contains(why) && error.lines().count() == 1, "{rule}: {error}");
    }
    assert_eq!(ask("body == 3", "3").await, Ok(true));
    assert_eq!(ask("body[0]", "[true]").await, Ok(true));
}

#[test]
fn mistakes_are_found_when_the_configuration_is_read() {
    let long = format!("{}true", "true && ".repeat(3000));
    let deep = format!("{}1{} == 1", "(".repeat(4000), ")".repeat(4000));
    let sum = format!("{}1 == 1", "1 + ".repeat(3000));
    for (text, why) in [
        ("body.db ==", "line 1, column"),
        ("", ""),
        ("body.db = 'up'", "line 1"),
        (
            "boby.db == 'up'",
            "there is no `boby`; the JSON is the variable `body` (line 1, column 1)",
        ),
        ("body.list.all(x, y > 1)", "no `y`"),
        ("x == 1 || body.list.all(x, x > 1)", "no `x`"),
        ("true &&\n size(db) == 1", "line 2, column 7"),
        ("length(body) == 1", "no function `length`"),
        ("body.db.lowerAscii() == 'up'", "no function `lowerAscii`"),
        ("size(body, 1) == 1", "takes 1 arguments"),
        ("timestamp(body.t) < now", "times and durations"),
        ("body.?db.hasValue()", ""),
        ("optional.of(1).hasValue()", ""),
        ("Thing{a: 1} == body", "no type `Thing`"),
        ("@goes_on()", ""),
        (long.as_str(), "longer than"),
        (deep.as_str(), ""),
        (sum.as_str(), "nested deeper"),
    ] {
        let error = text.parse::<CelRule>().expect_err(&text[..text.len().min(80)]);
        assert!(error.contains(why) && error.lines().count() == 1, "{error}");
    }
    let rule: CelRule = serde_json::from_str("\"body.a == 1\"").unwrap();
    assert_eq!(serde_json::to_string(&rule).unwrap(), "\"body.a == 1\"");
}

#[tokio::test]
async fn the_deepest_that_is_accepted_is_evaluated() {
    for (open, close) in
        [("(", ")"), ("!!(", ")"), ("[", "][0]"), ("[1].all(x, ", ")"), ("true && (", ")")]
    {
        let nested = |levels: usize| format!("{}true{}", open.repeat(levels), close.repeat(levels));
        let accepted = |levels| nested(levels).parse::<CelRule>().ok();
        let deepest = (1..=usize::from(DEPTH_LIMIT)).rev().find_map(accepted);
        let rule = deepest.expect("some depth is accepted");
        let verdicts = evaluate(&[rule], serde_json::Value::Null.into(), soon()).await;
        assert_eq!(verdicts, [Ok(true)], "{open}");
    }
    let sum = (1..110).rev().find_map(|terms| {
        format!("{}1 == {}", "1 + ".repeat(terms), terms + 1).parse::<CelRule>().ok()
    });
    let verdicts = evaluate(&[sum.unwrap()], serde_json::Value::Null.into(), soon()).await;
    assert_eq!(verdicts, [Ok(true)]);
}

#[tokio::test]
async fn a_loop_over_everything_ends() {
    let body = serde_json::Value::Array(vec![serde_json::Value::Bool(true); 100]);
    let value = value::from_json(&body);
    for rule in [
        "body.all(a, body.all(b, a && b))",
        "true || body.all(a, body.all(b, a && b))",
        "!body.exists(a, body.exists(b, !a && !b))",
        "size(body.map(a, body.filter(b, a && b))) >= 0",
        "body.exists_one(a, body.exists_one(b, a && b))",
    ] {
        let rule: CelRule = rule.parse().unwrap();
        let verdict = rule.holds(&value, &Meter::new(1_000, soon()));
        // What is decided before the loop is reached needs no loop.
        let wanted = rule.as_str().starts_with("true").then_some(Ok(true));
        let wanted = wanted.unwrap_or(Err("its loops take more than 1000 steps".into()));
        assert_eq!(verdict, wanted, "{rule:?}");
        assert!(rule.holds(&value, &Meter::new(20_000, soon())).is_ok(), "{rule:?}");
    }
    let verdicts =
        evaluate(&["body.all(a, a)".parse().unwrap()], body.into(), Instant::now()).await;
    assert_eq!(verdicts, [Err(meter::DEADLINE.to_owned())]);
}

#[tokio::test]
async fn an_error_does_not_quote_the_body() {
    let body = serde_json::Value::Array(vec!["狼\u{1b}".into(); 10_000]);
    let verdicts = evaluate(&["body + 1 == 2".parse().unwrap()], body.into(), soon()).await;
    let error = verdicts[0].clone().unwrap_err();
    assert!(error.len() < 400 && !error.contains('\u{1b}'), "{error}");
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "[a-z.()\\[\\]{}'\"!?:&|<>=+*/%, 0-9\\n狼-]{0,40}") {
        let _ = text.parse::<CelRule>();
    }
}
