{{/* What a pod needs that reads the code servers: the workspace file, and each Secret in its folder. */}}

{{- define "skerry.readerVolumes" -}}
- name: workspace
  configMap:
    name: {{ include "skerry.workspaceName" . }}
{{- range $server := .Values.codeServers }}
{{- if or $server.token $server.tls }}
- name: {{ printf "secrets-%s" $server.name }}
  projected:
    defaultMode: 0440
    sources:
      {{- with $server.token }}
      - secret:
          name: {{ .secret }}
          items: [{key: {{ .key | default "token" }}, path: token}]
      {{- end }}
      {{- with $server.tls }}
      {{- if .clientSecret }}
      - secret:
          name: {{ .clientSecret }}
      {{- else }}
      - secret:
          name: {{ .secret }}
          items: [{key: ca.crt, path: ca.crt}]
      {{- end }}
      {{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "skerry.readerVolumeMounts" -}}
- {name: workspace, mountPath: /etc/skerry/workspace, readOnly: true}
{{- range $server := .Values.codeServers }}
{{- if or $server.token $server.tls }}
- name: {{ printf "secrets-%s" $server.name }}
  mountPath: {{ printf "%s/%s" $.Values.workspace.secretsFolder $server.name }}
  readOnly: true
{{- end }}
{{- end }}
{{- end -}}
