{{/* What the schema cannot say: values that contradict each other. */}}
{{- define "noroshi.validate" -}}
{{- include "noroshi.validateRoles" . -}}
{{- include "noroshi.validateKubeStateMetrics" . -}}
{{- include "noroshi.validateMode" . -}}
{{- include "noroshi.validateObserved" . -}}
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
{{- if and $persistent (gt (int .Values.replicas) 1) (or (eq .Values.mode "deployment") .Values.persistence.existingClaim) -}}
{{- fail "replicas: one with persistence.enabled, for two could not write to one volume: set mode=statefulset for a volume each" -}}
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

{{/* What a mode has not. */}}
{{- define "noroshi.validateMode" -}}
{{- $mode := .Values.mode -}}
{{- if eq $mode "daemonset" -}}
{{- if eq .Values.personality "alertmanager" }}{{ fail "mode=daemonset: one alertmanager; one on each node would tell everything as often as there are nodes" }}{{ end -}}
{{- if eq (include "noroshi.persistent" .) "true" }}{{ fail "persistence.enabled: the pods of a DaemonSet have no volumes of their own: set mode=statefulset" }}{{ end -}}
{{- if ne (int .Values.replicas) 1 }}{{ fail "replicas: a DaemonSet has a pod on each node: choose nodes with nodeSelector, tolerations and affinity" }}{{ end -}}
{{- if .Values.podDisruptionBudget.enabled }}{{ fail "podDisruptionBudget.enabled: a drain leaves the pods of a DaemonSet where they are: there is nothing to limit" }}{{ end -}}
{{- if .Values.topologySpreadConstraints }}{{ fail "topologySpreadConstraints: a DaemonSet has a pod on each node already" }}{{ end -}}
{{- end -}}
{{- if eq $mode "statefulset" -}}
{{- if eq .Values.personality "blackbox" }}{{ fail "mode=statefulset: pods of blackbox do not differ, and keep nothing: set mode=deployment" }}{{ end -}}
{{- if gt (len (include "noroshi.fullname" .)) 52 }}{{ fail (printf "fullnameOverride: %s is too long for mode=statefulset, whose pods have it in a label: 52 characters" (include "noroshi.fullname" .)) }}{{ end -}}
{{- end -}}
{{- if and (eq .Values.updateStrategy.type "Recreate") (ne $mode "deployment") }}{{ fail (printf "updateStrategy.type=Recreate: mode=%s has RollingUpdate and OnDelete" $mode) }}{{ end -}}
{{- if and (eq .Values.updateStrategy.type "OnDelete") (eq $mode "deployment") }}{{ fail "updateStrategy.type=OnDelete: mode=deployment has RollingUpdate and Recreate" }}{{ end -}}
{{- range $key, $_ := .Values.updateStrategy.rollingUpdate -}}
{{- if ne (eq $key "partition") (eq $mode "statefulset") -}}
{{- if not (and (eq $key "maxUnavailable") (eq $mode "statefulset")) }}{{ fail (printf "updateStrategy.rollingUpdate.%s: mode=%s has no such thing" $key $mode) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Who watches it, and who may reach it. */}}
{{- define "noroshi.validateObserved" -}}
{{- with .Values -}}
{{- if and .podMonitor.enabled .serviceMonitor.enabled }}{{ fail "podMonitor.enabled and serviceMonitor.enabled: one of them, or everything is scraped twice" }}{{ end -}}
{{- range list "caFile" "certFile" "keyFile" -}}
{{- if and $.Values.podMonitor.enabled (get $.Values.serviceMonitor.tlsConfig .) }}{{ fail (printf "serviceMonitor.tlsConfig.%s: a PodMonitor takes no files: name a Secret or a ConfigMap" .) }}{{ end -}}
{{- end -}}
{{- if .networkPolicy.enabled -}}
{{- if .hostNetwork }}{{ fail "networkPolicy.enabled: no policy holds for the node's network: hostNetwork has the pods there" }}{{ end -}}
{{- if not (or .networkPolicy.namespaces .networkPolicy.from) }}{{ fail "networkPolicy.enabled: say who may ask, in networkPolicy.namespaces or networkPolicy.from" }}{{ end -}}
{{- end -}}
{{- if and .podDisruptionBudget.enabled (not (kindIs "invalid" .podDisruptionBudget.minAvailable)) (not (kindIs "invalid" .podDisruptionBudget.maxUnavailable)) }}{{ fail "podDisruptionBudget: minAvailable or maxUnavailable" }}{{ end -}}
{{- if and .ingress.enabled (not .ingress.hosts) }}{{ fail "ingress.enabled: name its hosts in ingress.hosts" }}{{ end -}}
{{- if and .httpRoute.enabled (not .httpRoute.parentRefs) }}{{ fail "httpRoute.enabled: name its gateway in httpRoute.parentRefs" }}{{ end -}}
{{- if and .alertmanager.url (ne .personality "noroshi") }}{{ fail (printf "alertmanager.url: %s sends no alerts there" .personality) }}{{ end -}}
{{- if and .alertmanager.existingSecret (not .alertmanager.url) }}{{ fail "alertmanager.existingSecret: it is for alertmanager.url: set that" }}{{ end -}}
{{- end -}}
{{- end -}}
