package errcode_test

import (
	"context"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/transport"
)

// scene is one failure of the real stack, played to two engines: the prober's transport
// and net/http. The scenes about HTTP/2 run with golang.org/x/net/http2 too.
type scene struct {
	// name is a sentence without its full stop.
	name string
	// want is the code from both engines, unless why is set.
	want errcode.Code
	// why is the reason for std, the different code of net/http. If the scene is for the
	// prober alone, why says why net/http cannot play it.
	why   string
	std   errcode.Code
	alone bool
	// or is a second code of net/http if chance decides between two. It may be want.
	or errcode.Code
	// xnet is the code of x/net/http2 if it has a type for a failure that is only a text in
	// net/http.
	xnet errcode.Code
	// late is set if the request must time out.
	late bool
	// stage sets the peers up and returns the client's configuration. Each engine has a
	// stage of its own.
	stage func(t lab) transport.Config
	// act plays the scene; nil means one request, with much time unless it is late.
	act func(t lab, e engine) (errcode.Code, error)
}

// scenes are the scenes for every platform.
func scenes() []scene {
	return slices.Concat(
		dialScenes(), dnsScenes(), proxyScenes(), redirectScenes(),
		tlsScenes(), certificateScenes(), alertScenes(),
		http1Scenes(), contentScenes(), endScenes(), securedEndScenes(), contextScenes(),
		http2Scenes(), frameScenes(), framedEndScenes(), errorCodeScenes(), resendScenes(), http3Scenes(),
	)
}

func TestBothEnginesGiveAFailureTheSameCode(t *testing.T) {
	t.Parallel()
	playAll(t, scenes())
}

// playAll plays scenes and prints the codes of both engines, side by side.
func playAll(t *testing.T, all []scene) {
	t.Helper()
	for _, s := range all {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.play(lab{t})
		})
	}
}

// play runs the scene with all engines at the same time, so all of them wait together.
func (s scene) play(t lab) {
	t.Helper()
	prober, others := newOwn(t, s.setting(t)), s.others(t)
	var all sync.WaitGroup
	for name, other := range others {
		all.Go(func() {
			code, err := s.perform(t, other)
			t.Logf("%s %v: %v", name, code, err)
			assert.Contains(t, s.foreign(name), code, "%s: %v", name, err)
		})
	}
	code, err := s.perform(t, prober)
	all.Wait()
	t.Logf("prober %v: %v", code, err)
	assert.Equal(t, s.want, code, "the prober: %v", err)
	if s.why == "" {
		assert.True(t, s.std == errcode.OK && !s.alone, "a difference without a reason")
		return
	}
	assert.True(t, s.alone || s.std != s.want, "a difference that is none")
}

const (
	netHTTP      = "net/http"
	netHTTPTimed = "net/http with Client.Timeout"
	xnetHTTP2    = "x/net/http2"
)

// others returns the other engines for the scene.
func (s scene) others(t lab) map[string]engine {
	t.Helper()
	if s.alone {
		return nil
	}
	all := map[string]engine{netHTTP: newStandard(t, s.setting(t))}
	if s.late {
		timed := newStandard(t, s.setting(t))
		timed.timed = true
		all[netHTTPTimed] = timed
	}
	if cfg := s.setting(t); cfg.HTTPVersion == option.H2C || cfg.HTTPVersion == option.OnlyHTTP2 {
		all[xnetHTTP2] = newXNet(t, cfg)
	}
	return all
}

// foreign returns the codes allowed for another engine.
func (s scene) foreign(name string) []errcode.Code {
	switch {
	case s.why == "":
		return []errcode.Code{s.want}
	case name == xnetHTTP2 && s.xnet != errcode.OK:
		return []errcode.Code{s.xnet, s.std} // it depends on which of its goroutines sees the end first
	case s.or != errcode.OK:
		return []errcode.Code{s.std, s.or}
	}
	return []errcode.Code{s.std}
}

func (s scene) setting(t lab) transport.Config {
	t.Helper()
	cfg := s.stage(t)
	if cfg.Method == "" {
		cfg.Method = "GET"
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = patience
	}
	if cfg.TLSTimeout == 0 {
		cfg.TLSTimeout = patience
	}
	return cfg
}

func (s scene) perform(t lab, e engine) (errcode.Code, error) {
	switch {
	case s.act != nil:
		return s.act(t, e)
	case s.late:
		return e.do(t.Context(), waiting)
	}
	return e.do(t.Context(), patience)
}

// again is an act of two requests. The first succeeds.
func again(t lab, e engine) (errcode.Code, error) {
	code, err := e.do(t.Context(), patience)
	assert.Equal(t, errcode.OK, code, "the request before: %v", err)
	return e.do(t.Context(), patience)
}

// givenUpBefore is an act that our own side ends.
func givenUpBefore(t lab, e engine) (errcode.Code, error) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return e.do(ctx, patience)
}

// at returns the URL of an address on loopback, or of anything else.
func at(scheme, address string) *url.URL { return &url.URL{Scheme: scheme, Host: address, Path: "/"} }

// plain is the stage of a peer in clear text.
func plain(script peers.Script) func(t lab) transport.Config {
	return func(t lab) transport.Config { return transport.Config{URL: peers.Listen(t, script).URL("http")} }
}
