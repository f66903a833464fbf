package web

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
)

func TestFailuresThatAreAlikeAreOneRow(t *testing.T) {
	t.Parallel()
	at := func(s int) time.Time { return time.Date(2030, 5, 6, 12, 0, s, 0, time.UTC) }
	one, two := netip.MustParseAddrPort("192.0.2.1:80"), netip.MustParseAddrPort("192.0.2.2:80")
	reset := numbers.Failure{Code: errcode.Reset, Phase: errcode.PhaseProcessing, Text: "read from port 40001: reset", Remote: one, Count: 3}
	with := func(f numbers.Failure, s int, change func(*numbers.Failure)) numbers.Failure {
		f.Time = at(s)
		change(&f)
		return f
	}
	groups := groupFailures([]numbers.Failure{
		with(reset, 50, func(f *numbers.Failure) { f.Text = "read from port 40002: reset" }),
		with(reset, 40, func(f *numbers.Failure) { f.Request = "cart" }),
		with(reset, 30, func(f *numbers.Failure) { f.Remote = two }),
		with(reset, 20, func(f *numbers.Failure) { f.Phase = errcode.PhaseSend }),
		with(reset, 15, func(f *numbers.Failure) { f.Status = 502 }),
		with(reset, 10, func(f *numbers.Failure) { f.Text = "another text" }),
		with(reset, 5, func(f *numbers.Failure) { f.Remote = netip.AddrPort{} }),
	})
	require.Len(t, groups, 5)
	first := groups[0]
	assert.Equal(t, "read from port 40002: reset", first.Text, "the latest speaks for all")
	assert.Equal(t, []time.Time{at(5), at(50)}, []time.Time{first.First, first.Last})
	assert.EqualValues(t, 9, first.Total)
	assert.EqualValues(t, 3, first.Bursts)
	assert.Equal(t, 1, first.MoreAddresses())
	assert.Equal(t, "cart", groups[1].Request)
	assert.Equal(t, at(40), groups[1].First)
	keys := map[string]bool{}
	for _, g := range groups {
		keys[g.Key] = true
	}
	assert.Len(t, keys, 5)
	assert.Empty(t, groupFailures(nil))
}
