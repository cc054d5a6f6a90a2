//! The command of a kubeconfig that prints credentials, as `client.authentication.k8s.io` has it.
//!
//! Our own, as the client's blocks a thread while the command runs and cannot end it, and tells of its failure with all
//! its arguments, its environment and whatever it printed: secrets stand in any of these.

use std::{process::Stdio, time::Duration};

use jiff::Timestamp;
use kube::config::{AuthInfo, ExecAuthCluster, ExecConfig, ExecInteractiveMode};
use serde::{Deserialize, Serialize};
use tokio::{
    io::AsyncReadExt,
    process::{Child, Command},
};

use crate::clock::{self, Instant};

/// How long it may take. `aws` and `gcloud` take seconds.
const TAKES: Duration = Duration::from_secs(30);

/// What it may print: a certificate and its key are some kilobytes.
const PRINTED: u64 = 1 << 20;

/// What the command is told, in the environment variable of this name.
const INFO: &str = "KUBERNETES_EXEC_INFO";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Info<'a> {
    kind: &'static str,
    api_version: Option<&'a str>,
    spec: Spec<'a>,
}

#[derive(Serialize)]
struct Spec<'a> {
    interactive: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<&'a ExecAuthCluster>,
}

/// What it answers.
#[derive(Deserialize)]
struct Credential {
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    expiration_timestamp: Option<Timestamp>,
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

/// Runs the command, if there is one, and puts what it prints in its place. When these credentials expire, if it says so.
///
/// # Errors
/// Why there are none, without its arguments and what it printed.
pub(super) async fn run(credentials: &mut AuthInfo) -> Result<Option<Timestamp>, String> {
    let Some(exec) = credentials.exec.take() else { return Ok(None) };
    let program = exec.command.as_deref().unwrap_or_default();
    let wrong = |why: &str| format!("the kubeconfig's command {program:?} {why}");
    let printed = clock::timeout_at(Instant::now() + TAKES, printed(&exec)).await;
    let late = |_| format!("has not ended within {} s", TAKES.as_secs());
    let printed = printed.map_err(late).flatten().map_err(|why| wrong(&why))?;
    let read = serde_saphyr::from_slice(&printed).ok();
    let status = read.and_then(|Credential { status }| status);
    let status = status.ok_or_else(|| wrong("prints no credentials"))?;
    if status.token.is_none() && status.client_certificate_data.is_none() {
        return Err(wrong("prints neither a token nor a certificate"));
    }
    credentials.token = status.token.map(Into::into);
    if let (Some(certificate), Some(key)) = (status.client_certificate_data, status.client_key_data)
    {
        // A kubeconfig has them in base64.
        use base64::{Engine, prelude::BASE64_STANDARD};
        credentials.client_certificate_data = Some(BASE64_STANDARD.encode(certificate));
        credentials.client_key_data = Some(BASE64_STANDARD.encode(key).into());
    }
    Ok(status.expiration_timestamp)
}

/// What it prints. Dropped, it is killed.
async fn printed(exec: &ExecConfig) -> Result<Vec<u8>, String> {
    let mut child = start(exec)?;
    let mut printed = Vec::new();
    let out = child.stdout.take();
    let out = out.ok_or("has no output")?;
    let read = out.take(PRINTED).read_to_end(&mut printed).await;
    read.map_err(|error| format!("cannot be read: {error}"))?;
    let end = child.wait().await.map_err(|error| format!("cannot be waited for: {error}"))?;
    // Its own words are on the standard error output, as with `kubectl`.
    if end.success() { Ok(printed) } else { Err(format!("failed: {end}")) }
}

fn start(exec: &ExecConfig) -> Result<Child, String> {
    if exec.interactive_mode == Some(ExecInteractiveMode::Always) {
        return Err("wants to talk to somebody (interactiveMode: Always)".to_owned());
    }
    let cluster = exec.cluster.as_ref().filter(|_| exec.provide_cluster_info);
    let spec = Spec { interactive: false, cluster };
    let info = Info { kind: "ExecCredential", api_version: exec.api_version.as_deref(), spec };
    let info = serde_json::to_string(&info).map_err(|error| error.to_string())?;
    let pair = |pair: &std::collections::HashMap<String, String>| {
        Some((pair.get("name")?.clone(), pair.get("value")?.clone()))
    };
    let command = exec.command.as_deref().filter(|command| !command.is_empty());
    Command::new(command.ok_or("is not named")?)
        .args(exec.args.iter().flatten())
        .envs(exec.env.iter().flatten().filter_map(pair))
        .env(INFO, info)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("cannot be started: {error}"))
}
