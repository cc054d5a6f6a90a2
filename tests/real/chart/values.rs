//! What Helm makes of the values: refused, rendered, and each of them for something.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{CHART, ci, file_of, helms, only, rendered_files};

#[test]
fn lint_has_nothing_to_say() {
    for helm in helms() {
        for values in ci() {
            helm.run(&["lint", "--strict", CHART, "--values", &file_of(&values)]).unwrap();
        }
        helm.run(&["lint", "--strict", CHART]).unwrap();
    }
}

#[test]
fn both_helms_render_the_same() {
    let helms = helms();
    let [_, three] = helms.as_slice() else { return };
    for (values, all) in rendered_files() {
        assert_eq!(*all, three.render(values.as_deref(), &[]), "{values:?}");
    }
}

/// Nothing is said beside what is rendered: what is said always is read never. But Helm tells of each link in a folder.
#[test]
fn rendering_is_silent() {
    for helm in helms() {
        for values in ci() {
            let mut command = helm.command();
            let output = command.args(["template", CHART, "--values", &file_of(&values)]).output();
            let said = String::from_utf8(output.unwrap().stderr).unwrap();
            let is_link = |line: &&str| line.contains("found symbolic link in path");
            let (links, others): (Vec<_>, Vec<_>) = said.lines().partition(is_link);
            assert_eq!((links.len(), others.as_slice()), (2, [].as_slice()), "{values}: {said}");
        }
    }
}

