//! What every run has in common: resolve, pick addresses, probe, contain panics.

use std::{
    future::Future,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Duration,
};

use futures_util::{FutureExt, future::join_all};

use super::{Run, spec::Check, verdict::judge};
use crate::{
    clock::{self, Clock, Instant},
    model::{
        Addresses, CheckSettings, Desc, Fact, Failure, Outcome, Phase, Phases, Reason, Trace,
        Verdict,
    },
    net::{Attempt, Net, resolve::Lookup, zone},
};

static ADDRESSES: Desc =
    Desc::gauge("noroshi_check_addresses", "Addresses of the target that the last run probed.");
static ADDRESSES_PASSING: Desc = Desc::gauge(
    "noroshi_check_addresses_passing",
    "Addresses of the target that passed the last run.",
);
pub(super) static IP_PROTOCOL: Desc = Desc::gauge(
    "noroshi_check_ip_protocol",
    "IP version of the address the last run probed first, 4 or 6.",
);
static ADDRESS: Desc = Desc::gauge("noroshi_check_address_info", "An address that was probed.")
    .labels(&["address"])
    .internal();

/// Families of facts that every kind may have.
pub const COMMON_FAMILIES: &[&Desc] = &[&ADDRESSES, &ADDRESSES_PASSING, &IP_PROTOCOL, &ADDRESS];

/// The most addresses of one name that a run probes, so that a hostile answer does not become a scan.
const MAX_ADDRESSES: usize = 32;

/// How an outcome came about, for a person who asks.
pub struct Report {
    /// The result.
    pub outcome: Outcome,
    /// Steps and expectations.
    pub trace: Trace,
}

/// Runs a check once. Ends by `settings.timeout`; a panic inside becomes an Unknown outcome.
pub async fn run(check: &Check, net: &Net, clock: Clock, trace: Trace) -> Report {
    let started = Instant::now();
    let deadline = started + check.settings.timeout;
    let attempt = Attempt::new(deadline, trace);
    let tried = contained(deadline + SLACK, probe(check, net, attempt)).await;
    let Tried { result, phases, trace, mut facts, others } = tried;
    let duration = started.elapsed();
    let shown = facts.len();
    facts.extend(others);
    let (verdict, failure) = judge(&check.settings, result, duration, &facts, clock);
    facts.truncate(shown);
    let outcome = Outcome { phases, ..said(verdict, failure, facts, duration) };
    Report { outcome, trace }
}

/// The outcome of a check that somebody else has looked at, by the same rules as that of a run.
pub fn outcome(
    settings: &CheckSettings,
    result: Result<(), Failure>,
    facts: Vec<Fact>,
    duration: Duration,
    clock: Clock,
) -> Outcome {
    let (verdict, failure) = judge(settings, result, duration, &facts, clock);
    said(verdict, failure, facts, duration)
}

fn said(
    verdict: Verdict,
    failure: Option<Failure>,
    facts: Vec<Fact>,
    duration: Duration,
) -> Outcome {
    Outcome {
        verdict,
        reason: failure.as_ref().map(|failure| failure.reason),
        detail: failure.map_or_else(|| Arc::from(""), |failure| bounded(failure.detail).into()),
        phases: Phases::default(),
        duration,
        facts: facts.into(),
    }
}

/// What is added to the deadline before the net below all phases catches a run that none of them cut.
const SLACK: Duration = Duration::from_millis(50);

/// Every phase keeps the deadline by itself and says where it was; this is the net below them, and below their panics.
async fn contained(deadline: Instant, work: impl Future<Output = Tried>) -> Tried {
    match clock::timeout_at(deadline, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(tried)) => tried,
        Ok(Err(panic)) => Tried::failed(Failure::new(Reason::InternalPanic, words(&*panic))),
        Err(_) => {
            let detail = "not over at its deadline, and no phase of it noticed";
            Tried::failed(Failure::new(Reason::DeadlineExceeded, detail))
        }
    }
}

