package errcode

// The codes of failures of the prober, the URL, redirects, proxies and time: 10xx.
const (
	General          Code = 1000
	Cancelled        Code = 1001
	LocalResources   Code = 1002
	Panic            Code = 1003
	LocalPorts       Code = 1004
	LocalDenied      Code = 1005
	QueueTimeout     Code = 1006
	Stuck            Code = 1007
	NonTCPNetwork    Code = 1010
	InvalidURL       Code = 1020
	RedirectLocation Code = 1021
	RedirectLimit    Code = 1022
	RedirectRefused  Code = 1023
	Template         Code = 1024
	Proxy            Code = 1030
	ProxyConnect     Code = 1031
	ProxyRefused     Code = 1032
	ProxyAuth        Code = 1033
	ProxySocks       Code = 1034
	Credentials      Code = 1040
	RequestTimeout   Code = 1050
)

var generalTable = [...]entry{
	{OK, "ok", "the exchange ended and met every expectation", Help{
		"The exchange ended and met every expectation of the target.",
		"Nothing failed. A status of 400 and above that is listed in expect.status is a success too.",
		"Nothing. If you expected a failure here, look at the target's expect.status and the other keys of expect.",
	}},
	{General, "general", "a failure without a code of its own", Help{
		"The request failed in a way that has no other code.",
		"A failure that is not known yet, or, for users of the library with net/http, an error that is only a text.",
		"Read the error text in the target's last failures on the status page or in the log, and report it: a failure that occurs twice deserves a number.",
	}},
	{Cancelled, "cancelled", "the prober cancelled the request itself (shutdown, reload); never a failure of the target", Help{
		"The prober itself cancelled the request. This is never a failure of the target.",
		"The prober is shutting down, the target was removed or changed by a reload, the process itself did not run while the time of the request passed, or the caller's context was cancelled.",
		"Look whether the prober was restarted or reloaded at that time, and whether its process was stopped or its machine paused. If not, look for a crash loop or a configuration that is reloaded all the time.",
	}},
	{LocalResources, "local_resources", "the prober ran out of file descriptors, memory or socket buffers (EMFILE, ENFILE, ENOMEM, ENOBUFS)", Help{
		"The prober's own host had no file descriptor, memory or socket buffer left. The target is not to blame.",
		"The limit of open files is below the number of connections, other processes take the memory, connections pile up because a target stalls, or the bodies that are looked at take all of --limit.kept-bodies. Or a redirect, or the fetch of a token, found no room under --limit.connections or --limit.rate in time.",
		"Compare process_open_fds with process_max_fds and the container's memory with its limit. Raise the limit, or lower concurrency or --limit.connections. If the error text names a limit, compare prober_limit_used with prober_limit.",
	}},
	{Panic, "panic", "the prober recovered a panic of its own while serving this request", Help{
		"A defect in the prober made it panic while serving this request; it recovered and went on.",
		"A bug in the prober.",
		"Find the stack trace in the prober's log at that time and report it. Other targets are not affected.",
	}},
	{LocalPorts, "local_ports", "no local port or address was free (EADDRNOTAVAIL, EADDRINUSE)", Help{
		"The prober's host had no local port or address free for a new connection. The target is not to blame.",
		"Many short connections to one address leave their ports in TIME_WAIT, source_address is not an address of this host, or it names a port that is taken.",
		"Count with `ss -tan state time-wait | wc -l` and compare with net.ipv4.ip_local_port_range. Reuse connections (connection.reuse: always), or lower the rate.",
	}},
	{LocalDenied, "local_denied", "the local host refused the connection (EACCES, EPERM: a firewall or sandbox)", Help{
		"The prober's own host forbade the connection before a packet left it.",
		"A local firewall rule with REJECT or a prohibit route, a network policy or sandbox (seccomp, SELinux, AppArmor) on the prober's side.",
		"Try the same connection as the prober's user in its container or network namespace; then look at its firewall rules, routes and security profile.",
	}},
	{QueueTimeout, "queue_timeout", "the request's time ran out, and most of it had passed while it waited for a worker or a limit of the prober", Help{
		"The time of the request (timeout) ran out, and at least half of it had passed before the request was sent. The prober had no worker free for it, or a limit held it back. The target had little time to answer.",
		"burst.concurrency is below the rate times the time that the target takes to answer: it was set too low, or the target has become slower. Or --limit.in-flight, --limit.connections or --limit.rate hold requests back.",
		"Read on the page of the target how many workers the rate needs and how many there are. Compare the latency of the target with what it was: if it rose, that is the cause, and the requests that did start show it. Otherwise raise burst.concurrency or lower burst.rate.",
	}},
	{Stuck, "stuck", "the engine held the request beyond its deadline and the watchdog ended it", Help{
		"The prober's engine still held the request one second after its deadline. The watchdog of the prober ended the request, and the target went on. The target is not to blame.",
		"A defect in the prober, or a process that got no CPU time for seconds.",
		"Find the stack trace in the prober's log at that time and report it. If the process got too little CPU time, raise its CPU limit.",
	}},
	{NonTCPNetwork, "non_tcp_network", "a network error outside TCP (UDP, unix socket)", Help{
		"A socket other than TCP failed.",
		"A UDP or unix socket used by the program around the library; the prober itself sends requests over TCP only.",
		"Read the network and address in the error text of the target's last failures.",
	}},
	{InvalidURL, "invalid_url", "the URL is not valid, or its scheme is not supported", Help{
		"The URL could not be parsed, has no host, or has a scheme other than http and https.",
		"A typing error in the configuration, an empty variable in a template of it, or a redirect to such a URL.",
		"Look at the target's url; with follow_redirects, look at the Location header with `curl -sI URL`.",
	}},
	{RedirectLocation, "redirect_location", "a redirect with no Location, or one that cannot be parsed", Help{
		"The response was a redirect, but its Location header is missing or is not a URL.",
		"The application builds the header from unescaped or empty values, or a proxy drops or rewrites it.",
		"Read the header with `curl -sI URL` and look at the code or rule that writes it.",
	}},
	{RedirectLimit, "redirect_limit", "more redirects than allowed, or a redirect loop", Help{
		"The redirects did not end within follow_redirects, or led in a circle.",
		"Two rules that redirect to each other (http to https and back, with and without www or slash), a login page that redirects to itself, a proxy that hides the scheme from the application.",
		"Follow them with `curl -sIL --max-redirs 20 URL | grep -i ^location`. In a circle, look at X-Forwarded-Proto and the rewrite rules.",
	}},
	{RedirectRefused, "redirect_refused", "a redirect that policy forbids (scheme downgrade, blocked host)", Help{
		"The response redirects to where the prober must not go.",
		"The redirect leads from https to http, or to a URL with a user name. One to where network.deny or network.deny_hosts forbid is 1110 or 1111.",
		"Read the Location header with `curl -sI URL`. An unexpected host there may be an attack on the target, such as an open redirect.",
	}},
	{Template, "template", "a name in the request has no value, or a value that does not fit there; nothing was sent", Help{
		"The request could not be put together: a name in {{ }} has no value, or a value that does not fit there. The request was not sent.",
		"A file of data with pick: unique has no row left. A value for a header has a line break or another control character. The path and the header fields, with their values put in, are longer than 64 KiB.",
		"Read the error text in the target's last failures: it says which name, and what is wrong with its value. It does not show the value. Look at the target's data, or at the capture that the value comes from. The target itself may be well.",
	}},
	{Proxy, "proxy", "a proxy failure without a code of its own", Help{
		"The proxy between the prober and the target failed in a way that has no other code.",
		"The proxy answered CONNECT with something that is not an HTTP response, or closed the connection.",
		"Look at the proxy's log, and try `curl -v --proxy PROXY URL` from the prober's host.",
	}},
	{ProxyConnect, "proxy_connect", "the proxy itself could not be resolved, reached or secured", Help{
		"The proxy itself could not be resolved, reached or secured; the target was never asked.",
		"The proxy is down, its name or port in proxy_url is wrong, a firewall lies between, or its certificate is not valid.",
		"Check the proxy alone: resolve its name and connect to its port from the prober's host. The error text names which of the steps failed.",
	}},
	{ProxyRefused, "proxy_refused", "the proxy answered CONNECT with another status than 2xx", Help{
		"The proxy answered the CONNECT request with a status other than 2xx.",
		"The proxy's rules forbid the host or the port, or it could not reach the target itself (502, 503, 504).",
		"Look at the proxy's access log for the CONNECT and its status; then at its rules, or at the way from the proxy to the target.",
	}},
	{ProxyAuth, "proxy_auth", "the proxy asked for authentication (407)", Help{
		"The proxy asked for authentication (status 407).",
		"proxy_url has no user name and password, or they have expired.",
		"Check the credentials with `curl -v --proxy PROXY URL`, and whether they were changed recently.",
	}},
	{ProxySocks, "proxy_socks", "a SOCKS5 proxy replied with a failure", Help{
		"The SOCKS5 proxy answered that it cannot or will not connect to the target.",
		"Its rules forbid the host, it cannot resolve or reach the target, or it wants another kind of authentication.",
		"Look at the proxy's log; try `curl -v --proxy socks5h://PROXY URL` from the prober's host.",
	}},
	{Credentials, "credentials", "no credentials could be obtained (OAuth 2.0 token endpoint); nothing was sent to the target", Help{
		"The prober has no token for the target, because the OAuth 2.0 token endpoint gave none. The request was not sent.",
		"The token endpoint is down, cannot be reached or trusted, or answers too late; it refuses the client (error invalid_client: a secret that was rotated or has expired) or the scope; or its answer has no token.",
		"Read the error text in the target's last failures or in the log: it names the status and the error word of the endpoint, or the code of what failed on the way to it. Ask the endpoint with `curl -u ID:SECRET -d grant_type=client_credentials TOKEN_URL`. The target itself may be well.",
	}},
	{RequestTimeout, "request_timeout", "the request's time ran out while sending, waiting or receiving; most of it was spent at the target", Help{
		"The time of the request (timeout) ran out while it was sent, waited for or received. The connection had been made, and most of the time was spent at the target: a time-out that was mostly spent waiting for a worker is 1006.",
		"The application is slow or stuck: an overloaded worker pool, a lock, a slow database or upstream; or the network loses packets of an established connection.",
		"Look at the phase label of prober_request_failures_total: it is the phase in which most of the time passed. processing means that the server did not begin to answer, transfer that the answer came too slowly or stopped. Then look at the target's own latency, saturation and dependencies.",
	}},
}
