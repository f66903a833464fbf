package command

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"example.com/prober/config"
)

// placeholderURL is the URL of the target to change if no URL is given.
const placeholderURL = "http://127.0.0.1:8080/"

const starterHead = `# What prober sends requests to. Check changes with: prober check
#
# docs/configuration.md explains every key. A line that begins with a # and no space after it is a setting to try: remove the #.
# An editor can complete keys and mark mistakes: run prober schema > prober.schema.json, and remove one # from this line:
## yaml-language-server: $schema=prober.schema.json

# Settings of all targets. A target can override each key.
defaults:
  interval: 30s          # from the start of a burst to the start of the next
  timeout: 10s           # one request, from the moment it is due to its last byte
  burst:
    requests: 10         # in each burst
    concurrency: 2       # the most in flight at once
    #rate: 5             # per second, even if answers are slow; without it, a worker waits for its answer
  #labels: {team: shop}  # on prober_target_info, to route alerts

targets:
`

// starterHints are suggestions for a target, by its kind.
var starterHints = map[config.Kind]string{
	config.KindHTTP: `    #request: {method: POST, headers: {Content-Type: application/json}, body: '{"sku": 1}'}
    #expect: {status: [200-299], max_latency: 2s}
`,
	config.KindTCP: `    #expect: {max_latency: 50ms}
`,
	config.KindGRPC: `    #grpc: {service: shop.v1.Orders, method: List, reflection: true}   # without it, the prober calls the health service
    #expect: {grpc_status: [OK], max_latency: 2s}
`,
	config.KindDNS: `    #dns: {name: shop.example.com, type: A}   # without it, the prober asks for the root servers
    #expect: {rcode: NOERROR, max_latency: 50ms}
`,
}

// starter returns a configuration with a target for each URL, or with one to change. The loader checks the URLs.
func starter(urls []string) string {
	var text strings.Builder
	text.WriteString(starterHead)
	if len(urls) == 0 {
		urls = []string{placeholderURL}
		text.WriteString("  # Change this one.\n")
	}
	var names []string
	for _, raw := range urls {
		scheme, _, _ := strings.Cut(raw, "://")
		names = append(names, starterName(raw, names))
		fmt.Fprintf(&text, "  - name: %s\n    url: %s\n%s", inYAML(names[len(names)-1]), inYAML(raw), starterHints[kindOf(strings.ToLower(scheme))])
	}
	return text.String()
}

var notInName = regexp.MustCompile(`[^a-zA-Z0-9_.:/-]+`)

// starterName returns a name for the target of a URL: its host and path, and a number after them if the name is taken.
func starterName(raw string, taken []string) string {
	const most = 100 // leaves room for a number
	name := "target"
	if u, err := url.Parse(raw); err == nil && u.Host != "" {
		name = strings.NewReplacer("[", "", "]", "").Replace(u.Host) + u.Path
	}
	name = strings.Trim(notInName.ReplaceAllString(name, "-"), "-/")
	name = strings.TrimRight(name[:min(len(name), most)], "-/:")
	if name == "" {
		name = "target"
	}
	unique := name
	for n := 2; slices.Contains(taken, unique); n++ {
		unique = fmt.Sprintf("%s-%d", name, n)
	}
	return unique
}

// plainInYAML matches text that YAML reads unchanged: as a text, and without a comment in it.
var plainInYAML = regexp.MustCompile(`^[a-zA-Z]+(://)?([a-zA-Z0-9_.~/?&=%+-]|:[a-zA-Z0-9_.~/?&=%+-])*$`)

func inYAML(text string) string {
	if plainInYAML.MatchString(text) && !strings.EqualFold(text, "null") {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}
