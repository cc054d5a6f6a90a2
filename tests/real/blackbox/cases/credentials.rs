//! Credentials of every kind, and the proxies on the way.

use crate::support::{
    authority::{Authority, Flaw},
    dialogue::{self, End, Turn, say},
    peer::Peer,
    proxy::{self, Manner},
    web::{self, Reply, Request, reply},
};

use super::{
    super::{case::Table, world::World},
    http::site,
};

fn up(_: &Request) -> Reply {
    reply(200, &[], b"up")
}

/// Returns what both programs must have in their environment.
pub(super) async fn cases(table: &mut Table, world: &World) -> Vec<(&'static str, String)> {
    passwords(table, world).await;
    oauth2(table, world).await;
    proxies(table).await;
    from_environment(table).await
}

async fn passwords(table: &mut Table, world: &World) {
    let password = world.file("password", "of a file\n");
    let user = world.file("user", "filed");
    for (word, options) in [
        ("basic", "basic_auth: { username: me, password: secret }".to_owned()),
        ("basic with colons", "basic_auth: { username: 'a:b', password: 'c:d' }".to_owned()),
        (
            "basic in another script",
            "basic_auth: { username: '\u{72fc}', password: '\u{e9}' }".to_owned(),
        ),
        ("basic without a password", "basic_auth: { username: me }".to_owned()),
        ("basic without a user", "basic_auth: { password: secret }".to_owned()),
        (
            "basic of files",
            format!("basic_auth: {{ username_file: {user}, password_file: {password} }}"),
        ),
        ("bearer", "bearer_token: secret".to_owned()),
        ("bearer of a file", format!("bearer_token_file: {password}")),
        ("authorization", "authorization: { credentials: secret }".to_owned()),
        (
            "authorization of a type",
            "authorization: { type: Token, credentials: secret }".to_owned(),
        ),
        (
            "authorization of a file",
            format!("authorization: {{ type: ApiKey, credentials_file: {password} }}"),
        ),
        ("authorization without credentials", "authorization: { type: Negotiate }".to_owned()),
        ("a header of the module's own", "headers: { Authorization: Digest x }".to_owned()),
        (
            "basic and a header",
            "basic_auth: { username: me, password: secret }, headers: { Authorization: Digest x }"
                .to_owned(),
        ),
        (
            "bearer and a header",
            "bearer_token: secret, headers: { authorization: Digest x }".to_owned(),
        ),
    ] {
        site(table, &format!("credentials {word}"), &options, "/", up).await;
    }
    let peer = web::serve(up).await;
    let target = format!("http://you:pass@{}/", peer.address());
    let options = "basic_auth: { username: me, password: secret }";
    table
        .case("credentials basic and a user in the target", "http", options, target)
        .hears("site", peer);
    for (word, options) in [
        ("basic without its file", "basic_auth: { username: me, password_file: /nowhere/p }"),
        ("bearer without its file", "bearer_token_file: /nowhere/t"),
        ("authorization without its file", "authorization: { credentials_file: /nowhere/c }"),
    ] {
        site(table, &format!("credentials {word}"), options, "/", up).await.fails();
    }
}

