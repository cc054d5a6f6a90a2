//! Compression and limits.

use async_compression::tokio::write::{
    BrotliEncoder, DeflateEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder,
};

use super::*;

macro_rules! encoders {
    ($($name:ident $encoder:ident)+) => {$(
        async fn $name(data: &[u8]) -> Vec<u8> {
            let mut encoder = $encoder::new(Vec::new());
            encoder.write_all(data).await.unwrap();
            encoder.shutdown().await.unwrap();
            encoder.into_inner()
        }
    )+};
}

encoders! {
    gzip GzipEncoder
    brotli BrotliEncoder
    zlib ZlibEncoder
    deflate DeflateEncoder
    zstd ZstdEncoder
}

fn encoded(coding: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn every_coding_is_undone() {
    let text = "noroshi ".repeat(1000);
    let data = text.as_bytes();
    for (coding, body) in [
        ("gzip", gzip(data).await),
        ("x-gzip", [gzip(&data[..4000]).await, gzip(&data[4000..]).await].concat()),
        ("br", brotli(data).await),
        ("deflate", zlib(data).await),
        ("deflate", deflate(data).await),
        ("zstd", zstd(data).await),
        ("deflate, gzip", gzip(&zlib(data).await).await),
        ("identity", data.to_vec()),
        ("gzip", Vec::new()),
    ] {
        let (length, is_empty) = (body.len(), body.is_empty());
        let server = Server::new(move |_| encoded(coding, &body)).await;
        let expect =
            if is_empty { json!({}) } else { json!({"body": [{"regex": "^(noroshi ){1000}$"}]}) };
        let spec = json!({"url": server.url("/"), "compression": true, "expect": expect});
        let ran = run(spec).await.passes();
        assert_eq!(
            ran.fact("noroshi_http_body_bytes"),
            Some(f64::from(u32::try_from(length).unwrap()))
        );
        let size = if is_empty { 0.0 } else { 8000.0 };
        assert_eq!(ran.fact("noroshi_http_uncompressed_body_bytes"), Some(size), "{coding}");
        assert!(server.asked()[0].contains("Accept-Encoding: gzip, br, deflate, zstd\r\n"));
    }
}

#[tokio::test]
async fn what_was_not_asked_for_is_left_as_it_is() {
    let body = gzip(b"text").await;
    let server = Server::new(move |_| encoded("gzip", &body)).await;
    let expect = json!({"body": [{"not_contains": "text"}, {"regex": "^\\x{1f}"}]});
    let ran = run(json!({"url": server.url("/"), "expect": expect})).await.passes();
    assert!(!server.asked()[0].contains("Accept-Encoding"));
    assert_eq!(
        ran.fact("noroshi_http_body_bytes"),
        ran.fact("noroshi_http_uncompressed_body_bytes")
    );
}

#[tokio::test]
async fn what_does_not_decode_is_said() {
    let whole = gzip(&b"noroshi".repeat(1000)).await;
    for (coding, body, detail) in [
        ("gzip", b"plain text".to_vec(), "does not decode"),
        ("gzip", whole[..whole.len() / 2].to_vec(), "does not decode"),
        ("zstd", vec![0x28, 0xb5, 0x2f, 0xfd, 0xff, 0xff], "does not decode"),
        ("lzma", vec![1], "unknown"),
        ("gzip, gzip, gzip, gzip", vec![1], "one upon the other"),
    ] {
        let server = Server::new(move |_| encoded(coding, &body)).await;
        let ran = run(json!({"url": server.url("/"), "compression": ["gzip", "zstd"]})).await;
        ran.fails(Reason::BodyEncoding, detail);
    }
}

#[tokio::test]
async fn a_bomb_is_stopped_at_the_limit() {
    let bomb = gzip(&vec![0; 64 << 20]).await;
    assert!(bomb.len() < 100_000);
    let nested = gzip(&bomb).await;
    for (coding, body) in [("gzip", bomb), ("gzip, gzip", nested)] {
        let server = Server::new(move |_| encoded(coding, &body)).await;
        let spec = json!({
            "url": server.url("/"), "compression": true, "decompressed_size_limit": "1MiB",
            "expect": {"body": [{"contains": "x"}]},
        });
        let ran = run(spec).await.fails(Reason::BodyTooLarge, "1MiB");
        let size = ran.fact("noroshi_http_uncompressed_body_bytes").unwrap();
        assert!((1_048_576.0..1_100_000.0).contains(&size), "{size}");
    }
}

#[tokio::test]
async fn a_huge_body_is_not_downloaded() {
    let sent = Arc::new(Mutex::new(0_usize));
    let count = Arc::clone(&sent);
    let server = Server::each(move |mut stream, _| {
        let count = Arc::clone(&count);
        async move {
            let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            let _ = stream.write_all(head).await;
            let chunk = [b"10000\r\n".as_slice(), &vec![b'x'; 0x10000], b"\r\n"].concat();
            while *count.lock() < 1 << 30 && stream.write_all(&chunk).await.is_ok() {
                *count.lock() += 0x10000;
            }
        }
    })
    .await;
    let spec = json!({"url": server.url("/"), "body_size_limit": "1MiB"});
    let ran = run(spec).await.fails(Reason::BodyTooLarge, "1MiB");
    assert!(ran.fact("noroshi_http_body_bytes").unwrap() < 1_200_000.0);
    assert!(*sent.lock() < 64 << 20, "{} bytes were sent", sent.lock());
}

#[tokio::test]
async fn an_announced_huge_body_is_not_even_begun() {
    let server =
        Server::new(|_| b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n".to_vec()).await;
    let ran = run(json!({"url": server.url("/")})).await;
    let ran = ran.fails(Reason::BodyTooLarge, "1000000000 bytes are announced");
    assert_eq!(ran.fact("noroshi_http_content_length_bytes"), Some(1e9));
    let head = json!({"url": server.url("/"), "method": "HEAD"});
    run(head).await.passes();
}

/// As blackbox_exporter's `compression`: whatever Content-Encoding says, and plain is a failure.
#[tokio::test]
async fn a_demanded_coding_is_undone_blindly() {
    let text = "noroshi ".repeat(1000);
    let data = text.as_bytes();
    let bodies = [
        ("gzip", gzip(data).await),
        ("br", brotli(data).await),
        ("deflate", deflate(data).await),
        ("zlib", zlib(data).await),
        ("zstd", zstd(data).await),
        ("identity", data.to_vec()),
    ];
    for (sent, body) in &bodies {
        let body = body.clone();
        let server = Server::new(move |_| encoded("whatever", &body)).await;
        for (wanted, _) in &bodies {
            let rule = json!([{"regex": "^(noroshi ){1000}$"}]);
            let spec =
                json!({"url": server.url("/"), "expect": {"encoding": wanted, "body": rule}});
            let ran = run(spec).await;
            let passes = ran.outcome.verdict == Verdict::Pass;
            assert_eq!(passes, sent == wanted, "{sent} as {wanted}: {}", ran.outcome.detail);
            if !passes {
                // Only a header that is not gzip's ends the run before a rule is looked at.
                let by = (*wanted != "gzip").then_some("regex");
                assert_eq!(ran.failed_by(), by, "{sent} as {wanted}: {}", ran.outcome.detail);
            }
            let asks = if *wanted == "zlib" { "deflate" } else { wanted };
            let asked = server.asked().pop().unwrap();
            assert!(asked.contains(&format!("Accept-Encoding: {asks}\r\n")), "{asked}");
        }
    }
    for wanted in ["gzip", "br", "deflate", "zlib", "zstd"] {
        let server = Server::new(|_| ok("")).await;
        let spec = json!({"url": server.url("/"), "expect": {"encoding": wanted}});
        run(spec).await.fails(Reason::BodyEncoding, "nothing to decode");
    }
}

#[tokio::test]
async fn who_asks_is_said_by_the_user() {
    let body = gzip(b"text").await;
    let server = Server::new(move |_| encoded("gzip", &body)).await;
    let decoded = json!([{"contains": "text"}]);
    let raw = json!([{"not_contains": "text"}]);
    let asks = |coding: &str| json!({"Accept-Encoding": coding});
    for (mut spec, sent, body) in [
        // blackbox_exporter asks for nothing by itself, and decodes nothing without `compression`.
        (json!({"compression": false, "expect": {"encoding": "gzip"}}), None, &decoded),
        (
            json!({"compression": false, "headers": asks("br"), "expect": {"encoding": "gzip"}}),
            Some("br"),
            &decoded,
        ),
        (json!({"compression": false, "headers": asks("gzip")}), Some("gzip"), &raw),
        (json!({"headers": asks("gzip")}), Some("gzip"), &decoded),
        (json!({"headers": asks("br"), "expect": {"encoding": "gzip"}}), Some("br"), &decoded),
        (
            json!({"compression": ["br", "gzip"], "expect": {"encoding": "gzip"}}),
            Some("br, gzip"),
            &decoded,
        ),
        (json!({}), None, &raw),
    ] {
        spec["url"] = json!(server.url("/"));
        spec["expect"]["body"] = body.clone();
        run(spec.clone()).await.passes();
        let asked = server.asked().pop().unwrap();
        let found = asked.lines().find_map(|line| line.strip_prefix("Accept-Encoding: "));
        assert_eq!(found, sent, "{spec}");
    }
}

/// As blackbox_exporter's `body_size_limit`: after decompression, and the count stands at the limit.
#[tokio::test]
async fn the_limit_after_decompression() {
    let body = gzip(&[b'x'; 5000]).await;
    let server = Server::new(move |_| encoded("gzip", &body)).await;
    let spec = |limit: Value, expect: Value| {
        json!({
            "url": server.url("/"), "decompressed_size_limit": limit,
            "body_size_limit": i64::MAX, "expect": expect,
        })
    };
    run(spec(json!(5000), json!({"encoding": "gzip"}))).await.passes();
    for (rules, by) in [
        (json!({"encoding": "gzip"}), None),
        (json!({"encoding": "gzip", "body": [{"regex": "x"}]}), Some("regex")),
        (json!({"encoding": "gzip", "body": [{"regex": "x"}], "cel": ["body"]}), Some("regex")),
        (json!({"encoding": "gzip", "cel": ["body"]}), Some("cel")),
        (json!({"encoding": "gzip", "status": [500], "body": [{"regex": "x"}]}), None),
    ] {
        let ran = run(spec(json!(4999), rules.clone())).await;
        assert_eq!(ran.fact("noroshi_http_uncompressed_body_bytes"), Some(4999.0));
        assert_eq!(ran.failed_by(), by, "{rules}");
        if rules["status"].is_null() {
            ran.fails(Reason::BodyTooLarge, "4999B");
        }
    }
}

#[tokio::test]
async fn any_length_is_counted_and_little_is_kept() {
    const LENGTH: usize = 20 << 20;
    let server = Server::each(|mut stream, _| async move {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n");
        let _ = stream.write_all(head.as_bytes()).await;
        let piece = vec![b'x'; 1 << 20];
        for _ in 0..LENGTH >> 20 {
            if stream.write_all(&piece).await.is_err() {
                return;
            }
        }
    })
    .await;
    let limits = json!({
        "url": server.url("/"), "body_size_limit": i64::MAX, "decompressed_size_limit": i64::MAX,
    });
    let ran = run(limits.clone()).await.passes();
    assert_eq!(ran.fact("noroshi_http_uncompressed_body_bytes"), Some(f64::from(20 << 20)));
    let mut spec = limits;
    spec["expect"] = json!({"body": [{"regex": "x"}]});
    let ran = run(spec).await.fails(Reason::BodyTooLarge, "16MiB that rules look at");
    assert_eq!(ran.failed_by(), Some("regex"));
}

#[tokio::test]
async fn cel_looks_at_the_decoded_body() {
    let body = gzip(br#"{"db":"up","n":3}"#).await;
    let server = Server::new(move |_| encoded("gzip", &body)).await;
    let spec = |rules: Value| json!({"url": server.url("/"), "expect": {"encoding": "gzip", "cel": rules}});
    run(spec(json!(["body.db == 'up'", "body.n == 3"]))).await.passes();
    let ran = run(spec(json!(["body.db == 'up'", "body.n > 3"]))).await;
    let ran = ran.fails(Reason::CelMismatch, "cel body.n > 3: wanted true, got false");
    assert_eq!(ran.failed_by(), Some("cel"));
    let ran = run(spec(json!(["body.nothing"]))).await.fails(Reason::CelMismatch, "No such key");
    assert_eq!(ran.trace.expectations.last().unwrap().subject, "cel body.nothing");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let server = Server::new(move |_| ok(&deep)).await;
    let spec = json!({"url": server.url("/"), "expect": {"cel": ["size(body) > 0"]}});
    let ran = run(spec).await.fails(Reason::JsonInvalid, "recursion");
    assert_eq!(ran.failed_by(), Some("cel"));
}
