package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config/form"
)

const discovery = `
defaults:
  timeout: 3s
  labels: {tier: staging}
network: {deny_hosts: ['*.prod.example.com']}
targets: []
discover:
  - name: services
    kubernetes_sd_configs:
      - role: service
        namespaces:
          names: [shop, mail]
    relabel_configs:
      - source_labels: [__meta_kubernetes_service_annotation_probe]
        action: keep
        regex: "true"
    target:
      name: '{{ __meta_kubernetes_namespace }}/{{ __meta_kubernetes_service_name }}'
      url: 'http://{{ __address__ }}{{ __metrics_path__ }}'
      labels: {team: '{{ team }}'}
      burst: {rate: '{{ rate }}', duration: 2s}
      request: {basic_auth: {username: prober, password_file: password}}
`

func oneDiscovery(t *testing.T, text string) *Discover {
	t.Helper()
	c, err := Parse([]byte(text), filepath.Join(workspace(t, "testdata/good"), "prober.yml"))
	require.NoError(t, err)
	require.Len(t, c.Discover, 1)
	return &c.Discover[0]
}

func serviceLabels(change ...string) map[string]string {
	labels := map[string]string{
		"__meta_kubernetes_namespace": "shop", "__meta_kubernetes_service_name": "cart",
		"__address__": "10.0.0.7:8080", "__metrics_path__": "/live?x=1", "team": "payments", "rate": "50",
	}
	for i := 0; i < len(change); i += 2 {
		labels[change[i]] = change[i+1]
	}
	return labels
}

func TestADiscoveryMakesATargetOfLabels(t *testing.T) {
	t.Parallel()
	d := oneDiscovery(t, discovery)
	assert.Equal(t, "services", d.Name)
	assert.Equal(t, 1000, d.MaxTargets)
	assert.Equal(t, 10*time.Minute, d.KeepFor)

	got, err := d.Target(serviceLabels())
	require.NoError(t, err)
	written, err := Parse([]byte(`
defaults: {timeout: 3s, labels: {tier: staging}}
targets:
  - name: shop/cart
    url: http://10.0.0.7:8080/live?x=1
    labels: {team: payments}
    burst: {rate: 50, duration: 2s}
    request: {basic_auth: {username: prober, password_file: password}}
`), filepath.Join(d.Folder, "prober.yml"))
	require.NoError(t, err)
	assert.Equal(t, written.Targets[0], got)
}

func TestMechanismsKeepTheirTextAndTheirLines(t *testing.T) {
	t.Parallel()
	d := oneDiscovery(t, discovery)
	require.Len(t, d.Mechanisms, 2)
	m := d.Mechanisms[0]
	assert.Equal(t, "kubernetes_sd_configs", m.Key)
	lines := strings.Split(strings.TrimSuffix(string(m.YAML), "\n"), "\n")
	require.Len(t, m.Lines, len(lines))
	file := strings.Split(discovery, "\n")
	for i, line := range lines {
		key, _, _ := strings.Cut(strings.Trim(line, "- "), ":")
		assert.Contains(t, file[m.Lines[i]-1], key, "%s", m.YAML)
	}
	assert.Contains(t, file[m.Line-1], m.Key)
	assert.Equal(t, relabelKey, d.Mechanisms[1].Key)
}

func TestWhatCannotBeATargetSaysWhyWithoutFileAndLine(t *testing.T) {
	t.Parallel()
	d := oneDiscovery(t, discovery)
	without := serviceLabels()
	delete(without, "team")
	for name, c := range map[string]struct {
		labels map[string]string
		want   string
	}{
		"a label that is missing":    {without, "labels.team: there is no label team"},
		"a name that is none":        {serviceLabels("__meta_kubernetes_namespace", "ä"), "name: must be 1 to 128 letters, digits and any of _.:/-"},
		"a value that is no number":  {serviceLabels("rate", "fast"), "burst.rate: must be a number"},
		"a host that is denied":      {serviceLabels("__address__", "a.prod.example.com:80"), `url: is denied by "*.prod.example.com" in network.deny_hosts`},
		"a URL with a password":      {serviceLabels("__address__", "user:canary@host"), "url: must not contain a user name or password: URLs end up in labels, logs and pages"},
		"values that do not go well": {serviceLabels("rate", "0"), "burst.rate: must be above 0"},
	} {
		_, err := d.Target(c.labels)
		var errs form.Errors
		require.ErrorAs(t, err, &errs, name)
		assert.EqualError(t, err, c.want, name)
	}
}

func TestNamesOfTheRequestsAreLeftToThem(t *testing.T) {
	t.Parallel()
	d := oneDiscovery(t, `
targets: []
discover:
  - name: a
    file_sd_configs: [{files: [a.json]}]
    target:
      name: '{{ name }}'
      url: 'http://{{ __address__ }}'
      data: {term: {values: [x]}}
      journey:
        - {name: '{{ name }}-login', path: '/{{ tenant }}/login?q={{ term }}', capture: {token: {json: access_token}}}
        - {name: use, path: '/', headers: {Authorization: 'Bearer {{ token }}', X: '{{ "{{" }}'}}
`)
	got, err := d.Target(map[string]string{"name": "n", "__address__": "h", "tenant": "t", "term": "no", "token": "no"})
	require.NoError(t, err)
	assert.Equal(t, "n-login", got.Journey[0].Name)
	assert.Equal(t, "/t/login?q={{ term }}", got.Journey[0].Request.Path)
	assert.Equal(t, []Header{{"Authorization", []string{"Bearer {{ token }}"}}, {"X", []string{`{{ "{{" }}`}}}, got.Journey[1].Request.Headers)

	_, err = d.Target(map[string]string{"name": "n", "__address__": "h", "tenant": "{{ term }}"})
	assert.EqualError(t, err, "journey[0].path: the value of label tenant contains {{, but the requests of the target read {{ as the beginning of a name")
}

