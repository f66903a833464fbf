package engines

import (
	"fmt"
	"strings"

	"example.com/prober/bench/closed"
)

const (
	fixedName = "prober, one request"
	mixName   = "prober, mix of ten"
	mixSize   = 10
)

func trafficEngine() engine {
	return engine{
		"Traffic", "Requests that vary", "Answers of 1 KiB from net/http, over TLS. The mix has ten requests, each with a value from a list of 1,000 in its path " +
			"and a random UUID in its header; the other client sends one and the same request, with a header as long.",
	}
}

// traffic compares a mix of requests, with two values each, to one fixed request.
func (b *bench) traffic(inFlight int, version string) load {
	return load{
		engine: trafficEngine(), inFlight: inFlight, how: "HTTP/" + version,
		clients: []closed.Client{b.varying(mixName, version, inFlight, mixKeys()), b.varying(fixedName, version, inFlight, fixedKeys)},
		aims:    []aim{{fixedName, 1.1}},
	}
}

const fixedKeys = "  request: {path: '/search?q=value-0500&page=0', headers: {X-Request: 00000000-0000-4000-8000-000000000000}}\n"

func mixKeys() string {
	var text strings.Builder
	text.WriteString("  data:\n    id: {generate: uuid}\n    term: {pick: in_order, values: [")
	for i := range 1000 {
		fmt.Fprintf(&text, "value-%04d, ", i)
	}
	text.WriteString("]}\n  requests:\n")
	for i := range mixSize {
		fmt.Fprintf(&text, "  - {name: r%d, weight: %d, path: '/search?q={{ term }}&page=%d', headers: {X-Request: '{{ id }}'}}\n", i, i+1, i)
	}
	return text.String()
}

func (b *bench) varying(name, version string, inFlight int, keys string) closed.Client {
	return b.prober(name, b.servers.counted(), inFlight, func() string {
		return fmt.Sprintf("  url: https://%s/\n  connection: {http_version: %s, streams_per_connection: %d, tls: {ca_file: %s}}\n  expect: {status: [200]}\n%s",
			b.servers.web, version, inFlight, b.servers.certificate(), keys)
	})
}
