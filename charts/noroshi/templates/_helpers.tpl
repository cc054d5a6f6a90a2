{{- define "noroshi.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "noroshi.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "noroshi.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What never changes, for it chooses the pods. */}}
{{- define "noroshi.selector" -}}
app.kubernetes.io/name: {{ include "noroshi.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "noroshi.labels" -}}
{{ include "noroshi.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: {{ .Values.personality }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
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
{{- if .registry }}{{ .registry }}/{{ end }}{{ .repository }}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ default $.Chart.AppVersion .tag }}{{ end }}
{{- end -}}
{{- end -}}

{{- define "noroshi.configMap" -}}
{{- default (include "noroshi.fullname" .) .Values.existingConfigMap -}}
{{- end -}}

{{/* All that differs between the personalities, in one place. */}}
{{- define "noroshi.personality" -}}
{{- if eq .Values.personality "blackbox" }}
port: 9115
folder: /etc/blackbox_exporter
ready: /-/healthy
args:
  - blackbox
  - --config.file=/etc/blackbox_exporter/config.yml
  # blackbox_exporter reads its file again only when told so; here nobody would tell it that the ConfigMap has changed.
  - --config.enable-auto-reload
{{- else }}
port: 10070
folder: /etc/noroshi
ready: /-/ready
args:
  - run
  # A folder: every *.toml and *.yaml in it. Their changes are noticed by themselves.
  - --config.file=/etc/noroshi
{{- end }}
{{- end -}}

{{/* probe: the given one, asking a path over HTTP where it has no handler of its own. */}}
{{- define "noroshi.probe" -}}
{{- $probe := deepCopy .probe -}}
{{- if not (or (hasKey $probe "httpGet") (hasKey $probe "exec") (hasKey $probe "tcpSocket") (hasKey $probe "grpc")) -}}
{{- $_ := set $probe "httpGet" (dict "path" .path "port" "http") -}}
{{- end -}}
{{- toYaml $probe -}}
{{- end -}}

{{- define "noroshi.podSecurityContext" -}}
{{- $context := deepCopy .Values.podSecurityContext -}}
{{- if eq .Values.icmp.mode "sysctl" -}}
{{- if .Values.hostNetwork -}}
{{- fail "icmp.mode=sysctl sets a sysctl of the pod's own network, which a pod with hostNetwork does not have: set icmp.mode=none, and net.ipv4.ping_group_range on the nodes" -}}
{{- end -}}
{{- $own := dict "name" "net.ipv4.ping_group_range" "value" "0 2147483647" -}}
{{- $_ := set $context "sysctls" (append (default list $context.sysctls) $own) -}}
{{- end -}}
{{- toYaml $context -}}
{{- end -}}
