package imports_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/imports"
)

func TestMistakesOfCurlCommandsAreNamed(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"":                                   "in.sh: has no command of curl",
		"# nothing\n":                        "in.sh: has no command of curl",
		"\n\nwget https://shop.example":      `in.sh:3: is not a command of curl: it begins with "wget"; a URL with & needs quotes`,
		"curl":                               "in.sh:1: the command has no URL",
		"curl 'https://shop.example":         "in.sh:1: the quote ' is not closed",
		"curl \\\n -H \"A: b":                `in.sh:2: the quote " is not closed`,
		"curl $'x":                           "in.sh:1: the quote $' is not closed",
		"curl --bogus https://shop.example":  `in.sh:1: option "--bogus": is not known; this import knows the options of curl 8`,
		"curl --user=canary shop.example":    `in.sh:1: option "--user": takes its value from the next word, without =`,
		"curl -sß https://shop.example":      `in.sh:1: option "-\xc3": is not known; this import knows the options of curl 8`,
		"curl https://shop.example -X":       "in.sh:1: option -X: its value is missing",
		"curl -m soon https://shop.example":  `in.sh:1: option -m: must be a number of seconds, not "soon"`,
		"curl --max-redirs x shop.example":   `in.sh:1: option --max-redirs: must be a whole number, not "x"`,
		"curl -X 'A B' https://shop.example": `in.sh:1: option -X: "A B" is not a method that can be sent to a target`,
		"curl -X CONNECT shop.example":       `in.sh:1: option -X: "CONNECT" is not a method that can be sent to a target`,
		"curl ftp://shop.example/x":          `in.sh:1: URL: has the scheme "ftp"; only http and https have a counterpart here`,
		"curl https://":                      "in.sh:1: URL: has no host",
		"curl 'https://canary:%zz@shop/'":    "in.sh:1: URL: is not a valid URL",
		"curl https://shop.example:0/":       "in.sh:1: URL: has no valid port",
		"curl 'https://a b/'":                "in.sh:1: URL: is not a valid URL",
		"curl --data-urlencode a@b shop":     "in.sh:1: option --data-urlencode: encodes a file, which this import does not read; use --data-urlencode with its content",
		"curl a.example\ncurl --next":        "in.sh:2: the command has no URL",
		"curl https://shop.example?a=1&b":    `in.sh:1: is not a command of curl: it begins with "b"; a URL with & needs quotes`,
		"curl ^\"https://shop.example^\"":    "in.sh: is quoted for the command line of Windows (^); copy the command for bash",
	} {
		_, err := imports.Curl(source, imports.Options{Name: "in.sh"})
		assert.EqualError(t, err, want, "%q", source)
		assert.NotContains(t, want, "canary")
	}
	_, err := imports.CurlWords([]string{"curl", "-d"}, imports.Options{Name: "command line"})
	assert.EqualError(t, err, "command line:1: option -d: its value is missing")
}

func TestMistakesOfRecordingsAreNamed(t *testing.T) {
	t.Parallel()
	entry := func(request string) string { return "{\"log\": {\"entries\": [\n{\"request\": " + request + "}]}}" }
	for source, want := range map[string]string{
		"":                  "in.har:1: is not JSON: unexpected end of JSON input",
		"{\n\n]":            "in.har:3: is not JSON: invalid character ']' looking for beginning of object key string",
		"[]":                "in.har:1: must not be array",
		"{}":                "in.har: log.entries: is missing: this is not a HAR",
		`{"log": {}}`:       "in.har: log.entries: is missing: this is not a HAR",
		entry("null"):       "in.har: log.entries[0].request: is missing",
		entry("{}"):         "in.har: log.entries[0].request.url: is missing",
		entry(`{"url": 7}`): "in.har:2: log.entries.request.url: must not be number",
		entry(`{"url": "https://canary:x@:1/", "method": "GET"}`):      "in.har: log.entries[0].request.url: has no host",
		entry(`{"url": "https://shop.example/", "method": "A B"}`):     "in.har: log.entries[0].request.method: is not a method that can be sent to a target",
		entry(`{"url": "https://shop.example:99999/", "method": "X"}`): "in.har: log.entries[0].request.url: has no valid port",
	} {
		_, err := imports.HAR([]byte(source), imports.HAROptions{Options: imports.Options{Name: "in.har"}})
		assert.EqualError(t, err, want, "%q", source)
	}
}

