use super::*;
use crate::probe;

fn spec(toml: &str) -> Spec {
    toml::from_str(toml).unwrap()
}

fn problems(toml: &str) -> Vec<String> {
    spec(toml).problems().into_iter().map(|problem| problem.path).collect()
}

#[test]
fn the_example_is_valid() {
    let own = Spec::EXAMPLE.split("\n[").next().unwrap();
    let spec = spec(&own.replace("kubernetes.", ""));
    assert_eq!(spec.problems(), []);
    assert_eq!(toml::from_str::<Spec>(&toml::to_string(&spec).unwrap()), Ok(spec));
}

#[test]
fn every_kind_is_read_by_its_word() {
    for kind in ObjectKind::ALL {
        let read: ObjectKind = serde_json::from_value(kind.word().into()).unwrap();
        assert_eq!(read, kind);
    }
}

#[test]
fn amounts() {
    let amount = |toml: &str| {
        let table = toml::from_str::<toml::Table>(&format!("a = {toml}")).unwrap();
        table["a"].clone().try_into::<Amount>()
    };
    for (toml, of, wanted) in
        [("3", 10, 3), ("'80%'", 10, 8), ("'80%'", 3, 3), ("'50%'", 0, 0), ("'2'", 9, 2)]
    {
        assert_eq!(amount(toml).unwrap().of(of), wanted, "{toml} of {of}");
    }
    for toml in ["-1", "'101%'", "'x'", "'%'", "1.5", "true"] {
        assert!(amount(toml).is_err(), "{toml}");
    }
}

#[test]
fn which_object_is_meant() {
    let place = |toml: &str| {
        assert_eq!(problems(toml), [""; 0], "{toml}");
        spec(toml).target()
    };
    assert_eq!(place("kind = 'job'\nnamespace = 'a'\nname = 'b'"), "job a/b");
    assert_eq!(place("kind = 'node'\nname = 'b'\ncluster = 'c'"), "c: node b");
    let pods = "kind = 'pods'\nnamespace = 'a'\nselector = { 'k8s.io/app' = 'b', tier = '' }";
    assert_eq!(place(pods), "pods a/k8s.io/app=b,tier=");
    let custom = "kind = 'custom'\nresource = 'x.test/v1/things'\nname = 'b'";
    assert_eq!(place(custom), "things.x.test b");
    for (toml, wrong) in [
        ("kind = 'job'\nname = 'b'", "kind"),
        ("kind = 'job'\nnamespace = 'a'", "kind"),
        ("kind = 'job'\nnamespace = 'a/../b'\nname = 'b'", "namespace"),
        ("kind = 'job'\nnamespace = 'a'\nname = 'b c'", "name"),
        ("kind = 'node'\nnamespace = 'a'\nname = 'b'", "namespace"),
        ("kind = 'pods'\nnamespace = 'a'", "kind"),
        ("kind = 'pods'\nnamespace = 'a'\nname = 'b'\nselector = { a = 'b' }", "selector"),
        ("kind = 'pods'\nnamespace = 'a'\nselector = { a = 'b,c' }", "selector"),
        ("kind = 'custom'\nname = 'b'", "kind"),
        ("kind = 'node'\nname = 'b'\nresource = 'x.test/v1/things'", "resource"),
    ] {
        assert_eq!(problems(toml), [wrong], "{toml}");
    }
    for toml in ["resource = 'things'", "resource = 'a/b/c/d'", "resource = 'a//c'"] {
        let toml = format!("kind = 'custom'\nname = 'b'\n{toml}");
        assert!(toml::from_str::<Spec>(&toml).is_err(), "{toml}");
    }
}

#[test]
fn expectations_go_with_their_kinds() {
    let job = "kind = 'job'\nnamespace = 'a'\nname = 'b'\n";
    for (key, toml) in [
        ("available", "available = 1"),
        ("restarts", "restarts = { most = 1, within = '1h' }"),
        ("ready_endpoints", "ready_endpoints = 1"),
        ("jsonpath", "jsonpath = '$.a'"),
        ("equals", "equals = 1"),
    ] {
        assert_eq!(problems(&format!("{job}{toml}")), [key]);
    }
    assert_eq!(problems(&format!("{job}max_age_of_success = '1h'")), [""; 0]);
    assert_eq!(problems(&format!("{job}max_age_of_success = '0s'")), ["max_age_of_success"]);
    let conditions = problems(&format!("{job}conditions = {{ Complete = 'yes' }}"));
    assert_eq!(conditions, ["conditions.Complete"]);
    let pods = "kind = 'pods'\nnamespace = 'a'\nname = 'b'\n";
    let restarts = problems(&format!("{pods}restarts = {{ most = 101, within = '0s' }}"));
    assert_eq!(restarts, ["restarts.most", "restarts.within"]);
    let custom = "kind = 'custom'\nresource = 'x.test/v1/things'\nname = 'b'\n";
    assert_eq!(problems(&format!("{custom}jsonpath = '$.a'")), ["jsonpath"]);
    assert_eq!(problems(&format!("{custom}equals = 1")), ["equals"]);
}

#[tokio::test]
async fn a_single_run_says_that_it_cannot_tell() {
    let spec = probe::Spec::Kubernetes(spec("kind = 'node'\nname = 'b'"));
    assert!(spec.is_watched());
    assert!(spec.aimed(&Aim { target: "c", ..Aim::default() }).is_err());
    let report = probe::testing::probe(spec, std::time::Duration::from_secs(1)).await;
    assert_eq!(report.reason(), Some(Reason::DaemonNeeded));
    assert_eq!(report.outcome.verdict, crate::model::Verdict::Unknown);
}
