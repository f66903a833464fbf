package acceptance

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/command"
	"example.com/prober/internal/rig"
)

// mistake is a target with something wrong, and a canary in it.
type mistake struct {
	key  string
	yaml string
}

// mistakes has, for each key, the possible mistakes in a value: its kind, its syntax, its length, and the YAML around
// it.
func mistakes() []mistake {
	long := strings.Repeat(canary, 10_000)
	values := []string{
		canary, "'" + canary + "'", "[" + canary + "]", "[[" + canary + "]]", "[{k: " + canary + "}]",
		"{k: [" + canary + "]}", "{k: {k: [" + canary + "]}}", "{'Bearer " + canary + "': '" + canary + "\\n'}",
		`"` + canary + `\t` + canary + `"`, `"` + canary + `\n` + canary + `"`, "' " + canary + " '", "!" + canary + " x", "*" + canary, "&" + canary + " [x]",
		"@" + canary, `"` + canary + `\q"`, "'" + canary, "- " + canary, "%" + canary, "[" + canary, "{k: " + canary,
		"'http://user:" + canary + "@host/?q=" + canary + "'", "'http://user:" + canary[:4] + "/" + canary[4:] + "@host'", "'http://host:" + canary + "/'",
		"'http://host/%zz" + canary + "?" + canary + "'", "'ftp://" + canary + "'", "'http://host/#" + canary + "'", "'" + canary + "://'",
		"'user:" + canary + "'", "'Bearer " + canary + "'", "123" + canary, "0x" + canary, "'(" + canary + "'", long, "'ü" + canary + "'",
	}
	var all []mistake
	for key, kind := range secrecies() {
		for _, value := range values {
			all = append(all, mistake{key, inPlace(key, value)})
		}
		// A secret that became a part of the key before it, because of a missing space or wrong quotes.
		all = append(all, mistake{key, inPlace(key, "{'X-Token:"+canary+"': }")}, mistake{key, inPlace(key, "{'X-Token: "+canary+"', y}")})
		if kind == secretFile { // the secret itself in place of the name of its file
			all = append(all, mistake{key, inPlace(strings.TrimSuffix(key, "_file"), canary)})
		}
	}
	return all
}

// inPlace returns a configuration with value at a key and little else.
func inPlace(key, value string) string {
	const target = "targets:\n- name: shop\n"
	section, _, _ := strings.Cut(key, ".")
	switch {
	case section == "discover" && key != section:
		return "targets: []\ndiscover:\n- target: {name: a, url: 'http://127.0.0.1/'}\n" + nested(strings.TrimPrefix(key, "discover."), value, 1)
	case section == "targets" || section == "target_files" || section == "on_error" || section == "discover" || section == "defaults" || section == "metrics" || section == "network":
		return target + "  url: http://127.0.0.1/\n" + nested(key, value, 0)
	case section == "url":
		return target + nested(key, value, 1)
	case section == "grpc":
		return target + "  url: grpc://127.0.0.1:1\n" + nested(key, value, 1)
	default:
		return target + "  url: http://127.0.0.1/\n" + nested(key, value, 1)
	}
}

func nested(key, value string, depth int) string {
	var text strings.Builder
	for i, element := range strings.Split(key, ".") {
		if i > 0 {
			text.WriteByte('\n')
		}
		fmt.Fprintf(&text, "%s%s:", strings.Repeat("  ", depth+i), element)
	}
	return text.String() + " " + value + "\n"
}

// shown reports whether a message may quote the value at a key, because it is no secret: a name, a word from a list, a
// pattern, or a public path.
func shown(key string) bool {
	return secrecies()[key] == open || key == "request.body_file" || key == "grpc.message_file" || key == "data.file"
}

func TestNoMistakeShowsASecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	refused := 0
	for i, m := range mistakes() {
		if shown(m.key) {
			continue
		}
		file := rig.WriteFile(t, dir, fmt.Sprintf("%d.yml", i), "%s", m.yaml)
		var output rig.Output
		if command.Run(t.Context(), []string{"check", "--log.level=debug", "--config.file=" + file}, &output, &output) != command.ExitOK {
			refused++
		}
		requireNoCanary(t, "prober check of "+m.yaml[:min(len(m.yaml), 300)], output.String())
	}
	assert.Greater(t, refused, 200)
}

