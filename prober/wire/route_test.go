package wire

import (
	"net"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
)

// The lack of a route, as to a family that this host does not have, says less
// than the answer of another address.
func TestFailureIsThatOfAnAddressWithARoute(t *testing.T) {
	t.Parallel()
	const unrouted = "255.255.255.255" // TCP has no broadcasts
	if _, err := net.DialTimeout("tcp", unrouted+":9", time.Second); !isUnrouted(err) {
		t.Skip("this system has another error for it: ", err)
	}
	_, port, err := net.SplitHostPort(peers.ClosedPort(t))
	require.NoError(t, err)
	u := &url.URL{Scheme: "http", Host: "name.test:" + port}
	for name, addrs := range map[string][]netip.Addr{
		"first":  addressList(unrouted, "127.0.0.1"),
		"second": addressList("127.0.0.1", unrouted),
	} {
		r := dialOnce(newTestDialer(t, Plan{URL: u, Resolve: addrs}), patience)
		assert.Equal(t, errcode.Refused, errcode.FromError(r.Err), "%s: %v", name, r.Err)
	}
	r := dialOnce(newTestDialer(t, Plan{URL: u, Resolve: addressList(unrouted)}), patience)
	assert.Equal(t, errcode.NetworkUnreachable, errcode.FromError(r.Err), "%v", r.Err)
}
