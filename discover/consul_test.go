//go:build !lean

package discover

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
)

// consul is the part of a Consul agent's API for the discovery.
type consul struct {
	mu      sync.Mutex
	index   int
	broken  bool
	nodes   map[string][]string // addresses with port, by service
	changed chan struct{}       // closed by the next change
}

func newConsul() *consul {
	return &consul{index: 1, nodes: map[string][]string{}, changed: make(chan struct{})}
}

func (c *consul) change(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
	c.index++
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *consul) set(service string, addresses ...string) {
	c.change(func() {
		if c.nodes[service] = addresses; len(addresses) == 0 {
			delete(c.nodes, service)
		}
	})
}

func (c *consul) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	index, changed := c.index, c.changed
	c.mu.Unlock()
	if asked, _ := strconv.Atoi(r.URL.Query().Get("index")); asked >= index {
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken || r.Header.Get("X-Consul-Token") != "canary" {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("X-Consul-Index", strconv.Itoa(c.index))
	_ = json.NewEncoder(w).Encode(c.answer(r.URL.Path))
}

func (c *consul) answer(path string) any {
	if path == "/v1/agent/self" {
		return map[string]any{"Config": map[string]any{"Datacenter": "dc1"}}
	}
	if path == "/v1/catalog/services" {
		services := map[string][]string{}
		for name := range c.nodes {
			services[name] = []string{"probe"}
		}
		return services
	}
	entries := []any{}
	for _, address := range c.nodes[strings.TrimPrefix(path, "/v1/health/service/")] {
		host, port, _ := strings.Cut(address, ":")
		number, _ := strconv.Atoi(port)
		entries = append(entries, map[string]any{
			"Node":    map[string]any{"Node": "n", "Address": "192.0.2.1", "Datacenter": "dc1"},
			"Service": map[string]any{"ID": address, "Service": path, "Address": host, "Port": number, "Tags": []string{"probe"}},
			"Checks":  []any{},
		})
	}
	return entries
}

func TestServicesOfConsulComeAndGo(t *testing.T) {
	t.Parallel()
	c := newConsul()
	c.set("shop", "a:1", "b:1")
	server := newCatalogue(t, c.ServeHTTP)
	r := run(t, t.TempDir(), `
discover:
  - name: consul
    consul_sd_configs: [{server: '`+server.Listener.Addr().String()+`', token: canary, refresh_interval: 50ms}]
    relabel_configs: [{source_labels: [__meta_consul_tags], regex: '.*,probe,.*', action: keep}]
    target: {name: '{{ __meta_consul_service }}/{{ __address__ }}', url: 'http://{{ __address__ }}/'}
`)
	r.await("shop/a:1", "shop/b:1")
	c.set("mail", "c:1")
	r.await("mail/c:1", "shop/a:1", "shop/b:1")
	c.set("shop", "b:1")
	r.await("mail/c:1", "shop/b:1")
	c.set("shop")
	r.await("mail/c:1")

	c.change(func() { c.broken = true })
	r.awaitFailure()
	assert.Equal(t, []string{"mail/c:1"}, r.names())
	assert.NotContains(t, r.log.String()+r.mechanism(0, 0).LastError, "canary")
}