fn yaml(file: &str) -> Value {
    serde_saphyr::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// Where any name may stand: labels and the like, files, what the whole release shares, and what noroshi itself reads.
fn is_open(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap();
    ["labels", "annotations"].iter().any(|end| last.to_lowercase().ends_with(end))
        || ["global", "nodeSelector", "config", "templates"].contains(&last)
        || ["prometheusRule.groups", "prometheusRule.rules"].contains(&path)
}

/// Every map among the values, by its path.
fn maps(value: &Value, above: &str, found: &mut Vec<String>) {
    let Some(map) = value.as_object().filter(|_| !is_open(above)) else { return };
    found.push(above.to_owned());
    for (key, value) in map {
        let dot = if above.is_empty() { "" } else { "." };
        maps(value, &format!("{above}{dot}{key}"), found);
    }
}

#[test]
fn typos_are_refused_at_each_depth() {
    let mut paths = Vec::new();
    maps(&yaml(&format!("{CHART}/values.yaml")), "", &mut paths);
    assert!(paths.len() > 25, "{paths:?}");
    paths.extend(
        [
            "affinity",
            "dnsConfig.options[0]",
            "hostAliases[0]",
            "imagePullSecrets[0]",
            "ingress.tls[0]",
            "networkPolicy.from[0]",
            "prometheusRule.groups.A",
            "prometheusRule.rules.A",
            "livenessProbe.httpGet",
            "serviceMonitor.basicAuth.password",
            "serviceMonitor.relabelings[0]",
            "serviceMonitor.targets[0]",
            "serviceMonitor.targets[0].relabelings[0]",
            "serviceMonitor.tlsConfig.ca.secret",
            "tolerations[0]",
        ]
        .map(str::to_owned),
    );
    for helm in helms() {
        for path in &paths {
            let dot = if path.is_empty() { "" } else { "." };
            let set = format!("{path}{dot}misspelt=1");
            let refused = helm.run(&["template", CHART, "--set", &set]).expect_err(&set);
            assert!(refused.contains("'misspelt' not allowed"), "{set}: {refused}");
        }
        // What a parent chart and Helm itself hand down is no typo.
        helm.run(&["template", CHART, "--set", "global.a=1,enabled=true"]).unwrap();
    }
}

#[test]
fn wrong_values_and_contradictions_are_refused() {
    for helm in helms() {
        for (set, words) in [
            ("icmp.mode=netRaw", "'sysctl', 'none'"),
            (
                "personality=alertmanger",
                "'noroshi', 'blackbox', 'alertmanager', 'kubeStateMetrics'",
            ),
            ("personality=alertmanager,replicas=2", "one alertmanager"),
            ("personality=blackbox,persistence.enabled=true", "blackbox keeps nothing"),
            ("persistence.enabled=true,replicas=2", "set mode=statefulset for a volume each"),
            (
                "persistence.enabled=true,persistence.existingClaim=a,mode=statefulset,replicas=2",
                "one with",
            ),
            ("persistence.existingClaim=a", "set persistence.enabled"),
            ("persistence.enabled=true,config.store.path=/a", "set persistence instead"),
            ("persistence.size=much", "/persistence/size"),
            ("templates.a=b", "beside alertmanager's own config"),
            ("extraArgs[0]=--storage.path=/a", "set persistence"),
            ("serviceMonitor.interval=soon", "/serviceMonitor/interval"),
            ("service.port=70000", "/service/port"),
            ("replicas=two", "/replicas"),
            ("podLabels.app\\.kubernetes\\.io/name=other", "invalid propertyName"),
            ("resources.limits.memry=1Mi", "memry"),
            ("fullnameOverride=a.b", "/fullnameOverride"),
            ("hostNetwork=true", "icmp.mode=none"),
            ("existingConfigMap=a,existingSecret=b", "one of them"),
            ("existingConfigMap=a,config=b", "config would not be read"),
            ("web.scheme=https", "web.configSecret"),
            ("web.credentials=true", "web.configSecret"),
            ("extraArgs[0]=--web.route-prefix=/a", "set web.routePrefix"),
            ("extraArgs[0]=--web.listen-address=:1", "set web.port"),
            ("config.web.route_prefix=/a", "set web.routePrefix"),
            ("config.web.listen_address=:1", "set web.port"),
            (
                "podSecurityContext.sysctls[0].name=net.ipv4.ping_group_range,podSecurityContext.sysctls[0].value=0 1",
                "icmp.mode",
            ),
        ] {
            let refused = helm.run(&["template", CHART, "--set", set]).expect_err(set);
            assert!(refused.contains(words), "{set}: {refused}");
        }
    }
}

#[test]
fn what_kube_state_metrics_has_not_is_refused() {
    for helm in helms() {
        for (set, words) in [
            ("collectors[0]=podz", "nothing collects podz; there are certificatesigningrequests, "),
            ("namespaces[0]=Shop", "/namespaces/0"),
            ("metricLabelsAllowlist[0]=pods", "/metricLabelsAllowlist/0"),
            ("metricAllowlist[0]=a,metricDenylist[0]=b", "one of them"),
            ("rbac.useClusterRole=false", "name them"),
            ("rbac.useClusterRole=false,namespaces[0]=a,collectors[0]=nodes", "nodes stand in no"),
            ("autosharding.enabled=true", "autosharding: set mode=statefulset"),
            ("extraArgs[0]=--pod=a", "set mode=statefulset"),
            ("extraArgs[0]=--pod-namespace=a", "set mode=statefulset"),
            ("replicas=2", "show every series twice: set mode=statefulset"),
            ("extraArgs[0]=--resources=pods", "set collectors"),
            ("extraArgs[0]=--namespaces=a", "set namespaces instead"),
            ("extraArgs[0]=--namespaces-denylist=a", "set namespacesDenylist"),
            ("extraArgs[0]=--port=1", "set web.port"),
            ("extraArgs[0]=--telemetry-port=1", "set web.telemetryPort"),
            ("extraArgs[0]=--tls-config=a", "set web.configSecret"),
            ("web.port=8081", "the objects are shown on that port"),
            ("web.routePrefix=/a", "web.routePrefix: kubeStateMetrics has no flag"),
            ("web.externalUrl=http://a", "web.externalUrl: kubeStateMetrics has no flag"),
            ("web.maxRequests=1", "web.maxRequests: kubeStateMetrics has no flag"),
            ("config.a=b", "has flags and no file"),
            ("existingSecret=a", "has flags and no file"),
            ("persistence.enabled=true", "kubeStateMetrics keeps nothing"),
            (
                "serviceMonitor.enabled=true,serviceMonitor.targets[0].name=a,serviceMonitor.targets[0].url=b",
                "blackbox",
            ),
        ] {
            let set = format!("personality=kubeStateMetrics,{set}");
            let refused = helm.run(&["template", CHART, "--set", &set]).expect_err(&set);
            assert!(refused.contains(words), "{set}: {refused}");
        }
        for set in ["collectors[0]=pods", "namespaces[0]=a", "metricDenylist[0]=a"] {
            let refused = helm.run(&["template", CHART, "--set", set]).expect_err(set);
            assert!(refused.contains("only personality=kubeStateMetrics"), "{set}: {refused}");
        }
    }
}

/// Every value there is: what is a scalar, a list or an empty map.
fn leaves(value: &Value, above: &[String], found: &mut Vec<Vec<String>>) {
    match value.as_object().filter(|map| !map.is_empty()) {
        Some(map) => {
            for (key, value) in map {
                leaves(value, &[above, std::slice::from_ref(key)].concat(), found);
            }
        }
        None => found.push(above.to_vec()),
    }
}

/// The values without one of them.
fn without(values: &Value, leaf: &[String]) -> Option<Value> {
    let (first, rest) = leaf.split_first()?;
    let mut map: Map<String, Value> = values.as_object()?.clone();
    let own = map.remove(first)?;
    if !rest.is_empty() {
        map.insert(first.clone(), without(&own, rest)?);
    }
    Some(Value::Object(map))
}

/// A value that changes nothing, whatever it is, would be a promise that is not kept: each either changes what a file of
/// `ci/` renders, or its default is in what is rendered without one.
#[test]
fn every_value_is_for_something() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    let mut found = Vec::new();
    leaves(&yaml(&format!("{CHART}/values.yaml")), &[], &mut found);
    let files: Vec<(Value, _)> = rendered_files()
        .iter()
        .map(|(name, all)| (name.as_deref().map_or(json!({}), |name| yaml(&file_of(name))), all))
        .collect();
    let usual = files.last().unwrap().1;
    let changes = |leaf: &[String]| {
        let mut set = files.iter().filter_map(|(values, all)| Some((without(values, leaf)?, all)));
        // Refused without it is a change too.
        set.any(|(values, all)| helm.objects(&values).as_ref() != Ok(all))
            || helm.objects(&nulled(leaf)).as_ref() != Ok(usual)
    };
    let idle: BTreeSet<String> =
        found.iter().filter(|leaf| !changes(leaf)).map(|leaf| leaf.join(".")).collect();
    assert_eq!(idle, BTreeSet::new());
}

