use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::{
    Bell,
    keep::Keep,
    scene::Scene,
    selection::{Pick, Selection},
    subject,
};
use crate::{
    clock::Clock,
    cluster::{collector::Keeper, kinds::KINDS},
    model::{Fact, Reason},
    probe::spec::kubernetes::{ObjectKind, Spec},
};

const NOW: &str = "2026-11-28T12:00:00Z";

fn spec(toml: &str) -> Spec {
    toml::from_str(toml).unwrap()
}

/// The keeps of a check, filled with these objects, a list for each of what it sees.
fn keeps(spec: &Spec, objects: &[Vec<Value>]) -> Vec<Arc<Keep>> {
    let sees = (subject::of(spec.kind).sees)(spec);
    let clock = Clock::anchored(NOW.parse().unwrap());
    let keeps = sees.into_iter().enumerate().map(|(at, (subject, pick))| {
        let mut selection = Selection::default();
        selection.add(pick, spec.jsonpath.as_ref());
        let bell = Arc::new(Bell::heard_at(Arc::new(Notify::new())));
        let keep = Keep::new(subject, selection, clock, bell);
        keep.begin(0);
        for object in objects.get(at).into_iter().flatten() {
            keep.listed(0, &object.to_string()).unwrap();
        }
        keep.end(0);
        Arc::new(keep)
    });
    keeps.collect()
}

fn look(spec: &Spec, keeps: &[Arc<Keep>]) -> (Result<(), (Reason, String)>, Vec<Fact>) {
    let scene = Scene { now: NOW.parse().unwrap(), keeps };
    let mut facts = Vec::new();
    let verdict = (subject::of(spec.kind).judge)(spec, &scene, &mut facts);
    (verdict.map_err(|failure| (failure.reason, failure.detail)), facts)
}

/// What comes of a check that sees these objects.
fn verdict(toml: &str, objects: &[Vec<Value>]) -> Result<(), (Reason, String)> {
    let spec = spec(toml);
    look(&spec, &keeps(&spec, objects)).0
}

fn fails(toml: &str, objects: &[Vec<Value>]) -> (Reason, String) {
    verdict(toml, objects).unwrap_err()
}

fn object(name: &str, rest: Value) -> Value {
    let mut object = rest;
    object["metadata"]["name"] = name.into();
    object["metadata"]["namespace"] = "shop".into();
    object["metadata"]["creationTimestamp"] = "2026-11-28T00:00:00Z".into();
    object
}

#[test]
fn checks_and_collectors_mean_the_same_resources() {
    for kind in ObjectKind::ALL {
        let spec = spec(&format!("kind = '{}'", kind.word()));
        for (subject, _) in (subject::of(kind).sees)(&spec) {
            let Some(resource) = &subject.resource else { continue };
            assert!(KINDS.iter().any(|entry| entry.resource == resource), "{resource:?}");
        }
    }
}

#[test]
fn a_share_of_the_replicas() {
    let toml =
        |rest: &str| format!("kind = 'deployment'\nnamespace = 'shop'\nname = 'web'\n{rest}");
    let web = |there: i64| {
        vec![vec![object(
            "web",
            json!({"spec": {"replicas": 3}, "status": {"availableReplicas": there}}),
        )]]
    };
    assert_eq!(verdict(&toml(""), &web(3)), Ok(()));
    let (reason, detail) = fails(&toml(""), &web(2));
    assert_eq!(reason, Reason::ReplicasUnavailable);
    assert_eq!(detail, "2 of 3 replicas are available, wanted 3");
    assert_eq!(verdict(&toml("available = '50%'"), &web(2)), Ok(()));
    assert_eq!(fails(&toml("available = '80%'"), &web(2)).0, Reason::ReplicasUnavailable);
    assert_eq!(verdict(&toml("available = 1"), &web(1)), Ok(()));
    assert_eq!(fails(&toml(""), &[]).0, Reason::ObjectMissing);
    // Go leaves out what is zero, and one is wanted where nothing is said.
    let bare = vec![vec![object("web", json!({}))]];
    assert_eq!(fails(&toml(""), &bare).1, "0 of 1 replicas are available, wanted 1");
}

