package config

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"

	"example.com/prober/config/form"
	"example.com/prober/option"
)

// maxCheckedBody is the length of the longest body that is kept for checks. Each request in
// flight may keep one.
const maxCheckedBody = 8 << 20

// checkExpect finds expectations that no answer can meet.
func (s checks) checkExpect(t *Target) {
	const latency, timeout = "expect.max_latency", "timeout"
	e := t.Expect
	bodies := []string{"expect.body.contains", "expect.body.regexp", "expect.body.json"}
	if t.Request.Method == http.MethodHead && slices.ContainsFunc(bodies, s.IsSet) {
		s.Conflict("the answer to HEAD has no body: expect.body cannot be met", append(bodies, "request.method")...)
	}
	const size = "expect.max_body_size"
	if e.MaxBodySize > maxCheckedBody && slices.ContainsFunc(bodies, s.IsSet) {
		s.Conflict("must be 8MiB or less where expect.body is checked", size)
	}
	if e.MaxBodySize > maxCheckedBody && s.IsSet("expect.message") {
		s.Conflict("must be 8MiB or less where expect.message is checked", size)
	}
	bound := cmp.Or(t.Timeout, defaultTimeout)
	if s.Sound(latency) && e.MaxLatency > bound {
		if s.IsOwn(latency) || !s.IsOwn(timeout) {
			s.Conflict("is above timeout, which ends a request after "+form.FormatDuration(bound), latency)
		}
		t.Expect.MaxLatency = 0 // the timeout comes first
	}
	s.checkExpectedVersion(t)
}

func (s checks) checkExpectedVersion(t *Target) {
	const expected, spoken = "expect.http_version", "connection.http_version"
	if !s.Sound(expected) || s.IsSet(spoken) && !s.Sound(spoken) {
		return
	}
	spoke := map[option.HTTPVersion][]string{
		"": {"1.0", "1.1", "2"}, option.AutoHTTP: {"1.0", "1.1", "2"},
		option.OnlyHTTP11: {"1.0", "1.1"}, option.OnlyHTTP2: {"2"}, option.H2C: {"2"}, option.OnlyHTTP3: {"3"},
	}[t.Connection.HTTPVersion]
	if !slices.Contains(spoke, t.Expect.HTTPVersion) {
		s.Conflict(fmt.Sprintf("no answer can be HTTP/%s with connection.http_version: %s",
			t.Expect.HTTPVersion, cmp.Or(t.Connection.HTTPVersion, option.AutoHTTP)), expected, spoken)
	}
}
