{{/* The container, the same in every mode. */}}
{{- define "spanway.container" -}}
name: spanway
image: {{ include "spanway.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args: ["--config", "/etc/spanway/config.yaml"]
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  readOnlyRootFilesystem: true
  allowPrivilegeEscalation: false
  capabilities: {drop: [ALL]}
  seccompProfile: {type: RuntimeDefault}
env:
  - name: K8S_NODE_NAME
    valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
  - name: K8S_POD_NAME
    valueFrom: {fieldRef: {fieldPath: metadata.name}}
  - name: K8S_NAMESPACE_NAME
    valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
  - name: OTEL_RESOURCE_ATTRIBUTES
    {{- if eq .Values.mode "sidecar" }}
    value: k8s.node.name=$(K8S_NODE_NAME),k8s.pod.name=$(K8S_POD_NAME),k8s.namespace.name=$(K8S_NAMESPACE_NAME)
    {{- else }}
    value: k8s.node.name=$(K8S_NODE_NAME)
    {{- end }}
  {{- with .Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .Values.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
ports:
  {{- $hostPorts := and (eq .Values.mode "daemonset") .Values.daemonset.hostPorts }}
  - {name: otlp-grpc, containerPort: {{ .Values.ports.grpc }}, protocol: TCP{{ if $hostPorts }}, hostPort: {{ .Values.ports.grpc }}{{ end }}}
  - {name: otlp-http, containerPort: {{ .Values.ports.http }}, protocol: TCP{{ if $hostPorts }}, hostPort: {{ .Values.ports.http }}{{ end }}}
  - {name: health, containerPort: {{ .Values.ports.health }}, protocol: TCP}
  {{- if include "spanway.measures" . }}
  - {name: metrics, containerPort: {{ .Values.ports.metrics }}, protocol: TCP}
  {{- end }}
# The page says 503 while spans cannot be taken: such a pod gets no requests, but to restart it would not help. A sidecar that
# cannot take spans must not make its application unready.
startupProbe:
  tcpSocket: {port: health}
  periodSeconds: 2
  failureThreshold: 150
{{- if ne .Values.mode "sidecar" }}
readinessProbe:
  httpGet: {path: /, port: health}
  periodSeconds: 5
{{- end }}
livenessProbe:
  tcpSocket: {port: health}
  periodSeconds: 10
  failureThreshold: 6
{{- if ne .Values.mode "sidecar" }}
lifecycle:
  preStop: {sleep: {seconds: {{ .Values.preStopSeconds }}}}
{{- end }}
resources:
  {{- ternary .Values.sidecar.resources .Values.resources (eq .Values.mode "sidecar") | toYaml | nindent 2 }}
volumeMounts:
  - {name: spanway-config, mountPath: /etc/spanway, readOnly: true}
  {{- if include "spanway.keeps" . }}
  - {name: data, mountPath: /data}
  {{- end }}
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "spanway.volumes" -}}
- name: spanway-config
  configMap: {name: {{ include "spanway.fullname" . }}}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/*
For a chart that has this one among its dependencies, in mode sidecar, within the pod of an application:

  metadata:
    annotations:
      {{- include "spanway.sidecar.annotations" .Subcharts.spanway | nindent 8 }}
  spec:
    terminationGracePeriodSeconds: 60
    initContainers:
      {{- include "spanway.sidecar.container" .Subcharts.spanway | nindent 8 }}
    volumes:
      {{- include "spanway.sidecar.volumes" .Subcharts.spanway | nindent 8 }}
*/}}
{{- define "spanway.sidecar.container" -}}
- restartPolicy: Always
  {{- include "spanway.container" . | nindent 2 }}
{{- end }}

{{- define "spanway.sidecar.volumes" -}}
{{ include "spanway.volumes" . }}
{{- end }}

{{/* So that pods are made anew when the configuration changes. */}}
{{- define "spanway.sidecar.annotations" -}}
checksum/spanway-config: {{ include "spanway.config" . | sha256sum }}
{{- end }}

{{/* The template of the gateway's and the agent's pods. */}}
{{- define "spanway.pod" -}}
metadata:
  annotations:
    {{- include "spanway.sidecar.annotations" . | nindent 4 }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  labels:
    {{- include "spanway.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "spanway.serviceAccount" . }}
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: {{ include "spanway.grace" . }}
  securityContext:
    runAsNonRoot: true
    fsGroup: 65532
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: {type: RuntimeDefault}
  containers:
    - {{- include "spanway.container" . | nindent 6 }}
  volumes:
    {{- include "spanway.volumes" . | nindent 4 }}
  {{- include "spanway.placement" . | nindent 2 }}
{{- end }}

{{- define "spanway.placement" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- range $key := list "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" }}
{{- with index $.Values $key }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}
