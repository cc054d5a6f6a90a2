//! noroshi itself: whether it keeps up, what it uses, what it writes, and what was read last.

use super::{
    colour::{GREEN, ORANGE, RED},
    dashboard::Dashboard,
    layout::{Section, folded, graphs, numbers, section},
    panel::{Panel, Says},
    query::{JOB, Scope, buckets, increase, of_noroshi, once, or_zero, over_range, quantile, rate},
    state::{well, words_for},
    table::Table,
    unit::Unit,
    variable::shared,
    view::{as_limit, columns, heatmap, lines, number, stack, timeline, trouble},
};

const SELF: Scope = Scope::INSTANCES;
const ONE: &str = "cluster, job, instance";

pub(super) fn dashboard() -> Dashboard {
    Dashboard {
        uid: "noroshi-internals",
        title: "noroshi / Internals",
        description: "noroshi itself: the schedule, what it uses, scrapes, the store, its configuration.",
        variables: shared("noroshi_build_info"),
        annotations: Vec::new(),
        sections: vec![now(), schedule(), process(), store(), configuration(), requests()],
    }
}

fn sum_over_range(family: &str) -> String {
    or_zero(&format!("sum({})", over_range(&SELF.of(family))))
}

fn now() -> Section {
    let silent = trouble(
        Says(
            "Instances not scraped",
            "Instances of noroshi that Prometheus cannot read now.",
            "If it is red, look at the instance's log and at the way to it.",
        ),
        RED,
    )
    .ask(
        or_zero(&format!("count({})", of_noroshi(&format!("{} == 0", SELF.of("up"))))),
        "not scraped",
    );
    let missed = trouble(
        Says(
            "Slots missed",
            "Slots of the schedule that passed because the run before had not ended, in the time that is looked at.",
            "If it grows, timeouts are longer than intervals, or the limits of `[schedule]` are too low.",
        ),
        ORANGE,
    )
    .decimals(0)
    .ask(sum_over_range("noroshi_schedule_missed_slots_total"), "missed");
    let tasks = trouble(
        Says(
            "Tasks started again",
            "How often a task of the daemon ended unexpectedly, in the time that is looked at.",
            "If it is red, report the lines of the log: this should never happen.",
        ),
        RED,
    )
    .decimals(0)
    .ask(sum_over_range("noroshi_task_unexpected_ends_total"), "ends");
    let store = number(Says(
        "Store",
        "Whether what should survive a restart can be written.",
        "If it is red, the disk is full or broken: people are still told, but a restart forgets.",
    ))
    .unit(Unit::Plain)
    .words(words_for([(0.0, "written", GREEN), (1.0, "cannot be written", RED)]))
    .option("colorMode", "background")
    .ask(format!("max({})", SELF.of("noroshi_store_degraded")), "store")
    .none("No store");
    let lost = trouble(
        Says(
            "Records lost",
            "Records that were given up, because too many waited or the database refused them, in the time that is looked at.",
            "If it is red, what was told in that time is not in the history.",
        ),
        RED,
    )
    .decimals(0)
    .ask(sum_over_range("noroshi_store_lost_records_total"), "lost");
    let reload = number(Says(
        "Configuration",
        "Whether the configuration that was last read is in force.",
        "If it is red, an older one is: the log has each mistake with its line, and so has `noroshi check-config`.",
    ))
    .unit(Unit::Plain)
    .words(well("in force", "mistakes"))
    .option("colorMode", "background")
    .ask(format!("min({})", SELF.of("noroshi_config_last_reload_successful")), "configuration");
    section("Is it well?", vec![numbers(vec![silent, missed, tasks, store, lost, reload])])
}

