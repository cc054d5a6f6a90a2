//! A `blackbox.yml` and its targets as checks of our own: the file that `noroshi generate config --from-blackbox` prints.
//!
//! Contract: the text is a configuration that loads without errors. What has no equivalent stands in it as a comment; a
//! secret is a reference unless it was asked for.

mod secrets;
mod targets;

pub use targets::{Target, targets};

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use toml::Table;

use self::secrets::Secrets;
use super::{
    Prober,
    native::{self, Native, put},
    read::{Part, Reading},
    target::written,
};
use crate::{
    compat::{
        draft::{exposed, first_upper},
        page::Page,
    },
    model::{
        CheckId, CheckSettings, Diagnostic, IpProtocol, PromDuration, sensitive::is_secret_name,
    },
    probe::spec::Aim,
};

/// What to convert, and how.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The text of the `blackbox.yml`.
    pub text: &'a str,
    /// Its name, for comments and diagnostics.
    pub file: &'a std::path::Path,
    /// What is probed; without any, each module becomes a comment with a placeholder.
    pub targets: &'a [Target],
    /// Whether secrets are written as they are.
    pub with_secrets: bool,
}

/// A configuration of our own.
#[derive(Debug, Clone)]
pub struct Converted {
    /// The file, TOML.
    pub toml: String,
    /// What a person has to do or know: one sentence each, without any secret.
    pub notes: Vec<String>,
    /// What is worth knowing of the `blackbox.yml`.
    pub warnings: Vec<Diagnostic>,
}

const MAX_NAME: usize = CheckId::LONGEST;
/// From run to run, where nothing says otherwise.
const INTERVAL: Duration = Duration::from_secs(30);

/// Converts a file.
///
/// # Errors
/// Every mistake in the `blackbox.yml`.
pub fn convert(options: &Options<'_>) -> Result<Converted, Vec<Diagnostic>> {
    let Reading { modules, parts } = Reading::of(options.text, options.file)?;
    let mut converter = Converter {
        page: Page::default(),
        secrets: Secrets::new(options.with_secrets),
        names: BTreeSet::new(),
        left_out: BTreeMap::new(),
        notes: Vec::new(),
    };
    head(&mut converter.page, options.file);
    for (name, word) in &modules.unknown_probers {
        converter.page.comment(&format!(
            "Module {name:?} names the unknown prober {word:?} and has no equivalent."
        ));
    }
    for part in &parts {
        if options.targets.is_empty() {
            converter.placeholder(part);
        }
    }
    for target in options.targets {
        converter.target(target, &parts);
    }
    let Converter { page, secrets, left_out, mut notes, .. } = converter;
    notes.extend(left_out.iter().map(|(label, checks)| {
        let checks = if *checks == 1 { "a check".to_owned() } else { format!("{checks} checks") };
        format!("the label `{label}` is left out of {checks}: it has no equivalent")
    }));
    notes.extend(secrets.notes);
    Ok(Converted { toml: page.text, notes, warnings: modules.warnings })
}

/// What is true of every check.
fn head(page: &mut Page, file: &std::path::Path) {
    page.comment(&format!(
        "Checks of noroshi, made from {} by `noroshi generate config --from-blackbox`.",
        file.display()
    ));
    page.comment("");
    page.comment("What is different from probes by /probe:");
    for line in [
        "noroshi runs the checks itself, every 30s by default; Prometheus scrapes /metrics once for all of them.",
        "A check is DOWN after 3 failures in a row and UP after 2 passes; `failures` and `successes` change that.",
        "Where a name has addresses of both families and the first cannot be reached, the other family is tried; `ip_protocol_fallback = false` forbids it.",
        "The User-Agent is noroshi's own; `http.headers.User-Agent` changes it.",
        "A body of more than 10MiB fails; `http.body_size_limit` and `http.decompressed_size_limit` change that.",
        "A truncated DNS answer is asked for again over TCP; `dns.tcp_on_truncation = false` forbids it.",
    ] {
        page.comment(&format!("- {line}"));
    }
}

struct Converter {
    page: Page,
    secrets: Secrets,
    /// Of the checks that were written.
    names: BTreeSet<String>,
    /// Labels that a check cannot have, and of how many checks.
    left_out: BTreeMap<String, usize>,
    notes: Vec<String>,
}

