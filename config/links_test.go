package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLinksAreFilledInAndEscaped(t *testing.T) {
	t.Parallel()
	c, err := Parse([]byte(`
defaults:
  links:
    logs: https://logs.example.com/search?q={{ target }}
    wiki: https://wiki.example.com/
targets:
  - name: shop/checkout:a
    url: http://h.example/
    links:
      traces: "https://traces.example.com/trace/{{trace_id}}?for={{ target }}#{{ target }}"
      wiki: null
  - name: plain
    url: http://h.example/
`), "prober.yml")
	require.NoError(t, err)
	assert.Equal(t, []Link{{"logs", "https://logs.example.com/search?q=shop%2Fcheckout%3Aa"}}, c.Targets[0].LinksOf(""))
	assert.Equal(t, []Link{{"traces", "https://traces.example.com/trace/0af7?for=shop%2Fcheckout%3Aa#shop%2Fcheckout%3Aa"}}, c.Targets[0].LinksOf("0af7"))
	assert.Equal(t, []Link{{"logs", "https://logs.example.com/search?q=plain"}, {"wiki", "https://wiki.example.com/"}}, c.Targets[1].LinksOf(""))
	assert.Empty(t, c.Targets[1].LinksOf("0af7"))

	text, err := c.Redacted()
	require.NoError(t, err)
	again, err := Parse(text, "prober.yml")
	require.NoError(t, err, string(text))
	assert.Equal(t, c.Targets[0].Links, again.Targets[0].Links)
}

func TestAValueOfALinkCannotLeaveItsPlace(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"a&b=c", "a#b", "a?b", "a/../b", "a b", "a+b", `"><script>`, "ä", "%41", "javascript:x"} {
		expanded, _ := expandLink("https://h.example/p/{{ target }}?q={{ target }}", value, "")
		assert.Equal(t, 1, strings.Count(expanded, "?"), expanded)
		assert.NotContains(t, expanded, "#")
		assert.NotContains(t, expanded, "&")
		assert.NotContains(t, expanded, "+")
		assert.NotContains(t, strings.TrimPrefix(expanded, "https://h.example/p/"), "/")
	}
}

func TestADiscoveryLeavesTheNamesOfLinksAlone(t *testing.T) {
	t.Parallel()
	c, err := Parse([]byte(`
discover:
  - name: files
    file_sd_configs: [{files: [none.json]}]
    target:
      name: "{{ name }}"
      url: http://h.example/
      links: {logs: "https://logs.example.com/{{ app }}?q={{ target }}", traces: "https://t.example.com/{{ trace_id }}"}
`), "prober.yml")
	require.NoError(t, err)
	target, err := c.Discover[0].Target(map[string]string{"name": "shop", "app": "a b/c"})
	require.NoError(t, err)
	assert.Equal(t, []Link{{"logs", "https://logs.example.com/a%20b%2Fc?q=shop"}}, target.LinksOf(""))
	assert.Equal(t, []Link{{"traces", "https://t.example.com/1"}}, target.LinksOf("1"))
}
