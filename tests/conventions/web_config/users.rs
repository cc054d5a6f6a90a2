//! 30 and 32: who may ask, how often, and what every answer carries.

use std::{io::Write, net::TcpStream};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::Fronted;

fn basic(user: &str, password: &str) -> String {
    format!("Authorization: Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Users by name and password; a low cost, because a debug build is slow.
fn users(pairs: &[(&str, &str)]) -> String {
    let row = |(user, password): &(&str, &str)| {
        format!("  {user}: {}\n", bcrypt::hash(password, 4).unwrap())
    };
    format!("basic_auth_users:\n{}", pairs.iter().map(row).collect::<String>())
}

#[test]
fn c30_users_and_their_passwords() {
    let fronted = Fronted::start(&users(&[("alice", "right"), ("bob", "other")]));
    let status = |path: &str, headers: &[&str]| fronted.daemon.ask("GET", path, headers).status;
    for path in ["/", "/metrics", "/-/healthy", "/config", "/nowhere"] {
        let refused = fronted.daemon.get(path);
        assert_eq!(refused.status, 401, "{path}");
        assert!(refused.head.contains("www-authenticate: basic"), "{}", refused.head);
    }
    for _ in 0..2 {
        assert_eq!(status("/metrics", &[&basic("alice", "right")]), 200);
        assert_eq!(status("/metrics", &[&basic("alice", "other")]), 401);
        assert_eq!(status("/metrics", &[&basic("nobody", "right")]), 401);
        assert_eq!(status("/nowhere", &[&basic("bob", "other")]), 404);
    }
    assert!(!fronted.daemon.log().contains("right\""));
    // What is wrong is seen from outside too.
    let successful = || {
        let metrics = fronted.daemon.ask("GET", "/metrics", &[&basic("alice", "right")]).body;
        let name = "\nnoroshi_web_config_last_reload_successful ";
        metrics.split_once(name).unwrap().1.starts_with('1')
    };
    assert!(successful());
    fronted.write("basic_auth_users: {alice: right}\n");
    fronted.until("news of the mistake", || !successful());
    // A new password without a restart, and the old one is worth nothing.
    fronted.write(&users(&[("alice", "new")]));
    fronted.until("new password", || status("/metrics", &[&basic("alice", "new")]) == 200);
    assert_eq!(status("/metrics", &[&basic("alice", "right")]), 401);
    assert_eq!(status("/metrics", &[&basic("bob", "other")]), 401);
}

/// At this cost a comparison takes minutes.
#[test]
fn c30_a_password_that_is_being_compared_holds_nothing_up() {
    let hash = "$2y$18$4VeFDzXIoPHKnKTU3O3GH.N.vZu06CVqczYZ8WvfzrddFU6tGqjR.";
    let mut fronted = Fronted::start(&format!("basic_auth_users:\n  bob: {hash}\n"));
    let address = fronted.daemon.url().trim_start_matches("http://").to_owned();
    let mut waiting = TcpStream::connect(address).unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n\r\n", basic("bob", "x"));
    waiting.write_all(request.as_bytes()).unwrap();
    // Others are answered meanwhile, and it ends when it is told to.
    assert_eq!(fronted.daemon.get("/metrics").status, 401);
    fronted.daemon.signal("TERM");
    assert_eq!(fronted.daemon.wait().code(), Some(0));
    fronted.daemon.until_log("msg=stopped");
}

#[test]
fn c30_more_requests_than_permitted_are_429_and_c32_headers_are_on_every_answer() {
    let headers = "http_server_config:\n  headers:\n    X-Frame-Options: sameorigin\n    Strict-Transport-Security: max-age=1\n";
    let limit = "rate_limit: {interval: 1h, burst: 6}\n";
    let fronted = Fronted::start(&format!("{headers}{limit}{}", users(&[("alice", "right")])));
    let alice = basic("alice", "right");
    let ask = |method: &str, path: &str, headers: &[&str]| {
        let answer = fronted.daemon.ask(method, path, headers);
        for header in ["x-frame-options: sameorigin", "strict-transport-security: max-age=1"] {
            assert!(answer.head.contains(header), "{path}: {}", answer.head);
        }
        answer.status
    };
    assert_eq!(ask("GET", "/metrics", &[&alice]), 200);
    assert_eq!(ask("HEAD", "/metrics", &[&alice]), 200);
    assert_eq!(ask("GET", "/nowhere", &[&alice]), 404);
    assert_eq!(ask("POST", "/metrics", &[&alice]), 405);
    assert_eq!(ask("GET", "/metrics", &[]), 401);
    assert_eq!(ask("GET", "/config", &[&alice]), 200);
    assert_eq!(ask("GET", "/metrics", &[&alice]), 429);
    // Without a limit again.
    fronted.write("");
    fronted.until("end of the limit", || fronted.daemon.get("/metrics").status == 200);
}