impl Converter {
    /// A module as a comment, to be aimed by hand.
    fn placeholder(&mut self, part: &Part) {
        let mut native = native::compile(part.prober, &part.module);
        plain(&mut native, part);
        let secret = self.secrets.take(&part.name, &mut native.table);
        let kind = part.prober.word();
        let (key, example) = example(part.prober);
        put(&mut native.table, key, example);
        let mut page = Page::default();
        page.check(&part.name, kind, &keys(&native, part, None), &native.table);
        self.page.gap();
        self.page.comment(&format!("Module {:?}: give it a target and a name.", part.name));
        self.remarks(&native, &secret);
        self.page.commented_out(&page.text);
    }

    /// The checks of one target: by the modules it names, or by every module that can be aimed at it.
    fn target(&mut self, target: &Target, parts: &[Part]) {
        let asked = |part: &&Part| target.module.as_ref().is_none_or(|name| *name == part.name);
        let fitting: Vec<&Part> = parts.iter().filter(asked).collect();
        if let (Some(module), true) = (&target.module, fitting.is_empty()) {
            self.lost(&format!("{}: there is no module {module:?}", target.shown()));
        }
        let mut taken = false;
        for part in &fitting {
            taken |= self.check(target, part);
        }
        // A target that names no module is tried with each, and most do not fit.
        if target.module.is_none() && !taken {
            self.lost(&format!("{}: no module can be aimed at it", target.shown()));
        }
    }

    fn lost(&mut self, why: &str) {
        self.page.gap();
        self.page.comment(why);
        self.notes.push(why.to_owned());
    }

    /// The check of one target by one module; whether the target is one for the module.
    fn check(&mut self, target: &Target, part: &Part) -> bool {
        let mut native = native::compile(part.prober, &part.module);
        plain(&mut native, part);
        let name = self.name(target, part);
        if let Err(why) = aim(&mut native, target) {
            if target.module.is_some() {
                let module = &part.name;
                self.lost(&format!(
                    "Module {module:?} cannot be aimed at {}: {why}",
                    target.shown()
                ));
            }
            return false;
        }
        let secret = self.secrets.take(&part.name, &mut native.table);
        let mut page = Page::default();
        page.check(&name, part.prober.word(), &keys(&native, part, Some(target)), &native.table);
        self.page.gap();
        for label in &target.left_out {
            self.page.comment(&format!("The label `{label}` has no equivalent."));
            *self.left_out.entry(label.clone()).or_default() += 1;
        }
        self.remarks(&native, &secret);
        for remark in exposed("checks", &native.table) {
            self.page.comment(&format!("{}.", first_upper(&remark)));
            self.notes.push(format!("check {name:?}: {remark}"));
        }
        match native.loads() {
            Ok(()) => {
                self.page.text.push_str(&page.text);
                self.names.insert(name);
            }
            Err(why) => {
                self.lost(&format!("Module {:?} makes no check that could pass: {why}", part.name));
                self.page.commented_out(&page.text);
            }
        }
        true
    }

    fn remarks(&mut self, native: &Native, secrets: &[String]) {
        for remark in &native.remarks {
            self.page.comment(&format!("`{}`: {}.", remark.field, remark.message));
        }
        for secret in secrets {
            self.page.comment(secret);
        }
    }

    /// `http_2xx/example.org/health`, made unique.
    fn name(&self, target: &Target, part: &Part) -> String {
        let whole = format!("{}/{}", part.name, target.shown());
        let printable: String =
            whole.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        let cut = |length: usize| &printable[..printable.floor_char_boundary(length)];
        let mut name = cut(MAX_NAME).to_owned();
        let mut number = 2;
        while self.names.contains(&name) {
            let suffix = format!(" ({number})");
            name = format!("{}{suffix}", cut(MAX_NAME - suffix.len()));
            number += 1;
        }
        name
    }
}

