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

{{/* That of the pod that tests: it is none of those that serve. */}}
{{- define "noroshi.testSelector" -}}
app.kubernetes.io/name: {{ include "noroshi.name" . | trunc 58 }}-test
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

{{/* root, and where they are not the usual: name, namespace (nowhere: `beyond`), labels, annotations. All of an object's metadata. */}}
{{- define "noroshi.metadata" -}}
{{- $all := dict "name" (default (include "noroshi.fullname" .root) .name) -}}
{{- if not .beyond }}{{ $_ := set $all "namespace" (default (include "noroshi.namespace" .root) .namespace) }}{{ end -}}
{{- $_ := set $all "labels" (include "noroshi.ownLabels" (dict "root" .root "own" .labels) | fromYaml) -}}
{{- with merge (deepCopy (default dict .annotations)) (default dict .root.Values.commonAnnotations) }}{{ $_ := set $all "annotations" . }}{{ end -}}
{{- toYaml $all -}}
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

{{/* The Service by which the pods of a StatefulSet have names. */}}
{{- define "noroshi.headless" -}}
{{- include "noroshi.fullname" . | trunc 54 | trimSuffix "-" -}}-headless
{{- end -}}
