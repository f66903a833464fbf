{{- define "prober.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 52 characters: a StatefulSet adds a hash to its name and makes a label of it. */}}
{{- define "prober.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains (include "prober.name" .) .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "prober.name" .) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "prober.selector" -}}
app.kubernetes.io/name: {{ include "prober.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "prober.labels" -}}
{{ include "prober.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{- end -}}

{{- define "prober.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end -}}

{{/* What a schema cannot say of several values together. */}}
{{- define "prober.validate" -}}
{{- if and .Values.config .Values.existingConfigMap -}}
{{- fail "config and existingConfigMap: both are given; prober.yml can come from one of them only" -}}
{{- else if not (or .Values.config .Values.existingConfigMap) -}}
{{- fail "config: it is empty; give what prober.yml says, or name a ConfigMap in existingConfigMap" -}}
{{- end -}}
{{- if and .Values.files .Values.existingConfigMap -}}
{{- fail "files: they go beside config; add them to the ConfigMap that existingConfigMap names" -}}
{{- end -}}
{{- if hasKey .Values.files "prober.yml" -}}
{{- fail "files: prober.yml is what config says" -}}
{{- end -}}
{{- if and .Values.podMonitor.enabled .Values.serviceMonitor.enabled -}}
{{- fail "podMonitor.enabled and serviceMonitor.enabled: both are true; each pod would be scraped twice" -}}
{{- end -}}
{{- range $name := list "podMonitor" "serviceMonitor" -}}
{{- $monitor := index $.Values $name -}}
{{- if and $monitor.enabled (le (int $.Values.shutdown.finalScrapeSeconds) (int $monitor.intervalSeconds)) -}}
{{- fail (printf "shutdown.finalScrapeSeconds: it is %d and must be more than %s.intervalSeconds, which is %d" (int $.Values.shutdown.finalScrapeSeconds) $name (int $monitor.intervalSeconds)) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.discovery.enabled .Values.discovery.namespaces (has "node" .Values.discovery.roles) -}}
{{- fail "discovery.roles: nodes are in no namespace; leave node out, or discovery.namespaces empty" -}}
{{- end -}}
{{- if and .Values.webConfig.tls (not .Values.webConfig.secret) -}}
{{- fail "webConfig.tls: it is true, and webConfig.secret names no Secret with web.yml" -}}
{{- end -}}
{{- end -}}

{{/* How the kubelet asks for a path, with the context and the path in a list. */}}
{{- define "prober.ask" -}}
{{- $context := index . 0 -}}
httpGet: {path: {{ index . 1 }}, port: metrics{{ if $context.Values.webConfig.tls }}, scheme: HTTPS{{ end }}}
{{- end -}}

{{/* What both kinds of monitors say of their endpoint, with the context and the values of the monitor in a list. */}}
{{- define "prober.endpoint" -}}
{{- $context := index . 0 -}}
{{- $monitor := index . 1 -}}
port: metrics
interval: {{ int $monitor.intervalSeconds }}s
{{- if $context.Values.webConfig.tls }}
scheme: https
{{- end }}
relabelings:
  # A shard keeps its series when its pod gets another address.
  - {sourceLabels: [__meta_kubernetes_pod_name], targetLabel: instance}
{{- with omit $monitor.endpoint "port" "interval" "scheme" "relabelings" }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* To read what the roles of discovery need, and nothing else. */}}
{{- define "prober.rules" -}}
{{- $core := list -}}
{{- range $resource, $roles := dict "services" (list "service" "endpoints" "endpointslice") "endpoints" (list "endpoints") "pods" (list "pod" "endpoints" "endpointslice") "nodes" (list "node") -}}
{{- range $roles -}}
{{- if has . $.Values.discovery.roles -}}
{{- $core = append $core $resource -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with uniq $core -}}
- apiGroups: [""]
  resources: {{ toJson . }}
  verbs: [list, watch]
{{ end -}}
{{- if has "endpointslice" .Values.discovery.roles -}}
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [list, watch]
{{ end -}}
{{- if has "ingress" .Values.discovery.roles -}}
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [list, watch]
{{ end -}}
{{- end -}}
