//! A Unix socket in the file system, and what is said over it.

use std::{net::SocketAddr, os::unix::ffi::OsStrExt, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Aim, Described, Endpoint, Probe, Problem, Run, certificate, dialogue,
    stream::{Conversation, Expect, Families, Starttls, Step},
};
use crate::{
    model::{Desc, Failure, Reason},
    net::{dial, tls::TlsOptions},
};

/// A connection to a Unix socket, and a dialogue over it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The socket's path; `@name` is one in the abstract namespace of Linux. noroshi has to see it and may need to be of
    /// its group: in a container, mount the folder it lies in.
    pub path: PathBuf,
    /// Speak TLS from the first byte, or after `starttls` or the step of the dialogue that says so; `tls = {}` does so with
    /// the defaults. A path is no name: `localhost` is asked for and verified unless `server_name` says another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsOptions>,
    /// Begin in plain text and change to TLS the way this protocol does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starttls: Option<Starttls>,
    /// What is sent and expected, step by step; with TLS, inside it. Without a dialogue the connection alone counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dialogue: Vec<Step>,
    /// Match `expect` with whole lines alone, as blackbox_exporter does. Otherwise the beginning of a line is enough, such as
    /// a prompt that has no end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole_lines: bool,
    /// What else must hold.
    #[serde(default, skip_serializing_if = "Expect::is_empty")]
    pub expect: Expect,
}

static FAMILIES: Families = Families {
    steps_completed: Desc::gauge(
        "noroshi_unix_steps_completed",
        "Steps of the dialogue that the last run completed.",
    ),
    captured: Desc::gauge(
        "noroshi_unix_captured_info",
        "What a named group of an expected pattern caught; always 1.",
    )
    .labels(&["step", "name", "value"])
    .internal(),
};

/// The longest path of a socket, in bytes: `sun_path` without its last one.
const PATH_LIMIT: usize = 107;

impl Described for Spec {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn target(&self) -> String {
        self.path.display().to_string()
    }

    fn endpoint(&self) -> Option<Endpoint> {
        None
    }

    fn problems(&self) -> Vec<Problem> {
        let mut found = self.conversation().problems();
        let bytes = self.path.as_os_str().as_bytes();
        let message = match bytes.len() {
            0 => "the path is empty".to_owned(),
            1..=PATH_LIMIT if bytes.contains(&0) => "no path holds a zero byte".to_owned(),
            1..=PATH_LIMIT => return found,
            len => format!("a socket's path has at most {PATH_LIMIT} bytes, this one has {len}"),
        };
        found.push(Problem { path: "path".into(), message, hint: None });
        found
    }

    /// A host name says nothing of a socket: `hostname` is ignored, as blackbox_exporter does.
    fn aimed(&self, aim: &Aim<'_>) -> Result<super::Spec, String> {
        let spec = Self { path: aim.target.into(), ..self.clone() };
        let wrong = spec.problems().into_iter().find(|problem| problem.path == "path");
        wrong.map_or(Ok(super::Spec::Unix(spec)), |problem| Err(problem.message))
    }
}

impl Probe for Spec {
    const KIND: &'static str = "unix";
    const SUMMARY: &'static str =
        "A Unix socket, with TLS or STARTTLS if wanted, and a dialogue over it";
    const TARGET_KEY: &'static str = "path";
    const EXAMPLE: &'static str = r#"unix.path = "/run/redis/redis.sock"
unix.dialogue = [
    { send = "PING\r\n" },
    { expect = "^\\+PONG" },
]
"#;
    const REASONS: &'static [Reason] =
        &[Reason::ExpectMismatch, Reason::StarttlsRefused, Reason::LatencyExceeded];
    const FAMILIES: &'static [&'static Desc] = &{
        let [a, b, c, d, e, f, g] = certificate::FAMILIES;
        let (steps, captured) = (&FAMILIES.steps_completed, &FAMILIES.captured);
        [a, b, c, d, e, f, g, steps, captured, &dialogue::LABEL, &dialogue::UNMATCHED]
    };

    async fn run(&self, _: SocketAddr, run: &mut Run<'_>) -> Result<(), Failure> {
        let socket = dial::unix(&mut run.attempt, &self.path).await?;
        self.conversation().hold(run, socket).await
    }
}