/// `{a: {b: null}}`, which takes a default away.
fn nulled(leaf: &[String]) -> Value {
    leaf.iter().rev().fold(Value::Null, |inner, key| json!({ key: inner }))
}

#[test]
fn objects_of_kubernetes_may_be_taken_away() {
    for helm in helms() {
        for key in [
            "podSecurityContext",
            "securityContext",
            "resources",
            "livenessProbe",
            "readinessProbe",
        ] {
            let all =
                helm.objects(&json!({ key: null })).unwrap_or_else(|why| panic!("{key}: {why}"));
            super::workload(&all);
        }
    }
}

/// A label for all objects and for one of them: the latter, and once.
#[test]
fn labels_are_merged() {
    for helm in helms() {
        let own = json!({ "release": "own" });
        let values = json!({
            "commonLabels": { "release": "all" },
            "podLabels": own, "service": { "labels": own },
            "serviceMonitor": { "enabled": true, "labels": own },
        });
        let file = helm.folder.path().join("labels.json");
        std::fs::write(&file, values.to_string()).unwrap();
        let text =
            helm.run(&["template", "watch", CHART, "--values", file.to_str().unwrap()]).unwrap();
        assert_eq!(text.matches("release: own").count(), 3, "{text}");
        for object in text.split("\n---\n") {
            let labels = object.split("\nspec:").next().unwrap_or_default();
            assert!(labels.matches("release: ").count() <= 1, "{labels}");
        }
    }
}

