#!/usr/bin/env bash
# test.sh: builds the real Dockerfile, every target, and runs them as a strict cluster would: user 65532, no capability, no
# new privileges, the runtime's seccomp filter, a root that cannot be written, a network namespace of their own.
#
# Wants root, a Debian and its mirror, the crate registry, and Rust on PATH. The tools (podman, crun) and everything they
# store lie in $NOROSHI_PARTS; the host's apt and container storage are left alone. The image is built from a Debian made
# here with this machine's Rust, so that no image registry is needed; NOROSHI_RUST_IMAGE=docker.io/library/rust:... takes
# a real one instead.
set -euo pipefail
cd "$(dirname "$0")/../.."

PARTS=$(realpath -m "${NOROSHI_PARTS:-$HOME/.cache/noroshi/parts}")
STORE=$PARTS/image
LIMIT_MB=30
VERSION=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
REVISION=$(git rev-parse HEAD 2>/dev/null || echo 0000000000000000000000000000000000000000)
SOURCE=https://example.org/noroshi
failed=0
. tests/image/rendered.sh

main() {
    own_mounts "$@"
    tests/real/parts.sh --only "$PARTS" podman
    lend_libraries
    settings
    trap clean EXIT
    build noroshi
    build blackbox
    build alertmanager
    build kube-state-metrics
    contents noroshi
    labels
    runs_unconfigured
    runs_and_pings
    says_that_it_may_not_ping
    runs_as_blackbox
    runs_as_alertmanager
    runs_as_kube_state_metrics
    runs_as_rendered
    [ "$failed" = 0 ] && echo "image: all good"
}

# A mount namespace of our own: nothing mounted here is seen outside. crun takes a machine that mounts both kinds of
# control groups for one of neither kind, so the newer one is hidden from it where it is the second.
own_mounts() {
    if [ -z "${NOROSHI_OWN_MOUNTS:-}" ]; then
        NOROSHI_OWN_MOUNTS=yes exec unshare --mount "$(realpath tests/image/test.sh)" "$@"
    fi
    umount -l /sys/fs/cgroup/unified 2>/dev/null || true
}