// A secret often stands at a wrong key, such as a whole login at the key of the user name.
func TestNoMistakeShowsASecretThatIsInTheWrongPlace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i, m := range []mistake{
		{"connection.proxy_url", "'http://user:" + canary + "@proxy:80'"},
		{"connection.proxy_url", "'http://proxy:80/?" + canary + "'"},
		{"connection.proxy_url", "'" + canary + ":" + canary + "@proxy:80'"},
		{"connection.no_proxy", "['http://user:" + canary + "@host']"},
		{"connection.dns_server", "'user:" + canary + "@10.0.0.1'"},
		{"connection.resolve", "['user:" + canary + "@10.0.0.1']"},
		{"connection.tls.server_name", "'user:" + canary + "@host'"},
		{"request.host", "'user:" + canary + "@host'"},
		{"request.basic_auth.username", "'user:" + canary + "'"},
		{"connection.proxy_username", "'user:" + canary + "'"},
		{"request.basic_auth", "'user:" + canary + "'"},
		{"request.basic_auth.password", canary},
		{"request.authorization", "Bearer " + canary},
		{"request.authorization.type", "Bearer " + canary},
		{"request.oauth2", canary},
		{"request.oauth2.client_secret", canary},
		{"request.oauth2.client_id", `"id\t` + canary + `"`},
		{"request.oauth2.scopes", "['" + canary + ` "']`},
		{"request.id_header", "'X-Token: " + canary + "'"},
		{"request.method", "'GET /?" + canary + "'"},
		{"name", "'http://user:" + canary + "@host/?" + canary + "'"},
		{"labels", "{'token=" + canary + "': x}"},
	} {
		file := rig.WriteFile(t, dir, fmt.Sprintf("%d.yml", i), "%s", inPlace(m.key, m.yaml))
		var output rig.Output
		code := command.Run(t.Context(), []string{"check", "--log.level=debug", "--config.file=" + file}, &output, &output)
		assert.Equal(t, command.ExitError, code, m.key)
		requireNoCanary(t, "prober check of "+inPlace(m.key, m.yaml), output.String())
	}
}

func TestNoSecretLeavesACheck(t *testing.T) {
	t.Parallel()
	c := newCage(t)
	file := rig.WriteFile(t, c.dir, "prober.yml", "%s", c.config())
	for _, format := range []string{"logfmt", "json"} {
		var output rig.Output
		code := command.Run(t.Context(), []string{"check", "--config.file=" + file, "--log.level=debug", "--log.format=" + format}, &output, &output)
		assert.Equal(t, command.ExitOK, code, output.String())
		requireNoCanary(t, "prober check", output.String())
	}
}

// Values within the configuration are printed for whoever asks; the contents of other files are not.
func TestNoFileLeavesACheckThatPrintsRequests(t *testing.T) {
	t.Parallel()
	c := newCage(t)
	file := rig.WriteFile(t, c.dir, "prober.yml", "%s", c.config())
	var output rig.Output
	code := command.Run(t.Context(), []string{"check", "--config.file=" + file, "--print-requests=3"}, &output, &output)
	require.Equal(t, command.ExitOK, code, output.String())
	assert.Contains(t, output.String(), canaryOf("url"), "the query of a URL")
	for key, kind := range secrecies() {
		if kind == secretFile || kind == secretBody {
			content := canaryOf(key + ".content")
			assert.NotContains(t, strings.ToLower(output.String()), content, key)
			assert.NotContains(t, output.String(), base64.StdEncoding.EncodeToString([]byte("user:"+content)), key)
		}
	}
	for _, key := range []string{"request.oauth2.token_url", "request.oauth2.endpoint_params"} {
		assert.NotContains(t, output.String(), canaryOf(key))
	}
	assert.Contains(t, output.String(), "Authorization: Basic <redacted>\n")
}