/// Every option arrives where it belongs.
#[test]
fn options_arrive() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    let all = helm.render(Some("noroshi"), &[]);
    let pod = "/spec/template/spec";
    for (kind, pointer, wanted) in [
        ("Deployment", "/metadata/labels/team".to_owned(), json!("observability")),
        ("Deployment", "/metadata/annotations/a".into(), json!("b")),
        ("Deployment", "/spec/replicas".into(), json!(2)),
        ("Deployment", "/spec/strategy/type".into(), json!("Recreate")),
        ("Deployment", "/spec/template/metadata/annotations/c".into(), json!("d")),
        ("Deployment", "/spec/template/metadata/labels/e".into(), json!("f")),
        ("Deployment", format!("{pod}/serviceAccountName"), json!("watcher")),
        ("Deployment", format!("{pod}/automountServiceAccountToken"), json!(false)),
        ("Deployment", format!("{pod}/enableServiceLinks"), json!(false)),
        ("Deployment", format!("{pod}/imagePullSecrets/0/name"), json!("registry")),
        ("Deployment", format!("{pod}/securityContext/sysctls/0/value"), json!("0 2147483647")),
        ("Deployment", format!("{pod}/nodeSelector/kubernetes.io~1os"), json!("linux")),
        ("Deployment", format!("{pod}/tolerations/0/operator"), json!("Exists")),
        ("Deployment", format!("{pod}/topologySpreadConstraints/0/maxSkew"), json!(1)),
        (
            "Deployment",
            format!("{pod}/topologySpreadConstraints/0/labelSelector/matchLabels"),
            json!({ "app.kubernetes.io/name": "noroshi", "app.kubernetes.io/instance": "watch" }),
        ),
        ("Deployment", format!("{pod}/priorityClassName"), json!("system-cluster-critical")),
        ("Deployment", format!("{pod}/dnsConfig/options/0/name"), json!("ndots")),
        ("Deployment", format!("{pod}/hostAliases/0/ip"), json!("192.0.2.1")),
        ("Deployment", format!("{pod}/volumes/0/configMap/name"), json!("watch-noroshi")),
        ("Deployment", format!("{pod}/volumes/1/name"), json!("secrets")),
        ("Deployment", format!("{pod}/containers/0/volumeMounts/1/name"), json!("secrets")),
        ("Deployment", format!("{pod}/containers/0/args/3"), json!("--log.level=debug")),
        ("Deployment", format!("{pod}/containers/0/env/0/value"), json!("7")),
        ("Deployment", format!("{pod}/containers/0/envFrom/0/secretRef/name"), json!("tokens")),
        ("Deployment", format!("{pod}/containers/0/startupProbe/failureThreshold"), json!(30)),
        ("Deployment", format!("{pod}/containers/0/lifecycle/preStop/sleep/seconds"), json!(5)),
        ("Deployment", format!("{pod}/containers/1/name"), json!("beside")),
        ("Deployment", format!("{pod}/initContainers/0/name"), json!("before")),
        ("Deployment", format!("{pod}/terminationGracePeriodSeconds"), json!(20)),
        (
            "PodDisruptionBudget",
            "/spec/selector/matchLabels/app.kubernetes.io~1instance".into(),
            json!("watch"),
        ),
        ("Service", "/spec/ports/0/nodePort".into(), json!(30070)),
        ("Service", "/spec/type".into(), json!("NodePort")),
        ("Service", "/spec/ports/0/port".into(), json!(80)),
        ("Service", "/spec/ports/0/targetPort".into(), json!("http")),
        ("Service", "/spec/ipFamilyPolicy".into(), json!("SingleStack")),
        ("Service", "/metadata/labels/c".into(), json!("d")),
        ("ServiceAccount", "/automountServiceAccountToken".into(), json!(false)),
    ] {
        assert_eq!(only(&all, kind).pointer(&pointer), Some(&wanted), "{kind} {pointer}");
    }
    let image = &only(&all, "Deployment")["spec"]["template"]["spec"]["containers"][0]["image"];
    assert!(
        image.as_str().unwrap().starts_with("registry.example.org/noroshi@sha256:0"),
        "{image}"
    );
}

/// What values.yaml reckons: the drop-in's probes at once fit its memory.
#[test]
fn the_memory_is_enough_for_the_requests() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    let all = helm.render(Some("blackbox"), &[]);
    let container = &only(&all, "Deployment")["spec"]["template"]["spec"]["containers"][0];
    let arguments = container["args"].as_array().unwrap().iter().filter_map(Value::as_str);
    let mut probes = arguments.filter_map(|argument| argument.strip_prefix("--web.max-requests="));
    let probes: u64 = probes.next().unwrap().parse().unwrap();
    let limit = container["resources"]["limits"]["memory"].as_str().unwrap();
    let limit: u64 = limit.strip_suffix("Mi").unwrap().parse().unwrap();
    assert!(144 + probes * 640 / 1024 <= limit, "{probes} probes in {limit} MiB");
}

#[test]
fn names_texts_and_what_is_left_out_arrive() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    let all = helm.render(Some("text"), &[]);
    let kinds: Vec<&str> = all.keys().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["ConfigMap", "Deployment", "Service"]);
    assert!(all.keys().all(|(_, name)| name == "tower"));
    let text = only(&all, "ConfigMap")["data"]["config.toml"].as_str().unwrap();
    assert!(text.starts_with("# A comment that stays.\n[checks.loopback]\n"), "{text}");
    let container = &only(&all, "Deployment")["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["livenessProbe"], Value::Null);
    assert_eq!(container["readinessProbe"]["tcpSocket"]["port"], "http");
    assert_eq!(container["readinessProbe"]["httpGet"], Value::Null);

    let all = helm.render(Some("existing"), &[]);
    assert!(!all.keys().any(|(kind, _)| kind == "ConfigMap"));
    let pod = &only(&all, "Deployment")["spec"]["template"]["spec"];
    assert_eq!(pod["volumes"][0]["configMap"]["name"], "theirs");
    assert_eq!(
        (&pod["hostNetwork"], &pod["dnsPolicy"]),
        (&json!(true), &json!("ClusterFirstWithHostNet"))
    );
    assert_eq!(pod["securityContext"]["sysctls"], Value::Null);

    let all = helm.render(Some("blackbox-modules"), &[]);
    let text = only(&all, "ConfigMap")["data"]["config.yml"].as_str().unwrap();
    assert!(text.contains("!!binary AAAACATSFi8="), "{text}");
}
