//! Clients of Kubernetes' API: where a server is, who we are to it, and until when.

mod command;
mod expiry;
mod token;

use std::path::PathBuf;

use http::{HeaderValue, Uri, header};
use jiff::Timestamp;
use kube::{
    Client, Config,
    client::ClientBuilder,
    config::{KubeConfigOptions, Kubeconfig, KubeconfigError},
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

/// A client for a server, from the files and the command as they are now; nothing is asked of the server yet.
///
/// # Errors
/// What is wrong with the files, the command or the address, in words, and without what is secret in them.
pub async fn connect(access: &Access) -> Result<Connected, String> {
    let mut config = config(access).await?;
    only_a_place(&config.cluster_url)?;
    // Kubernetes knows them no more since 1.26. One of them is a command, which the client would run.
    if config.auth_info.auth_provider.is_some() {
        return Err(
            "the kubeconfig has an auth-provider; what came in its place is `exec`".to_owned()
        );
    }
    let ends = command::run(&mut config.auth_info).await?;
    // The watches have pauses of their own, and count every failure.
    config.default_retry = false;
    config.headers.push((header::USER_AGENT, HeaderValue::from_static(AGENT)));
    let server = config.cluster_url.to_string();
    let expire = [ends, expiry::of(&config.auth_info)].into_iter().flatten().min();
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
            let kubeconfig = read.map_err(|error| unreadable(&error))?;
            let options = KubeConfigOptions { context: context.clone(), ..Default::default() };
            let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
            let mut config = config.map_err(|error| unreadable(&error))?;
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

/// What is wrong with a kubeconfig. Not in the parser's words, which quote the lines around the mistake: tokens and keys.
fn unreadable(error: &KubeconfigError) -> String {
    let KubeconfigError::Parse(error) = error else { return chain(error) };
    match error.location() {
        Some(at) => {
            format!("the kubeconfig makes no sense at line {}, column {}", at.line(), at.column())
        }
        None => "the kubeconfig makes no sense".to_owned(),
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
    use std::time::Duration;

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

    async fn told(access: &Access) -> String {
        connect(access).await.err().unwrap()
    }

    /// Stopped time goes on only if nothing keeps the runtime's one thread.
    #[tokio::test(start_paused = true)]
    async fn a_command_that_hangs_is_ended() {
        let dir = tempfile::tempdir().unwrap();
        let pid = dir.path().join("pid");
        let command = format!("echo $$ > {}; exec sleep 300", pid.display());
        let access = kubeconfig(dir.path(), "https://127.0.0.1:6443", &command);
        let (connected, ()) = tokio::join!(connect(&access), async {
            while !std::fs::read_to_string(&pid).is_ok_and(|text| text.ends_with('\n')) {
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        let why = connected.err().unwrap();
        assert!(why.contains("\"sh\" has not ended within 30 s"), "{why}");
        let pid = std::fs::read_to_string(&pid).unwrap();
        let stat = PathBuf::from(format!("/proc/{}/stat", pid.trim()));
        for _ in 0..1000 {
            // Gone, or dead and not yet taken note of.
            if std::fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z ")) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("it still runs");
    }

    #[tokio::test]
    async fn a_command_says_who_we_are_and_until_when() {
        let dir = tempfile::tempdir().unwrap();
        let seen = dir.path().join("seen");
        let json = r#"{\"status\": {\"token\": \"abc\", \"expirationTimestamp\": \"2027-01-01T00:00:00Z\"}}"#;
        let command =
            format!("echo \"$KUBERNETES_EXEC_INFO\" > {}; echo \"{json}\"", seen.display());
        let access = kubeconfig(dir.path(), "https://127.0.0.1:6443", &command);
        let connected = connect(&access).await.map_err(|why| panic!("{why}")).unwrap();
        assert_eq!(connected.expire.unwrap().to_string(), "2027-01-01T00:00:00Z");
        assert_eq!(
            std::fs::read_to_string(&seen).unwrap().trim(),
            r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false}}"#
        );
    }

    #[tokio::test]
    async fn a_command_may_print_a_certificate() {
        let dir = tempfile::tempdir().unwrap();
        let mut parameters = rcgen::CertificateParams::new(vec!["noroshi".to_owned()]).unwrap();
        parameters.not_after = rcgen::date_time_ymd(2027, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap().pem();
        let printed = dir.path().join("printed");
        let status = serde_json::json!({ "status": {
            "clientCertificateData": certificate, "clientKeyData": key.serialize_pem(),
        } });
        std::fs::write(&printed, status.to_string()).unwrap();
        let command = format!("cat {}", printed.display());
        let access = kubeconfig(dir.path(), "https://127.0.0.1:6443", &command);
        let connected = connect(&access).await.map_err(|why| panic!("{why}")).unwrap();
        assert_eq!(connected.expire.unwrap().to_string(), "2027-01-01T00:00:00Z");
    }

    /// Neither what a command is given nor what it prints, nor what stands around a mistake.
    #[tokio::test]
    async fn what_is_wrong_is_said_without_secrets() {
        let dir = tempfile::tempdir().unwrap();
        let server = "https://127.0.0.1:6443";
        for (command, why) in [
            ("echo hunter2; exit 3", "failed: exit status: 3"),
            ("echo hunter2", "prints no credentials"),
            ("echo \"{}\"; : hunter2", "prints no credentials"),
            ("echo \"{status: {expirationTimestamp: hunter2}}\"", "prints no credentials"),
            ("echo \"{status: {}}\"; : hunter2", "prints neither a token nor a certificate"),
        ] {
            let told = told(&kubeconfig(dir.path(), server, command)).await;
            assert!(told.contains(why) && !told.contains("hunter2"), "{told}");
        }
        let path = dir.path().join("broken");
        std::fs::write(&path, "users:\n- name: me\n  user:\n    token: hunter2\n    ]\n").unwrap();
        let told =
            told(&Access::Kubeconfig { path: Some(path), context: None, server: None }).await;
        assert!(told.contains("makes no sense at line 5"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }

    #[tokio::test]
    async fn a_password_in_an_address_is_not_told() {
        let dir = tempfile::tempdir().unwrap();
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
            let why = told(&access).await;
            assert!(!why.contains("hunter2") && why.contains("server's"), "{why}");
        }
    }
}
