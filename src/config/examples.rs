//! What a key may look like, for the reference: by its type, and where that says too little, by its name.

use serde_json::Value;

use super::reference::{Types, as_toml, kind};

/// By the end of a key's path, in TOML; the longest that fits is taken.
const EXAMPLES: &[(&str, &str)] = &[
    ("actions[].name", r#""runbook""#),
    ("actions[].type", r#""button""#),
    ("actions[].url", r#""https://runbooks.example.org/""#),
    ("active_time_intervals", r#"["office-hours"]"#),
    ("address", r#""db.example.org:5432""#),
    ("alerting.matchers", r#""utf8""#),
    ("alertmanagers.NAME.url", r#""http://alertmanager:9093""#),
    ("alpn", r#"["h2"]"#),
    ("annotations", r#"{ pods = ["example.org/owner"] }"#),
    ("answer.all", r#"["10 mail.example.org."]"#),
    ("answer.any", r#"["192.0.2.1", "192.0.2.2"]"#),
    ("answer.exactly", r#"["192.0.2.1"]"#),
    ("answer.none", r#"["203.0.113.9"]"#),
    ("auth_identity", r#""ops@example.org""#),
    ("auth_username", r#""noroshi""#),
    ("authorization.type", r#""Token""#),
    ("available", r#""80%""#),
    ("body", r#""ping""#),
    ("body[].contains", r#""welcome""#),
    ("body[].not_contains", r#""maintenance""#),
    ("body_json", r#"{ query = "{ health }" }"#),
    ("body_size_limit", r#""1MiB""#),
    ("breaker_pause", r#""1m""#),
    ("buckets", "[0.05, 0.1, 0.5, 1.0, 5.0]"),
    ("ca", r#""-----BEGIN CERTIFICATE-----\n...""#),
    ("callback_id", r#""noroshi""#),
    ("cel", r#"["body.db == 'up' && body.queue < 100.0"]"#),
    ("cert", r#""-----BEGIN CERTIFICATE-----\n...""#),
    ("certificate_validity", r#""21d""#),
    ("channel", r##""#ops""##),
    ("chat_id", "-100123456789"),
    ("cipher", r#"["TLS13_AES_256_GCM_SHA384"]"#),
    ("class", r#""CH""#),
    ("client_id", r#""noroshi""#),
    ("close_codes", "[1000, 1001]"),
    ("cluster", r#""prod""#),
    ("clusters.NAME.labels", r#"{ pods = ["app", "team-*"] }"#),
    ("clusters.NAME.server", r#""https://192.0.2.10:6443""#),
    ("clusters.NAME.token", r#""...""#),
    ("color", r#""danger""#),
    ("comment", r#""weekly backup""#),
    ("compression", r#"["gzip", "br"]"#),
    ("conditions", r#"{ Available = "True" }"#),
    ("config_file", r#""/etc/noroshi/web-config.yml""#),
    ("confirm.text", r#""Really?""#),
    ("context", r#""prod""#),
    ("days_of_month", r#"["1:5", "-3:-1"]"#),
    ("decompressed_size_limit", r#""50MiB""#),
    ("depends_on", r#"["gateway"]"#),
    ("dialogue[].labels", r#"{ version = "${1}" }"#),
    ("dismiss_text", r#""no""#),
    ("dns.name", r#""example.org""#),
    ("dns.type", r#""MX""#),
    ("duration", r#""2h""#),
    ("end_time", r#""06:00""#),
    ("endpoint_params", r#"{ audience = "api" }"#),
    ("ends_at", r#""2030-03-02T04:00:00""#),
    ("env", r#"["API_KEY"]"#),
    ("equal", r#"["group"]"#),
    ("expect.answer", r#"{ any = ["192.0.2.1"] }"#),
    ("expect.body", r#"[{ contains = "welcome" }]"#),
    ("expect.group", r#"["X25519MLKEM768"]"#),
    ("expect.headers", r#"[{ name = "Cache-Control", regex = "no-store" }]"#),
    ("expect.issuer", r#""Let's Encrypt""#),
    ("expect.jitter", r#""10ms""#),
    ("expect.records", r#"{ answer = { any_match = ["192\\.0\\.2\\."] } }"#),
    ("expect.rtt", r#""100ms""#),
    ("expect.status", r#"[200, "3xx"]"#),
    ("expect.subject", r#""^CN=example\\.org""#),
    ("expect.version", r#"["HTTP/2"]"#),
    ("expect_hex", r#""2b504f4e47""#),
    ("expect_text", r#""ready""#),
    ("export_labels", r#"["team"]"#),
    ("external_labels", r#"{ region = "eu" }"#),
    ("external_url", r#""https://noroshi.example.org/""#),
    ("failures", r#""3/5""#),
    ("fallback", r#""{{ .CommonAnnotations.summary }}""#),
    ("fields", r#"[{ title = "group", value = "{{ .CommonLabels.group }}" }]"#),
    ("files", r#"["/run/secrets/key"]"#),
    ("flap_hold.hold", r#""15m""#),
    ("flap_hold.window", r#""30m""#),
    ("footer", r#""noroshi""#),
    ("from", r#""noroshi@example.org""#),
    ("gap", r#""50ms""#),
    ("give_up_after", r#""12h""#),
    ("group", r#""shop""#),
    ("group_by", r#"["alertname", "group"]"#),
    ("group_interval", r#""10m""#),
    ("group_wait", r#""10s""#),
    ("grpc.address", r#""api.example.org:443""#),
    ("grpc.expect.status", r#"["SERVING", "UNKNOWN"]"#),
    ("guard", r#""uplink""#),
    ("header", r#""X-Hub-Signature""#),
    ("headers", r#"{ X-Team = "web" }"#),
    ("headers[].equals", r#""no-store""#),
    ("headers[].name", r#""Cache-Control""#),
    ("hello", r#""noroshi.example.org""#),
    ("host", r#""192.0.2.1""#),
    ("html", r#""<p>{{ .CommonAnnotations.summary }}</p>""#),
    ("icmp.payload", r#""noroshi""#),
    ("icon_emoji", r#"":bell:""#),
    ("icon_url", r#""https://example.org/icon.png""#),
    ("image_url", r#""https://example.org/picture.png""#),
    ("inhibit_rules[].name", r#""uplink""#),
    ("json[].equals", r#""up""#),
    ("json[].path", r#""$.db""#),
    ("jsonpath", r#""$.status.phase""#),
    ("kubeconfig", r#""/etc/noroshi/kubeconfig""#),
    ("kubernetes.equals", r#""Bound""#),
    ("kubernetes.name", r#""web""#),
    ("kubernetes.namespace", r#""shop""#),
    ("labels", r#"{ team = "web" }"#),
    ("latency", r#""500ms""#),
    ("listen_address", r#""127.0.0.1:10070""#),
    ("location", r#""Europe/Berlin""#),
    ("matchers", r#"['severity="critical"', 'group=~"shop|db"']"#),
    ("max_age_of_success", r#""26h""#),
    ("max_size", r#""512MiB""#),
    ("max_version", r#""TLS 1.2""#),
    ("message", r#""{{ .CommonAnnotations.summary }}""#),
    ("message_size_limit", r#""64KiB""#),
    ("message_text", r#""{{ .CommonAnnotations.summary }}""#),
    ("metadata", r#"{ tenant = ["probe"] }"#),
    ("method", r#""POST""#),
    ("metric_allowlist", r#"["kube_pod_status_.*"]"#),
    ("metric_denylist", r#"["kube_secret_.*"]"#),
    ("metric_opt_in", r#"["kube_pod_completion_time"]"#),
    ("metrics[].name", r#""noroshi_icmp_loss_ratio""#),
    ("min_version", r#""TLS 1.3""#),
    ("months", r#"["january:march", "12"]"#),
    ("mrkdwn_in", r#"["text"]"#),
    ("mute_time_intervals", r#"["nights"]"#),
    ("names", r#"["www.example.org"]"#),
    ("namespaces", r#"["shop", "db"]"#),
    ("namespaces_denylist", r#"["kube-system"]"#),
    ("no_proxy", r#""localhost,.example.org,192.0.2.0/24""#),
    ("node", r#""node-3""#),
    ("objective", "0.999"),
    ("ok_text", r#""yes""#),
    ("packet_timeout", r#""1s""#),
    ("path", r#""/var/lib/noroshi/noroshi.db""#),
    ("pretext", r#""{{ .CommonLabels.group }}""#),
    ("proxy_connect_headers", r#"{ X-Team = "web" }"#),
    ("proxy_headers", r#"{ X-Team = "web" }"#),
    ("proxy_url", r#""http://proxy.example.org:3128""#),
    ("rate.per", r#""1s""#),
    ("rcode", r#"["NXDOMAIN"]"#),
    ("receiver", r#""ops""#),
    ("records.answer", r#"{ all_match = ["192\\.0\\.2\\."] }"#),
    ("repeat_interval", r#""12h""#),
    ("resolve", r#"["example.org:443:192.0.2.1"]"#),
    ("resource", r#""cert-manager.io/v1/certificates""#),
    ("resources", r#"["pods", "nodes", "deployments"]"#),
    ("restarts.within", r#""1h""#),
    ("retention", r#""30d""#),
    ("retry_interval", r#""5s""#),
    ("route_prefix", r#""/noroshi""#),
    ("routes", r#"[{ matchers = ['severity="info"'], receiver = "none" }]"#),
    ("rrule", r#""FREQ=WEEKLY;BYDAY=SU;BYHOUR=2;BYMINUTE=0;BYSECOND=0""#),
    ("scopes", r#"["health"]"#),
    ("selector", r#"{ app = "web" }"#),
    ("send", r#""QUIT\r\n""#),
    ("send_hex", r#""50494e470d0a""#),
    ("server_name", r#""www.example.org""#),
    ("service", r#""helloworld.Greeter""#),
    ("smarthost", r#""mail.example.org:587""#),
    ("source_matchers", r#"['check="uplink"']"#),
    ("start_grace", r#""10m""#),
    ("start_time", r#""22:00""#),
    ("starts_at", r#""2030-03-01T22:00:00""#),
    ("style", r#""danger""#),
    ("subprotocols", r#"["graphql-transport-ws"]"#),
    ("target_matchers", r#"['check!="uplink"']"#),
    ("templates", r#"["templates/*.tmpl"]"#),
    ("text", r#""{{ .CommonAnnotations.summary }}""#),
    ("thumb_url", r#""https://example.org/small.png""#),
    ("time_zone", r#""Europe/Berlin""#),
    ("timeout", r#""5s""#),
    ("timeout_offset", r#""250ms""#),
    ("title", r#""{{ .CommonLabels.alertname }}""#),
    ("title_link", r#""https://grafana.example.org/d/noroshi-overview""#),
    ("tls.address", r#""example.org:443""#),
    ("tls.expect.version", r#"["TLS 1.3"]"#),
    ("to", r#""ops@example.org, web@example.org""#),
    ("token_url", r#""https://login.example.org/token""#),
    ("ttl.max", r#""1d""#),
    ("unix.path", r#""/run/redis/redis.sock""#),
    ("username", r#""noroshi""#),
    ("value", r#""{{ .CommonLabels.group }}""#),
    ("values", r#"["text/html", "application/json"]"#),
    ("warn.duration", r#""500ms""#),
    ("warn.metrics", r#"[{ name = "noroshi_icmp_loss_ratio", above = 0.2 }]"#),
    ("webhook.payload", r#"{ text = "{{ .CommonAnnotations.summary }}" }"#),
    ("websocket.url", r#""wss://example.org/graphql""#),
    ("weekdays", r#"["monday:friday"]"#),
    ("years", r#"["2026:2028"]"#),
];

/// A value of the key as one would write it; never the default, where the type knows another.
pub(super) fn example(
    types: &Types<'_>,
    name: &str,
    property: &Value,
    default: Option<&Value>,
) -> String {
    let fits = |end: &str| {
        name.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let named = EXAMPLES.iter().filter(|(end, _)| fits(end)).max_by_key(|(end, _)| end.len());
    named.map_or_else(|| by_type(types, name, property, default), |(_, text)| (*text).to_owned())
}

fn by_type(types: &Types<'_>, name: &str, property: &Value, default: Option<&Value>) -> String {
    let alternatives = types.alternatives(property);
    let words = alternatives.iter().flat_map(|(_, schema)| words(schema));
    let mut words = words.filter(|word| Some(*word) != default).peekable();
    if let Some(word) = words.peek() {
        return as_toml(word);
    }
    let Some((definition, schema)) = alternatives.first() else { return String::new() };
    let key = name.rsplit('.').next().unwrap_or_default();
    let text = |text: &str| as_toml(&Value::from(text));
    match (*definition, kind(schema), schema["format"].as_str()) {
        (Some("Duration"), ..) => text(if default == Some(&"1m".into()) { "5m" } else { "1m" }),
        (_, "string", Some("regex")) => text("^ok"),
        (_, "string", Some("uri")) => text("https://example.org/"),
        (_, "string", Some("ip")) => text("192.0.2.10"),
        (_, "string", Some("address")) => text("192.0.2.53"),
        (_, "string", _) => match (key.strip_suffix("_file"), key.strip_suffix("_env")) {
            (Some(what), _) => text(&format!("/run/secrets/{what}")),
            (_, Some(what)) => text(&what.to_uppercase()),
            _ if *definition == Some("Secret") => text("..."),
            _ => String::new(),
        },
        (_, "boolean", _) => (default != Some(&Value::Bool(true))).to_string(),
        (_, "integer", _) => match default.and_then(Value::as_u64) {
            Some(default) if default > 1 => (default / 2).to_string(),
            _ => "2".to_owned(),
        },
        (_, "number", _) => "0.2".to_owned(),
        (_, "array", _) => {
            let inner = example(types, &format!("{name}[]"), &schema["items"], None);
            if inner.is_empty() { inner } else { format!("[{inner}]") }
        }
        (_, "object", _) => table(types, name, schema),
        _ => String::new(),
    }
}

/// The words a value may be.
fn words(schema: &Value) -> Vec<&Value> {
    let all = schema["enum"].as_array().into_iter().flatten();
    all.chain(schema.get("const")).filter(|word| !word.is_null()).collect()
}

/// A table with what it must have, or the first of what it may have; one without keys is empty.
fn table(types: &Types<'_>, name: &str, schema: &Value) -> String {
    let Some(properties) = schema["properties"].as_object() else { return "{}".to_owned() };
    let required = |key: &&String| {
        schema["required"].as_array().is_some_and(|all| all.contains(&Value::from(key.as_str())))
    };
    let mut keys: Vec<&String> = properties.keys().filter(required).collect();
    if keys.is_empty() {
        keys.extend(properties.keys().next());
    }
    let pairs = keys.iter().map(|key| {
        let property = &properties[key.as_str()];
        let value = example(types, &format!("{name}.{key}"), property, property.get("default"));
        format!("{key} = {value}")
    });
    format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_example_is_used_and_can_be_read() {
        let all = super::super::reference::examples();
        for (end, text) in EXAMPLES {
            let used = all.iter().any(|(name, _, example)| name.ends_with(end) && example == text);
            assert!(used, "{end} is for no key");
            format!("x = {text}").parse::<toml::Table>().unwrap();
        }
    }
}
