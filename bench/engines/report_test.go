package engines

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/prober/bench/closed"
	"example.com/prober/bench/rig"
)

func TestEveryLoadHasItsNameAndWhatItsAimsName(t *testing.T) {
	t.Parallel()
	b := &bench{rig: &rig.Rig{}, servers: &servers{grpcpeer: &rig.Process{}}, options: Options{Peers: true}}
	seen := map[string]bool{}
	for _, l := range b.loads() {
		assert.False(t, seen[l.String()], "%v comes twice", l)
		seen[l.String()] = true
		assert.Contains(t, []string{ownName, mixName}, l.clients[0].Name, l)
		for _, a := range l.aims {
			named := func(c closed.Client) bool { return c.Name == a.client }
			assert.True(t, slices.ContainsFunc(l.clients[1:], named), "%v: nobody is called %s", l, a.client)
		}
	}
	assert.False(t, seen[idleLoad])
}

func compared() []comparison {
	_, grpc, _, _ := engines()
	l := load{engine: grpc, inFlight: 16, aims: []aim{{ghzName, 0.2}, {http2Name, 1.1}, {"who was left out", 1}}}
	result := func(client string, cpu ...float64) *closed.Result {
		rounds := rig.Rounds{1000, 2000, 3000}
		return &closed.Result{Client: client, CPU: cpu, Rate: rounds, Memory: rig.Rounds{mebi}, P50: rig.Rounds{1e-3}, Failures: 2}
	}
	return []comparison{{l, []*closed.Result{
		result(ownName, 4e-6, 5e-6, 6e-6), result(ghzName, 16e-6, 20e-6, 24e-6), result(http2Name, 4e-6, 5e-6, 5e-6),
	}}}
}

func TestAimsAreJudgedByTheMedianOfTheRounds(t *testing.T) {
	t.Parallel()
	assert.Equal(t, [][]string{
		{"gRPC, 16 in flight: CPU per request at most 0.2 of ghz", "0.25 (0.25–0.25)", "**missed**"},
		{"gRPC, 16 in flight: CPU per request at most 1.1 of prober, HTTP/2", "1 (1–1.2)", "reached"},
	}, judge(compared()).Rows)
}

func TestTheTableComparesTheProberWithEachClient(t *testing.T) {
	t.Parallel()
	rows := tableOf(compared()).Rows
	assert.Equal(t, []string{
		"16 in flight", ghzName, "2000 (1000–3000)", "1", "20 µs (16 µs–24 µs)", "0.25 (0.25–0.25)", "1 MiB", "1 ms", "–", "2",
	}, rows[1])
	assert.Len(t, rows, 3)
}

func TestAnIdleConnectionTakesWhatOneMoreTakes(t *testing.T) {
	t.Parallel()
	h := holding{client: ownName, one: 10 * mebi, many: 10*mebi + (idleConnections-1)*100*kibi}
	assert.Equal(t, []string{ownName, "10 MiB", "108 MiB", "100 KiB"}, tableOfIdle([]holding{h}).Rows[0])
}