/// What one or several attempts left behind.
struct Tried {
    result: Result<(), Failure>,
    phases: Phases,
    trace: Trace,
    facts: Vec<Fact>,
    /// Of the attempts that are not shown: `warn` rules look at them too.
    others: Vec<Fact>,
}

impl Tried {
    fn failed(failure: Failure) -> Self {
        Self {
            result: Err(failure),
            phases: Phases::default(),
            trace: Trace::default(),
            facts: Vec::new(),
            others: Vec::new(),
        }
    }

    fn of(result: Result<(), Failure>, attempt: Attempt, facts: Vec<Fact>) -> Self {
        Self { result, phases: attempt.phases, trace: attempt.trace, facts, others: Vec::new() }
    }
}

async fn probe(check: &Check, net: &Net, mut attempt: Attempt) -> Tried {
    let settings = &check.settings;
    let Some(endpoint) = check.spec.endpoint() else {
        return here(check, net, attempt).await;
    };
    let lookup = Lookup {
        host: &endpoint.host,
        port: endpoint.port,
        overrides: &settings.resolve,
        server: settings.dns_server,
        source: settings.source_address,
        prefer: settings.preferred_ip_protocol,
        fallback: settings.ip_protocol_fallback,
    };
    // Boxed, as is what few checks want: the probe itself need not carry the size of both.
    let found = Box::pin(net.resolver().lookup(&mut attempt, lookup)).await;
    let addresses = match found {
        Ok(addresses) => addresses,
        Err(failure) => return Tried::of(Err(failure), attempt, Vec::new()),
    };
    if settings.addresses == Addresses::First {
        return first(check, net, attempt, &addresses, endpoint.port).await;
    }
    Box::pin(several(check, net, attempt, &addresses, endpoint.port)).await
}

/// A target of this machine: nothing to resolve, and no address to choose.
async fn here(check: &Check, net: &Net, attempt: Attempt) -> Tried {
    const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
    let mut run = Run { settings: &check.settings, net, attempt, facts: Vec::with_capacity(16) };
    let result = check.spec.run(NOWHERE, &mut run).await;
    Tried::of(result, run.attempt, run.facts)
}

/// The first address, and where nothing lets us in there, the first one of the other family.
async fn first(
    check: &Check,
    net: &Net,
    attempt: Attempt,
    addresses: &[IpAddr],
    port: u16,
) -> Tried {
    let preferred = addresses[0];
    let mut one = single(check, net, attempt, SocketAddr::new(preferred, port)).await;
    let other = addresses.iter().find(|other| other.is_ipv4() != preferred.is_ipv4());
    let other = other.filter(|_| check.settings.ip_protocol_fallback && check.settings.redial);
    let Some((other, refused)) = other.zip(refusal(&one)) else {
        return Tried::of(one.result, one.attempt, one.facts);
    };
    one.attempt.step(|| format!("{refused}; trying {other} of the other family"));
    let Single { result, attempt, facts } =
        single(check, net, one.attempt, SocketAddr::new(*other, port)).await;
    let result = result.map_err(|failure| {
        let detail = format!("{}; before that, {refused}", failure.detail);
        Failure::new(failure.reason, detail)
    });
    Tried::of(result, attempt, facts)
}

/// One attempt at one address.
struct Single {
    result: Result<(), Failure>,
    attempt: Attempt,
    facts: Vec<Fact>,
}

/// Why nothing was said at all; `None` where anything was, such as a redirect to somewhere that refuses.
fn refusal(one: &Single) -> Option<String> {
    let failure = one.result.as_ref().err()?;
    let closed = matches!(failure.reason, Reason::ConnectRefused | Reason::ConnectUnreachable);
    let spoke =
        [Phase::Tls, Phase::Receive].iter().any(|phase| one.attempt.phases.of(*phase).is_some());
    (closed && !spoke).then(|| failure.detail.clone())
}

