//! What fires, who was told, how soon, what is held back and why.

use super::{
    colour::{BLUE, GREEN, ORANGE, RED, YELLOW},
    dashboard::Dashboard,
    layout::{Section, folded, graphs, numbers, section},
    link::Link,
    panel::{Panel, Says},
    query::{JOB, Scope, buckets, increase, once, or_zero, over_range, quantile, rate},
    state::words_for,
    table::Table,
    unit::Unit,
    variable::{Variable, shared},
    view::{bars, columns, heatmap, lines, number, stack, timeline, trouble},
};

const SELF: Scope = Scope::INSTANCES;
const RECEIVERS: Scope = Scope::RECEIVERS;

pub(super) fn dashboard() -> Dashboard {
    let mut variables = shared("noroshi_alert_groups");
    variables.push(Variable::many(
        "receiver",
        "Receiver",
        "Who is told.",
        &SELF.of("noroshi_notifications_total"),
    ));
    Dashboard {
        uid: "noroshi-alerting",
        title: "noroshi / Alerting",
        description: "Alerts that fire, notices that were delivered and how soon, and what was held back and why.",
        variables,
        annotations: Vec::new(),
        sections: vec![now(), delivery(), speed(), held_back(), intake(), others(), heart()],
    }
}

fn now() -> Section {
    let alerts = |state: &str| {
        let alerts = SELF.with("noroshi_alerts", &format!("state=\"{state}\""));
        or_zero(&format!("sum({})", once(JOB, &alerts)))
    };
    let active = number(Says(
        "Firing",
        "Alerts that fire and that nothing hides; replicas, which are the instances of a job, have the same.",
        "The page `/alerts/` of noroshi lists them; each is in a notice, or will be when its group waits no longer.",
    ))
    .steps(GREEN, &[(1.0, ORANGE)])
    .option("colorMode", "background")
    .ask(alerts("active"), "firing");
    let hidden = trouble(
        Says(
            "Hidden",
            "Alerts that fire, but that a silence, another alert, a time interval or an overlay hides.",
            "Nobody is told of them: below is what hides them.",
        ),
        BLUE,
    )
    .ask(alerts("suppressed"), "hidden");
    let waiting = number(Says(
        "Notices not sent yet",
        "Notices on disk that nobody has been told of.",
        "If it stays above nothing, look for the receiver that fails below.",
    ))
    .steps(GREEN, &[(1.0, YELLOW), (20.0, ORANGE)])
    .ask(or_zero(&format!("sum({})", SELF.of("noroshi_outbox_pending"))), "waiting");
    let oldest = SELF.of("noroshi_outbox_oldest_timestamp_seconds");
    let oldest = number(Says(
        "Oldest of them",
        "For how long the oldest unsent notice waits.",
        "If it is red, people do not hear of what is broken: tell them in another way, then look at the receiver.",
    ))
    .unit(Unit::Duration)
    .steps(GREEN, &[(60.0, ORANGE), (300.0, RED)])
    .option("colorMode", "background")
    .ask(or_zero(&format!("max(time() - ({oldest} > 0))")), "waits");
    let dead = trouble(
        Says(
            "Dead letters",
            "Notices that were refused for good or given up, in the time that is looked at.",
            "If it is red, somebody was not told: `/api/v1/deliveries` has each, with the other side's words.",
        ),
        RED,
    )
    .decimals(0)
    .ask(or_zero(&format!("sum({})", over_range(&RECEIVERS.of("noroshi_dead_letters_total")))), "dead letters");
    let breakers = trouble(
        Says(
            "Breakers open",
            "Ways of telling that failed so often that they are only tried now and then.",
            "If it is red, the peer is down or refuses everything; nothing is lost before `give_up_after`.",
        ),
        RED,
    )
    .ask(
        or_zero(&format!(
            "sum({})",
            once(
                &format!("{JOB}, receiver, provider, integration"),
                &RECEIVERS.of("noroshi_notification_breaker_open")
            )
        )),
        "open",
    );
    section(
        "Are people told?",
        vec![numbers(vec![active, hidden, waiting, oldest, dead, breakers])],
    )
}

