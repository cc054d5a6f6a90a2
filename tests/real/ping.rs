//! Pings in a network namespace: as root and as nobody, with loss and delay that are known beforehand.
//!
//! Each `#[ignore]`d test is started by the one beside it in a namespace of its own, as root of the machine.

use std::{os::unix::fs::PermissionsExt, path::Path, process::Command, time::Duration};

use crate::{
    one_shot::{Said, arguments, probe, run},
    server::part,
    support::{
        alone::{in_a_namespace, missing},
        tun::{self, Manner},
    },
};

/// Starts a test in a namespace, if this is root.
fn as_root(test: &str) {
    // SAFETY: it only reads.
    #[expect(unsafe_code, reason = "libc has no safe wrapper for it")]
    let root = unsafe { libc::geteuid() } == 0;
    if root {
        in_a_namespace(test);
    } else {
        missing(&format!("{test}: only root can become somebody else; run it as root"));
    }
}

fn ip(arguments: &str) {
    let done = Command::new("ip").args(arguments.split(' ')).status().expect("iproute2");
    assert!(done.success(), "ip {arguments}");
}

/// Who may open datagram ICMP sockets in this namespace, by group.
fn permit(groups: &str) {
    std::fs::write("/proc/sys/net/ipv4/ping_group_range", groups).unwrap();
}

/// A probe by a user without any privilege.
fn by_nobody(target: &str, pairs: &[&str]) -> Said {
    // The checkout may lie where nobody else can look.
    let folder = tempfile::tempdir().unwrap();
    let open = |path: &Path| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    let binary = folder.path().join("noroshi");
    std::fs::copy(env!("CARGO_BIN_EXE_noroshi"), &binary).unwrap();
    open(folder.path());
    open(&binary);
    run(Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all"])
        .arg("--no-new-privs")
        .arg(&binary)
        .args(arguments("icmp", target, pairs)))
}

#[test]
fn nobody_may_ping_where_the_system_permits_it() {
    as_root("ping::nobody_permitted");
}

#[test]
#[ignore = "started by nobody_may_ping_where_the_system_permits_it"]
fn nobody_permitted() {
    ip("link set lo up");
    permit("0 2147483647");
    for target in ["127.0.0.1", "::1"] {
        let said = by_nobody(target, &["count=3", "gap=10ms"]).passes();
        assert_eq!(said.fact("noroshi_icmp_loss_ratio"), 0.0);
        assert_eq!(said.fact("noroshi_icmp_packets_received"), 3.0);
        assert_eq!(said.fact("noroshi_icmp_reply_hop_limit"), 64.0);
    }
}

#[test]
fn nobody_is_told_the_fix_where_it_is_not_permitted() {
    as_root("ping::nobody_forbidden");
}

#[test]
#[ignore = "started by nobody_is_told_the_fix_where_it_is_not_permitted"]
fn nobody_forbidden() {
    ip("link set lo up");
    permit("1 0");
    for target in ["127.0.0.1", "::1"] {
        let said = by_nobody(target, &[]).cannot_tell("icmp_permission");
        assert!(said.detail().contains("ping_group_range"), "{}", said.detail());
    }
}

#[test]
fn root_pings_raw_where_datagrams_are_not_permitted() {
    as_root("ping::root_raw");
}

#[test]
#[ignore = "started by root_pings_raw_where_datagrams_are_not_permitted"]
fn root_raw() {
    ip("link set lo up");
    permit("1 0");
    for target in ["127.0.0.1", "::1"] {
        let said = probe("icmp", target, &["count=3", "gap=10ms"]).passes();
        assert_eq!(said.fact("noroshi_icmp_loss_ratio"), 0.0);
    }
}

#[test]
fn a_firewall_that_drops_each_fourth_is_seen_as_a_quarter_of_loss() {
    as_root("ping::loss");
}

#[test]
#[ignore = "started by a_firewall_that_drops_each_fourth_is_seen_as_a_quarter_of_loss"]
fn loss() {
    let Some(nft) = part("nft") else { return };
    ip("link set lo up");
    let rules = "\
table ip noroshi {
    chain out {
        type filter hook output priority 0
        ip daddr 127.0.0.1 icmp type echo-request numgen inc mod 4 == 0 drop
    }
}
";
    let done = Command::new(nft).arg(rules).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let lossy = |pairs: &[&str]| {
        let own = ["count=20", "gap=10ms", "packet_timeout=500ms", "timeout=5s"];
        probe("icmp", "127.0.0.1", &own.iter().chain(pairs).copied().collect::<Vec<_>>())
    };
    let said = lossy(&[]);
    assert_eq!(said.fact("noroshi_icmp_loss_ratio"), 0.25);
    assert_eq!(said.fact("noroshi_icmp_packets_received"), 15.0);
}

#[test]
fn a_slow_lossy_host_is_measured_as_it_is() {
    as_root("ping::delay");
}

#[test]
#[ignore = "started by a_slow_lossy_host_is_measured_as_it_is"]
fn delay() {
    tun::host(Manner::Reply { after: Duration::from_millis(50), lost: 5 });
    let pairs = ["count=20", "gap=10ms", "packet_timeout=1s", "timeout=10s"];
    let said = probe("icmp", tun::HOST, &pairs);
    assert_eq!(said.fact("noroshi_icmp_loss_ratio"), 0.2);
    let (min, avg, max) = (
        said.fact("noroshi_icmp_rtt_min_seconds"),
        said.fact("noroshi_icmp_rtt_avg_seconds"),
        said.fact("noroshi_icmp_rtt_max_seconds"),
    );
    // The clock of a round trip starts once the packet is gone, so a busy machine may see a little less than there is.
    assert!(min > 0.045 && min <= avg && avg <= max && avg < 0.5, "{min} {avg} {max}");
}
