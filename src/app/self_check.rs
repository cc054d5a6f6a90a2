//! What is watched when nothing is configured: noroshi itself, where it really listens.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use crate::{
    config,
    model::{CheckId, CheckSettings},
    probe::spec::Check,
};

/// A check of `/-/healthy` at this address, below this prefix; an unspecified one is reached by loopback of its family.
/// Without a prefix, where a web configuration asks strangers who they are, only whether somebody accepts.
pub(super) fn check(listening: SocketAddr, prefix: Option<&str>) -> Option<Check> {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let address = SocketAddr::new(ip, listening.port());
    let (kind, target) = match prefix {
        Some(prefix) => ("http", format!("http://{address}{prefix}/-/healthy")),
        None => ("tcp", address.to_string()),
    };
    let often =
        [("interval", "5s"), ("timeout", "2s")].map(|(key, value)| (key.into(), value.into()));
    let check = config::one_off(kind, &target, &often).ok()?;
    let settings = CheckSettings { id: CheckId::new("noroshi"), ..(*check.settings).clone() };
    Some(Check { settings: Arc::new(settings), ..check })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_asks_where_noroshi_listens() {
        for (listening, url) in [
            ("0.0.0.0:10070", "http://127.0.0.1:10070/a/-/healthy"),
            ("[::]:1", "http://[::1]:1/a/-/healthy"),
            ("192.0.2.1:2", "http://192.0.2.1:2/a/-/healthy"),
        ] {
            let check = check(listening.parse().unwrap(), Some("/a")).unwrap();
            assert_eq!((&*check.settings.target, check.settings.id.as_str()), (url, "noroshi"));
        }
        let guarded = check("0.0.0.0:7".parse().unwrap(), None).unwrap();
        assert_eq!(&*guarded.settings.target, "127.0.0.1:7");
    }
}
