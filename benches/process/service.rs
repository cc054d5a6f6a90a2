//! A program under measurement: started, asked, ended when dropped.

use std::{
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

use crate::{
    client::{Answer, Client, Samples},
    proc,
    settings::Settings,
};

/// How long a start may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Longer than the file system's clock is coarse.
const SETTLE: Duration = Duration::from_millis(50);

/// Between two tries to reach a program that starts.
const LOOK: Duration = Duration::from_micros(500);

/// A program that serves `/metrics`.
pub(crate) struct Service {
    child: Child,
    pub(crate) address: SocketAddr,
    client: Client,
    /// From its start to the end of the first successful scrape.
    pub(crate) started_in: Duration,
}

/// The binary that is measured.
pub(crate) fn noroshi() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_noroshi"))
}

impl Service {
    /// noroshi on this configuration.
    pub(crate) async fn noroshi(settings: &Settings, config: &str) -> anyhow::Result<Self> {
        let file = settings.folder.path().join("noroshi.toml");
        fs::write(&file, config)?;
        // A file written at the moment of the start is taken for a changed one, and read again.
        tokio::time::sleep(SETTLE).await;
        let mut command = Command::new(noroshi());
        command.arg("--config.file").arg(file).env_clear();
        Self::start(settings, command).await
    }

    /// Adds the flag that says where to listen, and waits until `/metrics` answers.
    pub(crate) async fn start(settings: &Settings, mut command: Command) -> anyhow::Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        command.arg(format!("--web.listen-address={address}"));
        Self::start_at(settings, command, address, "/metrics").await
    }

    /// Waits until a page answers at this address.
    pub(crate) async fn start_at(
        settings: &Settings,
        mut command: Command,
        address: SocketAddr,
        page: &str,
    ) -> anyhow::Result<Self> {
        let log = settings.folder.path().join("log");
        let file = File::create(&log)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let begun = Instant::now();
        let child = command.spawn().with_context(|| format!("{command:?}"))?;
        let mut starting = Starting(Some(child));
        loop {
            if let Ok(client) = first_answer(address, page).await
                && let Some(child) = starting.0.take()
            {
                return Ok(Self { child, address, client, started_in: begun.elapsed() });
            }
            let ended =
                starting.0.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)));
            if ended || begun.elapsed() > PATIENCE {
                let log = fs::read_to_string(&log).unwrap_or_default();
                bail!("it did not start: {}", log.lines().last().unwrap_or("no word in its log"));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Processor time used so far, in seconds.
    pub(crate) fn cpu(&self) -> anyhow::Result<f64> {
        proc::cpu(self.child.id())
    }

    /// Memory held now and at most, in bytes.
    pub(crate) fn memory(&self) -> anyhow::Result<(f64, f64)> {
        proc::memory(self.child.id())
    }

    /// Has the configuration read again.
    pub(crate) async fn reload(&mut self) -> anyhow::Result<()> {
        self.client.post("/-/reload").await.map(drop)
    }

    pub(crate) async fn metrics(&mut self, encoding: &str) -> anyhow::Result<Answer> {
        self.client.get("/metrics", encoding).await
    }

    /// As Prometheus asks.
    pub(crate) async fn samples(&mut self) -> anyhow::Result<Samples> {
        self.metrics("gzip").await?.samples()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ends a program that never became a [`Service`].
struct Starting(Option<Child>);

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

async fn first_answer(address: SocketAddr, page: &str) -> anyhow::Result<Client> {
    let mut client = Client::connect(address).await?;
    client.get(page, "gzip").await?;
    Ok(client)
}
