//! Redirects: which are followed, and what is sent to where they lead.

use crate::support::{
    authority::{Authority, Flaw},
    peer::Peer,
    web::{self, Reply, Request, reply},
};

use super::{super::case::Table, super::world::World, http::site};

/// Leads from `/` to the place, and is `arrived` everywhere else.
fn to(status: u16, place: &str) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    let place = place.to_owned();
    move |request| match request.path() {
        "/" | "/?a=1" => reply(status, &[("Location", &place)], b"moved"),
        _ => reply(200, &[], b"arrived"),
    }
}

pub(super) async fn cases(table: &mut Table, world: &World) {
    within_a_site(table, world).await;
    places(table).await;
    to_other_sites(table).await;
    cookies(table).await;
    over_tls(table).await;
}

/// Where `Location` leads, and where it does not.
async fn places(table: &mut Table) {
    for (word, place) in [
        ("to nowhere", ""),
        ("to another scheme", "ftp://127.0.0.1/"),
        ("to half an escape", "/%zz"),
        ("to a port that is none", "http://127.0.0.1:port/"),
        ("to a name that does not exist", "http://absent.test/"),
        ("to a line in it", "/a\tb"),
        ("to an escape that is no host", "http://%zz/"),
        ("to a colon", ":"),
        ("to a number before a colon", "1:b/c"),
        ("to a scheme alone", "http://"),
        ("to a scheme and a path", "http:there"),
        ("to a scheme and no host", "http:///there"),
    ] {
        site(table, &format!("redirects {word}"), "", "/", to(302, place)).await.fails();
    }
    for (word, place) in [
        ("with a backslash", "/a\\b"),
        ("with a backslash before a host", "/\\127.0.0.1:1/w"),
        ("with a bar", "/a|b"),
        ("with a circumflex", "/x^y"),
        ("with quotes in the query", "/x?q='a'"),
        ("with braces in the query", "/x?q={a}[b]|c"),
        ("with dots", "/a/../b/./c"),
        ("with an escaped slash", "/a%2Fb%7Ec"),
        ("with a query alone", "?a=2&b='c'"),
    ] {
        site(table, &format!("redirects {word}"), "", "/", to(302, place)).await;
    }
    let script = |_: &Request| reply(302, &[], b"where to?");
    site(table, "redirects without a place", "", "/", script).await.fails();
    let script = |_: &Request| reply(304, &[("Location", "/there")], b"");
    site(table, "redirects 304 with a place", "", "/", script).await.fails();
}

