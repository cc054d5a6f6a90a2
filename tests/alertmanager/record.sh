#!/bin/sh
# Records anew what Alertmanager 0.33.1 says of the files here: `verdicts` is the answer of `amtool check-config`, *.config is
# what a server that runs with the file shows as `config.original` at /api/v2/status. A file that is accepted and still
# no server starts with (a certificate that is not there) has no *.config.
#
#   tests/alertmanager/record.sh /usr/bin/amtool /usr/bin/prometheus-alertmanager [NAME...]
#
# The files are copied to /tmp/noroshi-alertmanager first: relative paths are shown with their folder.
set -eu
amtool=$1 server=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
folder=/tmp/noroshi-alertmanager
port=$((20000 + $$ % 20000))
rm -rf "$folder"
mkdir -p "$folder"
cp "$here"/*.yml "$folder"
cd "$folder"
# Files that some of them name, and that a server wants to read.
for name in t i f; do echo hunter2 >"$name"; done
[ $# -gt 0 ] || { rm -f "$here/verdicts" "$here"/*.config; }

shown() {
    mkdir data
    "$server" --config.file="$folder/$1.yml" --storage.path=data --cluster.listen-address= \
        --web.listen-address=127.0.0.1:$port --enable-feature=event-recorder >log 2>&1 &
    pid=$!
    for _ in $(seq 200); do
        if curl -sf "http://127.0.0.1:$port/api/v2/status" >status 2>/dev/null; then
            python3 -c 'import json,sys; sys.stdout.write(json.load(open("status"))["config"]["original"])' \
                >"$here/$1.config"
            break
        fi
        kill -0 $pid 2>/dev/null || { echo "$1: no server starts: $(grep -m1 -o 'err=.*' log || head -1 log)" >&2; break; }
        sleep 0.02
    done
    kill $pid 2>/dev/null || true
    wait $pid 2>/dev/null || true
    rm -rf data log status
}

for file in ${*:-*.yml}; do
    name=${file%.yml}
    rm -f "$here/$name.config"
    if "$amtool" check-config "$folder/$name.yml" >/dev/null 2>&1; then
        echo "$name accepted"
        shown "$name"
    else
        echo "$name refused"
    fi
done >"$folder/said"
if [ $# -gt 0 ]; then cat "$folder/said"; else LC_ALL=C sort "$folder/said" >"$here/verdicts"; fi
