package transport

import (
	"context"
	"testing"

	"example.com/prober/internal/peers"
	"example.com/prober/prober/probe"
)

// oneAfterAnother measures what a request costs that nothing else goes on beside.
func oneAfterAnother(b *testing.B, tr *Transport) {
	b.Helper()
	var r probe.Result
	b.ReportAllocs()
	for b.Loop() {
		again(context.Background(), tr, &r, patience)
		if r.Err != nil {
			b.Fatal(r.Err)
		}
	}
}

func BenchmarkHTTP1(b *testing.B) {
	p := peers.Listen(b, peers.Answering(peers.OKAnswer))
	tr := newTransport(b, Config{URL: p.URL("http")})
	oneAfterAnother(b, tr)
}

func BenchmarkNewConnection(b *testing.B) {
	p := peers.Listen(b, peers.Answering(peers.OKAnswer))
	tr := newTransport(b, Config{URL: p.URL("http"), RequestsPerConnection: 1})
	oneAfterAnother(b, tr)
}

func TestSteadyStateOfHTTP1AllocatesNothing(t *testing.T) {
	p := peers.Listen(t, peers.Answering(peers.OKAnswer))
	tr := newTransport(t, Config{URL: p.URL("http")})
	var r probe.Result
	exchange := func() {
		again(context.Background(), tr, &r, patience)
		if r.Err != nil || r.HTTP.Status != 200 {
			t.Fatal("the exchange failed:", r.Err)
		}
	}
	exchange()
	if n := testing.AllocsPerRun(200, exchange); n != 0 {
		t.Errorf("%v allocations per request, want 0", n)
	}
}
