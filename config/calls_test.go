package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/option"
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
	assert.JSONEq(t, `{"sku":"{{ \"{{\" }}"}`, string(text), "and replaced when the target is compiled")
	text, _ = journey.Journey[1].GRPC.JSON()
	assert.JSONEq(t, `{"sku":"file"}`, string(text))

	assert.Empty(t, c.Targets[2].GRPC.Message)
	assert.Equal(t, "\x0a\x0d{{ service }}", string(c.Targets[3].GRPC.Message), "without data it is text like any other")
}

// All rows of a file are checked if the field accepts only some values.
func TestAValueThatDoesNotFitIsFoundInTheLastRow(t *testing.T) {
	t.Parallel()
	folder := workspace(t, "testdata/good")
	for _, before := range []string{"1", "9223372036854775806", "-5", "007", "0"} {
		rows := strings.Repeat(before+"\n", 500)
		for last, isWell := range map[string]bool{
			"x": false, "": false, "9223372036854775808": false, "-9223372036854775809": false, "1.5": false, "0x1": false,
			"9223372036854775807": true, "-9223372036854775808": true, "1e3": true, "1.0": true, "0": true,
		} {
			line := "a.csv:502: "
			if before == "007" { // not a number in JSON
				line = "a.csv:2: "
			}
			require.NoError(t, os.WriteFile(filepath.Join(folder, "a.csv"), []byte("n,other\n"+strings.ReplaceAll(rows+last+"\n", "\n", ",\n")), 0o600))
			_, err := Parse([]byte("targets: [{name: a, url: 'grpc://h:1', data: {n: {file: a.csv, column: n}}, "+
				"grpc: {service: shop.v1.Orders, method: Get, descriptor_file: shop.protoset, message: {sku: '{{ n }}', count: '{{ n }}'}}}]"),
				filepath.Join(folder, "prober.yml"))
			if isWell && before != "007" {
				assert.NoError(t, err, last)
				continue
			}
			assert.ErrorContains(t, err, `prober.yml:1: targets[0] "a": grpc.message: `+line+
				`the value of {{ n }} does not fit: the field "count" of shop.v1.Order cannot have that value`)
		}
	}
}

func TestFewRowsTellOfManyNumbers(t *testing.T) {
	t.Parallel()
	var values option.Texts
	for _, value := range []string{"5", "3", "x", "-7", "12", "x", "9", "-2", "04", "0", "10", "", "-0", "44"} {
		values.Append(value)
	}
	assert.Equal(t, []int{2, 3, 6, 7, 8, 9, 10, 11, 12, 13}, slices.Collect(decisive(&values)))
}
