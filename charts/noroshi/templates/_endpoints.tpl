{{/* What ServiceMonitor and PodMonitor have in common: whom they choose, and how much a scrape may bring. */}}
{{- define "noroshi.monitor" -}}
{{- with .Values.serviceMonitor -}}
namespaceSelector:
  matchNames: [{{ include "noroshi.namespace" $ }}]
selector:
  matchLabels:
    {{- include "noroshi.selector" $ | nindent 4 }}
  {{- if and .enabled (eq $.Values.mode "statefulset") }}
  matchExpressions:
    - { key: service.kubernetes.io/headless, operator: DoesNotExist }
  {{- end }}
{{- range list "sampleLimit" "labelLimit" "scrapeProtocols" "convertClassicHistogramsToNHCB" }}
{{- if get $.Values.serviceMonitor . }}
{{ dict . (get $.Values.serviceMonitor .) | toYaml }}
{{- end }}
{{- end }}
{{- end -}}
{{- end -}}

{{/* Endpoints of ServiceMonitor or PodMonitor: /metrics, that of the objects of clusters, then one for each target. */}}
{{- define "noroshi.endpoints" -}}
{{- $own := include "noroshi.personality" . | fromYaml -}}
{{- $monitor := .Values.serviceMonitor -}}
{{- if and $monitor.targets (ne .Values.personality "blackbox") -}}
{{- fail "serviceMonitor.targets are what personality=blackbox probes; noroshi has its checks in config, and all of them on /metrics" -}}
{{- end -}}
{{- /* A PodMonitor's own job would be namespace/name, and a pod's node is what it is chosen for. */ -}}
{{- $place := list -}}
{{- if .Values.podMonitor.enabled -}}
{{- if not (or $monitor.jobLabel $own.telemetry) }}{{ $place = append $place (dict "targetLabel" "job" "replacement" (include "noroshi.fullname" .)) }}{{ end -}}
{{- $place = append $place (dict "sourceLabels" (list "__meta_kubernetes_pod_node_name") "targetLabel" "node") -}}
{{- end -}}
{{- /* Where it watches clusters, `cluster` of noroshi_cluster_* is the one that is meant, whatever the target has. */ -}}
{{- $shows := eq (include "noroshi.showsObjects" .) "true" -}}
{{- $endpoint := dict "path" $own.metrics "honorLabels" $shows "relabelings" (concat $place $monitor.relabelings) "metricRelabelings" $monitor.metricRelabelings -}}
{{- /* Rules and dashboards choose by this job, and by the namespace, pod and container of the object: those of the target, which is this pod, would take their place. So would its node. */ -}}
{{- $job := list -}}
{{- if not $monitor.jobLabel }}{{ $job = list (dict "targetLabel" "job" "replacement" "kube-state-metrics") }}{{ end -}}
{{- $drop := dict "action" "labeldrop" "regex" "(pod|service|endpoint|namespace|container)" -}}
{{- $objects := dict "path" $own.metrics "honorLabels" true "relabelings" (concat $job (list $drop) $monitor.relabelings) "metricRelabelings" $monitor.metricRelabelings -}}
{{- if $own.telemetry }}{{ $endpoint = $objects }}{{ end -}}
{{- $all := list (include "noroshi.endpoint" (dict "web" .Values.web "monitor" $monitor "name" "/metrics" "given" $monitor "own" $endpoint) | fromYaml) -}}
{{- if $own.telemetry -}}
{{- $endpoint := dict "port" "telemetry" "path" "/metrics" "relabelings" (concat $place $job $monitor.relabelings) "metricRelabelings" $monitor.metricRelabelings -}}
{{- $all = append $all (include "noroshi.endpoint" (dict "web" .Values.web "monitor" $monitor "name" "its own metrics" "given" $monitor "own" $endpoint) | fromYaml) -}}
{{- end -}}
{{- if $shows -}}
{{- $endpoint := set $objects "path" (printf "%s/kube" $own.metrics) -}}
{{- $all = append $all (include "noroshi.endpoint" (dict "web" .Values.web "monitor" $monitor "name" "/metrics/kube" "given" $monitor "own" $endpoint) | fromYaml) -}}
{{- end -}}
{{- range $monitor.targets -}}
{{- $defaults := $monitor.targetDefaults -}}
{{- $module := default $defaults.module .module -}}
{{- if and (kindIs "map" $.Values.config) (not (hasKey (default dict $.Values.config.modules) $module)) -}}
{{- fail (printf "serviceMonitor.targets: %s wants the module %s, which config does not have" .name $module) -}}
{{- end -}}
{{- $params := dict "module" (list $module) "target" (list .url) -}}
{{- with .hostname }}{{ $_ := set $params "hostname" (list .) }}{{ end -}}
{{- /* Before the scrape, so that `up` too is that of the target. */ -}}
{{- $relabelings := append $place (dict "sourceLabels" (list "__param_target") "targetLabel" "instance") -}}
{{- range $label, $value := merge (dict "target" .name) (default dict .labels) $defaults.labels -}}
{{- /* A dollar would be taken for a group of the expression. */ -}}
{{- $relabelings = append $relabelings (dict "targetLabel" $label "replacement" ($value | replace "$" "$$")) -}}
{{- end -}}
{{- $relabelings = concat $relabelings (default list $defaults.relabelings) (default list .relabelings) -}}
{{- $changes := concat (default list $defaults.metricRelabelings) (default list .metricRelabelings) -}}
{{- $endpoint := dict "path" $own.probe "params" $params "relabelings" $relabelings "metricRelabelings" $changes -}}
{{- $given := dict "interval" (coalesce .interval $defaults.interval $monitor.interval) "scrapeTimeout" (coalesce .scrapeTimeout $defaults.scrapeTimeout $monitor.scrapeTimeout) -}}
{{- $all = append $all (include "noroshi.endpoint" (dict "web" $.Values.web "monitor" $monitor "name" .name "given" $given "own" $endpoint) | fromYaml) -}}
{{- end -}}
{{- toYaml $all -}}
{{- end -}}

