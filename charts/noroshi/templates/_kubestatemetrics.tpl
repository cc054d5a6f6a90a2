{{- define "noroshi.kubeStateMetricsArgs" -}}
{{- $args := list "kube-state-metrics" (printf "--port=%v" (default 8080 .Values.web.port)) (printf "--telemetry-port=%v" .Values.web.telemetryPort) -}}
{{- $args = append $args (printf "--resources=%s" (include "noroshi.collectors" . | fromYaml | keys | sortAlpha | join ",")) -}}
{{- if eq .Values.mode "daemonset" }}{{ $args = append $args "--node=$(NODE_NAME)" }}{{ end -}}
{{- if eq .Values.mode "statefulset" }}{{ $args = concat $args (list "--shard=$(POD_INDEX)" (printf "--total-shards=%v" .Values.replicas)) }}{{ end -}}
{{- $lists := list (list "--namespaces" .Values.namespaces) (list "--namespaces-denylist" .Values.namespacesDenylist) (list "--metric-allowlist" .Values.metricAllowlist) (list "--metric-denylist" .Values.metricDenylist) (list "--metric-labels-allowlist" .Values.metricLabelsAllowlist) (list "--metric-annotations-allowlist" .Values.metricAnnotationsAllowList) -}}
{{- range $lists -}}
{{- $names := include "noroshi.names" (last .) | fromYamlArray -}}
{{- if $names }}{{ $args = append $args (printf "%s=%s" (first .) (join "," $names)) }}{{ end -}}
{{- end -}}
{{- if .Values.web.configSecret }}{{ $args = append $args "--tls-config=/etc/noroshi-web/web-config.yml" }}{{ end -}}
{{- toYaml $args -}}
{{- end -}}

{{/* What this personality has and the others have not, and the other way round. */}}
{{- define "noroshi.validateKubeStateMetrics" -}}
{{- if eq .Values.personality "kubeStateMetrics" -}}
{{- range list "config" "existingConfigMap" "existingSecret" "configKey" "secretConfig" -}}
{{- if get $.Values . }}{{ fail (printf "%s: kubeStateMetrics has flags and no file" .) }}{{ end -}}
{{- end -}}
{{- range list "routePrefix" "externalUrl" "maxRequests" -}}
{{- if get $.Values.web . }}{{ fail (printf "web.%s: kubeStateMetrics has no flag for it" .) }}{{ end -}}
{{- end -}}
{{- if eq (default 8080 .Values.web.port | int) (int .Values.web.telemetryPort) }}{{ fail "web.telemetryPort: the objects are shown on that port" }}{{ end -}}
{{- $sharding := "set mode=statefulset, whose pods share the objects: as many parts as there are replicas" -}}
{{- if and (hasKey .Values "autosharding") (get .Values "autosharding").enabled }}{{ fail (printf "autosharding: %s" $sharding) }}{{ end -}}
{{- range $arg := .Values.extraArgs -}}
{{- if or (hasPrefix "--pod=" .) (hasPrefix "--pod-namespace" .) }}{{ fail (printf "extraArgs: %s: %s" . $sharding) }}{{ end -}}
{{- range list "--node" "--shard" "--total-shards" -}}
{{- if and (hasPrefix . $arg) (ne $.Values.mode "deployment") }}{{ fail (printf "extraArgs: %s is what mode=%s sets" . $.Values.mode) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- if and (eq .Values.mode "deployment") (gt (int .Values.replicas) 1) }}{{ fail (printf "replicas: one kubeStateMetrics; two would show every series twice: %s" $sharding) }}{{ end -}}
{{- if eq .Values.mode "statefulset" -}}
{{- if lt (int .Values.replicas) 1 }}{{ fail "replicas: no objects are shown by no pod: set mode=deployment for a release at rest" }}{{ end -}}
{{- if semverCompare "<1.28.0-0" .Capabilities.KubeVersion.Version }}{{ fail "mode=statefulset: the cluster tells a pod its number since Kubernetes 1.28: install a release for each part, with extraArgs --shard and --total-shards" }}{{ end -}}
{{- end -}}
{{- if eq .Values.mode "daemonset" -}}
{{- range $name, $_ := include "noroshi.collectors" . | fromYaml -}}
{{- if ne $name "pods" }}{{ fail (printf "collectors: mode=daemonset shows the pods of each node, and %s have none: install a release of another mode for them" $name) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.metricAllowlist .Values.metricDenylist }}{{ fail "metricAllowlist and metricDenylist: one of them" }}{{ end -}}
{{- else -}}
{{- range list "namespacesDenylist" "metricAllowlist" "metricDenylist" "metricLabelsAllowlist" "metricAnnotationsAllowList" -}}
{{- if get $.Values . }}{{ fail (printf "%s: only personality=kubeStateMetrics has that" .) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
