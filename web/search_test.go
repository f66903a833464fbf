package web

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
)

// queryOf returns the parameters of a link.
func queryOf(t *testing.T, link string) url.Values {
	t.Helper()
	u, err := url.Parse(link)
	require.NoError(t, err)
	return u.Query()
}

func TestASearchFindsByNameLabelAndCode(t *testing.T) {
	t.Parallel()
	r := &row{State: failing, Snapshot: &numbers.Snapshot{
		About:   numbers.About{Name: "Checkout", URL: "https://shop.example/pay", Labels: map[string]string{"team": "shop", "owner": "Ann Lee", "note": "a=b"}},
		Trouble: []numbers.FailureKind{{Code: errcode.CertExpired, Count: 3}, {Code: errcode.LocalPorts, Count: 1}},
	}}
	for text, want := range map[string]bool{
		"": true, "  ": true, "check": true, "CHECK": true, "shop.example/p": true, "nothing": false, "check nothing": false,
		"team=shop": true, "team=sho": false, "team=Shop": false, "team!=shop": false, "team!=pay": true, "other=": true, "other!=": false, "team=": false, "team!=": true,
		`owner="Ann Lee"`: true, `"owner=Ann Lee"`: true, "owner=Ann Lee": false, "owner=Bob": false, "ann": true, "note=a=b": true, "team=shop owner=Bob": false,
		"code=1312": true, "code=13..": true, "code=13xx": true, "code=13": true, "code=1": true, "code=14..": false, "code=cert_expired": true, "code=tls": true,
		"code=1004": true, "code=10..": true, "error_code=1312": true, "code!=1312": false, "code!=15..": true, "code=": false, "code=13...": false, "code=99": false,
		"team=shop code=13.. check": true, "team=shop code=15..": false,
		"1=2": false, "=": true, `"`: true, `"""`: true,
	} {
		assert.Equal(t, want, parseSearch(text).matches(r), text)
	}
	r.URL = "https://shop.example/1=2"
	assert.True(t, parseSearch("1=2").matches(r), "what begins with a digit is no label")
}

func TestASearchThatFindsNothingSaysWhy(t *testing.T) {
	t.Parallel()
	labels := []string{"env", "team"}
	for text, want := range map[string]int{"x": 0, "team=shop": 0, "code=1312": 0, "teem=shop": 1, "code=99..": 1, "code=abc owner=x": 2} {
		assert.Len(t, parseSearch(text).advice(labels), want, text)
	}
	assert.Equal(t, []string{"No target has a label named “teem”."}, parseSearch("teem=shop").advice(labels))
}

func TestTheParametersOfAPageLeadToItAgain(t *testing.T) {
	t.Parallel()
	for link, want := range map[string]filter{
		"?":                    {},
		"?q=team%3Dshop":       {Text: "team=shop"},
		"?state=ok&range=tls":  {State: "ok", Range: "tls"},
		"?group=team&open=a+b": {Group: "team", Open: "a b"},
	} {
		f := readFilter(queryOf(t, link))
		assert.Equal(t, want, f, link)
		assert.Equal(t, f, readFilter(queryOf(t, f.link())), link)
	}
	assert.Equal(t, filter{}, readFilter(queryOf(t, "?state=nothing&range=nothing&group=1a&page=3")), "what the program does not know is left out")
	long := readFilter(url.Values{"q": {string(make([]byte, 1000))}, "open": {"ä" + string(make([]rune, 300)) + "ä"}})
	assert.LessOrEqual(t, len(long.Text), 256)
	assert.LessOrEqual(t, len(long.Open), 256)
}
