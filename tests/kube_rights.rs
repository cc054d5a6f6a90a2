//! The role that `noroshi rbac` prints is what is asked for, no less and no more; and whoever lacks a right of it lacks
//! one collector.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod support;

use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};

use noroshi::{
    clock::Clock,
    cluster::{
        Watched,
        kinds::KINDS,
        spec::{Access, Cluster, KeysOf, Settings},
    },
    metrics::{Dialect, Encoder, Text, freshness},
};
use serde_json::{Value, json};
use support::{
    daemon::{Daemon, noroshi},
    eventually,
    kube_api::{KubeApi, Resource, Rule, Streaming},
};
use tokio::task::AbortHandle;

/// The objects that `noroshi rbac` prints, and what it says beside them.
fn printed(words: &[&str]) -> (Vec<Value>, String) {
    let output = noroshi(&["rbac", "--output=json"]).args(words).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{words:?}: {said}");
    let list: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(list["kind"], "List");
    (list["items"].as_array().unwrap().clone(), said)
}

/// What the roles among them permit, each where it is bound.
fn permitted(objects: &[Value]) -> Vec<Rule> {
    let roles = objects.iter().filter(|object| object["rules"].is_array());
    let permitted = roles.flat_map(|role| {
        let namespace = role["metadata"]["namespace"].as_str();
        Rule::of_role(role).into_iter().map(move |rule| match namespace {
            Some(namespace) => rule.within(namespace),
            None => rule,
        })
    });
    permitted.collect()
}

/// Verb, group, resource, and the namespace where it is one alone.
type Act = (String, String, String, Option<String>);

/// Everything that the rules permit.
fn acts(rules: &[Rule]) -> BTreeSet<Act> {
    let mut acts = BTreeSet::new();
    for rule in rules {
        for verb in &rule.verbs {
            for group in &rule.groups {
                let resources = rule.resources.iter().cloned();
                acts.extend(resources.map(|resource| {
                    (verb.clone(), group.clone(), resource, rule.namespace.clone())
                }));
            }
        }
    }
    acts
}

/// Everything that was asked, but for what everybody may read.
fn asked(server: &KubeApi) -> BTreeSet<Act> {
    let requests = server.requests();
    let asked = requests.iter().filter(|request| request.path != "/version").map(|request| {
        let parts: Vec<&str> = request.path.split('/').skip(1).collect();
        let (group, rest) = match parts.as_slice() {
            ["api", _, rest @ ..] => ("", rest),
            ["apis", group, _, rest @ ..] => (*group, rest),
            _ => panic!("{}", request.path),
        };
        let (namespace, resource) = match rest {
            ["namespaces", namespace, resource] => (Some(*namespace), *resource),
            [resource] => (None, *resource),
            _ => panic!("{}", request.path),
        };
        let namespace = namespace.map(str::to_owned);
        (request.verb.to_owned(), group.to_owned(), resource.to_owned(), namespace)
    });
    asked.collect()
}

/// A server that has every kind and allows this alone.
async fn server(rules: Vec<Rule>, streaming: Streaming) -> KubeApi {
    let server = KubeApi::start().await;
    for kind in KINDS {
        let resource = kind.resource;
        let api = [resource.group, resource.version].join("/");
        let api = api.trim_start_matches('/');
        let own = Resource::new(api, resource.path, resource.kind, resource.namespaced);
        server.declare(Resource { watchable: resource.polled.is_none(), ..own });
    }
    server.streaming(streaming);
    server.allow_only(rules);
    server
}

