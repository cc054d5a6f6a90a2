use std::borrow::Cow;

use super::Prober;

/// A target as the native kind wants it: `http` takes it without a scheme too. The scheme's case does not matter, as in
/// blackbox_exporter's master; 0.28 takes `HTTPS://` for a host.
pub(super) fn written(prober: Prober, target: &str) -> Cow<'_, str> {
    let has = |scheme: &str| {
        target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    if prober == Prober::Http && !has("http://") && !has("https://") {
        return format!("http://{target}").into();
    }
    target.into()
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
        ] {
            assert_eq!(written(prober, target), wanted);
        }
    }
}