fn delivery() -> Section {
    let (attempts, failures) = (
        RECEIVERS.of("noroshi_notifications_total"),
        RECEIVERS.of("noroshi_notification_failures_total"),
    );
    let per_receiver = columns(Says(
        "Attempts",
        "Attempts at notices in each step, by receiver and provider; a notice that is tried three times counts three.",
        "Many more attempts than notices are attempts that fail.",
    ))
    .ask(format!("sum by (receiver, provider) ({})", increase(&attempts)), "{{receiver}}, {{provider}}")
    .none("No attempt in this time");
    let failed = columns(Says(
        "Attempts that failed, by reason",
        "Attempts that failed in each step; what can be tried again is.",
        "The reason says whose fault it is: credentials, the peer, or the way to it.",
    ))
    .ask(
        format!("sum by (receiver, provider, reason) ({})", increase(&failures)),
        "{{receiver}}, {{provider}}: {{reason}}",
    )
    .none("No attempt failed");
    let share = bars(Says(
        "Share of attempts that succeeded",
        "Of all attempts in the time that is looked at, for each way of telling.",
        "Below 95 % look at the reasons beside it; retries may still bring everything through.",
    ))
    .unit(Unit::Ratio)
    .decimals(1)
    .max(1.0)
    .steps(RED, &[(0.95, ORANGE), (0.99, GREEN)])
    .ask(
        format!(
            "1 - (sum by (receiver, provider) ({}) or 0 * sum by (receiver, provider) ({})) \
             / (sum by (receiver, provider) ({}) > 0)",
            over_range(&failures),
            over_range(&attempts),
            over_range(&attempts)
        ),
        "{{receiver}}, {{provider}}",
    )
    .none("No attempt in this time");
    let queue = stack(Says(
        "Waiting for an attempt",
        "Notices in memory that wait for their attempt, by way of telling.",
        "If one grows, its peer is slow or its `rate_limit` is low.",
    ))
    .ask(
        format!(
            "sum by (receiver, provider, integration) ({})",
            RECEIVERS.of("noroshi_notification_queue")
        ),
        "{{receiver}}, {{provider}} {{integration}}",
    )
    .none("No receiver");
    let breaker = timeline(Says(
        "Circuit breakers",
        "From when to when each way of telling was given a rest because it failed too often.",
        "While it is open, notices wait on disk: mend the peer, the next probe closes it.",
    ))
    .words(words_for([(0.0, "closed", GREEN), (1.0, "open", RED)]))
    .ask(
        format!(
            "max by (receiver, provider, integration) ({})",
            RECEIVERS.of("noroshi_notification_breaker_open")
        ),
        "{{receiver}}, {{provider}} {{integration}}",
    )
    .none("No receiver");
    section(
        "Who was told?",
        vec![graphs(vec![per_receiver, failed, share]), graphs(vec![queue, breaker])],
    )
}

fn speed() -> Section {
    let family = "noroshi_notification_latency_seconds";
    let spread = heatmap(Says(
        "From the change to its delivery, spread",
        "How long it took from the change that a notice tells of until somebody was told, a column for each step.",
        "`group_wait` is part of it: what lies far above are retries.",
    ))
    .ask(buckets(RECEIVERS, family), "{{le}}")
    .none("Nothing was delivered");
    let quantiles = lines(Says(
        "From the change to its delivery",
        "The time that half, one in twenty and one in a hundred of the notices exceed.",
        "This is what alerting promises: if it grows, look at attempts that fail and at the queue.",
    ))
    .unit(Unit::Seconds)
    .ask(quantile(RECEIVERS, 0.5, family, ""), "p50")
    .ask(quantile(RECEIVERS, 0.95, family, ""), "p95")
    .ask(quantile(RECEIVERS, 0.99, family, ""), "p99")
    .none("Nothing was delivered");
    let attempts = lines(Says(
        "One attempt, p95",
        "How long an attempt takes, of one in twenty, for each way of telling.",
        "Near its `timeout` the peer is stuck, or something in between.",
    ))
    .unit(Unit::Seconds)
    .ask(
        quantile(RECEIVERS, 0.95, "noroshi_notification_duration_seconds", "receiver, provider"),
        "{{receiver}}, {{provider}}",
    )
    .none("No attempt in this time");
    section("How soon?", vec![graphs(vec![spread, quantiles, attempts])])
}