/// A cluster that is watched, until it is dropped.
struct Running {
    watched: Arc<Watched>,
    task: AbortHandle,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Running {
    /// Every collector there is.
    fn start(server: &KubeApi, namespaces: &[&str]) -> Self {
        let cluster = Cluster {
            name: "kube-state-metrics".into(),
            access: Access::Server {
                url: server.url(),
                token: None,
                token_file: None,
                ca_file: None,
            },
            resources: KINDS.iter().map(|kind| kind.resource.name.to_owned()).collect(),
            namespaces_denylist: Vec::new(),
            node: None,
            settings: Settings {
                namespaces: namespaces.iter().map(|name| (*name).to_owned()).collect(),
                labels: KeysOf::default(),
                ..Settings::default()
            },
        };
        let watched = Arc::new(Watched::new(cluster, Clock::system()));
        let task = tokio::spawn(Arc::clone(&watched).run()).abort_handle();
        Self { watched, task }
    }

    /// The collectors that are down once each of them runs or has failed, as the metrics tell it.
    async fn down(&self) -> BTreeSet<String> {
        let watched = &self.watched;
        eventually!(watched.members().iter().all(|member| {
            let record = member.health.record();
            record.is_up() || !record.failures.is_empty()
        }));
        let mut page = Text::new(Dialect::Prometheus);
        freshness(&[Arc::clone(watched)], &mut page);
        let page = String::from_utf8(page.buffer().clone()).unwrap();
        let rows = page.lines().filter_map(|line| {
            line.strip_prefix("noroshi_cluster_collector_up{collector=\"")?.split_once("\"} ")
        });
        let (up, down): (Vec<_>, Vec<_>) = rows.partition(|(_, value)| *value == "1");
        assert_eq!(up.len() + down.len(), KINDS.len(), "{page}");
        for (name, _) in &down {
            let why = format!("watch_errors_total{{collector=\"{name}\",reason=\"forbidden\"}} 1");
            assert!(page.contains(&why), "{page}");
        }
        down.into_iter().map(|(name, _)| name.to_owned()).collect()
    }
}

fn watchable() -> usize {
    KINDS.iter().filter(|kind| kind.resource.polled.is_none()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_printed_is_asked_for_and_nothing_else() {
    let rules = permitted(&printed(&["--all"]).0);
    assert_eq!(acts(&rules).len(), KINDS.len() + watchable());
    // Where nothing is streamed, everything is both listed and watched.
    let older = server(rules.clone(), Streaming::Unknown).await;
    let running = Running::start(&older, &[]);
    assert_eq!(running.down().await, BTreeSet::new());
    eventually!(older.watches(None) == watchable());
    assert_eq!(asked(&older), acts(&rules));

    let newer = server(rules.clone(), Streaming::Offered).await;
    let running = Running::start(&newer, &[]);
    assert_eq!(running.down().await, BTreeSet::new());
    let mut watched = acts(&rules);
    watched.retain(|(verb, group, ..)| verb == "watch" || group == "metrics.k8s.io");
    assert_eq!(asked(&newer), watched);
}

/// For each collector and each verb, on a server that streams lists and on one that does not.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_right_one_collector_is_down_and_no_other() {
    let rules = permitted(&printed(&["--all"]).0);
    let mut downs = 0;
    for kind in KINDS {
        let resource = kind.resource;
        for (streaming, verb, falls) in [
            (Streaming::Unknown, "list", true),
            (Streaming::Unknown, "watch", true),
            (Streaming::Offered, "watch", true),
            // There the list is a watch too.
            (Streaming::Offered, "list", false),
        ] {
            // What cannot be watched is listed everywhere, and only that.
            let falls = if resource.polled.is_some() { verb == "list" } else { falls };
            let server = server(rules.clone(), streaming).await;
            server.take(Rule::new(&[verb], &[resource.group], &[resource.path]));
            let down = Running::start(&server, &[]).down().await;
            let wanted: BTreeSet<_> = falls.then(|| resource.name.to_owned()).into_iter().collect();
            assert_eq!(down, wanted, "without {verb} of {}", resource.name);
            downs += down.len();
        }
    }
    assert_eq!(downs, 3 * watchable() + 2 * (KINDS.len() - watchable()));
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_of_namespaces_are_enough_for_them() {
    let rules = permitted(&printed(&["--all", "--namespaces=shop,edge"]).0);
    let server = server(rules.clone(), Streaming::Unknown).await;
    let running = Running::start(&server, &["shop", "edge"]);
    assert_eq!(running.down().await, BTreeSet::new());
    let inside = KINDS.iter().map(|kind| kind.resource).filter(|resource| resource.namespaced);
    let watched = inside.clone().filter(|resource| resource.polled.is_none()).count();
    eventually!(server.watches(None) == watchable() + watched);
    assert_eq!(asked(&server), acts(&rules));
    drop(running);
    // A right that is missing in one of them.
    server.take(Rule::new(&["watch"], &["apps"], &["deployments"]).within("edge"));
    let down = Running::start(&server, &["shop", "edge"]).down().await;
    assert_eq!(down, BTreeSet::from(["deployments".to_owned()]));
    // Nor is it enough for all of them.
    let down = Running::start(&server, &[]).down().await;
    assert_eq!(down.len(), inside.count());
}

/// The role of kube-state-metrics' place: with secrets it is what is asked for where no flag says what is shown, and unasked
/// they are not in it.
#[tokio::test(flavor = "multi_thread")]
async fn the_role_of_the_drop_in_is_what_it_asks_for_without_flags() {
    let (objects, said) = printed(&["--for=kube-state-metrics", "--collectors=secrets"]);
    assert!(said.contains("can read the secrets"), "{said}");
    let rules = permitted(&objects);
    let server = server(rules.clone(), Streaming::Unknown).await;
    let mut command = noroshi(&["kube-state-metrics", "--apiserver", &server.url()]);
    command.args([
        "--host=127.0.0.1",
        "--port=0",
        "--telemetry-host=127.0.0.1",
        "--telemetry-port=0",
    ]);
    let drop_in = Daemon::spawn(&mut command);
    eventually!(asked(&server).is_superset(&acts(&rules)), "{:?}", asked(&server));
    let mut wanted = acts(&rules);
    assert_eq!(asked(&server), wanted);
    assert!(!drop_in.log().contains("forbidden"), "{}", drop_in.log());

    let (objects, said) = printed(&["--for=kube-state-metrics"]);
    assert!(said.contains("secrets are left out"), "{said}");
    wanted.retain(|(.., resource, _)| resource != "secrets");
    assert_eq!(acts(&permitted(&objects)), wanted);
    // That of noroshi itself has what the peer does not know.
    let more = permitted(&printed(&[]).0);
    let more: BTreeSet<_> =
        acts(&more).difference(&wanted).map(|(_, group, ..)| group.clone()).collect();
    let groups = ["", "apiextensions.k8s.io", "apiregistration.k8s.io", "metrics.k8s.io"];
    assert_eq!(more, groups.map(str::to_owned).into());
}

/// The drop-in with the role that is printed for its collectors, and then with less.
#[tokio::test(flavor = "multi_thread")]
async fn the_drop_in_goes_on_without_a_right_and_says_so_once() {
    let rules = permitted(&printed(&["--collectors=pods,nodes"]).0);
    let server = server(rules, Streaming::Offered).await;
    let url = server.url();
    let drop_in = || {
        let mut command = noroshi(&["kube-state-metrics", "--resources=pods,nodes"]);
        // The port of its own metrics is the first that its log names.
        command.args(["--apiserver", &url, "--host=127.0.0.1", "--port=0"]);
        command.args(["--telemetry-host=127.0.0.1", "--telemetry-port=0"]);
        Daemon::spawn(&mut command)
    };
    // By their paths: metrics.k8s.io has resources of the same names.
    server.put("/api/v1/nodes", json!({ "metadata": { "name": "buoy" } }));
    server.put(
        "/api/v1/pods",
        json!({ "metadata": { "namespace": "a", "name": "one" }, "spec": {} }),
    );
    let both = drop_in();
    both.until_metrics("both", |page| {
        page.contains("kube_node_info{node=\"buoy\"") && page.contains("kube_pod_info{")
    });
    drop(both);
    server.take(Rule::new(&["watch"], &[""], &["pods"]));
    let one = drop_in();
    one.until_log("reason=forbidden");
    let page = one.until_metrics("nodes", |page| page.contains("kube_node_info{node=\"buoy\""));
    assert!(!page.contains("kube_pod_info{"), "{page}");
    assert_eq!(one.get("/readyz").status, 200, "nothing more is to be waited for");
    let log = one.log();
    assert_eq!(log.matches("reason=forbidden").count(), 1, "{log}");
    assert!(log.contains("collector=pods"), "{log}");
}

/// Every kind of check, in namespaces of its own and beside collectors; a second cluster, which is not meant.
fn configuration(url: &str) -> String {
    let mut text = format!(
        "[clusters.main]\nserver = \"{url}\"\nnamespaces = [\"shop\", \"edge\"]\n\
         resources = [\"pods\", \"nodes\", \"deployments\", \"podmetrics\"]\n\
         [clusters.away]\ncontext = \"away\"\nkubeconfig = \"/nowhere\"\n\
         [checks.theirs]\nkubernetes = {{ cluster = \"away\", kind = \"job\", namespace = \"shop\", name = \"a\" }}\n"
    );
    for (index, check) in [
        "kind = 'deployment', namespace = 'shop', name = 'a'",
        "kind = 'deployment', namespace = 'towers', name = 'a'",
        "kind = 'statefulset', namespace = 'shop', name = 'a'",
        "kind = 'daemonset', namespace = 'towers', name = 'a'",
        "kind = 'job', namespace = 'towers', name = 'a'",
        "kind = 'cronjob', namespace = 'towers', name = 'a'",
        "kind = 'pods', namespace = 'towers', selector = { app = 'a' }",
        "kind = 'service', namespace = 'shop', name = 'a'",
        "kind = 'persistentvolumeclaim', namespace = 'towers', name = 'a'",
        "kind = 'node', name = 'a'",
        "kind = 'ingress', namespace = 'edge', name = 'a'",
        "kind = 'custom', resource = 'cert-manager.io/v1/certificates', namespace = 'shop', name = 'a'",
        "kind = 'custom', resource = 'cert-manager.io/v1/clusterissuers', name = 'a'",
    ]
    .into_iter()
    .enumerate()
    {
        writeln!(text, "[checks.c{index}]\nkubernetes = {{ cluster = 'main', {check} }}").unwrap();
    }
    text
}

/// The same file is started and asked for its role: with that role nothing is refused, and nothing of it is left unused.
#[tokio::test(flavor = "multi_thread")]
async fn the_role_of_a_configuration_is_what_it_asks_for() {
    let server = server(Vec::new(), Streaming::Unknown).await;
    let certificates = Resource::custom("cert-manager.io/v1", "certificates", "Certificate", true);
    server.declare(certificates);
    let issuers = Resource::custom("cert-manager.io/v1", "clusterissuers", "ClusterIssuer", false);
    server.declare(issuers);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("noroshi.toml");
    std::fs::write(&file, configuration(&server.url())).unwrap();
    let file = format!("--config.file={}", file.display());
    let (objects, said) = printed(&[&file, "--cluster=main"]);
    assert_eq!(said, "");
    let rules = permitted(&objects);
    server.allow_only(rules.clone());
    let daemon = Daemon::start(&[&file]);
    eventually!(asked(&server).is_superset(&acts(&rules)), "{:?}", asked(&server));
    assert_eq!(asked(&server), acts(&rules));
    let log = daemon.log();
    assert!(!log.contains("forbidden"), "{log}");

    let role = |namespace: Option<&str>, group: &str| {
        let of = |object: &&Value| {
            object["metadata"]["namespace"].as_str() == namespace && object["rules"].is_array()
        };
        let rules = objects.iter().find(of).unwrap()["rules"].as_array().unwrap();
        let found: Vec<_> =
            rules.iter().filter(|rule| rule["apiGroups"] == json!([group])).collect();
        found.iter().map(|rule| rule["resources"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(role(Some("shop"), ""), [json!(["pods", "services"])]);
    assert_eq!(role(Some("shop"), "apps"), [json!(["deployments", "statefulsets"])]);
    assert_eq!(role(Some("edge"), "discovery.k8s.io"), [json!(["endpointslices"])]);
    assert_eq!(role(Some("towers"), "batch"), [json!(["cronjobs", "jobs"])]);
    assert_eq!(role(None, ""), [json!(["nodes"])]);
    assert_eq!(role(None, "cert-manager.io"), [json!(["clusterissuers"])]);
    assert_eq!(objects.len(), 8, "three namespaces and all of them, each with its binding");
}

/// As a manifest's arguments stand behind those of the image's entry point.
#[test]
fn of_a_flag_given_twice_the_last_one_counts() {
    let twice = ["kube-state-metrics", "--port=8080", "--port=none", "--port=1", "version"];
    let refused = noroshi(&twice).output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "each of them is a port");
    let twice = ["kube-state-metrics", "--port=8080", "--port=1", "version"];
    let shown = noroshi(&twice).output().unwrap();
    assert!(shown.status.success() && shown.stdout.starts_with(b"kube-state-metrics, version"));
}

#[test]
fn secrets_are_never_among_what_nobody_named() {
    let all = |objects: &[Value]| -> BTreeSet<String> {
        acts(&permitted(objects)).into_iter().map(|(_, _, resource, _)| resource).collect()
    };
    let (usual, said) = printed(&[]);
    let mut wanted: BTreeSet<String> = KINDS
        .iter()
        .filter(|kind| kind.resource.shown != noroshi::cluster::Shown::OnRequest)
        .map(|kind| kind.resource.path.to_owned())
        .collect();
    assert!(wanted.remove("secrets"));
    assert_eq!(all(&usual), wanted);
    assert!(said.contains("secrets are left out"), "{said}");
    for words in [&["--all"][..], &["--collectors=pods,secrets"]] {
        let (objects, said) = printed(words);
        assert!(all(&objects).contains("secrets"));
        assert!(said.contains("can read the secrets"), "{said}");
    }
    assert_eq!(printed(&["--collectors=pods"]).1, "");
}

#[test]
fn names_and_bindings_are_as_they_were_asked_for() {
    let words =
        ["--collectors=pods, nodes", "--namespaces=shop", "--name=watch", "--service-account=a/b"];
    let (objects, _) = printed(&words);
    let found: Vec<_> = objects
        .iter()
        .map(|object| {
            assert_eq!(object["apiVersion"], "rbac.authorization.k8s.io/v1");
            assert_eq!(object["metadata"]["name"], "watch");
            (object["kind"].as_str().unwrap(), object["metadata"]["namespace"].as_str())
        })
        .collect();
    assert_eq!(
        found,
        [
            ("Role", Some("shop")),
            ("RoleBinding", Some("shop")),
            ("ClusterRole", None),
            ("ClusterRoleBinding", None),
        ]
    );
    let rule = |name: &str| json!([{ "apiGroups": [""], "resources": [name], "verbs": ["list", "watch"] }]);
    assert_eq!([&objects[0]["rules"], &objects[2]["rules"]], [&rule("pods"), &rule("nodes")]);
    let who = json!([{ "kind": "ServiceAccount", "name": "b", "namespace": "a" }]);
    for (binding, role) in [(1, "Role"), (3, "ClusterRole")] {
        assert_eq!(objects[binding]["subjects"], who);
        let to = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": "watch" });
        assert_eq!(objects[binding]["roleRef"], to);
    }
    let usual = &printed(&["--collectors=nodes", "--name=watch"]).0[1]["subjects"][0];
    assert_eq!((&usual["namespace"], &usual["name"]), (&json!("default"), &json!("watch")));
}

/// What is printed for a configuration of this text.
fn printed_for(text: &str, words: &[&str]) -> std::process::Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("noroshi.toml");
    std::fs::write(&file, text).unwrap();
    let file = format!("--config.file={}", file.display());
    noroshi(&[&file, "rbac", "--output=json"]).args(words).output().unwrap()
}

fn resources_for(text: &str, words: &[&str]) -> (BTreeSet<Act>, String) {
    let output = printed_for(text, words);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text} {words:?}: {said}");
    let list: Value = serde_json::from_slice(&output.stdout).unwrap();
    (acts(&permitted(list["items"].as_array().unwrap())), said)
}

/// Verbs of the core's resources that can be watched, in a namespace or all.
fn core(resources: &[&str], namespace: Option<&str>) -> BTreeSet<Act> {
    let rule = Rule::new(&["list", "watch"], &[""], resources);
    acts(&[namespace.map_or_else(|| rule.clone(), |namespace| rule.clone().within(namespace))])
}

#[test]
fn of_several_clusters_the_one_that_noroshi_runs_in_is_meant() {
    let home = "[clusters.home]\nresources = [\"pods\"]\n";
    let away = "[clusters.away]\ncontext = \"a\"\nresources = [\"nodes\"]\n";
    let far = "[clusters.far]\nserver = \"https://far.test\"\nresources = [\"secrets\"]\n";
    let all = [home, away, far].concat();
    assert_eq!(resources_for(&all, &[]), (core(&["pods"], None), String::new()));
    assert_eq!(resources_for(&all, &["--cluster=away"]).0, core(&["nodes"], None));
    let (secrets, said) = resources_for(&all, &["--cluster=far"]);
    assert_eq!(secrets, core(&["secrets"], None));
    assert!(said.contains("can read the secrets"), "{said}");
    assert_eq!(resources_for(away, &[]).0, core(&["nodes"], None), "the only one");
    // It is one, however often it is written.
    let twice = [home, "[clusters.more]\nresources = [\"services\"]\nnamespaces = [\"a\"]\n"];
    let mut both = core(&["pods"], None);
    both.extend(core(&["services"], Some("a")));
    assert_eq!(resources_for(&twice.concat(), &[]).0, both);

    for (text, words, code, answer) in [
        (
            [away, far].concat(),
            &[][..],
            2,
            "runs in none of its clusters: say --cluster, of away, far",
        ),
        (all.clone(), &["--cluster=hom"], 2, "no cluster `hom`; did you mean `home`?"),
        (all.clone(), &["--cluster=x"], 2, "no cluster `x`; there are away, far, home"),
        ("[log]\nlevel = \"info\"\n".to_owned(), &[], 2, "has no `[clusters.NAME]`"),
        ("[clusters.a]\nresources = [\"podz\"]\n".to_owned(), &[], 78, "\"podz\""),
        (all.clone(), &["--collectors=pods"], 2, "cannot be used with --collectors"),
        (all.clone(), &["--all"], 2, "cannot be used with --collectors"),
        (all, &["--namespaces=shop"], 2, "cannot be used with --collectors"),
    ] {
        let refused = printed_for(&text, words);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(code), "{text} {words:?}: {said}");
        assert!(said.contains(answer) && refused.stdout.is_empty(), "{text} {words:?}: {said}");
    }
}

/// An empty section collects what `noroshi rbac` permits by itself, and secrets only where they are switched on.
#[test]
fn an_empty_cluster_needs_the_usual_role() {
    let (usual, _) = resources_for("[clusters.home]\n", &[]);
    assert_eq!(usual, acts(&permitted(&printed(&[]).0)));
    let (more, said) = resources_for("[clusters.home]\ntls_secrets = true\n", &[]);
    assert_eq!(more.difference(&usual).cloned().collect::<BTreeSet<_>>(), core(&["secrets"], None));
    assert!(said.contains("can read the secrets"), "{said}");
    let (none, said) = resources_for("[clusters.home]\nresources = []\n", &[]);
    assert_eq!(none, BTreeSet::new());
    assert!(said.contains("nothing is asked"), "{said}");
    // A role of all namespaces is enough for a check in one.
    let check = "[checks.web]\nkubernetes = { kind = \"deployment\", namespace = \"shop\", name = \"web\" }\n";
    assert_eq!(resources_for(&format!("[clusters.home]\n{check}"), &[]).0, usual);
}

/// What stands in YAML is what stands in JSON.
#[test]
fn yaml_says_the_same() {
    for words in [&[][..], &["--all", "--namespaces=shop,123,true"]] {
        let output = noroshi(&["rbac"]).args(words).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
        assert_eq!(documents, printed(words).0, "{text}");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (words, answer) in [
        (&["--collectors=podz"][..], "nothing collects `podz`; did you mean `pods`?"),
        (
            &["--collectors=pods,widgets"],
            "nothing collects `widgets`; there are apiservices, certificatesig",
        ),
        (&["--collectors="], "nothing collects ``"),
        (&["--collectors=pods", "--all"], "cannot be used with"),
        (&["--namespaces=Shop"], "`Shop` is no name"),
        (&["--namespaces=shop,"], "`` is no name"),
        (&["--name=a/b"], "`a/b` is no name"),
        (&["--service-account=noroshi"], "it is NAMESPACE/NAME"),
        (&["--service-account=a/-b"], "`-b` is no name"),
        (&["--output=toml"], "possible values: yaml, json"),
    ] {
        let refused = noroshi(&["rbac"]).args(words).output().unwrap();
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{words:?}: {said}");
        assert!(said.contains(answer) && refused.stdout.is_empty(), "{words:?}: {said}");
    }
}