fn schedule() -> Section {
    let lag = "noroshi_schedule_lag_seconds";
    let spread = heatmap(Says(
        "How late runs start",
        "The time from a run's slot to its start, a column for each step.",
        "A band that climbs is a queue: raise the limits of `[schedule]`, or give it more processor time.",
    ))
    .ask(buckets(SELF, lag), "{{le}}")
    .none("No runs");
    let p99 = lines(Says(
        "How late runs start, p99",
        "The lag that one run in a hundred exceeds, for each instance.",
        "Above the dashed line the shipped alert tells somebody.",
    ))
    .unit(Unit::Seconds)
    .ask(quantile(SELF, 0.99, lag, ONE), "{{instance}}")
    .ask("vector(5)", "5 s")
    .for_name("5 s", as_limit())
    .none("No runs");
    let running = stack(Says(
        "Runs now",
        "Runs that were admitted and have not ended, and those that wait for admission.",
        "Runs that wait for long are held by `concurrency` or `per_host`.",
    ))
    .ask(format!("sum({})", SELF.of("noroshi_schedule_running_runs")), "running")
    .ask(format!("sum({})", SELF.of("noroshi_schedule_waiting_runs")), "waiting")
    .none("No schedule");
    let runs = stack(Says(
        "Runs a second, by kind",
        "How many runs end in a second.",
        "It follows the configuration: a step without a reload is checks that fail and are asked sooner.",
    ))
    .unit(Unit::PerSecond)
    .ask(format!("sum by (kind) ({})", rate(&SELF.of("noroshi_check_runs_total"))), "{{kind}}")
    .none("No runs");
    let slots = columns(Says(
        "Slots missed, and plans made anew",
        "Slots that passed without a run, and how often the system's clock jumped so that all was planned anew.",
        "Jumps are a clock that is set instead of slewed, or a machine that was asleep.",
    ))
    .ask(format!("sum({})", increase(&SELF.of("noroshi_schedule_missed_slots_total"))), "slots missed")
    .ask(format!("sum({})", increase(&SELF.of("noroshi_schedule_replans_total"))), "planned anew")
    .none("No schedule");
    let checks = stack(Says(
        "Checks, by kind",
        "How many checks are configured; those of replicas, which are the instances of a job, once.",
        "It changes with reloads alone.",
    ))
    .ask(
        format!(
            "sum by (kind) ({})",
            once(&format!("{JOB}, kind"), &SELF.of("noroshi_checks"))
        ),
        "{{kind}}",
    )
    .none("No checks");
    section(
        "Does it keep up?",
        vec![graphs(vec![spread, p99, running]), graphs(vec![runs, slots, checks])],
    )
}

fn process() -> Section {
    let cpu = lines(Says(
        "Processor",
        "How many cores each instance uses.",
        "At its limit the schedule lags: give it more, or watch less often.",
    ))
    .unit(Unit::Plain)
    .ask(of_noroshi(&rate(&SELF.of("process_cpu_seconds_total"))), "{{instance}}")
    .none("No process is seen");
    let memory = lines(Says(
        "Memory",
        "Memory in RAM, and address space, which is not used.",
        "RAM that grows for days without a reload is a leak: report it with this graph.",
    ))
    .unit(Unit::Bytes)
    .ask(of_noroshi(&SELF.of("process_resident_memory_bytes")), "in RAM, {{instance}}")
    .ask(of_noroshi(&SELF.of("process_virtual_memory_bytes")), "address space, {{instance}}")
    .for_query(
        "B",
        vec![("custom.axisPlacement", "right".into()), ("custom.fillOpacity", 0.into())],
    )
    .none("No process is seen");
    let files = lines(Says(
        "File descriptors",
        "Open file descriptors as a share of those it may open.",
        "Near 100 % checks become UNKNOWN with the reason `local_resources`: raise the limit.",
    ))
    .unit(Unit::Ratio)
    .max(1.0)
    .ask(
        of_noroshi(&format!("{} / {}", SELF.of("process_open_fds"), SELF.of("process_max_fds"))),
        "{{instance}}",
    )
    .none("No process is seen");
    let threads = lines(Says(
        "Threads",
        "Threads of each instance.",
        "A line that climbs is work that blocks: a disk, or a password file that is read over and over.",
    ))
    .ask(of_noroshi(&SELF.of("process_threads")), "{{instance}}")
    .none("No process is seen");
    let uptime = number(Says(
        "Running for",
        "How long ago each instance was started.",
        "Instances that start again and again are killed: look at their memory and at the events of their pods.",
    ))
    .unit(Unit::Duration)
    .ask(of_noroshi(&format!("time() - {}", SELF.of("process_start_time_seconds"))), "{{instance}}")
    .none("No process is seen");
    section(
        "What does it use?",
        vec![graphs(vec![cpu, memory, files, threads]), graphs(vec![versions(), uptime])],
    )
}

fn versions() -> Panel {
    Table::new(Says(
        "Versions",
        "What each instance was built from; with Alertmanager's place taken, also what programs of its name report.",
        "Instances that differ are an upgrade that has not ended.",
    ))
    .labels(&[
        ("instance", "Instance"),
        ("version", "Version"),
        ("revision", "Revision"),
        ("rustc", "Compiler"),
        ("goversion", "As goversion"),
        ("features", "Features"),
    ])
    .ask_labels(format!(
            "max by (instance, version, revision, rustc, features, goversion) ({} or {})",
            SELF.of("noroshi_build_info"),
            SELF.of("alertmanager_build_info")
        ))
    .none("No instance")
    .weight(2)
    .panel()
}

