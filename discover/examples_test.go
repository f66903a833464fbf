//go:build !lean

package discover

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// urls returns the URLs of the found targets, by name.
func (r *running) urls() map[string]string {
	urls := map[string]string{}
	for _, target := range r.Targets(nil) {
		urls[target.Name] = target.URL.String()
	}
	return urls
}

func TestTheExampleForKubernetesProbesWhatIsAnnotated(t *testing.T) {
	t.Parallel()
	const probe = "prometheus.io/probe"
	c := newCluster()
	two := service(80)
	two["ports"] = []object{{"name": "http", "port": 80, "protocol": "TCP"}, {"name": "admin", "port": 9000, "protocol": "TCP"}}
	c.put(servicesPath, "shop", "each-port", object{probe: "true"}, two)
	c.put(servicesPath, "shop", "one-port", object{probe: "true", "prometheus.io/port": "9000", "prometheus.io/path": "/healthz", "prometheus.io/scheme": "https"}, two)
	c.put(servicesPath, "shop", "not-annotated", object{}, two)
	c.put(ingressesPath, "shop", "front", object{probe: "true"}, ingress("shop.example.com", "/cart"))
	c.put(ingressesPath, "shop", "path", object{probe: "true", "prometheus.io/path": "/healthz"}, ingress("mail.example.com", "/"))
	c.put(ingressesPath, "shop", "quiet", object{}, ingress("quiet.example.com", "/"))
	server := httptest.NewTLSServer(c)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	kubeconfig(t, dir, server.URL)
	text, err := os.ReadFile("../deploy/kubernetes/discovery/prober.yml")
	require.NoError(t, err)
	r := run(t, dir, strings.NewReplacer("targets: []\n", "", "{role: service}", "{role: service, kubeconfig_file: kubeconfig}",
		"{role: ingress}", "{role: ingress, kubeconfig_file: kubeconfig}").Replace(string(text)))
	rig.Until(t, "all is found", func() bool { return len(r.names()) == 5 })
	assert.Equal(t, map[string]string{
		"service/shop/each-port:80":                "http://each-port.shop.svc:80/",
		"service/shop/each-port:9000":              "http://each-port.shop.svc:9000/",
		"service/shop/one-port:9000":               "https://one-port.shop.svc:9000/healthz",
		"ingress/shop/front/shop.example.com/cart": "http://shop.example.com/cart",
		"ingress/shop/path/mail.example.com/":      "http://mail.example.com/healthz",
	}, r.urls())
}

func TestTheJobOfBlackboxExporterInThePageFindsItsTargets(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/discovery.md")
	require.NoError(t, err)
	example := regexp.MustCompile("(?s)```yaml\n# prober.yml\ntargets: \\[\\]\n(.*?)```").FindSubmatch(page)
	require.NotNil(t, example)
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "sites"), 0o700))
	rig.WriteFile(t, filepath.Join(dir, "sites"), "a.yml", "- targets: ['https://shop.example.com/cart?id=1', 'http://mail.example.com:8080']\n")
	r := run(t, dir, string(example[1]))
	r.await("mail.example.com:8080", "shop.example.com/cart")
	assert.Equal(t, map[string]string{
		"mail.example.com:8080": "http://mail.example.com:8080", "shop.example.com/cart": "https://shop.example.com/cart?id=1",
	}, r.urls())
}
