{{/* "true" where it asks the API server of the cluster it runs in: then it has a token, and a role. */}}
{{- define "noroshi.asksCluster" -}}
{{- or (eq .Values.personality "kubeStateMetrics") .Values.clusters.enabled -}}
{{- end -}}

{{/* Names as a list, whether they were given as one or with commas between them. */}}
{{- define "noroshi.names" -}}
{{- $given := . -}}
{{- if kindIs "string" . }}{{ $given = splitList "," . }}{{ end -}}
{{- $names := list -}}
{{- range $given }}{{ with trim . }}{{ $names = append $names . }}{{ end }}{{ end -}}
{{- uniq $names | toYaml -}}
{{- end -}}

{{/* What is collected, by name, each with its place in the API. kube-state-metrics' place is taken with what it knows. */}}
{{- define "noroshi.collectors" -}}
{{- $all := dict -}}
{{- range $name, $own := .Files.Get "files/collectors.yaml" | fromYaml -}}
{{- if not (and $own.ours (eq $.Values.personality "kubeStateMetrics")) }}{{ $_ := set $all $name $own }}{{ end -}}
{{- end -}}
{{- $chosen := dict -}}
{{- /* Each node shows its own pods; of everything else each would show all. */ -}}
{{- $own := and (eq .Values.personality "kubeStateMetrics") (eq .Values.mode "daemonset") -}}
{{- if and $own (not .Values.collectors) }}{{ $_ := set $chosen "pods" $all.pods }}{{ end -}}
{{- range $name := .Values.collectors -}}
{{- if not (hasKey $all $name) }}{{ fail (printf "collectors: nothing collects %s; there are %s" $name (keys $all | sortAlpha | join ", ")) }}{{ end -}}
{{- $_ := set $chosen $name (get $all $name) -}}
{{- end -}}
{{- if not (or .Values.collectors $own) -}}
{{- range $name, $own := $all -}}
{{- if and $own.default (or $own.namespaced $.Values.rbac.useClusterRole) }}{{ $_ := set $chosen $name $own }}{{ end -}}
{{- end -}}
{{- end -}}
{{- toYaml $chosen -}}
{{- end -}}

{{/* The rules for collectors: one for each group, as `noroshi rbac` has them. */}}
{{- define "noroshi.rules" -}}
{{- $groups := dict -}}
{{- range . -}}
{{- $alike := printf "%s %s" .apiGroup (join "," .verbs) -}}
{{- $_ := set $groups $alike (append (default list (get $groups $alike)) .resource) -}}
{{- end -}}
{{- $rules := list -}}
{{- range $alike, $resources := $groups -}}
{{- $parts := splitList " " $alike -}}
{{- $rules = append $rules (dict "apiGroups" (list (first $parts)) "resources" (sortAlpha $resources) "verbs" (last $parts | splitList ",")) -}}
{{- end -}}
{{- toYaml $rules -}}
{{- end -}}

{{/* Its roles: the rules of each, and the namespace; where it is empty, they hold in all of them and beyond. That of
kubeStateMetrics is one for all, whatever it shows, as in kube-state-metrics' chart. */}}
{{- define "noroshi.roles" -}}
{{- $namespaces := include "noroshi.names" .Values.namespaces | fromYamlArray -}}
{{- if and .Values.rbac.useClusterRole (eq .Values.personality "kubeStateMetrics") }}{{ $namespaces = list }}{{ end -}}
{{- $inside := list -}}
{{- $beyond := list -}}
{{- range include "noroshi.collectors" . | fromYaml -}}
{{- if and $namespaces .namespaced }}{{ $inside = append $inside . }}{{ else }}{{ $beyond = append $beyond . }}{{ end -}}
{{- end -}}
{{- $rules := include "noroshi.rules" $inside | fromYamlArray -}}
{{- $others := include "noroshi.rules" $beyond | fromYamlArray -}}
{{- if $namespaces }}{{ $rules = concat $rules .Values.rbac.extraRules }}{{ else }}{{ $others = concat $others .Values.rbac.extraRules }}{{ end -}}
{{- $roles := list -}}
{{- range ternary $namespaces list (not (empty $rules)) }}{{ $roles = append $roles (dict "namespace" . "rules" $rules) }}{{ end -}}
{{- if $others }}{{ $roles = append $roles (dict "namespace" "" "rules" $others) }}{{ end -}}
{{- toYaml $roles -}}
{{- end -}}

{{/* Roles stand in the whole cluster, or in namespaces that are not the release's own: two releases of one name must not share
one. Neither part has a dot. */}}
{{- define "noroshi.role" -}}
{{ include "noroshi.namespace" . }}.{{ include "noroshi.fullname" . }}
{{- end -}}

{{- define "noroshi.validateRoles" -}}
{{- if and .Values.clusters.enabled (ne .Values.personality "noroshi") }}{{ fail (printf "clusters.enabled: %s has no [clusters.NAME]" .Values.personality) }}{{ end -}}
{{- if eq (include "noroshi.asksCluster" .) "true" -}}
{{- if and .Values.rbac.create (eq (include "noroshi.serviceAccount" .) "default") }}{{ fail "serviceAccount.name: the role would be that of every pod of the namespace: name an account, or set rbac.create=false" }}{{ end -}}
{{- if not .Values.rbac.useClusterRole -}}
{{- if not (include "noroshi.names" .Values.namespaces | fromYamlArray) }}{{ fail "rbac.useClusterRole=false makes a Role in each of namespaces: name them" }}{{ end -}}
{{- range $name, $own := include "noroshi.collectors" . | fromYaml -}}
{{- if not $own.namespaced }}{{ fail (printf "collectors: %s stand in no namespace, and rbac.useClusterRole=false gives no right beyond namespaces" $name) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- else -}}
{{- range list "collectors" "namespaces" -}}
{{- if get $.Values . }}{{ fail (printf "%s: only personality=kubeStateMetrics has that, and noroshi with clusters.enabled" .) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
