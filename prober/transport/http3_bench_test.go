package transport

import (
	"context"
	"net/http"
	"runtime"
	"testing"

	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

// newHTTP3 is a transport to a server of the library.
func newHTTP3(b *testing.B, cfg Config) *Transport {
	b.Helper()
	site := peers.Serve(b, peers.HTTP3, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) })
	cfg.URL, cfg.HTTPVersion, cfg.TLS.InsecureSkipVerify = site.Root(), option.OnlyHTTP3, true
	return newTransport(b, cfg)
}

// The allocations of BenchmarkHTTP3 and those below it are quic-go's, with its server in the
// same process. Tests of prober/http3 check that our own code allocates nothing.
func BenchmarkHTTP3(b *testing.B) { oneAfterAnother(b, newHTTP3(b, Config{})) }

func BenchmarkHTTP3NewConnection(b *testing.B) {
	oneAfterAnother(b, newHTTP3(b, Config{RequestsPerConnection: 1}))
}

func BenchmarkHTTP3ManyStreams(b *testing.B) {
	tr := newHTTP3(b, Config{})
	const streams = 64
	b.SetParallelism(streams / runtime.GOMAXPROCS(0))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		var r probe.Result
		for pb.Next() {
			again(context.Background(), tr, &r, patience)
			if r.Err != nil {
				b.Error(r.Err)
				return
			}
		}
	})
}
