{{- define "noroshi.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* A Service's name holds no dot, a release's may. */}}
{{- define "noroshi.fullname" -}}
{{- $name := include "noroshi.name" . -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $full .Values.fullnameOverride | replace "." "-" | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "noroshi.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{/* What never changes, for it chooses the pods. */}}
{{- define "noroshi.selector" -}}
app.kubernetes.io/name: {{ include "noroshi.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Merged, the first wins: a key that stands twice is refused by what reads YAML strictly. */}}
{{- define "noroshi.labels" -}}
{{- $chart := printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" -}}
{{- $usual := dict "app.kubernetes.io/version" .Chart.AppVersion "app.kubernetes.io/component" .Values.personality "app.kubernetes.io/managed-by" .Release.Service "helm.sh/chart" $chart -}}
{{- merge (include "noroshi.selector" . | fromYaml) (default dict .Values.commonLabels) $usual | toYaml -}}
{{- end -}}

{{/* root, own: those of every object, and an object's own. */}}
{{- define "noroshi.ownLabels" -}}
{{- merge (deepCopy (default dict .own)) (include "noroshi.labels" .root | fromYaml) | toYaml -}}
{{- end -}}

{{- define "noroshi.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "noroshi.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "noroshi.image" -}}
{{- with .Values.image -}}
{{- with default .registry $.Values.global.imageRegistry }}{{ . }}/{{ end }}{{ .repository }}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ default $.Chart.AppVersion .tag }}{{ end }}
{{- end -}}
{{- end -}}

{{/* The release's and the chart's own, as a field of a pod; nothing where there are none. */}}
{{- define "noroshi.imagePullSecrets" -}}
{{- $all := .Values.imagePullSecrets -}}
{{- range .Values.global.imagePullSecrets -}}
{{- $all = append $all (ternary (dict "name" .) . (kindIs "string" .)) -}}
{{- end -}}
{{- if $all -}}
{{- dict "imagePullSecrets" (uniq $all) | toYaml -}}
{{- end -}}
{{- end -}}

{{/* Where its configuration comes from, as the source of a volume. */}}
{{- define "noroshi.configVolume" -}}
{{- if .Values.existingConfigMap -}}
configMap:
  name: {{ .Values.existingConfigMap }}
{{- else if or .Values.existingSecret .Values.secretConfig -}}
secret:
  secretName: {{ default (include "noroshi.fullname" .) .Values.existingSecret }}
{{- else -}}
configMap:
  name: {{ include "noroshi.fullname" . }}
{{- end -}}
{{- end -}}

{{/* The path before every path: empty, or with a slash in front and none behind. */}}
{{- define "noroshi.prefix" -}}
{{- $path := default (urlParse .Values.web.externalUrl).path .Values.web.routePrefix | trimAll "/" -}}
{{- if $path }}/{{ $path }}{{ end -}}
{{- end -}}

{{/* The key of the drop-in's file. */}}
{{- define "noroshi.configKey" -}}
{{- default (ternary "alertmanager.yml" "config.yml" (eq .Values.personality "alertmanager")) .Values.configKey -}}
{{- end -}}

{{/* "true" where what it knows is on a volume. */}}
{{- define "noroshi.persistent" -}}
{{- $asked := .Values.persistence.enabled -}}
{{- ternary (eq .Values.personality "alertmanager") (eq (toString $asked) "true") (kindIs "invalid" $asked) -}}
{{- end -}}

{{/* All that differs between the personalities, in one place. */}}
{{- define "noroshi.personality" -}}
{{- $prefix := include "noroshi.prefix" . -}}
healthy: {{ $prefix }}/-/healthy
metrics: {{ $prefix }}/metrics
probe: {{ $prefix }}/probe
{{- if eq .Values.personality "blackbox" }}
port: {{ default 9115 .Values.web.port }}
folder: /etc/blackbox_exporter
storage: ""
ready: {{ $prefix }}/-/healthy
maxRequests: {{ default 256 .Values.web.maxRequests }}
args:
  - blackbox
  - --config.file=/etc/blackbox_exporter/{{ include "noroshi.configKey" . }}
  # blackbox_exporter reads its file again only when told so; here nobody would tell it that the ConfigMap has changed.
  - --config.enable-auto-reload
{{- else if eq .Values.personality "kubeStateMetrics" }}
healthy: /healthz
metrics: /metrics
port: {{ default 8080 .Values.web.port }}
telemetry: {{ .Values.web.telemetryPort }}
# Flags alone, no file.
folder: ""
storage: ""
ready: /readyz
maxRequests: 0
args:
  {{- include "noroshi.kubeStateMetricsArgs" . | nindent 2 }}
{{- else if eq .Values.personality "alertmanager" }}
port: {{ default 9093 .Values.web.port }}
folder: /etc/alertmanager
storage: /alertmanager
ready: {{ $prefix }}/-/ready
maxRequests: {{ .Values.web.maxRequests }}
args:
  - alertmanager
  - --config.file=/etc/alertmanager/{{ include "noroshi.configKey" . }}
  - --storage.path=/alertmanager
  # Alertmanager reads its file again only when told so; here nobody would tell it that the ConfigMap has changed.
  - --config.enable-auto-reload
{{- else }}
port: {{ default 10070 .Values.web.port }}
folder: /etc/noroshi
storage: {{ ternary "/var/lib/noroshi" "" (eq (include "noroshi.persistent" .) "true") | quote }}
ready: {{ $prefix }}/-/ready
maxRequests: {{ .Values.web.maxRequests }}
args:
  - run
  # A folder: every *.toml, *.yaml and *.yml in it. Their changes are noticed by themselves.
  - --config.file=/etc/noroshi
{{- end }}
{{- end -}}

{{/* The personality's arguments, and those for `web`. */}}
{{- define "noroshi.args" -}}
{{- $own := include "noroshi.personality" . | fromYaml -}}
{{- $args := $own.args -}}
{{- if ne .Values.personality "kubeStateMetrics" -}}
{{- /* By the port alone, which means both families: the default of noroshi is IPv4. */ -}}
{{- $args = append $args (printf "--web.listen-address=:%v" $own.port) -}}
{{- $most := ternary "--web.get-concurrency" "--web.max-requests" (eq .Values.personality "alertmanager") -}}
{{- with $own.maxRequests }}{{ $args = append $args (printf "%s=%v" $most .) }}{{ end -}}
{{- with .Values.web -}}
{{- with .routePrefix }}{{ $args = append $args (printf "--web.route-prefix=%s" .) }}{{ end -}}
{{- with .externalUrl }}{{ $args = append $args (printf "--web.external-url=%s" .) }}{{ end -}}
{{- with .configSecret }}{{ $args = append $args "--web.config.file=/etc/noroshi-web/web-config.yml" }}{{ end -}}
{{- end -}}
{{- end -}}
{{- concat $args (default list .Values.extraArgs) | toYaml -}}
{{- end -}}

{{/* probe, path, web: the given one; where it has no handler of its own, it asks a path over HTTP. */}}
{{- define "noroshi.probe" -}}
{{- $probe := deepCopy .probe -}}
{{- if not (or (hasKey $probe "exec") (hasKey $probe "tcpSocket") (hasKey $probe "grpc")) -}}
{{- if and .web.credentials (not (hasKey $probe "httpGet")) -}}
{{- $_ := set $probe "tcpSocket" (dict "port" "http") -}}
{{- else -}}
{{- $usual := dict "path" .path "port" "http" "scheme" (upper .web.scheme) -}}
{{- $_ := set $probe "httpGet" (merge (default dict $probe.httpGet) $usual) -}}
{{- end -}}
{{- end -}}
{{- toYaml $probe -}}
{{- end -}}

{{- define "noroshi.podSecurityContext" -}}
{{- $context := deepCopy (default dict .Values.podSecurityContext) -}}
{{- if and (eq .Values.icmp.mode "sysctl") (ne .Values.personality "kubeStateMetrics") -}}
{{- $own := dict "name" "net.ipv4.ping_group_range" "value" "0 2147483647" -}}
{{- $sysctls := list $own -}}
{{- range $context.sysctls -}}
{{- if eq .name $own.name }}{{ fail "net.ipv4.ping_group_range is icmp.mode's to set: set icmp.mode=none for one of your own" }}{{ end -}}
{{- $sysctls = append $sysctls . -}}
{{- end -}}
{{- $_ := set $context "sysctls" $sysctls -}}
{{- end -}}
{{- toYaml $context -}}
{{- end -}}

{{- define "noroshi.topologySpreadConstraints" -}}
{{- $all := list -}}
{{- range .Values.topologySpreadConstraints -}}
{{- $own := deepCopy . -}}
{{- if not (hasKey $own "labelSelector") -}}
{{- $_ := set $own "labelSelector" (dict "matchLabels" (include "noroshi.selector" $ | fromYaml)) -}}
{{- end -}}
{{- $all = append $all $own -}}
{{- end -}}
{{- toYaml $all -}}
{{- end -}}

{{/* What the schema cannot say: values that contradict each other. */}}
{{- define "noroshi.validate" -}}
{{- include "noroshi.validateRoles" . -}}
{{- include "noroshi.validateKubeStateMetrics" . -}}
{{- $kube := eq .Values.personality "kubeStateMetrics" -}}
{{- if and .Values.hostNetwork (not $kube) (eq .Values.icmp.mode "sysctl") -}}
{{- fail "icmp.mode=sysctl sets a sysctl of the pod's own network, which a pod with hostNetwork does not have: set icmp.mode=none, and net.ipv4.ping_group_range on the nodes" -}}
{{- end -}}
{{- if and .Values.existingConfigMap .Values.existingSecret -}}
{{- fail "existingConfigMap and existingSecret: one of them" -}}
{{- end -}}
{{- if and .Values.config (or .Values.existingConfigMap .Values.existingSecret) -}}
{{- fail "config would not be read: existingConfigMap or existingSecret is taken instead" -}}
{{- end -}}
{{- if and (not .Values.web.configSecret) (or .Values.web.credentials (eq .Values.web.scheme "https")) -}}
{{- fail "web.scheme=https and web.credentials say what the file in web.configSecret does: set that" -}}
{{- end -}}
{{- range $flag, $value := dict "--web.listen-address" "web.port" "--web.route-prefix" "web.routePrefix" "--web.external-url" "web.externalUrl" "--web.config.file" "web.configSecret" "--web.max-requests" "web.maxRequests" "--web.get-concurrency" "web.maxRequests" "--storage.path" "persistence" "--config.file" "config" "--port" "web.port" "--telemetry-port" "web.telemetryPort" "--tls-config" "web.configSecret" "--resources" "collectors" "--namespaces=" "namespaces" "--namespaces-denylist" "namespacesDenylist" -}}
{{- range $.Values.extraArgs -}}
{{- if hasPrefix $flag . }}{{ fail (printf "extraArgs: set %s instead of %s, for the rest of the chart to follow" $value $flag) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- if and (eq .Values.personality "alertmanager") (gt (int .Values.replicas) 1) -}}
{{- fail "replicas: one alertmanager; two would tell everything twice, for they do not know of each other" -}}
{{- end -}}
{{- $persistent := eq (include "noroshi.persistent" .) "true" -}}
{{- if and $persistent (or $kube (eq .Values.personality "blackbox")) -}}
{{- fail (printf "persistence.enabled: %s keeps nothing" .Values.personality) -}}
{{- end -}}
{{- if and $persistent (gt (int .Values.replicas) 1) -}}
{{- fail "replicas: one with persistence.enabled, for two could not write to one volume" -}}
{{- end -}}
{{- if and .Values.persistence.existingClaim (not $persistent) -}}
{{- fail "persistence.existingClaim would not be used: set persistence.enabled" -}}
{{- end -}}
{{- if and .Values.templates (or (ne .Values.personality "alertmanager") .Values.existingConfigMap .Values.existingSecret) -}}
{{- fail "templates stand beside alertmanager's own config: put them into the existing ConfigMap or Secret" -}}
{{- end -}}
{{- if and (eq .Values.personality "noroshi") (kindIs "map" .Values.config) -}}
{{- if and $persistent (hasKey (default dict .Values.config.store) "path") }}{{ fail "config.store.path: set persistence instead, for the rest of the chart to follow" }}{{ end -}}
{{- range $key, $value := dict "listen_address" "web.port" "route_prefix" "web.routePrefix" "external_url" "web.externalUrl" "config_file" "web.configSecret" -}}
{{- if hasKey (default dict $.Values.config.web) $key }}{{ fail (printf "config.web.%s: set %s instead, for the rest of the chart to follow" $key $value) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
