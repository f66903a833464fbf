package kubernetes

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
)

const deployed = "../../deploy/kubernetes/discovery/"

// startShop starts a cluster with some objects. The prober has its rights from deploy in it.
func startShop(t *testing.T) *cluster {
	t.Helper()
	c := startCluster(t)
	c.create("/api/v1/namespaces", namespace("prober"))
	c.create("/api/v1/namespaces", namespace("shop"))
	c.apply(deployed + "rbac.yaml")
	c.create(services, service("cart", annotated(), 80, 8080))
	c.create(services, service("quiet", "", 80))
	c.create(ingresses, ingress("front", annotated(), "shop.example.com", "/cart"))
	c.create(ingresses, ingress("hidden", "", "hidden.example.com", "/"))
	return c
}

// example is the configuration of deploy, for a prober outside the cluster with the token of its service account, and
// with other defaults.
func (c *cluster) example(t *testing.T, token, defaults string) string {
	t.Helper()
	text, err := os.ReadFile(deployed + "prober.yml")
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(text), "defaults:\n")
	require.True(t, found)
	_, rest, found = strings.Cut(rest, "\n\n")
	require.True(t, found)
	config := before + "defaults: " + defaults + "\n" + rest
	for _, role := range []string{"service", "ingress"} {
		require.Contains(t, config, "{role: "+role+"}")
		config = strings.Replace(config, "{role: "+role+"}", c.mechanism(role, token), 1)
	}
	return config
}

func (c *cluster) mechanism(role, token string) string {
	return fmt.Sprintf("{role: %s, api_server: '%s', authorization: {credentials_file: '%s'}, tls_config: {ca_file: '%s'}}", role, c.url, token, c.ca)
}

// busy are defaults that make all targets send their requests to one server of this host, again and again.
func busy(t *testing.T) string {
	t.Helper()
	server := peers.Serve(t, peers.HTTP1, func(http.ResponseWriter, *http.Request) {})
	// As a proxy it answers for any host.
	proxy, err := url.Parse(server.URL)
	require.NoError(t, err)
	return "{interval: 200ms, timeout: 1m, burst: {requests: 4, rate: 40}, connection: {proxy_url: 'http://" + proxy.Host + "'}}"
}

// idle are defaults without any requests.
const idle = "{interval: 365d, timeout: 1m}"

// targetsOf returns the URLs of the targets, by name.
func targetsOf(m rig.Metrics) map[string]string {
	urls := map[string]string{}
	for _, series := range m["prober_target_info"].GetMetric() {
		labels := map[string]string{}
		for _, pair := range series.GetLabel() {
			labels[pair.GetName()] = pair.GetValue()
		}
		urls[labels["target"]] = labels["url"]
	}
	return urls
}

// awaitTargets waits until the targets are these.
func awaitTargets(t *testing.T, d *rig.Daemon, want map[string]string) rig.Metrics {
	t.Helper()
	return d.AwaitMetrics(fmt.Sprint("the targets ", want), func(m rig.Metrics) bool {
		return assert.ObjectsAreEqual(want, targetsOf(m))
	})
}

func TestTheExampleFollowsTheCluster(t *testing.T) {
	c := startShop(t)
	d := rig.StartDaemon(t, prober, c.example(t, c.token("prober"), idle), "--discover.apply-interval=100ms")
	want := map[string]string{
		"service/shop/cart:80":                     "http://cart.shop.svc:80/",
		"service/shop/cart:8080":                   "http://cart.shop.svc:8080/",
		"ingress/shop/front/shop.example.com/cart": "https://shop.example.com/cart",
	}
	awaitTargets(t, d, want)

	c.patch(services+"/cart", `{"metadata": {"annotations": {"prometheus.io/port": "8080", "prometheus.io/path": "/healthz", "prometheus.io/scheme": "https"}}}`)
	c.patch(services+"/quiet", `{"metadata": {"annotations": {"prometheus.io/probe": "true"}}}`)
	c.patch(ingresses+"/front", `{"metadata": {"annotations": {"prometheus.io/path": "/status"}}}`)
	delete(want, "service/shop/cart:80")
	want["service/shop/cart:8080"] = "https://cart.shop.svc:8080/healthz"
	want["service/shop/quiet:80"] = "http://quiet.shop.svc:80/"
	want["ingress/shop/front/shop.example.com/cart"] = "https://shop.example.com/status"
	awaitTargets(t, d, want)

	const many = 200
	for i := range many {
		name := fmt.Sprintf("many-%03d", i)
		c.create(services, service(name, annotated(), 80))
		want["service/shop/"+name+":80"] = "http://" + name + ".shop.svc:80/"
	}
	awaitTargets(t, d, want)
	for i := range many {
		name := fmt.Sprintf("many-%03d", i)
		c.remove(services + "/" + name)
		delete(want, "service/shop/"+name+":80")
	}
	c.remove(ingresses + "/front")
	c.patch(services+"/quiet", `{"metadata": {"annotations": {"prometheus.io/probe": null}}}`)
	delete(want, "service/shop/quiet:80")
	// The only Ingress is gone: the targets of the last discovery stay for keep_for.
	m := awaitTargets(t, d, want)
	assert.Zero(t, m.Sum("prober_discovery_failures_total"))
	assert.Contains(t, d.Output(), "a discovery finds no targets any more")
}

