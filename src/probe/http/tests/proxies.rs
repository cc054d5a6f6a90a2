//! Proxies: asked for a URL, asked for a tunnel, refusing.

use super::*;
use crate::net::tls::testing::{self, Authority};

/// A proxy that makes tunnels to `server`, whatever it is asked for.
async fn tunnels(server: SocketAddr, refuse: Option<&'static str>) -> Server {
    Server::each(move |mut stream, _| async move {
        if let Some(answer) = refuse {
            let _ = stream.write_all(answer.as_bytes()).await;
            return;
        }
        let mut onward = TcpStream::connect(server).await.unwrap();
        let _ = stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await;
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
    })
    .await
}

#[tokio::test]
async fn http_is_asked_of_the_proxy() {
    let proxy = Server::new(|_| ok("from the proxy")).await;
    let spec = json!({
        "url": "http://nowhere.invalid:81/x?y=1", "proxy_url": proxy.url(""),
        "proxy_headers": {"X-Team": "web"},
        "proxy_basic_auth": {"username": "u", "password": "p"},
        "expect": {"body": [{"contains": "proxy"}]},
    });
    run(spec).await.passes();
    let asked = proxy.asked().remove(0);
    assert!(
        asked.starts_with(
            "GET http://nowhere.invalid:81/x?y=1 HTTP/1.1\r\nHost: nowhere.invalid:81\r\n"
        ),
        "{asked}"
    );
    assert!(
        asked.contains("Proxy-Authorization: Basic dTpw\r\n") && asked.contains("X-Team: web\r\n")
    );
    let refusing =
        Server::new(|_| b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n".to_vec()).await;
    let spec = json!({"url": "http://nowhere.invalid/", "proxy_url": refusing.url("")});
    run(spec).await.fails(Reason::ProxyFailed, "407");
}

#[tokio::test]
async fn https_goes_through_a_tunnel() {
    let authority = Authority::new();
    let server = secure::serve(&authority.issue(|_| {}), testing::Server::default()).await;
    let proxy = tunnels(server, None).await;
    let spec = json!({
        "url": format!("https://localhost:{}/", server.port()), "proxy_url": proxy.url(""),
        "proxy_basic_auth": {"username": "u", "password": "p"}, "bearer_token": "for-the-server",
        "tls": {"ca_file": authority.ca_file()},
    });
    let ran = run(spec).await.passes();
    assert_eq!(ran.fact("noroshi_tls_verified"), Some(1.0));
    let asked = proxy.asked().remove(0);
    let port = server.port();
    assert!(
        asked.starts_with(&format!(
            "CONNECT localhost:{port} HTTP/1.1\r\nHost: localhost:{port}\r\n"
        )),
        "{asked}"
    );
    assert!(
        asked.contains("Proxy-Authorization: Basic dTpw\r\n") && !asked.contains("for-the-server")
    );
}

#[tokio::test]
async fn a_proxy_that_does_not_want() {
    for (answer, reason, detail) in [
        ("HTTP/1.1 407 Auth\r\nContent-Length: 0\r\n\r\n", Reason::ProxyFailed, "407"),
        ("HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nno!", Reason::ProxyFailed, "403"),
        ("HTTP/1.1 200 OK\r\n\r\nsurprise", Reason::ProxyFailed, "before we spoke"),
        ("", Reason::ConnectionClosed, "proxy"),
        ("SSH-2.0-OpenSSH\r\n", Reason::HttpProtocol, "proxy"),
    ] {
        let proxy = tunnels("127.0.0.1:1".parse().unwrap(), Some(answer)).await;
        let spec = json!({"url": "https://nowhere.invalid/", "proxy_url": proxy.url("")});
        run(spec).await.fails(reason, detail);
    }
}

/// As blackbox_exporter 0.28: resolved here, a tunnel to the address, while a plain request names the host.
#[tokio::test]
async fn a_proxy_is_asked_for_the_address_where_that_is_wanted() {
    let proxy = Server::new(|_| ok("")).await;
    let spec = json!({
        "url": "http://a.test:81/x", "proxy_url": proxy.url(""), "proxy_resolve": true,
        "headers": {"User-Agent": "mine"}, "proxy_connect_headers": {"X-Tunnel": "t"},
    });
    let ran = run(spec).await.passes();
    assert!(ran.trace.steps.iter().any(|(_, step)| step == "a.test is 127.0.0.1"));
    let asked = proxy.asked().remove(0);
    assert!(asked.starts_with("GET http://a.test:81/x HTTP/1.1\r\nHost: a.test:81\r\n"), "{asked}");
    assert!(asked.contains("User-Agent: mine\r\n") && !asked.contains("X-Tunnel"), "{asked}");
    let spec = json!({
        "url": "http://a.test:81/x", "proxy_url": proxy.url(""), "headers": {"Host": "own.example"},
    });
    run(spec).await.passes();
    let asked = proxy.asked().remove(1);
    assert!(
        asked.starts_with("GET http://own.example/x HTTP/1.1\r\nHost: own.example\r\n"),
        "{asked}"
    );

    let authority = Authority::new();
    let server = secure::serve(&authority.issue(|_| {}), testing::Server::default()).await;
    let proxy = tunnels(server, None).await;
    let port = server.port();
    let spec = json!({
        "url": format!("https://localhost:{port}/"), "proxy_url": proxy.url(""), "proxy_resolve": true,
        "proxy_connect_headers": {"X-Tunnel": {"secrets": ["one", "two"]}},
        "tls": {"ca_file": authority.ca_file()},
    });
    run(spec).await.passes();
    let asked = proxy.asked().remove(0);
    assert!(
        asked.starts_with(&format!(
            "CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        )),
        "{asked}"
    );
    assert!(asked.contains("X-Tunnel: one\r\nX-Tunnel: two\r\n"), "{asked}");
}

#[tokio::test]
async fn exceptions_and_redirects_find_their_own_way() {
    let server = Server::new(|_| ok("direct")).await;
    let port = server.address.port();
    let proxy = Server::new(move |request| {
        if request.starts_with("GET http://b.test") {
            return ok("by the proxy");
        }
        redirect(302, &format!("http://a.test:{port}/"), "")
    })
    .await;
    let spec = |url: String, by_address: bool, contains: &str| {
        json!({
            "url": url, "proxy_url": proxy.url(""), "no_proxy": "a.test", "proxy_resolve": by_address,
            "expect": {"body": [{"contains": contains}]},
        })
    };
    for by_address in [false, true] {
        run(spec(format!("http://a.test:{port}/"), by_address, "direct")).await.passes();
    }
    assert!(proxy.asked().is_empty());
    run(spec(format!("http://b.test:{port}/"), false, "by the proxy")).await.passes();
    // The proxy's own answer leads to a host that is reached without it.
    run(spec("http://c.invalid/".into(), false, "direct")).await.passes();
    assert_eq!((proxy.asked().len(), server.asked().len()), (2, 3));
}

/// A SOCKS5 proxy (RFC 1928, 1929) that wants this login, if any, and leads to `server` whatever it is asked for. What it
/// was asked for comes out of the channel.
async fn socks(
    server: SocketAddr,
    login: Option<&'static [u8]>,
    answer: u8,
) -> (SocketAddr, tokio::sync::mpsc::Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (asked, told) = tokio::sync::mpsc::channel(8);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut greeting = [0; 4];
            let length = stream.read(&mut greeting).await.unwrap();
            let method = if login.is_some() { 2 } else { 0 };
            assert!(greeting[2..length].contains(&method), "{greeting:?}");
            stream.write_all(&[5, method]).await.unwrap();
            if let Some(login) = login {
                let mut sent = vec![0; login.len()];
                stream.read_exact(&mut sent).await.unwrap();
                stream.write_all(&[1, u8::from(sent != login)]).await.unwrap();
            }
            let mut request = vec![0; 256];
            let length = stream.read(&mut request).await.unwrap();
            request.truncate(length);
            let _ = asked.send(request).await;
            let _ = stream.write_all(&[5, answer, 0, 1, 0, 0, 0, 0, 0, 0]).await;
            if answer == 0 {
                let mut onward = TcpStream::connect(server).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
            }
        }
    });
    (address, told)
}