# The libraries podman brought along, for its children too, which it starts with an environment of their own: behind the
# host's, in a cache of the linker that only this mount namespace sees.
lend_libraries() {
    local folder=$PARTS/root-host/usr/lib
    [ -d "$folder" ] || return 0
    mkdir -p "$STORE"
    { cat /etc/ld.so.conf.d/*.conf && echo "$folder/$(uname -m)-linux-gnu"; } >"$STORE/ld.so.conf"
    ldconfig -X -f "$STORE/ld.so.conf" -C "$STORE/ld.so.cache"
    mount --bind "$STORE/ld.so.cache" /etc/ld.so.cache
}

# podman with all of its settings and storage below STORE.
settings() {
    mkdir -p "$STORE/tmp" "$STORE/home/.config/containers"
    cat >"$STORE/containers.conf" <<END
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
conmon_path = ["$PARTS/bin/conmon"]
runtime = "crun"
[engine.runtimes]
crun = ["$PARTS/bin/crun"]
END
    printf '[storage]\ndriver = "overlay"\ngraphroot = "%s"\nrunroot = "%s"\n' "$STORE/graph" "$STORE/run" >"$STORE/storage.conf"
    echo 'unqualified-search-registries = []' >"$STORE/registries.conf"
    echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$STORE/home/.config/containers/policy.json"
}

podman() {
    HOME=$STORE/home TMPDIR=$STORE/tmp CONTAINERS_CONF=$STORE/containers.conf CONTAINERS_STORAGE_CONF=$STORE/storage.conf \
        CONTAINERS_REGISTRIES_CONF=$STORE/registries.conf "$PARTS/bin/podman" "$@"
}

clean() {
    podman rm --all --force >/dev/null 2>&1 || true
    podman image prune --force >/dev/null 2>&1 || true
}

good() { printf 'ok      %s\n' "$1"; }
bad() {
    printf 'FAILED  %s\n' "$1"
    failed=1
}

# expect WHAT COMMAND...: a line on how it went.
expect() {
    local what=$1
    shift
    if "$@"; then good "$what"; else bad "$what"; fi
}

quietly() { "$@" >/dev/null 2>&1; }

# build TARGET: and how large it is as a registry would hold it.
build() {
    local began=$SECONDS arguments=(--pull=never --isolation=chroot --network=host) bytes
    if [ -n "${NOROSHI_RUST_IMAGE:-}" ]; then
        arguments=(--isolation=chroot --network=host --build-arg "RUST_IMAGE=$NOROSHI_RUST_IMAGE")
    else
        base
        arguments+=(--build-arg "RUST_IMAGE=localhost/noroshi-build-base" --volume "$(rustc --print sysroot):/usr/local/rust:ro"
            --volume "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}:/usr/local/share/lent-authorities.crt:ro")
    fi
    podman build "${arguments[@]}" --target "$1" --tag "localhost/noroshi-test:$1" --build-arg "VERSION=$VERSION" \
        --build-arg "REVISION=$REVISION" --build-arg "SOURCE=$SOURCE" --build-arg "TARGETARCH=$(uname -m)" . \
        >"$STORE/build-$1.log" 2>&1 || {
        tail -n 40 "$STORE/build-$1.log" >&2
        bad "build of $1"
        exit 1
    }
    rm -rf "$STORE/pushed"
    podman push --quiet --compress --format oci "localhost/noroshi-test:$1" "dir:$STORE/pushed"
    bytes=$(du -sb --apparent-size "$STORE/pushed" | cut -f 1)
    good "built $1 in $((SECONDS - began)) s"
    expect "$1 is $((bytes / 1000)) kB compressed, at most $LIMIT_MB MB" [ "$bytes" -le $((LIMIT_MB * 1000 * 1000)) ]
}

# What stands in for docker.io/library/rust: this Debian with a C compiler. Rust itself is lent by the host while it builds,
# and so are the authorities it trusts, for it may reach the registry through a proxy; they do not get into the image.
base() {
    local name=localhost/noroshi-build-base suite mirror
    ! podman image exists "$name" || return 0
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
    mirror=$(sed -n 's/^deb [^ ]* \([^ ]*\) .*/\1/p; s/^deb \(http[^ ]*\) .*/\1/p' "$PARTS/apt/$suite/sources.list" | head -n 1)
    rm -rf "$STORE/base"
    DEBOOTSTRAP_DIR=$PARTS/root-host/usr/share/debootstrap "$PARTS/root-host/usr/sbin/debootstrap" --variant=minbase \
        --include=gcc,libc6-dev,ca-certificates "$suite" "$STORE/base" "$mirror" >"$STORE/base.log" 2>&1
    tar -C "$STORE/base" -cf - . | podman import --quiet \
        --change 'ENV PATH=/usr/local/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
        --change 'ENV CARGO_HTTP_CAINFO=/usr/local/share/lent-authorities.crt' - "$name" >/dev/null
    rm -rf "$STORE/base"
}

# contents TARGET: nothing but what the Dockerfile says, and nothing that anybody could write to or become root by.
contents() {
    local list
    podman create --name listed "localhost/noroshi-test:$1" >/dev/null
    list=$(podman export listed | tar -tvf -)
    podman rm listed >/dev/null
    files() { awk '{ print $6 }' <<<"$list" | sed 's|^\./||'; }
    expect "the programs are noroshi and its links" \
        [ "$(files | grep '^bin/.' | sort | paste -sd ' ')" = "bin/alertmanager bin/blackbox_exporter bin/noroshi" ]
    local link
    for link in alertmanager blackbox_exporter; do
        expect "the link $link leads to noroshi" grep -q "bin/$link -> noroshi\$" <<<"$list"
    done
    expect "the link /kube-state-metrics leads to noroshi" grep -Eq ' (\./)?kube-state-metrics -> bin/noroshi$' <<<"$list"
    expect "no shell, no package manager" [ -z "$(files | grep -E '(^|/)(sh|ash|bash|dash|busybox|apt|dpkg|apk|perl|env)$')" ]
    expect "no file that gives privileges" [ -z "$(grep -E '^-..[sS]|^-.....[sS]' <<<"$list")" ]
    expect "no file that others may write" [ -z "$(grep -E '^[-d].......w' <<<"$list")" ]
    local path
    for path in etc/ssl/certs/ca-certificates.crt etc/passwd etc/os-release usr/share/doc/noroshi/copyright var/lib/dpkg/status.d/libc6; do
        expect "$path is there" grep -qx "$path" <(files)
    done
}

labels() {
    local target=noroshi label wanted
    for target in noroshi blackbox alertmanager kube-state-metrics; do
        for label in "version $VERSION" "revision $REVISION" "source $SOURCE" "licenses Apache-2.0" "title noroshi" "description .*"; do
            wanted=${label#* } label=${label%% *}
            [ "$label" != title ] || [ "$target" = noroshi ] || wanted="noroshi $target"
            expect "$target: label $label" grep -Eqx "$wanted" \
                <(podman inspect --format "{{index .Config.Labels \"org.opencontainers.image.$label\"}}" "localhost/noroshi-test:$target")
        done
    done
    expect "runs as 65532" [ "$(podman inspect --format '{{.Config.User}}' localhost/noroshi-test:noroshi)" = 65532:65532 ]
    expect "ports are told" [ "$(podman inspect --format '{{.Config.ExposedPorts}}' localhost/noroshi-test:{noroshi,blackbox,alertmanager,kube-state-metrics} | tr -d '\n')" = "map[10070/tcp:{}]map[9115/tcp:{}]map[9093/tcp:{}]map[8080/tcp:{} 8081/tcp:{}]" ]
}

# strictly NAME PING IMAGE-AND-ARGUMENTS...: in the background; PING is the group range that may ping.
strictly() {
    local name=$1 ping=$2 files processes
    shift 2
    # Where root may not raise limits, podman's own default is refused; it has lowered that of processes by then.
    files=$(ulimit -Hn) processes=$(ulimit -Hu)
    [ "$processes" != unlimited ] && [ "$processes" -lt 32768 ] || processes=32768
    podman run --detach --name "$name" --cgroups=disabled --network=none --cap-drop=all --security-opt no-new-privileges --read-only \
        --read-only-tmpfs=false --sysctl "net.ipv4.ping_group_range=$ping" --ulimit "nofile=$files:$files" \
        --ulimit "nproc=$processes:$processes" --volume "$STORE/config:/config:ro" "$@" >/dev/null
}

# ask NAME PORT PATH: the answer to a GET from inside the container's network.
ask() {
    local pid
    pid=$(podman inspect --format '{{.State.Pid}}' "$1")
    # shellcheck disable=SC2016
    nsenter --target "$pid" --net bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" && printf "GET %s HTTP/1.0\r\n\r\n" "$2" >&3 && cat <&3' - "$2" "$3" 2>/dev/null
}

# answers NAME PORT PATH PATTERN: sooner or later.
answers() {
    local try
    for try in $(seq 100); do
        if grep -Eq "$4" <(ask "$1" "$2" "$3"); then return 0; fi
        [ "$(podman inspect --format '{{.State.Running}}' "$1")" = true ] || break
        sleep 0.1
    done
    echo "no $4 under $3 after $try tries; the log ends:" >&2
    podman logs --tail 10 "$1" >&2 || true
    return 1
}

ends() {
    podman stop --time 20 "$1" >/dev/null
    expect "$1: SIGTERM ends it with 0" [ "$(podman inspect --format '{{.State.ExitCode}}' "$1")" = 0 ]
    podman rm --force "$1" >/dev/null
}

runs_unconfigured() {
    mkdir -p "$STORE/config"
    strictly bare '1 0' localhost/noroshi-test:noroshi
    expect "bare: healthy" answers bare 10070 /-/healthy '^HTTP/1.[01] 200'
    expect "bare: ready" answers bare 10070 /-/ready '^HTTP/1.[01] 200'
    expect "bare: metrics tell version and revision" answers bare 10070 /metrics "^noroshi_build_info\{version=\"$VERSION\",revision=\"$REVISION\""
    local pid
    pid=$(podman inspect --format '{{.State.Pid}}' bare)
    expect "bare: user 65532 alone" [ "$(awk '/^[UG]id:/ { print $2 }' "/proc/$pid/status" | sort -u)" = 65532 ]
    expect "bare: no capability" [ "$(awk '/^Cap/ { print $2 }' "/proc/$pid/status" | sort -u)" = 0000000000000000 ]
    expect "bare: seccomp and no new privileges" [ "$(awk '/^(NoNewPrivs|Seccomp):/ { print $2 }' "/proc/$pid/status" | paste -sd ' ')" = "1 2" ]
    expect "bare: probes may be run inside" quietly podman exec bare /bin/noroshi probe http http://127.0.0.1:10070/-/healthy
    ends bare
}

configure() {
    cat >"$STORE/config/config.toml" <<'END'
[defaults]
interval = "1s"
timeout = "900ms"
[checks.loopback]
icmp.host = "127.0.0.1"
END
}

runs_and_pings() {
    configure
    strictly pinging '0 2147483647' localhost/noroshi-test:noroshi --config.file=/config/config.toml
    expect "pinging: by the sysctl alone" answers pinging 10070 /metrics '^noroshi_check_success\{check="loopback".*\} 1'
    ends pinging
}

says_that_it_may_not_ping() {
    strictly silent '1 0' localhost/noroshi-test:noroshi --config.file=/config/config.toml
    expect "silent: icmp_permission is told" answers silent 10070 /metrics '^noroshi_check_failing\{check="loopback".*reason="icmp_permission".*\} 1'
    ends silent
}

# With the arguments the image has by itself, as an existing manifest starts it.
runs_as_blackbox() {
    strictly drop-in '0 2147483647' localhost/noroshi-test:blackbox
    expect "drop-in: healthy" answers drop-in 9115 /-/healthy '^HTTP/1.[01] 200'
    expect "drop-in: the modules are loaded" answers drop-in 9115 /config 'ssh_banner'
    expect "drop-in: /probe" answers drop-in 9115 '/probe?module=http_2xx&target=127.0.0.1:9115/-/healthy' '^probe_success 1'
    expect "drop-in: pings" answers drop-in 9115 '/probe?module=icmp&target=127.0.0.1' '^probe_success 1'
    ends drop-in
    cp charts/noroshi/files/blackbox.yml "$STORE/config/"
    strictly named '1 0' --entrypoint /bin/blackbox_exporter localhost/noroshi-test:noroshi --config.file=/config/blackbox.yml
    expect "named: the link in the ordinary image is the drop-in" answers named 9115 /metrics '^blackbox_exporter_build_info'
    ends named
}

# With the arguments the image has by itself; its volume is the only place it may write to, and a silence outlives the container.
runs_as_alertmanager() {
    rm -rf "$STORE/storage"
    install -d -o 65532 -g 65532 "$STORE/storage"
    strictly pages '1 0' --volume "$STORE/storage:/alertmanager" localhost/noroshi-test:alertmanager
    expect "alertmanager: ready" answers pages 9093 /-/ready '^HTTP/1.[01] 200'
    expect "alertmanager: the API tells its configuration" answers pages 9093 /api/v2/status 'receiver: default'
    expect "alertmanager: a silence is taken" quietly podman exec pages /bin/noroshi silence add \
        --url=http://127.0.0.1:9093 --author=image --comment=outlives --duration=1h alertname=Outlives
    ends pages
    strictly again '1 0' --volume "$STORE/storage:/alertmanager" localhost/noroshi-test:alertmanager
    expect "alertmanager: the silence outlives the container" answers again 9093 /api/v2/silences 'Outlives'
    ends again
    strictly called '1 0' --volume "$STORE/storage:/alertmanager" --entrypoint /bin/alertmanager localhost/noroshi-test:alertmanager \
        --config.file=/etc/alertmanager/alertmanager.yml --storage.path=/alertmanager --cluster.listen-address= --web.external-url=http://pages.example.org/am
    expect "alertmanager: upstream's arguments" answers called 9093 /am/api/v2/status 'receiver: default'
    ends called
}

# With the arguments a manifest has, beside those of the entry point. There is no cluster here: it lives, and says that it is not
# ready.
runs_as_kube_state_metrics() {
    strictly objects '1 0' localhost/noroshi-test:kube-state-metrics --port=8080 --telemetry-port=8081 --apiserver=http://127.0.0.1:1 --resources=pods
    expect "kube-state-metrics: healthy" answers objects 8080 /healthz '^HTTP/1.[01] 200'
    expect "kube-state-metrics: not alive without a cluster" answers objects 8080 /livez '^HTTP/1.[01] 503'
    expect "kube-state-metrics: its own metrics tell that" answers objects 8081 /metrics '^noroshi_cluster_up 0'
    ends objects
}

main "$@"
exit "$failed"
