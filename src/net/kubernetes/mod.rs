//! Clients of Kubernetes' API: where a server is, who we are to it, and until when.

mod expiry;
mod token;

use std::{path::PathBuf, time::Duration};

use http::{HeaderValue, Uri, header};
use jiff::Timestamp;
use kube::{
    Client, Config,
    client::ClientBuilder,
    config::{KubeConfigOptions, Kubeconfig},
};
use tokio::{runtime::Handle, task::JoinHandle};
use tower::util::MapRequestLayer;

use self::token::TokenFile;
use crate::{
    clock::{self, Instant},
    model::Secret,
};

/// How an API server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// From inside, by the account of the pod.
    InCluster,
    /// As a kubeconfig says.
    Kubeconfig {
        /// The file; `$KUBECONFIG` or `~/.kube/config` if it is `None`.
        path: Option<PathBuf>,
        /// The context; the current one if it is `None`.
        context: Option<String>,
        /// Another server than it names.
        server: Option<String>,
    },
    /// By its address.
    Server {
        /// Its URL.
        url: String,
        /// The token.
        token: Option<Secret>,
        /// A file with the token, read again as it changes.
        token_file: Option<PathBuf>,
        /// The certificates that may sign the server's.
        ca_file: Option<PathBuf>,
    },
}

/// A client, and what can be said of it before it asks anything.
#[derive(Clone)]
pub struct Connected {
    /// The client.
    pub client: Client,
    /// The server's URL.
    pub server: String,
    /// When the credentials expire, if they say so.
    pub expire: Option<Timestamp>,
}

/// How we call ourselves: API Priority and Fairness and audit logs tell clients apart by it.
const AGENT: &str = concat!("noroshi/", env!("CARGO_PKG_VERSION"));

/// How long the files and the command of a kubeconfig may take to give credentials. `aws` and `gcloud` take seconds.
const TAKES: Duration = Duration::from_secs(30);

/// Makes clients for a server. The command of a kubeconfig runs in a thread of its own, one at a time: it may hang, and
/// then costs this one thread.
pub struct Connector {
    access: Access,
    under_way: Option<JoinHandle<Result<Connected, String>>>,
}

impl Connector {
    /// By what the server is reached.
    pub fn new(access: &Access) -> Self {
        Self { access: access.clone(), under_way: None }
    }

    /// A client, from the files and the command as they are now; nothing is asked of the server yet.
    ///
    /// # Errors
    /// What is wrong with the files, the command or the address, in words.
    pub async fn connect(&mut self) -> Result<Connected, String> {
        let made = self.under_way.get_or_insert_with(|| {
            let (access, runtime) = (self.access.clone(), Handle::current());
            tokio::task::spawn_blocking(move || runtime.block_on(connect(&access)))
        });
        let Ok(made) = clock::timeout_at(Instant::now() + TAKES, made).await else {
            let seconds = TAKES.as_secs();
            return Err(format!("the kubeconfig's command has not ended within {seconds} s"));
        };
        self.under_way = None;
        made.unwrap_or_else(|panic| Err(format!("the client broke: {panic}")))
    }
}

async fn connect(access: &Access) -> Result<Connected, String> {
    let mut config = config(access).await?;
    only_a_place(&config.cluster_url)?;
    // The watches have pauses of their own, and count every failure.
    config.default_retry = false;
    config.headers.push((header::USER_AGENT, HeaderValue::from_static(AGENT)));
    let server = config.cluster_url.to_string();
    let expire = expiry::of(&config.auth_info);
    let client = client(config)?;
    Ok(Connected { client, server, expire })
}

/// A server's URL stands in logs and labels: a password in it would be told to everybody.
fn only_a_place(url: &Uri) -> Result<(), String> {
    if url.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err("the server's URL names a user; credentials belong into the kubeconfig's \
                    users, or into a token"
            .to_owned());
    }
    Ok(())
}

fn client(mut config: Config) -> Result<Client, String> {
    // As for `kubectl`, a file goes before a token.
    let file = config.auth_info.token_file.take();
    let token = file.map(|file| TokenFile::open(file.into())).transpose()?;
    if token.is_some() {
        config.auth_info.token = None;
    }
    let builder = ClientBuilder::try_from(config).map_err(|error| chain(&error))?;
    Ok(match token {
        Some(token) => {
            builder.with_layer(&MapRequestLayer::new(move |asked| token.sign(asked))).build()
        }
        None => builder.build(),
    })
}

