package kubernetes

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// monitored is what the operator makes of the PodMonitor: an own scrape of each pod at the interval of the monitor.
const monitored = `
scrape_configs:
  - job_name: prober
    scrape_interval: %s
    scrape_timeout: 10s
    kubernetes_sd_configs:
      - {role: pod, namespaces: {names: [prober]}, api_server: %q, authorization: {credentials: %s}, tls_config: {ca_file: %q}}
    relabel_configs:
      - {source_labels: [__meta_kubernetes_pod_phase], regex: (Failed|Succeeded), action: drop}
      - {source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_name], regex: %s, action: keep}
      - {source_labels: [__meta_kubernetes_pod_container_port_name], regex: %s, action: keep}
      - {source_labels: [__meta_kubernetes_pod_name], target_label: instance}
`

// observer is a Prometheus that finds the pods in the cluster itself.
type observer struct {
	*controlPlane
	url string
}

func (p *controlPlane) observe(t *testing.T) *observer {
	t.Helper()
	monitor := only(t, rendered(t, kustomization), "PodMonitor").at("spec")
	endpoint, _ := monitor["podMetricsEndpoints"].([]any)[0].(map[string]any)
	dir := t.TempDir()
	config := rig.WriteFile(t, dir, "prometheus.yml", monitored, endpoint["interval"], p.cluster.url, admin, p.ca,
		monitor.selector(), endpoint["port"])
	started := rig.Start(t, exec.CommandContext(t.Context(), prometheus, "--config.file="+config,
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address=127.0.0.1:0"))
	o := &observer{controlPlane: p, url: started.AwaitURL()}
	started.Await("Server is ready to receive web requests")
	return o
}

func (o object) selector() any { return o.at("selector", "matchLabels")["app.kubernetes.io/name"] }

// sample is one value at one time.
type sample struct{ at, value float64 }

type series struct {
	labels  map[string]string
	samples []sample
}

// query returns the samples of a selector with a range.
func (o *observer) query(t *testing.T, expr string) (all []series) {
	t.Helper()
	status, body, err := rig.Fetch(t.Context(), http.MethodGet, o.url+"/api/v1/query?query="+url.QueryEscape(expr))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, "%s: %s", expr, body)
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Values [][2]any // a time and a number in quotes
			}
		}
	}
	require.NoError(t, json.Unmarshal(body, &answer))
	for _, r := range answer.Data.Result {
		s := series{labels: r.Metric}
		for _, pair := range r.Values {
			at, _ := pair[0].(float64)
			text, _ := pair[1].(string)
			value, err := strconv.ParseFloat(text, 64)
			require.NoError(t, err, "%s: %s", expr, body)
			s.samples = append(s.samples, sample{at, value})
		}
		all = append(all, s)
	}
	return all
}

// counted returns what Prometheus knows of all requests of each target, over all lives of all pods. A counter begins
// anew in a process that begins, and in a shard to which a target comes back: then a scrape between had no such series.
func (o *observer) counted(t *testing.T) map[string]float64 {
	t.Helper()
	// When a scrape was, and of which process.
	births := map[string]map[float64]float64{}
	scrapes := map[string][]float64{}
	for _, s := range o.query(t, "process_start_time_seconds[3h]") {
		instance := s.labels["instance"]
		if births[instance] == nil {
			births[instance] = map[float64]float64{}
		}
		for _, v := range s.samples {
			births[instance][v.at] = v.value
			scrapes[instance] = append(scrapes[instance], v.at)
		}
	}
	sums := map[string]float64{}
	for _, s := range o.query(t, "prober_requests_total[3h]") {
		instance := s.labels["instance"]
		var before sample
		for _, v := range s.samples {
			missed := false
			for _, at := range scrapes[instance] {
				missed = missed || before.at < at && at < v.at
			}
			if missed || births[instance][v.at] != births[instance][before.at] {
				before.value = 0
			}
			require.GreaterOrEqual(t, v.value, before.value, "%v goes back", s.labels)
			sums[s.labels["target"]] += v.value - before.value
			before = v
		}
	}
	return sums
}

// awaitShards waits until Prometheus has scraped exactly that many pods, in their present lives, and all have that
// number of shards. None is about to end.
func (o *observer) awaitShards(t *testing.T, want int) {
	t.Helper()
	o.eventually(t, fmt.Sprintf("Prometheus knows %d shards that know of each other", want), func() bool {
		total, born := o.last(t, "prober_total_shards"), o.last(t, "process_start_time_seconds")
		pods := o.pods("prober")
		for _, pod := range pods {
			c := o.container("prober", pod.Name)
			if c == nil || pod.DeletionTimestamp != nil || born[pod.Name] < float64(c.since.Unix()-1) || total[pod.Name] != float64(want) {
				return false
			}
		}
		return len(pods) == want
	})
}

// last returns the values of a metric from the latest scrape, by pod.
func (o *observer) last(t *testing.T, metric string) map[string]float64 {
	t.Helper()
	values := map[string]float64{}
	for _, s := range o.query(t, metric+"[45s]") { // a scrape every 30 s
		values[s.labels["instance"]] = s.samples[len(s.samples)-1].value
	}
	return values
}
