//! What was converted finds the same of a target as Gatus does: each condition by itself, against targets on loopback. What
//! Gatus finds stands beside it, by its documentation and the rules of its 5.x (`condition.go`, `placeholder.go`).

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{BufRead, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    thread,
};

use noroshi::{
    clock::Clock,
    demo::{self, Ports},
    model::{Trace, Verdict},
    net::Net,
    probe::{self, spec::Check},
};

const BODY: &str = r#"{"status":"UP","count":3,"ok":true,"load":0.5,"text":"5","name":"john doe","empty":[],
"items":[{"id":1,"state":"ready"},{"id":2,"state":"ready"}],"a-b":{"c":"fine"},"log":"up and running"}"#;

/// Conditions on a page with that body, and whether they hold, by the source of Gatus.
const PAGE: [(&str, bool); 52] = [
    ("[STATUS] == 200", true),
    ("[STATUS] == 201", false),
    ("[STATUS] != 500", true),
    ("[STATUS] < 300", true),
    ("[STATUS] >= 300", false),
    ("[STATUS] == any(200, 429)", true),
    ("[STATUS] == any(201, 429)", false),
    ("[STATUS] == pat(2*)", true),
    ("[STATUS] == pat(4*)", false),
    ("[STATUS] != pat(2*)", false),
    ("[CONNECTED] == true", true),
    ("[CONNECTED] == false", false),
    ("[RESPONSE_TIME] < 60000", true),
    ("60s > [RESPONSE_TIME]", true),
    ("[BODY].status == UP", true),
    ("[BODY].status == DOWN", false),
    ("[BODY].status != DOWN", true),
    ("[BODY].status != UP", false),
    ("[BODY].missing == UP", false),
    ("[BODY].missing != UP", true),
    ("[BODY].missing.deeper != UP", true),
    ("[BODY].count == 3", true),
    ("[BODY].count == 4", false),
    ("[BODY].count != 3", false),
    ("[BODY].count > 2", true),
    ("[BODY].count > 3", false),
    ("[BODY].count >= 3", true),
    ("[BODY].count <= 2", false),
    ("[BODY].text == 5", true),
    ("[BODY].ok == true", true),
    ("[BODY].ok != true", false),
    ("[BODY].name == pat(john*)", true),
    ("[BODY].name == pat(jane*)", false),
    ("[BODY].name != pat(*doe)", false),
    ("[BODY].name == any(john doe, jane doe)", true),
    ("[BODY].items[1].id == 2", true),
    ("[BODY].items[2].id == 2", false),
    ("[BODY].items[*].state == ready", true),
    ("[BODY].items[*].id == 1", false),
    ("[BODY].a-b.c == fine", true),
    ("[BODY].a-b.c != fine", false),
    ("len([BODY].items) == 2", true),
    ("len([BODY].items) > 2", false),
    ("len([BODY].name) == 8", true),
    ("has([BODY].items) == true", true),
    ("has([BODY].errors) == true", false),
    ("has([BODY].errors) == false", true),
    ("[BODY] == pat(*up and running*)", true),
    ("[BODY] == pat(*down*)", false),
    ("[BODY] != pat(*down*)", true),
    ("has([BODY]) == true", true),
    ("[HEADER].Content-Type == application/json", true),
];

/// An endpoint without its name.
fn one(url: &str, rest: &str, conditions: &[&str]) -> String {
    let list: Vec<String> = conditions.iter().map(|own| format!("'{own}'")).collect();
    format!("    url: {url}\n{rest}    conditions: [{}]\n", list.join(", "))
}

const CONNECTED: &str = "[CONNECTED] == true";

