//go:build !lean

package discover

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// object is an object of the Kubernetes API.
type object = map[string]any

// event is an event of a watch.
type event struct {
	path    string
	version int
	Type    string `json:"type"`
	Object  object `json:"object"`
}

// cluster is the part of a kube-apiserver for a discovery of services and
// ingresses: lists, and watches with the events since.
type cluster struct {
	mu       sync.Mutex
	version  int
	broken   bool
	objects  map[string]object // by path and name
	recorded []event
	changed  chan struct{} // closed by the next change
	watches  int
}

const (
	servicesPath  = "/api/v1/services"
	ingressesPath = "/apis/networking.k8s.io/v1/ingresses"
)

func newCluster() *cluster {
	return &cluster{version: 1, objects: map[string]object{}, changed: make(chan struct{})}
}

// put adds or changes an object; a nil spec deletes it.
func (c *cluster) put(path, namespace, name string, annotations object, spec object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version++
	kind, api := "Service", "v1"
	if path == ingressesPath {
		kind, api = "Ingress", "networking.k8s.io/v1"
	}
	o := object{"kind": kind, "apiVersion": api, "spec": spec, "metadata": object{
		"name": name, "namespace": namespace, "uid": namespace + name, "resourceVersion": strconv.Itoa(c.version), "annotations": annotations,
	}}
	key, what := path+" "+namespace+"/"+name, "MODIFIED"
	switch {
	case spec == nil:
		what, o = "DELETED", c.objects[key]
		delete(c.objects, key)
	case c.objects[key] == nil:
		what = "ADDED"
		fallthrough
	default:
		c.objects[key] = o
	}
	c.recorded = append(c.recorded, event{path, c.version, what, o})
	c.wake()
}

func (c *cluster) wake() {
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *cluster) setBroken(broken bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken = broken
	c.wake()
}

func (c *cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	broken := c.broken || r.Header.Get("Authorization") != "Bearer canary"
	c.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	q := r.URL.Query()
	switch {
	case broken:
		w.WriteHeader(http.StatusForbidden)
		_ = json.NewEncoder(w).Encode(object{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403})
	case q.Get("watch") == "true" || q.Get("watch") == "1":
		c.watch(w, r)
	default:
		c.mu.Lock()
		defer c.mu.Unlock()
		kind, api := "ServiceList", "v1"
		if r.URL.Path == ingressesPath {
			kind, api = "IngressList", "networking.k8s.io/v1"
		}
		_ = json.NewEncoder(w).Encode(object{"kind": kind, "apiVersion": api, "items": c.all(r.URL.Path), "metadata": object{"resourceVersion": strconv.Itoa(c.version)}})
	}
}

// all returns the objects under a path.
func (c *cluster) all(path string) []object {
	items := []object{}
	for key, o := range c.objects {
		if len(key) > len(path) && key[:len(path)+1] == path+" " {
			items = append(items, o)
		}
	}
	return items
}

