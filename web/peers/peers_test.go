package peers

import (
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

func TestMain(m *testing.M) { rig.VerifyTestMain(m) }

func TestAPeerIsNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"east=http://h:10115":               {"east", "http://h:10115"},
		"http://h:10115":                    {"h:10115", "http://h:10115"},
		"https://h/":                        {"h", "https://h"},
		"far east=https://h/tools/prober//": {"far east", "https://h/tools/prober"},
		"<b>=http://[::1]:80/a=b":           {"<b>", "http://[::1]:80/a=b"},
	} {
		p, err := Parse(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, [2]string{p.Name, p.URL.String()})
	}
}

func TestAPeerThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                             "it must be NAME=URL",
		"h:10115":                      "it must be NAME=URL",
		"=http://h":                    "a name must have 1 to 64 printable characters",
		"east =http://h":               "no space at its ends",
		"a\nb=http://h":                `not "a\nb"`,
		strings.Repeat("ä", 65) + "=h": "a name must have 1 to 64",
		"east=":                        "its URL must begin with http:// or https://",
		"east=h:10115":                 "its URL must begin with http:// or https://",
		"east=ftp://h":                 "its URL must begin with http:// or https://",
		"east=http://":                 "its URL has no host",
		"east=http://h:x":              "what should be its URL is not a URL",
		"east=http://u:s3cret@h":       "use --web.client-config",
		"http://u@h":                   "use --web.client-config",
		"east=http://h/?a=b":           "a query or a fragment has no meaning",
		"east=http://h/?":              "a query or a fragment has no meaning",
		"east=http://h/#a":             "a query or a fragment has no meaning",
		"east=http://h/" + strings.Repeat("a", 256):            "at most 256 bytes",
		"http://" + strings.Repeat("a", 70) + ".example:10115": "a name must have 1 to 64",
	} {
		_, err := Parse(text)
		require.ErrorContains(t, err, want, text)
		assert.NotContains(t, err.Error(), "s3cret")
	}
}

func TestNamesOfPeersDiffer(t *testing.T) {
	t.Parallel()
	east, err := Parse("east=http://h")
	require.NoError(t, err)
	options := Options{Log: slog.New(slog.DiscardHandler), Client: new(http.Client), Name: "east", Peers: []Peer{east}}
	s, err := New(options)
	require.NoError(t, err)
	assert.True(t, s.IsEmpty(), "a peer with the name of this prober is this prober")
	options.Peers = []Peer{east, east}
	_, err = New(options)
	require.EqualError(t, err, `two peers have the name "east"`)
	options.Peers = nil
	for i := range maxPeers + 1 {
		options.Peers = append(options.Peers, Peer{Name: strconv.Itoa(i), URL: east.URL})
	}
	_, err = New(options)
	require.EqualError(t, err, "there are 51 peers, but at most 50 are allowed")
	var none *Set
	assert.True(t, none.IsEmpty())
	assert.Empty(t, none.Answers())
	assert.Empty(t, none.Name())
}

func TestRowsHoldTheTargetsOfAllProbers(t *testing.T) {
	t.Parallel()
	named := func(names ...string) (all []Target) {
		for _, name := range names {
			all = append(all, Target{Name: name})
		}
		return all
	}
	for name, c := range map[string]struct {
		columns [][]Target
		want    string
	}{
		"none":      {},
		"empty":     {columns: [][]Target{nil, {}}},
		"locations": {columns: [][]Target{named("a", "b"), named("a", "b")}, want: "a:01 b:01"},
		"shards":    {columns: [][]Target{named("b", "d"), named("a", "e"), named("c")}, want: "a:1 b:0 c:2 d:0 e:1"},
		"both":      {columns: [][]Target{named("a", "c"), nil, named("a", "b", "c"), named("c")}, want: "a:02 b:2 c:023"},
	} {
		var got []string
		for row := range Rows(c.columns) {
			text := row.Name + ":"
			for i, t := range row.Cells {
				if t != nil {
					text += strconv.Itoa(i)
				}
			}
			got = append(got, text)
		}
		assert.Equal(t, c.want, strings.Join(got, " "), name)
	}
	for range Rows([][]Target{named("a", "b")}) {
		break
	}
}

// BenchmarkRows goes through 20,000 targets of 51 probers.
func BenchmarkRows(b *testing.B) {
	columns := make([][]Target, maxPeers+1)
	for i := range columns {
		for n := range MaxTargets {
			columns[i] = append(columns[i], Target{Name: "shop/service-" + strconv.Itoa(100_000+n) + strconv.Itoa(i)})
		}
	}
	for b.Loop() {
		n := 0
		for range Rows(columns) {
			n++
		}
		b.ReportMetric(float64(n), "rows")
	}
}
