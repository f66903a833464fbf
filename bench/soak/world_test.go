package main

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/option"
)

func TestTheWorldHasTargetsOfAllKinds(t *testing.T) {
	t.Parallel()
	const targets = 200
	w, err := newWorld(t.Context(), t.TempDir(), targets)
	require.NoError(t, err)
	t.Cleanup(w.close)
	for number := range 25 {
		path, err := w.configure(number)
		require.NoError(t, err)
		cfg, err := config.Load(path)
		require.NoError(t, err)
		has := func(is func(t config.Target) bool) bool { return slices.ContainsFunc(cfg.Targets, is) }
		if number == 0 {
			assert.Len(t, cfg.Targets, targets)
		} else {
			assert.Len(t, cfg.Targets, targets-targets/20)
		}
		for _, kind := range []string{"http", "https", "tcp", "tls", "dns", "grpc"} {
			assert.True(t, has(func(t config.Target) bool { return t.URL.Scheme == kind }), kind)
		}
		for _, version := range []option.HTTPVersion{option.OnlyHTTP11, option.OnlyHTTP2, option.OnlyHTTP3} {
			assert.True(t, has(func(t config.Target) bool { return t.Connection.HTTPVersion == version }), version)
		}
		assert.True(t, has(func(t config.Target) bool { return len(t.Requests) > 0 }), "a mix")
		assert.True(t, has(func(t config.Target) bool { return len(t.Journey) > 0 }), "a journey")
	}
}

func TestRenewedCertificatesBelongTogether(t *testing.T) {
	t.Parallel()
	w, err := newWorld(t.Context(), t.TempDir(), 1)
	require.NoError(t, err)
	t.Cleanup(w.close)
	before := w.shown.Load()
	require.NoError(t, w.renew())
	assert.NotSame(t, before, w.shown.Load())
	path, err := w.configure(0)
	require.NoError(t, err)
	_, err = config.Load(path) // it refuses a key of another certificate
	require.NoError(t, err)
}
