package config

import "example.com/prober/config/form"

// checks finds the mistakes that keys of a target make together.
type checks struct{ *form.Scope }

// all drops what was inherited and has no meaning for this target. The defaults of the
// program are not filled in yet.
func (s checks) all(t *Target) {
	s.checkKind(t)
	s.checkBurst(&t.Burst)
	s.checkBody(t.Request)
	s.checkHeaders(t)
	s.checkGRPC(t)
	s.checkExpect(t)
	s.checkDNS(t)
	s.checkReuse(&t.Connection)
	s.checkProxy(t)
	s.checkFamily(t)
	s.checkVersion(t)
	s.checkTLS(t)
	s.checkEarlyData(t)
	s.checkTraffic()
}
