//! One check: how it stands, for whom, since when, where its time goes, and what its last run saw.

use super::{
    annotation,
    colour::{BLUE, GREEN, GREY, ORANGE, RED, YELLOW},
    dashboard::Dashboard,
    facts, kinds,
    layout::{Section, graphs, numbers, section},
    panel::{Panel, Says},
    query::{CHECK, Scope, availability, buckets, burn_rate, increase, mean, over_range, quantile},
    state::{mappings, words_for},
    table::Table,
    unit::Unit,
    variable::{Variable, shared},
    view::{
        as_limit, bars, columns, fixed, heatmap, history, in_colours_of_states, lines, number,
        stack, timeline, word,
    },
};

const SCOPE: Scope = Scope::CHECK;

pub(super) fn dashboard() -> Dashboard {
    let mut variables = shared("noroshi_check_info");
    let info = Scope::INSTANCES.of("noroshi_check_info");
    let of_group = Scope::CHECKS.of("noroshi_check_info");
    let of_kind = Scope::CHECKS.with("noroshi_check_info", "kind=~\"$kind\"");
    variables.extend([
        Variable::many("group", "Group", "Groups of checks.", &info),
        Variable::many("kind", "Kind", "Narrows the list of checks.", &of_group),
        Variable::one("check", "Check", "The one that is shown.", &of_kind),
    ]);
    let mut sections = vec![now(), verdicts(), latency(), evidence()];
    sections.extend(kinds::sections(SCOPE));
    Dashboard {
        uid: "noroshi-check",
        title: "noroshi / Check",
        description: "One check: its state as each instance sees it, why it fails, how long it takes and what it saw.",
        variables,
        annotations: vec![annotation::state_changes(SCOPE), annotation::maintenance(SCOPE)],
        sections,
    }
}

fn now() -> Section {
    section("How does it stand?", vec![numbers(verdict_now()), numbers(promise())])
}

fn verdict_now() -> Vec<Panel> {
    let state = number(Says(
        "State",
        "The state as each instance sees it.",
        "If instances differ, the trouble is on the way from one of them.",
    ))
    .unit(Unit::Plain)
    .words(mappings())
    .option("colorMode", "background")
    .ask(SCOPE.of("noroshi_check_state"), "{{instance}}")
    .none("This check has no series now");
    let since = number(Says(
        "In this state for",
        "How long ago the state was entered, for each instance.",
        "Compare it with what was changed at that time: the lines in the graphs are reloads and starts of noroshi.",
    ))
    .unit(Unit::Duration)
    .ask(
        format!("time() - {}", SCOPE.of("noroshi_check_state_changed_timestamp_seconds")),
        "{{instance}}",
    );
    let why = word(Says(
        "Why",
        "The reason that the last run failed for, or the rule of `warn` that it broke.",
        "`noroshi explain REASON` tells what the word means, likely causes and next steps.",
    ))
    .ask(SCOPE.of("noroshi_check_failing"), "{{reason}}")
    .ask(SCOPE.of("noroshi_check_warning"), "{{reason}}")
    .for_query("A", vec![fixed(RED)])
    .for_query("B", vec![fixed(ORANGE)])
    .none("The last run passed");
    let muted = word(Says(
        "Muted by",
        "What keeps alerts of this check back: maintenance, flapping, or a parent that is in trouble.",
        "If it is `suppressed`, look at what this check depends on first.",
    ))
    .ask(SCOPE.of("noroshi_check_overlay"), "{{overlay}}")
    .steps(BLUE, &[])
    .none("Nothing: people are told");
    let in_a_row = number(Says(
        "Failed in a row",
        "Failed runs since the last one that passed.",
        "The check goes down when it reaches `failures`.",
    ))
    .steps(GREEN, &[(1.0, ORANGE), (3.0, RED)])
    .ask(SCOPE.of("noroshi_check_consecutive_failures"), "{{instance}}");
    let age = number(Says(
        "Last run",
        "How long ago the last run ended.",
        "If it is much more than the interval, noroshi does not run it: see Internals.",
    ))
    .unit(Unit::Duration)
    .ask(
        format!("time() - {}", SCOPE.of("noroshi_check_last_run_timestamp_seconds")),
        "{{instance}}",
    )
    .ask(format!("max({})", SCOPE.of("noroshi_check_interval_seconds")), "interval")
    .none("Not run yet");
    vec![state, since, why, muted, in_a_row, age]
}

