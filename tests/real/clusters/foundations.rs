//! What the tests of clusters rest on: rights are what they were given as, outages and lost history are real.

use serde_json::{Value, json};

use crate::{kube::Cluster, server::wait_until};

#[test]
fn outages_lost_history_and_rights_are_real() {
    let Some(mut cluster) = Cluster::start() else { return };
    rights_are_given_and_taken(&cluster);
    history_is_lost(&mut cluster);
    what_was_stored_survives(&mut cluster);
}

fn rights_are_given_and_taken(cluster: &Cluster) {
    let may = |guest: &std::path::Path, words: &str| cluster.kubectl_as(guest, words);
    let rule =
        |verbs: &Value| json!([{ "apiGroups": [""], "resources": ["namespaces"], "verbs": verbs }]);
    let guest = cluster.guest(&rule(&json!(["get", "list"])));
    let stranger = cluster.guest(&json!([]));
    assert!(guest.token != stranger.token && cluster.ca_file().exists());
    wait_until("a right to be given", || may(&guest.kubeconfig, "get namespaces").ok());
    assert!(may(&guest.kubeconfig, "get pods").unwrap_err().contains("Forbidden"));
    assert!(may(&stranger.kubeconfig, "get namespaces").unwrap_err().contains("Forbidden"));
    cluster.allow(&guest, &rule(&json!(["get"])));
    wait_until("a right to be taken", || may(&guest.kubeconfig, "get namespaces").err());
    may(&guest.kubeconfig, "get namespace default").unwrap();
}

/// Where a server starts anew, a list that was begun before cannot be continued, and a watch from before cannot be had.
fn history_is_lost(cluster: &mut Cluster) {
    for name in ["one", "two", "three"] {
        cluster.kubectl(&format!("create configmap {name}")).unwrap();
    }
    let path = "/api/v1/namespaces/default/configmaps";
    let page = cluster.kubectl(&format!("get --raw {path}?limit=1")).unwrap();
    let page: Value = serde_json::from_str(&page).unwrap();
    let metadata = |field: &str| page["metadata"][field].as_str().unwrap().to_owned();
    let (next, version) = (metadata("continue"), metadata("resourceVersion"));
    let continued = format!("get --raw {path}?limit=1&continue={next}");
    let watched = format!("get --raw {path}?watch=true&timeoutSeconds=1&resourceVersion={version}");
    // A compaction at the very version of the page would leave it readable.
    cluster.kubectl("delete configmap three").unwrap();
    assert!(cluster.compact() > version.parse().unwrap());
    cluster.kubectl(&continued).unwrap();
    assert!(cluster.kubectl(&watched).unwrap().contains("DELETED"));
    cluster.kill_apiserver();
    cluster.start_apiserver();
    for request in [continued, watched] {
        let said = cluster.kubectl(&request).unwrap_or_else(|error| error);
        assert!(said.contains("too old") || said.contains("Expired"), "{request}: {said}");
    }
}

fn what_was_stored_survives(cluster: &mut Cluster) {
    let url = cluster.url();
    cluster.kill_etcd();
    assert!(cluster.kubectl("create configmap four --request-timeout=2s").is_err());
    cluster.kill_apiserver();
    let gone = cluster.kubectl("get configmaps").unwrap_err();
    assert!(gone.contains("refused"), "{gone}");
    cluster.start_etcd();
    cluster.start_apiserver();
    assert_eq!(url, cluster.url());
    assert_eq!(cluster.get("configmap two")["metadata"]["name"], "two");
}
