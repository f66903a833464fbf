package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"example.com/prober/config/form"
	"example.com/prober/option"
)

// Kind is a way to probe a target. The scheme of its URL selects it.
type Kind string

// With KindHTTP and KindGRPC, the prober sends HTTP requests or gRPC calls. With KindTCP it opens and closes a
// connection, with a TLS handshake in between if the scheme asks for one. With KindDNS it asks a DNS server a question.
const (
	KindHTTP Kind = "http"
	KindTCP  Kind = "tcp"
	KindGRPC Kind = "grpc"
	KindDNS  Kind = "dns"
)

// Kind returns how the target is probed, "" for a URL with an unknown scheme.
func (t Target) Kind() Kind {
	if k := kindOf(t.URL); k != nil {
		return k.name
	}
	return ""
}

// IsWeb reports whether the target is sent HTTP requests. gRPC calls are HTTP requests.
func (t Target) IsWeb() bool { return t.Kind() == KindHTTP || t.Kind() == KindGRPC }

// IsSecured reports whether the target's connections begin with a TLS handshake.
func (t Target) IsSecured() bool {
	return isSecured(t.URL) || t.Kind() == KindDNS && t.DNS != nil && t.DNS.Transport == option.DNSOverTLS
}

// kind is the part of the schema for the targets of one [Kind]. To add a kind, add a block to kinds.
type kind struct {
	name Kind
	// schemes are the schemes of its URLs. Connections to those in secured begin with a TLS handshake.
	schemes, secured []string
	// does completes "a target with the scheme …, which", for messages about keys without a meaning for it.
	does string
	// keys are the paths of the keys with a meaning for it, besides commonKeys. Each stands for all keys below it, too.
	// Nil means all keys except foreign.
	keys, foreign []string
	// checkURL checks a URL with one of the schemes; it may be nil.
	checkURL func(*url.URL) error
	// fill sets the defaults of keys that not every kind has. tls is true if the target's connections begin with a TLS
	// handshake.
	fill func(t *Target, tls bool)
}

var kinds = []kind{
	{
		name:    KindHTTP,
		schemes: []string{"http", "https"},
		secured: []string{"https"},
		does:    "sends requests",
		foreign: append(grpcKeys(), dnsKeys()...),
		fill:    fillHTTP,
	},
	{
		name:    KindTCP,
		schemes: []string{"tcp", "tls"},
		secured: []string{"tls"},
		does:    "only connects",
		keys: append(dialKeys(),
			"connection.proxy_url", "connection.proxy_username", "connection.proxy_password_file", "connection.no_proxy", "connection.tls",
			"expect.max_latency",
		),
		checkURL: checkEndpoint,
		fill:     fillTCP,
	},
	{
		name:    KindGRPC,
		schemes: []string{"grpc", "grpcs"},
		secured: []string{"grpcs"},
		does:    "makes gRPC calls",
		keys: slices.Concat(dialKeys(), grpcKeys(), []string{
			"request.host", "request.basic_auth", "request.authorization", "request.oauth2", "request.traceparent",
			"connection.reuse", "connection.requests_per_connection", "connection.streams_per_connection", "connection.clock",
			"connection.proxy_url", "connection.proxy_username", "connection.proxy_password_file", "connection.no_proxy", "connection.tls",
			"expect.max_latency", "expect.max_body_size",
			"data", "think", "think_spread", mixKey, journeyKey, keepFailuresKey,
		}),
		checkURL: checkEndpoint,
		fill:     fillGRPC,
	},
	{
		name:    KindDNS,
		schemes: []string{"dns"},
		does:    "asks a DNS server",
		keys: slices.Concat(dialKeys(), dnsKeys(), []string{
			"connection.reuse", "connection.requests_per_connection", "connection.clock", "connection.tls", "expect.max_latency",
		}),
		checkURL: checkNoPath,
		fill:     fillDNS,
	},
}

// commonKeys have a meaning for every kind.
var commonKeys = []string{
	"name", "url", "labels", "interval", "timeout", "sharding", "burst", "breaker", "objective", "thresholds", "compare",
}