async fn single(check: &Check, net: &Net, attempt: Attempt, to: SocketAddr) -> Single {
    let to = zone::socket(&check.settings.host, to.ip(), to.port());
    let mut run = Run { settings: &check.settings, net, attempt, facts: Vec::with_capacity(16) };
    run.fact(&IP_PROTOCOL, if to.is_ipv4() { 4.0 } else { 6.0 });
    run.facts.push(Fact::labelled(&ADDRESS, [to.ip().to_string()], 1.0));
    let result = check.spec.run(to, &mut run).await;
    Single { result, attempt: run.attempt, facts: run.facts }
}

/// All addresses at once, each with its own attempt; what is shown is the worst attempt of a failure, else the first.
async fn several(
    check: &Check,
    net: &Net,
    attempt: Attempt,
    addresses: &[IpAddr],
    port: u16,
) -> Tried {
    let probed = &addresses[..addresses.len().min(MAX_ADDRESSES)];
    let each = probed.iter().map(|address| {
        let own = if attempt.trace.is_on() { Trace::on() } else { Trace::default() };
        let attempt = Attempt::new(attempt.deadline(), own);
        async move {
            let one = single(check, net, attempt, SocketAddr::new(*address, port)).await;
            Tried::of(one.result, one.attempt, one.facts)
        }
    });
    let mut tried = join_all(each).await;
    let passing = tried.iter().filter(|one| one.result.is_ok()).count();
    let enough = match check.settings.addresses {
        Addresses::Any | Addresses::First => passing > 0,
        Addresses::All => passing == tried.len(),
    };
    let index = tried.iter().position(|one| one.result.is_ok() == enough).unwrap_or_default();
    let result = if enough { Ok(()) } else { Err(too_few(probed, &tried, passing)) };
    let mut shown = tried.remove(index);
    shown.others = tried.into_iter().flat_map(|one| one.facts).collect();
    for (_, address) in probed.iter().enumerate().filter(|(at, _)| *at != index) {
        shown.facts.push(Fact::labelled(&ADDRESS, [address.to_string()], 1.0));
    }
    #[expect(clippy::cast_precision_loss, reason = "at most MAX_ADDRESSES")]
    shown.facts.extend([
        Fact::new(&ADDRESSES, probed.len() as f64),
        Fact::new(&ADDRESSES_PASSING, passing as f64),
    ]);
    for (phase, took) in attempt.phases.iter() {
        shown.phases.add(phase, took);
    }
    let mut trace = attempt.trace;
    trace.steps.append(&mut shown.trace.steps);
    trace.expectations.append(&mut shown.trace.expectations);
    Tried { result, trace, ..shown }
}

fn too_few(addresses: &[IpAddr], tried: &[Tried], passing: usize) -> Failure {
    let failures: Vec<(&IpAddr, &Failure)> = addresses
        .iter()
        .zip(tried)
        .filter_map(|(address, one)| Some((address, one.result.as_ref().err()?)))
        .collect();
    let first = failures.first().map(|(_, failure)| failure.reason);
    let same = failures.iter().all(|(_, failure)| Some(failure.reason) == first);
    let reason = first.filter(|_| same).unwrap_or(Reason::AddressesFailed);
    let each: Vec<_> = failures
        .iter()
        .map(|(address, failure)| format!("{address}: {} ({})", failure.reason, failure.detail))
        .collect();
    let detail = format!("{passing} of {} addresses pass; {}", addresses.len(), each.join("; "));
    Failure::new(reason, detail)
}

/// A panic's own words.
fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
        .to_owned()
}

/// The longest detail, in bytes: a stranger may have written part of it.
const DETAIL_LIMIT: usize = 512;

