#!/usr/bin/env bash
# build.sh DIR: the real parts no package has in a current version, built from their makers' source into DIR/bin: a Kubernetes
# API server, Helm 4 and 3, and the custom resource definitions of the Prometheus operator.
#
# Versions and checksums are those of */go.mod and */go.sum beside this file. A build is kept in DIR/go under their hash, so
# it is made once: from nothing it costs some twelve minutes of one core, afterwards nothing. Without a Go that is new enough,
# on PATH or in DIR/root-sid, nothing is built, and that is said.
set -euo pipefail

DIR=$(realpath "${1:?where to}")
HERE=$(cd "$(dirname "$0")" && pwd)
OPERATOR=github.com/prometheus-operator/prometheus-operator@v0.85.0

main() {
    mkdir -p "$DIR/go" "$DIR/bin"
    # Two checkouts may ask at the same time.
    exec 9>"$DIR/go/.lock"
    flock 9
    local kube helm
    kube=$(key kube) helm=$(key helm)
    if [ ! -x "$kube/kube-apiserver" ] || [ ! -x "$helm/helm" ] || [ ! -x "$helm/helm3" ]; then
        find_go
        scratch=$(mktemp -d "$DIR/go/scratch.XXXXXX")
        trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
    fi
    program kube "$kube" kube-apiserver k8s.io/kubernetes k8s.io/kubernetes/cmd/kube-apiserver k8s.io/component-base/version.gitVersion
    program helm "$helm" helm helm.sh/helm/v4 helm.sh/helm/v4/cmd/helm helm.sh/helm/v4/internal/version.version
    program helm "$helm" helm3 helm.sh/helm/v3 helm.sh/helm/v3/cmd/helm helm.sh/helm/v3/internal/version.version
    definitions
}

# Where the programs of a module are kept: its dependencies and how they are built are the name.
key() {
    echo "$DIR/go/$1-$(cat "$HERE/$1/go.mod" "$HERE/$1/go.sum" "$HERE/build.sh" | sha256sum | cut -c 1-16)"
}

# program MODULE FOLDER NAME OF PACKAGE VARIABLE: NAME in DIR/bin, built where it is not there; VARIABLE holds its version.
program() {
    local module=$1 folder=$2 name=$3 of=$4 package=$5 variable=$6 version began=$SECONDS
    if [ ! -x "$folder/$name" ]; then
        version=$(cd "$HERE/$module" && "$GO" list -m -f '{{.Version}}' "$of")
        echo "building $name $version" >&2
        mkdir -p "$folder"
        (
            cd "$HERE/$module"
            GOCACHE=$scratch/cache GOTMPDIR=$scratch GOFLAGS='' CGO_ENABLED=0 nice "$GO" build -trimpath -buildvcs=false \
                -ldflags "-s -w -X $variable=$version" -o "$scratch/$name" "$package"
        )
        mv "$scratch/$name" "$folder/$name"
        echo "built $name in $((SECONDS - began)) s" >&2
    fi
    # A link is replaced in one step: somebody may be starting it right now.
    ln -sfn "$folder/$name" "$DIR/bin/.$name.new"
    mv -T "$DIR/bin/.$name.new" "$DIR/bin/$name"
    echo "built from source" >"$DIR/bin/.$name.from"
}

# The operator's definitions, for objects that only its users have.
definitions() {
    local folder="$DIR/go/definitions-${OPERATOR##*@}" source
    if [ ! -d "$folder" ]; then
        find_go
        source=$("$GO" mod download -json "$OPERATOR" | sed -n 's/^\t"Dir": "\(.*\)",\?$/\1/p')
        mkdir -p "$folder.new"
        cp --no-preserve=mode "$source"/example/prometheus-operator-crd/*.yaml "$folder.new/"
        mv "$folder.new" "$folder"
    fi
    ln -sfn "$folder" "$DIR/definitions"
}

# A Go that can build them: the one on PATH, which may fetch a newer one by itself, or Debian's.
find_go() {
    [ -z "${GO:-}" ] || return 0
    local candidate
    for candidate in "$(command -v go || true)" "$DIR/root-sid/usr/lib/go-1.26/bin/go"; do
        # Asked inside the module, go fails where it is older than the module wants.
        if [ -x "$candidate" ] && (cd "$HERE/kube" && "$candidate" list -m >/dev/null 2>&1); then
            GO=$candidate
            return 0
        fi
    done
    echo "parts: no Go 1.26 here: the API server and Helm cannot be built" >&2
    return 1
}

main