// dialKeys returns the keys for every kind with dialled targets.
func dialKeys() (keys []string) {
	for _, f := range dialFields(new(option.Dial)) {
		keys = append(keys, "connection."+f.Name)
	}
	return keys
}

// kindOf returns the kind for the scheme of u, nil if there is none.
func kindOf(u *url.URL) *kind {
	if u == nil {
		return nil
	}
	i := slices.IndexFunc(kinds, func(k kind) bool { return slices.Contains(k.schemes, u.Scheme) })
	if i < 0 {
		return nil
	}
	return &kinds[i]
}

// knows reports whether the key has a meaning for the targets of k.
func (k *kind) knows(path string) bool {
	holds := func(known string) bool {
		below, ok := strings.CutPrefix(path, known)
		return ok && (below == "" || below[0] == '.')
	}
	if k.keys == nil {
		return !slices.ContainsFunc(k.foreign, holds)
	}
	return slices.ContainsFunc(k.keys, holds) || slices.ContainsFunc(commonKeys, holds)
}

// schemes returns the schemes of all targets for which the key has a meaning. Each has the form of a URL's beginning,
// such as http://.
func schemes(path string) []string {
	var all []string
	for _, k := range kinds {
		for _, scheme := range k.schemes {
			if k.knows(path) {
				all = append(all, scheme+"://")
			}
		}
	}
	return all
}

// URLBeginnings returns the possible beginnings of a target's URL: "http://, https://, …".
func URLBeginnings() string { return form.Alternatives(urlSchemes()) }

// isSecured reports whether a connection to u begins with a TLS handshake.
func isSecured(u *url.URL) bool {
	k := kindOf(u)
	return k != nil && slices.Contains(k.secured, u.Scheme)
}

// urlSchemes returns the schemes of all targets.
var urlSchemes = sync.OnceValue(func() []string { return schemes(urlKey) })

// parseTargetURL parses a URL of any kind.
func parseTargetURL(raw string) (*url.URL, error) {
	u, err := parseURL(raw, urlSchemes()...)
	if err != nil {
		return nil, err
	}
	if check := kindOf(u).checkURL; check != nil {
		return u, check(u)
	}
	return u, nil
}

// checkEndpoint accepts a host and a port, and nothing else.
func checkEndpoint(u *url.URL) error {
	if err := checkNoPath(u); err != nil {
		return err
	}
	if u.Port() == "" {
		return errors.New("needs a port, as in " + u.Scheme + "://host:port")
	}
	return nil
}

// checkNoPath accepts nothing after the host and the port.
func checkNoPath(u *url.URL) error {
	if u.Path != "" || u.RawQuery != "" || u.ForceQuery {
		return fmt.Errorf("must end after the port: a target with the scheme %s has no path and no query", u.Scheme)
	}
	return nil
}

// checkKind lets a target inherit keys without a meaning for its kind, but not set them itself.
func (s checks) checkKind(t *Target) {
	k := kindOf(t.URL)
	if k != nil && (k.keys != nil || slices.ContainsFunc(k.foreign, s.IsSet)) {
		s.dropUnknown(k, t.URL.Scheme, "", targetFields(t))
	}
}

// dropUnknown goes down to single keys: of a section, one key may have a meaning and another none.
func (s checks) dropUnknown(k *kind, scheme, parent string, fields form.Section) {
	for _, f := range fields {
		path := parent + f.Name
		isAbove := func(known string) bool { return strings.HasPrefix(known, path+".") }
		if k.knows(path) && !slices.ContainsFunc(k.foreign, isAbove) {
			continue
		}
		if below, ok := f.Block(); ok {
			s.dropUnknown(k, scheme, path+".", below)
			continue
		}
		if s.IsOwn(path) {
			s.Conflict(fmt.Sprintf("has no meaning for a target with the scheme %s, which %s; remove the key, or use %s",
				scheme, k.does, form.Alternatives(schemes(path))), path)
		}
		f.Value.Reset()
		s.Forget(path)
	}
}
