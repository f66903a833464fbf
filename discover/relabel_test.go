package discover

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/internal/rig"
)

func TestRelabellingIsThatOfPrometheus(t *testing.T) {
	t.Parallel()
	c := newCatalogue(t, list(`[
		{"targets": ["a:1"], "labels": {"__meta_probe": "yes", "__meta_team": "shop", "__metrics_path__": "/health", "drop_me": "x"}},
		{"targets": ["b:1"], "labels": {"__meta_probe": "no"}},
		{"targets": ["c:1"], "labels": {"__meta_probe": "yes"}}]`))
	r := run(t, t.TempDir(), `
discover:
  - name: relabelled
    http_sd_configs: [{url: '`+c.URL+`'}]
    relabel_configs:
      - {source_labels: [__meta_probe], regex: "yes", action: keep}
      - {regex: __meta_(team), action: labelmap}
      - {source_labels: [__address__], modulus: 1, target_label: shard, action: hashmod}
      - {regex: drop_me, action: labeldrop}
      - {source_labels: [__address__], regex: '(.*):.*', target_label: name}
    target:
      name: '{{ job }}/{{ name }}-{{ shard }}'
      url: '{{ __scheme__ }}://{{ instance }}{{ __metrics_path__ }}'
      labels: {team: '{{ team }}'}
`)
	r.await("relabelled/a-0")
	target := r.Targets(nil)[0]
	assert.Equal(t, "http://a:1/health", target.URL.String())
	assert.Equal(t, map[string]string{"team": "shop"}, target.Labels)
	st := r.Status()[0]
	assert.Equal(t, 1, st.LeftOut[ReasonRelabel])
	assert.Equal(t, 1, st.LeftOut[ReasonInvalid])
	found, _ := r.Found(Filter{LeftOut: true}, 0, 10)
	require.Len(t, found, 2)
	assert.Equal(t, ReasonRelabel, found[0].Reason)
	assert.Contains(t, found[1].Why, "there is no label team")
	assert.NotContains(t, found[1].After, Label{"drop_me", "x"})
}

func TestWhatCannotBeATargetIsLeftOutAndHurtsNoOther(t *testing.T) {
	t.Parallel()
	c := newCatalogue(t, list(`[{"targets": ["a:1", "a b:1", "x.prod.example.com:1", "a:1", "taken:1", "z:1"]}]`))
	r := run(t, t.TempDir(), "network: {deny_hosts: ['*.prod.example.com']}\n"+c.entry("    max_targets: 2\n"))
	rig.Until(t, "what the server lists", func() bool {
		r.Targets(nil)
		return r.Status()[0].Found == 6
	})
	written := []config.Target{{Name: "found/taken:1"}}
	var names []string
	for _, target := range r.Targets(written) {
		names = append(names, target.Name)
	}
	assert.Equal(t, []string{"found/a:1"}, names)
	st := r.Status()[0]
	assert.Equal(t, 2, st.LeftOut[ReasonInvalid])
	assert.Equal(t, 2, st.LeftOut[ReasonDuplicate])
	assert.Equal(t, 1, st.LeftOut[ReasonMax])
	assert.Equal(t, 6, st.Found)
}

func TestOfTwoDiscoveriesTheFirstHasTheName(t *testing.T) {
	t.Parallel()
	c := newCatalogue(t, list(`[{"targets": ["a:1"]}]`))
	r := run(t, t.TempDir(), `
discover:
  - {name: one, http_sd_configs: [{url: '`+c.URL+`'}], target: {name: a, url: 'http://{{ __address__ }}/one'}}
  - {name: two, http_sd_configs: [{url: '`+c.URL+`'}], target: {name: a, url: 'http://{{ __address__ }}/two'}}
`)
	r.awaitIn()
	r.await("a")
	assert.Equal(t, "/one", r.Targets(nil)[0].URL.Path)
	found, _ := r.Found(Filter{Discover: "two"}, 0, 10)
	assert.Contains(t, found[0].Why, "the discovery one has a target of the name a")
}
