package config

import (
	"net"
	"net/netip"
	"slices"
	"strconv"

	"example.com/prober/config/form"
	"example.com/prober/policy"
)

// networkFirst moves the key network to the front: it must be decoded before
// the targets are checked against it.
func networkFirst(fields form.Section) form.Section {
	isNetwork := func(f form.Field) bool { return f.Name == "network" }
	i := slices.IndexFunc(fields, isNetwork)
	return slices.Insert(slices.DeleteFunc(slices.Clone(fields), isNetwork), 0, fields[i])
}

// rules returns the network rules of the file. A list with a mistake allows
// everything: the mistake is reported already, and no target is to blame.
func (l *loader) rules() *policy.Policy {
	if l.policy == nil {
		n := l.config.Network
		if slices.ContainsFunc(n.Allow, func(p netip.Prefix) bool { return !p.IsValid() }) {
			n.Allow = nil
		}
		// It is compiled once for all targets of a file: a rule may have thousands of
		// entries.
		p := policy.New(n)
		l.policy = &p
	}
	return l.policy
}

// checkPolicy finds hosts and DNS servers that network denies to a target. The
// addresses of targets are checked at the time of each request: only then are
// they known.
func (s checks) checkPolicy(t *Target, p *policy.Policy) {
	for _, name := range hostsOf(t) {
		entry := p.DenyHost(name.host)
		switch msg := "is denied by " + strconv.Quote(entry) + " in network.deny_hosts"; {
		case entry == "":
		case s.IsSet(name.key):
			s.Conflict(msg, name.key)
		default: // the URL of a target outside the file
			s.AddError(form.Error{Path: s.Where, Msg: msg})
		}
	}
	const server = "connection.dns_server"
	if s.Sound(server) && !p.AllowsAddr(t.Connection.DNSServer.Addr()) {
		s.Conflict("must not be asked: network.deny and network.allow forbid its address", server)
	}
}

type hostAt struct{ key, host string }

// hostsOf returns the host names of a target, each with its key. With
// request.host and tls.server_name the prober asks the target to be another
// host. Behind a shared entrance the target is this other host.
func hostsOf(t *Target) []hostAt {
	hosts := []hostAt{
		{"request.host", hostWithoutPort(t.Request.Host)},
		{"connection.tls.server_name", t.Connection.TLS.ServerName},
	}
	for _, d := range dials(t) {
		hosts = append(hosts, hostAt{d.key, d.url.Hostname()})
	}
	return hosts
}

func hostWithoutPort(s string) string {
	if host, _, err := net.SplitHostPort(s); err == nil {
		return host
	}
	return s
}
