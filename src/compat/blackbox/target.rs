use std::borrow::Cow;

use super::Prober;

/// A target as the native kind wants it: `http` takes it without a scheme too. The scheme's case does not matter, as in
/// blackbox_exporter's master; 0.28 takes `HTTPS://` for a host.
pub(super) fn written(prober: Prober, target: &str) -> Cow<'_, str> {
    let has = |scheme: &str| {
        target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    match prober {
        Prober::Http if !has("http://") && !has("https://") => format!("http://{target}").into(),
        Prober::Tcp | Prober::Dns | Prober::Grpc => with_number(target),
        _ => target.into(),
    }
}

/// Ports by the names that Go knows without `/etc/services`, which an image from scratch does not have.
const SERVICES: [(&str, u16); 16] = [
    ("domain", 53),
    ("finger", 79),
    ("ftp", 21),
    ("ftps", 990),
    ("gopher", 70),
    ("http", 80),
    ("https", 443),
    ("imap2", 143),
    ("imap3", 220),
    ("imaps", 993),
    ("pop3", 110),
    ("pop3s", 995),
    ("smtp", 25),
    ("ssh", 22),
    ("submissions", 465),
    ("telnet", 23),
];

/// `mail.example:smtp` is `mail.example:25`, and `:+25` is `:25`.
fn with_number(target: &str) -> Cow<'_, str> {
    let Some((host, port)) = target.rsplit_once(':').filter(|(_, port)| !port.contains(']')) else {
        return target.into();
    };
    let named = SERVICES.iter().find(|(name, _)| name.eq_ignore_ascii_case(port));
    match (named, port.strip_prefix('+')) {
        (Some((_, number)), _) => format!("{host}:{number}").into(),
        (None, Some(number)) => format!("{host}:{number}").into(),
        (None, None) => target.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_may_leave_out_its_scheme() {
        for (prober, target, wanted) in [
            (Prober::Http, "a.example", "http://a.example"),
            (Prober::Http, "a.example:8080/x?y=http://z", "http://a.example:8080/x?y=http://z"),
            (Prober::Http, "[::1]:80", "http://[::1]:80"),
            (Prober::Http, "HTTPS://a.example", "HTTPS://a.example"),
            (Prober::Http, "狼煙", "http://狼煙"),
            (Prober::Tcp, "a.example:25", "a.example:25"),
            (Prober::Websocket, "a.example", "a.example"),
            (Prober::Tcp, "a.example:POP3", "a.example:110"),
            (Prober::Tcp, "[::1]:ssh", "[::1]:22"),
            (Prober::Tcp, "[::1]", "[::1]"),
            (Prober::Tcp, "a.example:+25", "a.example:25"),
            (Prober::Tcp, "a.example:nonsense", "a.example:nonsense"),
            (Prober::Dns, "192.0.2.1:domain", "192.0.2.1:53"),
        ] {
            assert_eq!(written(prober, target), wanted);
        }
    }
}
