//! What every provider keeps, whatever its peer does: it ends in time, it knows what may pass from what will not, it waits
//! as long as it is asked to, it reads little of what a stranger sends, and it quotes no secret.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use noroshi::{
    model::{Delivery, DeliveryResult, SendReason},
    notify::PROVIDERS,
};

use crate::support::{
    Peer, notice,
    smtp::{self, Script},
    web::{self, Reply},
};

/// The longest time of an attempt here.
const TIMEOUT: Duration = Duration::from_millis(900);

/// How much later it may be seen to end on a machine with other things to do.
const GRACE: Duration = Duration::from_millis(1500);

/// What every URL and every secret here holds, so that no report may.
const SECRET: &str = "hunter2hunter2";

/// What a peer does.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// It takes the message.
    None,
    /// It answers with this status.
    Status(u16),
    /// It answers 429 and says so, in one of the forms, that two minutes are wanted.
    Throttled(Form),
    /// It resets the connection in the middle of its answer.
    Reset,
    /// It accepts and says nothing.
    Hang,
    /// It takes the message and sends 10 MB.
    Huge,
    /// It fails and sends 10 MB.
    HugeFailure,
    /// Nobody listens.
    Refuse,
}

/// Where and how a wait is said.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    Seconds,
    Fraction,
    Date,
    Body,
    Parameters,
    Nowhere,
}

const FAULTS: [Fault; 18] = [
    Fault::None,
    Fault::Status(400),
    Fault::Status(404),
    Fault::Status(401),
    Fault::Status(403),
    Fault::Status(500),
    Fault::Status(503),
    Fault::Throttled(Form::Seconds),
    Fault::Throttled(Form::Fraction),
    Fault::Throttled(Form::Date),
    Fault::Throttled(Form::Body),
    Fault::Throttled(Form::Parameters),
    Fault::Throttled(Form::Nowhere),
    Fault::Reset,
    Fault::Hang,
    Fault::Huge,
    Fault::HugeFailure,
    Fault::Refuse,
];

/// What must come of it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Wanted {
    Delivered,
    Dead(SendReason),
    Again(SendReason),
    /// And not before so many seconds.
    AgainAfter(f64),
    /// It cannot happen, and why.
    NotApplicable(&'static str),
}

/// How a provider is tried: its table for a peer, and what its peer says when it takes a message.
struct Row {
    kind: &'static str,
    table: fn(SocketAddr) -> String,
    taken: &'static str,
    content: &'static str,
    /// What 10 MB behind a 200 mean: whoever looks at the answer does not find its own.
    huge: Wanted,
}

const ROWS: &[Row] = &[
    Row {
        kind: "webhook",
        table: |at| format!("url = 'http://{at}/{SECRET}?token={SECRET}'"),
        taken: "",
        content: "text/plain",
        huge: Wanted::Delivered,
    },
    Row {
        kind: "slack",
        table: |at| format!("webhook_url = 'http://{at}/services/{SECRET}'"),
        taken: "ok",
        content: "text/plain",
        huge: Wanted::Dead(SendReason::ClientError),
    },
    Row {
        kind: "telegram",
        table: |at| format!("api_url = 'http://{at}'\nbot_token = '{SECRET}'\nchat_id = 5"),
        taken: r#"{"ok":true,"result":{"message_id":3}}"#,
        content: "application/json",
        huge: Wanted::Again(SendReason::ServerError),
    },
    Row {
        kind: "email",
        table: |at| {
            format!(
                "smarthost = '{at}'\nto = 'a@x.example'\nfrom = 'n@x.example'\nrequire_tls = false\n\
                 auth_username = 'u'\nauth_password = '{SECRET}'\nhtml = 'x'\nheaders.Subject = 's'"
            )
        },
        taken: "",
        content: "",
        huge: Wanted::NotApplicable("a mail server says one line"),
    },
];

