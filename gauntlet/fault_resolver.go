package main

import (
	"fmt"

	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
)

// resolverFault is a fault of a DNS server that is itself a target, over any transport.
type resolverFault struct {
	name, code string
	says       peers.Names
	// keys are the expectations of the target; they may be empty.
	keys string
	// late reports whether the answer never comes, lateUDP the same for UDP only.
	late, lateUDP bool
}

func resolverTable() []resolverFault {
	return []resolverFault{
		{name: "nxdomain", code: "1101", says: peers.NoNames(dnsmessage.RCodeNameError)},
		{name: "empty", code: "1101", says: peers.NoNames(dnsmessage.RCodeSuccess)},
		{name: "servfail", code: "1102", says: peers.NoNames(dnsmessage.RCodeServerFailure)},
		{name: "refused", code: "1103", says: peers.NoNames(dnsmessage.RCodeRefused)},
		{name: "formerr", code: "1104", says: peers.NoNames(dnsmessage.RCodeFormatError)},
		{name: "silent", code: "1105", says: peers.SilentNames, late: true},
		{name: "canary", code: "1106", says: peers.SayNames(canaryPeer), lateUDP: true},
		{name: "other-id", code: "1106", says: changed(atID), lateUDP: true},
		{name: "other-name", code: "1106", says: changed(atName), lateUDP: true},
		{name: "cut-off", code: "1106", says: cutOff},
		{name: "unexpected", code: "1720", says: peers.Addresses(addressHome), keys: "expect: {rcode: NXDOMAIN}"},
		{name: "no-match", code: "1721", says: peers.Addresses(addressHome), keys: "expect: {answers: {regexp: '^10\\.'}}"},
		{name: "short-lived", code: "1721", says: peers.Addresses(addressHome), keys: "expect: {answers: {min_ttl: 1h}}"},
	}
}

// resolverFaults are DNS servers as targets, over each transport.
func (f *farm) resolverFaults() []fault {
	all := []fault{
		{name: "resolver-closed-udp", codes: "1108", url: "dns://" + peers.ClosedPacketPort(f)},
		{name: "resolver-closed-tcp", codes: "1212", url: "dns://" + peers.ClosedPort(f), keys: []string{"dns: {name: host.test, transport: tcp}"}},
		{name: "resolver-cut-alone", codes: "1212", url: "dns://" + peers.NameServer(f, peers.CutNames), keys: []string{"dns: {name: host.test}"}},
		{name: "resolver-denied", codes: "1110", url: "dns://169.254.169.253"},
	}
	for _, row := range resolverTable() {
		all = append(all, f.overEachTransport(row)...)
	}
	return all
}

func (f *farm) overEachTransport(row resolverFault) (all []fault) {
	cert := certs.Issue(nil)
	server := peers.ServeDNS(f, cert, func(q peers.Asked) (said peers.Said) {
		if answer := row.says(q.Query); answer != nil {
			said = peers.SayingDNS(answer)
		}
		return said
	})
	for _, transport := range []string{"udp", "tcp", "tls"} {
		x := fault{
			name: "resolver-" + row.name + "-" + transport, codes: row.code, url: "dns://" + server.Address,
			keys:  []string{fmt.Sprintf("dns: {name: host.test, transport: %s}", transport)},
			waits: row.late || row.lateUDP && transport == "udp",
		}
		if transport == "tls" {
			x.url, x.trusted = "dns://"+server.Secured, certs.PEM(cert)
			x.keys = append(x.keys, "connection: {tls: {ca_file: "+x.name+".pem}}")
		}
		if row.keys != "" {
			x.keys = append(x.keys, row.keys)
		}
		all = append(all, x)
	}
	return all
}
