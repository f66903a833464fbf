package errcode_test

import (
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
)

func TestEveryCodeHasAllItsWords(t *testing.T) {
	t.Parallel()
	ranges := map[errcode.Code]errcode.Range{
		0: errcode.RangeOK, 10: errcode.RangeGeneral, 11: errcode.RangeDNS, 12: errcode.RangeTCP, 13: errcode.RangeTLS,
		14: errcode.RangeHTTP4xx, 15: errcode.RangeHTTP5xx, 16: errcode.RangeHTTP2, 17: errcode.RangeContent, 18: errcode.RangeHTTP1,
		19: errcode.RangeHTTP3,
		20: errcode.RangeGRPC,
	}
	names := map[string]errcode.Code{}
	for c := range errcode.All() {
		assert.Equal(t, ranges[c/100], c.Range(), "%d", c)
		assert.Regexp(t, `^[a-z0-9_]+$`, c.Name(), "%d", c)
		assert.NotContains(t, names, c.Name(), "%d", c)
		names[c.Name()] = c
		assert.Regexp(t, `^\S.*[^\s.]$`, c.Meaning(), "%d", c)
		help := c.Help()
		for _, text := range []string{help.Happened, help.Causes, help.Look} {
			assert.Regexp(t, `^[A-Z\x60a-z].*[.?]$`, text, "%d: whole sentences", c)
		}
		for _, s := range []string{c.String(), c.Name()} {
			got, err := errcode.Parse(s)
			require.NoError(t, err)
			assert.Equal(t, c, got)
		}
	}
	assert.Len(t, names, 1+100+100+3*14+3*17+countTable(t))
}

// countTable returns the number of failures with a name of their own.
func countTable(t *testing.T) (n int) {
	t.Helper()
	for c := range errcode.All() {
		computed := c >= 1400 && c <= 1599 || c >= 1611 && c <= 1624 || c >= 1631 && c <= 1644 || c >= 1651 && c <= 1664 ||
			c >= 1911 && c <= 1927 || c >= 1931 && c <= 1947 || c >= 1951 && c <= 1967
		if c.IsFailure() && !computed {
			n++
		}
	}
	return n
}

func TestAllIsAscendingAndCanStop(t *testing.T) {
	t.Parallel()
	all := slices.Collect(errcode.All())
	assert.True(t, slices.IsSorted(all))
	assert.Equal(t, errcode.OK, all[0])
	assert.Equal(t, errcode.GRPCServiceUnknown, all[len(all)-1])
	for c := range errcode.All() {
		if c == errcode.Cancelled {
			break
		}
	}
}

func TestNumbersOutsideTheSetHaveNoWords(t *testing.T) {
	t.Parallel()
	for _, c := range []errcode.Code{1, 404, 999, 1008, 1399, 1625, 1645, 1665, 1812, 65535} {
		assert.Empty(t, c.Range().String(), "%d", c)
		assert.Empty(t, c.Name(), "%d", c)
		assert.Empty(t, c.Meaning(), "%d", c)
		assert.Zero(t, c.Help(), "%d", c)
		_, err := errcode.Parse(c.String())
		require.Error(t, err, "%d", c)
	}
	for _, s := range []string{"", "-1", "1212.0", "Refused", "http_399", "70000", "99999999999999999999"} {
		_, err := errcode.Parse(s)
		require.ErrorContains(t, err, strconv.Quote(s))
	}
	_, ok := errcode.ByName("nothing")
	assert.False(t, ok)
}

func TestNamesOfComputedCodes(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]errcode.Code{
		"http_404": 1404, "http_599": 1599, "goaway_no_error": 1611, "goaway_http_1_1_required": 1624,
		"stream_refused_stream": 1638, "connection_compression_error": 1660, "connection": 1650,
	} {
		got, ok := errcode.ByName(name)
		assert.True(t, ok, name)
		assert.Equal(t, code, got, name)
	}
	assert.Equal(t, "the response had status 404 Not Found", errcode.Code(1404).Meaning())
	assert.Equal(t, "the response had status 499", errcode.Code(1499).Meaning())
	assert.Equal(t, "GOAWAY with HTTP/2 error code 11 (ENHANCE_YOUR_CALM)", errcode.Code(1622).Meaning())
}

func TestFromStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]errcode.Code{
		100: 0, 200: 0, 399: 0, 400: 1400, 404: 1404, 499: 1499, 500: 1500, 599: 1599,
		600: 1804, 999: 1804, 99: 1804, 0: 1804, -1: 1804, 1 << 20: 1804,
	} {
		assert.Equal(t, want, errcode.FromStatus(status), "status %d", status)
	}
}

func TestHTTP2ErrorCodes(t *testing.T) {
	t.Parallel()
	for n, want := range map[uint32][3]errcode.Code{
		0: {1611, 1631, 1651}, 1: {1612, 1632, 1652}, 13: {1624, 1644, 1664},
		14: {1610, 1630, 1650}, 1<<32 - 1: {1610, 1630, 1650},
	} {
		assert.Equal(t, want, [3]errcode.Code{errcode.FromGoAway(n), errcode.FromStream(n), errcode.FromConnection(n)}, "%d", n)
	}
}

func TestLocalCodes(t *testing.T) {
	t.Parallel()
	for c := range errcode.All() {
		assert.Equal(t, c >= 1001 && c <= 1007, c.IsLocal(), "%d", c)
		assert.Equal(t, c != 0, c.IsFailure(), "%d", c)
	}
}
