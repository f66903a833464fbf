package errcode

// The codes of HTTP/2, 16xx, without the codes computed from an HTTP/2 error code.
const (
	HTTP2             Code = 1600
	HTTP2NotSpoken    Code = 1601
	HTTP2NoSettings   Code = 1602
	HTTP2FrameSize    Code = 1603
	HTTP2Closed       Code = 1604
	HTTP2HeaderList   Code = 1605
	HTTP2NoStream     Code = 1606
	HTTP2Flood        Code = 1607
	HTTP2Ping         Code = 1608
	HTTP2ClosedReused Code = 1609
	GoAway            Code = 1610
	Stream            Code = 1630
	Connection        Code = 1650
)

var http2Table = [...]entry{
	{HTTP2, "http2", "an HTTP/2 failure without a code of its own", Help{
		"An exchange over HTTP/2 failed in a way that has no other code.",
		"A broken rule of the protocol that has no number, or, for users of the library with net/http, an error without a type.",
		"Read the error text of the target's last failures; try `curl -v --http2 URL`.",
	}},
	{HTTP2NotSpoken, "http2_not_spoken", "the peer does not speak HTTP/2", Help{
		"The peer does not speak HTTP/2.",
		"http_version: h2c against a server that speaks HTTP/1 only, or a load balancer that negotiates h2 and forwards to a backend that does not understand it.",
		"Try `curl -v --http2-prior-knowledge URL` and `curl -v --http1.1 URL`, directly and through the load balancer.",
	}},
	{HTTP2NoSettings, "http2_no_settings", "no SETTINGS frame in time", Help{
		"The server accepted the connection but did not send its SETTINGS frame in time.",
		"An overloaded or stuck server or proxy, or something that accepts connections and says nothing.",
		"Look at the load of the HTTP/2 terminator; try `curl -v --http2 URL`.",
	}},
	{HTTP2FrameSize, "http2_frame_size", "a frame above the advertised limit", Help{
		"The server sent a frame above the size that the prober allows.",
		"A peer that ignores the settings, or no HTTP/2 at all: the first bytes of an HTTP/1 response read as an enormous frame.",
		"Try `curl -v --http1.1 URL` on the same port; look which software answers.",
	}},
	{HTTP2Closed, "http2_closed", "connection closed with the stream open and no GOAWAY", Help{
		"The connection was closed while this request was open, without a GOAWAY: it was a new connection, or the header of this response had already come.",
		"The server crashed or was killed, or a load balancer cut the connection without regard for HTTP/2.",
		"Look at restarts of the server and the idle and lifetime limits of the load balancer; a clean shutdown would have sent GOAWAY.",
	}},
	{HTTP2HeaderList, "http2_header_list", "a response header list above the limit", Help{
		"The response header is larger than the prober accepts (64 KiB decoded).",
		"Cookies or debug headers that grow without bound.",
		"Read the header with `curl -sI --http2 URL` and look for what is large or repeated.",
	}},
	{HTTP2NoStream, "http2_no_stream", "the time ran out before the server allowed a stream (MAX_CONCURRENT_STREAMS 0)", Help{
		"The server allowed no further stream until the request's time ran out.",
		"The server set MAX_CONCURRENT_STREAMS to 0 or to very few, because it is overloaded or drains its connections.",
		"Look at the server's limit of streams and its load; compare with streams_per_connection.",
	}},
	{HTTP2Flood, "http2_flood", "a flood of control frames (PING, SETTINGS, CONTINUATION, empty frames)", Help{
		"The server sent control frames without end and without progress; the prober closed the connection.",
		"A defect in the server or proxy, or a hostile peer.",
		"Look which software answers and its version; known defects have this shape.",
	}},
	{HTTP2Ping, "http2_ping", "a PING went unanswered", Help{
		"The server did not answer a PING; the prober considered the connection dead.",
		"The server, its node or a NAT entry between went away without closing the connection.",
		"Look whether the server's host or a load balancer was replaced, and at the idle timeouts between.",
	}},
	{HTTP2ClosedReused, "http2_closed_reused", "a reused connection ended without GOAWAY before any header of this stream (keep-alive race)", Help{
		"A connection that carried other requests before was closed or reset, without a GOAWAY, before any header of this response.",
		"The keep-alive race of HTTP/2: the idle timeout of the server or of a load balancer ended the connection at that moment, without a GOAWAY. Many at once mean that the server crashed or was killed.",
		"Compare the idle timeouts with the target's interval, and look for restarts of the server at that time. A clean shutdown sends a GOAWAY.",
	}},
	{GoAway, "goaway", "GOAWAY with an HTTP/2 error code above 13", Help{
		"The server ended the whole connection with a GOAWAY frame whose error code no standard knows.",
		"A proxy or library with error codes of its own.",
		"Read the number in the error text, and look it up in the server's documentation.",
	}},
	{Stream, "stream", "stream error with an HTTP/2 error code above 13", Help{
		"One stream ended with an error code that no standard knows.",
		"A proxy or library with error codes of its own.",
		"Read the number in the error text, and look it up in the server's documentation.",
	}},
	{Connection, "connection", "connection error with an HTTP/2 error code above 13", Help{
		"The connection was given up with an error code that no standard knows.",
		"A proxy or library with error codes of its own.",
		"Read the number in the error text, and look it up in the server's documentation.",
	}},
}

