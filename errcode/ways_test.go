package errcode_test

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/rig"
)

// waysFile has the table of this test, for readers and reviewers.
const waysFile = "testdata/ways.txt"

// madeByHand are the codes that no test can make the real stack produce, with the reason.
func madeByHand() map[errcode.Code]string {
	const (
		expectations = "the expectations of a target are judged by package prober, in whose tests it occurs"
		notRaised    = "neither our side nor a library that we know raises it; it is here for those who do"
		others       = "every failure of its family that we know has a number of its own; it is here for new ones"
	)
	reasons := map[errcode.Code]string{
		errcode.DialReset:          "what resets a SYN is 1212 and what resets a connection that stands 1220; it is here for users of the library who know more",
		errcode.TCPErrno:           "what the kernel says of a lost route depends on the moment (1204, or what a router says, which is this one)",
		errcode.QueueTimeout:       "requests wait outside the engine, in package prober, in whose tests it occurs",
		errcode.Stuck:              "the watchdog is outside the engine, in package prober, in whose tests it occurs",
		errcode.Credentials:        "tokens are fetched by package prober, in whose tests it occurs",
		errcode.HTTP2:              others,
		errcode.Content:            others,
		errcode.UnexpectedStatus:   expectations,
		errcode.UnexpectedHeader:   expectations,
		errcode.UnexpectedBody:     expectations,
		errcode.UnexpectedProtocol: expectations,
		errcode.UnexpectedTLS:      "no target can expect anything of TLS beyond a valid certificate",
		errcode.TooSlow:            expectations,
		errcode.Template:           "requests are put together by package prober/transport, in whose tests it occurs",
		errcode.Capture:            "captures are those of package prober/transport, in whose tests it occurs",
		errcode.UnexpectedRcode:    expectations,
		errcode.UnexpectedAnswers:  expectations,
	}
	for _, n := range []uint32{0, 2, 4, 7, 8, 10, 11, 13, 14} {
		reasons[errcode.FromConnection(n)] = notRaised
	}
	for c := range errcode.All() {
		if c.Range() == errcode.RangeGRPC {
			reasons[c] = "the answers of calls are judged by package prober/grpc, in whose tests it occurs"
		}
	}
	return reasons
}

func TestEveryCodeHasAWayToCome(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("some failures are brought about on Linux only")
	}
	ways := waysToCome()
	reasons := madeByHand()
	var table strings.Builder
	for c := range errcode.All() {
		fmt.Fprintf(&table, "%d %s\n", c, c.Name())
		reason, byHand := reasons[c]
		switch {
		case byHand && len(ways[c]) > 0:
			assert.Fail(t, "not only by hand", "%d is produced by %q", c, ways[c])
		case byHand:
			ways[c] = []string{"by hand: " + reason}
		case len(ways[c]) == 0:
			assert.Fail(t, "no test produces it", "%d %s", c, c.Name())
		}
		for _, way := range ways[c] {
			fmt.Fprintf(&table, "\t%s\n", way)
		}
	}
	t.Logf("code -> tests that produce it\n%s", &table)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(waysFile, []byte(table.String()), 0o644))
	}
	want, err := os.ReadFile(waysFile)
	require.NoError(t, err)
	require.Empty(t, rig.Differing(string(want), table.String()), "run go generate ./errcode")
}

// waysToCome returns the tests in which the real stack produces each code.
func waysToCome() map[errcode.Code][]string {
	ways := map[errcode.Code][]string{errcode.LocalPorts: {"package net: TestExhaustedPortsAreLocalPorts"}}
	add := func(c errcode.Code, way string) { ways[c] = append(ways[c], way) }
	for _, s := range allScenes() {
		switch {
		case s.alone:
			add(s.want, "prober: "+s.name)
		case s.why == "":
			add(s.want, "prober and net/http: "+s.name)
		default:
			add(s.want, "prober: "+s.name)
			add(s.std, "net/http: "+s.name)
			if s.or != errcode.OK && s.or != s.want {
				add(s.or, "net/http, by chance: "+s.name)
			}
			if s.xnet != errcode.OK {
				add(s.xnet, "x/net/http2: "+s.name)
			}
		}
	}
	for _, f := range faults() {
		if !f.byHand {
			add(f.want, "library: "+f.name)
		}
	}
	ways[errcode.OK] = slices.Insert(ways[errcode.OK], 0, "prober and net/http: whatever goes well")
	return ways
}

// A code declared at the place of a failure is the code of the failure, whatever wraps
// it.
func TestADeclaredCodeIsTheCode(t *testing.T) {
	t.Parallel()
	for c := range errcode.All() {
		if c.IsFailure() {
			err := fmt.Errorf("target: %w", in(errcode.PhaseTransfer, fmt.Errorf("burst: %w", errcode.New(c, "declared"))))
			assert.Equal(t, c, errcode.FromError(err), "%d", c)
		}
	}
}
