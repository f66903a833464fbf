package discover

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/prober/config/form"
	"example.com/prober/internal/rig"
)

// catalogue is an HTTP server that lists targets.
type catalogue struct {
	*httptest.Server
	answer atomic.Pointer[http.HandlerFunc]
}

func newCatalogue(t *testing.T, answer http.HandlerFunc) *catalogue {
	t.Helper()
	c := new(catalogue)
	c.set(answer)
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*c.answer.Load())(w, r) }))
	t.Cleanup(c.Close)
	return c
}

func (c *catalogue) set(answer http.HandlerFunc) { c.answer.Store(&answer) }

// list answers with a list of groups.
func list(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, text)
	}
}

func (c *catalogue) entry(extra string) string {
	return "discover:\n  - name: catalogue\n    http_sd_configs: [{url: '" + c.URL + "/list?token=canary', refresh_interval: 200ms}]\n" + extra + simple
}

func TestTargetsOfAnHTTPServer(t *testing.T) {
	t.Parallel()
	c := newCatalogue(t, list(`[{"targets": ["a:1", "b:1"]}, {"targets": ["c:1"]}]`))
	r := run(t, t.TempDir(), c.entry(""))
	r.await("found/a:1", "found/b:1", "found/c:1")
	c.set(list(`[{"targets": ["b:1"]}]`))
	r.await("found/b:1")
}

func TestAnHTTPServerInTroubleKeepsItsTargets(t *testing.T) {
	t.Parallel()
	good := list(`[{"targets": ["a:1"]}]`)
	for name, bad := range map[string]http.HandlerFunc{
		"a status of 500": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"no JSON":         list(`<html>`),
		"another type":    func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `[]`) },
		"half of it":      list(`[{"targets": ["b:1"]`),
		"null":            list(`[null]`),
		"a huge answer": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for line := strings.Repeat(" ", 64<<10); ; {
				if _, err := io.WriteString(w, line); err != nil {
					return
				}
			}
		},
		"silence":   func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"no answer": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCatalogue(t, good)
			r := run(t, t.TempDir(), c.entry(""))
			r.await("found/a:1")
			c.set(bad)
			r.awaitFailure()
			assert.Equal(t, []string{"found/a:1"}, r.names())
			assert.Positive(t, r.mechanism(0, 0).Failures)
			rig.Until(t, "the failure is told", func() bool { return r.mechanism(0, 0).LastError != "" })
			assert.NotContains(t, r.mechanism(0, 0).LastError+r.log.String(), "canary")
			c.set(list(`[{"targets": ["b:1"]}]`))
			r.await("found/b:1")
			r.awaitRecovery()
		})
	}
}

// Kept results expire: by then the addresses may belong to others.
func TestWhatFailsForLongIsNotKept(t *testing.T) {
	t.Parallel()
	c := newCatalogue(t, list(`[{"targets": ["a:1"]}]`))
	r := run(t, t.TempDir(), c.entry("    keep_for: 1s\n"))
	r.await("found/a:1")
	c.set(list(`<html>`))
	r.await()
	assert.True(t, r.mechanism(0, 0).IsExpired)
	c.set(list(`[{"targets": ["a:1"]}]`))
	r.await("found/a:1")
}

func TestADiscoveryThatNeverAnsweredHoldsNobody(t *testing.T) {
	t.Parallel()
	bad := newCatalogue(t, list(`<html>`))
	good := newCatalogue(t, list(`[{"targets": ["a:1"]}]`))
	r := run(t, t.TempDir(), strings.Replace(bad.entry(""), "catalogue", "other", 1)+strings.TrimPrefix(good.entry(""), "discover:\n"))
	r.awaitIn()
	r.await("found/a:1")
}

func TestNoSecretOfADiscoveryIsShown(t *testing.T) {
	t.Parallel()
	c := newCatalogue(t, list(`[{"targets": ["a:1", "b\u202e b\u0000\u001b[1m"]}]`))
	r := run(t, t.TempDir(), c.entry(""))
	r.await("found/a:1")
	found, matching := r.Found(Filter{}, 0, 10)
	assert.Equal(t, 2, matching)
	for _, f := range found {
		for _, l := range append(f.Before, f.After...) {
			assert.NotContains(t, l.Value, "canary", l.Name)
			assert.NotContains(t, l.Value+f.Why, "\u202e", l.Name)
			assert.NotContains(t, l.Value+f.Why, "\x1b", l.Name)
		}
	}
	assert.Contains(t, found[0].Before, Label{"__meta_url", c.URL + "/list?" + form.Redaction})
}
