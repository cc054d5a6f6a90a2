#!/usr/bin/env bash
# fetch.sh DIR: Grafana's types of dashboards and the compiler that knows them, from npm into DIR, pinned by package-lock.json
# beside this file. Kept under that file's hash, so it is fetched once, in two seconds. Wants npm, which is Debian's package of
# that name.
set -euo pipefail

DIR=$(realpath "${1:?where to}")
HERE=$(cd "$(dirname "$0")" && pwd)

mkdir -p "$DIR/npm" "$DIR/bin"
# Two checkouts may ask at the same time.
exec 9>"$DIR/npm/.lock"
flock 9
made=$DIR/npm/grafana-$(cat "$HERE/package.json" "$HERE/package-lock.json" | sha256sum | cut -c 1-12)
if [ ! -d "$made" ]; then
    command -v npm >/dev/null || { echo "parts: no npm here: Grafana's types cannot be fetched" >&2 && exit 1; }
    scratch=$(mktemp -d "$DIR/npm/scratch.XXXXXX")
    trap 'rm -rf "$scratch"' EXIT
    cp "$HERE/package.json" "$HERE/package-lock.json" "$scratch/"
    (cd "$scratch" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
    mv "$scratch" "$made"
fi
ln -sfn "$made" "$DIR/grafana-types"
printf '#!/bin/sh\nexec node %q "$@"\n' "$made/node_modules/typescript/bin/tsc" >"$DIR/bin/tsc"
chmod +x "$DIR/bin/tsc"
echo npm >"$DIR/bin/.tsc.from"