fn promise() -> Vec<Panel> {
    let share = |window: &str| availability(SCOPE, CHECK, window);
    let passed = number(Says(
        "Runs that passed",
        "The share of runs that passed, in the time that is looked at and in the usual ones.",
        "If only the shortest is red, it has just begun.",
    ))
    .unit(Unit::Ratio)
    .decimals(2)
    .steps(RED, &[(0.99, ORANGE), (0.999, GREEN)])
    .ask(share("$__range"), "this time")
    .ask(share("24h"), "24 hours")
    .ask(share("7d"), "7 days")
    .ask(share("30d"), "30 days")
    .none("No runs")
    .weight(3);
    let budget = number(Says(
        "Error budget left",
        "What is left of the failures that the objective permits, if the time that is looked at is the objective's.",
        "Below nothing the promise is broken for this time: choose 30 days to see the usual one.",
    ))
    .unit(Unit::Ratio)
    .decimals(1)
    .steps(RED, &[(0.0, ORANGE), (0.25, GREEN)])
    .ask(format!("1 - {}", burn_rate(SCOPE, "$__range")), "left")
    .none("No objective (`slo`)");
    let burn = number(Says(
        "Burn rate, last hour",
        "How many times faster than permitted the error budget goes.",
        "From 14.4 on a budget of 30 days is gone in two days, and the shipped alert calls somebody.",
    ))
    .unit(Unit::Plain)
    .decimals(1)
    .steps(GREEN, &[(1.0, YELLOW), (6.0, ORANGE), (14.4, RED)])
    .ask(burn_rate(SCOPE, "1h"), "burn rate")
    .none("No objective (`slo`)");
    let objective = number(Says(
        "Objective",
        "The share of time in which the check is to be up, as its owner has configured it.",
        "It is `slo.objective` of the check: change it there.",
    ))
    .unit(Unit::Ratio)
    .decimals(3)
    .ask(format!("max({})", SCOPE.of("noroshi_check_slo_objective_ratio")), "objective")
    .none("No objective (`slo`)");
    vec![passed, budget, burn, objective]
}

fn verdicts() -> Section {
    let states = timeline(Says(
        "State, by instance",
        "Which state the check was in from when to when, for each instance.",
        "If only one line is red, the fault is on that instance's way to the target.",
    ))
    .words(mappings())
    .ask(SCOPE.of("noroshi_check_state"), "{{instance}}")
    .none("This check has no series in this time");
    let runs = history(Says(
        "Runs, by instance",
        "Whether the last run before each moment passed, without counting failures.",
        "Single red boxes are failures that no verdict was made of: a raised `failures` hides them.",
    ))
    .words(words_for([(1.0, "passed", GREEN), (0.0, "failed", RED)]))
    .ask(SCOPE.of("noroshi_check_success"), "{{instance}}")
    .none("No run in this time");
    let reasons = SCOPE.of("noroshi_check_failure_reasons_total");
    let over_time = columns(Says(
        "Failed runs by reason",
        "How many runs failed or could tell nothing in each step, by reason.",
        "A reason that changes tells how far a repair has come: from refused to a status, say.",
    ))
    .ask(format!("sum by (reason) ({})", increase(&reasons)), "{{reason}}")
    .none("No run failed");
    let ranking = bars(Says(
        "Reasons",
        "How many runs failed for each reason, in the time that is looked at.",
        "`noroshi explain REASON` tells likely causes and next steps of each.",
    ))
    .decimals(0)
    .ask(format!("sum by (reason) ({}) > 0", over_range(&reasons)), "{{reason}}")
    .none("No run failed");
    let seconds = over_range(&SCOPE.of("noroshi_check_state_seconds_total"));
    let times = in_colours_of_states(bars(Says(
        "Time in each state",
        "How long the check was in each state, over all instances; time under maintenance counts as that alone.",
        "Much time on the way between up and down is a target that wavers.",
    )))
    .unit(Unit::Duration)
    .ask(format!("sum by (state) ({seconds}) > 0"), "{{state}}")
    .none("No time was counted");
    section(
        "When, and for whom?",
        vec![graphs(vec![states, runs]), graphs(vec![over_time, ranking, times])],
    )
}

