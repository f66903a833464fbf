package errcode

// The codes of the look-up of a name, and of forbidden addresses and names: 11xx.
const (
	DNS            Code = 1100
	NoSuchHost     Code = 1101
	DNSServfail    Code = 1102
	DNSRefused     Code = 1103
	DNSRcode       Code = 1104
	DNSTimeout     Code = 1105
	DNSMalformed   Code = 1106
	DNSFamily      Code = 1107
	DNSUnreachable Code = 1108
	BlockedIP      Code = 1110
	BlockedHost    Code = 1111
)

var dnsTable = [...]entry{
	{DNS, "dns", "a DNS failure without a code of its own", Help{
		"The look-up of the host name failed in a way that has no other code.",
		"The resolver or the system's configuration (/etc/resolv.conf) is broken. Users of the library with a plain net.Resolver see SERVFAIL, REFUSED and an unreachable resolver here, because it distinguishes them by text only.",
		"Run `dig HOST` on the prober's host with the same resolver, and read the error text of the target's last failures.",
	}},
	{NoSuchHost, "no_such_host", "no address was found for the host (NXDOMAIN, or no records)", Help{
		"The DNS said that the name does not exist, or that it has no address. At a DNS target: or that it has no record of the type that was asked for.",
		"A typing error in the URL, a record that was deleted or not created yet, a removed service or ingress, a search domain that is missing, or a negative answer that is still cached.",
		"Run `dig HOST A` and `dig HOST AAAA` with the prober's resolver, then `dig +trace HOST`. Answers there and none here mean a stale negative cache: look at the minimum of the zone's SOA record.",
	}},
	{DNSServfail, "dns_servfail", "the DNS server answered SERVFAIL", Help{
		"The DNS server answered SERVFAIL: it could not find the answer.",
		"The servers of the zone are down or unreachable from the resolver, DNSSEC signatures have expired or do not match, or the resolver is overloaded.",
		"Run `dig HOST` and `dig +cd HOST`: an answer to the second only means a DNSSEC failure. Otherwise run `dig +trace HOST` to find the server that does not answer.",
	}},
	{DNSRefused, "dns_refused", "the DNS server answered REFUSED", Help{
		"The DNS server answered REFUSED: it will not serve this client or this name.",
		"The server's access list does not contain the prober's address, or dns_server names an authoritative server that does not resolve for others.",
		"Check which server was asked (dns_server or /etc/resolv.conf) and its access list.",
	}},
	{DNSRcode, "dns_rcode", "the DNS server answered with another error code", Help{
		"The DNS server answered with an error code other than NXDOMAIN, SERVFAIL and REFUSED.",
		"FORMERR or NOTIMP from an old server or a middlebox that does not understand the query, often because of EDNS.",
		"Run `dig HOST` and `dig +noedns HOST` with the same server and compare the status.",
	}},
	{DNSTimeout, "dns_timeout", "no DNS answer in time", Help{
		"No DNS answer came before the connect timeout or the request's time ran out. In the phase resolve, the prober asked for the address of the target. In a later phase, the target is the DNS server itself.",
		"The resolver is overloaded or down, UDP packets are dropped on the way (conntrack table full, rate limit), or the first of several configured resolvers is dead.",
		"Time `dig HOST` for each resolver in /etc/resolv.conf. In Kubernetes look at the load of CoreDNS and at the ndots setting, which multiplies queries.",
	}},
	{DNSMalformed, "dns_malformed", "the DNS answer could not be used", Help{
		"A DNS answer came, but it could not be used: it is garbage, it has another id or is to another question, or it is cut.",
		"A middlebox changes DNS packets, the answer was cut and the TCP retry failed, or what listens on port 53 is not a DNS server.",
		"Run `dig +tcp HOST` and `dig HOST` with the same server, and compare. Look at firewalls with DNS inspection.",
	}},
	{DNSFamily, "dns_family", "the host has addresses, but none of the wanted IP family", Help{
		"The host has addresses, but none of the IP family that ip_version asks for.",
		"The AAAA (or A) record is missing or was removed, or ip_version does not fit the target.",
		"Compare `dig HOST A` with `dig HOST AAAA`, and both with the target's ip_version.",
	}},
	{DNSUnreachable, "dns_unreachable", "the DNS server could not be reached", Help{
		"The DNS server could not be reached: its port is closed or there is no route to it.",
		"The resolver process is down, dns_server names a wrong address, or a network policy forbids port 53.",
		"Run `dig @SERVER HOST`. Refused means that the process is down; then look at the resolver's host. Otherwise look at routes and network policies.",
	}},
	{BlockedIP, "blocked_ip", "the resolved address is on the deny list", Help{
		"The host resolved to an address that the prober must not connect to.",
		"network.deny contains it (by default link-local addresses and cloud metadata services), or network.allow is set and does not.",
		"Run `dig HOST`. A public name that points to an internal address may be a misconfiguration or an attack; do not widen the list before you know.",
	}},
	{BlockedHost, "blocked_host", "the host name is on the deny list", Help{
		"The host name is on the deny list; it was not even resolved.",
		"A redirect leads to a host that network.deny_hosts forbids, such as from staging to production. A configuration that names such a host itself is refused when it is loaded.",
		"Compare the Location header of the target (`curl -sI URL`) with network.deny_hosts, and repair what writes it.",
	}},
}
