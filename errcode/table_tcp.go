package errcode

// The codes of connections: 12xx.
const (
	TCP                Code = 1200
	BrokenPipe         Code = 1201
	TCPErrno           Code = 1202
	Aborted            Code = 1203
	ConnectionTimeout  Code = 1204
	Dial               Code = 1210
	DialTimeout        Code = 1211
	Refused            Code = 1212
	DialErrno          Code = 1213
	NetworkUnreachable Code = 1214
	HostUnreachable    Code = 1215
	DialReset          Code = 1218
	Reset              Code = 1220
	Closed             Code = 1221
	ClosedInHeaders    Code = 1222
	ClosedReused       Code = 1223
)

var tcpTable = [...]entry{
	{TCP, "tcp", "a TCP failure without a code of its own", Help{
		"A connection failed in a way that has no other code.",
		"Mostly a connection that our own side had already closed.",
		"Read the error text of the target's last failures.",
	}},
	{BrokenPipe, "broken_pipe", "write to a new connection that the peer had closed (EPIPE)", Help{
		"The prober wrote to a new connection that the peer had closed before (EPIPE). On a reused one that is 1223.",
		"The server refuses a large request body by closing instead of answering, or it closes new connections at once.",
		"For requests with a body, look at the server's limit of the body size; otherwise at its limit of connections.",
	}},
	{TCPErrno, "tcp_errno", "an operating-system error on an established connection, without a code of its own", Help{
		"The operating system reported an error on an established connection, and the error has no other code.",
		"A router or firewall on the way says that the network, the host or the port cannot be reached any more (ICMP); or something rare: a protocol error, a driver or tunnel that went away.",
		"Read the error text of the target's last failures; it names the operation and the system's error.",
	}},
	{Aborted, "aborted", "the connection was aborted locally by the kernel (ECONNABORTED)", Help{
		"The kernel of the prober's host aborted the connection (ECONNABORTED).",
		"The network interface or VPN went down, a local security product cut the connection; common on Windows when data stays unacknowledged.",
		"Look at the prober's host: interface changes, VPN, security software at that time.",
	}},
	{ConnectionTimeout, "connection_timeout", "an established connection died of unacknowledged data or keep-alives (ETIMEDOUT)", Help{
		"An established connection died: what was sent was never acknowledged, or keep-alive probes went unanswered (ETIMEDOUT).",
		"The server or a node lost power or network, a NAT or firewall forgot the connection, or a pod was removed without closing its connections.",
		"Look whether the server, its node or a load balancer went away at that time, and at the idle timeouts of firewalls and NAT gateways between.",
	}},
	{Dial, "dial", "a dial failure without a code of its own", Help{
		"The connection could not be made, in a way that has no other code.",
		"An address or port that cannot be connected to.",
		"Read the error text of the target's last failures.",
	}},
	{DialTimeout, "dial_timeout", "the connection was not established in time", Help{
		"The TCP connection was not established within connect_timeout.",
		"A firewall or security group drops the packets, the host is down, a route is missing, or the server's accept queue is full because the application no longer accepts. A proxy on the way that takes the connection and does not answer CONNECT or SOCKS does the same.",
		"Run `nc -vz -w 5 HOST PORT` from the prober's host and from a host near the server. If only the first hangs, look at firewalls; if both, look at the server: `ss -lnt` shows a full accept queue as Recv-Q above Send-Q.",
	}},
	{Refused, "refused", "connection refused", Help{
		"The host answered, but nothing listens on the port (connection refused).",
		"The service is down, is just being restarted, listens on another port or only on localhost; a load balancer has no healthy backend; a firewall rejects.",
		"Check that the process runs and listens: `ss -lntp` on the server. In Kubernetes look at the endpoints of the service and the last deployment.",
	}},
	{DialErrno, "dial_errno", "an operating-system error on dial, without a code of its own", Help{
		"The operating system refused the dial with an error that has no other code.",
		"An address that cannot be connected to (a blackhole route, a wrong zone, an interface that does not exist), or an address family that the host does not support.",
		"Read the error text of the target's last failures; compare the address with `ip route get ADDRESS`.",
	}},
	{NetworkUnreachable, "network_unreachable", "network unreachable", Help{
		"There is no route to the target's network.",
		"The prober's host has no default route or no IPv6, its interface is down, or the name has an AAAA record that cannot be used from here.",
		"Run `ip route get ADDRESS` (or `ip -6 route get`) on the prober's host. For IPv6 without a route set ip_version: 4.",
	}},
	{HostUnreachable, "host_unreachable", "host unreachable", Help{
		"A router or the prober's own kernel said that the host cannot be reached.",
		"The host is down or gone from its network (no ARP or neighbour answer), or a firewall rejects with an ICMP message.",
		"Ping the host from its own network. In a cluster look whether the address belongs to a pod or node that no longer exists.",
	}},
	{DialReset, "dial_reset", "reset while connecting", Help{
		"The connection was reset while it was being made. The prober itself never says so: a reset of a connection that is not open yet is 1212, and of an open one 1220.",
		"An error of another program that knows the difference. A firewall or load balancer that resets, SYN-flood protection, or a backend that vanished while connecting.",
		"Look at the load balancer's or firewall's log for the prober's address, and at rate limits for new connections.",
	}},
	{Reset, "reset", "connection reset by peer", Help{
		"The peer reset a new connection, however soon, or any connection within a response. On a reused connection, a reset before a response is 1223.",
		"The process crashed or was killed, it closed the connection with unread data (a request too large, a worker that timed out), a load balancer or firewall cut the connection, or an idle timeout ran out.",
		"Look at the server's log and restarts at that time, then at the idle timeouts of load balancers. The phase label says when it happened: send and processing point to the application, transfer to a crash within the answer.",
	}},
	{Closed, "closed", "closed by the peer before any byte of a response, on a new connection", Help{
		"The peer closed a new connection without answering anything.",
		"The application crashed or gave up on this request, its worker was killed, a proxy has no backend, TLS or another protocol is expected on that port, or the server limits connections by closing them.",
		"Look at the server's log for a crash at this request. Try `curl -v URL`; if it answers, compare Host header, protocol and TLS with the target's configuration.",
	}},
	{ClosedInHeaders, "closed_in_headers", "closed by the peer inside the response header", Help{
		"The peer closed the connection within the header of its response.",
		"The application crashed while it answered, or a proxy cut the connection, for instance because of a header above its limit.",
		"Look at the server's and proxy's log for a crash or a header limit at that time.",
	}},
	{ClosedReused, "closed_reused", "closed or reset by the peer before any byte of a response, on a reused connection (keep-alive race)", Help{
		"The peer closed or reset a connection that had served requests before, just when the next one was sent. Most systems close a connection by a reset if a request on it was not read.",
		"The keep-alive race: the server's idle timeout or its limit of requests per connection was reached at that moment. A few of these are normal; HTTP clients usually retry them in silence, the prober counts them.",
		"Compare the server's keep-alive timeout with the target's interval; keep the server's timeout longer than that of whatever stands before it. Many at once mean restarts of the server.",
	}},
}
