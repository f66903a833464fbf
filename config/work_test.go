package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config/form"
)

// The tests here count allocations or calls: a clock would measure the machine.

// allocations returns how many allocations each of n more things costs.
func allocations(n int, work func(n int)) float64 {
	return (testing.AllocsPerRun(1, func() { work(2 * n) }) - testing.AllocsPerRun(1, func() { work(n) })) / float64(n)
}

func TestEachTargetMoreCostsTheSame(t *testing.T) { //nolint:paralleltest // it counts the allocations of the process
	files := map[int][]byte{500: manyTargets(500), 1000: manyTargets(1000)}
	each := allocations(500, func(n int) {
		_, err := Parse(files[n], "prober.yml")
		require.NoError(t, err)
	})
	assert.Less(t, each, 430.0)
}

func TestEachUnknownKeyMoreCostsLittle(t *testing.T) { //nolint:paralleltest // it counts the allocations of the process
	files := map[int][]byte{5000: unknownKeys(5000), 10000: unknownKeys(10000)}
	each := allocations(5000, func(n int) {
		_, err := Parse(files[n], "prober.yml")
		require.Error(t, err)
	})
	assert.Less(t, each, 15.0, "the YAML itself takes most of it")
}

func TestEachHeaderIsLookedAtOnce(t *testing.T) {
	t.Parallel()
	const n = 1000
	var defaults []Header
	file := ""
	for i := range n {
		defaults = append(defaults, Header{Name: fmt.Sprintf("x-%d", i)})
		file += fmt.Sprintf("X-%d: v\n", i)
	}
	calls := 0
	h := headers(&defaults).(form.ByName[Header])
	of := h.Name
	h.Name = func(one Header) string { calls++; return of(one) }
	r := form.NewReport("prober.yml", words)
	root := form.Parse([]byte(file), r, "targets")
	h.Decode(form.NewScope(r, nil).Cursor(root), root)
	require.NoError(t, r.Err())
	require.Len(t, defaults, n)
	assert.Equal(t, "X-999", defaults[n-1].Name)
	assert.Equal(t, n, calls)
}

func TestAnAliasedMistakeIsReportedOnce(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("targets:\n- &t {name: a, url: 'http://a/', burst: &b {rqeuests: 1}}\n")
	for i := range 50 {
		fmt.Fprintf(&b, "- {name: a%d, url: 'http://a/', burst: *b}\n", i)
	}
	_, err := Parse([]byte(b.String()), "prober.yml")
	require.EqualError(t, err, `prober.yml:2: targets[0] "a": burst.rqeuests: unknown key, did you mean "requests"?`)
}

func TestAnAliasedBodyIsInMemoryOnce(t *testing.T) {
	t.Parallel()
	c, err := Parse([]byte("targets:\n- {name: a, url: 'http://a/', request: {method: POST, body: &b long}}\n"+
		"- {name: b, url: 'http://a/', request: {method: POST, body: *b}}\n"), "prober.yml")
	require.NoError(t, err)
	first, second := c.Targets[0].Request.Body, c.Targets[1].Request.Body
	require.Equal(t, "long", string(second))
	assert.Same(t, &first[0], &second[0])
}

func TestOfManyMistakesTheFirstAreKeptAndTheRestCounted(t *testing.T) {
	t.Parallel()
	_, err := Parse(unknownKeys(5000), "prober.yml")
	all, ok := errors.AsType[form.Errors](err)
	require.True(t, ok)
	require.Len(t, all, form.MaxErrors+1)
	assert.Equal(t, `prober.yml:103: targets[0] "a": zz99: unknown key`, all[form.MaxErrors-1].Error())
	assert.Equal(t, "and 4900 more mistakes", all[form.MaxErrors].Error())
	assert.Equal(t, form.MaxErrors, strings.Count(err.Error(), "\n"))

	_, err = Parse(unknownKeys(form.MaxErrors), "prober.yml")
	assert.NotContains(t, err.Error(), "more mistakes")
}

func TestMistakesInAliasesCountAmongMany(t *testing.T) {
	t.Parallel()
	file := string(unknownKeys(200)) + "metrics: !!map {}\n"
	_, err := Parse([]byte(file), "prober.yml")
	require.ErrorContains(t, err, "YAML tags are not supported")
	tags := "targets:\n" + strings.Repeat("- !!map {}\n", 150)
	_, err = Parse([]byte(tags), "prober.yml")
	assert.ErrorContains(t, err, "and 50 more mistakes")
}

func TestKeysOfOtherProgramsNameOurs(t *testing.T) {
	t.Parallel()
	known := slices.Concat(targetFields(new(Target)).Paths(), fileFields(new(Config)).Paths())
	for key, ours := range foreignKeys() {
		assert.Contains(t, known, ours, key)
		assert.Equal(t, strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(key)), key)
	}
	for file, want := range map[string]string{
		"modules: []":                                  "modules: unknown key, here it is targets",
		"endpoints: []":                                "endpoints: unknown key, here it is targets",
		"targets: [{valid_status_codes: [200]}]":       "valid_status_codes: unknown key, here it is expect.status",
		"targets: [{interval_msec: 500}]":              "interval_msec: unknown key, here it is interval",
		"targets: [{burst: {vus: 5}}]":                 "burst.vus: unknown key, here it is burst.concurrency",
		"targets: [{burst: {preAllocatedVUs: 5}}]":     "burst.preAllocatedVUs: unknown key, here it is burst.concurrency",
		"targets: [{conditions: ['[STATUS] == 200']}]": "conditions: unknown key, here it is expect",
		"targets: [{client: {dns-resolver: a}}]":       "client: unknown key, here it is connection",
		"targets: [{connection: {dns-resolver: a}}]":   "connection.dns-resolver: unknown key, here it is connection.dns_server",
		"targets: [{insecureSkipTLSVerify: true}]":     "insecureSkipTLSVerify: unknown key, here it is connection.tls.insecure_skip_verify",
		"targets: [{valid_status_code: [200]}]":        "valid_status_code: unknown key",
	} {
		_, err := Parse([]byte(file), "prober.yml")
		assert.ErrorContains(t, err, want, file)
	}
}
