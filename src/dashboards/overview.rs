//! What is broken, why, since when, and is it us: the first look, at night and on the wall.

use super::{
    annotation,
    colour::{BLUE, GREEN, GREY, ORANGE, RED, YELLOW},
    dashboard::Dashboard,
    layout::{Section, graphs, numbers, section, tall},
    link::Link,
    panel::{Panel, Says},
    query::{
        CHECK, SEEN, Scope, availability, burn_rate, increase, of_noroshi, once, or_zero,
        over_range, quantile,
    },
    state::{is_in, mappings, words_for},
    table::Table,
    unit::Unit,
    variable::{Variable, shared},
    view::{bars, columns, lines, number, timeline, trouble},
};
use crate::model::BaseState;

const CHECKS: Scope = Scope::CHECKS;
const SELF: Scope = Scope::INSTANCES;

pub(super) fn dashboard() -> Dashboard {
    let mut variables = shared("noroshi_build_info");
    variables.push(Variable::many(
        "group",
        "Group",
        "Groups of checks.",
        &SELF.of("noroshi_check_state"),
    ));
    Dashboard {
        uid: "noroshi-overview",
        title: "noroshi / Overview",
        description: "What is broken now, why, since when, and whether it is noroshi itself.",
        variables,
        annotations: vec![annotation::went_down(CHECKS), annotation::maintenance(CHECKS)],
        sections: vec![now(), us(), why(), when(), promises(), trend()],
    }
}

/// Checks that no instance sees up, as far as it knows. In UNKNOWN the last verdict stays, and tells nothing.
fn down() -> String {
    let (up, state) = (CHECKS.of("noroshi_check_up"), CHECKS.of("noroshi_check_state"));
    let unknown = is_in(&state, &[BaseState::Unknown]);
    format!("max by ({CHECK}) ({up} unless on ({SEEN}) ({unknown})) == 0")
}

fn muted() -> String {
    CHECKS.of("noroshi_check_overlay")
}

fn now() -> Section {
    let in_state = |states: &[BaseState]| {
        let series = is_in(&CHECKS.of("noroshi_check_state"), states);
        or_zero(&format!("count(count by ({CHECK}) ({series}))"))
    };
    let down_says = Says(
        "Down",
        "Checks that are down for every instance that can tell, and that nothing mutes.",
        "If it is red, the table below names each, its reason and since when.",
    );
    let muted_says = Says(
        "Down, but muted",
        "Checks that are down under maintenance, while they flap, or because what they depend on is in trouble.",
        "Nobody is told of them: look for the parent that is down, or for the maintenance in the lines of the graphs.",
    );
    let degraded = Says(
        "Degraded",
        "Checks that pass, but break a rule of `warn`.",
        "If it is not zero, the table of warnings says which rule.",
    );
    let wavering = Says(
        "On the way",
        "Checks that failed, or passed again, but not often enough for a verdict.",
        "Wait for the next runs; many at a time are the beginning of an outage, or its end.",
    );
    let unknown = Says(
        "Unknown",
        "Checks of which noroshi can tell nothing: not run yet, or the fault is on its own side.",
        "If it stays, read the reason in the table: it is a right, a file or a resource that noroshi lacks.",
    );
    let passed = Says(
        "Runs that passed",
        "The share of all runs in the time that is looked at.",
        "If it is red, more than one run in a hundred failed: the reasons are below.",
    );
    let all = format!("count(count by ({CHECK}) ({}))", CHECKS.of("noroshi_check_state"));
    let line = numbers(vec![
        trouble(down_says, RED)
            .ask(or_zero(&format!("count(({}) unless on ({CHECK}) {})", down(), muted())), "down"),
        trouble(degraded, ORANGE).ask(in_state(&[BaseState::Degraded]), "degraded"),
        trouble(wavering, YELLOW)
            .ask(in_state(&[BaseState::Pending, BaseState::Recovering]), "on the way"),
        trouble(unknown, GREY).ask(in_state(&[BaseState::Unknown]), "unknown"),
        trouble(muted_says, BLUE)
            .ask(or_zero(&format!("count(({}) and on ({CHECK}) {})", down(), muted())), "muted"),
        number(Says(
            "Checks",
            "Checks that are watched, in the groups that are chosen.",
            "If there are fewer than you think, look for instances that are not scraped.",
        ))
        .ask(all, "checks"),
        number(passed)
            .unit(Unit::Ratio)
            .decimals(2)
            .steps(RED, &[(0.99, ORANGE), (0.999, GREEN)])
            .ask(availability_of_all(), "passed")
            .none("no runs"),
    ]);
    section("Is anything broken?", vec![line])
}

