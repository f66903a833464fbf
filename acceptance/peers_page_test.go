package acceptance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// fleet is the tested part of the answer of /api/v1/peers.
type fleet struct {
	Peers []struct {
		Name, Error string
		Up          bool
	}
	Targets []struct {
		Name, State string
		States      []struct {
			Peer, State string
			Code        int
			Stale       bool
		}
	}
}

// TestTwoProbersStandSideBySide runs two daemons. One reads the other. A target fails from one of them alone; then the
// other ends.
func TestTwoProbersStandSideBySide(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	west := rig.StartDaemon(t, "prober", fmt.Sprintf("defaults: {interval: 1s}\ntargets:\n  - {name: shop, url: '%s/shop'}\n  - {name: cart, url: '%[1]s/cart'}\n", p.URL))
	east := rig.StartDaemon(t, "prober",
		fmt.Sprintf("defaults: {interval: 1s}\ntargets:\n  - {name: shop, url: 'http://127.0.0.1:1/'}\n  - {name: only-east, url: '%s/east'}\n", p.URL),
		"--web.peer-name=east", "--web.peer=east=http://127.0.0.1:1", "--web.peer=west="+west.URL)
	look := func() (f fleet) {
		status, body := east.Do(http.MethodGet, "/api/v1/peers")
		require.Equal(t, http.StatusOK, status)
		require.NoError(t, json.Unmarshal([]byte(body), &f))
		return f
	}
	var f fleet
	rig.Until(t, "all targets have had a burst", func() bool {
		f = look()
		return len(f.Targets) == 3 && f.Targets[0].State == "failing" && f.Targets[0].States[1].State == "ok" &&
			f.Targets[1].State == "ok" && f.Targets[2].State == "ok"
	})
	require.Len(t, f.Peers, 2)
	assert.Equal(t, "east", f.Peers[0].Name)
	assert.Equal(t, "west", f.Peers[1].Name)
	assert.Equal(t, "shop", f.Targets[0].Name)
	assert.Equal(t, 1212, f.Targets[0].States[0].Code)
	assert.Equal(t, "ok", f.Targets[0].States[1].State)
	_, page := east.Do(http.MethodGet, "/peers")
	assert.Contains(t, page, ">1 of 3 targets fails: from east only</h1>")

	west.Signal(syscall.SIGKILL)
	west.Wait()
	rig.Until(t, "the page says that west is down", func() bool {
		f = look()
		return !f.Peers[1].Up
	})
	assert.Contains(t, f.Peers[1].Error, "connection refused")
	for _, target := range f.Targets {
		want := map[string]string{"shop": "failing", "only-east": "ok", "cart": "unknown"}[target.Name]
		assert.Equal(t, want, target.State, target.Name)
	}
	_, page = east.Do(http.MethodGet, "/peers")
	assert.Contains(t, page, "west has not answered since")
	assert.Contains(t, page, "<title>1 of 3 targets fails: from all probers that answer · prober</title>")
	east.Terminate()
}
