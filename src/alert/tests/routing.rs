use super::world::{World, child, config, pairs, route, secs};
use crate::alert::{
    receivers_of,
    routes::Tree,
    spec::{GroupBy, Route},
};

fn names(root: &Route, labels: &str) -> Vec<String> {
    let config = config(root.clone());
    receivers_of(&config, &pairs(labels)).iter().map(ToString::to_string).collect()
}

fn tree() -> Route {
    let on = |route| Route { continues: true, ..route };
    Route {
        routes: vec![
            on(child("audit", "team=~\".+\"")),
            Route {
                routes: vec![
                    child("db-critical", "severity=critical"),
                    on(child("db-log", "log=yes")),
                    child("db-warning", "severity=warning"),
                ],
                ..child("db", "team=db")
            },
            child("web", "team=web"),
            on(child("never-last", "team=x")),
        ],
        ..route("root")
    }
}

#[test]
fn depth_first_left_to_right_with_continue() {
    let tree = tree();
    for (labels, wanted) in [
        ("a=b", &["root"][..]),
        ("team=other", &["audit"]),
        ("team=web", &["audit", "web"]),
        ("team=x", &["audit", "never-last"]),
        ("team=db", &["audit", "db"]),
        ("team=db severity=critical log=yes", &["audit", "db-critical"]),
        ("team=db severity=warning log=yes", &["audit", "db-log", "db-warning"]),
        ("team=db log=yes", &["audit", "db-log"]),
    ] {
        assert_eq!(names(&tree, labels), wanted, "{labels}");
    }
}

#[test]
fn the_memo_answers_as_the_walk_does() {
    let mut tree = Tree::new(&tree());
    let mut ask = |labels: &str| {
        let path = tree.path_of(&pairs(labels));
        (path, tree.path(path).unwrap().receivers.to_vec())
    };
    let first = ask("team=db severity=critical instance=1");
    // Other labels do not matter, an empty value is none.
    assert_eq!(ask("team=db severity=critical instance=2"), first);
    assert_ne!(ask("team=db severity=critica instance=l"), first);
    assert_eq!(ask("instance=1"), ask("team= x=y"));
}

#[test]
fn keys_and_ids_are_alertmanagers() {
    let mut tree = Tree::new(&tree());
    let labels = pairs("alertname=X cluster=a\"b team=db severity=critical");
    let path = tree.path_of(&labels);
    let nodes = tree.path(path).unwrap().nodes.to_vec();
    let node = tree.node(nodes[1]).unwrap();
    assert_eq!(&*node.key, r#"{}/{team="db"}/{severity="critical"}"#);
    assert_eq!(&*node.id, r#"{}/{team="db"}/1/{severity="critical"}/0"#);
    let group = node.group_labels(&labels);
    assert_eq!(&*node.group_key(&group), r#"{}/{team="db"}/{severity="critical"}:{alertname="X"}"#);
    assert_eq!(node.group_of(&labels), group.fingerprint());
    let two = pairs("alertname=X cluster=a\"b");
    assert_eq!(&*tree.node(0).unwrap().group_key(&two), r#"{}:{alertname="X", cluster="a\"b"}"#);
}

#[test]
fn group_by_decides_what_is_told_together() {
    for (group_by, notices) in [
        (GroupBy::All, 3),
        (GroupBy::Labels(["alertname".into(), "zone".into()].into()), 2),
        (GroupBy::Labels([].into()), 1),
    ] {
        let mut world = World::new(config(Route { group_by, ..route("ops") }));
        for labels in ["alertname=X zone=a n=1", "alertname=X zone=b n=2", "alertname=X zone=a n=3"]
        {
            world.fire(labels);
        }
        world.advance(secs(60));
        assert_eq!(world.told().len(), notices);
    }
}

#[test]
fn an_alert_of_two_routes_is_in_two_groups() {
    let mut world = World::new(config(tree()));
    world.fire("alertname=X team=web");
    world.advance(secs(60));
    let mut receivers: Vec<_> =
        world.sent.iter().map(|(_, notice)| notice.lane.receiver.to_string()).collect();
    receivers.sort();
    assert_eq!(receivers, ["audit", "web"]);
    world.resolve("alertname=X team=web");
    world.advance(secs(600));
    assert_eq!(world.sent.len(), 4);
    assert_eq!(world.pipeline.groups.len(), 0);
}

#[test]
fn a_notice_knows_the_labels_of_its_route() {
    let labels = pairs("team=web");
    let tree = Route {
        routes: vec![Route { labels: labels.clone(), ..child("web", "a=b") }],
        ..route("root")
    };
    let mut world = World::new(config(tree));
    world.fire("alertname=X a=b");
    world.fire("alertname=X a=c");
    world.advance(secs(31));
    let of = |receiver: &str| {
        let mut sent = world.sent.iter().map(|(_, notice)| notice);
        sent.find(|notice| &*notice.lane.receiver == receiver).unwrap().route_labels.clone()
    };
    assert_eq!((of("web"), of("root")), (labels, pairs("")));
}
