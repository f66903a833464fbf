package transport

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
)

// If a peer repeats what it was sent, the prober must not show it.
func TestAnExcerptHasNoSecretsOfTheRequest(t *testing.T) {
	t.Parallel()
	const secret = "Zebra-Canary-9"
	saying := func(of func(q *http.Request, body string) string) *peers.Peer {
		return peers.Listen(t, func(c net.Conn) {
			q, err := http.ReadRequest(bufio.NewReader(c))
			if err != nil {
				return
			}
			body, _ := io.ReadAll(q.Body)
			_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nserver says %s\r\n\r\n", of(q, string(body)))
		})
	}
	for name, tt := range map[string]struct {
		cfg Config
		of  func(q *http.Request, body string) string
	}{
		"a header":                    {Config{Header: message.Fields("X-Key", secret)}, func(q *http.Request, _ string) string { return q.Header.Get("X-Key") }},
		"a header in capitals":        {Config{Header: message.Fields("X-Key", secret)}, func(q *http.Request, _ string) string { return strings.ToUpper(q.Header.Get("X-Key")) }},
		"a part of a header":          {Config{Header: message.Fields("X-Key", "abc"+secret)}, func(q *http.Request, _ string) string { return q.Header.Get("X-Key")[3:] }},
		"basic authentication":        {Config{Header: message.Fields("Authorization", "Basic dXNlcjpaZWJyYS1DYW5hcnktOQ==")}, func(q *http.Request, _ string) string { _, p, _ := q.BasicAuth(); return p }},
		"a token":                     {Config{Authorization: func() (string, error) { return "Bearer " + secret, nil }}, func(q *http.Request, _ string) string { return q.Header.Get("Authorization") }},
		"the query":                   {Config{URL: &url.URL{RawQuery: "k=" + secret}}, func(q *http.Request, _ string) string { return q.URL.RawQuery }},
		"the query, decoded":          {Config{URL: &url.URL{RawQuery: "k=%5Aebra-Canary-9"}}, func(q *http.Request, _ string) string { return q.URL.Query().Get("k") }},
		"a body":                      {Config{Method: "POST", Body: []byte("a" + secret)}, func(_ *http.Request, body string) string { return body }},
		"a body too long to look for": {Config{Method: "POST", Body: []byte(secret + strings.Repeat("x", maxSecretBody))}, func(_ *http.Request, body string) string { return body[:20] }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := saying(tt.of)
			u := p.URL("http")
			if tt.cfg.URL != nil {
				u.RawQuery = tt.cfg.URL.RawQuery
			}
			tt.cfg.URL = u
			r := do(newTransport(t, tt.cfg), patience)
			assert.Equal(t, errcode.HTTP1Header, codeOf(r), "error: %v", r.Err)
			assert.ErrorContains(t, r.Err, "***")
			const leastSecret = 4 // bytes a piece needs to count as part of a secret
			for i := range len(secret) - leastSecret {
				assert.NotContains(t, strings.ToLower(r.Err.Error()), strings.ToLower(secret[i:i+leastSecret]))
			}
		})
	}
}

func TestAnExcerptIsQuotedAndCut(t *testing.T) {
	t.Parallel()
	fault := errcode.New(errcode.HTTP1Header, "wrong:")
	assert.EqualError(t, probe.NewExcerpt(fault, "a\x00\xff\u202e\n"), `wrong: "a\x00\xff\u202e\n"`)
	assert.EqualError(t, probe.NewExcerpt(fault, []byte(strings.Repeat("b", 100))), `wrong: "`+strings.Repeat("b", 48)+`"...`)
	assert.EqualError(t, probe.NewExcerpt(fault, ""), `wrong: ""`)
	assert.Equal(t, errcode.HTTP1Header, errcode.FromError(probe.NewExcerpt(fault, "a")))
}