impl Spec {
    fn conversation(&self) -> Conversation<'_> {
        Conversation {
            host: "localhost",
            tls: self.tls.as_ref(),
            starttls: self.starttls,
            dialogue: &self.dialogue,
            whole_lines: self.whole_lines,
            expect: &self.expect,
            families: &FAMILIES,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, time::Duration};

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{UnixListener, UnixStream},
    };

    use super::*;
    use crate::{
        model::Reason,
        net::tls::testing::{Authority, Server},
        probe::{self, Report, runtime::IP_PROTOCOL, testing::probe},
    };

    fn spec(toml: &str) -> Spec {
        toml::from_str(toml).unwrap()
    }

    async fn hold(path: &Path, rest: &str) -> Report {
        let spec = spec(&format!("path = '{}'\n{rest}", path.display()));
        assert_eq!(spec.problems(), []);
        probe(probe::Spec::Unix(spec), Duration::from_secs(10)).await
    }

    /// A server for one connection.
    fn serve<F: Future<Output = ()> + Send>(
        path: &Path,
        script: impl FnOnce(UnixStream) -> F + Send + 'static,
    ) {
        let listener = UnixListener::bind(path).unwrap();
        tokio::spawn(async move { script(listener.accept().await.unwrap().0).await });
    }

    #[test]
    fn the_example_is_valid() {
        let spec = spec(&Spec::EXAMPLE.replace("unix.", ""));
        assert_eq!(spec.problems(), []);
        assert_eq!(toml::from_str::<Spec>(&toml::to_string(&spec).unwrap()), Ok(spec));
    }

    #[test]
    fn it_counts_against_itself_and_is_aimed_at_paths() {
        let module = probe::Spec::Unix(spec("path = '/a'\ntls = {}"));
        assert_eq!((module.endpoint(), module.host()), (None, "/a".to_owned()));
        let aim = Aim { target: "/b", hostname: Some("x.test"), ..Aim::default() };
        let aimed = module.aimed(&aim).unwrap();
        assert_eq!(aimed, probe::Spec::Unix(spec("path = '/b'\ntls = {}")));
        for target in ["", &"x".repeat(108), "a\0b"] {
            assert!(module.aimed(&Aim { target, ..Aim::default() }).is_err());
        }
    }

    #[tokio::test]
    async fn a_dialogue_over_a_socket_that_has_no_address() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        serve(&path, |mut stream| async move {
            stream.write_all(b"hello 7\n").await.unwrap();
            let mut heard = [0; 8];
            stream.read_exact(&mut heard).await.unwrap();
            assert_eq!(&heard, b"number 7");
        });
        let dialogue = "dialogue = [{ expect = '^hello (?P<n>.*)', send = 'number ${n}' }]";
        let report = hold(&path, dialogue).await;
        assert_eq!(report.reason(), None, "{}", report.detail());
        assert_eq!(report.value("noroshi_unix_steps_completed"), Some(1.0));
        assert_eq!(report.labels("noroshi_unix_captured_info"), [["1", "n", "7"]]);
        assert_eq!(report.value(IP_PROTOCOL.name), None);
    }

    #[tokio::test]
    async fn tls_names_localhost() {
        let authority = Authority::new();
        let acceptor = authority.issue(|_| {}).acceptor(Server::default());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        serve(&path, |stream| async move {
            let mut stream = acceptor.accept(stream).await.unwrap();
            let _ = stream.read(&mut [0]).await;
        });
        let tls = format!("tls = {{ ca_file = '{}' }}", authority.ca_file().display());
        let report = hold(&path, &tls).await;
        assert_eq!(report.reason(), None, "{}", report.detail());
        assert_eq!(report.value("noroshi_tls_verified"), Some(1.0));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(hold(&path, "").await.reason(), Some(Reason::ConnectRefused));
    }
}
