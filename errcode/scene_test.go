package errcode_test

import (
	"context"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/prober/transport"
)

// scene is one failure of the real stack, played to both engines: to the
// prober's transport and to net/http.
type scene struct {
	// name is a sentence without its full stop.
	name string
	// want is the code that both come to, unless why is set.
	want errcode.Code
	// why is the reason for which net/http comes to another code, std, or, if the
	// scene is for the prober alone, for which it cannot be played to net/http.
	why   string
	std   errcode.Code
	alone bool
	// stage sets the peers up and returns what a client has to know. Each engine
	// has a stage of its own.
	stage func(t lab) transport.Config
	// act plays the scene; nil means one request with much time.
	act func(t lab, e engine) (errcode.Code, error)
}

// scenes are those that can be played anywhere.
func scenes() []scene {
	return slices.Concat(
		dialScenes(), dnsScenes(), proxyScenes(), redirectScenes(),
		tlsScenes(), certificateScenes(), alertScenes(),
		http1Scenes(), contentScenes(), http2Scenes(), frameScenes(), errorCodeScenes(),
	)
}

func TestBothEnginesGiveAFailureTheSameCode(t *testing.T) {
	t.Parallel()
	playAll(t, scenes())
}

// playAll plays scenes and prints what both engines came to, side by side.
func playAll(t *testing.T, all []scene) {
	t.Helper()
	for _, s := range all {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.play(lab{t})
		})
	}
}

// play shows the scene to both engines at the same time, so that what they have
// to wait for passes once.
func (s scene) play(t lab) {
	t.Helper()
	prober, other := newOwn(t, s.setting(t)), engine(nil)
	if !s.alone {
		other = newStandard(t, s.setting(t))
	}
	var both sync.WaitGroup
	var std errcode.Code
	var stdErr error
	if other != nil {
		both.Go(func() { std, stdErr = s.perform(t, other) })
	}
	code, err := s.perform(t, prober)
	both.Wait()
	t.Logf("prober %v: %v", code, err)
	assert.Equal(t, s.want, code, "the prober: %v", err)
	if s.alone {
		require.NotEmpty(t, s.why)
		return
	}
	t.Logf("net/http %v: %v", std, stdErr)
	if s.why == "" {
		assert.Equal(t, s.want, std, "net/http differs and nothing says why: %v", stdErr)
		return
	}
	require.NotEqual(t, s.want, s.std, "a difference that is none")
	assert.Equal(t, s.std, std, "net/http: %v", stdErr)
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
	if s.act == nil {
		return e.do(t.Context(), patience)
	}
	return s.act(t, e)
}

// inVain is an act that ends when the time of the request does.
func inVain(t lab, e engine) (errcode.Code, error) { return e.do(t.Context(), waiting) }

// again is an act of two requests of which the first goes well.
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

// plain is the stage of a peer that speaks HTTP/1 in clear text.
func plain(serve func(t lab) string) func(t lab) transport.Config {
	return func(t lab) transport.Config { return transport.Config{URL: at("http", serve(t))} }
}
