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

{{/* "true" where noroshi itself tells people, as far as its configuration is seen here. */}}
{{- define "noroshi.tells" -}}
{{- $named := false -}}
{{- if kindIs "map" .Values.config }}{{ $named = not (empty (get .Values.config "receivers")) }}{{ end -}}
{{- if kindIs "string" .Values.config }}{{ $named = regexMatch "(?m)^\\s*\\[receivers[.\\]]" .Values.config }}{{ end -}}
{{- and (eq .Values.personality "noroshi") $named -}}
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
