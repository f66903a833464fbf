package imports_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/internal/imports"
)

// Any two options make a valid configuration.
func TestAnyTwoOptionsOfCurlGoTogether(t *testing.T) {
	t.Parallel()
	options := strings.Split(`-X POST|-X HEAD|-X trace|-X GET|-I|-d a=1|-d @file|--data-binary @file|-T up|--json {}|-G|-F a=b|-u ann:pw|-u ann|-u :pw|-u a:b:c|
--oauth2-bearer tok|-H Authorization:Bearer\ x|-H Authorization:Basic\ YTpi|-H Authorization:x|-H Authorization:Basic\ ü|-b a=b|-b file|-H Cookie:a|-k|--compressed|
-H Accept-Encoding:br|-H Accept-Encoding:identity|-H Host:other.example|-H Host:/|-H Host:|-H A:é|-H Content-Type:text/plain|-H Content-Type:application/json|
-L|-L --max-redirs 3|-L --max-redirs -1|-m 0.0001|-m 5|-m 1e9|--connect-timeout 2|--http1.1|--http2|--http2-prior-knowledge|--http3|--http3-only|
--resolve h.example:443:192.0.2.1|--resolve *:80:2001:db8::1|--resolve h.example:80:192.0.2.1,192.0.2.1,x|-x p.example|-x http://u:p@192.0.2.9|-x socks5://u@p.example|
-x socks5h://u:p@[2001:db8::9]|-x ftp://p|-U u:p|-U u|--noproxy a.example,*|--noproxy %|-4|-6|--interface 192.0.2.7|--interface 2001:db8::7|--interface eth0|
--tlsv1.3|--tlsv1.0|--tls-max 1.1|--tls-max 1.3|--tls-max 9|--cacert ca|--cert c:pw|--key k|--cert c --key k|--dns-servers 192.0.2.53|--dns-servers 192.0.2.53:54|
--dns-servers a,b|--request-target /x?y|--request-target *|--url https://other.example/ü|h.example --next|h.example//x --next|-e 'r;auto'|-A 'x '|-r 0-1|--max-time 3 --retry 2`, "|")
	urls := []string{"http://h.example", "https://h.example/p?token=t#f", "https://192.0.2.1:8443//x", "http://ann:pw@[2001:db8::1]/{{a}}?{{b}}"}
	for i, first := range options {
		for j, second := range options[i:] {
			url := urls[(i+j)%len(urls)]
			command := "curl " + strings.Trim(first, "\n") + " " + strings.Trim(second, "\n") + " '" + url + "'"
			r, err := imports.Curl(command, imports.Options{})
			if !assert.NoError(t, err, command) {
				continue
			}
			_, err = config.Parse(r.YAML, "imported.yml")
			assert.NoError(t, err, "%s\n%s", command, r.YAML)
		}
	}
}

// Any two keys of a module make a valid configuration.
func TestAnyTwoKeysOfAModuleGoTogether(t *testing.T) {
	t.Parallel()
	for kind, keys := range map[string][]string{
		"http": {
			"method: HEAD", "method: POST", "body: '{\"token\": \"x\"}'", "body_file: f", "headers: {Host: o.example, Authorization: Bearer x}", "headers: {Accept-Encoding: gzip, A: \"\"}",
			"compression: gzip", "compression: identity", "compression: x", "basic_auth: {username: a, password: b}", "basic_auth: {username: a}", "basic_auth: {password: b}",
			"authorization: {type: basic, credentials: x}", "bearer_token: t", "bearer_token_file: f", "oauth2: {client_id: a, client_secret: b, token_url: https://l.example}",
			"valid_status_codes: [200, 404]", "valid_http_versions: [HTTP/1.0]", "valid_http_versions: [HTTP/2.0]", "valid_http_versions: [HTTP/3.0]", "valid_http_versions: [x]",
			"enable_http2: false", "enable_http3: true", "fail_if_ssl: true", "fail_if_not_ssl: true", "follow_redirects: false", "no_follow_redirects: false",
			"fail_if_body_not_matches_regexp: [a, b.c, d, '']", "fail_if_header_not_matches: [{header: A, regexp: b}, {header: a, regexp: c}]", "fail_if_body_matches_regexp: [a]",
			"body_size_limit: 1GB", "body_size_limit: 9MB", "body_size_limit: 10", "body_size_limit: x", "proxy_url: http://p.example", "proxy_url: socks5://u@192.0.2.9:1", "proxy_url: 'x:'",
			"no_proxy: a.example", "no_proxy: '%'", "preferred_ip_protocol: ip4", "preferred_ip_protocol: ip6", "ip_protocol_fallback: false", "source_ip_address: 192.0.2.7",
			"tls_config: {insecure_skip_verify: true}", "tls_config: {server_name: s.example, max_version: TLS10}", "tls_config: {min_version: TLS13, max_version: TLS12}",
			"tls_config: {ca_file: a, cert_file: b, key: c}", "http_headers: {A: {values: [x], secrets: [y], files: [z]}}", "unknown: {a: b}",
		},
		"tcp": {
			"tls: true", "tls_config: {insecure_skip_verify: true}", "tls_config: {max_version: TLS11}", "preferred_ip_protocol: ip4", "preferred_ip_protocol: ip6", "ip_protocol_fallback: false",
			"source_ip_address: 192.0.2.7", "source_ip_address: '2001:db8::7'", "source_ip_address: x", "query_response: [{send: x}]", "unknown: 1",
		},
		"grpc": {
			"tls: true", "tls_config: {insecure_skip_verify: true}", "service: s.v1.S", "service: ''", "preferred_ip_protocol: ip6", "ip_protocol_fallback: false", "source_ip_address: 192.0.2.7",
		},
		"dns": {
			"query_name: a.example", "query_name: .", "query_type: AAAA", "query_type: ANY", "transport_protocol: tcp", "dns_over_tls: true", "recursion_desired: false", "query_class: CH",
			"valid_rcodes: [NXDOMAIN]", "valid_rcodes: [NOERROR, NXDOMAIN]", "valid_rcodes: [x]", "validate_answer_rrs: {fail_if_none_matches_regexp: [a, b]}", "validate_authority_rrs: {x: [y]}",
			"tls_config: {server_name: s.example}", "preferred_ip_protocol: ip4", "ip_protocol_fallback: false", "source_ip_address: 192.0.2.7",
		},
	} {
		targets := map[string][]string{
			"http": {"", "http://192.0.2.1/x", "http://h.example/?token=x", "https://[2001:db8::1]:8443"}, "tcp": {"", "h.example:80", "192.0.2.1:80"},
			"grpc": {"", "[2001:db8::1]:80"}, "dns": {"", "h.example", "192.0.2.1:53"},
		}[kind]
		for i, first := range keys {
			for j, second := range slices.Insert(slices.Clone(keys[i+1:]), 0, "") {
				name, _, _ := strings.Cut(first, ":")
				if strings.HasPrefix(second, name+":") {
					continue // the same key twice is no YAML
				}
				source := "modules:\n  m:\n    prober: " + kind + "\n    " + kind + ":\n      " + first + "\n      " + second + "\n"
				target := targets[(i+j)%len(targets)]
				r, err := imports.Blackbox([]byte(source), imports.BlackboxOptions{Targets: slices.DeleteFunc([]string{target}, func(s string) bool { return s == "" })})
				require.NoError(t, err, source)
				_, err = config.Parse(r.YAML, "imported.yml")
				assert.NoError(t, err, "%s %s\n%s", target, source, r.YAML)
			}
		}
	}
}