#[tokio::test]
async fn socks_leads_to_servers_with_and_without_tls() {
    let server = Server::new(|_| ok("here")).await;
    let (proxy, mut told) = socks(server.address, Some(b"\x01\x01u\x07hunter2"), 0).await;
    let spec = |url: &str, password: &str| {
        json!({
            "url": url, "proxy_url": format!("socks5://{proxy}"), "proxy_headers": {"X-Team": "web"},
            "proxy_basic_auth": {"username": "u", "password": password},
            "expect": {"body": [{"contains": "here"}]},
        })
    };
    run(spec("http://nowhere.invalid:81/x", "hunter2")).await.passes();
    assert_eq!(told.recv().await.unwrap(), b"\x05\x01\x00\x03\x0fnowhere.invalid\x00\x51");
    // The server is asked as if there were nobody between.
    let asked = server.asked().remove(0);
    assert!(asked.starts_with("GET /x HTTP/1.1\r\nHost: nowhere.invalid:81\r\n"), "{asked}");
    assert!(!asked.contains("X-Team") && !asked.contains("Proxy-"), "{asked}");
    let refused = run(spec("http://nowhere.invalid/", "hunter3")).await;
    refused.fails(Reason::ProxyFailed, "refuses user and password");

    // A proxy that knows no logins is told none.
    let (proxy, mut told) = socks(server.address, None, 0).await;
    let url = "http://[2001:db8::1]:81/";
    let both = json!({"username": "u", "password": "p"});
    run(json!({"url": url, "proxy_url": format!("socks5://{proxy}"), "proxy_basic_auth": both}))
        .await
        .passes();
    let address: std::net::Ipv6Addr = "2001:db8::1".parse().unwrap();
    let wanted = [&[5, 1, 0, 4][..], &address.octets(), &[0, 81]].concat();
    assert_eq!(told.recv().await.unwrap(), wanted);
    let long = json!({"username": "u".repeat(256), "password": "p"});
    let (wanting, _told) = socks(server.address, Some(b""), 0).await;
    run(json!({"url": url, "proxy_url": format!("socks5://{wanting}"), "proxy_basic_auth": long}))
        .await
        .fails(Reason::ProxyFailed, "longer than 255 bytes");

    let authority = Authority::new();
    let server = secure::serve(&authority.issue(|_| {}), testing::Server::default()).await;
    let (proxy, mut told) = socks(server, None, 0).await;
    let url = format!("https://localhost:{}/", server.port());
    let tls = json!({"ca_file": authority.ca_file()});
    let spec = json!({"url": url, "proxy_url": format!("socks5h://{proxy}"), "tls": tls});
    let ran = run(spec).await.passes();
    assert_eq!(ran.fact("noroshi_tls_verified"), Some(1.0));
    assert!(told.recv().await.unwrap().starts_with(b"\x05\x01\x00\x03\x09localhost"));
}

#[tokio::test]
async fn what_a_socks_proxy_refuses_is_its_failure() {
    let nobody = "127.0.0.1:9".parse().unwrap();
    let (refusing, _told) = socks(nobody, None, 5).await;
    let spec = json!({"url": "http://a.invalid/", "proxy_url": format!("socks5://{refusing}")});
    run(spec).await.fails(Reason::ProxyFailed, "SOCKS: the proxy answered: connection refused");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("socks5://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.write_all(b"HTTP/1.1 400 What\r\n\r\n").await;
    });
    let spec = json!({"url": "http://a.invalid/", "proxy_url": proxy});
    run(spec).await.fails(Reason::ProxyFailed, "SOCKS: the proxy does not speak SOCKS5");
}