fn latency() -> Section {
    let family = "noroshi_check_duration_seconds";
    let spread = heatmap(Says(
        "How long runs take",
        "How many runs took how long, a column for each step.",
        "Two bands are two ways: two servers behind a name, or a cache that is missed.",
    ))
    .ask(buckets(SCOPE, family), "{{le}}")
    .none("No runs");
    let objective = SCOPE.of("noroshi_check_latency_objective_seconds");
    let quantiles = lines(Says(
        "Duration",
        "The durations that half, one in twenty and one in a hundred of the runs exceed.",
        "The dashed line is `slo.latency`: above it users wait for longer than was promised.",
    ))
    .unit(Unit::Seconds)
    .ask(quantile(SCOPE, 0.5, family, ""), "p50")
    .ask(quantile(SCOPE, 0.95, family, ""), "p95")
    .ask(quantile(SCOPE, 0.99, family, ""), "p99")
    .ask(format!("max({objective})"), "objective")
    .for_name("objective", as_limit())
    .none("No runs");
    // Without `phase_histograms` only the last run before each moment is known. A phase that no run came to has no mean.
    let phases = format!(
        "({} or avg by (phase) (avg_over_time({}[$__rate_interval]))) >= 0",
        mean(SCOPE, "noroshi_check_phase_latency_seconds", "phase"),
        SCOPE.of("noroshi_check_phase_duration_seconds"),
    );
    let parts = stack(Says(
        "Where the time goes",
        "The mean time of each phase of a run, upon each other.",
        "The phase that grew says who is slow: the name server, the network, TLS, or the service itself while we wait.",
    ))
    .unit(Unit::Seconds)
    .ask(phases, "{{phase}}")
    .none("No phases: the last run did not get so far, or nothing is connected to");
    section("How long does it take?", vec![graphs(vec![spread, quantiles]), graphs(vec![parts])])
}

fn evidence() -> Section {
    let about = Table::new(Says(
        "What it is",
        "The target, and all labels of the configuration.",
        "The labels say whose it is.",
    ))
    .labels(&[("target", "Target"), ("check", "Check"), ("group", "Group"), ("kind", "Kind")])
    .ask_labels(SCOPE.of("noroshi_check_info"))
    .labels(&[("instance", "Instance")])
    .hide("__name__")
    .none("This check has no series now")
    .weight(1)
    .panel();
    let tls = Table::new(Says(
        "TLS of the last run",
        "What was negotiated, and the leaf certificate.",
        "A fingerprint that differs between instances is a server that was not reloaded.",
    ))
    .labels(&[
        ("version", "Version"),
        ("cipher", "Cipher"),
        ("key_exchange_group", "Key exchange"),
        ("subject", "Subject"),
        ("issuer", "Issuer"),
        ("serial", "Serial"),
        ("fingerprint_sha256", "SHA-256"),
        ("instance", "Instance"),
    ])
    .ask_labels(SCOPE.of("noroshi_tls_info"))
    .hide("__name__")
    .hide("job")
    .hide("check")
    .hide("group")
    .hide("kind")
    .none("The last run spoke no TLS")
    .panel();
    section(
        "What did the last run see?",
        vec![graphs(vec![facts::measured(SCOPE), about]), graphs(vec![tls, addresses()])],
    )
}

fn addresses() -> Panel {
    lines(Says(
        "Addresses behind the name",
        "How many addresses of the target the last run probed, and how many of them passed.",
        "Where fewer pass than were probed, one server of several is broken.",
    ))
    .ask(format!("max({})", SCOPE.of("noroshi_check_addresses")), "probed")
    .ask(format!("min({})", SCOPE.of("noroshi_check_addresses_passing")), "passed")
    .for_name("probed", vec![fixed(GREY)])
    .for_name("passed", vec![fixed(GREEN)])
    .none("This check has no address")
}
