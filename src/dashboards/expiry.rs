//! When certificates expire, who issued them, and whether a renewal has reached the server.

use super::{
    colour::{BLUE, GREEN, ORANGE, RED, YELLOW},
    dashboard::Dashboard,
    layout::{Section, graphs, numbers, section, tall},
    link::Link,
    panel::{Panel, Says},
    query::{CHECK, SEEN, Scope, or_zero},
    state::{well, words_for},
    table::{Column, Table},
    unit::Unit,
    variable::{Variable, shared},
    view::{bars, timeline, trouble},
};

const CHECKS: Scope = Scope::CHECKS;
const SELF: Scope = Scope::INSTANCES;

/// From when on how many days left are too few.
const DAYS: [(f64, &str); 3] = [(7.0, ORANGE), (21.0, YELLOW), (30.0, GREEN)];

pub(super) fn dashboard() -> Dashboard {
    let mut variables =
        shared("~noroshi_check_info|noroshi_kube_secret_tls_not_after_timestamp_seconds");
    variables.extend([
        Variable::many("group", "Group", "Groups of checks.", &SELF.of("noroshi_check_info")),
        Variable::many("issuer", "Issuer", "Who issued the leaf.", &CHECKS.of("noroshi_tls_info")),
    ]);
    Dashboard {
        uid: "noroshi-expiry",
        title: "noroshi / Expiry",
        description: "Certificates that checks have seen and that secrets hold: when they expire, and whether renewals are served.",
        variables,
        annotations: Vec::new(),
        sections: vec![now(), next(), renewals()],
    }
}

fn not_after() -> String {
    CHECKS.of("noroshi_tls_not_after_timestamp_seconds")
}

fn leaf_not_after() -> String {
    CHECKS.with("noroshi_tls_not_after_timestamp_seconds", "position=\"0\"")
}

/// The end of the best path to a trusted root.
fn chain_not_after() -> String {
    CHECKS.of("noroshi_tls_chain_not_after_timestamp_seconds")
}

fn info() -> String {
    CHECKS.with("noroshi_tls_info", "issuer=~\"$issuer\"")
}

/// The ends of validity, where the leaf is of the issuers that are chosen. A check without details of its TLS is not hidden.
fn chosen(series: &str) -> String {
    let others = CHECKS.with("noroshi_tls_info", "issuer!~\"$issuer\"");
    format!("({series} unless on ({SEEN}) {others})")
}

fn now() -> Section {
    let ends = chosen(&format!("({} or {})", leaf_not_after(), chain_not_after()));
    let within =
        |days: u32| or_zero(&format!("count(min by ({CHECK}) ({ends}) - time() < {days} * 86400)"));
    let expired = trouble(
        Says(
            "Expired",
            "Checks whose leaf, or the best chain above it, is no longer valid; an old root that a server sends along does not count.",
            "If it is red, users cannot connect: the tables say whether it is the leaf or what is above it.",
        ),
        RED,
    )
    .ask(within(0), "expired");
    let week = trouble(
        Says(
            "Within 7 days",
            "Checks whose leaf or chain ends within a week, expired ones included.",
            "If it is red, renew by hand: automatic renewal should have been there for weeks.",
        ),
        RED,
    )
    .ask(within(7), "within 7 days");
    let three = trouble(
        Says(
            "Within 21 days",
            "Checks whose leaf or chain ends within three weeks: those that the shipped alert tells of.",
            "If it is orange, automatic renewal is late: look at the issuer's log.",
        ),
        ORANGE,
    )
    .ask(within(21), "within 21 days");
    let unverified = trouble(
        Says(
            "Not verified",
            "Checks whose chain did not verify for the target's name.",
            "If it is red, the check's page has the reason; a check with `insecure_skip_verify` is counted too.",
        ),
        RED,
    )
    .ask(
        or_zero(&format!("count(min by ({CHECK}) ({}) == 0)", CHECKS.of("noroshi_tls_verified"))),
        "not verified",
    );
    let old = trouble(
        Says(
            "Before TLS 1.3",
            "Checks whose servers negotiate an older version of TLS.",
            "If it is orange, update the server's configuration when there is time.",
        ),
        ORANGE,
    )
    .ask(
        or_zero(&format!(
            "count(count by ({CHECK}) ({}))",
            CHECKS.with("noroshi_tls_info", "version!=\"TLS 1.3\",issuer=~\"$issuer\"")
        )),
        "before TLS 1.3",
    );
    let secrets = SELF.of("noroshi_kube_secret_tls_not_after_timestamp_seconds");
    let secrets = trouble(
        Says(
            "Secrets within 21 days",
            "TLS secrets of clusters that expire within three weeks; none are watched without `tls_secrets`.",
            "If it is orange, look at what should renew them: cert-manager's log, say.",
        ),
        ORANGE,
    )
    .ask(
        or_zero(&format!(
            "count(max by (cluster, namespace, secret) ({secrets}) - time() < 21 * 86400)"
        )),
        "secrets",
    );
    section(
        "Is anything about to expire?",
        vec![numbers(vec![expired, week, three, unverified, old, secrets])],
    )
}

