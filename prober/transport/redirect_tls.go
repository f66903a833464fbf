package transport

import (
	"time"

	"example.com/prober/prober/probe"
)

// see notes what the server of t has shown. A handshake happens on new connections
// only; what was shown in an earlier one counts too, so that the dates do not depend on
// which connections were warm.
func (d *redirected) see(t *Transport) {
	if info := t.dialer.Shown(); info != nil {
		d.shown = append(d.shown, info)
	}
}

// summary has the dates that end first of all servers that showed certificates, and the
// rest of the first. It is nil if there are none.
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
