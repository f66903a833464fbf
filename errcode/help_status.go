package errcode

// other4xx and other5xx are for the statuses without a text of their own; helpOfStatus
// fills in what happened.
var (
	other4xx = Help{
		Causes: "The server says that the request is wrong. The application says so, or a gateway or firewall before it.",
		Look:   "Send the same request with `curl -v` and read the body, which mostly names the reason; look in the server's access log whether the request arrived there at all.",
	}
	other5xx = Help{
		Causes: "The application failed, or a gateway, load balancer or CDN before it (520 to 530 are numbers that a CDN made up).",
		Look:   "Look at the Server and Via headers with `curl -v` to learn which hop answered, then at the log of that hop.",
	}
)

// statusHelp has the statuses with a text of their own.
var statusHelp = [...]struct {
	code Code
	help Help
}{
	{1400, Help{
		"The server could not understand the request (400 Bad Request).",
		"A body or header the application rejects, a plain HTTP request on a TLS port, a Host header that does not fit, or a header above the server's limit.",
		"Send the same request with `curl -v` and read the body; compare the target's body and headers with what the application expects now.",
	}},
	{1401, Help{
		"The server wants credentials, or other credentials (401 Unauthorized).",
		"A token or password has expired or was rotated, the file is not the current one, or the clock is wrong for signed tokens.",
		"Look at WWW-Authenticate in the response, and at the age of the secret's file. For oauth2 look at the token server.",
	}},
	{1403, Help{
		"The server understood the request, but refuses it (403 Forbidden).",
		"The account lacks a right, a firewall or bot protection blocks the prober's address or user agent, or an allow list does not contain it.",
		"See which hop answered (Server header, body). A page of a firewall means: put the prober on its allow list.",
	}},
	{1404, Help{
		"The server has nothing at this path (404 Not Found).",
		"The path changed with a deployment, an ingress rule is missing, or the wrong backend answers.",
		"See which hop answered: the application's own page or the default backend of the ingress. Compare with the last deployment.",
	}},
	{1405, Help{
		"The path exists, but not for this method (405 Method Not Allowed).",
		"The target's method is wrong, a POST was redirected and became a GET, or a proxy forbids methods.",
		"Read the Allow header of the response; compare with the target's method.",
	}},
	{1408, Help{
		"The server waited too long for the request (408 Request Timeout).",
		"The request body was sent slowly or not completely; some servers send it on idle connections before they close them.",
		"Compare the phase send with other targets. On idle connections only: a shorter interval or reuse: burst.",
	}},
	{1409, Help{
		"The request conflicts with the state of the resource (409 Conflict).",
		"The probe's requests run into each other or into what an earlier probe left behind.",
		"Look whether the request can be repeated at all; use an id_header or a resource of the probe's own.",
	}},
	{1410, Help{
		"The resource was removed for good (410 Gone).",
		"An endpoint was retired.",
		"Ask its owner for the successor and change the target.",
	}},
	{1413, Help{
		"The request body is larger than the server takes (413 Content Too Large).",
		"A limit of the proxy (client_max_body_size) or the application is below the target's body size, or was lowered.",
		"See which hop answered and compare its limit with body_size.",
	}},
	{1429, Help{
		"The server's rate limit was reached (429 Too Many Requests).",
		"The prober's rate is above what its address or account may send, or shares the limit with others.",
		"Read Retry-After and the RateLimit headers. Lower the rate or have the prober's limit raised; real users with the same limit may see this too.",
	}},
	{1431, Help{
		"The request header is larger than the server takes (431 Request Header Fields Too Large).",
		"A token or cookie in the target's headers that grew.",
		"Measure the header with `curl -v`, and compare with the server's limit.",
	}},
	{1500, Help{
		"The application failed while serving the request (500 Internal Server Error).",
		"An unhandled error or exception: a defect in the last deployment, a database or dependency that fails, a full disk.",
		"Find the request in the application's log by time or request id, and compare the beginning with the last deployment.",
	}},
	{1501, Help{
		"The server does not know the method or feature (501 Not Implemented).",
		"The target's method is unknown to the server, or a proxy does not support the transfer coding.",
		"Compare the target's method with what the server supports.",
	}},
	{1502, Help{
		"A gateway got no good answer from the server behind it (502 Bad Gateway).",
		"The application is down or crashed while answering, it closed a kept-alive connection just then, or it answers with too large a header.",
		"Read the gateway's error log: it names the backend and the reason. Then look at restarts of the application.",
	}},
	{1503, Help{
		"The service is not available at present (503 Service Unavailable).",
		"No healthy backend (failed readiness, a deployment under way), maintenance mode, or overload protection.",
		"Look at the load balancer's healthy backends and at the application's readiness. With Retry-After the server refuses on purpose.",
	}},
	{1504, Help{
		"A gateway waited too long for the server behind it (504 Gateway Timeout).",
		"The application is slow or stuck on a dependency, or a firewall between gateway and application drops packets.",
		"Look at the application's latency and saturation; compare the gateway's timeout with it. All requests failing after exactly the same time point to the gateway's timeout.",
	}},
	{1505, Help{
		"The server does not support this HTTP version (505 HTTP Version Not Supported).",
		"An old server or proxy, or a request line that it took apart wrongly.",
		"Compare http_version with what the server speaks, and look for spaces in the URL.",
	}},
}
