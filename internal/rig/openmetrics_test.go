package rig_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

func TestOpenMetricsIsRead(t *testing.T) {
	t.Parallel()
	m, err := rig.ReadOpenMetrics(`# HELP a_seconds A.
# TYPE a_seconds histogram
a_seconds_bucket{z="1",le="1.0"} 2 # {trace_id="ab"} 0.5 12.5
a_seconds_count 2
a_seconds_sum 1.5
# HELP b B.
# TYPE b counter
b_total{note="a \"quote\", \\ and\na line"} 3
# EOF
`)
	require.NoError(t, err)
	require.Len(t, m.Samples, 4)
	assert.Equal(t, `a_seconds_bucket{le="1",z="1"}`, m.Samples[0].Key())
	assert.Equal(t, map[string]string{`a_seconds_bucket{le="1",z="1"}`: "ab"}, m.Exemplars)
	assert.Equal(t, "a_seconds_sum", m.Samples[2].Key())
	assert.Equal(t, "a \"quote\", \\ and\na line", m.Samples[3].Label("note"))
	assert.InDelta(t, 3, m.Samples[3].Value, 0)
}

func TestWhatIsNotOpenMetricsIsRefused(t *testing.T) {
	t.Parallel()
	const begin = "# TYPE a counter\n"
	for name, text := range map[string]string{
		"the end is missing":                   begin + "a_total 1\n",
		"a series is there twice":              begin + "a_total{b=\"c\"} 1\na_total{b=\"c\"} 2\n# EOF\n",
		"a family is torn apart":               begin + "a_total 1\n# TYPE b gauge\nb 1\n# HELP a A.\n# EOF\n",
		"a counter has no suffix":              begin + "a 1\n# EOF\n",
		"a sample is of no family":             begin + "b_total 1\n# EOF\n",
		"a type is unknown":                    "# TYPE a thing\n# EOF\n",
		"a value is no number":                 begin + "a_total one\n# EOF\n",
		"a value is missing":                   begin + "a_total\n# EOF\n",
		"a label has no quotes":                begin + "a_total{b=c} 1\n# EOF\n",
		"labels do not end":                    begin + "a_total{b=\"c\" 1\n# EOF\n",
		"a timestamp follows":                  begin + "a_total 1 2\n# EOF\n",
		"a gauge has an exemplar":              "# TYPE a gauge\na 1 # {trace_id=\"ab\"} 1 1.5\n# EOF\n",
		"an exemplar is something else":        begin + "a_total 1 # garbage\n# EOF\n",
		"a comment says nothing about metrics": "# garbage\n# EOF\n",
	} {
		_, err := rig.ReadOpenMetrics(text)
		assert.Error(t, err, name)
	}
}
