package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestASpaceThatIsNoneIsNamed(t *testing.T) {
	t.Parallel()
	const noBreak = "it contains a no-break space (U+00A0), and YAML does not read that as a space"
	for file, want := range map[string]string{
		"targets: [{name: a, url: 'http://h/', interval: 30s\u00a0}]":              `interval: must be a duration such as 500ms, 30s, 1m30s or 1d; ` + noBreak,
		"targets: [{name: a, url: 'http://h/', \u00a0interval: 30s}]":              `unknown key, did you mean "interval"?; ` + noBreak,
		"targets:\n- name: a\n\u00a0\u00a0url: http://h/\n":                        noBreak,
		"targets: [{name: a, url: 'http://h/\u00a0x'}]":                            noBreak,
		"targets: [{name: a, url: 'http://h/', burst: {requests: \u202f5}}]":       "(U+202F)",
		"targets: [{name: \u200ba, url: 'http://h/'}]":                             "it contains a space without width (U+200B)",
		"targets: [{name: a, url: 'http://h/', expect: {max_latency: \u20031s}}]":  "it contains a space of another width (U+2003)",
		"targets: [{name: a, url: 'http://h/', request: {headers: {\u00a0X: 1}}}]": noBreak,
	} {
		_, err := Parse([]byte(file), "prober.yml")
		assert.ErrorContains(t, err, want, "%q", file)
	}
	_, err := Parse([]byte("targets: [{name: a, url: 'http://h/', request: {method: POST, body: \"a\u00a0b\"}}]"), "prober.yml")
	assert.NoError(t, err, "a body may hold what it likes")
}

func TestVariablesAreWarnedOfWhereTheyStand(t *testing.T) {
	t.Parallel()
	c, err := Parse([]byte(`defaults: {request: {headers: {Authorization: "Bearer ${CANARY}", X-Two: [a, "${B:-canary}"]}}}
targets:
  - &a
    name: a
    url: http://h/
    request: {method: POST, body: '{"id": "${id}"}'}
    labels: {team: "${TEAM}", price: "5$", shell: "$HOME", empty: "${}", sum: "${1}"}
  - {<<: *a, name: b, expect: {body: {json: {a.b: "${X}"}}}}
`), "prober.yml")
	require.NoError(t, err)
	var got []string
	for _, w := range c.Warnings {
		got = append(got, w.Error())
	}
	const says = ": contains a variable such as ${...}; the prober does not expand it and uses the text as it is"
	assert.Equal(t, []string{
		"prober.yml:1: defaults: request.headers.Authorization" + says,
		"prober.yml:1: defaults: request.headers.X-Two[1]" + says,
		`prober.yml:6: targets[0] "a": request.body` + says,
		`prober.yml:7: targets[0] "a": labels.team` + says,
		`prober.yml:8: targets[1] "b": expect.body.json.a.b` + says,
	}, got)
	assert.Equal(t, `Bearer ${CANARY}`, c.Targets[0].Request.Headers[0].Values[0], "it is used as it stands")
}

func TestWarningsOfAPickAreAboutItAlone(t *testing.T) {
	t.Parallel()
	file := []byte("targets: [{name: a, url: 'http://h/', labels: {l: '${A}'}}, {name: b, url: 'http://h/'}]")
	c, err := ParseOne(file, "prober.yml", Pick{Target: "b"})
	require.NoError(t, err)
	assert.Empty(t, c.Warnings)
	c, err = ParseOne(file, "prober.yml", Pick{Target: "a"})
	require.NoError(t, err)
	assert.Len(t, c.Warnings, 1)
}

func TestAMistakeInAVariableSaysThatNoneIsExpanded(t *testing.T) {
	t.Parallel()
	_, err := Parse([]byte("targets: [{name: a, url: 'https://${HOST}/', timeout: '${TIMEOUT}'}]"), "prober.yml")
	require.ErrorContains(t, err, "url: the host is not a valid name or address; the prober does not expand variables such as ${...}")
	assert.ErrorContains(t, err, "timeout: must be a duration such as 500ms, 30s, 1m30s or 1d; the prober does not expand variables")
}
