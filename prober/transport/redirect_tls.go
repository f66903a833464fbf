package transport

import (
	"time"

	"example.com/prober/prober/probe"
)

// see notes what the server of t has shown. A handshake happens on new connections only.
// What an earlier one showed counts too, so the dates do not depend on which connections
// were warm.
func (d *redirected) see(t *Transport) {
	if info := t.dialer.Shown(); info != nil {
		d.shown = append(d.shown, info)
	}
}

// summary returns the earliest dates of all servers with certificates, and the other
// facts of the first. It returns nil if there are none.
func summary(shown []*probe.TLSInfo) *probe.TLSInfo {
	if len(shown) == 0 {
		return nil
	}
	all := *shown[0]
	for _, info := range shown[1:] {
		all.LeafNotAfter = earlier(all.LeafNotAfter, info.LeafNotAfter)
		all.EarliestNotAfter = earlier(all.EarliestNotAfter, info.EarliestNotAfter)
	}
	return &all
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