func (c *cluster) watch(w http.ResponseWriter, r *http.Request) {
	out := json.NewEncoder(w)
	var sent int
	c.mu.Lock()
	c.watches++
	if r.URL.Query().Get("sendInitialEvents") == "true" {
		for _, o := range c.all(r.URL.Path) {
			_ = out.Encode(event{Type: "ADDED", Object: o})
		}
		kind, api := "Service", "v1"
		if r.URL.Path == ingressesPath {
			kind, api = "Ingress", "networking.k8s.io/v1"
		}
		_ = out.Encode(event{Type: "BOOKMARK", Object: object{"kind": kind, "apiVersion": api, "metadata": object{
			"resourceVersion": strconv.Itoa(c.version), "annotations": object{"k8s.io/initial-events-end": "true"},
		}}})
		sent = c.version
	} else {
		sent, _ = strconv.Atoi(r.URL.Query().Get("resourceVersion"))
	}
	c.mu.Unlock()
	for {
		c.mu.Lock()
		changed, broken := c.changed, c.broken
		for _, e := range c.recorded {
			if e.path == r.URL.Path && e.version > sent && !broken {
				_ = out.Encode(e)
			}
		}
		sent = c.version
		c.mu.Unlock()
		w.(http.Flusher).Flush()
		if broken {
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

// kubeconfig writes a kubeconfig for a cluster at an address.
func kubeconfig(t *testing.T, dir, address string) {
	t.Helper()
	rig.WriteFile(t, dir, "kubeconfig", `
apiVersion: v1
kind: Config
current-context: test
clusters: [{name: test, cluster: {server: '%s', insecure-skip-tls-verify: true}}]
users: [{name: test, user: {token: canary}}]
contexts: [{name: test, context: {cluster: test, user: test}}]
`, address)
}

func service(port int) object {
	return object{"type": "ClusterIP", "clusterIP": "192.0.2.1", "ports": []object{{"name": "http", "port": port, "protocol": "TCP"}}}
}

func ingress(host, path string) object {
	backend := object{"service": object{"name": "s", "port": object{"number": 80}}}
	return object{"rules": []object{{"host": host, "http": object{"paths": []object{{"path": path, "pathType": "Prefix", "backend": backend}}}}}}
}

func TestServicesAndIngressesOfKubernetesComeAndGo(t *testing.T) {
	t.Parallel()
	probed := object{"prometheus.io/probe": "true"}
	c := newCluster()
	c.put(servicesPath, "shop", "cart", probed, service(80))
	c.put(servicesPath, "shop", "quiet", object{}, service(80))
	c.put(ingressesPath, "shop", "front", probed, ingress("shop.example.com", "/cart"))
	server := httptest.NewTLSServer(c) // a token is sent only over TLS
	t.Cleanup(server.Close)
	dir := t.TempDir()
	kubeconfig(t, dir, server.URL)
	r := run(t, dir, `
discover:
  - name: services
    kubernetes_sd_configs: [{role: service, kubeconfig_file: kubeconfig}]
    relabel_configs: [{source_labels: [__meta_kubernetes_service_annotation_prometheus_io_probe], regex: "true", action: keep}]
    target:
      name: '{{ __meta_kubernetes_namespace }}/{{ __meta_kubernetes_service_name }}'
      url: 'http://{{ __address__ }}/'
  - name: ingresses
    kubernetes_sd_configs: [{role: ingress, kubeconfig_file: kubeconfig}]
    target:
      name: '{{ __meta_kubernetes_ingress_name }}'
      url: '{{ __meta_kubernetes_ingress_scheme }}://{{ __address__ }}{{ __meta_kubernetes_ingress_path }}'
`)
	r.await("shop/cart", "front")
	targets := r.Targets(nil)
	assert.Equal(t, "http://cart.shop.svc:80/", targets[0].URL.String())
	assert.Equal(t, "http://shop.example.com/cart", targets[1].URL.String())
	for i := range 20 {
		c.put(servicesPath, "mail", fmt.Sprintf("s%02d", i), probed, service(80))
	}
	rig.Until(t, "all services are found", func() bool { return len(r.names()) == 22 })
	for i := range 20 {
		c.put(servicesPath, "mail", fmt.Sprintf("s%02d", i), probed, nil)
	}
	c.put(servicesPath, "shop", "cart", object{}, service(80))
	c.put(servicesPath, "shop", "quiet", probed, service(8080))
	r.await("shop/quiet", "front")

	c.setBroken(true)
	r.awaitFailure()
	assert.Equal(t, []string{"shop/quiet", "front"}, r.names())
	c.setBroken(false)
	c.put(servicesPath, "shop", "cart", probed, service(80))
	r.await("shop/cart", "shop/quiet", "front")
	assert.NotContains(t, r.log.String(), "canary")
}

// startAPI serves a cluster at an address, perhaps for another time.
func startAPI(t *testing.T, c *cluster, address string) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(c)
	require.NoError(t, server.Listener.Close())
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	require.NoError(t, err)
	server.Listener = listener
	server.StartTLS()
	t.Cleanup(func() {
		c.setBroken(true) // ends the watches: Close waits for them
		server.Close()
	})
	return server
}

func TestAnAPIServerThatGoesAwayKeepsItsTargets(t *testing.T) {
	t.Parallel()
	c := newCluster()
	c.put(servicesPath, "shop", "cart", object{}, service(80))
	address := net.JoinHostPort("127.0.0.1", rig.FreePort(t))
	server := startAPI(t, c, address)
	dir := t.TempDir()
	kubeconfig(t, dir, server.URL)
	r := run(t, dir, `
discover:
  - name: services
    kubernetes_sd_configs: [{role: service, kubeconfig_file: kubeconfig}]
    target: {name: '{{ __meta_kubernetes_service_name }}', url: 'http://{{ __address__ }}/'}
`)
	r.await("cart")
	require.NoError(t, server.Listener.Close())
	server.CloseClientConnections()
	r.awaitFailure()
	assert.Positive(t, r.mechanism(0, 0).Failures)
	assert.Equal(t, []string{"cart"}, r.names())
	assert.Contains(t, r.mechanism(0, 0).LastError, "the API server at "+address+" does not answer")

	c.put(servicesPath, "shop", "late", object{}, service(80))
	startAPI(t, c, address)
	r.await("cart", "late")
}