func TestMistakesOfOpenAPIDocumentsAreNamed(t *testing.T) {
	t.Parallel()
	const head = "openapi: 3.0.0\ninfo: {title: x, version: '1'}\n"
	for source, want := range map[string]string{
		"":                         "in.yaml:1: is not an OpenAPI document: it has no key openapi",
		"- a":                      "in.yaml:1: is not an OpenAPI document: it has no key openapi",
		"a: b":                     "in.yaml:1: is not an OpenAPI document: it has no key openapi",
		"a: [b\nc: d\n":            "in.yaml:1: is neither YAML nor JSON: did not find expected ',' or ']'",
		"x: 1\nopenapi: 4.0.0\n":   `in.yaml:2: openapi: must be 3.x or 2.0, not "4.0.0"`,
		"swagger: '1.2'\n":         `in.yaml:1: swagger: must be 3.x or 2.0, not "1.2"`,
		head:                       "in.yaml: paths: has no operation",
		head + "paths: {/a: {}}\n": "in.yaml: paths: has no operation",
	} {
		_, err := imports.OpenAPI([]byte(source), imports.OpenAPIOptions{Options: imports.Options{Name: "in.yaml"}})
		assert.EqualError(t, err, want, "%q", source)
	}
	const whole = head + "paths: {/a: {get: {responses: {}}}}\n"
	for url, want := range map[string]string{
		"shop.example":             "--url: has no host",
		"tcp://shop.example":       "--url: must begin with http:// or https://",
		"https://ann:pw@shop.test": "--url: must not contain a user name or password",
	} {
		_, err := imports.OpenAPI([]byte(whole), imports.OpenAPIOptions{URL: url})
		assert.EqualError(t, err, want)
	}
}

func TestADocumentReadsNoFilesButThoseItIsAllowed(t *testing.T) {
	t.Parallel()
	const doc = "openapi: 3.0.0\ninfo: {title: x, version: '1'}\npaths:\n  /a:\n    get:\n      parameters: [{$ref: '%'}]\n      responses: {}\n"
	for _, ref := range []string{"http://127.0.0.1:1/p.yaml", "//127.0.0.1:1/p.yaml", "p.yaml", "/etc/hostname", "file:///etc/hostname"} {
		_, err := imports.OpenAPI([]byte(strings.ReplaceAll(doc, "%", ref)), imports.OpenAPIOptions{Options: imports.Options{Name: "in.yaml"}})
		assert.ErrorContains(t, err, "only files beside the document are read", ref)
	}
	var asked []string
	read := func(name string) ([]byte, error) {
		asked = append(asked, name)
		return nil, errors.New("no such file")
	}
	_, err := imports.OpenAPI([]byte(strings.ReplaceAll(doc, "%", "parts/p.yaml#/x")), imports.OpenAPIOptions{Read: read})
	require.ErrorContains(t, err, "no such file")
	assert.Equal(t, []string{"parts/p.yaml"}, asked)
}