async fn oauth2(table: &mut Table, world: &World) {
    let token = |_: &Request| {
        let body = br#"{"access_token":"t0ken","token_type":"Bearer","expires_in":3600}"#;
        reply(200, &[("Content-Type", "application/json")], body)
    };
    let secret = world.file("secret", "of a file\n");
    let plain = "client_id: me, client_secret: 's3:cret'".to_owned();
    for (word, options) in [
        ("plain", plain.clone()),
        ("with scopes", format!("{plain}, scopes: [read, 'write all']")),
        (
            "with parameters",
            format!("{plain}, endpoint_params: {{ audience: 'a b', resource: x }}"),
        ),
        ("with a secret of a file", format!("client_id: me, client_secret_file: {secret}")),
        ("with odd letters", "client_id: 'm e/\u{e9}', client_secret: 'a&b=c'".to_owned()),
    ] {
        let tokens = web::serve(token).await;
        let options =
            format!("oauth2: {{ {options}, token_url: 'http://{}/token' }}", tokens.address());
        let name = format!("credentials oauth2 {word}");
        site(table, &name, &options, "/", up).await.hears("tokens", tokens);
    }
    let kinds: [(&str, &str, &[u8], bool); 4] = [
        (
            "a form",
            "application/x-www-form-urlencoded",
            b"access_token=t0ken&token_type=bearer&expires_in=3600",
            true,
        ),
        (
            "another type",
            "application/json",
            br#"{"access_token":"t0ken","token_type":"mac"}"#,
            true,
        ),
        ("no token", "application/json", br#"{"token_type":"Bearer"}"#, false),
        ("no json", "application/json", b"noise", false),
    ];
    for (word, kind, body, passes) in kinds {
        let tokens = web::serve(move |_| reply(200, &[("Content-Type", kind)], body)).await;
        let options =
            format!("oauth2: {{ {plain}, token_url: 'http://{}/token' }}", tokens.address());
        let case =
            site(table, &format!("credentials oauth2 answered with {word}"), &options, "/", up)
                .await;
        case.hears("tokens", tokens);
        if !passes {
            case.fails();
        }
    }
    for status in [400_u16, 401, 403, 500] {
        let tokens =
            web::serve(move |_| reply(status, &[], b"{\"error\":\"invalid_client\"}")).await;
        let options =
            format!("oauth2: {{ {plain}, token_url: 'http://{}/token' }}", tokens.address());
        let name = format!("credentials oauth2 answered {status}");
        site(table, &name, &options, "/", up).await.hears("tokens", tokens).fails();
    }
    // Whoever refuses the header is asked again with the secret in the form.
    let tokens = web::serve(move |request| match request.header("authorization") {
        Some(_) => reply(401, &[], b""),
        None => token(request),
    });
    let tokens = tokens.await;
    let options = format!("oauth2: {{ {plain}, token_url: 'http://{}/token' }}", tokens.address());
    site(table, "credentials oauth2 in the form alone", &options, "/", up)
        .await
        .hears("tokens", tokens);
    let gone = Peer::refusing();
    let options = format!("oauth2: {{ {plain}, token_url: 'http://{}/token' }}", gone.address());
    site(table, "credentials oauth2 refused", &options, "/", up).await.keeps(gone).fails();
    let authority = Authority::new();
    let ca = authority.ca_file().display().to_string();
    for (word, tls, passes) in [
        ("behind tls", format!("tls_config: {{ ca_file: {ca} }}"), true),
        ("behind tls, not verified", "tls_config: { insecure_skip_verify: true }".to_owned(), true),
        ("behind tls of a stranger", "tls_config: {}".to_owned(), false),
    ] {
        let tokens = web::serve_tls(authority.acceptor(Flaw::None), token).await;
        let options = format!(
            "oauth2: {{ {plain}, token_url: 'https://localhost:{}/token', {tls} }}",
            tokens.address().port()
        );
        let case = site(table, &format!("credentials oauth2 {word}"), &options, "/", up).await;
        case.keeps(tokens);
        if !passes {
            case.fails();
        }
    }
    table.keep(authority);
}

#[expect(clippy::too_many_lines, reason = "a table")]
async fn proxies(table: &mut Table) {
    let authority = Authority::new();
    let ca = authority.ca_file().display().to_string();
    let trusted = format!("tls_config: {{ ca_file: {ca} }}");
    let skip = "skip_resolve_phase_with_proxy: true";
    for (word, more) in [
        ("", ""),
        (" with a user", "user"),
        (" without resolving", skip),
        (" with headers", "headers: { X-One: '1', Host: vhost.test }"),
        (" with a body", "method: POST, body: 'through it'"),
        (" with credentials", "basic_auth: { username: me, password: secret }"),
        (
            " with headers for tunnels",
            "proxy_connect_header: { Proxy-Authorization: [Bearer t], X-Two: [a, b] }",
        ),
    ] {
        let way = proxy::serve(Manner::Serve).await;
        let user = if more == "user" { "us%40er:pass@" } else { "" };
        let more = if more == "user" { "" } else { more };
        let options = format!("proxy_url: 'http://{user}{}', {more}", way.address());
        let options = options.trim_end_matches(", ");
        let case = site(table, &format!("credentials proxy{word}"), options, "/page?a=1", up).await;
        case.hears("proxy", way);
        let way = proxy::serve(Manner::Serve).await;
        let options = format!("proxy_url: 'http://{user}{}', {trusted}, {more}", way.address());
        let options = options.trim_end_matches(", ").replace("Host: vhost.test", "X-Three: '3'");
        let peer = web::serve_tls(authority.acceptor(Flaw::None), up).await;
        let target = format!("https://localhost:{}/page", peer.address().port());
        let options = format!("preferred_ip_protocol: ip4, {options}");
        let case = table.case(&format!("credentials proxy to tls{word}"), "http", &options, target);
        case.hears("proxy", way).hears("site", peer);
    }
    for (word, target, passes) in [
        ("a name only the proxy knows", "http://absent.test/", true),
        ("a name without an address", "http://none.test/", true),
    ] {
        let way = proxy::serve(Manner::Serve).await;
        let options = format!("proxy_url: 'http://{}', {skip}", way.address());
        let case = table.case(&format!("credentials proxy to {word}"), "http", &options, target);
        case.hears("proxy", way);
        if !passes {
            case.fails();
        }
        let way = proxy::serve(Manner::Serve).await;
        let options = format!("proxy_url: 'http://{}'", way.address());
        let name = format!("credentials proxy to {word}, resolving");
        table.case(&name, "http", &options, target).hears("proxy", way).fails();
    }
    for (word, list) in [
        ("the address", "127.0.0.1"),
        ("all", "'*'"),
        ("a network", "127.0.0.0/8"),
        ("another", "192.0.2.1"),
        ("a name", "localhost"),
        ("several", "'example.com, 127.0.0.1'"),
        ("a port", "'127.0.0.1:1'"),
    ] {
        let way = proxy::serve(Manner::Serve).await;
        let options = format!("proxy_url: 'http://{}', no_proxy: {list}", way.address());
        let name = format!("credentials proxy but for {word}");
        site(table, &name, &options, "/", up).await.hears("proxy", way);
    }
    for (word, manner) in [
        ("refuses with 407", Manner::Refuse(407)),
        ("refuses with 503", Manner::Refuse(503)),
        ("talks nonsense", Manner::Garbage),
    ] {
        let way = proxy::serve(manner).await;
        let options = format!("proxy_url: 'http://{}'", way.address());
        let name = format!("credentials proxy that {word}");
        site(table, &name, &options, "/", up).await.hears("proxy", way).fails();
        let way = proxy::serve(manner).await;
        let options = format!("proxy_url: 'http://{}', {trusted}", way.address());
        let name = format!("credentials proxy to tls that {word}");
        let peer = web::serve_tls(authority.acceptor(Flaw::None), up).await;
        let target = format!("https://{}/", peer.address());
        let case = table.case(&name, "http", &options, target);
        case.hears("proxy", way).hears("site", peer).fails();
    }
    let gone = Peer::refusing();
    let options = format!("proxy_url: 'http://{}'", gone.address());
    site(table, "credentials proxy that is not there", &options, "/", up).await.keeps(gone).fails();
    let way = proxy::serve_tls(authority.acceptor(Flaw::None)).await;
    let options = format!("proxy_url: 'https://{}', {trusted}", way.address());
    site(table, "credentials proxy behind tls", &options, "/", up).await.hears("proxy", way);
    let first = |place: String| move |_: &Request| reply(302, &[("Location", &place)], b"");
    let second = web::serve(up).await;
    let way = proxy::serve(Manner::Serve).await;
    let options = format!("proxy_url: 'http://{}', no_proxy: 127.0.0.1", way.address());
    let place = format!("http://localhost:{}/there", second.address().port());
    let case = site(table, "credentials proxy after a redirect", &options, "/", first(place)).await;
    case.hears("proxy", way).hears("other", second);
    // SOCKS5 without credentials (RFC 1928): the greeting, the request, and then the site's own answer.
    let turns = [
        Turn::Hear(3),
        say(b"\x05\x00"),
        Turn::Hear(10),
        say(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"),
        Turn::HearLine,
        say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nup"),
    ];
    let way = dialogue::serve(&turns, End::Wait).await;
    let options = format!("proxy_url: 'socks5://{}'", way.address());
    table.case("credentials proxy of socks", "http", &options, "http://127.0.0.1:81/").keeps(way);
    table.keep(authority);
}

async fn from_environment(table: &mut Table) -> Vec<(&'static str, String)> {
    let way = proxy::serve(Manner::Serve).await;
    let address = format!("http://{}", way.address());
    // Loopback is never reached through such a proxy, so the target is elsewhere.
    let options = "proxy_from_environment: true, skip_resolve_phase_with_proxy: true";
    let case =
        table.case("credentials proxy of the environment", "http", options, "http://site.test/");
    case.hears("proxy", way);
    let options = "proxy_from_environment: true";
    site(table, "credentials proxy of the environment to loopback", options, "/", up).await;
    let target = "http://spared.test/";
    table
        .case("credentials proxy of the environment but for a name", "http", options, target)
        .fails();
    vec![("HTTP_PROXY", address), ("NO_PROXY", "spared.test".to_owned())]
}