fn store() -> Section {
    let commit = lines(Says(
        "How long a commit takes",
        "The duration of a transaction with its sync to disk: of half, and of one in a hundred.",
        "Above a second the disk is too slow, and whoever posts alerts waits with it.",
    ))
    .unit(Unit::Seconds)
    .ask(quantile(SELF, 0.5, "noroshi_store_commit_duration_seconds", ""), "p50")
    .ask(quantile(SELF, 0.99, "noroshi_store_commit_duration_seconds", ""), "p99")
    .none("Nothing is written");
    let written = lines(Says(
        "Written a second",
        "Records, and the commits that they came in.",
        "Many records with few commits are a burst that shares its syncs, which is well.",
    ))
    .unit(Unit::PerSecond)
    .ask(format!("sum({})", rate(&SELF.of("noroshi_store_records_total"))), "records")
    .ask(format!("sum({})", rate(&SELF.of("noroshi_store_commits_total"))), "commits")
    .none("Nothing is written");
    let waiting = stack(Says(
        "Waiting to be written",
        "Commits that wait for their transaction, and records in memory while the disk cannot be written.",
        "Records in memory are lost if the process ends now: make room on the disk first.",
    ))
    .ask(format!("sum({})", SELF.of("noroshi_store_queue_length")), "commits")
    .ask(format!("sum({})", SELF.of("noroshi_store_backlog_records")), "records in memory")
    .none("No store");
    let size = lines(Says(
        "Size on disk",
        "The database and its log, for each instance.",
        "It stays below `store.max_size`, unless what is in force alone is larger.",
    ))
    .unit(Unit::Bytes)
    .ask(SELF.of("noroshi_store_size_bytes"), "{{instance}}")
    .none("No store");
    section("Does it write?", vec![graphs(vec![commit, written, waiting, size])])
}

fn configuration() -> Section {
    let states = timeline(Says(
        "Configuration in force",
        "From when to when the configuration that was last read was in force, for each instance.",
        "A red part is a mistake that somebody has saved: `noroshi check-config` shows all of them at once.",
    ))
    .words(well("in force", "mistakes"))
    .ask(SELF.of("noroshi_config_last_reload_successful"), "{{instance}}")
    .ask(SELF.of("noroshi_web_config_last_reload_successful"), "web, {{instance}}")
    .weight(2);
    let age = number(Says(
        "Read",
        "How long ago the configuration was read with success.",
        "Instances that differ by more than a rollout do not have the same file.",
    ))
    .unit(Unit::Duration)
    .ask(
        format!("time() - {}", SELF.of("noroshi_config_last_reload_success_timestamp_seconds")),
        "{{instance}}",
    )
    .none("Not read yet");
    let tasks = columns(Says(
        "Tasks that ended unexpectedly",
        "How often a task of the daemon ended and was started again, by task.",
        "Any is a bug: report the lines of the log.",
    ))
    .ask(
        format!("sum by (task) ({})", increase(&SELF.of("noroshi_task_unexpected_ends_total"))),
        "{{task}}",
    )
    .none("None did");
    section("What was read, and when?", vec![graphs(vec![states, age, tasks])])
}

fn requests() -> Section {
    let scrape = lines(Says(
        "How long a scrape takes, p95",
        "The time to write an answer, waiting for a slow client included, for each instance.",
        "Near `scrape_timeout` Prometheus gives up: ask for less at a time, or less often.",
    ))
    .unit(Unit::Seconds)
    .ask(quantile(SELF, 0.95, "noroshi_scrape_duration_seconds", ONE), "{{instance}}")
    .none("No scrape");
    let troubled = columns(Says(
        "Scrapes without an answer",
        "Scrapes that were refused because too many were in flight, and those that were cut off.",
        "If it is not empty, somebody scrapes too often, or reads too slowly.",
    ))
    .ask(format!("sum({})", increase(&SELF.of("noroshi_scrapes_rejected_total"))), "refused")
    .ask(format!("sum({})", increase(&SELF.of("noroshi_scrapes_aborted_total"))), "cut off")
    .none("No scrape");
    let flight = stack(Says(
        "In flight",
        "Scrapes that are being answered, and requests for `/probe` whose probe goes on.",
        "At their limits, `--web.max-requests` and `blackbox.max_requests`, more are refused.",
    ))
    .ask(format!("sum({})", SELF.of("noroshi_scrapes_in_flight")), "scrapes")
    .ask(format!("sum({})", SELF.of("noroshi_probe_requests_in_flight")), "probes")
    .none("Nobody asks");
    let probes = columns(Says(
        "Probes refused",
        "Requests for `/probe` that found no place, and those that named a module nobody knows.",
        "Unknown modules are a scrape configuration that is ahead of blackbox.yml, or behind it.",
    ))
    .ask(
        format!("sum({})", increase(&SELF.of("noroshi_probe_requests_rejected_total"))),
        "no place",
    )
    .ask(
        format!("sum({})", increase(&SELF.of("noroshi_probe_module_unknown_total"))),
        "unknown module",
    )
    .none("Nobody asks for `/probe`");
    folded("Who asks it?", vec![graphs(vec![scrape, troubled, flight, probes])])
}