fn availability_of_all() -> String {
    let (failures, runs) =
        (CHECKS.of("noroshi_check_failures_total"), CHECKS.of("noroshi_check_runs_total"));
    format!("1 - sum({}) / (sum({}) > 0)", over_range(&failures), over_range(&runs))
}

fn us() -> Section {
    let count = |condition: String| or_zero(&format!("count({condition})"));
    let up = CHECKS.of("noroshi_check_up");
    let silent = trouble(
        Says(
            "Instances not scraped",
            "Instances of noroshi that Prometheus cannot read now.",
            "If it is red, what is below is old news: look at the instance and at the way to it.",
        ),
        RED,
    )
    .ask(count(of_noroshi(&format!("{} == 0", SELF.of("up")))), "not scraped");
    let disagree = trouble(
        Says(
            "Instances disagree",
            "Checks that one instance sees up and another one down.",
            "If it is not zero, the trouble is on the way from one of them, not in the target: compare instances on the check's page.",
        ),
        ORANGE,
    )
    .ask(count(format!("max by ({CHECK}) ({up}) != min by ({CHECK}) ({up})")), "disagree");
    let missed = trouble(
        Says(
            "Runs missed",
            "Slots of the schedule that passed without a run, in the time that is looked at.",
            "If it grows, noroshi cannot keep up, and results are older than they should be: see Internals.",
        ),
        ORANGE,
    )
    .link(Link::to("noroshi-internals", "Internals"))
    .decimals(0)
    .ask(or_zero(&format!("sum({})", over_range(&CHECKS.of("noroshi_check_missed_runs_total")))), "missed");
    let reload = trouble(
        Says(
            "Configuration not read",
            "Instances whose last attempt to read their configuration failed, so that an older one is in force.",
            "If it is red, its log has each mistake with its line, and so has `noroshi check-config`.",
        ),
        RED,
    )
    .link(Link::to("noroshi-internals", "Internals"))
    .ask(count(format!("{} == 0", SELF.of("noroshi_config_last_reload_successful"))), "not read");
    let oldest = SELF.of("noroshi_outbox_oldest_timestamp_seconds");
    let unsent = number(Says(
        "Oldest unsent notice",
        "For how long the oldest notice waits that nobody has been told of.",
        "If it is red, people do not hear of what is broken: see Alerting for the receiver that does not take it.",
    ))
    .unit(Unit::Duration)
    .steps(GREEN, &[(60.0, ORANGE), (300.0, RED)])
    .option("colorMode", "background")
    .link(Link::to("noroshi-alerting", "Alerting"))
    .ask(or_zero(&format!("max(time() - ({oldest} > 0))")), "waits");
    let clusters = trouble(
        Says(
            "Clusters not reached",
            "Kubernetes clusters whose API server answered no instance when it was last asked.",
            "If it is red, checks of objects in them are unknown, and their series stand still.",
        ),
        RED,
    )
    .link(Link::to_cluster())
    .ask(count(format!("{} == 0", once("cluster", &SELF.of("noroshi_cluster_up")))), "not reached");
    section("Is it us?", vec![numbers(vec![silent, disagree, missed, reload, unsent, clusters])])
}