fn next() -> Section {
    let left = chosen(&not_after());
    let days = bars(Says(
        "Days left, the thirty with least",
        "For how many days the certificates are valid, of each position in the chain.",
        "Below 21 days automatic renewal is late, below 7 renew by hand.",
    ))
    .unit(Unit::Days)
    .decimals(0)
    .steps(RED, &DAYS)
    .link(Link::check_of_series())
    .ask(
        format!("bottomk(30, min by ({CHECK}, position) (({left} - time()) / 86400))"),
        "{{group}} / {{check}}, position {{position}}",
    )
    .none("No certificate was seen");
    section(
        "What expires next?",
        vec![tall(vec![days, leafs()]), graphs(vec![chains(), secrets()])],
    )
}

fn leafs() -> Panel {
    let row = format!("{SEEN}, subject, issuer, serial, version, cipher");
    let (leaf, info) = (leaf_not_after(), info());
    let details = "group_left (subject, issuer, serial, version, cipher)";
    // A certificate that was seen without its details has a row too: it may be the one that matters.
    let with_details = |series: &str| {
        format!(
            "max by ({row}) ({series} * on ({SEEN}) {details} {info} or {} unless on ({SEEN}) {info})",
            chosen(series)
        )
    };
    let verified = format!("({} and on ({SEEN}) {leaf})", CHECKS.of("noroshi_tls_verified"));
    Table::new(Says(
        "Leaf certificates",
        "The certificate of each target with its issuer and what was negotiated, as each instance sees it.",
        "Sort by the days that are left; rows of one target that differ are servers of which one was not reloaded.",
    ))
    .labels(&[("check", "Check"), ("group", "Group")])
    .ask(
        with_details(&format!("(({leaf} - time()) / 86400)")),
        "Days left",
        Unit::Days,
        |column| column.steps(RED, &DAYS).width(110),
    )
    .ask(with_details(&format!("({leaf} * 1000)")), "Not after", Unit::Moment, |column| column.width(170))
    .ask(with_details(&verified), "Verified", Unit::Plain, |column| {
        column.words(well("yes", "no")).width(90)
    })
    .labels(&[
        ("issuer", "Issuer"),
        ("subject", "Subject"),
        ("serial", "Serial"),
        ("version", "TLS"),
        ("cipher", "Cipher"),
        ("instance", "Instance"),
        ("cluster", "Cluster"),
    ])
    .hide("job")
    .link("Check", Link::check_of_row())
    .sorted_by("Days left", false)
    .none("No certificate was seen")
    .weight(2)
    .panel()
}

fn chains() -> Panel {
    let whole = chain_not_after();
    let others = CHECKS.with("noroshi_tls_not_after_timestamp_seconds", "position!=\"0\"");
    let days = |series: &str| format!("max by ({SEEN}, position) (({series} - time()) / 86400)");
    let position = Column::label("position", "Position").width(110);
    let chain =
        super::query::labelled(&format!("({whole} - time()) / 86400"), "position", "whole chain");
    Table::new(Says(
        "Intermediates and chains",
        "Certificates that are not leafs, and the whole chain: until when a path to a trusted root is valid.",
        "An intermediate that expires before its leaf breaks old clients first: have the server send the new one.",
    ))
    .labels(&[("check", "Check"), ("group", "Group")])
    .column(position)
    .ask(
        format!("{} or max by ({SEEN}, position) ({chain})", days(&others)),
        "Days left",
        Unit::Days,
        |column| column.steps(RED, &DAYS),
    )
    .labels(&[("instance", "Instance"), ("cluster", "Cluster")])
    .hide("job")
    .link("Check", Link::check_of_row())
    .sorted_by("Days left", false)
    .none("No chain was seen")
    .panel()
}

