//! Checks of Kubernetes objects: which cluster, which object, and expectations that go with it.

use super::{load_text, shown};

#[test]
fn mistakes_about_objects_have_their_places() {
    let (directory, loaded) = load_text(
        "config.toml",
        r#"
[clusters.one]
[clusters.two]
context = "two"
[checks.no_cluster]
kubernetes = { kind = "node", name = "n1" }
[checks.misspelt_cluster]
kubernetes = { cluster = "on", kind = "node", name = "n1" }
[checks.misspelt_kind]
kubernetes = { cluster = "one", kind = "deploy", namespace = "a", name = "b" }
[checks.nowhere]
kubernetes = { cluster = "one", kind = "deployment", name = "b" }
[checks.everywhere]
kubernetes = { cluster = "one", kind = "pods", namespace = "a" }
[checks.misplaced]
kubernetes.cluster = "one"
kubernetes.kind = "service"
kubernetes.namespace = "a"
kubernetes.name = "b"
kubernetes.available = "80%"
kubernetes.restarts = { most = 3, within = "1h" }
[checks.values]
kubernetes.cluster = "one"
kubernetes.kind = "custom"
kubernetes.resource = "certificates"
kubernetes.name = "b"
[checks.shares]
kubernetes = { cluster = "one", kind = "daemonset", namespace = "a", name = "b", available = "120%" }
[checks.half]
kubernetes.cluster = "one"
kubernetes.kind = "custom"
kubernetes.resource = "x.test/v1/things"
kubernetes.name = "b/c"
kubernetes.jsonpath = "$.status"
kubernetes.conditions = { Ready = "yes" }
"#,
    );
    insta::assert_snapshot!(shown(&directory, &loaded));
}

#[test]
fn a_check_without_any_cluster_says_what_is_missing() {
    let (directory, loaded) =
        load_text("config.toml", "[checks.a]\nkubernetes = { kind = \"node\", name = \"n1\" }\n");
    insta::assert_snapshot!(shown(&directory, &loaded));
}

#[test]
fn the_only_cluster_need_not_be_named() {
    let text = "[clusters.prod]\n[checks.a]\nkubernetes = { kind = \"node\", name = \"n1\" }\n";
    let (_directory, loaded) = load_text("config.toml", text);
    assert_eq!(loaded.diagnostics, []);
    let config = loaded.config.as_ref().unwrap();
    assert_eq!(&*config.checks[0].settings.target, "prod: node n1");
    assert!(loaded.effective(false).contains("cluster = \"prod\""), "{}", loaded.effective(false));
}
