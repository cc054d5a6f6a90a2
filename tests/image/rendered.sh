# shellcheck shell=bash
# Sourced by test.sh: the image as the chart renders it. Command, arguments, variables, user, ping range and mounts are those of
# the rendered pod; kubectl takes it apart, without a cluster. Its three probes are asked, and then what `helm test` asks.

runs_as_rendered() {
    local part
    for part in helm kubectl; do
        [ -x "$PARTS/bin/$part" ] && continue
        echo "MISSING: $part: tests/real/parts.sh fetches it" >&2
        [ -z "${CI:-}" ] || bad "the chart cannot be rendered"
        return 0
    done
    rendered plain deployment.yaml
    rendered blackbox deployment.yaml --set personality=blackbox
    rendered pages deployment.yaml --set personality=alertmanager
    rendered stored deployment.yaml --set persistence.enabled=true
    rendered node daemonset.yaml --values charts/noroshi/ci/daemonset-values.yaml
    rendered set statefulset.yaml --values charts/noroshi/ci/statefulset-values.yaml
    rendered pages-set statefulset.yaml --set personality=alertmanager,mode=statefulset
    rendered objects-node daemonset.yaml --set personality=kubeStateMetrics,mode=daemonset
    rendered objects-set statefulset.yaml --set personality=kubeStateMetrics,mode=statefulset,replicas=2
}

# rendered NAME TEMPLATE HELM-ARGUMENT...
rendered() {
    local name=rendered-$1 workload=$2 pod='.spec.template.spec' container port path probe line
    shift 2
    values=("$@" --set "startupProbe.failureThreshold=30")
    container="(index $pod.containers 0)"
    expect "$name: the image is this version's" [ "$(field "$workload" "{{$container.image}}")" = "noroshi:$VERSION" ]
    expect "$name: its root is read-only, and it has no capability" \
        [ "$(field "$workload" "{{with $container.securityContext}}{{.readOnlyRootFilesystem}} {{.capabilities.drop}}{{end}}")" = "true [ALL]" ]
    local arguments=() options=(--user "$(field "$workload" "{{$pod.securityContext.runAsUser}}:{{$pod.securityContext.runAsGroup}}")")
    while IFS= read -r line; do options+=(--env "$line"); done < <(variables "$workload" "$container")
    while IFS= read -r line; do arguments+=("$(named "$line")"); done < <(field "$workload" "{{range $container.args}}{{.}}{{\"\n\"}}{{end}}")
    # There is no cluster to ask; that it lives without one is what liveness is for.
    [ "${arguments[0]}" != kube-state-metrics ] || arguments+=(--apiserver=http://127.0.0.1:1)
    mounts "$workload" "$container" "$name"
    strictly "$name" "$(field "$workload" "{{range $pod.securityContext.sysctls}}{{.value}}{{else}}1 0{{end}}")" "${options[@]}" "${mounted[@]}" \
        --entrypoint "$(field "$workload" "{{index $container.command 0}}")" localhost/noroshi-test:noroshi "${arguments[@]}"
    port=$(field "$workload" "{{(index $container.ports 0).containerPort}}")
    for probe in startupProbe livenessProbe readinessProbe; do
        [ "${arguments[0]}$probe" != kube-state-metricsreadinessProbe ] || continue
        path=$(field "$workload" "{{$container.$probe.httpGet.path}}")
        expect "$name: $probe $path" answers "$name" "$port" "$path" '^HTTP/1.[01] 200'
    done
    [ "${arguments[0]}" = kube-state-metrics ] || passes_helms_test "$name" "$port"
    ends "$name"
}

# field TEMPLATE GO-TEMPLATE: of what the chart renders for ${values[@]}.
field() {
    "$PARTS/bin/helm" template watch charts/noroshi "${values[@]}" --show-only "templates/$1" 2>/dev/null |
        "$PARTS/bin/kubectl" label --local -f - shown=yes -o "go-template=$2"
}

# What a kubelet would put in the place of a pod's own fields.
named() { sed 's/$(NODE_NAME)/beacon/g; s/$(NODE_IP)/127.0.0.1/g; s/$(POD_INDEX)/0/g' <<<"$1"; }

variables() {
    local line
    field "$1" "{{range $2.env}}{{.name}}={{if .value}}{{.value}}{{else}}\$({{.name}}){{end}}{{\"\n\"}}{{end}}" | while IFS= read -r line; do named "$line"; done
}

# mounts TEMPLATE CONTAINER NAME: into ${mounted[@]}; what the ConfigMap holds, and an empty folder for what is kept.
mounts() {
    local path volume key folder
    mounted=()
    while read -r volume path; do
        folder=$STORE/rendered/$3/$volume
        rm -rf "$folder"
        install -d -o 65532 -g 65532 "$folder"
        mounted+=(--volume "$folder:$path")
        [ "$volume" = config ] || continue
        while IFS= read -r key; do
            field config.yaml "{{index .data \"$key\"}}" >"$folder/$key"
        done < <(field config.yaml '{{range $key, $_ := .data}}{{$key}}{{"\n"}}{{end}}')
        mounted[-1]+=:ro
    done < <(field "$1" "{{range $2.volumeMounts}}{{.name}} {{.mountPath}}{{\"\n\"}}{{end}}")
}

# The pod of `helm test` asks the Service; here, what the Service would lead to.
passes_helms_test() {
    local line asked=()
    while IFS= read -r line; do
        asked+=("$(sed "s|watch-noroshi\.default\.svc:[0-9]*|127.0.0.1:$2|" <<<"$line")")
    done < <(field tests/asks.yaml '{{range (index .spec.containers 0).args}}{{.}}{{"\n"}}{{end}}')
    expect "$1: helm's test (${asked[*]})" quietly podman exec "$1" /bin/noroshi "${asked[@]}"
}