// Error messages about unusable secret files show neither their names nor their contents.
func TestNoUnusableFileShowsASecret(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(path string) error{
		"missing":          os.Remove,
		"empty":            func(path string) error { return os.Truncate(path, 0) },
		"a folder":         os.Remove,
		"of several lines": func(path string) error { return os.WriteFile(path, []byte(canary+"\n"+canary), 0o600) },
		"too long":         func(path string) error { return os.WriteFile(path, []byte(strings.Repeat(canary, 10_000)), 0o600) },
		"not what it seems": func(path string) error {
			return os.WriteFile(path, []byte("-----BEGIN PRIVATE KEY-----\n"+canary+"\n\x00"), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCage(t)
			file := rig.WriteFile(t, c.dir, "prober.yml", "%s", c.config())
			for key, kind := range secrecies() {
				if kind == secretFile {
					path := filepath.Join(c.dir, canaryOf(key))
					require.NoError(t, spoil(path))
					if name == "a folder" {
						require.NoError(t, os.Mkdir(path, 0o700))
					}
				}
			}
			var output rig.Output
			code := command.Run(t.Context(), []string{"check", "--config.file=" + file, "--log.level=debug"}, &output, &output)
			assert.Equal(t, command.ExitError, code)
			requireNoCanary(t, "prober check", output.String())
			for key, kind := range secrecies() {
				if kind == secretFile {
					assert.Contains(t, output.String(), key[strings.LastIndexByte(key, '.')+1:])
				}
			}
		})
	}
}

func TestNoReloadShowsASecret(t *testing.T) {
	t.Parallel()
	d := rig.StartDaemon(t, "prober", inPlace("interval", "1h"), "--web.enable-lifecycle", "--log.level=debug")
	for _, m := range mistakes() {
		if shown(m.key) {
			continue
		}
		d.Configure(t, m.yaml)
		_, answer := d.Do(http.MethodPost, "/-/reload")
		requireNoCanary(t, "the answer to a reload of "+m.yaml[:min(len(m.yaml), 300)], answer)
		_, shown := d.Do(http.MethodGet, "/config")
		requireNoCanary(t, "/config after "+m.yaml[:min(len(m.yaml), 300)], shown)
	}
	d.Terminate()
	requireNoCanary(t, "the log", d.Output())
}

func TestNoSecretLeavesASingleBurst(t *testing.T) {
	t.Parallel()
	c := newCage(t)
	file := rig.WriteFile(t, c.dir, "prober.yml", "%s", c.config())
	for _, s := range c.scenes {
		for _, output := range []string{"--output=text", "--output=json", "--trace"} {
			t.Run(s.name+" with "+output, func(t *testing.T) {
				t.Parallel()
				var stdout, stderr rig.Output
				code := command.Run(t.Context(), []string{"fire", s.name, "--config.file=" + file, output, "--log.level=debug"}, &stdout, &stderr)
				assert.Equal(t, command.ExitError, code, stderr.String())
				if !strings.Contains(stdout.String(), "the prober itself did not run") { // as on a busy machine
					assert.Contains(t, stdout.String(), s.code)
				}
				requireNoCanary(t, "what is printed", stdout.String())
				requireNoCanary(t, "what is logged", stderr.String())
			})
		}
	}
}

func TestNoSecretInAURLOfTheCommandLineIsShown(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"http://127.0.0.1:1/?q=" + canary,
		"http://user:" + canary + "@127.0.0.1:1/",
		"http://" + canary + "@127.0.0.1:1/?" + canary,
		"http://127.0.0.1:" + canary + "/",
		"http://127.0.0.1:1/%zz?" + canary,
		"http://127.0.0.1:1/#" + canary,
	} {
		for _, output := range []string{"text", "json"} {
			var printed rig.Output
			code := command.Run(t.Context(), []string{"fire", url, "--burst.requests=1", "--output=" + output, "--log.level=debug"}, &printed, &printed)
			assert.NotEqual(t, command.ExitOK, code, url)
			requireNoCanary(t, "the burst at "+url, printed.String())
		}
	}
}
