//go:build !lean

package discover

import (
	"context"
	"net/url"
	"sync"

	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/metrics"
)

// unanswered counts the requests to API servers of Kubernetes without an answer, by host. If a connection is refused,
// the library tries again for ever, and reports it nowhere else.
var unanswered = &requestResults{counts: map[string]float64{}}

// requestResults counts the results that the library reports. The hosts come from configurations.
type requestResults struct {
	mu     sync.Mutex
	counts map[string]float64
}

// Increment receives the status of an answer, or the word for none.
func (r *requestResults) Increment(ctx context.Context, code, _, host string) {
	const none = "<error>"
	// A request that was given up because its discovery ends is no failure.
	if code != none || ctx.Err() != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[host]++
}

func (r *requestResults) of(host string) float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts[host]
}

// watchRequests makes the library report its requests to unanswered.
func watchRequests() { metrics.Register(metrics.RegisterOpts{RequestResult: unanswered}) }

// unansweredBy returns the number of requests to a host without an answer.
func unansweredBy(host string) float64 { return unanswered.of(host) }

// apiServerOf returns the host of a mechanism's API server in the library's spelling, or "" if it has none.
func apiServerOf(cfg discovery.Config) string {
	c, ok := cfg.(*kubernetes.SDConfig)
	if !ok {
		return ""
	}
	if c.APIServer.URL != nil {
		return c.APIServer.Host
	}
	client, err := rest.InClusterConfig()
	if c.KubeConfig != "" {
		client, err = clientcmd.BuildConfigFromFlags("", c.KubeConfig)
	}
	if err != nil {
		return ""
	}
	if u, err := url.Parse(client.Host); err == nil && u.Host != "" {
		return u.Host
	}
	return client.Host // without a scheme
}
