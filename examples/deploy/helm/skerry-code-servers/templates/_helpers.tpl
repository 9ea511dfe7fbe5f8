{{/* Each takes (dict "root" $ "server" ITEM), ITEM one of .Values.codeServers. */}}

{{- define "skerry.name" -}}
{{- $name := printf "%s-%s" .root.Release.Name .server.name -}}
{{- if gt (len $name) 63 -}}
{{- fail (printf "%s is longer than the 63 characters of a Service's name: shorten the release's name or the code server's" $name) -}}
{{- end -}}
{{- $name -}}
{{- end -}}

{{/* Takes $. */}}
{{- define "skerry.checkNames" -}}
{{- $names := list -}}
{{- range .Values.codeServers -}}
{{- if has .name $names -}}
{{- fail (printf "codeServers has %s twice: give each a name of its own" .name) -}}
{{- end -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- end -}}

{{- define "skerry.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: code-server
location: {{ .server.name }}
{{- end -}}

{{- define "skerry.chartLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "skerry.labels" -}}
{{ include "skerry.selector" . }}
{{ include "skerry.chartLabels" .root }}
{{- end -}}

{{/* The image's name: for `image` and for SKERRY_CURRENT_IMAGE alike, so that they are never two. */}}
{{- define "skerry.image" -}}
{{- $image := .server.image -}}
{{- $image.repository -}}
{{- with $image.tag }}:{{ . }}{{ end -}}
{{- with $image.digest }}@{{ . }}{{ end -}}
{{- end -}}

{{- define "skerry.port" -}}
{{- .server.port | default .root.Values.defaults.port -}}
{{- end -}}

{{- define "skerry.serverName" -}}
{{- .server.tls.serverName | default (include "skerry.name" .) -}}
{{- end -}}

{{- define "skerry.workspaceName" -}}
{{- .Values.workspace.configMapName | default (printf "%s-workspace" .Release.Name | trunc 63) -}}
{{- end -}}

{{- define "skerry.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "skerry.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* Options of `skerry api grpc`. */}}
{{- define "skerry.arguments" -}}
{{- $server := .server -}}
{{- $target := $server.target -}}
- api
- grpc
{{- with $target.packageName }}
- {{ printf "--package-name=%s" . | quote }}
{{- end }}
{{- with $target.pythonFile }}
- {{ printf "--python-file=%s" . | quote }}
{{- end }}
{{- with $target.moduleName }}
- {{ printf "--module-name=%s" . | quote }}
{{- end }}
{{- with $target.attribute }}
- {{ printf "--attribute=%s" . | quote }}
{{- end }}
{{- with $target.workingDirectory }}
- {{ printf "--working-directory=%s" . | quote }}
{{- end }}
{{- with $target.executablePath }}
- {{ printf "--executable-path=%s" . | quote }}
{{- end }}
- {{ printf "--host=%s" .root.Values.defaults.host | quote }}
- --port={{ include "skerry.port" . }}
- --startup-timeout={{ $server.startupTimeout | default .root.Values.defaults.startupTimeout }}
- --log-format=json
{{- with $server.token }}
- --token-file=/etc/skerry/token/{{ .key | default "token" }}
{{- end }}
{{- with $server.tls }}
- --tls-cert=/etc/skerry/tls/tls.crt
- --tls-key=/etc/skerry/tls/tls.key
{{- if .clientSecret }}
- --client-ca=/etc/skerry/tls/ca.crt
{{- end }}
{{- end }}
{{- if $server.insecure }}
- --insecure
{{- end }}
{{- end -}}

{{/* A probe; also takes "service". The kubelet's own cannot do TLS: then the command probes, from inside. */}}
{{- define "skerry.probe" -}}
{{- if .server.tls -}}
exec:
  command:
    - skerry
    - api
    - grpc-health-check
    - --host=127.0.0.1
    - --port={{ include "skerry.port" . }}
    {{- if .server.tls.clientSecret }}
    - --ca=/etc/skerry/client-tls/ca.crt
    - --cert=/etc/skerry/client-tls/tls.crt
    - --key=/etc/skerry/client-tls/tls.key
    {{- else }}
    - --ca=/etc/skerry/tls/ca.crt
    {{- end }}
    - {{ printf "--server-name=%s" (include "skerry.serverName" .) | quote }}
    {{- with .service }}
    - --service={{ . }}
    {{- end }}
timeoutSeconds: 10
{{- else -}}
grpc:
  port: {{ include "skerry.port" . }}
  service: {{ .service | quote }}
timeoutSeconds: 5
{{- end -}}
{{- end -}}