/// Takes away what a module needs to be equal and a check of our own has better defaults for.
fn plain(native: &mut Native, part: &Part) {
    let longest = CheckSettings::LONGEST_INTERVAL;
    if u128::try_from(part.module.timeout.0).is_ok_and(|nanos| nanos > longest.as_nanos()) {
        native.note("timeout", "is cut to a year, the longest there is");
    }
    let table = &mut native.table;
    let http = &part.module.http;
    match part.prober {
        Prober::Http => {
            if http.headers.iter().all(|(name, _)| !name.eq_ignore_ascii_case("accept-encoding")) {
                table.remove("compression");
            }
            if http.body_size_limit.0 == 0 {
                table.remove("body_size_limit");
                table.remove("decompressed_size_limit");
            }
            if !http.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("user-agent")) {
                drop(inner(table, "headers").and_then(|headers| headers.remove("User-Agent")));
            }
            let forwards =
                inner(table, "redirects").and_then(|own| own.remove("forward_credentials"));
            if forwards.is_some() {
                native.note("redirects", "credentials stay with the first origin; to send them on to other ports of its host and to hosts below it, as blackbox_exporter does, set `redirects.forward_credentials = true`");
            }
            let table = &mut native.table;
            for key in ["headers", "redirects"] {
                if inner(table, key).is_some_and(|inner| inner.is_empty()) {
                    table.remove(key);
                }
            }
        }
        Prober::Dns => {
            let counts_opt = table
                .get("expect")
                .and_then(|expect| expect.get("records")?.get("additional"))
                .is_some();
            for key in ["authenticated_data", "tcp_on_truncation", "question_echoed"] {
                table.remove(key);
            }
            if !counts_opt {
                table.remove("edns");
            }
        }
        Prober::Icmp => {
            table.remove("payload");
            if part.module.icmp.payload_size == 0 {
                table.remove("size");
            }
        }
        _ => {}
    }
}

fn inner<'t>(table: &'t mut Table, key: &str) -> Option<&'t mut Table> {
    table.get_mut(key)?.as_table_mut()
}

/// The keys beside the kind's table.
fn keys(native: &Native, part: &Part, target: Option<&Target>) -> Table {
    let mut keys = Table::new();
    let asked = |duration: Option<PromDuration>| duration.map(|duration| duration.0);
    let own = u64::try_from(part.module.timeout.0).ok().filter(|nanos| *nanos > 0);
    let timeout = own.map(Duration::from_nanos).or(asked(target.and_then(|own| own.timeout)));
    let interval = asked(target.and_then(|own| own.interval));
    // A check's runs never overlap.
    let timeout = timeout
        .map(|timeout| timeout.clamp(Duration::from_millis(1), CheckSettings::LONGEST_INTERVAL));
    let least = timeout.unwrap_or_default().max(interval.unwrap_or(INTERVAL));
    if interval.is_some() || least > INTERVAL {
        put(&mut keys, "interval", PromDuration(rounded(least)).to_string());
    }
    if let Some(timeout) = timeout {
        put(&mut keys, "timeout", PromDuration(rounded(timeout)).to_string());
    }
    let common = native.common;
    if part.prober != Prober::Unix {
        if common.preferred_ip_protocol == IpProtocol::Ip4 {
            put(&mut keys, "preferred_ip_protocol", "ip4");
        }
        if !common.ip_protocol_fallback {
            put(&mut keys, "ip_protocol_fallback", false);
        }
    }
    if let Some(source) = common.source_address {
        put(&mut keys, "source_address", source.to_string());
    }
    let labels: Table = target
        .into_iter()
        .flat_map(|target| &target.labels)
        .map(|(name, value)| (name.clone(), value.clone().into()))
        .collect();
    if !labels.is_empty() {
        put(&mut keys, "labels", labels);
    }
    keys
}

/// Our durations go down to the millisecond.
fn rounded(duration: Duration) -> Duration {
    let whole = Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
    if whole < duration { whole + Duration::from_millis(1) } else { whole }
}

/// The key of a kind's target, and one to show.
fn example(prober: Prober) -> (&'static str, &'static str) {
    match prober {
        Prober::Http => ("url", "https://example.org/"),
        Prober::Websocket => ("url", "wss://example.org/"),
        Prober::Tcp | Prober::Grpc => ("address", "example.org:443"),
        Prober::Unix => ("path", "/run/example.sock"),
        Prober::Dns => ("server", "192.0.2.53"),
        Prober::Icmp => ("host", "example.org"),
    }
}