{{/* "true" where noroshi shows the objects of clusters: of the one it runs in, or of others that config names. */}}
{{- define "noroshi.showsObjects" -}}
{{- $named := and (kindIs "map" .Values.config) (not (empty (get (default dict .Values.config) "clusters"))) -}}
{{- and (eq .Values.personality "noroshi") (or .Values.clusters.enabled $named) -}}
{{- end -}}

{{/* One of them: what all have in common, the times that are given, and its own; empty fields are left out. */}}
{{- define "noroshi.endpoint" -}}
{{- $interval := .given.interval -}}
{{- $timeout := .given.scrapeTimeout -}}
{{- /* The operator would leave out the whole ServiceMonitor, and say so in its log alone. */ -}}
{{- if and $interval $timeout (gt (include "noroshi.milliseconds" $timeout | int64) (include "noroshi.milliseconds" $interval | int64)) -}}
{{- fail (printf "serviceMonitor: scrapeTimeout %s of %s is longer than its interval %s" $timeout .name $interval) -}}
{{- end -}}
{{- $all := dict "port" (default "http" .own.port) "scheme" (default .web.scheme .monitor.scheme) "interval" $interval "scrapeTimeout" $timeout -}}
{{- range list "tlsConfig" "basicAuth" "authorization" "honorLabels" }}{{ $_ := set $all . (get $.monitor .) }}{{ end -}}
{{- if .own.honorLabels }}{{ $_ := set $all "honorLabels" true }}{{ end -}}
{{- range $key, $value := merge $all .own }}
{{- if $value }}
{{ dict $key $value | toYaml }}
{{- end }}
{{- end }}
{{- end -}}

{{/* A duration as Prometheus writes it, 1h30m. */}}
{{- define "noroshi.milliseconds" -}}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 "w" 604800000 "y" 31536000000 -}}
{{- $sum := 0 -}}
{{- range regexFindAll "[0-9]+[a-z]+" . -1 -}}
{{- $sum = add $sum (mul (regexFind "[0-9]+" . | int64) (get $units (regexFind "[a-z]+" .))) -}}
{{- end -}}
{{- $sum -}}
{{- end -}}