async fn config(access: &Access) -> Result<Config, String> {
    match access {
        Access::InCluster => Config::incluster().map_err(|error| chain(&error)),
        Access::Kubeconfig { path, context, server } => {
            let read = match path {
                Some(path) => Kubeconfig::read_from(path),
                None => Kubeconfig::read(),
            };
            let kubeconfig = read.map_err(|error| chain(&error))?;
            let options = KubeConfigOptions { context: context.clone(), ..Default::default() };
            let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
            let mut config = config.map_err(|error| chain(&error))?;
            if let Some(server) = server {
                config.cluster_url = uri(server)?;
            }
            Ok(config)
        }
        Access::Server { url, token, token_file, ca_file } => {
            let mut config = Config::new(uri(url)?);
            config.auth_info.token = token.as_ref().map(|token| token.expose().trim().into());
            config.auth_info.token_file =
                token_file.as_ref().map(|file| file.to_string_lossy().into_owned());
            config.root_cert_file.clone_from(ca_file);
            Ok(config)
        }
    }
}

fn uri(url: &str) -> Result<Uri, String> {
    // What may hold a password is not repeated.
    let shown = if url.contains('@') { "the server's address" } else { url };
    let uri: Uri = url.parse().map_err(|error| format!("{shown} is no URL: {error}"))?;
    if uri.scheme().is_none() {
        return Err(format!("{shown} is no URL: it begins with neither https:// nor http://"));
    }
    Ok(uri)
}

/// An error with what it wraps, each said once: errors of libraries often repeat what they wrap.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let said = error.to_string();
        if !words.contains(&said) {
            words = format!("{words}: {said}");
        }
        source = error.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A kubeconfig whose user is a command of the shell.
    fn kubeconfig(dir: &std::path::Path, server: &str, command: &str) -> Access {
        let path = dir.join("config");
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: here\n\
             clusters: [{{name: here, cluster: {{server: '{server}'}}}}]\n\
             contexts: [{{name: here, context: {{cluster: here, user: me}}}}]\n\
             users: [{{name: me, user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, \
             command: sh, args: [-c, '{command}'], interactiveMode: Never}}}}}}]\n"
        );
        std::fs::write(&path, text).unwrap();
        Access::Kubeconfig { path: Some(path), context: None, server: None }
    }

    /// Time is stopped, and goes on only if the command does not keep the runtime's one thread.
    #[tokio::test(start_paused = true)]
    async fn a_command_that_hangs_holds_nobody_up_and_runs_once() {
        let dir = tempfile::tempdir().unwrap();
        let (ran, go) = (dir.path().join("ran"), dir.path().join("go"));
        let command = format!(
            "echo >> {}; until [ -e {} ]; do sleep 0.05; done; echo \"{{}}\"",
            ran.display(),
            go.display()
        );
        let access = kubeconfig(dir.path(), "https://127.0.0.1:6443", &command);
        let mut connector = Connector::new(&access);
        for _ in 0..3 {
            let passes = async {
                tokio::task::yield_now().await;
                tokio::time::advance(TAKES).await;
            };
            let why = tokio::join!(connector.connect(), passes).0.err().unwrap();
            assert!(why.contains("has not ended within 30 s"), "{why}");
        }
        std::fs::write(&go, "").unwrap();
        let made = connector.under_way.take().unwrap();
        assert!(made.await.unwrap().is_err(), "what it prints are no credentials");
        assert_eq!(std::fs::read_to_string(&ran).unwrap(), "\n", "once");
    }

    #[tokio::test]
    async fn a_password_in_an_address_is_not_told() {
        let dir = tempfile::tempdir().unwrap();
        let told =
            |access: Access| async move { Connector::new(&access).connect().await.err().unwrap() };
        let server = |url: &str| Access::Server {
            url: url.to_owned(),
            token: None,
            token_file: None,
            ca_file: None,
        };
        for access in [
            kubeconfig(dir.path(), "https://me:hunter2@127.0.0.1:6443", "echo {}"),
            server("https://me:hunter2@127.0.0.1:6443"),
            server("https://me:hunter2@127.0.0.1:port"),
            server("me:hunter2@127.0.0.1"),
        ] {
            let why = told(access).await;
            assert!(!why.contains("hunter2") && why.contains("server's"), "{why}");
        }
    }
}
