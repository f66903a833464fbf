package prober

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/prober/config"
	"example.com/prober/option"
	"example.com/prober/prober/wire"
)

func TestOnlyHTTP3NeedsRoomForDatagrams(t *testing.T) {
	t.Parallel()
	cfg := &config.Config{Targets: []config.Target{{}}}
	_, _, tooFew := DatagramRoomFor(cfg)
	assert.False(t, tooFew)
	cfg.Targets[0].Connection.HTTPVersion = option.OnlyHTTP3
	allowed, wanted, tooFew := DatagramRoomFor(cfg)
	assert.Equal(t, allowed < wanted, tooFew)
	if runtime.GOOS == "linux" {
		assert.Positive(t, allowed)
	}
	again, _ := wire.DatagramRoom()
	assert.Equal(t, allowed, again)
}