/// A row for each check whose last run failed, as each instance sees it.
fn failing_now() -> Panel {
    let (failing, info) = (CHECKS.of("noroshi_check_failing"), CHECKS.of("noroshi_check_info"));
    let (state, changed) = (
        CHECKS.of("noroshi_check_state"),
        CHECKS.of("noroshi_check_state_changed_timestamp_seconds"),
    );
    let row = format!("{SEEN}, kind");
    let of_failing = |series: &str| format!("max by ({row}) ({series}) and on ({SEEN}) {failing}");
    let since = format!(
        "(time() - {changed}) * on ({SEEN}) group_left (reason) max by ({SEEN}, reason) ({failing}) \
         * on ({SEEN}) group_left (target) max by ({SEEN}, target) ({info})"
    );
    let overlays = format!(
        "(count by ({row}) ({}) and on ({SEEN}) {failing}) or on ({SEEN}) (max by ({row}) ({failing}) - 1)",
        muted()
    );
    let yes_or_no =
        words_for([(0.0, "no", GREY), (1.0, "yes", BLUE), (2.0, "yes", BLUE), (3.0, "yes", BLUE)]);
    Table::new(Says(
        "Failing now, and why",
        "Checks whose last run failed or could tell nothing, as each instance sees them, with the reason's word.",
        "Take the one that is down for longest; `noroshi explain REASON` says what the word means and what to do, a click on the name shows the check.",
    ))
    .labels(&[("check", "Check"), ("group", "Group")])
    .ask(of_failing(&state), "State", Unit::Plain, |column| column.words(mappings()).width(120))
    .labels(&[("reason", "Reason")])
    .ask(format!("max by ({row}, reason, target) ({since})"), "In this state for", Unit::Duration, |column| {
        column.width(150)
    })
    .ask(of_failing(&CHECKS.of("noroshi_check_consecutive_failures")), "Failed in a row", Unit::Count, |column| {
        column.width(120)
    })
    .ask(overlays, "Muted", Unit::Plain, |column| column.words(yes_or_no).width(90))
    .labels(&[("target", "Target"), ("kind", "Kind"), ("instance", "Instance"), ("cluster", "Cluster")])
    .hide("job")
    .link("Check", Link::check_of_row())
    .sorted_by("In this state for", true)
    .none("Nothing fails")
    .panel()
}

fn warnings_now() -> Panel {
    let (warning, changed) = (
        CHECKS.of("noroshi_check_warning"),
        CHECKS.of("noroshi_check_state_changed_timestamp_seconds"),
    );
    let since = format!(
        "(time() - {changed}) * on ({SEEN}) group_left (reason) max by ({SEEN}, reason) ({warning})"
    );
    Table::new(Says(
        "Warnings now",
        "Checks whose last run passed, but broke a rule of `warn`.",
        "Nobody is told of them: look at what grew before it breaks.",
    ))
    .labels(&[("check", "Check"), ("group", "Group"), ("reason", "Rule")])
    .ask(
        format!("max by ({SEEN}, reason) ({since})"),
        "In this state for",
        Unit::Duration,
        |column| column,
    )
    .labels(&[("instance", "Instance"), ("cluster", "Cluster")])
    .hide("job")
    .link("Check", Link::check_of_row())
    .none("No check breaks a rule of `warn`")
    .panel()
}

fn why() -> Section {
    let reasons = CHECKS.of("noroshi_check_failure_reasons_total");
    let over_time = columns(Says(
        "Failed runs by reason",
        "How many runs failed or could tell nothing in each step, by reason.",
        "One reason for many checks points at what they share: a name server, a network, a certificate.",
    ))
    .ask(format!("sum by (reason) ({})", increase(&reasons)), "{{reason}}")
    .none("No run failed");
    let ranking = bars(Says(
        "Most frequent reasons",
        "The ten reasons that most runs failed for, in the time that is looked at.",
        "`noroshi explain REASON` tells likely causes and next steps of each.",
    ))
    .decimals(0)
    .ask(format!("topk(10, sum by (reason) ({}) > 0)", over_range(&reasons)), "{{reason}}")
    .none("No run failed");
    section(
        "Why?",
        vec![tall(vec![failing_now()]), graphs(vec![warnings_now(), over_time, ranking])],
    )
}