fn secrets() -> Panel {
    let secrets = SELF.of("noroshi_kube_secret_tls_not_after_timestamp_seconds");
    let row = "cluster, namespace, secret, common_name";
    Table::new(Says(
        "TLS secrets of clusters",
        "When the certificates in secrets of the type `kubernetes.io/tls` expire.",
        "A secret that was renewed is of no use before its server reads it: compare with what is served.",
    ))
    .labels(&[("secret", "Secret"), ("namespace", "Namespace"), ("common_name", "Common name")])
    .ask(format!("max by ({row}) (({secrets} - time()) / 86400)"), "Days left", Unit::Days, |column| {
        column.steps(RED, &DAYS)
    })
    .ask(format!("max by ({row}) ({secrets} * 1000)"), "Not after", Unit::Moment, |column| column)
    .labels(&[("cluster", "Cluster")])
    .sorted_by("Days left", false)
    .none("No secrets are watched (`tls_secrets`)")
    .panel()
}

fn renewals() -> Section {
    let soonest = format!("bottomk(20, {} @ end())", leaf_not_after());
    let serials = timeline(Says(
        "Which certificate was served when",
        "A line for each serial number, of the twenty that expire next.",
        "A line that ends where another begins is a renewal; two at a time are servers that differ.",
    ))
    .words(words_for([(1.0, "served", BLUE)]))
    .link(Link::check_of_series())
    .ask(format!("{} and on ({SEEN}) {soonest}", info()), "{{group}} / {{check}}: {{serial}}")
    .none("No certificate was seen");
    section(
        "Do renewals arrive?",
        vec![graphs(vec![serials]), graphs(vec![renewed(), not_served()])],
    )
}

fn renewed() -> Panel {
    let leaf = leaf_not_after();
    Table::new(Says(
        "Renewed in this time",
        "Targets whose certificate was replaced, and how often.",
        "None in the time of a whole validity is a renewal that does not run.",
    ))
    .labels(&[("check", "Check"), ("group", "Group")])
    .ask(
        format!("max by ({SEEN}) (changes({leaf}[$__range])) > 0"),
        "Replaced",
        Unit::Count,
        |column| column,
    )
    .labels(&[("instance", "Instance"), ("cluster", "Cluster")])
    .hide("job")
    .link("Check", Link::check_of_row())
    .none("No certificate was replaced in this time")
    .panel()
}

/// A secret's certificate that is newer than the one that a target of its name serves.
fn not_served() -> Panel {
    // Without a common name there is nothing to compare them by.
    let secrets =
        SELF.with("noroshi_kube_secret_tls_not_after_timestamp_seconds", "common_name!=\"\"");
    let served = format!(
        "{} * on ({SEEN}) group_left (subject) {}",
        leaf_not_after(),
        CHECKS.of("noroshi_tls_info")
    );
    let named = format!(
        "label_replace({served}, \"common_name\", \"$1\", \"subject\", \"(?:.*, ?)?CN=([^,]+).*\")"
    );
    let behind = format!(
        "max by (common_name, namespace, secret) ({secrets}) - on (common_name) group_left () \
         min by (common_name) ({named}) > 3600"
    );
    Table::new(Says(
        "Renewed, but not served",
        "TLS secrets whose certificate is valid for longer than the one that a target of the same common name serves.",
        "The server has not read the new secret: reload or restart it before the old one expires.",
    ))
    .labels(&[("common_name", "Common name"), ("secret", "Secret"), ("namespace", "Namespace")])
    .ask(behind, "Served one ends earlier by", Unit::Duration, |column| column.steps(ORANGE, &[]))
    .none("What secrets hold is what is served, as far as both are seen")
    .panel()
}
