package web

import (
	"net/http"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestATelemetryPathIsServedOrRefused(t *testing.T) {
	t.Parallel()
	for path, valid := range map[string]bool{
		"/metrics": true, "/metrics/": true, "/a/b-c_d.~e": true, "/static": true, "/config/metrics": true, "/debug/metrics": true,
		"": false, "/": false, "//": false, "metrics": false, "/{x": false, "/{x}": false, "/{x...}": false, "/a b": false,
		"/a?b": false, "/a#b": false, "/a%2fb": false, "/a//b": false, "/a/../b": false, "/.": false, "/..": false, "GET /a": false,
		"/config": false, "/codes": false, "/codes/": false, "/codes/1": false, "/targets": false, "/targets/": false, "/targets/a/b": false,
		"/static/style.css": false, "/api": false, "/api/": false, "/api/v1/targets": false, "/-/healthy": false, "/-/ready": false,
		"/debug/pprof": false, "/debug/pprof/": false, "/debug/pprof/heap": false, "/debug/pprof/profile": false,
	} {
		for _, prefix := range []string{"", "/tools/prober"} {
			s := shellOf(t, prefix)
			s.opts.TelemetryPath, s.opts.EnablePprof, s.opts.Registry = path, true, prometheus.NewRegistry()
			err := s.Validate()
			require.Equal(t, valid, err == nil, "%q: %v", path, err)
			if valid {
				assert.Equal(t, http.StatusOK, get(t, s, prefix+path).Code, path)
			}
		}
	}
}
