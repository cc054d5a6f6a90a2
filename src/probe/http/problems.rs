//! Mistakes of a spec that no single value shows.

use hyper::{
    Method,
    header::{ACCEPT_ENCODING, HOST},
    http::uri::Authority,
};

use super::{HTTP3, Spec, Version};
use crate::probe::Problem;

/// All of them.
pub(super) fn of(spec: &Spec) -> Vec<Problem> {
    let mut problems = spec.authorization().problems(&spec.headers);
    bodies(spec, &mut problems);
    connection(spec, &mut problems);
    problems.extend(spec.proxies().problems(""));
    if spec.expect.status.is_empty() {
        let why = "an empty list accepts no answer at all";
        problems.push(problem("expect.status", why, "remove it for the default, 2xx"));
    }
    problems
}

fn bodies(spec: &Spec, problems: &mut Vec<Problem>) {
    let given = [
        ("body", spec.body.is_some()),
        ("body_file", spec.body_file.is_some()),
        ("body_json", spec.body_json.is_some()),
    ];
    let given: Vec<_> =
        given.iter().filter(|(_, is_given)| *is_given).map(|(key, _)| *key).collect();
    if let [first, second, ..] = given.as_slice() {
        let why = format!("`{first}` and `{second}` exclude each other");
        problems.push(problem(second, &why, "keep one of them"));
    }
    let looked_at = [
        ("body", spec.expect.body.is_empty()),
        ("json", spec.expect.json.is_empty()),
        ("cel", spec.expect.cel.is_empty()),
        ("encoding", spec.expect.encoding.is_none()),
    ];
    for (key, _) in looked_at.into_iter().filter(|(_, is_empty)| !is_empty) {
        if spec.method.0 == Method::HEAD {
            let why = "an answer to HEAD has no body";
            problems.push(problem(&format!("expect.{key}"), why, "use the method GET"));
        }
    }
    let asks = spec.compression.as_ref().is_some_and(|compression| !compression.is_none());
    if asks && spec.headers.contains(&ACCEPT_ENCODING) {
        let why = "`compression` sets Accept-Encoding itself";
        problems.push(problem("headers.Accept-Encoding", why, "keep one of them"));
    }
}

fn connection(spec: &Spec, problems: &mut Vec<Problem>) {
    let is_plain = spec.url.url().scheme() == "http";
    if is_plain && !spec.redirects.follow {
        let why = "there is no TLS: the URL is http:// and redirects are not followed";
        let keys = [
            ("tls", spec.tls.is_some()),
            ("expect.certificate_validity", spec.expect.certificate_validity.is_some()),
            ("expect.tls", spec.expect.tls == Some(true)),
        ];
        for (key, _) in keys.iter().filter(|(_, is_given)| *is_given) {
            problems.push(problem(key, why, "use https://"));
        }
    }
    if spec.version == Version::Http3 {
        http3(spec, problems);
    }
    problems.extend(spec.tls.iter().flat_map(|tls| tls.problems("tls.")));
    let host = spec.headers.text(&HOST);
    if host.is_some_and(|host| Authority::try_from(host.as_bytes()).is_err()) {
        problems.push(problem(
            "headers.Host",
            "not a host",
            "write it like `example.org` or `example.org:8080`",
        ));
    }
    if is_plain && spec.version == Version::Http2 && spec.proxy_url.is_some() {
        let why = "a proxy is asked for http:// URLs by HTTP/1.1";
        problems.push(problem("version", why, "remove it, or use https://"));
    }
}

fn http3(spec: &Spec, problems: &mut Vec<Problem>) {
    if !HTTP3 {
        let why = "this build of noroshi does not speak HTTP/3";
        problems.push(problem("version", why, "build it with `--features http3`"));
    }
    if spec.url.url().scheme() == "http" {
        problems.push(problem("url", "HTTP/3 is never without TLS", "use https://"));
    }
    for (key, is_given) in [
        ("proxy_url", spec.proxy_url.is_some()),
        ("proxy_from_environment", spec.proxy_from_environment),
    ] {
        if is_given {
            let why = "no proxy passes HTTP/3 on";
            problems.push(problem(key, why, "remove it, or `version`"));
        }
    }
}

fn problem(path: &str, message: &str, hint: &str) -> Problem {
    Problem { path: path.into(), message: message.into(), hint: Some(hint.into()) }
}
