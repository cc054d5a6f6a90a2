{{/* The pod, whatever makes it. */}}
{{- define "noroshi.pod" -}}
{{- $own := include "noroshi.personality" . | fromYaml -}}
metadata:
  labels:
    {{- include "noroshi.ownLabels" (dict "root" $ "own" .Values.podLabels) | nindent 4 }}
  {{- with .Values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "noroshi.serviceAccount" . }}
  automountServiceAccountToken: {{ include "noroshi.asksCluster" . }}
  # The variables of Services would be many, and none is read.
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  securityContext:
    {{- include "noroshi.podSecurityContext" . | nindent 4 }}
  {{- if .Values.hostNetwork }}
  hostNetwork: true
  {{- end }}
  dnsPolicy: {{ default (ternary "ClusterFirstWithHostNet" "ClusterFirst" .Values.hostNetwork) .Values.dnsPolicy }}
  {{- with .Values.dnsConfig }}
  dnsConfig:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.hostAliases }}
  hostAliases:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with include "noroshi.imagePullSecrets" . }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if .Values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- include "noroshi.topologySpreadConstraints" . | nindent 4 }}
  {{- end }}
  {{- with .Values.initContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: noroshi
      image: {{ include "noroshi.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      # Named, so that either target of the image may be given.
      command: [/bin/noroshi]
      args:
        {{- include "noroshi.args" . | nindent 8 }}
      {{- with include "noroshi.env" . | fromYamlArray }}
      env:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.extraEnvFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        - name: http
          containerPort: {{ $own.port }}
          protocol: TCP
        {{- with $own.telemetry }}
        - name: telemetry
          containerPort: {{ . }}
          protocol: TCP
        {{- end }}
      {{- with .Values.startupProbe }}
      startupProbe:
        {{- include "noroshi.probe" (dict "probe" . "path" $own.healthy "web" $.Values.web) | nindent 8 }}
      {{- end }}
      {{- with .Values.livenessProbe }}
      livenessProbe:
        {{- include "noroshi.probe" (dict "probe" . "path" $own.healthy "web" $.Values.web) | nindent 8 }}
      {{- end }}
      {{- with .Values.readinessProbe }}
      readinessProbe:
        {{- include "noroshi.probe" (dict "probe" . "path" $own.ready "web" $.Values.web) | nindent 8 }}
      {{- end }}
      {{- with .Values.lifecycle }}
      lifecycle:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- toYaml .Values.securityContext | nindent 8 }}
      volumeMounts:
        {{- with $own.folder }}
        # The folder, not a file in it: a file mounted by subPath would never change.
        - name: config
          mountPath: {{ . }}
          readOnly: true
        {{- end }}
        {{- with $own.storage }}
        - name: storage
          mountPath: {{ . }}
        {{- end }}
        {{- if .Values.web.configSecret }}
        - name: web-config
          mountPath: /etc/noroshi-web
          readOnly: true
        {{- end }}
        {{- if .Values.alertmanager.existingSecret }}
        - name: alertmanager
          mountPath: /etc/noroshi-alertmanager
          readOnly: true
        {{- end }}
        {{- with .Values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- with .Values.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    {{- if $own.folder }}
    - name: config
      {{- include "noroshi.configVolume" . | nindent 6 }}
    {{- end }}
    {{- if and $own.storage (ne (include "noroshi.claimsEach" .) "true") }}
    - name: storage
      {{- if eq (include "noroshi.persistent" .) "true" }}
      persistentVolumeClaim:
        claimName: {{ default (include "noroshi.fullname" .) .Values.persistence.existingClaim }}
      {{- else }}
      emptyDir: {}
      {{- end }}
    {{- end }}
    {{- with .Values.web.configSecret }}
    - name: web-config
      secret:
        secretName: {{ . }}
    {{- end }}
    {{- with .Values.alertmanager.existingSecret }}
    - name: alertmanager
      secret:
        secretName: {{ . }}
    {{- end }}
    {{- with .Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{/* Its variables. Those of the node and of the pod come first, so that arguments and `extraEnv` may name them: $(NODE_NAME). */}}
{{- define "noroshi.env" -}}
{{- $own := include "noroshi.personality" . | fromYaml -}}
{{- $all := list -}}
{{- range $name, $path := include "noroshi.fields" . | fromYaml -}}
{{- $all = append $all (dict "name" $name "valueFrom" (dict "fieldRef" (dict "fieldPath" $path))) -}}
{{- end -}}
{{- if and $own.storage (eq .Values.personality "noroshi") -}}
{{- $all = append $all (dict "name" "NOROSHI__STORE__PATH" "value" (printf "%s/noroshi.db" $own.storage)) -}}
{{- end -}}
{{- with .Values.alertmanager.url -}}
{{- $all = append $all (dict "name" "NOROSHI__ALERTMANAGERS__CHART__URL" "value" .) -}}
{{- end -}}
{{- if .Values.alertmanager.existingSecret -}}
{{- $all = append $all (dict "name" "NOROSHI__ALERTMANAGERS__CHART__HTTP__AUTHORIZATION__CREDENTIALS_FILE" "value" "/etc/noroshi-alertmanager/token") -}}
{{- end -}}
{{- range $own := $all -}}
{{- range $.Values.extraEnv -}}
{{- if eq .name $own.name }}{{ fail (printf "extraEnv: %s is the chart's own" .name) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- concat $all (default list .Values.extraEnv) | toYaml -}}
{{- end -}}

{{/* What a pod is told of itself by its mode, as fields of it by variable. */}}
{{- define "noroshi.fields" -}}
{{- if eq .Values.mode "daemonset" }}
NODE_IP: status.hostIP
NODE_NAME: spec.nodeName
{{- else if and (eq .Values.mode "statefulset") (ne .Values.personality "alertmanager") }}
# There is no shell that could cut it from the pod's name; the cluster writes it there since 1.28.
POD_INDEX: metadata.labels['apps.kubernetes.io/pod-index']
{{- end }}
{{- end -}}

{{/* How pods are replaced, in full, so that Helm owns it: else the server's defaults would stand in the way of a later Recreate. */}}
{{- define "noroshi.strategy" -}}
{{- $type := .Values.updateStrategy.type -}}
{{- $usual := dict "maxSurge" 1 "maxUnavailable" 0 -}}
{{- if eq .Values.mode "statefulset" -}}
{{- $usual = dict "partition" 0 -}}
{{- else if and (eq .Values.mode "daemonset") .Values.hostNetwork -}}
{{- /* The old one has the port. */ -}}
{{- $usual = dict "maxSurge" 0 "maxUnavailable" 1 -}}
{{- end -}}
{{- /* Two pods would open one file, or page twice. A StatefulSet never has two of one name. */ -}}
{{- $alone := or (eq (include "noroshi.persistent" .) "true") (eq .Values.personality "alertmanager") -}}
{{- if and (eq .Values.mode "deployment") $alone }}{{ $type = "Recreate" }}{{ end -}}
{{- $all := dict "type" $type -}}
{{- if eq $type "RollingUpdate" }}{{ $_ := set $all "rollingUpdate" (default $usual .Values.updateStrategy.rollingUpdate) }}{{ end -}}
{{- toYaml $all -}}
{{- end -}}

{{/* "true" where each pod claims a volume of its own. */}}
{{- define "noroshi.claimsEach" -}}
{{- and (eq .Values.mode "statefulset") (eq (include "noroshi.persistent" .) "true") (not .Values.persistence.existingClaim) -}}
{{- end -}}

{{- define "noroshi.claim" -}}
accessModes:
  {{- toYaml .Values.persistence.accessModes | nindent 2 }}
{{- with .Values.persistence.storageClass }}
storageClassName: {{ . }}
{{- end }}
resources:
  requests:
    storage: {{ .Values.persistence.size }}
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
