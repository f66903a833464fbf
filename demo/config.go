package demo

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"

	"example.com/prober/internal/peers/certs"
)

const configText = `# prober.yml, as "prober demo" wrote it: one target for each way in which the
# built-in server behaves. The server uses other ports at every start, so this
# file serves only the run that wrote it; copy its targets.

defaults:
  interval: 3s # from the start of a burst to the start of the next
  timeout: 2s # of one request, from the moment it is due to its last byte
  request:
    traceparent: true # exemplars then have the ids of traces

targets:
{{- range .}}

  # ---- {{.Title}} ----
{{- range .Rows}}

  # {{.Name}} {{.Summary}}: {{codes .Codes}}.
  - name: {{.Name}}
    url: {{.URL}}
{{- range .Keys}}
    {{.}}
{{- end}}
{{- end}}
{{- end}}
`

// WriteConfig writes prober.yml and its files, ca.pem and products.csv, into dir, and returns the path of prober.yml.
// dir must exist.
func (s *Server) WriteConfig(dir string) (path string, err error) {
	text, err := s.config()
	if err != nil {
		return "", fmt.Errorf("demo configuration: %w", err)
	}
	path = filepath.Join(dir, "prober.yml")
	for name, content := range map[string][]byte{
		filepath.Join(dir, "ca.pem"):       certs.PEM(s.ca),
		filepath.Join(dir, "products.csv"): productsFile(),
		path:                               text,
	} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			return "", fmt.Errorf("demo configuration: %w", err)
		}
	}
	return path, nil
}

func (s *Server) config() ([]byte, error) {
	t, err := template.New("prober.yml").Funcs(template.FuncMap{"codes": codeWords}).Parse(configText)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := t.Execute(&text, s.groups); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

// codeWords puts codes into words: "code 0", or "codes 0 and 1503".
func codeWords(codes []int) string {
	words := make([]string, len(codes))
	for i, c := range codes {
		words[i] = strconv.Itoa(c)
	}
	if len(words) == 1 {
		return "code " + words[0]
	}
	return "codes " + strings.Join(words, " and ")
}