/// Other targets: the endpoint without its name, and what Gatus' source says it finds. The servers are those of the demo.
fn plain(ports: Ports, page: u16, closed: u16) -> Vec<(String, bool)> {
    let Ports { tcp, .. } = ports;
    vec![
        (one(&format!("tcp://127.0.0.1:{tcp}"), "", &[CONNECTED, "[RESPONSE_TIME] < 9999"]), true),
        (one(&format!("tcp://127.0.0.1:{closed}"), "", &[CONNECTED]), false),
        (one(&format!("tcp://127.0.0.1:{closed}"), "", &["[CONNECTED] == false"]), true),
        (one(&format!("tcp://127.0.0.1:{tcp}"), "", &["[CONNECTED] == false"]), false),
        (
            one(
                &format!("tcp://127.0.0.1:{tcp}"),
                "    body: \"QUIT\\r\\n\"\n",
                &["[BODY] == pat(*noroshi*)"],
            ),
            true,
        ),
        (
            one(
                &format!("tcp://127.0.0.1:{tcp}"),
                "    body: \"QUIT\\r\\n\"\n",
                &["[BODY] == pat(*gatus*)"],
            ),
            false,
        ),
        (one(&format!("http://127.0.0.1:{closed}/"), "", &["[STATUS] == 200"]), false),
        (one(&format!("http://127.0.0.1:{page}/redirect"), "", &["[STATUS] == 200"]), true),
        (
            one(
                &format!("http://127.0.0.1:{page}/redirect"),
                "    client: { ignore-redirect: true }\n",
                &["[STATUS] == 302"],
            ),
            true,
        ),
        (one(&format!("http://127.0.0.1:{page}/error"), "", &["[STATUS] == 500"]), true),
        (one(&format!("http://127.0.0.1:{page}/error"), "", &["[STATUS] < 500"]), false),
        (
            one(
                &format!("http://127.0.0.1:{page}/echo"),
                "    method: POST\n    body: hello\n    headers: { X-Mine: a }\n",
                &["[BODY] == POST hello a"],
            ),
            true,
        ),
        (
            one(
                &format!("http://127.0.0.1:{page}/echo"),
                "    method: POST\n    graphql: true\n    body: '{ a }'\n",
                &["[BODY] == pat(POST {\"query\":\"{ a }\"}*)"],
            ),
            true,
        ),
    ]
}

