//! noroshi inside the test's own process: an app on port 0 with a configuration of its own.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use figment::Figment;
use noroshi::{
    app::{App, Options, StartError},
    clock::Clock,
    config::Sources,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{Peer, patience::patience, web};

/// The defaults of every bench; what a test appends begins inside of `[defaults]`.
pub const COMMON: &str =
    "[defaults]\ninterval = \"250ms\"\ntimeout = \"250ms\"\nfailures = 1\nsuccesses = 1\n";

/// A running app and the folder of its configuration.
pub struct Bench {
    pub app: App,
    pub folder: tempfile::TempDir,
}

impl Bench {
    pub async fn new(checks: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("noroshi.toml");
        fs::write(&file, format!("{COMMON}{checks}")).unwrap();
        Self { app: start(&file).await.unwrap(), folder }
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("noroshi.toml")
    }

    pub fn write(&self, checks: &str) {
        fs::write(self.file(), format!("{COMMON}{checks}")).unwrap();
    }

    pub async fn get(&self, path: &str) -> (u16, String) {
        ask(self.app.addresses()[0], path).await.unwrap()
    }

    /// The value of a check's first sample of a family.
    pub async fn value(&self, family: &str, check: &str) -> Option<f64> {
        self.labelled(family, check, "").await
    }

    /// The value of the check's sample that carries this label too: `state="down"`.
    pub async fn labelled(&self, family: &str, check: &str, label: &str) -> Option<f64> {
        let (_, text) = self.get("/metrics").await;
        let start = format!("{family}{{check=\"{check}\"");
        let line = text.lines().find(|line| line.starts_with(&start) && line.contains(label))?;
        line.rsplit(' ').next().unwrap().parse().ok()
    }
}

pub fn sources(file: &Path) -> Sources {
    let web = Figment::from(("web.listen_address", "127.0.0.1:0"));
    Sources { files: vec![file.to_owned()], flags: web.extract().unwrap(), environment: Vec::new() }
}

pub async fn start(file: &Path) -> Result<App, StartError> {
    let grace = Duration::from_secs(3);
    let options = Options { sources: sources(file), clock: Clock::system(), grace };
    within("the start of an app", App::start(options)).await
}

/// What takes far longer than patience hangs, and is named.
async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    let ended = tokio::time::timeout(patience() * 6, work).await;
    ended.unwrap_or_else(|_| panic!("{what} hangs"))
}

/// A request and its whole answer, the head included.
pub async fn ask(address: SocketAddr, path: &str) -> io::Result<(u16, String)> {
    within(path, asked(address, path)).await
}

async fn asked(address: SocketAddr, path: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: noroshi\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_default();
    Ok((status, answer))
}

/// A site whose answer to each request, counted from 0, has the status that `script` says.
pub async fn site(script: impl Fn(usize) -> u16 + Send + Sync + 'static) -> Peer {
    let requests = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    web::serve(move |_| {
        let nth = requests.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        web::reply(script(nth), &[], b"")
    })
    .await
}