// http2Reasons says for each HTTP/2 error code why a server sends it, why the prober
// finds it in a connection, and what to look at.
var http2Reasons = [len(http2Names)]struct{ sent, found, look string }{
	{
		"NO_ERROR is the orderly end: a deployment, a restart, a limit of requests or age per connection. On a stream the server needs no more of the request body.",
		"The connection was ended in good order.",
		"A few during a deployment are normal. Many mean that the server closes its connections without finishing the requests that it accepted.",
	},
	{
		"The server says that a request broke the protocol: a header name or value that it forbids, or a defect on either side.",
		"The server or a proxy broke the protocol: a frame at the wrong time or on the wrong stream, or malformed header fields.",
		"Try without unusual headers, and look for a change of the server's or proxy's version.",
	},
	{
		"Something failed within the server: a crashed handler, a lost upstream, a lack of memory. Some servers send it when the application panics.",
		"The prober or its HTTP/2 library failed; this should not occur.",
		"Look for a crash in the application's log.",
	},
	{
		"The server says that more data was sent than it allowed.",
		"The server sent more data than the prober allowed, or enlarged a window beyond its limit.",
		"Look at large bodies and at the version of the HTTP/2 library on the other side.",
	},
	{
		"The server did not get an acknowledgement of its SETTINGS in time: a slow network or a stalled prober.",
		"The peer did not acknowledge the SETTINGS in time.",
		"Look at packet loss, and at prober_schedule_lag_seconds for the prober's own health.",
	},
	{
		"The server got a frame for a stream that it had closed; often a race after a timeout on the server.",
		"The server sent a frame for a stream that was closed.",
		"Look at the server's own request timeout.",
	},
	{
		"The server got a frame of a wrong size, or one above its limit.",
		"The server sent a frame of a wrong size; an HTTP/1 answer on an HTTP/2 connection looks like this.",
		"Look which software really answers on that port.",
	},
	{
		"The server did not begin with this request: it is overloaded, drains before a restart, or the number of streams is above its limit. Repeating it is safe; the prober counts it instead.",
		"A stream was refused.",
		"Compare streams_per_connection with the server's limit of concurrent streams, and look at its load.",
	},
	{
		"The server no longer wants the stream: its own timeout ran out, or its client or upstream went away.",
		"The exchange was cancelled.",
		"Look at the server's and gateway's timeouts for the upstream.",
	},
	{
		"The server could not keep up its header compression state; it is lost for the whole connection.",
		"The header compression of the server is broken: a field could not be decoded.",
		"Look for a change of the server's or proxy's version.",
	},
	{
		"A connection made with CONNECT through the server was reset or closed.",
		"A connection made with CONNECT was reset.",
		"Look at the proxy's way to the target.",
	},
	{
		"The server thinks that the prober asks too much: too many requests, resets, pings or settings.",
		"The peer caused excessive load.",
		"Compare the rate with the server's limits (keep-alive enforcement, rapid-reset protection), and lower the rate or the streams per connection.",
	},
	{
		"The server wants better TLS for HTTP/2 (RFC 9113, section 9.2).",
		"The TLS of the connection does not suffice for HTTP/2.",
		"Compare TLS version and cipher suite in prober_tls_info with the list of forbidden ones.",
	},
	{
		"The server wants HTTP/1.1 for this request, for instance for client certificates or old authentication.",
		"HTTP/1.1 is required.",
		"Set http_version: 1.1 for this target.",
	},
}