#[test]
fn pods_that_are_not_meant_do_not_count() {
    let toml = "kind = 'pods'\nnamespace = 'shop'\nselector = { app = 'web' }\n";
    let pod = |name: &str, phase: &str, ready: &str, owned: bool| {
        let owner = json!([{"kind": "ReplicaSet", "name": "web", "controller": true}]);
        object(
            name,
            json!({
                "metadata": {
                    "labels": {"app": "web", "x": "y"},
                    "ownerReferences": if owned { owner } else { Value::Null },
                },
                "status": {"phase": phase, "conditions": [{"type": "Ready", "status": ready}]},
            }),
        )
    };
    let up = || pod("a", "Running", "True", true);
    assert_eq!(verdict(toml, &[vec![up()]]), Ok(()));
    assert_eq!(fails(toml, &[vec![]]).0, Reason::ObjectMissing);
    for left_out in [pod("b", "Succeeded", "False", false), pod("b", "Failed", "False", true)] {
        assert_eq!(verdict(toml, &[vec![up(), left_out.clone()]]), Ok(()));
        assert_eq!(fails(toml, &[vec![left_out]]).0, Reason::ObjectMissing);
    }
    let evicted = pod("b", "Failed", "False", false);
    assert_eq!(fails(toml, &[vec![up(), evicted]]).1, "1 of 2 pods are ready, wanted 2");
    let mut going = pod("b", "Running", "False", true);
    going["metadata"]["deletionTimestamp"] = NOW.into();
    assert_eq!(verdict(toml, &[vec![up(), going]]), Ok(()));
    let mut other = pod("b", "Running", "False", true);
    other["metadata"]["labels"] = json!({"app": "other"});
    assert_eq!(verdict(toml, &[vec![up(), other]]), Ok(()));
    let conditions = format!("{toml}conditions = {{ Ready = 'True', Settled = 'True' }}");
    let (reason, detail) = fails(&conditions, &[vec![up()]]);
    assert_eq!(reason, Reason::ConditionMismatch);
    assert_eq!(detail, "a: there is no condition Settled, wanted True");
}

#[test]
fn restarts_of_one_pod_count_together() {
    let toml =
        "kind = 'pods'\nnamespace = 'shop'\nname = 'a'\nrestarts = { most = 2, within = '1h' }";
    let spec = spec(toml);
    let pod = |uid: &str, counts: [i64; 2]| {
        object(
            "a",
            json!({
                "metadata": {"uid": uid},
                "status": {
                    "phase": "Running",
                    "conditions": [{"type": "Ready", "status": "True"}],
                    "containerStatuses": [
                        {"restartCount": counts[0]},
                        {"restartCount": counts[1], "lastState":
                            {"terminated": {"finishedAt": "2026-11-28T11:30:00Z"}}},
                    ],
                },
            }),
        )
    };
    let keeps = keeps(&spec, &[vec![pod("1", [40, 1])]]);
    let restarts = |keeps: &[Arc<Keep>]| {
        let (verdict, facts) = look(&spec, keeps);
        let fact = facts.iter().find(|fact| fact.desc.name == "noroshi_kubernetes_restarts");
        (verdict.map_err(|(reason, _)| reason), fact.unwrap().value)
    };
    assert_eq!(restarts(&keeps), (Ok(()), 1.0), "the last one is known, what was before is not");
    let changed = |pod: Value| keeps[0].changed(0, &pod.to_string()).unwrap();
    changed(pod("1", [41, 1]));
    assert_eq!(restarts(&keeps), (Ok(()), 2.0));
    changed(pod("1", [41, 2]));
    assert_eq!(restarts(&keeps), (Err(Reason::PodRestarts), 3.0));
    assert!(!changed(pod("1", [41, 2])).is_news);
    // A new list is no reason to forget.
    keeps[0].begin(0);
    keeps[0].listed(0, &pod("1", [41, 2]).to_string()).unwrap();
    keeps[0].end(0);
    assert_eq!(restarts(&keeps), (Err(Reason::PodRestarts), 3.0));
    changed(pod("2", [0, 0]));
    assert_eq!(restarts(&keeps), (Ok(()), 0.0), "another pod of the same name");
}