fn bounded(mut detail: String) -> String {
    if detail.len() > DETAIL_LIMIT {
        detail.truncate(detail.floor_char_boundary(DETAIL_LIMIT));
        detail.push('…');
    }
    detail
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CheckId, WarnMetric};

    async fn reason(work: impl Future<Output = Tried>) -> Option<Reason> {
        let deadline = Instant::now() + Duration::from_secs(1);
        contained(deadline, work).await.result.err().map(|failure| failure.reason)
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_and_a_hang_are_outcomes() {
        assert_eq!(reason(async { panic!("out of cheese") }).await, Some(Reason::InternalPanic));
        assert_eq!(reason(std::future::pending()).await, Some(Reason::DeadlineExceeded));
    }

    fn settings() -> CheckSettings {
        CheckSettings::new(CheckId::new("a"), "tcp", "127.0.0.1:1", "127.0.0.1")
    }

    /// A TCP check of a name with these addresses, at the port of a server on 127.0.0.1 alone that says `hello`.
    async fn named(addresses: &str, rest: CheckSettings) -> Report {
        let greeter = |address: &'static str, port| async move {
            let listener = tokio::net::TcpListener::bind((address, port)).await.unwrap();
            let port = listener.local_addr().unwrap().port();
            tokio::spawn(async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    let says: &[u8] = if address == "127.0.0.1" { b"hello\n" } else { b"no\n" };
                    let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, says).await;
                }
            });
            port
        };
        let port = greeter("127.0.0.1", 0).await;
        greeter("127.0.0.3", port).await;
        let toml = format!("address = 'x.test:{port}'\ndialogue = [{{ expect = 'hello' }}]");
        let spec = crate::probe::Spec::Tcp(toml::from_str(&toml).unwrap());
        let resolve = vec![format!("x.test:*:{addresses}").parse().unwrap()];
        let settings = Arc::new(CheckSettings { resolve, ..rest });
        let check = Check { settings, spec: Arc::new(spec) };
        run(&check, &Net::new(), Clock::system(), Trace::on()).await
    }

    #[tokio::test]
    async fn the_other_family_is_tried_where_the_preferred_one_refuses() {
        let report = named("::1,127.0.0.1", settings()).await;
        // A machine without IPv6 may say so in other words than refusal.
        if report.reason() == Some(Reason::LocalResources) {
            return;
        }
        assert_eq!(report.reason(), None, "{}", report.detail());
        assert_eq!(report.value(IP_PROTOCOL.name), Some(4.0));
        assert_eq!(report.labels(ADDRESS.name), [["127.0.0.1"]]);
        let steps = format!("{:?}", report.trace.steps);
        assert!(steps.contains("trying 127.0.0.1 of the other family"), "{steps}");
        let sum: Duration = report.outcome.phases.iter().map(|(_, took)| took).sum();
        assert!(sum <= report.outcome.duration);
        for strict in [
            CheckSettings { ip_protocol_fallback: false, ..settings() },
            CheckSettings { redial: false, ..settings() },
        ] {
            let report = named("::1,127.0.0.1", strict).await;
            assert_eq!(report.reason(), Some(Reason::ConnectRefused));
        }
    }

    #[tokio::test]
    async fn every_address_is_listed_and_judged() {
        let mut any = CheckSettings { addresses: Addresses::Any, ..settings() };
        let report = named("127.0.0.2,127.0.0.1", any.clone()).await;
        assert_eq!(report.outcome.verdict, Verdict::Pass, "{}", report.detail());
        let mut addresses = report.labels(ADDRESS.name).concat();
        addresses.sort_unstable();
        assert_eq!(addresses, ["127.0.0.1", "127.0.0.2"]);
        let name = "noroshi_tcp_steps_completed".into();
        any.timeout = Duration::from_millis(500);
        any.warn.metrics = vec![WarnMetric { name, above: None, below: Some(1.0) }];
        let report = named("127.0.0.1,127.0.0.3", any).await;
        assert_eq!(report.reason(), Some(Reason::MetricOutOfBounds), "{}", report.detail());
        assert_eq!(report.value("noroshi_tcp_steps_completed"), Some(1.0));
    }

    #[test]
    fn a_long_detail_is_cut_between_characters() {
        let cut = bounded("狼".repeat(400));
        assert!(cut.len() <= DETAIL_LIMIT + '…'.len_utf8() && cut.ends_with('…'));
    }
}
