package errcode

// The codes of the form of HTTP/1: 18xx.
const (
	HTTP1                 Code = 1800
	HTTP1StatusLine       Code = 1801
	HTTP1HeaderSize       Code = 1802
	HTTP1Header           Code = 1803
	HTTP1StatusRange      Code = 1804
	HTTP1ContentLength    Code = 1805
	HTTP1TransferEncoding Code = 1806
	HTTP1Chunk            Code = 1807
	HTTP1Switch           Code = 1808
	HTTP1Informational    Code = 1809
	HTTP1Desync           Code = 1810
	HTTP1Version          Code = 1811
)

var http1Table = [...]entry{
	{HTTP1, "http1", "an HTTP/1 framing failure without a code of its own", Help{
		"The response broke the rules of HTTP/1 in a way that has no other code.",
		"Something rare.",
		"Read the raw answer with `curl -sv --raw URL`.",
	}},
	{HTTP1StatusLine, "http1_status_line", "the status line is malformed, or the peer does not speak HTTP/1", Help{
		"The first line of the answer is not an HTTP status line.",
		"Another protocol on that port (SSH, SMTP, a database, HTTP/2 without negotiation, TLS where the URL says http), or a script that prints before its header.",
		"Run `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc HOST PORT | head -c 200 | xxd` and see what answers. Bytes 15 03 mean TLS: use https.",
	}},
	{HTTP1HeaderSize, "http1_header_size", "the response header is above the limit", Help{
		"The response header is larger than 64 KiB.",
		"Cookies or debug headers that grow without bound, or something endless that is not HTTP.",
		"Read the header with `curl -sI URL | sort | uniq -c | sort -n` and look for what is large or repeated.",
	}},
	{HTTP1Header, "http1_header", "a malformed header field", Help{
		"A field of the response header is malformed.",
		"A missing colon, a space before it, a control character or a line break within a value: a defect in the application, or an attack on it (response splitting).",
		"Read the raw header with `curl -sv --raw URL 2>&1 | cat -A`.",
	}},
	{HTTP1StatusRange, "http1_status_range", "a status outside 100-599", Help{
		"The status is outside 100 to 599, so it is not an HTTP status.",
		"A defect in the application, or a proxy or firewall with numbers of its own (such as 999).",
		"Run `curl -sI URL` and see which hop answers.",
	}},
	{HTTP1ContentLength, "http1_content_length", "a bad or contradictory Content-Length", Help{
		"Content-Length is not a number, or several of them contradict each other.",
		"Application and proxy both set it; a response put together by hand.",
		"Read the header with `curl -sI URL`, directly at the application and through each proxy. This is how request smuggling begins: take it seriously.",
	}},
	{HTTP1TransferEncoding, "http1_transfer_encoding", "an unsupported or contradictory Transfer-Encoding", Help{
		"Transfer-Encoding is unknown, or contradicts the rest of the header.",
		"Both Content-Length and Transfer-Encoding, chunked twice, or a coding that the prober did not ask for: mostly a proxy and an application that both chunk.",
		"Read the header with `curl -sv --raw URL`, directly at the application and through each proxy. This is how request smuggling begins: take it seriously.",
	}},
	{HTTP1Chunk, "http1_chunk", "bad chunk framing", Help{
		"The chunks of the body are malformed.",
		"An application that writes chunks itself, a proxy that inserts or drops bytes, or an error text in the middle of the answer.",
		"Read the raw body with `curl -s --raw URL | head -c 400 | xxd`, directly and through each proxy.",
	}},
	{HTTP1Switch, "http1_switch", "a 101 that nobody asked for", Help{
		"The server switched protocols (101), but the prober had not asked for it.",
		"A WebSocket endpoint or proxy that takes every request for an upgrade.",
		"Run `curl -sv URL` and look at the Upgrade header and the proxy's rules for it.",
	}},
	{HTTP1Informational, "http1_informational", "too many 1xx responses", Help{
		"The server sent more than 32 informational responses (1xx) and no final one.",
		"A defect in the server or proxy: endless 100 Continue or 103 Early Hints.",
		"Run `curl -sv URL 2>&1 | grep -c '^< HTTP/1.1 1'` and look at the server's early hints.",
	}},
	{HTTP1Desync, "http1_desync", "bytes outside a response", Help{
		"Bytes came that belong to no response.",
		"A body longer than its Content-Length, a body where there must be none (HEAD, 204, 304), or an answer to a request never sent.",
		"Compare Content-Length and body with `curl -sv --raw URL`. Connections that are out of step hand answers to the wrong client: take it seriously.",
	}},
	{HTTP1Version, "http1_version", "an HTTP version that is not 1.0 or 1.1", Help{
		"The version in the status line is neither HTTP/1.0 nor HTTP/1.1.",
		"HTTP/0.9 or something old, or a server that writes HTTP/2.0 into an HTTP/1 answer.",
		"Run `curl -sI URL` and read the first line; see which hop answers.",
	}},
}