fn held_back() -> Section {
    let by_reason = |says: Says, family: &str, none: &'static str| {
        columns(says)
            .ask(format!("sum by (reason) ({})", increase(&SELF.of(family))), "{{reason}}")
            .none(none)
    };
    let hidden = by_reason(
        Says(
            "Hidden alerts, by what hid them",
            "Alerts that were left out of a look at their group, in each step.",
            "`inhibition` is another alert, `overlay` the state of our own check, the others are people's wishes.",
        ),
        "noroshi_alerts_hidden_total",
        "Nothing was hidden",
    );
    let withheld = by_reason(
        Says(
            "Notices withheld, by why",
            "Notices that were due and not sent, in each step.",
            "`rate_limit` is too much at a time for the receiver, `refused` the same that was refused before.",
        ),
        "noroshi_notices_withheld_total",
        "Nothing was withheld",
    );
    let notices = by_reason(
        Says(
            "Notices, by why they were sent",
            "Notices put into the outbox in each step: the first of a group, news, what is over, repeats.",
            "Many that are `new` are groups that are too large or too unsteady: see the noisiest checks.",
        ),
        "noroshi_notices_total",
        "No notice in this time",
    );
    let silences = stack(Says(
        "Silences",
        "Silences by state, planned maintenance among them.",
        "Active ones that nobody remembers hide real trouble: the page `/alerts/` has who made each, and until when.",
    ))
    .ask(format!("max by (state) ({})", SELF.of("noroshi_silences")), "{{state}}")
    .none("No series of silences");
    let given_up = trouble(
        Says(
            "Silences that were given up",
            "How often a silence did not hide an alert because its patterns take too much effort.",
            "If it is not zero, write its pattern in a simpler way.",
        ),
        ORANGE,
    )
    .decimals(0)
    .ask(
        or_zero(&format!("sum({})", over_range(&SELF.of("noroshi_silences_given_up_total")))),
        "given up",
    );
    let groups = lines(Says(
        "Groups and alerts",
        "How many groups there are, and how many alerts fire, hidden ones included; those of replicas once.",
        "Far more groups than people can read want another `group_by`.",
    ))
    .ask(format!("sum({})", once(JOB, &SELF.of("noroshi_alert_groups"))), "groups")
    .ask(
        format!("sum({})", once(&format!("{JOB}, state"), &SELF.of("noroshi_alerts"))),
        "alerts",
    )
    .none("No series of alerts");
    section(
        "What was held back, and why?",
        vec![
            graphs(vec![hidden, withheld, notices]),
            graphs(vec![silences, groups, given_up, noise()]),
        ],
    )
}

fn noise() -> Panel {
    let changes = SELF.of("noroshi_check_up");
    Table::new(Says(
        "Noisiest checks",
        "How often the verdict on a check changed, in the time that is looked at.",
        "Who is first has woken most people: raise `failures`, or mend the target.",
    ))
    .labels(&[("check", "Check"), ("group", "Group")])
    .ask(
        format!(
            "topk(10, sum by (instance, cluster, group, check) (changes({changes}[$__range])) > 0)"
        ),
        "Changes",
        Unit::Count,
        |column| column.steps(GREEN, &[(3.0, YELLOW), (6.0, ORANGE)]),
    )
    .labels(&[("instance", "Instance"), ("cluster", "Cluster")])
    .link("Check", Link::check_of_row())
    .sorted_by("Changes", true)
    .none("No verdict changed")
    .panel()
}

fn intake() -> Section {
    let received = columns(Says(
        "Alerts that came in",
        "Alerts told in each step, by who told them and whether they fired.",
        "None from `api` where Prometheus should post is a Prometheus that has lost its way here.",
    ))
    .ask(
        format!(
            "sum by (source, status) ({})",
            increase(&SELF.of("noroshi_alerts_received_total"))
        ),
        "{{source}}, {{status}}",
    )
    .none("No alert in this time");
    let refused = columns(Says(
        "Alerts that were not taken",
        "Posted alerts that were none, and those of a name of which too many fire.",
        "If it is not empty, the log says which; a limit is there against one name that floods.",
    ))
    .ask(format!("sum({})", increase(&SELF.of("noroshi_alerts_invalid_total"))), "invalid")
    .ask(format!("sum({})", increase(&SELF.of("noroshi_alerts_limited_total"))), "limited")
    .none("All alerts were taken");
    let api = columns(Says(
        "By Alertmanager's API",
        "The same as Alertmanager itself would count it, by version of the API, and requests that found no place.",
        "Requests without a place are a Prometheus that retries too fast, or `--web.get-concurrency` that is too low.",
    ))
    .ask(
        format!(
            "sum by (version, status) ({})",
            increase(&SELF.of("alertmanager_alerts_received_total"))
        ),
        "{{status}}, {{version}}",
    )
    .ask(
        format!("sum by (version) ({})", increase(&SELF.of("alertmanager_alerts_invalid_total"))),
        "invalid, {{version}}",
    )
    .ask(
        format!(
            "sum by (method) ({})",
            increase(&SELF.of("alertmanager_http_concurrency_limit_exceeded_total"))
        ),
        "no place, {{method}}",
    )
    .none("Nobody posts alerts");
    let requests = lines(Says(
        "Requests to that API in flight",
        "Requests that are being answered, by method.",
        "If it stays high, somebody asks for too much: a page of alerts that is loaded each second, say.",
    ))
    .ask(
        format!("sum by (method) ({})", SELF.of("alertmanager_http_requests_in_flight")),
        "{{method}}",
    )
    .none("Nobody asks");
    folded(
        "Who tells of alerts?",
        vec![graphs(vec![received, refused]), graphs(vec![api, requests])],
    )
}

