//! Checks of Kubernetes objects: which cluster, which object, and expectations that go with it. And clusters that do not go
//! together, or say what nobody may see.

use super::{codes, load_text, shown};

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

/// Their series carry no `cluster`: Prometheus would refuse the page.
#[test]
fn two_clusters_do_not_write_equal_series() {
    let (directory, loaded) = load_text(
        "config.toml",
        r#"
[clusters.away]
context = "away"
[clusters.home]
[clusters.pods]
resources = ["pods"]
namespaces = ["shop"]
[clusters.rest]
resources = ["nodes", "services"]
"#,
    );
    insta::assert_snapshot!(shown(&directory, &loaded));
    for beside in [
        "[clusters.b]\nserver = \"http://127.0.0.1:1\"\n",
        "[clusters.b]\ncontext = \"b\"\n",
        "[clusters.b]\nkubeconfig = \"/b\"\n[clusters.c]\nkubeconfig = \"/b\"\n",
        // Nothing but checks, and what the first does not show.
        "[clusters.b]\nresources = []\n[clusters.c]\nresources = [\"secrets\"]\n",
    ] {
        let (_directory, loaded) = load_text("config.toml", &format!("[clusters.a]\n{beside}"));
        let told = codes(&loaded);
        assert!(told.is_empty() || told == ["C103"], "{beside}: {told:?}");
    }
}

/// Neither the sentence nor the line that is shown tells the password.
#[test]
fn a_server_has_no_password_in_its_address() {
    for (url, says) in [
        ("http://user:hunter2@127.0.0.1:1", "user and password do not belong into it"),
        ("https://hunter2@h/", "user and password do not belong into it"),
        ("http://user:hunter2/x?y@h", "user and password do not belong into it"),
        ("user:hunter2@h", "user and password do not belong into it"),
        ("http://user:hun ter2@h", "user and password do not belong into it"),
        ("h:6443", "the scheme is `h`"),
        ("ftp://h", "the scheme is `ftp`"),
    ] {
        let (directory, loaded) =
            load_text("config.toml", &format!("[clusters.a]\n  server = \"{url}\"\n"));
        let (page, json) = (shown(&directory, &loaded), format!("{:?}", loaded.diagnostics));
        assert!(page.contains("C011") && page.contains("config.toml:2:12"), "{page}");
        assert!(page.contains(says), "{page}");
        for told in [page, json] {
            assert!(!told.contains("hunter2") && !told.contains("ter2"), "{told}");
        }
    }
    let (directory, loaded) =
        load_text("config.toml", "[clusters.a]\nserver = \"http://u:hunter2@h\"\n");
    insta::assert_snapshot!(shown(&directory, &loaded));
}
