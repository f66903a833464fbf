package command

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
	"example.com/prober/prober"
	"example.com/prober/web"
)

// Numbers that were read before the last request ended are not the last ones.
func TestAScrapeThatBeganBeforeTheDrainEndedIsNotTheLast(t *testing.T) {
	t.Parallel()
	began, release := make(chan struct{}, 1), make(chan struct{}, 1)
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "slow", Help: "Takes its time."}, func() float64 {
		began <- struct{}{}
		<-release
		return 1
	}))
	var logged rig.Output
	log := slog.New(slog.NewTextHandler(&logged, nil))
	manager := prober.NewManager(prober.Options{Log: log})
	shell := web.New(web.Options{Log: log, Manager: manager, Registry: registry, TelemetryPath: "/metrics"})
	server := httptest.NewServer(shell.Handler())
	t.Cleanup(server.Close)
	scrape := func() <-chan struct{} {
		answered := make(chan struct{})
		go func() {
			defer close(answered)
			_, _, err := rig.Fetch(t.Context(), http.MethodGet, server.URL+"/metrics")
			assert.NoError(t, err)
		}()
		<-began
		return answered
	}

	first := scrape()
	release <- struct{}{}
	<-first
	early := scrape()
	d := &daemon{log: log, shell: shell, flags: daemonFlags{finalScrape: time.Hour}}
	over := make(chan struct{})
	go func() {
		defer close(over)
		d.awaitScrape(make(chan error))
	}()
	rig.Until(t, "it waits", func() bool { return strings.Contains(logged.String(), "waiting for the last scrape") })
	release <- struct{}{}
	<-early
	select {
	case <-over:
		assert.Fail(t, "a scrape that began earlier was taken for the last one")
	case <-time.After(500 * time.Millisecond): // ten times the interval of its checks
	}

	last := scrape()
	release <- struct{}{}
	<-last
	select {
	case <-over:
	case <-time.After(time.Minute):
		require.Fail(t, "the last scrape was not noticed")
	}
}