func TestAnAPIServerThatIsKilledInBurstsChangesNothing(t *testing.T) {
	c := startShop(t)
	c.remove(ingresses + "/front") // its https would need a proxy that tunnels
	c.create(ingresses, strings.Replace(ingress("plain", annotated(), "plain.example.com", "/"), "tls:", "#", 1))
	d := rig.StartDaemon(t, prober, c.example(t, c.token("prober"), busy(t)), "--discover.apply-interval=100ms")
	want := map[string]string{
		"service/shop/cart:80":                  "http://cart.shop.svc:80/",
		"service/shop/cart:8080":                "http://cart.shop.svc:8080/",
		"ingress/shop/plain/plain.example.com/": "http://plain.example.com/",
	}
	awaitTargets(t, d, want)
	answers := func(m rig.Metrics) map[string]float64 {
		return m.By("prober_requests_total", "target", "error_code", "0")
	}
	more := func(before rig.Metrics) func(rig.Metrics) bool {
		return func(m rig.Metrics) bool {
			for target := range want {
				if answers(m)[target] < answers(before)[target]+8 {
					return false
				}
			}
			return m.Sum("prober_discovery_failures_total", "discover", "services") > before.Sum("prober_discovery_failures_total", "discover", "services") &&
				m.Sum("prober_discovery_failures_total", "discover", "ingresses") > before.Sum("prober_discovery_failures_total", "discover", "ingresses")
		}
	}
	c.killIn(d, want, more)
	c.start()
	c.create(services, service("late", annotated(), 80))
	want["service/shop/late:80"] = "http://late.shop.svc:80/"
	awaitTargets(t, d, want)

	// An existing watch may go on without the right to it: the right counts when the server is back.
	c.remove(clusterRoleBindings + "/prober")
	c.killIn(d, want, more)
	// The log has one line a minute, about the discovery that failed last. A server that has just started knows no rights yet.
	forbidden := regexp.MustCompile(`(services|ingresses[a-z0-9.]*) is forbidden: User \\?"system:serviceaccount:prober:prober\\?" cannot (list|watch) resource \\?"(services|ingresses)\\?"`)
	said := func() int { return len(forbidden.FindAllString(d.Output(), -1)) }
	before := said()
	c.start()
	rig.Until(t, "a line about a right that is missing", func() bool { return said() > before })
	during := d.AwaitMetrics("failures for want of rights, and answers of all targets", more(d.Scrape()))
	assert.Equal(t, want, targetsOf(during), "what was found stays")
	c.create(services, service("later", annotated(), 80))
	c.create(clusterRoleBindings, binding("prober", "prober"))
	want["service/shop/later:80"] = "http://later.shop.svc:80/"
	awaitTargets(t, d, want)
	after := d.AwaitMetrics("answers of the target that came", answeredBy("service/shop/later:80"))
	for target := range want {
		assert.Zero(t, after.Sum("prober_requests_dropped_total", "target", target), target)
		assert.Zero(t, after.Sum("prober_bursts_cut_total", "target", target), target)
		assert.InDelta(t, after.Sum("prober_requests_total", "target", target), answers(after)[target], 0, "%s: requests that failed", target)
	}
	assert.NotContains(t, d.Output(), "eyJ", "the token of the service account is in the log")
}

// killIn kills the server while bursts go on, and waits for failures of the discoveries and more answers of all
// targets.
func (c *cluster) killIn(d *rig.Daemon, want map[string]string, more func(rig.Metrics) func(rig.Metrics) bool) {
	c.t.Helper()
	before := d.Scrape()
	c.kill()
	during := d.AwaitMetrics("failures of the discoveries, and answers of all targets", more(before))
	assert.Equal(c.t, want, targetsOf(during), "what was found stays")
}

func answeredBy(target string) func(rig.Metrics) bool {
	return func(m rig.Metrics) bool {
		return m.Sum("prober_requests_total", "target", target, "error_code", "0") > 0
	}
}