func TestADiscoveryShowsNoSecret(t *testing.T) {
	t.Parallel()
	folder := workspace(t, "testdata/good")
	c, err := Parse([]byte(`
targets: []
discover:
  - name: a
    http_sd_configs:
      - url: https://user:canary@sd.example.com/targets?token=canary
        basic_auth: {username: canary, password: canary}
        authorization: {credentials: canary}
        http_headers: {X: {values: [canary], secrets: [canary]}}
        tls_config: {ca: canary, key: canary, key_file: canary, insecure_skip_verify: true}
    consul_sd_configs: [{server: 'consul:8500', token: canary, services: [web]}]
    relabel_configs: [{source_labels: [a], target_label: b, replacement: '$1'}]
    target:
      name: '{{ name }}'
      url: 'http://{{ __address__ }}/x?q=canary'
      request: {method: POST, headers: {X: 'canary {{ a }}'}, body: 'canary {{ b }}'}
`), filepath.Join(folder, "prober.yml"))
	require.NoError(t, err)
	out, err := c.Redacted()
	require.NoError(t, err)
	assert.NotContains(t, string(out), "canary")
	for _, want := range []string{
		"url: https://<redacted>@sd.example.com/targets?<redacted>\n", "password: <redacted>", "insecure_skip_verify: true",
		"server: 'consul:8500'", "services: [web]", "source_labels: [a]", "name: '{{ name }}'", "url: http://{{ __address__ }}/x?<redacted>\n",
		"keep_for: 10m\n", "max_targets: 1000\n", "method: POST\n",
	} {
		assert.Contains(t, string(out), want)
	}
	_, err = Parse(out, filepath.Join(folder, "again.yml"))
	assert.NoError(t, err, "%s", out)
}

func TestTargetsAreMadeByManyAtOnce(t *testing.T) {
	t.Parallel()
	d := oneDiscovery(t, discovery)
	var all sync.WaitGroup
	failed := make([]error, 8)
	for i := range failed {
		all.Go(func() { _, failed[i] = d.Target(serviceLabels()) })
	}
	all.Wait()
	assert.NoError(t, errors.Join(failed...))
}

func TestASecretOfADiscoveryIsAFileThatIsWatched(t *testing.T) {
	t.Parallel()
	folder := workspace(t, "testdata/good")
	c, err := Parse([]byte(discovery), filepath.Join(folder, "prober.yml"))
	require.NoError(t, err)
	path := filepath.Join(folder, "password")
	assert.Contains(t, c.Files, path)
	require.NoError(t, os.Remove(path))
	_, err = c.Discover[0].Target(serviceLabels())
	assert.NoError(t, err, "it is as it was when the configuration was read")
}

// FuzzLabels puts labels of any kind into a template. The result is a target as the file could have it, or none.
func FuzzLabels(f *testing.F) {
	c, err := Parse([]byte(`
targets: []
network: {deny_hosts: [denied.example.com]}
discover:
  - name: a
    file_sd_configs: [{files: [a.json]}]
    target:
      name: '{{ name }}'
      url: 'http://{{ address }}{{ path }}'
      labels: {team: '{{ name }}'}
      interval: '{{ interval }}'
      request: {headers: {X: 'a {{ path }}'}, host: '{{ address }}'}
      expect: {body: {regexp: '{{ path }}'}, status: ['{{ interval }}']}
      connection: {resolve: ['{{ address }}'], tls: {insecure_skip_verify: '{{ interval }}'}}
  - name: b
    file_sd_configs: [{files: [a.json]}]
    target:
      name: '{{ name }}'
      url: 'http://{{ address }}'
      data: {term: {values: [x]}}
      requests: [{name: '{{ name }}', path: '{{ path }}?{{ term }}', headers: {X: '{{ name }}'}}]
`), "prober.yml")
	require.NoError(f, err)
	f.Add("a", "h:80", "/x", "10s")
	f.Add("a/b", "user:pw@h", "/{{ term }}", "200")
	f.Add("a\r\nb", "denied.example.com", "/\r\nX: y", "true")
	f.Add("0", "A0", "/\x84", "0")
	f.Add("*a", "h/../x", "#", "!!int 1")
	f.Fuzz(func(t *testing.T, name, address, path, interval string) {
		labels := map[string]string{"name": name, "address": address, "path": path, "interval": interval}
		for i := range c.Discover {
			target, err := c.Discover[i].Target(labels)
			if err != nil {
				assertBare(t, err)
				continue
			}
			assert.NoError(t, checkName(target.Name))
			assert.Nil(t, target.URL.User)
			assert.NotEqual(t, "denied.example.com", target.URL.Hostname())
			whole := append(target.Items(), NamedRequest{Request: target.Request})
			for _, r := range whole {
				for _, h := range r.Request.Headers {
					assert.NotContains(t, strings.Join(h.Values, ""), "\n")
				}
				assert.False(t, strings.ContainsAny(r.Request.Path+r.Request.Host, "\r\n"))
			}
			_, err = target.Redacted()
			assert.NoError(t, err)
		}
	})
}

func assertBare(t *testing.T, err error) {
	t.Helper()
	var errs form.Errors
	require.ErrorAs(t, err, &errs)
	for _, e := range errs {
		assert.Empty(t, e.File)
		assert.Zero(t, e.Line)
		assert.NotContains(t, e.Error(), "\n")
	}
}

func TestAPanicCostsOneDiscoveredTarget(t *testing.T) {
	t.Parallel()
	_, err := new(Discover).Target(map[string]string{"__address__": "h:80"})
	require.ErrorContains(t, err, "a fault of the prober, please report it: panic: ")
}
