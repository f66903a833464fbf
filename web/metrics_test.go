package web_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/prober"
	"example.com/prober/web"
)

func TestAScrapeIsTheSamePackedAndUnpacked(t *testing.T) {
	t.Parallel()
	handler := shellWith(t, 3).Handler()
	for accepted, packed := range map[string]bool{
		"":                       false,
		"gzip":                   true,
		"deflate, gzip;q=0.5":    true,
		"gzip;q=0":               false,
		"identity, gzip; q=0.00": false,
		"zstd":                   false,
	} {
		answer := scrape(t, handler, "text/plain", accepted)
		assert.Equal(t, packed, answer.Header().Get("Content-Encoding") == "gzip", accepted)
		assert.Equal(t, "Accept, Accept-Encoding", answer.Header().Get("Vary"))
		families := parse(t, answer)
		require.NotEmpty(t, families["prober_requests_total"])
		assert.Len(t, families["prober_burst_interval_seconds"].GetMetric(), 3)
		assert.NotEmpty(t, families["go_goroutines"])
		assert.NotEmpty(t, families["promhttp_metric_handler_requests_total"])
	}
}

func TestEachFormatHasTheMetricsOfTheProcessAndTheProber(t *testing.T) {
	t.Parallel()
	handler := shellWith(t, 3).Handler()
	for accept, kind := range map[string]expfmt.FormatType{
		"text/plain": expfmt.TypeTextPlain,
		"application/openmetrics-text;version=1.0.0":                                                    expfmt.TypeOpenMetrics,
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited":    expfmt.TypeProtoDelim,
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text":         expfmt.TypeProtoText,
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=compact-text": expfmt.TypeProtoCompact,
	} {
		answer := scrape(t, handler, accept, "")
		require.Equal(t, http.StatusOK, answer.Code)
		assert.Equal(t, kind, expfmt.Format(answer.Header().Get("Content-Type")).FormatType())
		page := answer.Body.String()
		for _, name := range []string{"go_goroutines", "prober_burst_interval_seconds", "prober_total_shards"} {
			assert.Contains(t, page, name, accept)
		}
		if kind == expfmt.TypeOpenMetrics {
			assert.Equal(t, 1, strings.Count(page, "# EOF\n"))
			assert.True(t, strings.HasSuffix(page, "\n# EOF\n"))
		}
		if kind == expfmt.TypeProtoDelim {
			var names []string
			decoder := expfmt.NewDecoder(answer.Body, expfmt.NewFormat(kind))
			for {
				var family dto.MetricFamily
				if err := decoder.Decode(&family); err != nil {
					require.ErrorIs(t, err, io.EOF)
					break
				}
				names = append(names, family.GetName())
			}
			assert.Contains(t, names, "prober_requests_total")
		}
	}
}

func TestACrowdOfScrapersIsServedWhileSomeNeverRead(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(shellWith(t, 200).Handler())
	t.Cleanup(server.Close)
	for range 5 {
		stuck, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, stuck.Close()) })
		_, err = fmt.Fprintf(stuck, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
		require.NoError(t, err)
	}
	var crowd sync.WaitGroup
	for range 50 {
		crowd.Go(func() {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/metrics", http.NoBody)
			assert.NoError(t, err)
			response, err := server.Client().Do(r)
			if !assert.NoError(t, err) {
				return
			}
			defer response.Body.Close()
			assert.Equal(t, http.StatusOK, response.StatusCode)
			parser := expfmt.NewTextParser(model.UTF8Validation)
			families, err := parser.TextToMetricFamilies(response.Body)
			assert.NoError(t, err)
			assert.Len(t, families["prober_requests_scheduled_total"].GetMetric(), 200)
		})
	}
	crowd.Wait()
}

func TestMoreScrapesThanThereIsRoomForAreRefused(t *testing.T) {
	t.Parallel()
	const asked, room = 80, 64
	began, release := make(chan struct{}, asked), make(chan struct{})
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "slow", Help: "Takes its time."}, func() float64 {
		began <- struct{}{}
		<-release
		return 1
	}))
	log := slog.New(slog.DiscardHandler)
	shell := web.New(web.Options{Log: log, Manager: prober.NewManager(prober.Options{Log: log}), Registry: registry, TelemetryPath: "/metrics"})
	handler := shell.Handler()
	var waiting sync.WaitGroup
	answers := make(chan int)
	for range asked {
		waiting.Go(func() { answers <- scrape(t, handler, "text/plain", "").Code })
	}
	<-began
	for range asked - room {
		assert.Equal(t, http.StatusServiceUnavailable, <-answers)
	}
	close(release)
	for range room {
		assert.Equal(t, http.StatusOK, <-answers)
	}
	waiting.Wait()
}

func scrape(t *testing.T, handler http.Handler, format, encoding string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody)
	r.Header.Set("Accept", format)
	r.Header.Set("Accept-Encoding", encoding)
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, r)
	return answer
}

func parse(t *testing.T, answer *httptest.ResponseRecorder) map[string]*dto.MetricFamily {
	t.Helper()
	body := io.Reader(answer.Body)
	if answer.Header().Get("Content-Encoding") == "gzip" {
		unzip, err := gzip.NewReader(body)
		require.NoError(t, err)
		body = unzip
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(body)
	require.NoError(t, err)
	return families
}

// BenchmarkScrape writes the metrics of many idle targets.
func BenchmarkScrape(b *testing.B) {
	for format, accept := range map[string]string{
		"text":     "text/plain",
		"protobuf": "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
	} {
		for _, targets := range []int{10, 100, 1000} {
			b.Run(fmt.Sprintf("format=%s/targets=%d", format, targets), func(b *testing.B) {
				handler := shellWith(b, targets).Handler()
				for b.Loop() {
					r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/metrics", http.NoBody)
					r.Header.Set("Accept", accept)
					r.Header.Set("Accept-Encoding", "gzip")
					handler.ServeHTTP(httptest.NewRecorder(), r)
				}
			})
		}
	}
}

// shellWith returns a shell of a prober with so many targets. None of them fires.
func shellWith(t testing.TB, targets int) *web.Shell {
	t.Helper()
	var file strings.Builder
	file.WriteString("targets:\n")
	for i := range targets {
		fmt.Fprintf(&file, "- {name: target-%d, url: \"http://127.0.0.1:1/%d\", interval: 8000h}\n", i, i)
	}
	cfg, err := config.Parse([]byte(file.String()), "prober.yml")
	require.NoError(t, err)
	log := slog.New(slog.DiscardHandler)
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector())
	manager := prober.NewManager(prober.Options{Log: log, Metrics: cfg.Metrics})
	require.NoError(t, manager.Apply(cfg))
	t.Cleanup(func() { manager.Shutdown(t.Context()) })
	return web.New(web.Options{Log: log, Manager: manager, Registry: registry, TelemetryPath: "/metrics"})
}
