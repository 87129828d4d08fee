{{/* The configuration: that of the mode, with what values say of it, with `config` laid over; or `alternateConfig`. */}}
{{- define "spanway.config" -}}
{{- if .Values.alternateConfig }}
{{- toYaml .Values.alternateConfig }}
{{- else }}
{{- $config := .Files.Get (printf "files/%s.yaml" .Values.mode) | fromYaml }}
{{- if not .Values.destination }}{{ $_ := unset $config.exporters "otlp_grpc" }}{{ end }}
{{- $ours := dict
      "receivers" (include "spanway.config.receivers" . | fromYaml)
      "exporters" (include "spanway.config.exporters" . | fromYaml)
      "extensions" (include "spanway.config.extensions" . | fromYaml)
      "service" (include "spanway.config.service" . | fromYaml) }}
{{- mustMergeOverwrite $config $ours (deepCopy .Values.config) | toYaml }}
{{- end }}
{{- end }}

{{- define "spanway.config.receivers" -}}
{{- $host := ternary "localhost" "0.0.0.0" (eq .Values.mode "sidecar") }}
otlp:
  protocols:
    grpc: {endpoint: "{{ $host }}:{{ .Values.ports.grpc }}"}
    http: {endpoint: "{{ $host }}:{{ .Values.ports.http }}"}
{{- end }}

{{- define "spanway.config.exporters" -}}
{{- if .Values.destination }}
otlp_grpc:
  endpoint: {{ .Values.destination | quote }}
  {{- if include "spanway.keeps" . }}
  sending_queue: {storage: file_storage}
  {{- end }}
{{- else if not .Values.config.exporters }}
{{- fail "say where spans go: a destination, which is host:port of an OTLP/gRPC server, or exporters and pipelines of your own in config" }}
{{- end }}
{{- end }}

{{- define "spanway.config.extensions" -}}
health_check: {endpoint: "0.0.0.0:{{ .Values.ports.health }}"}
{{- if include "spanway.keeps" . }}
file_storage: {directory: /data/journals, limit_mib: {{ int .Values.journalLimitMiB }}}
{{- end }}
{{- end }}

{{- define "spanway.config.service" -}}
drain_timeout: {{ .Values.drainSeconds }}s
extensions: [health_check{{ if include "spanway.keeps" . }}, file_storage{{ end }}]
{{- if include "spanway.measures" . }}
telemetry:
  metrics:
    level: normal
    readers:
      - pull: {exporter: {prometheus: {host: 0.0.0.0, port: {{ .Values.ports.metrics }}}}}
{{- end }}
{{- end }}
