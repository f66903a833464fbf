package chart_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/bench/chart"
)

func TestChartsAreWellFormedAndNameEverything(t *testing.T) {
	t.Parallel()
	bars := chart.Bars{Title: "A & B", Mark: 1, Limit: 1.5, Groups: []chart.Group{
		{Title: "<group>", Bars: []chart.Bar{{Name: "one", Value: 2, Least: 1, Greatest: 3}}},
	}}
	lines := chart.Lines{Title: "A & B", X: "targets", Lines: []chart.Line{
		{Name: "memory", X: []float64{10, 100, 1000}, Y: []float64{5, 6, 30}},
		{Name: "time", X: []float64{10, 1000}, Y: []float64{1, 100}},
	}}
	for drawn, names := range map[string][]string{
		bars.String():  {"A & B", "<group>", "one", "→ 2"},
		lines.String(): {"A & B", "targets", "memory", "time", "100×"},
	} {
		texts := strings.Join(textsOf(t, drawn), "\n")
		for _, name := range names {
			assert.Contains(t, texts, name)
		}
		assert.NotContains(t, drawn, "NaN")
		assert.NotContains(t, drawn, "Inf")
	}
}

func textsOf(t *testing.T, svg string) (texts []string) {
	t.Helper()
	for decoder := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return texts
		}
		require.NoError(t, err)
		if text, ok := token.(xml.CharData); ok {
			texts = append(texts, string(text))
		}
	}
}