#[test]
fn jobs_and_their_ages() {
    let cron = |rest: &str| format!("kind = 'cronjob'\nnamespace = 'shop'\nname = 'a'\n{rest}");
    let of = |status: Value| vec![vec![object("a", json!({ "status": status }))]];
    let ran = json!({"lastScheduleTime": "2026-11-28T11:00:00Z", "lastSuccessfulTime": "2026-11-28T11:05:00Z"});
    assert_eq!(verdict(&cron(""), &of(ran.clone())), Ok(()));
    assert_eq!(verdict(&cron("max_age_of_success = '55m'"), &of(ran.clone())), Ok(()));
    let (reason, detail) = fails(&cron("max_age_of_success = '54m'"), &of(ran));
    assert_eq!(reason, Reason::SuccessTooOld);
    assert_eq!(detail, "the last success was 55m ago, permitted are 54m");
    let failed = json!({"lastScheduleTime": "2026-11-28T11:00:00Z"});
    assert_eq!(fails(&cron(""), &of(failed.clone())).0, Reason::JobFailed);
    assert_eq!(verdict(&cron("max_age_of_success = '12h'"), &of(failed.clone())), Ok(()));
    assert_eq!(
        fails(&cron("max_age_of_success = '11h'"), &of(failed.clone())).0,
        Reason::SuccessTooOld
    );
    let mut running = failed;
    running["active"] = json!([{"name": "a-1"}]);
    assert_eq!(verdict(&cron(""), &of(running)), Ok(()));
    assert_eq!(verdict(&cron(""), &of(json!({}))), Ok(()), "it was never due");

    let job = |rest: &str| format!("kind = 'job'\nnamespace = 'shop'\nname = 'a'\n{rest}");
    assert_eq!(verdict(&job(""), &of(json!({"active": 1}))), Ok(()));
    let failed =
        json!({"conditions": [{"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}]});
    assert_eq!(
        fails(&job(""), &of(failed)),
        (Reason::JobFailed, "it has failed: DeadlineExceeded".to_owned())
    );
    let done = json!({"completionTime": "2026-11-28T11:59:00Z"});
    assert_eq!(verdict(&job("max_age_of_success = '1m'"), &of(done.clone())), Ok(()));
    assert_eq!(fails(&job("max_age_of_success = '59s'"), &of(done)).0, Reason::SuccessTooOld);
}

fn slice(name: &str, service: &str, endpoints: &Value) -> Value {
    let labels = json!({"kubernetes.io/service-name": service});
    object(name, json!({"metadata": {"labels": labels}, "endpoints": endpoints}))
}

#[test]
fn an_endpoint_of_both_families_is_one() {
    let toml = |rest: &str| format!("kind = 'service'\nnamespace = 'shop'\nname = 'web'\n{rest}");
    let services = || vec![object("web", json!({"spec": {"type": "ClusterIP"}}))];
    let pod = |uid: &str, address: &str, ready: Value| json!({"addresses": [address], "targetRef": {"uid": uid}, "conditions": {"ready": ready}});
    let slices = vec![
        slice(
            "web-4",
            "web",
            &json!([pod("1", "10.0.0.1", true.into()), pod("2", "10.0.0.2", false.into())]),
        ),
        slice("web-6", "web", &json!([pod("1", "fd00::1", Value::Null)])),
        slice("other-4", "other", &json!([pod("3", "10.0.0.3", true.into())])),
    ];
    assert_eq!(verdict(&toml(""), &[services(), slices.clone()]), Ok(()));
    let (reason, detail) = fails(&toml("ready_endpoints = 2"), &[services(), slices]);
    assert_eq!((reason, &*detail), (Reason::EndpointsNotReady, "1 endpoints are ready, wanted 2"));
    assert_eq!(fails(&toml(""), &[services(), vec![]]).0, Reason::EndpointsNotReady);
    let external = vec![object("web", json!({"spec": {"type": "ExternalName"}}))];
    assert_eq!(verdict(&toml(""), &[external.clone(), vec![]]), Ok(()));
    assert_eq!(
        fails(&toml("ready_endpoints = 1"), &[external, vec![]]).0,
        Reason::EndpointsNotReady
    );
}

#[test]
fn every_way_of_an_ingress_leads_somewhere() {
    let toml = "kind = 'ingress'\nnamespace = 'shop'\nname = 'front'";
    let backend = |name: &str| json!({"service": {"name": name, "port": {"number": 80}}});
    let front = || {
        let paths =
            json!([{"backend": backend("web")}, {"backend": {"resource": {"kind": "Bucket"}}}]);
        let rules = json!([{"http": {"paths": paths}}, {"host": "b"}]);
        vec![object("front", json!({"spec": {"defaultBackend": backend("last"), "rules": rules}}))]
    };
    let service = |name: &str| object(name, json!({}));
    let ready = |name: &str| slice(name, name, &json!([{"addresses": ["10.0.0.1"]}]));
    let both = || vec![service("web"), service("last")];
    let all = [front(), vec![ready("web"), ready("last")], both()];
    assert_eq!(verdict(toml, &all), Ok(()));
    let missing = fails(toml, &[front(), vec![], vec![service("web")]]);
    assert_eq!(missing.0, Reason::BackendMissing);
    assert!(missing.1.contains("the service last"), "{}", missing.1);
    let (reason, detail) = fails(toml, &[front(), vec![ready("last")], both()]);
    assert_eq!(reason, Reason::EndpointsNotReady);
    assert_eq!(detail, "0 endpoints of the service web are ready, wanted 1");
    let empty = vec![object("front", json!({"spec": {"rules": null}}))];
    assert_eq!(verdict(toml, &[empty, vec![], vec![]]), Ok(()));
}

#[test]
fn nodes_claims_and_custom_objects() {
    let conditions = |status: &str| json!({"conditions": [{"type": "Ready", "status": status, "reason": "Why"}]});
    let of = |status: Value| vec![vec![object("a", json!({ "status": status }))]];
    let node = "kind = 'node'\nname = 'a'";
    assert_eq!(verdict(node, &of(conditions("True"))), Ok(()));
    let (reason, detail) = fails(node, &of(conditions("Unknown")));
    assert_eq!(
        (reason, &*detail),
        (Reason::NodeNotReady, "Ready is Unknown because of Why, wanted True")
    );
    assert_eq!(fails(node, &of(json!({}))).0, Reason::NodeNotReady);
    let claim = "kind = 'persistentvolumeclaim'\nnamespace = 'shop'\nname = 'a'";
    assert_eq!(verdict(claim, &of(json!({"phase": "Bound"}))), Ok(()));
    assert_eq!(fails(claim, &of(json!({"phase": "Pending"}))).0, Reason::VolumeUnbound);
    let custom =
        |rest: &str| format!("kind = 'custom'\nresource = 'x.test/v1/things'\nname = 'a'\n{rest}");
    assert_eq!(verdict(&custom(""), &of(conditions("True"))), Ok(()));
    assert_eq!(fails(&custom(""), &of(conditions("False"))).0, Reason::ConditionMismatch);
    assert_eq!(
        verdict(&custom("conditions = { Ready = 'False' }"), &of(conditions("False"))),
        Ok(())
    );
    let path = "jsonpath = '$.status.parts[*].size'\nequals = 3";
    let parts = |sizes: Value| of(json!({ "parts": sizes }));
    assert_eq!(verdict(&custom(path), &parts(json!([{"size": 3}, {"size": 3.0}]))), Ok(()));
    let (reason, detail) = fails(&custom(path), &parts(json!([{"size": 3}, {"size": "x"}])));
    assert_eq!(
        (reason, &*detail),
        (Reason::FieldMismatch, "$.status.parts[*].size is 3, \"x\", wanted 3")
    );
    assert_eq!(
        fails(&custom(path), &of(json!("broken"))).1,
        "$.status.parts[*].size is nothing, wanted 3"
    );
}

/// A streamed list tells of a pod, and then that it has lost the label by which it was meant.
#[test]
fn what_nobody_means_any_more_is_forgotten_while_it_is_listed() {
    let spec = spec("kind = 'pods'\nnamespace = 'shop'\nselector.app = 'web'");
    let keeps = keeps(&spec, &[vec![]]);
    let pod =
        |app: &str| object("a", json!({ "metadata": { "labels": { "app": app } } })).to_string();
    keeps[0].begin(0);
    keeps[0].listed(0, &pod("web")).unwrap();
    keeps[0].listed(0, &pod("other")).unwrap();
    keeps[0].end(0);
    assert_eq!(keeps[0].objects(), 0);
}

#[test]
fn what_cannot_be_read_is_not_gone() {
    let node = spec("kind = 'node'\nname = 'a'");
    let keeps = keeps(&node, &[vec![]]);
    let broken = r#"{"metadata":{"name":"a"},"status":{"conditions":"many"}}"#;
    assert!(keeps[0].changed(0, broken).is_err());
    assert_eq!(look(&node, &keeps).0.unwrap_err().0, Reason::ObjectUnreadable);
    let ready =
        object("a", json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}));
    assert!(keeps[0].changed(0, &ready.to_string()).unwrap().is_news);
    keeps[0].begin(0);
    assert!(keeps[0].listed(0, broken).is_err());
    keeps[0].end(0);
    assert_eq!(look(&node, &keeps).0, Ok(()), "what was known stays");
    assert!(keeps[0].gone(0, broken).unwrap().is_news);
    assert_eq!(look(&node, &keeps).0.unwrap_err().0, Reason::ObjectMissing);
    // Nor is one whose metadata cannot be read but for the name.
    let odd = r#"{"metadata":{"name":"a","creationTimestamp":[],"labels":7}}"#;
    assert!(keeps[0].changed(0, odd).is_err());
    let (reason, detail) = look(&node, &keeps).0.unwrap_err();
    assert_eq!((reason, &*detail), (Reason::ObjectUnreadable, "what the API server says of a"));
    assert!(keeps[0].gone(0, broken).unwrap().is_news);
    // Of others nothing is kept.
    let other = object("b", json!({}));
    assert!(!keeps[0].changed(0, &other.to_string()).unwrap().is_news);
    assert_eq!(keeps[0].objects(), 0);
}

/// A keep for all of several checks, as where they look at one place.
fn keep_of(specs: &[&Spec], at: usize) -> Arc<Keep> {
    let mut selection = Selection::default();
    let mut subjects = specs.iter().map(|spec| {
        let (subject, pick) = (subject::of(spec.kind).sees)(spec).swap_remove(at);
        selection.add(pick, None);
        subject
    });
    let subject = subjects.by_ref().last().unwrap();
    drop(subjects);
    let bell = Arc::new(Bell::heard_at(Arc::new(Notify::new())));
    Arc::new(Keep::new(subject, selection, Clock::anchored(NOW.parse().unwrap()), bell))
}

fn of_app(app: &str) -> Spec {
    spec(&format!(
        "kind = 'pods'\nnamespace = 'shop'\nselector = {{ app = '{app}' }}\nrestarts = {{ most = 2, within = '1h' }}"
    ))
}

fn of_apps(name: &str, uid: &str, labels: &Value, restarts: i64) -> Value {
    object(
        name,
        json!({
            "metadata": {"uid": uid, "labels": labels},
            "status": {
                "phase": "Running",
                "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [{"restartCount": restarts}],
            },
        }),
    )
}

#[test]
fn a_pod_that_cannot_be_read_is_unknown_to_those_who_may_mean_it() {
    let (web, other) = (of_app("web"), of_app("other"));
    let keeps = [keep_of(&[&web, &other], 0)];
    let reason = |spec: &Spec| look(spec, &keeps).0.map_err(|(reason, _)| reason);
    let unreadable = Err(Reason::ObjectUnreadable);
    let bad = |labels: Value| {
        json!({"metadata": {"name": "bad", "uid": "9", "labels": labels}, "status": 3}).to_string()
    };
    let (a, b) = (json!({"app": "web"}), json!({"app": "other"}));
    let listed = |bad: &str| {
        keeps[0].begin(0);
        for good in [of_apps("a", "1", &a, 0), of_apps("b", "2", &b, 0)] {
            keeps[0].listed(0, &good.to_string()).unwrap();
        }
        assert_eq!(keeps[0].listed(0, bad).unwrap_err().name, "bad");
        keeps[0].end(0);
    };
    listed(&bad(json!({"app": "other", "x": "y"})));
    assert_eq!((reason(&web), reason(&other)), (Ok(()), unreadable));
    // It has other labels now.
    assert!(keeps[0].changed(0, &bad(json!({"app": "web"}))).is_err());
    assert_eq!((reason(&web), reason(&other)), (unreadable, Ok(())));
    // Nor is it theirs without any of them, whether the rest of its metadata can be read or not.
    for nobody_s in [json!({"app": "third"}), json!({}), Value::Null] {
        for owners in [Value::Null, json!(3)] {
            listed(&bad(json!({"app": "web"})));
            let change = json!({"metadata": {"name": "bad", "uid": "9", "labels": nobody_s, "ownerReferences": owners}});
            assert_eq!(keeps[0].changed(0, &change.to_string()).is_ok(), owners.is_null());
            assert_eq!((reason(&web), reason(&other), keeps[0].objects()), (Ok(()), Ok(()), 2));
        }
    }
    // Who cannot tell which labels it has cannot tell that it is not meant.
    listed(&bad(json!({"app": 7})));
    assert_eq!((reason(&web), reason(&other)), (unreadable, unreadable));
    assert!(keeps[0].gone(0, &bad(json!({"app": 7}))).unwrap().is_news);
    // Of one that was read before, that stays; not of another pod of its name.
    let before = of_apps("bad", "9", &a, 0);
    assert!(keeps[0].changed(0, &before.to_string()).unwrap().is_news);
    listed(&bad(json!({"app": "web"})));
    assert_eq!(reason(&web), Ok(()));
    assert!(keeps[0].changed(0, &bad(json!({"app": "web"})).replace("\"9\"", "\"10\"")).is_err());
    assert_eq!(reason(&web), unreadable);
}

#[test]
fn a_slice_that_cannot_be_read_is_unknown_to_its_service() {
    let to = |name: &str| spec(&format!("kind = 'service'\nnamespace = 'shop'\nname = '{name}'"));
    let (web, other) = (to("web"), to("other"));
    let front = spec("kind = 'ingress'\nnamespace = 'shop'\nname = 'front'");
    let (services, slices) = (keep_of(&[&web, &other], 0), keep_of(&[&web, &front, &other], 1));
    let ingresses = keep_of(&[&front], 0);
    let backend = json!({"service": {"name": "web"}});
    let leads = object("front", json!({"spec": {"defaultBackend": backend}}));
    ingresses.changed(0, &leads.to_string()).unwrap();
    for name in ["web", "other"] {
        services.changed(0, &object(name, json!({})).to_string()).unwrap();
        let ready = slice(name, name, &json!([{"addresses": ["10.0.0.1"]}]));
        slices.changed(0, &ready.to_string()).unwrap();
    }
    let mut bad = slice("bad", "other", &json!("many"));
    let reasons = || {
        let service = [Arc::clone(&services), Arc::clone(&slices)];
        let ingress = [Arc::clone(&ingresses), Arc::clone(&slices), Arc::clone(&services)];
        [(&web, &service[..]), (&other, &service[..]), (&front, &ingress[..])]
            .map(|(spec, keeps)| look(spec, keeps).0.map_err(|(reason, _)| reason))
    };
    let unreadable = Err(Reason::ObjectUnreadable);
    assert_eq!(reasons(), [Ok(()); 3]);
    assert!(slices.changed(0, &bad.to_string()).is_err());
    assert_eq!(reasons(), [Ok(()), unreadable, Ok(())]);
    bad["metadata"]["labels"]["kubernetes.io/service-name"] = "web".into();
    assert!(slices.changed(0, &bad.to_string()).is_err());
    assert_eq!(reasons(), [unreadable, Ok(()), unreadable]);
}

/// A reload brings a keep of its own where other checks look at the same place.
#[test]
fn restarts_are_remembered_where_others_look_too() {
    let (web, other) = (of_app("web"), of_app("other"));
    let before = keep_of(&[&web], 0);
    let labels = json!({"app": "web"});
    for times in [1, 3, 5] {
        before.changed(0, &of_apps("a", "1", &labels, times).to_string()).unwrap();
        before.changed(0, &of_apps("b", "2", &labels, times).to_string()).unwrap();
    }
    let restarts = |keep: &Arc<Keep>| {
        let (verdict, facts) = look(&web, std::slice::from_ref(keep));
        let fact = facts.iter().find(|fact| fact.desc.name == "noroshi_kubernetes_restarts");
        (verdict.map_err(|(reason, _)| reason), fact.unwrap().value)
    };
    assert_eq!(restarts(&before), (Err(Reason::PodRestarts), 4.0));
    // Twice, before either is listed; and one restarted meanwhile.
    let (between, after) = (keep_of(&[&other], 0), keep_of(&[&web, &other], 0));
    between.remember(&before);
    after.remember(&between);
    let listed = |pods: &[Value]| {
        after.begin(0);
        for pod in pods {
            after.listed(0, &pod.to_string()).unwrap();
        }
        after.end(0);
    };
    listed(&[of_apps("a", "1", &labels, 6), of_apps("b", "3", &labels, 0)]);
    assert_eq!((restarts(&after), after.objects()), ((Err(Reason::PodRestarts), 5.0), 2));
    listed(&[of_apps("b", "3", &labels, 0)]);
    assert_eq!(restarts(&after), (Ok(()), 0.0), "another pod of the same name");
    // What is kept of other objects may be less than these checks want.
    let node = spec("kind = 'node'\nname = 'a'");
    let (known, empty) = (keep_of(&[&node], 0), keep_of(&[&node], 0));
    known.changed(0, &object("a", json!({})).to_string()).unwrap();
    empty.remember(&known);
    assert_eq!(empty.objects(), 0);
}

#[test]
fn a_pod_may_say_any_number() {
    let web = of_app("web");
    let keep = keep_of(&[&web], 0);
    for times in [0, i64::MIN, i64::MAX, i64::MIN, i64::MAX] {
        let mut pod = of_apps("a", "1", &json!({"app": "web"}), times);
        pod["status"]["initContainerStatuses"] = json!([{"restartCount": times}]);
        keep.changed(0, &pod.to_string()).unwrap();
    }
    assert_eq!(look(&web, &[keep]).0.unwrap_err().0, Reason::PodRestarts);
}

#[test]
fn a_pod_that_loses_its_label_is_seen_no_longer() {
    let mut selection = Selection::default();
    selection.add(Pick::Labels([("app".to_owned(), "web".to_owned())].into()), None);
    let subject = (subject::of(ObjectKind::Pods).sees)(&spec("kind = 'pods'"))[0].0;
    let ear = Arc::new(Notify::new());
    let bell = Arc::new(Bell::heard_at(ear));
    let keep =
        Keep::new(subject, selection, Clock::anchored(Timestamp::UNIX_EPOCH), Arc::clone(&bell));
    let pod = |app: &str| object("a", json!({"metadata": {"labels": {"app": app}}})).to_string();
    for (app, is_news, held, rung) in
        [("web", true, 1, 1), ("web", false, 1, 1), ("x", true, 0, 2), ("x", false, 0, 2)]
    {
        assert_eq!(keep.changed(0, &pod(app)).unwrap().is_news, is_news);
        assert_eq!((keep.objects(), bell.times()), (held, rung));
    }
}
