use serde_json::{Value, json};

use super::*;
use crate::cluster::{
    Watched,
    spec::{Access, Cluster, Settings},
};

/// A cluster that told these events, by name, reason and minute.
fn cluster(name: &str, events: &[(&str, &str, u32)]) -> Arc<Watched> {
    let spec = Cluster {
        name: name.into(),
        access: Access::InCluster,
        resources: vec!["events".to_owned()],
        namespaces_denylist: Vec::new(),
        node: None,
        settings: Settings::default(),
    };
    let watched = Watched::new(spec, Clock::anchored(fixture::at(0)));
    for (object, reason, minute) in events {
        let event = json!({
            "metadata": { "namespace": "shop", "name": format!("{object}.{minute}"), "uid": format!("{name}-{minute}") },
            "involvedObject": { "kind": "Pod", "namespace": "shop", "name": object },
            "type": "Warning", "reason": reason, "message": "back-off <b>", "count": 2,
            "reportingComponent": "kubelet",
            "firstTimestamp": "2026-01-31T07:00:00Z",
            "lastTimestamp": format!("2026-01-31T08:{minute:02}:00Z"),
        });
        watched.members()[0].collector.changed(0, &event.to_string()).unwrap();
    }
    Arc::new(watched)
}

#[tokio::test]
async fn events_of_all_clusters_are_listed_the_newest_first() {
    let setup = setup();
    assert_eq!(get(&setup.router, "/api/v1/events").await.json(), json!({ "events": [] }));
    let home = cluster("home", &[("a", "BackOff", 1), ("b", "Killing", 5), ("a", "BackOff", 9)]);
    let far = cluster("far", &[("c", "BackOff", 7)]);
    setup.clusters.store(Arc::new(vec![home, far]));
    let listed = async |query: &str| -> Vec<Value> {
        let answer = get(&setup.router, &format!("/api/v1/events?{query}")).await.json();
        answer["events"].as_array().unwrap().clone()
    };
    let all = listed("").await;
    let names = |rows: &[Value]| {
        rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&all), ["a", "c", "b", "a"]);
    assert_eq!(
        all[1],
        json!({
            "cluster": "far", "type": "Warning", "reason": "BackOff", "kind": "Pod", "namespace": "shop", "name": "c",
            "component": "kubelet", "host": "", "message": "back-off <b>", "count": 2,
            "first": "2026-01-31T07:00:00Z", "last": "2026-01-31T08:07:00Z",
        })
    );
    for (query, expected) in [
        ("limit=2", &["a", "c"][..]),
        ("cluster=home", &["a", "b", "a"]),
        ("reason=Killing", &["b"]),
        ("name=a&reason=BackOff&limit=1", &["a"]),
        ("namespace=shop&kind=Pod&type=Warning", &["a", "c", "b", "a"]),
        ("namespace=bank", &[]),
        ("kind=Node", &[]),
        ("type=Normal", &[]),
    ] {
        assert_eq!(names(&listed(query).await), expected, "{query}");
    }
    for query in ["limit=0", "limit=x", "since=1h"] {
        let answer = get(&setup.router, &format!("/api/v1/events?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
    }
}
