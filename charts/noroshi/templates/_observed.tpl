{{/* The paths of the dashboards that are wanted. */}}
{{- define "noroshi.dashboards" -}}
{{- $own := .Values.dashboards -}}
{{- $all := dict -}}
{{- range $path, $_ := .Files.Glob "dashboards/*.json" }}{{ $_ := set $all (base $path | trimSuffix ".json") $path }}{{ end -}}
{{- range concat $own.include $own.exclude -}}
{{- if not (hasKey $all .) }}{{ fail (printf "dashboards: there is no %s; there are %s" . (keys $all | sortAlpha | join ", ")) }}{{ end -}}
{{- end -}}
{{- $paths := list -}}
{{- range $uid, $path := $all -}}
{{- $wanted := or (empty $own.include) (has $uid $own.include) -}}
{{- if and $wanted (not (has $uid $own.exclude)) }}{{ $paths = append $paths $path }}{{ end -}}
{{- end -}}
{{- toYaml $paths -}}
{{- end -}}

{{/* The groups of rules, each rule with what the values say of it. */}}
{{- define "noroshi.groups" -}}
{{- $own := .Values.prometheusRule -}}
{{- $groups := list -}}
{{- $names := list -}}
{{- $alerts := list -}}
{{- range $path, $_ := .Files.Glob "rules/*.yaml" -}}
{{- range (fromYaml ($.Files.Get $path)).groups -}}
{{- $names = append $names .name -}}
{{- $said := default dict (get $own.groups .name) -}}
{{- $rules := list -}}
{{- range .rules -}}
{{- with .alert }}{{ $alerts = append $alerts . }}{{ end -}}
{{- $rules = concat $rules (include "noroshi.ruleOf" (dict "rule" . "own" $own) | fromYamlArray) -}}
{{- end -}}
{{- $group := set . "rules" $rules -}}
{{- with $said.interval }}{{ $_ := set $group "interval" . }}{{ end -}}
{{- if and $rules (ne (toString $said.enabled) "false") }}{{ $groups = append $groups $group }}{{ end -}}
{{- end -}}
{{- end -}}
{{- range keys $own.groups | sortAlpha -}}
{{- if not (has . $names) }}{{ fail (printf "prometheusRule.groups: there is no %s; there are %s" . (uniq $names | sortAlpha | join ", ")) }}{{ end -}}
{{- end -}}
{{- range keys $own.rules | sortAlpha -}}
{{- if not (has . $alerts) }}{{ fail (printf "prometheusRule.rules: there is no %s; there are %s" . (uniq $alerts | sortAlpha | join ", ")) }}{{ end -}}
{{- end -}}
{{- concat $groups $own.extraGroups | toYaml -}}
{{- end -}}

{{/* rule, own (the values): the rule as a list of one, or none where it is switched off. A recording rule stays as it is: its name
and labels are what dashboards and alerts ask for. */}}
{{- define "noroshi.ruleOf" -}}
{{- $rule := .rule -}}
{{- if .rule.alert -}}
{{- $own := .own -}}
{{- $said := default dict (get $own.rules .rule.alert) -}}
{{- $severity := ternary (dict "severity" $said.severity) dict (not (empty $said.severity)) -}}
{{- /* The first wins: what is said of this alert, of all of them, of the file. */ -}}
{{- $labels := merge (deepCopy (default dict $said.labels)) $severity $own.additionalRuleLabels (default dict .rule.labels) -}}
{{- $links := dict -}}
{{- range $key, $base := dict "runbook_url" $own.runbookBaseUrl "dashboard_url" $own.grafanaUrl -}}
{{- $link := default "" (get (default dict $.rule.annotations) $key) -}}
{{- if and $base $link }}{{ $_ := set $links $key (printf "%s/%s" (trimSuffix "/" $base) (trimPrefix "/" $link)) }}{{ end -}}
{{- end -}}
{{- $annotations := merge (deepCopy (default dict $said.annotations)) $own.additionalRuleAnnotations $links (default dict .rule.annotations) -}}
{{- range $key, $value := dict "for" $said.for "keep_firing_for" $said.keepFiringFor "labels" $labels "annotations" $annotations -}}
{{- if $value }}{{ $_ := set $rule $key $value }}{{ end -}}
{{- end -}}
{{- if eq (toString $said.enabled) "false" }}{{ $rule = dict }}{{ end -}}
{{- end -}}
{{- ternary (list $rule) list (not (empty $rule)) | toYaml -}}
{{- end -}}
