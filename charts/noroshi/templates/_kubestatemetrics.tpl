{{/* Names as a list, whether they were given as one or with commas between them. */}}
{{- define "noroshi.names" -}}
{{- $given := . -}}
{{- if kindIs "string" . }}{{ $given = splitList "," . }}{{ end -}}
{{- $names := list -}}
{{- range $given }}{{ with trim . }}{{ $names = append $names . }}{{ end }}{{ end -}}
{{- uniq $names | toYaml -}}
{{- end -}}

{{/* What is collected, by name, each with its place in the API. */}}
{{- define "noroshi.collectors" -}}
{{- $all := .Files.Get "files/collectors.yaml" | fromYaml -}}
{{- $chosen := dict -}}
{{- range $name := .Values.collectors -}}
{{- if not (hasKey $all $name) }}{{ fail (printf "collectors: nothing collects %s; there are %s" $name (keys $all | sortAlpha | join ", ")) }}{{ end -}}
{{- $_ := set $chosen $name (get $all $name) -}}
{{- end -}}
{{- if not .Values.collectors -}}
{{- range $name, $own := $all -}}
{{- if and $own.default (or $own.namespaced $.Values.rbac.useClusterRole) }}{{ $_ := set $chosen $name $own }}{{ end -}}
{{- end -}}
{{- end -}}
{{- toYaml $chosen -}}
{{- end -}}

{{/* The rules of its role: one for each group, as `noroshi rbac` has them, and those that are added. */}}
{{- define "noroshi.rules" -}}
{{- $groups := dict -}}
{{- range $name, $own := include "noroshi.collectors" . | fromYaml -}}
{{- $alike := printf "%s %s" $own.apiGroup (join "," $own.verbs) -}}
{{- $_ := set $groups $alike (append (default list (get $groups $alike)) $name) -}}
{{- end -}}
{{- $rules := list -}}
{{- range $alike, $names := $groups -}}
{{- $parts := splitList " " $alike -}}
{{- $rules = append $rules (dict "apiGroups" (list (first $parts)) "resources" $names "verbs" (last $parts | splitList ",")) -}}
{{- end -}}
{{- concat $rules .Values.rbac.extraRules | toYaml -}}
{{- end -}}

{{/* Roles of the whole cluster are not in a namespace: two releases of one name must not share one. */}}
{{- define "noroshi.role" -}}
{{- if .Values.rbac.useClusterRole }}{{ include "noroshi.namespace" . }}-{{ end }}{{ include "noroshi.fullname" . }}
{{- end -}}

{{- define "noroshi.kubeStateMetricsArgs" -}}
{{- $args := list "kube-state-metrics" (printf "--port=%v" (default 8080 .Values.web.port)) (printf "--telemetry-port=%v" .Values.web.telemetryPort) -}}
{{- $args = append $args (printf "--resources=%s" (include "noroshi.collectors" . | fromYaml | keys | sortAlpha | join ",")) -}}
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
{{- $sharding := "noroshi does not share objects by itself yet: install a release for each shard, with extraArgs --shard and --total-shards" -}}
{{- if and (hasKey .Values "autosharding") (get .Values "autosharding").enabled }}{{ fail (printf "autosharding: %s" $sharding) }}{{ end -}}
{{- range .Values.extraArgs -}}
{{- if or (hasPrefix "--pod=" .) (hasPrefix "--pod-namespace" .) }}{{ fail (printf "extraArgs: %s: %s" . $sharding) }}{{ end -}}
{{- end -}}
{{- if gt (int .Values.replicas) 1 }}{{ fail (printf "replicas: one kubeStateMetrics; two would show every series twice, and %s" $sharding) }}{{ end -}}
{{- if and .Values.metricAllowlist .Values.metricDenylist }}{{ fail "metricAllowlist and metricDenylist: one of them" }}{{ end -}}
{{- if not .Values.rbac.useClusterRole -}}
{{- if not (include "noroshi.names" .Values.namespaces | fromYamlArray) }}{{ fail "rbac.useClusterRole=false makes a Role in each of namespaces: name them" }}{{ end -}}
{{- range $name, $own := include "noroshi.collectors" . | fromYaml -}}
{{- if not $own.namespaced }}{{ fail (printf "collectors: %s stand in no namespace, and rbac.useClusterRole=false gives no right beyond namespaces" $name) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- else -}}
{{- range list "collectors" "namespaces" "namespacesDenylist" "metricAllowlist" "metricDenylist" "metricLabelsAllowlist" "metricAnnotationsAllowList" -}}
{{- if get $.Values . }}{{ fail (printf "%s: only personality=kubeStateMetrics has that" .) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