/// Puts the target into the table.
fn aim(native: &mut Native, target: &Target) -> Result<(), String> {
    let (key, _) = example(native.prober);
    if !looks_like(native.prober, target) {
        return Err("it is of another kind".to_owned());
    }
    let whole = written(native.prober, &target.target).into_owned();
    let mut text = whole.clone();
    let has_basic_auth = matches!(native.prober, Prober::Http | Prober::Websocket);
    if let Some((bare, user)) = native::without_userinfo(&text).filter(|_| has_basic_auth) {
        text = bare;
        let mut basic = Table::new();
        put(&mut basic, "username", user.0);
        if let Some(password) = user.1 {
            put(&mut basic, "password", password);
        }
        native.table.entry("basic_auth").or_insert_with(|| basic.into());
    }
    if native::is_http3(&native.table) && text.starts_with("http://") {
        text.replace_range(..4, "https");
    }
    put(&mut native.table, key, text);
    if let Some(hostname) = &target.hostname {
        match native.prober {
            Prober::Http => put(&mut native.table, "headers.Host", hostname.clone()),
            Prober::Tcp => {
                if let Some(tls) = inner(&mut native.table, "tls") {
                    tls.entry("server_name").or_insert_with(|| hostname.clone().into());
                }
            }
            _ => {}
        }
    }
    // The module's own spec says best why a target does not fit.
    let aim = Aim { target: &whole, ..Aim::default() };
    let spec = native.spec().or_else(|_| native.least())?;
    let aimed = spec.aimed(&aim).map(drop);
    // It repeats the target, which has a password.
    aimed.map_err(|why| {
        if target.target.contains('@') { "it is of another kind".to_owned() } else { why }
    })
}

/// Whether a target is of the sort that a prober takes. Only a module that names a target knows better.
fn looks_like(prober: Prober, target: &Target) -> bool {
    let text = &target.target;
    let path = text.starts_with(['/', '@', '.']);
    let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    match prober {
        Prober::Unix => path || target.module.is_some(),
        Prober::Http => !path && scheme.is_none_or(|own| own == "http" || own == "https"),
        _ => !path,
    }
}

/// Whether a key or a header of this name is a secret's.
fn is_secret(name: &str) -> bool {
    is_secret_name(name)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn converted(text: &str, list: &str, with_secrets: bool) -> Converted {
        let targets = targets(list, Path::new("targets")).unwrap();
        let file = Path::new("blackbox.yml");
        convert(&Options { text, file, targets: &targets, with_secrets }).unwrap()
    }

    #[test]
    fn modules_and_targets_become_checks() {
        let text = "modules:\n  http_2xx: {prober: http, timeout: 5s, http: {preferred_ip_protocol: ip4}}\n  ping: {prober: icmp}\n";
        let list =
            "https://example.org/health?q=1 http_2xx\n192.0.2.1 ping # a comment\nexample.org\n";
        let found = converted(text, list, false);
        insta::assert_snapshot!(found.toml);
        assert!(found.notes.is_empty(), "{:?}", found.notes);
    }

    #[test]
    fn secrets_are_references_unless_asked_for() {
        let text = "modules:\n  a:\n    prober: http\n    http:\n      basic_auth: {username: me, password: hunter2}\n      headers: {X-Api-Key: hunter2, Accept: x}\n      http_headers: {X-More: {secrets: [hunter2], values: [b]}}\n      proxy_url: http://u:hunter2@proxy:1\n  b:\n    prober: tcp\n    tcp:\n      query_response: [{expect: ^220, send: PASS hunter2}]\n";
        for list in ["", "https://u:hunter2@example.org a\nexample.org:25 b\n"] {
            let found = converted(text, list, false);
            assert!(!format!("{found:?}").contains("hunter2"), "{found:?}");
            assert!(
                found.notes.iter().any(|note| note.contains("A_BASIC_AUTH_PASSWORD")),
                "{:?}",
                found.notes
            );
        }
        assert!(converted(text, "https://example.org a\n", true).toml.contains("hunter2"));
    }
}
