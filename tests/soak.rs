//! `noroshi blackbox` under load for minutes: 200 probes a second of every kind, sound ones and broken ones, 256 of them
//! in flight because their targets stay silent. Memory, descriptors and deadlines have to hold.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test says what went wrong by panicking"
)]

mod support;

use std::{
    fmt::Write as _,
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use support::{
    Fault, Peer, Protocol,
    alone::missing,
    authority::{Authority, Flaw},
    daemon::{Daemon, noroshi},
    dialogue::{self, End, say},
    eventually,
    health::{self, Answer},
    names, web,
};

const A_SECOND: u32 = 200;

/// How long a probe of a silent target lasts. Fifty of them a second are 275 in flight, beside the others.
const HELD: Duration = Duration::from_millis(5500);

/// How many have to be in flight at some time.
const IN_FLIGHT: usize = 256;

/// How late a single probe may be on a busy machine. What is late by itself is late by seconds.
const SLACK: Duration = Duration::from_millis(750);

/// How late all but one in a thousand may be, in seconds: a deadline is a timer, and what comes after it is a page to write.
const LATE: f64 = 0.05;

/// By how much memory may grow from the first minute to the last, in bytes.
const GROWTH: f64 = 2e6;

/// A probe that is asked for again and again.
struct Probe {
    path: String,
    timeout: Duration,
    /// Whether it succeeds; its peer sees to that.
    succeeds: bool,
}

/// Every probe there is, in the three sorts that the load is mixed of.
#[derive(Default)]
struct Probes {
    modules: String,
    sound: Vec<Probe>,
    held: Vec<Probe>,
    broken: Vec<Probe>,
    peers: Vec<Peer>,
    authority: Option<Authority>,
    folder: Option<tempfile::TempDir>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes as many seconds as NOROSHI_SOAK says"]
async fn soak() {
    let seconds = std::env::var("NOROSHI_SOAK").ok().and_then(|text| text.parse().ok());
    let whole = Duration::from_secs(seconds.unwrap_or(60));
    let mut probes = Probes::arrange().await;
    let file = probes.file("blackbox.yml");
    std::fs::write(&file, format!("modules:\n{}", probes.modules)).unwrap();
    let flag = format!("--config.file={}", file.display());
    let mut command = noroshi(&["blackbox", &flag, "--web.listen-address=127.0.0.1:0"]);
    let daemon = Daemon::spawn(&mut command);
    let address = daemon.url().trim_start_matches("http://").to_owned();
    let pid = daemon.pid();
    probes.leave_out_what_is_not_permitted(&address).await;
    // Each of them once: what is opened for good is open then.
    for probe in probes.sound.iter().chain(&probes.broken) {
        ask(&address, probe).await.unwrap_or_else(|why| panic!("{}: {why}", probe.path));
    }
    eventually!(open_files(pid) > 0);
    let before = steady(pid).await;

    let memory = tokio::spawn(watch(pid, whole));
    let (mut late, most) = load(&address, &Arc::new(probes), whole).await;
    let memory = memory.await.unwrap();

    // In a run of less than three minutes thirds take the place of minutes, and the first one fills what is kept anyway.
    let minute = (memory.len() / 3).clamp(1, 60);
    let begin = if minute < 60 { minute } else { 0 };
    let first = median(&memory[begin..begin + minute]);
    let last = median(&memory[memory.len() - minute..]);
    late.sort_unstable_by(f64::total_cmp);
    let (asked, worst) = (late.len(), late.last().copied().unwrap_or_default());
    let usual = late.get(asked * 999 / 1000).copied().unwrap_or_default();
    println!(
        "{asked} probes, at most {most} in flight, 99.9 % at most {usual:.3} s after their deadline and all at most {worst:.3} s; \
         memory {:.1} MB at first, {:.1} MB at last; {before} files open",
        first / 1e6,
        last / 1e6
    );
    assert!(last <= first + GROWTH, "memory grew from {first} to {last} bytes: {memory:?}");
    assert!(usual <= LATE, "one in a thousand was {usual} s or more late");
    assert!(most >= IN_FLIGHT, "only {most} were in flight");
    eventually!(open_files(pid) <= before, "{} files are open, {before} were", open_files(pid));
    assert!(!daemon.log().contains("panic"), "{}", daemon.log());
}

/// Asks at the rate for as long as said; panics at the first probe that is not answered as it should be. By how many seconds
/// each of them missed its deadline, and how many were in flight at most.
async fn load(address: &str, probes: &Arc<Probes>, whole: Duration) -> (Vec<f64>, usize) {
    let begun = Instant::now();
    let in_flight = Arc::new(AtomicUsize::new(0));
    let (mut asked, mut most, mut late) = (0_u32, 0, Vec::new());
    let mut open = JoinSet::new();
    while begun.elapsed() < whole {
        tokio::time::sleep_until((begun + Duration::from_secs(1) * asked / A_SECOND).into()).await;
        let (address, probes) = (address.to_owned(), Arc::clone(probes));
        let flying = Arc::clone(&in_flight);
        let nth = usize::try_from(asked).unwrap();
        asked += 1;
        most = most.max(flying.fetch_add(1, Ordering::Relaxed) + 1);
        open.spawn(async move {
            let probe = probes.nth(nth);
            let told = ask(&address, probe).await;
            flying.fetch_sub(1, Ordering::Relaxed);
            told.unwrap_or_else(|why| panic!("{}: {why}", probe.path))
        });
        while let Some(done) = open.try_join_next() {
            late.push(done.unwrap());
        }
    }
    while let Some(done) = open.join_next().await {
        late.push(done.unwrap());
    }
    (late, most)
}

/// One request on a connection of its own, and whether the probe kept its time and ended as it should; by how many seconds it
/// missed its deadline.
async fn ask(address: &str, probe: &Probe) -> Result<f64, String> {
    let begun = Instant::now();
    let answer = request(address, &probe.path).await.map_err(|error| error.to_string())?;
    let took = begun.elapsed();
    let value = |name: &str| -> Option<f64> {
        let line = answer.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().parse().ok()
    };
    let (Some(success), Some(seconds)) =
        (value("probe_success "), value("probe_duration_seconds "))
    else {
        return Err(format!("answered {answer}"));
    };
    let wanted = if probe.succeeds { 1.0 } else { 0.0 };
    if (success - wanted).abs() > f64::EPSILON {
        return Err(format!("success is {success} after {took:?}: {answer}"));
    }
    if seconds > (probe.timeout + SLACK).as_secs_f64() || took > probe.timeout + SLACK * 2 {
        return Err(format!("it took {seconds} s, and {took:?} to answer, of {:?}", probe.timeout));
    }
    Ok((seconds - probe.timeout.as_secs_f64()).max(0.0))
}

async fn request(address: &str, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

impl Probes {
    /// Starts every peer, and writes a module for each.
    async fn arrange() -> Self {
        let mut all = Self { folder: Some(tempfile::tempdir().unwrap()), ..Self::default() };
        all.add_sound().await;
        all.add_held().await;
        all.add_broken().await;
        all
    }

    /// The n-th of the load: a quarter stays silent, a tenth is broken, the rest is sound.
    fn nth(&self, nth: usize) -> &Probe {
        let per_second = usize::try_from(A_SECOND).unwrap();
        let (list, at) = match nth % 20 {
            at if at % 4 == 0 => (&self.held, nth / 4),
            7 | 14 => (&self.broken, nth / 10 + nth / per_second),
            _ => (&self.sound, nth),
        };
        &list[at % list.len()]
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.as_ref().unwrap().path().join(name)
    }

    fn add(
        &mut self,
        prober: &str,
        options: &str,
        target: &str,
        timeout: Duration,
        succeeds: bool,
    ) -> Probe {
        let name = format!("m{}", self.modules.lines().count());
        let seconds = timeout.as_secs_f64();
        let _ = writeln!(
            self.modules,
            "  {name}: {{ prober: {prober}, timeout: {seconds}s, {prober}: {{ {options} }} }}"
        );
        Probe { path: format!("/probe?module={name}&target={target}"), timeout, succeeds }
    }

    async fn add_sound(&mut self) {
        let timeout = Duration::from_secs(5);
        let authority = Authority::new();
        let site = web::serve(|_| web::reply(200, &[], &[b'x'; 4096])).await;
        let moved = web::serve(web::redirect).await;
        let secure =
            web::serve_tls(authority.acceptor(Flaw::None), |_| web::reply(200, &[], b"up"));
        let secure = secure.await;
        let lines = dialogue::serve(&[say("220 ready\r\n")], End::Wait).await;
        let path = self.file("s.sock");
        let unix = dialogue::serve_unix(&path, &[say("220 ready\r\n")], End::Wait).await;
        let udp = names::over_udp(|query, _| vec![names::sound(query)]).await;
        let tcp = names::over_tcp(|query: &[u8]| names::sound(query)).await;
        let grpc = health::serve(&[("", Answer::Health(1))]).await;
        let ca = authority.ca_file().display().to_string();
        let expect =
            "query_response: [{ expect: '^220 (.*)', labels: [{ name: said, value: '${1}' }] }]";
        let question = "query_name: a.test, query_type: A, validate_answer_rrs: { fail_if_not_matches_regexp: ['192'] }";
        let trusted = format!("tls_config: {{ ca_file: {ca} }}");
        for (prober, options, target) in [
            (
                "http",
                "fail_if_body_not_matches_regexp: ['x+']".to_owned(),
                format!("http://{}/", site.address()),
            ),
            ("http", String::new(), format!("http://{}/5", moved.address())),
            ("http", trusted, format!("https://{}/", secure.address())),
            ("tcp", String::new(), lines.address().to_string()),
            ("tcp", expect.to_owned(), lines.address().to_string()),
            ("unix", expect.to_owned(), path.display().to_string()),
            ("dns", question.to_owned(), udp.address().to_string()),
            ("dns", format!("{question}, transport_protocol: tcp"), tcp.address().to_string()),
            ("grpc", "preferred_ip_protocol: ip4".to_owned(), grpc.address().to_string()),
            ("icmp", String::new(), "127.0.0.1".to_owned()),
            ("icmp", "payload_size: 1000".to_owned(), "127.0.0.2".to_owned()),
        ] {
            let probe = self.add(prober, &options, &target, timeout, true);
            self.sound.push(probe);
        }
        self.peers.extend([site, moved, secure, lines, unix, udp, tcp, grpc]);
        self.authority = Some(authority);
    }

    /// Peers that take a connection or a question, and leave it at that.
    async fn add_held(&mut self) {
        let silent = dialogue::serve(&[], End::Wait).await;
        let mute = Peer::datagram(|_, _| Vec::new()).await;
        let late = health::serve(&[("", Answer::Silent)]).await;
        let at = silent.address().to_string();
        for (prober, options, target) in [
            ("http", "", format!("http://{at}/")),
            ("http", "tls_config: { insecure_skip_verify: true }", format!("https://{at}/")),
            ("tcp", "query_response: [{ expect: a }]", at.clone()),
            ("tcp", "tls: true", at),
            ("dns", "query_name: a.test", mute.address().to_string()),
            ("grpc", "preferred_ip_protocol: ip4", late.address().to_string()),
        ] {
            let probe = self.add(prober, options, &target, HELD, false);
            self.held.push(probe);
        }
        self.peers.extend([silent, mute, late]);
    }

    async fn add_broken(&mut self) {
        let timeout = Duration::from_millis(500);
        let kinds = [
            (Protocol::Http, "http", "fail_if_body_not_matches_regexp: [never]"),
            (Protocol::Line, "tcp", "query_response: [{ expect: never }]"),
            (Protocol::Tls, "tcp", "tls: true"),
            (
                Protocol::Dns,
                "dns",
                "query_name: a.test, transport_protocol: tcp, validate_answer_rrs: { fail_if_matches_regexp: [''] }",
            ),
        ];
        for fault in Fault::ALL {
            // Silence is held elsewhere; a flood makes the machine busy with itself, and is the other soak's.
            if matches!(fault, Fault::Silent | Fault::Endless) {
                continue;
            }
            for (protocol, prober, options) in kinds {
                if fault == Fault::WrongId && protocol != Protocol::Dns {
                    continue;
                }
                for (_, peer) in protocol.peers(fault).await {
                    let target = match protocol {
                        Protocol::Http => format!("http://{}/", peer.address()),
                        _ => peer.address().to_string(),
                    };
                    let probe = self.add(prober, options, &target, timeout, false);
                    self.broken.push(probe);
                    self.peers.push(peer);
                }
            }
        }
    }

    /// Pings want a right that not everybody has.
    async fn leave_out_what_is_not_permitted(&mut self, address: &str) {
        let modules = self.modules.clone();
        let pings = |probe: &Probe| {
            let name = probe.path.split(['=', '&']).nth(1).unwrap();
            modules.contains(&format!("  {name}: {{ prober: icmp"))
        };
        let first = self.sound.iter().find(|probe| pings(probe)).unwrap();
        if let Err(why) = ask(address, first).await {
            missing(&format!("pings are not permitted here: {why}"));
            self.sound.retain(|probe| !pings(probe));
        }
    }
}

/// Bytes in memory, once a second.
async fn watch(pid: u32, whole: Duration) -> Vec<f64> {
    let begun = Instant::now();
    let mut seen = Vec::new();
    while begun.elapsed() < whole {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        seen.push(line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() * 1024.0);
        if seen.len() % 30 == 0 {
            println!(
                "{} s: {:.1} MB, {} files",
                seen.len(),
                seen[seen.len() - 1] / 1e6,
                open_files(pid)
            );
        }
    }
    seen
}

fn open_files(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

/// How many files it has open when it has nothing to do: as soon as that does not change any more.
async fn steady(pid: u32) -> usize {
    let mut last = open_files(pid);
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = open_files(pid);
        if now == last {
            return now;
        }
        last = now;
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
