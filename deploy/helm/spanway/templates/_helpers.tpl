{{/* Names. */}}
{{- define "spanway.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "spanway.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- $name := include "spanway.name" . }}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "spanway.selector" -}}
app.kubernetes.io/name: {{ include "spanway.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: {{ .Values.mode }}
{{- end }}

{{- define "spanway.labels" -}}
{{ include "spanway.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "spanway.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "spanway.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "spanway.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{/* Seconds from the order to stop until the pod is killed: above drain_timeout, whatever that is. */}}
{{- define "spanway.grace" -}}
{{- add .Values.preStopSeconds .Values.drainSeconds 10 }}
{{- end }}

{{- define "spanway.keeps" -}}
{{- if and (eq .Values.mode "gateway") .Values.persistence.enabled }}true{{ end }}
{{- end }}

{{- define "spanway.measures" -}}
{{- if or (ne .Values.mode "sidecar") .Values.metrics.sidecar }}true{{ end }}
{{- end }}