/// The same, over TLS and by other protocols.
fn others(ports: Ports, page: u16, closed: u16) -> Vec<(String, bool)> {
    let insecure = "    client: { insecure: true }\n";
    let Ports { https, expired, tcp, dns, websocket, grpc, .. } = ports;
    let named =
        |kind: &str| format!("    dns: {{ query-name: demo.noroshi.test, query-type: {kind} }}\n");
    let unknown = "    dns: { query-name: other.example, query-type: A }\n";
    vec![
        (one(&format!("https://127.0.0.1:{https}/health"), "", &["[STATUS] == 200"]), false),
        (
            one(
                &format!("https://127.0.0.1:{https}/health"),
                insecure,
                &["[STATUS] == 200", "[CERTIFICATE_EXPIRATION] > 1h"],
            ),
            true,
        ),
        (
            one(
                &format!("https://127.0.0.1:{https}/health"),
                insecure,
                &["[CERTIFICATE_EXPIRATION] > 999999h"],
            ),
            false,
        ),
        (
            one(
                &format!("https://127.0.0.1:{expired}/health"),
                insecure,
                &["[CERTIFICATE_EXPIRATION] > 1h"],
            ),
            false,
        ),
        (
            one(
                &format!("tls://127.0.0.1:{https}"),
                insecure,
                &[CONNECTED, "[CERTIFICATE_EXPIRATION] > 1h"],
            ),
            true,
        ),
        (one(&format!("tls://127.0.0.1:{https}"), "", &[CONNECTED]), false),
        (one(&format!("tls://127.0.0.1:{tcp}"), insecure, &[CONNECTED]), false),
        (
            one(
                &format!("127.0.0.1:{dns}"),
                &named("A"),
                &["[BODY] == 127.0.0.1", "[DNS_RCODE] == NOERROR"],
            ),
            true,
        ),
        (one(&format!("127.0.0.1:{dns}"), &named("A"), &["[BODY] == 127.0.0.2"]), false),
        (one(&format!("127.0.0.1:{dns}"), &named("A"), &["[BODY] == pat(127.*)"]), true),
        (
            one(&format!("127.0.0.1:{dns}"), &named("NS"), &["[BODY] == ns.demo.noroshi.test."]),
            true,
        ),
        (one(&format!("127.0.0.1:{dns}"), unknown, &["[DNS_RCODE] == NOERROR"]), false),
        (one(&format!("127.0.0.1:{dns}"), unknown, &[CONNECTED, "[DNS_RCODE] != NOERROR"]), true),
        (
            one(
                &format!("ws://127.0.0.1:{websocket}/"),
                "    body: hello\n",
                &[CONNECTED, "[BODY] == hello"],
            ),
            true,
        ),
        (
            one(&format!("ws://127.0.0.1:{websocket}/"), "    body: hello\n", &["[BODY] == other"]),
            false,
        ),
        (one(&format!("ws://127.0.0.1:{websocket}/"), "    body: hello\n", &[CONNECTED]), true),
        (one(&format!("ws://127.0.0.1:{page}/"), "    body: hello\n", &[CONNECTED]), false),
        (
            one(&format!("grpc://127.0.0.1:{grpc}"), "", &[CONNECTED, "[BODY].status == SERVING"]),
            true,
        ),
        (one(&format!("grpc://127.0.0.1:{grpc}"), "", &["[BODY].status == NOT_SERVING"]), false),
        (one(&format!("grpc://127.0.0.1:{closed}"), "", &[CONNECTED]), false),
        (one(&format!("ssh://127.0.0.1:{tcp}"), "", &[CONNECTED]), false),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_hold_here_where_they_hold_in_gatus() {
    let zero = Ports { http: 0, https: 0, expired: 0, tcp: 0, dns: 0, websocket: 0, grpc: 0 };
    let demo = demo::start(&zero).unwrap();
    let page = pages();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut endpoints: Vec<(String, String, bool)> = Vec::new();
    for (condition, holds) in PAGE {
        let text = format!("    url: http://127.0.0.1:{page}/\n    conditions: ['{condition}']\n");
        endpoints.push((condition.to_owned(), text, holds));
    }
    for (text, holds) in
        [plain, others].into_iter().flat_map(|some| some(demo.ports(), page, closed))
    {
        endpoints.push((text.split_whitespace().collect::<Vec<_>>().join(" "), text, holds));
    }
    let mut gatus = String::from("endpoints:\n");
    for (number, (_, text, _)) in endpoints.iter().enumerate() {
        let _ = write!(gatus, "  - name: e{number}\n{text}");
    }
    let converted = super::gatus::converted(&gatus, false);
    assert_eq!(converted.notes, [] as [String; 0]);
    let checks: BTreeMap<String, Check> = super::loaded(&converted.toml)
        .checks
        .into_iter()
        .map(|check| (check.settings.id.as_str().to_owned(), check))
        .collect();
    assert_eq!(checks.len(), endpoints.len());
    let net = Net::new();
    let runs = endpoints.iter().enumerate().map(|(number, _)| {
        probe::run(&checks[&format!("e{number}")], &net, Clock::system(), Trace::on())
    });
    let reports = futures_util::future::join_all(runs).await;

    let mut wrong = String::new();
    for ((what, _, holds), report) in endpoints.iter().zip(reports) {
        let found = match report.outcome.verdict {
            Verdict::Pass | Verdict::Warn => true,
            Verdict::Fail => false,
            Verdict::Unknown => !*holds,
        };
        if found != *holds {
            let _ = writeln!(wrong, "{what}: {holds} in Gatus, here {:?}", report.outcome);
        }
    }
    assert!(wrong.is_empty(), "{wrong}\n{}", converted.toml);
    demo.stop().await;
}

/// A server with the page, a redirect to it, an error, and one that tells what it was sent.
fn pages() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || answer(stream.unwrap()));
        }
    });
    port
}

fn answer(stream: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let field = |name: &str| {
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let length = field("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut sent = vec![0; length];
    std::io::Read::read_exact(&mut reader, &mut sent).ok()?;
    let mut words = head.split_whitespace();
    let (method, path) = (words.next()?, words.next()?);
    let (status, more, body) = match path {
        "/" => ("200 OK", String::new(), BODY.to_owned()),
        "/redirect" => ("302 Found", "Location: /\r\n".to_owned(), String::new()),
        "/echo" => {
            let sent = String::from_utf8_lossy(&sent).into_owned();
            let mine = field("x-mine").unwrap_or_default();
            ("200 OK", String::new(), format!("{method} {sent} {mine}"))
        }
        _ => ("500 Internal Server Error", String::new(), String::new()),
    };
    let mut stream = stream;
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{more}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .ok()
}