async fn within_a_site(table: &mut Table, world: &World) {
    for status in [301_u16, 302, 303, 307, 308] {
        site(table, &format!("redirects {status}"), "", "/", to(status, "/there")).await;
        let post = "method: POST, body: kept";
        site(table, &format!("redirects {status} of a post"), post, "/", to(status, "/there"))
            .await;
        let head = "method: HEAD";
        let script = move |request: &Request| match request.path() {
            "/" => reply(status, &[("Location", "/there")], b""),
            _ => reply(200, &[], b""),
        };
        site(table, &format!("redirects {status} of a head"), head, "/", script).await;
        let none = "follow_redirects: false";
        site(table, &format!("redirects {status} not followed"), none, "/", to(status, "/there"))
            .await
            .fails();
        let wanted = format!("follow_redirects: false, valid_status_codes: [{status}]");
        let name = format!("redirects {status} not followed, as wanted");
        site(table, &name, &wanted, "/", to(status, "/there")).await;
        let file = world.file("moved.txt", "of a file");
        let options = format!("method: PUT, body_file: {file}");
        let case = site(
            table,
            &format!("redirects {status} of a file"),
            &options,
            "/",
            to(status, "/there"),
        )
        .await;
        if [307, 308].contains(&status) {
            case.fails();
        }
    }
    let old = "no_follow_redirects: true";
    site(table, "redirects not followed, the old key", old, "/", to(302, "/there")).await.fails();
    let old = "no_follow_redirects: false, follow_redirects: false";
    site(table, "redirects followed, the old key wins", old, "/", to(302, "/there")).await;
    for (word, place) in [
        ("relative", "there"),
        ("relative with dots", "../a/./b/../there"),
        ("with a query", "/there?x=y%20z"),
        ("query alone", "?b=2"),
        ("with a fragment", "/there#part"),
        ("with a space", "/over there"),
        ("in another script", "/\u{72fc}\u{7159}"),
    ] {
        let script = to(302, place);
        site(table, &format!("redirects {word}"), "", "/?a=1", script).await;
    }
    let headers =
        "headers: { X-Kept: 'yes', Authorization: Bearer t, Host: vhost.test, Cookie: a=b }";
    site(table, "redirects with headers", headers, "/", to(302, "/there")).await;
    let case = site(table, "redirects with hostname", "", "/", to(302, "/there")).await;
    case.with("hostname=other.test");
    for (steps, ends_well) in [(2, true), (10, true), (11, false), (20, false)] {
        let path = format!("/{steps}");
        let case = site(table, &format!("redirects {steps}"), "", &path, web::redirect).await;
        if !ends_well {
            case.fails();
        }
    }
    // Rules and lengths are those of the last answer.
    let script = |request: &Request| match request.path() {
        "/" => reply(302, &[("Location", "/there"), ("X-First", "1")], b"a longer first body"),
        _ => reply(200, &[("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")], b"last"),
    };
    let options = "fail_if_body_matches_regexp: [first], fail_if_header_matches: [{ header: X-First, regexp: '1', allow_missing: true }]";
    site(table, "redirects and rules", options, "/", script).await;
}

async fn to_other_sites(table: &mut Table) {
    let options_of = [
        ("", ""),
        (" with basic auth", "basic_auth: { username: me, password: secret }"),
        (" with a bearer token", "bearer_token: secret"),
        (
            " with headers",
            "headers: { X-Kept: 'yes', Authorization: Bearer t, Cookie: a=b, WWW-Authenticate: x }",
        ),
        (" with a host", "headers: { Host: vhost.test }"),
        (" with a body", "method: POST, body: kept"),
        (" with http_headers", "http_headers: { X-Other: { values: [a] } }"),
    ];
    for (word, options) in options_of {
        let second = web::serve(|_| reply(200, &[], b"arrived")).await;
        let place = format!("http://localhost:{}/there", second.address().port());
        let options = format!("preferred_ip_protocol: ip4, {options}");
        let name = format!("redirects to another host{word}");
        site(table, &name, &options, "/", to(307, &place)).await.hears("other", second);
        let second = web::serve(|_| reply(200, &[], b"arrived")).await;
        let place = format!("//{}/there", second.address());
        let name = format!("redirects to another port{word}");
        site(table, &name, &options, "/", to(307, &place)).await.hears("other", second);
    }
    let second = web::serve(|_| reply(200, &[], b"arrived")).await;
    let place = format!("http://you:pass@{}/there", second.address());
    site(table, "redirects to a user", "", "/", to(302, &place)).await.hears("other", second);
    let gone = Peer::refusing();
    let place = format!("http://{}/", gone.address());
    site(table, "redirects to one who refuses", "", "/", to(302, &place)).await.keeps(gone).fails();
}

