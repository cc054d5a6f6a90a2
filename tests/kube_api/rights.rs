//! Tokens and rights.

use serde_json::json;

use crate::{
    client::{Line, Watch, answer, get, get_as},
    six_pods,
    support::{
        kube_api::{KubeApi, Rule},
        patience::patience,
    },
};

#[tokio::test]
async fn a_token_is_asked_for() {
    let server = KubeApi::start().await;
    server.require_token("secret");
    for headers in [&[][..], &[("Authorization", "Bearer other")]] {
        let answer = get_as(&server, "/api/v1/pods", headers).await;
        assert_eq!((answer.status, &answer.json["reason"]), (401, &json!("Unauthorized")));
    }
    let headers = [("Authorization", "Bearer secret")];
    assert_eq!(get_as(&server, "/api/v1/pods", &headers).await.status, 200);
}

#[tokio::test]
async fn a_right_can_be_taken_and_given_back() {
    let server = six_pods().await;
    let path = format!("/apis/apps/v1/deployments?watch=true&resourceVersion={}", server.version());
    let mut watch = Watch::open(&server, &path).await;
    let rule = Rule::new(&["list", "watch"], &["apps"], &["deployments"]);
    server.take(rule.clone());
    let refused = get(&server, "/apis/apps/v1/namespaces/a/deployments").await;
    assert_eq!((refused.status, &refused.json["reason"]), (403, &json!("Forbidden")));
    let message = "deployments.apps is forbidden: User \"admin\" cannot list resource \"deployments\" \
                   in API group \"apps\" in the namespace \"a\"";
    assert_eq!(refused.json["message"], message);
    assert_eq!(refused.json["details"], json!({ "group": "apps", "kind": "deployments" }));
    assert_eq!(get(&server, &path).await.status, 403);
    assert_eq!(get(&server, "/api/v1/pods").await.status, 200);
    server.end_watches(Some("deployments"));
    assert_eq!(watch.line(patience()).await, Line::End);
    server.give_back(&rule);
    assert_eq!(get(&server, "/apis/apps/v1/deployments").await.status, 200);
}

#[tokio::test]
async fn a_role_allows_what_it_says_and_nothing_else() {
    let server = six_pods().await;
    let role = json!({ "rules": [
        { "apiGroups": [""], "resources": ["pods"], "verbs": ["list"] },
        { "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["tls"], "verbs": ["get", "list"] },
    ] });
    let mut rules = Rule::of_role(&role);
    rules.push(Rule::new(&["*"], &[""], &["services"]).within("a"));
    server.allow_only(rules);
    for (path, status) in [
        ("/api/v1/pods", 200),
        ("/api/v1/namespaces/a/pods", 200),
        ("/api/v1/pods?watch=true", 403),
        ("/api/v1/namespaces/a/pods/p0", 403),
        ("/api/v1/nodes", 403),
        ("/api/v1/nothings", 403),
        ("/api/v1/services", 403),
        ("/api/v1/namespaces/a/services", 200),
        ("/api/v1/namespaces/b/services", 403),
        ("/api/v1/namespaces/a/secrets", 403),
        ("/api/v1/namespaces/a/secrets?fieldSelector=metadata.name%3Dtls", 200),
        ("/api/v1/namespaces/a/secrets/tls", 404),
        ("/apis", 200),
    ] {
        assert_eq!(get(&server, path).await.status, status, "{path}");
    }
    for (namespace, allowed) in [("a", true), ("b", false)] {
        let attributes = json!({ "verb": "list", "resource": "services", "namespace": namespace });
        let review = json!({ "kind": "SelfSubjectAccessReview", "spec": { "resourceAttributes": attributes } });
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let answer = answer(&server, "POST", path, &[], &review.to_string()).await.unwrap();
        assert_eq!((answer.status, &answer.json["status"]), (201, &json!({ "allowed": allowed })));
    }
}
