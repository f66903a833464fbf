package transport

import (
	"context"
	"crypto/tls"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"golang.org/x/net/http2"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

// moody plays a server that does anything HTTP/2 allows with each request, and some of
// what it forbids.
func moody(c net.Conn) {
	p := peers.NewH2(c)
	p.Greet(setting(http2.SettingMaxConcurrentStreams, 1+rand.Uint32N(5))...)
	var late []uint32
	for id := p.Request(); id != 0; id = p.Request() {
		switch rand.IntN(16) {
		case 0:
			_ = p.WriteRSTStream(id, http2.ErrCodeRefusedStream)
		case 1:
			_ = p.WriteGoAway(id-2, http2.ErrCodeNo, nil)
		case 2:
			_ = p.WriteGoAway(id, http2.ErrCodeEnhanceYourCalm, nil)
		case 3:
			return
		case 4: // silence
		case 5:
			late = append(late, id)
		case 6:
			_ = p.WriteSettings(setting(http2.SettingMaxConcurrentStreams, rand.Uint32N(4))...)
			p.Answer(id)
			_ = p.WriteSettings(setting(http2.SettingMaxConcurrentStreams, 3)...)
		default:
			p.Answer(id)
		}
		if rand.IntN(4) == 0 {
			for _, id := range late {
				p.Answer(id)
			}
			late = nil
		}
	}
}

// Whatever the peer does and however goroutines meet, each request ends, and nothing is
// left. Built with the tag perturb, the test covers many more orders of events.
func TestHTTP2UnderStressLeavesNothing(t *testing.T) {
	t.Parallel()
	cert := certs.Issue(nil)
	plain, secured := peers.Listen(t, moody).URL("http"), peers.Listen(t, multiplexed(cert, moody)).URL("https")
	for name, cfg := range map[string]Config{
		"h2c":                   {URL: plain, HTTPVersion: option.H2C},
		"h2c with content":      {URL: plain, HTTPVersion: option.H2C, Method: "POST", BodySize: 200 << 10},
		"h2c, three requests":   {URL: plain, HTTPVersion: option.H2C, RequestsPerConnection: 3},
		"h2c, one stream":       {URL: plain, HTTPVersion: option.H2C, StreamsPerConnection: 1},
		"TLS":                   {URL: secured, HTTPVersion: option.OnlyHTTP2},
		"TLS with content":      {URL: secured, HTTPVersion: option.OnlyHTTP2, Method: "POST", BodySize: 200 << 10},
		"TLS, a new connection": {URL: secured, HTTPVersion: option.AutoHTTP, RequestsPerConnection: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg.TLS.InsecureSkipVerify = true
			cfg.TLS.MinVersion = tls.VersionTLS13
			tr := newTransport(t, cfg)
			stressed(tr)
			tr.CloseIdle()
			tr.Wait()
			assert.Zero(t, tr.Open())
			left := tr.h2.State()
			left.Watched = false // a deadline nobody needs is forgotten when it passes
			assert.Zero(t, left, "nothing is left")
		})
	}
}

// stressed sends requests of all durations, while idle connections are closed. Some of
// the requests end before their time.
func stressed(tr *Transport) {
	stop := make(chan struct{})
	var closing sync.WaitGroup
	closing.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(rand.IntN(5)) * time.Millisecond):
				tr.CloseIdle()
			}
		}
	})
	forEach(8, func(int) {
		var r probe.Result
		for range 40 {
			ctx, cancel := context.WithCancel(context.Background())
			if rand.IntN(5) == 0 {
				stop := time.AfterFunc(time.Duration(rand.IntN(1000))*time.Microsecond, cancel)
				defer stop.Stop()
			}
			now := probe.Now()
			r.Reset(now, now.Add(time.Duration(1+rand.IntN(50))*time.Millisecond))
			tr.Do(ctx, &r)
			cancel()
		}
	})
	close(stop)
	closing.Wait()
}
