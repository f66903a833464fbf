package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestACallWithNamesInItIsEncodedLater(t *testing.T) {
	t.Parallel()
	c, err := Load(filepath.Join(workspace(t, "testdata/good"), "grpc-templates.yml"))
	require.NoError(t, err)
	mix, journey := c.Targets[0], c.Targets[1]
	get, list, braces, whole, health := mix.Requests[0].GRPC, mix.Requests[1].GRPC, mix.Requests[2].GRPC, mix.Requests[3].GRPC, mix.Requests[4].GRPC
	assert.Empty(t, get.Message)
	assert.JSONEq(t, `{"sku": "{{ term }}", "count": "{{ qty }}"}`, get.Text())
	assert.Equal(t, "shop.v1.Orders", get.Service)
	assert.Empty(t, list.Message)
	assert.Equal(t, []Header{{"x-id", []string{"{{ id }}", "fixed"}}, {"x-key-bin", []string{"key {{ id }}"}}, {"x-old-bin", []string{"AAE="}}}, list.Metadata)
	assert.Equal(t, "\x0a\x05{{ }}", string(braces.Message), "without a name it is fixed")
	assert.Equal(t, "{{ whole }}", whole.Text())
	assert.Equal(t, "Check", health.Method)

	text, _ := journey.Journey[0].GRPC.JSON()
	assert.Equal(t, `{"sku":"{{ \"{{\" }}"}`, string(text), "and replaced when the target is compiled")
	text, _ = journey.Journey[1].GRPC.JSON()
	assert.JSONEq(t, `{"sku":"file"}`, string(text))

	assert.Empty(t, c.Targets[2].GRPC.Message)
	assert.Equal(t, "\x0a\x0d{{ service }}", string(c.Targets[3].GRPC.Message), "without data it is text like any other")
}

// Each row of a file is looked at where the field takes some values only.
func TestAValueThatDoesNotFitIsFoundInTheLastRow(t *testing.T) {
	t.Parallel()
	folder := workspace(t, "testdata/good")
	rows := strings.Repeat("1\n", 5000)
	for last, line := range map[string]string{"x": "a.csv:5002: ", "9223372036854775808": "a.csv:5002: ", "9223372036854775807": ""} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, "a.csv"), []byte("n\n"+rows+last+"\n"), 0o600))
		_, err := Parse([]byte("targets: [{name: a, url: 'grpc://h:1', data: {n: {file: a.csv, column: n}}, "+
			"grpc: {service: shop.v1.Orders, method: Get, descriptor_file: shop.protoset, message: {sku: '{{ n }}', count: '{{ n }}'}}}]"),
			filepath.Join(folder, "prober.yml"))
		if line == "" {
			assert.NoError(t, err)
			continue
		}
		assert.ErrorContains(t, err, `prober.yml:1: targets[0] "a": grpc.message: `+line+
			`the value of {{ n }} does not fit: the field "count" of shop.v1.Order cannot have that value`)
	}
}