fn others() -> Section {
    let per = |family: &str| format!("sum by (alertmanager) ({})", increase(&SELF.of(family)));
    let pushed = columns(Says(
        "Alerts pushed to Alertmanagers",
        "Alerts that were pushed in each step, and of them those that were not taken or found no room.",
        "What is not taken is pushed again; what found no room comes with the next resend.",
    ))
    .ask(per("noroshi_alertmanager_alerts_sent_total"), "pushed, {{alertmanager}}")
    .ask(per("noroshi_alertmanager_alerts_failed_total"), "not taken, {{alertmanager}}")
    .ask(per("noroshi_alertmanager_alerts_dropped_total"), "no room, {{alertmanager}}")
    .none("No `[alertmanagers.*]`");
    let took = lines(Says(
        "How long a push takes, p95",
        "The time that one push in twenty exceeds, for each Alertmanager.",
        "If it grows, that Alertmanager is short of something.",
    ))
    .unit(Unit::Seconds)
    .ask(
        quantile(SELF, 0.95, "noroshi_alertmanager_latency_seconds", "alertmanager"),
        "{{alertmanager}}",
    )
    .none("No `[alertmanagers.*]`");
    let queue = lines(Says(
        "How full their queues are",
        "Alerts that wait, as a share of those that may.",
        "At 100 % the oldest are dropped: the Alertmanager is down or too slow.",
    ))
    .unit(Unit::Ratio)
    .max(1.0)
    .ask(
        format!(
            "max by (alertmanager) ({} / {})",
            SELF.of("noroshi_alertmanager_queue_length"),
            SELF.of("noroshi_alertmanager_queue_capacity")
        ),
        "{{alertmanager}}",
    )
    .none("No `[alertmanagers.*]`");
    folded("Alertmanagers that are told", vec![graphs(vec![pushed, took, queue])])
}

fn heart() -> Section {
    let per = |family: &str| format!("sum by (deadman) ({})", increase(&SELF.of(family)));
    let beats = columns(Says(
        "Heartbeats",
        "Heartbeats of each dead man's switch in each step, and those that did not go out or were not heard by all.",
        "`withheld` is on purpose: something of noroshi's was not alive, and whoever listens should raise the alarm.",
    ))
    .ask(per("noroshi_deadman_heartbeats_total"), "sent, {{deadman}}")
    .ask(per("noroshi_deadman_failures_total"), "not heard, {{deadman}}")
    .ask(per("noroshi_deadman_withheld_total"), "withheld, {{deadman}}")
    .none("No `[deadman.*]`")
    .weight(2);
    let pace = lines(Says(
        "Heartbeats a minute",
        "How often each heart beats.",
        "A line that falls to nothing is an alarm at whoever listens: find out why before they call.",
    ))
    .unit(Unit::Plain)
    .ask(
        format!(
            "sum by (deadman) ({}) * 60",
            rate(&SELF.of("noroshi_deadman_heartbeats_total"))
        ),
        "{{deadman}}",
    )
    .none("No `[deadman.*]`");
    let crashes = trouble(
        Says(
            "Hearts that crashed",
            "How often a heart itself crashed, in the time that is looked at: it beats again after the next reload.",
            "If it is red, report the log's lines, then reload.",
        ),
        RED,
    )
    .decimals(0)
    .ask(or_zero(&format!("sum({})", over_range(&SELF.of("noroshi_deadman_crashes_total")))), "crashes");
    folded("Who watches noroshi?", vec![graphs(vec![beats, pace, crashes])])
}
