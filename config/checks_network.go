package config

import (
	"net/netip"
	"slices"

	"example.com/prober/policy"
)

// networkFirst has the key network decoded before the targets that are held
// against it.
func networkFirst(fields section) section {
	isNetwork := func(f field) bool { return f.key == "network" }
	i := slices.IndexFunc(fields, isNetwork)
	return slices.Insert(slices.DeleteFunc(slices.Clone(fields), isNetwork), 0, fields[i])
}

// rules returns what the file says of the network. A list with a mistake in it
// allows all: it is reported, and no target is to blame.
func (l *loader) rules() *policy.Policy {
	if l.policy == nil {
		n := l.config.Network
		if slices.ContainsFunc(n.Allow, func(p netip.Prefix) bool { return !p.IsValid() }) {
			n.Allow = nil
		}
		p := policy.New(n.Deny, n.Allow, nil)
		l.policy = &p
	}
	return l.policy
}

// checkPolicy finds what a target could never reach. The addresses of targets are
// left to the time of the request, which tells what they are then.
func (s *scope) checkPolicy(t *Target, p *policy.Policy) {
	const server = "connection.dns_server"
	if s.sound(server) && !p.AllowsAddr(t.Connection.DNSServer.Addr()) {
		s.conflict("must not be asked: network.deny and network.allow forbid its address", server)
	}
}
