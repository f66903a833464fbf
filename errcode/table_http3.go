package errcode

// The codes of QUIC and HTTP/3, 19xx, without the codes computed from a number of these
// protocols.
const (
	HTTP3                Code = 1900
	QUICHandshakeTimeout Code = 1901
	QUICVersion          Code = 1902
	QUICStatelessReset   Code = 1903
	QUICIdleTimeout      Code = 1904
	UDPUnreachable       Code = 1905
	QPACK                Code = 1906

	// Computed codes count from these, but these are no codes themselves.
	h3Close       Code = 1910
	h3Stream      Code = 1930
	quicTransport Code = 1950
	lastHTTP3          = quicTransport + Code(len(quicNames))
)

var http3Table = [...]entry{
	{HTTP3, "http3", "a QUIC or HTTP/3 failure without a code of its own", Help{
		"An exchange over HTTP/3 failed in a way that has no other code.",
		"An error code of the server's own, or a server that allowed no stream until the request's time ran out.",
		"Read the error text of the target's last failures: it names the number. Try `curl -v --http3-only URL`.",
	}},
	{QUICHandshakeTimeout, "quic_handshake_timeout", "the QUIC handshake did not end in time", Help{
		"The QUIC handshake did not end within connect_timeout and tls_timeout. With the phase connect nothing at all came from the server; with the phase tls it had begun to answer.",
		"A firewall or security group drops UDP, which many do where they let TCP pass; the server does not speak HTTP/3, or its host is down. In the phase tls: a path that loses large packets, or an overloaded server.",
		"Try the same URL with http_version: 2. If that works, look at the rules for UDP on the way (`nc -vzu HOST PORT` says nothing reliable; `tcpdump -n udp port PORT` on both ends does), then whether the server listens: `ss -lnu`.",
	}},
	{QUICVersion, "quic_version", "no common QUIC version", Help{
		"The server speaks no version of QUIC that the prober speaks (1 and 2); it said so with a Version Negotiation packet.",
		"A server or load balancer that only knows drafts of QUIC, or something else that answers on that port.",
		"Read the versions in the error text, and look which software answers there and how old it is.",
	}},
	{QUICStatelessReset, "quic_stateless_reset", "the peer answered with a stateless reset", Help{
		"The server answered a packet of an established connection with a stateless reset: it does not know the connection any more.",
		"The server was restarted or crashed, or a load balancer sent the packets to another instance than before.",
		"Look for restarts at that time. If there were none, look whether the load balancer keeps a QUIC connection on one instance when the client's port or address stays the same.",
	}},
	{QUICIdleTimeout, "quic_idle_timeout", "the connection's idle time ran out with the stream open", Help{
		"Nothing came from the server for as long as it had announced as its idle time (max_idle_timeout), while this request was open.",
		"The server needs longer for the answer than its own idle time, or it went away: a crash, a lost route, a NAT or firewall that forgot the UDP flow, which often happens after 30 seconds.",
		"Compare the server's idle time with how long this request takes, and look whether the server or a node went away at that time.",
	}},
	{UDPUnreachable, "udp_unreachable", "ICMP says that the UDP port, host or network cannot be reached", Help{
		"A connection was open, or its handshake had begun, and then ICMP said that the server's port, host or network cannot be reached any more.",
		"The server's process has ended (its port is closed now), or the host or a route to it went away. Before the handshake has begun such an answer is 1212, 1214 or 1215.",
		"Look for a restart or a crash of the server at that time; `ss -lnu` on its host says whether it listens.",
	}},
	{QPACK, "qpack", "QPACK failure (H3 codes 0x200 to 0x202)", Help{
		"The compression of header fields (QPACK) failed: the prober could not decode what the server sent, or the server said that of the prober.",
		"A defect in the server or proxy. The prober allows no dynamic table, so a server that uses one regardless looks like this.",
		"Look for a change of the server's or proxy's version, and try with another client: `curl -v --http3-only URL`.",
	}},
}