#[tokio::test]
async fn every_provider_keeps_the_contract() {
    let mut complaints = Vec::new();
    for kind in PROVIDERS {
        let Some(row) = ROWS.iter().find(|row| row.kind == kind.word) else {
            complaints.push(format!("{}: there is no row for it", kind.word));
            continue;
        };
        for fault in FAULTS {
            let wanted = wanted(row, fault);
            if !matches!(wanted, Wanted::NotApplicable(_)) {
                complaints.extend(complaint(row, fault, wanted).await);
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn wanted(row: &Row, fault: Fault) -> Wanted {
    use SendReason::{AuthError, ClientError, DeadlineExceeded, Other, RateLimited, ServerError};
    let is_mail = row.kind == "email";
    match fault {
        Fault::None => Wanted::Delivered,
        Fault::Status(401 | 403) => Wanted::Dead(AuthError),
        Fault::Status(400..=499) => Wanted::Dead(ClientError),
        Fault::Throttled(_) if is_mail => Wanted::NotApplicable("SMTP has no word for a wait"),
        Fault::Throttled(Form::Nowhere) => Wanted::Again(RateLimited),
        Fault::Throttled(Form::Fraction) => Wanted::AgainAfter(120.5),
        Fault::Throttled(_) => Wanted::AgainAfter(120.0),
        Fault::Reset | Fault::Refuse => Wanted::Again(Other),
        Fault::Hang => Wanted::Again(DeadlineExceeded),
        Fault::Huge => row.huge,
        Fault::HugeFailure if is_mail => Wanted::Again(Other),
        Fault::HugeFailure | Fault::Status(_) => Wanted::Again(ServerError),
    }
}

async fn complaint(row: &'static Row, fault: Fault, wanted: Wanted) -> Option<String> {
    let peer = peer(row, fault).await;
    let table = format!("{}\ntimeout = '{}ms'", (row.table)(peer.address()), TIMEOUT.as_millis());
    let begun = Instant::now();
    let delivery =
        notice::once(&notice::notice(row.kind), notice::provider(row.kind, &table)).await;
    let took = begun.elapsed();
    let place = format!("{} against {fault:?}", row.kind);
    if took > TIMEOUT + GRACE {
        return Some(format!("{place}: it took {took:?}"));
    }
    let shown = format!("{delivery:?}");
    if shown.contains(SECRET) {
        return Some(format!("{place}: it tells the secret: {shown}"));
    }
    if peer.sent() > 9 << 20 {
        return Some(format!("{place}: it read {} bytes", peer.sent()));
    }
    (!holds(&delivery, wanted)).then(|| format!("{place}: wanted {wanted:?}, got {shown}"))
}

fn holds(delivery: &Delivery, wanted: Wanted) -> bool {
    match (&delivery.result, wanted) {
        (DeliveryResult::Delivered(_), Wanted::Delivered) => true,
        (DeliveryResult::Dead(failure), Wanted::Dead(reason))
        | (DeliveryResult::Retry { failure, .. }, Wanted::Again(reason)) => {
            failure.reason == reason
        }
        (DeliveryResult::Retry { failure, next_at }, Wanted::AgainAfter(seconds)) => {
            let wait = next_at.duration_since(delivery.at).as_secs_f64();
            // A date has whole seconds, and some time has passed since it was written.
            failure.reason == SendReason::RateLimited && (seconds - 3.0..=seconds).contains(&wait)
        }
        _ => false,
    }
}

async fn peer(row: &'static Row, fault: Fault) -> Peer {
    if fault == Fault::Refuse {
        return Peer::refusing();
    }
    if row.kind == "email" {
        return smtp::serve(mail_script(fault)).await;
    }
    match fault {
        Fault::Reset => reset().await,
        Fault::Hang => Peer::holding().await,
        _ => web::serve(move |request| answer(row, fault, request)).await,
    }
}

/// A server that says half of its head and resets the connection.
async fn reset() -> Peer {
    Peer::stream(|mut stream, nth, _| async move {
        web::hear(&mut stream, nth).await?;
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 200 OK\r\nConte").await?;
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))
    })
    .await
}

fn answer(row: &Row, fault: Fault, request: &web::Request) -> Reply {
    let content = ("Content-Type", row.content);
    // What strangers do with what they are sent: they send it back.
    let echo = format!("no such thing: {}", request.path());
    match fault {
        Fault::None => web::reply(200, &[content], row.taken.as_bytes()),
        Fault::Status(status) => web::reply(status, &[], echo.as_bytes()),
        Fault::Throttled(form) => throttled(form),
        Fault::Huge | Fault::HugeFailure => {
            let status = if fault == Fault::Huge { 200 } else { 500 };
            let head = format!(
                "HTTP/1.1 {status} Huge\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n",
                row.content,
                10 << 20
            );
            Reply { opening: head.into_bytes(), again: vec![b'x'; 1 << 18], times: 40 }
        }
        Fault::Reset | Fault::Hang | Fault::Refuse => unreachable!("these have peers of their own"),
    }
}

fn throttled(form: Form) -> Reply {
    let date = || {
        let at = notice::at().saturating_add(jiff::SignedDuration::from_secs(120)).unwrap();
        at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    };
    match form {
        Form::Seconds => web::reply(429, &[("Retry-After", "120")], b""),
        Form::Fraction => web::reply(429, &[("Retry-After", "120.5")], b""),
        Form::Date => web::reply(429, &[("Retry-After", &date())], b""),
        Form::Body => web::reply(429, &[], br#"{"retry_after": 120.0}"#),
        Form::Parameters => {
            web::reply(429, &[], br#"{"ok":false,"parameters":{"retry_after":120}}"#)
        }
        Form::Nowhere => web::reply(429, &[], b"slow down"),
    }
}

fn mail_script(fault: Fault) -> Script {
    let mut script = Script { mechanisms: "PLAIN LOGIN", ..Script::default() };
    match fault {
        Fault::Status(401 | 403) => script.replies = vec![("AUTH", "535 no")],
        Fault::Status(400) => script.replies = vec![("RCPT", "550 no such user")],
        Fault::Status(404) => script.replies = vec![("MAIL", "554 no")],
        Fault::Status(500) => script.replies = vec![("RCPT", "451 later")],
        Fault::Status(_) => script.replies = vec![("MAIL", "421 later")],
        Fault::Reset => script.resets_at = Some("MAIL"),
        Fault::Hang => script.hangs_at = Some("CONNECT"),
        Fault::HugeFailure => script.raves_at = Some("EHLO"),
        Fault::None | Fault::Throttled(_) | Fault::Huge | Fault::Refuse => {}
    }
    script
}
