//! `/`: what this is, how its checks are, and where everything else is. One page without scripts or foreign assets;
//! links are relative, so that they hold behind any proxy.

use std::{borrow::Cow, fmt::Write, sync::Arc};

use axum::{
    http::header,
    response::{Html, IntoResponse, Response},
};

use super::{Extract, Shared, State};
use crate::{
    metrics::BUILD,
    model::{BaseState, Reason, Verdict},
};

/// Troubled checks on the page; the rest is a link away.
const SHOWN: usize = 20;

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem}\
h1{font-size:1.6rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}p{margin:.3rem 0}\
small,td.dim{opacity:.7}ul{list-style:none;padding:0;margin:0}\
ul.states{display:flex;flex-wrap:wrap;gap:.5rem}\
ul.states a{display:block;padding:.4rem .9rem;border:1px solid #8886;border-left:.4rem solid var(--c);border-radius:.3rem;\
text-decoration:none;color:inherit}ul.states b{font-size:1.3rem;margin-right:.4rem}\
table{border-collapse:collapse;width:100%}td{padding:.25rem .6rem .25rem 0;border-bottom:1px solid #8884;vertical-align:top}\
.up{--c:#73bf69}.down{--c:#f2495c}.degraded{--c:#ff9830}.pending,.recovering{--c:#fade2a}.unknown{--c:#8e8e8e}";

pub(super) async fn page(Extract(shared): Extract<Arc<Shared>>) -> Response {
    let html = render(&shared.state);
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(html)).into_response()
}

fn render(state: &State) -> String {
    let mut html = String::with_capacity(8 * 1024);
    html.push_str("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n");
    html.push_str("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n");
    put(&mut html, format_args!("<title>noroshi</title>\n<style>{STYLE}</style></head><body>\n"));
    put(
        &mut html,
        format_args!(
            "<h1>noroshi</h1>\n<p><small>version {}, revision {}</small></p>\n",
            escape(BUILD.version),
            escape(BUILD.revision)
        ),
    );
    checks(&mut html, state);
    links(&mut html, state);
    html.push_str("</body></html>\n");
    html
}

fn checks(html: &mut String, state: &State) {
    let mut counts = [0_usize; BaseState::ALL.len()];
    let mut troubled = String::new();
    let mut shown = 0;
    for slot in state.views.load().iter() {
        let view = slot.view();
        let at = BaseState::ALL.iter().position(|state| *state == view.base).unwrap_or_default();
        counts[at] += 1;
        let failed = view.last.as_deref().filter(|last| last.verdict != Verdict::Pass);
        if let Some(last) = failed
            && shown < SHOWN
        {
            shown += 1;
            put(
                &mut troubled,
                format_args!(
                    "<tr><td><a href=\"api/v1/checks/{}\">{}</a></td><td>{}</td><td>{}</td>\
                     <td class=\"dim\">{}</td></tr>\n",
                    encode(slot.settings.id.as_str()),
                    escape(slot.settings.id.as_str()),
                    view.base.word(),
                    last.reason.map(Reason::word).unwrap_or_default(),
                    escape(&slot.settings.target)
                ),
            );
        }
    }
    html.push_str("<h2>Checks</h2>\n<ul class=\"states\">\n");
    for (state, count) in BaseState::ALL.iter().zip(counts).filter(|(_, count)| *count > 0) {
        let word = state.word();
        put(
            html,
            format_args!(
                "<li><a class=\"{word}\" href=\"api/v1/checks?state={word}\"><b>{count}</b>{word}</a></li>\n"
            ),
        );
    }
    html.push_str("</ul>\n");
    if counts.iter().all(|count| *count == 0) {
        html.push_str("<p>None configured.</p>\n");
    }
    if !troubled.is_empty() {
        put(html, format_args!("<h2>Not passing</h2>\n<table>\n{troubled}</table>\n"));
    }
}

fn links(html: &mut String, state: &State) {
    const LINKS: [(&str, &str); 5] = [
        ("metrics", "for Prometheus"),
        (
            "api/v1/checks",
            "every check with its last result, as JSON; <code>?state=</code>, <code>?name=</code>",
        ),
        ("config", "the configuration in force, secrets masked"),
        ("-/healthy", "answers while the process lives"),
        ("-/ready", "503 while starting and stopping"),
    ];
    html.push_str("<h2>Here</h2>\n<table>\n");
    for (path, words) in LINKS {
        put(
            html,
            format_args!(
                "<tr><td><a href=\"{path}\">/{path}</a></td><td class=\"dim\">{words}</td></tr>\n"
            ),
        );
    }
    html.push_str(
        "<tr><td>/-/reload</td><td class=\"dim\">POST reads the configuration again</td></tr>\n",
    );
    html.push_str("</table>\n");
    if let Some(url) = &state.web.external_url {
        let url = escape(url);
        put(html, format_args!("<p><small>Published at <a href=\"{url}\">{url}</a></small></p>\n"));
    }
}

fn put(html: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a String cannot fail.
    let _ = html.write_fmt(text);
}

/// Text as HTML, in elements and in quoted attributes.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out.into()
}

/// A name as one segment of a path (RFC 3986 section 2.3).
fn encode(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte.into());
        } else {
            put(&mut out, format_args!("%{byte:02X}"));
        }
    }
    out
}
