#!/usr/bin/env bash
# build.sh DIR: the real parts no package has in a current version, built from their makers' source into DIR/bin: a Kubernetes
# API server with its controllers and its scheduler, kube-state-metrics, Helm 4 and 3, kubeconform, and the custom resource
# definitions of the Prometheus operator and of the Gateway API.
#
# Versions and checksums are those of */go.mod and */go.sum beside this file. A program is kept in DIR/go under their hash, so
# it is made once; afterwards nothing. Measured on two cores with an empty Go cache: the API server takes 215 s, after it the
# controllers 88 s and the scheduler 6 s, and kube-state-metrics, built alone, 121 s; that is twelve minutes of one core. The
# two Helms add an estimated six. Without a Go that is new enough, on PATH or in DIR/root-sid, nothing is built, and that is
# said.
set -euo pipefail

DIR=$(realpath "${1:?where to}")
HERE=$(cd "$(dirname "$0")" && pwd)
OPERATOR=github.com/prometheus-operator/prometheus-operator@v0.85.0
GATEWAY=sigs.k8s.io/gateway-api@v1.6.3
GO= # find_go sets it

main() {
    mkdir -p "$DIR/go" "$DIR/bin"
    # Two checkouts may ask at the same time.
    exec 9>"$DIR/go/.lock"
    flock 9
    local kube helm4 helm3 client metrics
    kube=$(version kube k8s.io/kubernetes) client=$(version helm k8s.io/client-go)
    helm4=$(version helm helm.sh/helm/v4) helm3=$(version helm helm.sh/helm/v3)
    metrics=$(version kube-state-metrics k8s.io/kube-state-metrics/v2)
    # name in DIR/bin, module beside this file, package, variables that the linker sets as the makers' own builds do; the
    # first of them is the version
    local component
    for component in kube-apiserver kube-controller-manager kube-scheduler; do
        program "$component" kube "k8s.io/kubernetes/cmd/$component" k8s.io/component-base/version.git{Version="$kube",Major=1,Minor="$(minor "$kube")"}
    done
    program helm helm helm.sh/helm/v4/cmd/helm helm.sh/helm/v4/internal/version.version="$helm4"
    program kube-state-metrics kube-state-metrics k8s.io/kube-state-metrics/v2 github.com/prometheus/common/version.Version="$metrics" \
        k8s.io/kube-state-metrics/v2/pkg/app.ClientGoVersion="$(version kube-state-metrics k8s.io/client-go)"
    # It knows of no cluster when it lints and renders, and would take it for a very old one.
    program helm3 helm helm.sh/helm/v3/cmd/helm helm.sh/helm/v3/internal/version.version="$helm3" \
        helm.sh/helm/v3/pkg/{chartutil,lint/rules}.k8sVersion{Major=1,Minor="$(minor "$client")"}
    program kubeconform kubeconform github.com/yannh/kubeconform/cmd/kubeconform main.version="$(version kubeconform github.com/yannh/kubeconform)"
    definitions
}

# version MODULE DEPENDENCY: as its go.mod pins it.
version() {
    awk -v of="$2" '$1 == of { print $2 } $1 == "require" && $2 == of { print $3 }' "$HERE/$1/go.mod"
}

# 36 of v1.36.4.
minor() { cut -d . -f 2 <<<"$1"; }

# program NAME MODULE PACKAGE VARIABLE=VALUE...: built where it is not there. What it is made of is its name in DIR/go.
program() {
    local name=$1 module=$2 package=$3 flags='-s -w' version=${4##*=} variable made began=$SECONDS
    for variable in "${@:4}"; do flags+=" -X $variable"; done
    made=$DIR/go/$name-$version-$(cat "$HERE/$module/go.mod" "$HERE/$module/go.sum" - <<<"$package $flags" | sha256sum | cut -c 1-12)
    if [ ! -x "$made" ]; then
        find_go
        echo "building $name $version" >&2
        (
            cd "$HERE/$module"
            GOCACHE=$scratch/cache GOTMPDIR=$scratch GOFLAGS='' CGO_ENABLED=0 nice "$GO" build -trimpath -buildvcs=false \
                -ldflags "$flags" -o "$scratch/$name" "$package"
        )
        mv "$scratch/$name" "$made"
        echo "built $name in $((SECONDS - began)) s" >&2
    fi
    # A link is replaced in one step: somebody may be starting it right now.
    ln -sfn "$made" "$DIR/bin/.$name.new"
    mv -T "$DIR/bin/.$name.new" "$DIR/bin/$name"
    echo "built from source" >"$DIR/bin/.$name.from"
}

# Definitions of objects that only the users of an operator have, or of gateways.
definitions() {
    local folder="$DIR/go/definitions-${OPERATOR##*@}-${GATEWAY##*@}"
    if [ ! -d "$folder" ]; then
        find_go
        mkdir -p "$folder.new"
        cp --no-preserve=mode "$(source_of "$OPERATOR")"/example/prometheus-operator-crd/*.yaml \
            "$(source_of "$GATEWAY")"/config/crd/standard/*_httproutes.yaml "$folder.new/"
        mv "$folder.new" "$folder"
    fi
    ln -sfn "$folder" "$DIR/definitions"
}

# source_of MODULE@VERSION: the folder it is downloaded to.
source_of() {
    "$GO" mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",\?$/\1/p'
}

# A Go that can build them, and a place to do it in: the one on PATH, which may fetch a newer one by itself, or Debian's.
find_go() {
    [ -z "$GO" ] || return 0
    local candidate
    for candidate in "$(command -v go || true)" "$DIR/root-sid/usr/lib/go-1.26/bin/go"; do
        # Asked inside the module, go fails where it is older than the module wants.
        if [ -x "$candidate" ] && (cd "$HERE/kube" && "$candidate" list -m >/dev/null 2>&1); then
            GO=$candidate
            scratch=$(mktemp -d "$DIR/go/scratch.XXXXXX")
            trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
            return 0
        fi
    done
    echo "parts: no Go 1.26 here: the API server and Helm cannot be built" >&2
    return 1
}

main
exit
