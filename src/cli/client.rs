//! Asks a running instance.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde_json::Value;

use super::{args::Peer, paint::harmless};
use crate::{
    clock::Instant,
    compat,
    net::{
        Net,
        web::{
            BasicAuth, HttpOptions,
            client::{Request, Target, send_for},
        },
    },
};

/// How long an instance may take; it answers from memory.
const PATIENCE: Duration = Duration::from_secs(10);

/// The largest answer: 100,000 checks at 2 kB.
const LIMIT: usize = 200 << 20;

/// The most of a refusal that is shown.
const REFUSAL: usize = 500;

/// GET of a path below the instance's URL, as JSON.
pub(super) fn get(peer: &Peer, path: &str) -> anyhow::Result<Value> {
    let body = ask(peer, Method::GET, path, None)?;
    serde_json::from_slice(&body).context("the answer is not JSON: is this noroshi?")
}

/// POST of JSON to a path below the instance's URL.
pub(super) fn post(peer: &Peer, path: &str, body: &Value) -> anyhow::Result<Value> {
    let body = ask(peer, Method::POST, path, Some(body))?;
    serde_json::from_slice(&body).context("the answer is not JSON: is this noroshi?")
}

/// DELETE of a path below the instance's URL.
pub(super) fn delete(peer: &Peer, path: &str) -> anyhow::Result<()> {
    ask(peer, Method::DELETE, path, None).map(|_| ())
}

fn ask(peer: &Peer, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Bytes> {
    let base: Target = peer.url.parse().map_err(|why: String| anyhow!("--url: {why}"))?;
    let options = options(peer)?;
    // Without user and password, which may stand in it.
    let shown = &base.url[..url::Position::BeforePath];
    let mut url = base.url.clone();
    let (path, query) = path.split_once('?').map_or((path, None), |(path, own)| (path, Some(own)));
    url.set_path(&format!("{}{path}", base.url.path().trim_end_matches('/')));
    url.set_query(query);
    let target = Target { url, userinfo: base.userinfo.clone() };
    let mut request = match body {
        Some(body) => Request::post_json(&target, body.to_string()),
        None => Request::get(&target),
    };
    request.method = method;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (net, deadline) = (Net::new(), Instant::now() + PATIENCE);
    let sent = runtime.block_on(send_for(&net, deadline, &options, request, LIMIT));
    let answer = sent.map_err(|failure| {
        let why = harmless(&format!("{}, {}", failure.reason.word(), failure.detail));
        anyhow!("cannot reach {shown} ({why}): is noroshi running there? --url names another")
    })?;
    if let Some(broken) = answer.broken {
        bail!("the answer broke off: {}", harmless(&broken.detail));
    }
    if !answer.status.is_success() {
        bail!("{shown} answered {}{}", answer.status, words(&answer.body));
    }
    Ok(answer.body)
}

/// How the instance is reached.
fn options(peer: &Peer) -> anyhow::Result<HttpOptions> {
    if let Some(file) = &peer.config_file {
        return from_file(file);
    }
    let basic_auth = peer.user.as_ref().map(|user| {
        Arc::new(BasicAuth {
            username: Some(user.clone()),
            password_file: peer.password_file.clone(),
            ..BasicAuth::default()
        })
    });
    Ok(HttpOptions { basic_auth, ..HttpOptions::default() })
}

fn from_file(file: &Path) -> anyhow::Result<HttpOptions> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let table = compat::alertmanager::http_options(&text, file).map_err(anyhow::Error::msg)?;
    // Whatever is wrong with a value that may be a secret: which one it is has to do.
    let unusable = || anyhow!("{}: a value in it cannot be used", file.display());
    let options = HttpOptions::deserialize(table).map_err(|_| unusable())?;
    match options.problems("").first() {
        Some(problem) => bail!("{}: {}", file.display(), problem.message),
        None => Ok(options),
    }
}

/// What a refusal says: a text, or an object with a message. Behind a colon, if it says anything.
fn words(body: &[u8]) -> String {
    let words = match serde_json::from_slice::<Value>(body) {
        Ok(Value::String(text)) => text,
        Ok(value) => value["message"].as_str().unwrap_or_default().to_owned(),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    let words: String = harmless(words.trim()).chars().take(REFUSAL).collect();
    if words.is_empty() { words } else { format!(": {words}") }
}
