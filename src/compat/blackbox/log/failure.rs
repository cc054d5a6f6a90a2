//! Why a probe failed, in the words people search logs for.

use super::{Level, Line, Told};
use crate::{
    compat::blackbox::{Prober, families},
    model::{Expectation, Reason},
};

/// One line for each expectation that broke, or one for what went wrong on the way to them.
pub(super) fn lines<'a>(told: &Told<'a>, lines: &mut Vec<Line<'a>>) {
    if families::passed(told.outcome) {
        return;
    }
    let reason = told.outcome.reason.unwrap_or(Reason::DeadlineExceeded);
    let broken: Vec<&Expectation> =
        told.trace.expectations.iter().filter(|expectation| !expectation.held).collect();
    let line =
        |words| told.line(told.outcome.duration, Level::Error, words).with("reason", reason.word());
    if broken.is_empty() {
        for words in on_the_way(told, reason) {
            lines.push(line(words).with("err", &*told.outcome.detail));
        }
    }
    for expectation in broken {
        let words = unexpected(told.prober, reason, expectation);
        let mut line = line(words);
        if expectation.subject == "status" {
            let code = expectation.got.split(' ').next().unwrap_or_default();
            line = line.with("status_code", code);
        }
        lines.push(
            line.with("subject", &*expectation.subject)
                .with("wanted", &*expectation.wanted)
                .with("got", &*expectation.got),
        );
    }
}

/// What failed before anything could be held against what was expected; some of it is told twice.
fn on_the_way(told: &Told<'_>, reason: Reason) -> Vec<&'static str> {
    let unresolved = ["Resolution with IP protocol failed", "Error resolving address"];
    let last = match (reason, told.prober) {
        (Reason::ModuleInvalid, _) => "Configuration error",
        (Reason::TargetInvalid, Prober::Tcp) => {
            return vec!["Error splitting target address and port", "Error dialing TCP"];
        }
        (Reason::TargetInvalid, Prober::Icmp | Prober::Dns) => return unresolved.to_vec(),
        (Reason::TargetInvalid, _) => "Could not parse target URL",
        (_, prober) if told.address().is_none() && prober != Prober::Unix => {
            let mut lines = unresolved.to_vec();
            lines.extend((prober == Prober::Tcp).then_some("Error dialing TCP"));
            return lines;
        }
        (_, prober) => connection(told, prober, reason),
    };
    vec![last]
}

/// What became of a connection.
fn connection(told: &Told<'_>, prober: Prober, reason: Reason) -> &'static str {
    let is_answered =
        told.value("noroshi_http_status_code").is_some() && !families::leads_nowhere(told.outcome);
    match (prober, reason) {
        (Prober::Http, Reason::BodyEncoding) => "Failed to get decompressor for HTTP response body",
        (Prober::Http, _) if is_answered => "Failed to read HTTP response body",
        (Prober::Http, _) => "Error for HTTP request",
        (Prober::Tcp | Prober::Unix, _) if told.outcome.facts.iter().any(is_talk) => {
            "Error reading from connection"
        }
        (Prober::Tcp, _) => "Error dialing TCP",
        (Prober::Unix, _) => "Error dialing unix",
        (Prober::Dns, _) => "Error while sending a DNS query",
        (Prober::Icmp, Reason::IcmpNoReply) => "Timeout reading from socket",
        (Prober::Icmp, _) => "Error reading from socket",
        (Prober::Grpc, _) => "can't connect grpc server:",
        (Prober::Websocket, _) => "Error dialing websocket",
    }
}

/// Whether a dialogue was begun.
fn is_talk(fact: &crate::model::Fact) -> bool {
    fact.desc.name.ends_with("_steps_completed")
}

fn unexpected(prober: Prober, reason: Reason, expectation: &Expectation) -> &'static str {
    let negative = expectation.wanted.starts_with("does not");
    match (prober, reason) {
        (Prober::Http, Reason::HttpStatus) if expectation.wanted == "2xx" => {
            "Invalid HTTP response status code, wanted 2xx"
        }
        (Prober::Http, Reason::HttpStatus) => "Invalid HTTP response status code",
        (Prober::Http, Reason::HttpVersion) => "Invalid HTTP version number",
        (Prober::Http, Reason::HeaderMismatch) if expectation.got == "absent" => {
            "Missing required header"
        }
        (Prober::Http, Reason::HeaderMismatch) if negative => "Header matched regular expression",
        (Prober::Http, Reason::HeaderMismatch) => "Header did not match regular expression",
        (Prober::Http, Reason::BodyMismatch) if negative => "Body matched regular expression",
        (Prober::Http, Reason::BodyMismatch) => "Body did not match regular expression",
        (Prober::Http, Reason::JsonInvalid) => "Error unmarshalling HTTP body to JSON",
        (Prober::Http, Reason::JsonMismatch) => "Body did not match CEL expression",
        (Prober::Tcp | Prober::Unix | Prober::Websocket, _) => "Regexp did not match",
        (Prober::Dns, Reason::DnsRcode) => "Rcode is not one of the valid rcodes",
        (Prober::Dns, _) => "Answer RRs validation failed",
        _ => "Not as expected",
    }
}