// binding gives a role to the service account with a name.
func binding(name, role string) string {
	return fmt.Sprintf(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: %s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %s}
subjects: [{kind: ServiceAccount, name: %[1]s, namespace: prober}]
`, name, role)
}

// account makes a service account with its own rights, and returns a file with its token.
func (c *cluster) account(name, rules string) (token string) {
	c.t.Helper()
	c.create("/api/v1/namespaces/prober/serviceaccounts", fmt.Sprintf("{apiVersion: v1, kind: ServiceAccount, metadata: {name: %s}}", name))
	c.create(clusterRoles, fmt.Sprintf("{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: %s}, rules: [%s]}", name, rules))
	c.create(clusterRoleBindings, binding(name, name))
	return c.token(name)
}

// check runs `prober check --discover` and returns its output.
func check(t *testing.T, config string) (output string, ok bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "prober.yml")
	require.NoError(t, os.WriteFile(path, []byte(config), 0o600))
	text, err := exec.CommandContext(t.Context(), prober, "check", "--config.file="+path, "--discover=1m").CombinedOutput()
	return string(text), err == nil
}

// Each right of the role is needed: without any of them a discovery fails and says why.
func TestTheRoleHasNoMoreThanItNeeds(t *testing.T) {
	c := startShop(t)
	rule := func(group, resource string, verbs ...string) string {
		return fmt.Sprintf("{apiGroups: [%q], resources: [%s], verbs: [%s]}", group, resource, strings.Join(verbs, ", "))
	}
	output, ok := check(t, c.example(t, c.token("prober"), idle))
	assert.True(t, ok, output)
	for _, found := range []string{"service/shop/cart:80 ", "service/shop/cart:8080 ", "ingress/shop/front/shop.example.com/cart "} {
		assert.Contains(t, output, found)
	}
	serviceRule, ingressRule := rule("", "services", "list", "watch"), rule("networking.k8s.io", "ingresses", "list", "watch")
	for name, rights := range map[string]struct{ rules, fails string }{
		"no-services":         {ingressRule, "services"},
		"no-ingresses":        {serviceRule, "ingresses"},
		"nothing-but-the-two": {serviceRule + ", " + ingressRule, ""},
	} {
		t.Run(name, func(t *testing.T) {
			output, ok := check(t, c.example(t, c.account(name, rights.rules), idle))
			assert.Equal(t, rights.fails == "", ok, output)
			assert.Equal(t, rights.fails != "services", strings.Contains(output, "service/shop/cart:80 "), output)
			assert.Equal(t, rights.fails != "ingresses", strings.Contains(output, "ingress/shop/front/"), output)
			if rights.fails != "" {
				assert.Contains(t, output, "discover "+rights.fails+": kubernetes_sd_configs[0] fails")
				assert.Regexp(t, rights.fails+`[a-z0-9.]* is forbidden: User \\?"system:serviceaccount:prober:`+name, output)
			}
		})
	}
}

// The other roles of Prometheus' discovery find their objects.
func TestPodsAndEndpointsAreFound(t *testing.T) {
	c := startShop(t)
	c.create(pods, pod("cart-0"))
	c.patch(pods+"/cart-0/status", running("192.0.2.10"))
	c.create(pods, pod("cart-1")) // has no address yet
	c.create(endpoints, endpointsOf("cart", "192.0.2.10"))
	c.create(slicesPath, endpointSlice("cart", "192.0.2.11"))
	token := c.account("reader", `{apiGroups: ["", discovery.k8s.io], resources: [pods, services, endpoints, endpointslices], verbs: [list, watch]}`)
	var config strings.Builder
	config.WriteString("targets: []\ndefaults: " + idle + "\ndiscover:\n")
	for _, role := range []string{"pod", "endpoints", "endpointslice"} {
		fmt.Fprintf(&config, "- name: %s\n  kubernetes_sd_configs: [%s]\n  target: {name: '%[1]s/{{ __address__ }}', url: 'http://{{ __address__ }}/'}\n", role, c.mechanism(role, token))
	}
	d := rig.StartDaemon(t, prober, config.String(), "--discover.apply-interval=100ms")
	names := func(want ...string) {
		t.Helper()
		d.AwaitMetrics(fmt.Sprint("the targets ", want), func(m rig.Metrics) bool {
			return slices.Equal(want, m.Values("prober_target_info", "target"))
		})
	}
	names("endpoints/192.0.2.10:8080", "endpointslice/192.0.2.11:8080", "pod/192.0.2.10:8080")
	c.patch(pods+"/cart-1/status", running("192.0.2.12"))
	c.patch(slicesPath+"/cart-1", `{"endpoints": [{"addresses": ["192.0.2.11", "192.0.2.13"]}]}`)
	names("endpoints/192.0.2.10:8080", "endpointslice/192.0.2.11:8080", "endpointslice/192.0.2.13:8080", "pod/192.0.2.10:8080", "pod/192.0.2.12:8080")
	c.remove(pods + "/cart-0?gracePeriodSeconds=0")
	names("endpoints/192.0.2.10:8080", "endpointslice/192.0.2.11:8080", "endpointslice/192.0.2.13:8080", "pod/192.0.2.12:8080")
}
