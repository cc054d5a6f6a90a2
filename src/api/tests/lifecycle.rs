use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// Convention 6; and convention 24's methods.
#[tokio::test]
async fn methods() {
    let setup = setup();
    let head = ask(&setup.router, Method::HEAD, "/metrics", &[]).await;
    assert_eq!(head.status, StatusCode::OK);
    assert_eq!(head.header(header::CONTENT_TYPE), "text/plain; version=0.0.4; charset=utf-8");
    assert!(head.body.is_empty());
    for (method, path) in
        [(Method::POST, "/metrics"), (Method::GET, "/-/reload"), (Method::DELETE, "/")]
    {
        let answer = ask(&setup.router, method, path, &[]).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
}

/// Conventions 22 and 23.
#[tokio::test]
async fn healthy_always_ready_while_running() {
    let setup = setup();
    assert_eq!(get(&setup.router, "/-/healthy").await.status, StatusCode::OK);
    for (ready, status) in [
        (false, StatusCode::SERVICE_UNAVAILABLE),
        (true, StatusCode::OK),
        (false, StatusCode::SERVICE_UNAVAILABLE),
    ] {
        setup.ready.send_replace(ready);
        assert_eq!(get(&setup.router, "/-/ready").await.status, status);
    }
    let head = ask(&setup.router, Method::HEAD, "/-/healthy", &[]).await;
    assert_eq!(head.status, StatusCode::OK);
}

/// Convention 24.
#[tokio::test]
async fn reload_tells_what_came_of_it() {
    let Setup { router, mut reloads, .. } = setup();
    let answers = [Ok("3 checks added".to_owned()), Err("error[C014]: unknown key".to_owned())];
    let app = tokio::spawn(async move {
        for answer in answers {
            reloads.recv().await.unwrap().send(answer).unwrap();
        }
    });
    let good = ask(&router, Method::POST, "/-/reload", &[]).await;
    assert_eq!((good.status, good.text()), (StatusCode::OK, "3 checks added\n"));
    let bad = ask(&router, Method::PUT, "/-/reload", &[]).await;
    assert_eq!(bad.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(bad.text(), "error[C014]: unknown key\n");
    app.await.unwrap();
    let gone = ask(&router, Method::POST, "/-/reload", &[]).await;
    assert_eq!(gone.status, StatusCode::SERVICE_UNAVAILABLE);
}

/// A page of another site may look, and change nothing.
#[tokio::test]
async fn another_sites_page_cannot_reload() {
    let Setup { router, mut reloads, .. } = setup();
    let site = header::HeaderName::from_static("sec-fetch-site");
    for said in [(site, "cross-site"), (header::ORIGIN, "http://evil.example")] {
        for method in [Method::POST, Method::PUT] {
            let answer = ask(&router, method, "/-/reload", std::slice::from_ref(&said)).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{said:?}");
        }
        assert_eq!(ask(&router, Method::GET, "/metrics", &[said]).await.status, StatusCode::OK);
    }
    assert!(reloads.try_recv().is_err(), "it was not even asked");
}

#[tokio::test(start_paused = true)]
async fn a_reload_that_never_ends_is_given_up() {
    let setup = setup();
    let answer = ask(&setup.router, Method::POST, "/-/reload", &[]).await;
    assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
}

#[tokio::test]
async fn a_panic_is_one_requests_error() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    async fn handler() -> &'static str {
        assert!(CALLS.fetch_add(1, Ordering::Relaxed) > 0, "on purpose");
        "fine"
    }
    let router = Router::new()
        .route("/", axum::routing::get(handler))
        .layer(middleware::from_fn(guard::guard));
    assert_eq!(get(&router, "/").await.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(get(&router, "/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn serves_until_it_is_told_to_stop() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let listener = Listener::new(listener.into()).unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, setup().router, None, Patience::default(), async {
        let _ = stopped.await;
    }));
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = vec![0; 64];
    stream.read_exact(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
    stop.send(()).unwrap();
    // The kept connection is idle, so it is closed at once and not after the drain.
    tokio::time::timeout(Duration::from_secs(4), server).await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