async fn cookies(table: &mut Table) {
    for (word, cookie) in [
        ("plain", "id=1"),
        ("with a path", "id=1; Path=/there"),
        ("with another path", "id=1; Path=/elsewhere"),
        ("that has ended", "id=1; Max-Age=0"),
        ("with an old date", "id=1; Expires=Wed, 21 Oct 2015 07:28:00 GMT"),
        ("for tls alone", "id=1; Secure"),
        ("with a domain", "id=1; Domain=127.0.0.1"),
        ("with another's domain", "id=1; Domain=example.com"),
        ("in quotes", "id=\"a b\""),
        ("with nothing", "id="),
        ("without a name", "=1"),
        ("for http alone", "id=1; HttpOnly; SameSite=Strict"),
    ] {
        let script = move |request: &Request| match request.path() {
            "/" => reply(302, &[("Location", "/there"), ("Set-Cookie", cookie)], b""),
            _ => reply(200, &[], b"arrived"),
        };
        site(table, &format!("redirects cookie {word}"), "", "/", script).await;
    }
    let script = |request: &Request| match request.path() {
        "/" => reply(
            302,
            &[("Location", "/b/x"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2; Path=/b")],
            b"",
        ),
        "/b/x" => reply(
            302,
            &[("Location", "/b/y"), ("Set-Cookie", "a=3; Path=/"), ("Set-Cookie", "c=4")],
            b"",
        ),
        _ => reply(200, &[], b"arrived"),
    };
    site(table, "redirects cookies on the way", "headers: { Cookie: own=0 }", "/", script).await;
    let second = web::serve(|_| reply(200, &[], b"arrived")).await;
    let place = format!("http://localhost:{}/there", second.address().port());
    let script =
        move |_: &Request| reply(302, &[("Location", &place), ("Set-Cookie", "id=1")], b"");
    let case =
        site(table, "redirects cookie to another host", "preferred_ip_protocol: ip4", "/", script)
            .await;
    case.hears("other", second);
}

async fn over_tls(table: &mut Table) {
    let authority = Authority::new();
    let tls = format!("tls_config: {{ ca_file: {} }}", authority.ca_file().display());
    let arrived = |_: &Request| reply(200, &[], b"arrived");
    // From the plain to TLS and back: what is said of TLS is said of the last answer.
    for (word, more) in [
        ("", ""),
        (", tls wanted", ", fail_if_not_ssl: true"),
        (", a name given", ", headers: { Host: localhost }"),
    ] {
        let second = web::serve_tls(authority.acceptor(Flaw::None), arrived).await;
        let place = format!("https://localhost:{}/there", second.address().port());
        let options = format!("preferred_ip_protocol: ip4, {tls}{more}");
        let case =
            site(table, &format!("redirects to tls{word}"), &options, "/", to(302, &place)).await;
        case.hears("other", second);
    }
    let second = web::serve(arrived).await;
    let place = format!("http://{}/there", second.address());
    let first = web::serve_tls(authority.acceptor(Flaw::None), to(302, &place)).await;
    let target = format!("https://{}/", first.address());
    let case = table.case("redirects from tls", "http", &tls, target);
    case.hears("site", first).hears("other", second);
    let first = web::serve_tls(authority.acceptor(Flaw::None), to(302, "/there")).await;
    let target = format!("https://{}/", first.address());
    table.case("redirects within tls", "http", &tls, target).hears("site", first);
    // A configured name is for the first host alone.
    for (word, name) in [("", "localhost"), (", the wrong one", "elsewhere.test")] {
        let second = web::serve_tls(authority.acceptor(Flaw::None), arrived).await;
        let place = format!("https://localhost:{}/there", second.address().port());
        let first = web::serve(to(302, &place)).await;
        let target = format!("http://{}/", first.address());
        let ca = authority.ca_file();
        let options = format!(
            "preferred_ip_protocol: ip4, tls_config: {{ ca_file: {}, server_name: {name} }}",
            ca.display()
        );
        let name = format!("redirects to tls with a server name{word}");
        table.case(&name, "http", &options, target).hears("site", first).hears("other", second);
    }
    let second = web::serve_tls(authority.acceptor(Flaw::WrongName), arrived).await;
    let place = format!("https://localhost:{}/there", second.address().port());
    let options = format!("preferred_ip_protocol: ip4, {tls}");
    let case =
        site(table, "redirects to tls that is not to be trusted", &options, "/", to(302, &place))
            .await;
    case.hears("other", second).fails();
    table.keep(authority);
}