func TestMistakesOfBlackboxModulesAreNamed(t *testing.T) {
	t.Parallel()
	http := func(keys string) string { return "modules:\n  m:\n    prober: http\n    http:\n      " + keys + "\n" }
	for source, want := range map[string]string{
		"":                            "in.yml: modules: is missing: this is not a configuration of blackbox_exporter",
		"a: b\n":                      "in.yml:1: modules: is missing: this is not a configuration of blackbox_exporter",
		"modules: [a]\n":              "in.yml:1: modules: must be a mapping",
		"modules:\n  a: b\n":          "in.yml:2: modules.a: must be a mapping",
		"modules:\n  a: {timeout: x}": "in.yml:2: modules.a.prober: is missing",
		"modules:\n\t- a":             "in.yml:2: is not valid YAML: found character that cannot start any token",
		"modules: {m: {prober: http, timeout: soon}}":                                    `in.yml:1: modules.m.timeout: must be a duration such as 5s, not "soon"`,
		http("valid_status_codes: [200, 99]"):                                            `in.yml:5: modules.m.http.valid_status_codes[1]: must be a status from 100 to 599, not "99"`,
		http("valid_status_codes: 200"):                                                  "in.yml:5: modules.m.http.valid_status_codes: must be a list",
		http("method: 'A B'"):                                                            "in.yml:5: modules.m.http.method: is not a method that can be sent to a target",
		http("fail_if_ssl: often"):                                                       "in.yml:5: modules.m.http.fail_if_ssl: must be true or false",
		http("fail_if_body_not_matches_regexp: ['(']"):                                   `in.yml:5: modules.m.http.fail_if_body_not_matches_regexp[0]: is not a regular expression of RE2: "("`,
		http("fail_if_header_not_matches: [{regexp: a}]"):                                "in.yml:5: modules.m.http.fail_if_header_not_matches[0].header: must be the name of a header",
		http("fail_if_header_not_matches: [{header: a, regexp: (}]"):                     `in.yml:5: modules.m.http.fail_if_header_not_matches[0].regexp: is not a regular expression of RE2: "("`,
		http("preferred_ip_protocol: ip5"):                                               `in.yml:5: modules.m.http.preferred_ip_protocol: must be ip4 or ip6, not "ip5"`,
		http("tls_config: {min_version: SSL3}"):                                          `in.yml:5: modules.m.http.tls_config.min_version: must be TLS10, TLS11, TLS12 or TLS13, not "SSL3"`,
		http("oauth2: {client_id: a, client_secret: canary}"):                            "in.yml:5: modules.m.http.oauth2: needs client_id and token_url",
		http("headers: {A: [b]}"):                                                        "in.yml:5: modules.m.http.headers.A: must be a single value",
		"modules:\n  m: {prober: dns, dns: {query_name: 'a b'}}\n":                       `in.yml:2: modules.m.dns.query_name: must be a DNS name, not "a b"`,
		"modules:\n  m: {prober: dns, dns: {transport_protocol: quic, query_name: a}}\n": `in.yml:2: modules.m.dns.transport_protocol: must be udp or tcp, not "quic"`,
	} {
		_, err := imports.Blackbox([]byte(source), imports.BlackboxOptions{Options: imports.Options{Name: "in.yml"}})
		assert.EqualError(t, err, want, "%q", source)
	}
}

func TestTargetsThatNoModuleCanProbeAreNamed(t *testing.T) {
	t.Parallel()
	const source = "modules: {web: {prober: http}, db: {prober: tcp}}\n"
	for target, want := range map[string]string{
		"dns://192.0.2.1":          `--target: no module can probe "dns://192.0.2.1"`,
		"web=tcp://db.example:1":   `--target: no module can probe "web=tcp://db.example:1"`,
		"db=db.example":            `--target: "db.example" is not a HOST:PORT that the module "db" can probe`,
		"tcp://db.example:1/x":     `--target: "tcp://db.example:1/x" is not a HOST:PORT that the module "db" can probe`,
		"web=https://a:canary@b/c": `--target: "https://b/c" must not contain a user name or password`,
		"db=ann:canary@db.example": `--target: "db.example" is not a HOST:PORT that the module "db" can probe`,
		"dns://ann:canary@h?x":     `--target: no module can probe "dns://h"`,
		"web=https://":             `--target: "" has no host`,
	} {
		_, err := imports.Blackbox([]byte(source), imports.BlackboxOptions{Targets: []string{target}})
		assert.EqualError(t, err, want, target)
	}
}
