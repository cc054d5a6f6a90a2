# The seven commands. Everything else is `cargo`.

CARGO ?= cargo
# What `make run` starts noroshi with.
ARGS ?= --config.file=config.example.toml
# Where the real servers of the third tier of tests are kept; outside the checkout, so that it is fetched once.
NOROSHI_PARTS ?= $(HOME)/.cache/noroshi/parts
export NOROSHI_PARTS

.PHONY: run test image-test bench soak lint dashboards recording

run: ## the daemon on the example configuration
	$(CARGO) run --locked -- $(ARGS)

# Without the real servers their tests say which one is missing; in CI that is a failure, after all other tests.
# Schedules of cron jobs without a zone go by that of the machine; what they are compared with was made in UTC.
test: export TZ = UTC
# The last wants the machine for itself: three Prometheus look at everything that noroshi ships.
test: WORLD = shipped::every_panel_and_every_rule_finds_data
test: ## all three tiers: unit, fake peers, real servers
	-@tests/real/parts.sh "$(NOROSHI_PARTS)"
	$(CARGO) test --locked --features real --no-fail-fast; others=$$?; \
	$(CARGO) test --locked --features real --test real -- --ignored --nocapture $(WORLD) && exit $$others

# Wants root, and as long as a release build takes. Not a step of .ci/run: run it where Dockerfile, build or flags change.
image-test: ## the image, built from the Dockerfile and run as a strict cluster would
	tests/image/test.sh

# The functions first: the load program puts their results on its page. NOROSHI_BENCH_SECONDS=1 makes it short.
bench: ## figures beside the peers' own; writes docs/performance.md
	@tests/real/parts.sh "$(NOROSHI_PARTS)" prometheus-smokeping-prober || [ -z "$$CI" ]
	$(CARGO) bench --locked --bench alerting --bench exposition --bench schedule
	$(CARGO) bench --locked --bench process

# NOROSHI_SOAK is how long each of them takes, in seconds. The last has its peers in the same process, some of which
# flood: what they free has to go back to the system at once, or glibc keeps more of it for an hour, and hides a leak.
soak: ## ten minutes each: /probe at 200 a second, a cluster without rest, the table of faults over and over
	NOROSHI_SOAK=$${NOROSHI_SOAK:-600} $(CARGO) test --locked --release --test soak -- --ignored --nocapture soak
	NOROSHI_SOAK=$${NOROSHI_SOAK:-600} $(CARGO) test --locked --release --test soak_clusters -- --ignored --nocapture soak
	NOROSHI_SOAK=$${NOROSHI_SOAK:-600} MALLOC_MMAP_THRESHOLD_=65536 $(CARGO) test --locked --release --test faults -- --ignored --nocapture soak

lint: ## format, lints, docs, dependencies
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps
	$(CARGO) deny --locked check bans licenses sources
	$(CARGO) machete

# A test holds that nothing is to be written.
dashboards: ## grafana/, as the code has it
	$(CARGO) run --locked -- dashboards --out grafana

# Wants `script` of util-linux for the terminal. A test holds what it writes to what the commands print.
recording: ## the README's picture of a terminal, from a run of the binary
	UPDATE_DOCS=1 $(CARGO) test --locked --test documents recording