fn when() -> Section {
    let not_up = CHECKS
        .with("noroshi_check_state_seconds_total", &format!("state!=\"{}\"", BaseState::Up.word()));
    let worst = format!("topk(40, sum by ({SEEN}) (increase({not_up}[$__range] @ end())) > 0)");
    let states = timeline(Says(
        "State of checks",
        "The states of the forty checks that were not up for longest, in the time that is looked at.",
        "Bars that begin at the same moment have one cause; a click leads to the check.",
    ))
    .words(mappings())
    .link(Link::check_of_series())
    .ask(
        format!("{} and on ({SEEN}) {worst}", CHECKS.of("noroshi_check_state")),
        "{{group}} / {{check}} ({{instance}})",
    )
    .none("All checks were up all the time");
    section("Since when?", vec![tall(vec![states])])
}

fn promises() -> Section {
    let left = bars(Says(
        "Error budget left, the ten with least",
        "What is left of the failures that a check's objective permits, if the time that is looked at is the objective's.",
        "Below nothing the promise is broken for this time: choose 30 days to see the usual one.",
    ))
    .unit(Unit::Ratio)
    .decimals(1)
    .max(1.0)
    .steps(RED, &[(0.0, ORANGE), (0.25, GREEN)])
    .link(Link::check_of_series())
    .ask(format!("bottomk(10, 1 - {})", burn_rate(CHECKS, "$__range")), "{{group}} / {{check}}")
    .none("No check has an objective (`slo`)");
    let groups = bars(Says(
        "Runs that passed, by group",
        "The share of each group's runs in the time that is looked at.",
        "A group that is lower than the others is where to look first.",
    ))
    .unit(Unit::Ratio)
    .decimals(2)
    .max(1.0)
    .steps(RED, &[(0.99, ORANGE), (0.999, GREEN)])
    .ask(format!("sort({})", availability(CHECKS, "cluster, group", "$__range")), "{{group}}")
    .none("No runs");
    section("What was promised", vec![graphs(vec![left, groups])])
}

fn trend() -> Section {
    let slowest = quantile(CHECKS, 0.95, "noroshi_check_duration_seconds", CHECK);
    let slow = lines(Says(
        "Slowest checks, p95",
        "The duration that one run in twenty exceeds, of the ten slowest checks at each moment.",
        "A step upwards is a change on that day: the check's page shows which phase grew.",
    ))
    .unit(Unit::Seconds)
    .link(Link::check_of_series())
    .ask(format!("topk(10, {slowest})"), "{{group}} / {{check}}")
    .none("No runs");
    let changes = CHECKS.of("noroshi_check_up");
    let unsteady = Table::new(Says(
        "Least steady checks",
        "How often the verdict on a check changed, in the time that is looked at.",
        "More than a few changes are worth a higher `failures`, or a look at the target: it wakes people for nothing.",
    ))
    .labels(&[("check", "Check"), ("group", "Group")])
    .ask(
        format!("topk(10, sum by ({SEEN}) (changes({changes}[$__range])) > 0)"),
        "Changes",
        Unit::Count,
        |column| column.steps(GREEN, &[(3.0, YELLOW), (6.0, ORANGE)]),
    )
    .labels(&[("instance", "Instance"), ("cluster", "Cluster")])
    .hide("job")
    .link("Check", Link::check_of_row())
    .sorted_by("Changes", true)
    .none("No verdict changed")
    .panel();
    section("What got worse?", vec![graphs(vec![slow, unsteady])])
}
