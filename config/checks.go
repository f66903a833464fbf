package config

import "example.com/prober/config/form"

// checks finds mistakes in combinations of a target's keys.
type checks struct{ *form.Scope }

// all checks t and drops inherited settings without a meaning for it. It runs before the
// defaults of the program are filled in: a default is never a mistake. checkKind comes
// first, since what it drops needs no further check.
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
