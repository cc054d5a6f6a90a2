//! Clients of Kubernetes' API: where a server is, who we are to it, and until when.

mod expiry;
mod token;

use std::path::PathBuf;

use http::{HeaderValue, Uri, header};
use jiff::Timestamp;
use kube::{
    Client, Config,
    client::ClientBuilder,
    config::{KubeConfigOptions, Kubeconfig},
};

use tower::util::MapRequestLayer;

use self::token::TokenFile;
use crate::model::Secret;

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

/// A client for a server; nothing is asked of it yet.
///
/// # Errors
/// What is wrong with the files or the address, in words.
pub async fn connect(access: &Access) -> Result<Connected, String> {
    let mut config = config(access).await?;
    // The watches have pauses of their own, and count every failure.
    config.default_retry = false;
    config.headers.push((header::USER_AGENT, HeaderValue::from_static(AGENT)));
    let server = config.cluster_url.to_string();
    let expire = expiry::of(&config.auth_info);
    let client = client(config)?;
    Ok(Connected { client, server, expire })
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
    let uri: Uri = url.parse().map_err(|error| format!("{url:?} is no URL: {error}"))?;
    if uri.scheme().is_none() {
        return Err(format!("{url:?} is no URL: it begins with neither https:// nor http://"));
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
