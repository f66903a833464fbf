package errcode

// The codes of bodies, and of expectations of a target: 17xx.
const (
	Content            Code = 1700
	Decompression      Code = 1701
	Truncated          Code = 1702
	BodyLimit          Code = 1703
	InflatedLimit      Code = 1704
	BodyOverrun        Code = 1705
	Trailers           Code = 1706
	UnexpectedStatus   Code = 1710
	UnexpectedHeader   Code = 1711
	UnexpectedBody     Code = 1712
	UnexpectedProtocol Code = 1713
	UnexpectedTLS      Code = 1714
	TooSlow            Code = 1715
	Capture            Code = 1716
	UnexpectedRcode    Code = 1720
	UnexpectedAnswers  Code = 1721
)

var contentTable = [...]entry{
	{Content, "content", "a content failure without a code of its own", Help{
		"The response's body failed in a way that has no other code.",
		"Something rare.",
		"Read the error text of the target's last failures.",
	}},
	{Decompression, "decompression", "the body cannot be decompressed", Help{
		"The body could not be decompressed with its Content-Encoding.",
		"The header promises gzip and the body is plain or doubly compressed, an error page is inserted into a compressed answer, or a cache mixes both up.",
		"Save it with `curl -s -H 'Accept-Encoding: gzip' -o body URL` and run `file body`; then look at caches and proxies that compress.",
	}},
	{Truncated, "truncated", "the body ended before its declared length, or TLS ended in it without close_notify", Help{
		"The connection ended before the whole body had come, or TLS ended without close_notify, so nobody knows whether the body is complete.",
		"The server crashed or was killed while it answered, a proxy's timeout or buffer cut the answer, the Content-Length is wrong, or the disk of a proxy is full. Some servers never send close_notify.",
		"Compare `curl -v URL` directly at the application and through each proxy; look at the proxies' error logs for upstream that closed prematurely.",
	}},
	{BodyLimit, "body_limit", "the body is longer than max_body_size", Help{
		"The body is longer than max_body_size; the prober closed the connection.",
		"The answer grew, or a wrong page (a listing without paging, a file) is served.",
		"Look at the size with `curl -so /dev/null -w '%{size_download}' URL`. If it is intended, raise max_body_size.",
	}},
	{InflatedLimit, "inflated_limit", "the body decompresses beyond its size or ratio limit", Help{
		"The body decompresses beyond the limit of size or ratio.",
		"An answer that repeats itself endlessly, or a decompression bomb.",
		"Look at the size before and after decompression. Do not raise the limit for content you do not know.",
	}},
	{BodyOverrun, "body_overrun", "more body than declared (HTTP/2)", Help{
		"The server sent more body than its content-length said (HTTP/2).",
		"An application or proxy that changes the body and keeps the old content-length.",
		"Compare content-length and the size of the body directly at the application and through each proxy.",
	}},
	{Trailers, "trailers", "malformed trailers", Help{
		"The fields after the body are malformed.",
		"A defect in the application or a proxy; gRPC gateways and streaming servers use trailers.",
		"Read the raw end of the answer with `curl -sv --raw URL | tail`.",
	}},
	{UnexpectedStatus, "unexpected_status", "a status below 400 that is not among those expected", Help{
		"The status is below 400, but not among those that expect.status lists.",
		"Mostly a redirect: to a login page, to https, to another host, to a path with a slash.",
		"Run `curl -sI URL`: status and Location say where it leads.",
	}},
	{UnexpectedHeader, "unexpected_header", "a response header does not meet the expectation", Help{
		"A response header does not meet the expectation of the target.",
		"The application or a proxy changed the header, or another page answers, such as a login or an error page with status 200.",
		"Run `curl -sI URL` and compare with expect.headers.",
	}},
	{UnexpectedBody, "unexpected_body", "the body does not meet the expectation", Help{
		"The body does not meet the expectation of the target.",
		"An error or maintenance page with status 200, a changed text or JSON, a wrong language.",
		"Run `curl -s URL` and compare with expect.body.",
	}},
	{UnexpectedProtocol, "unexpected_protocol", "the HTTP version is not the one expected", Help{
		"The HTTP version of the response is not the one that expect.http_version names.",
		"A load balancer or ingress lost HTTP/2 with a change of its configuration.",
		"Run `curl -sIo /dev/null -w '%{http_version}' URL`, directly and through the load balancer.",
	}},
	{UnexpectedTLS, "unexpected_tls", "the TLS version or certificate does not meet the expectation", Help{
		"TLS version or certificate do not meet the expectation of the target.",
		"The certificate will expire sooner than allowed, or the server's TLS configuration changed.",
		"Look at prober_tls_info and prober_tls_certificate_not_after_timestamp_seconds, and compare with the target's expect.",
	}},
	{TooSlow, "too_slow", "the response is complete, but later than the expected latency", Help{
		"The response is complete and right, but later than expect.max_latency.",
		"The application or one of its dependencies is slow, or the prober waited for a free connection: latency counts from when the request was due.",
		"Look at prober_request_phase_duration_seconds: the phase that grew says where. A growing queue means that the target no longer keeps up with the rate.",
	}},
	{Capture, "capture", "the response does not have what later steps need from it", Help{
		"The response met every expectation, but what capture takes from it is not there. So the later steps cannot be sent.",
		"The application changed its JSON, a header or a cookie, or another page answers with status 200. Or the value is longer than 64 KiB.",
		"Read the error text in the target's last failures: it names the capture and where it looked. Send the request with curl and compare the answer with capture.",
	}},
	{UnexpectedRcode, "unexpected_rcode", "a DNS answer without an error code, but expect.rcode lists only error codes", Help{
		"The DNS server answered NOERROR, but expect.rcode lists other codes only.",
		"A name that must not exist does: it was created, or a wildcard record or a server that answers for all names covers it. A server that must refuse this client does not.",
		"Run `dig @SERVER NAME TYPE` and look at the answer and at who gave it; look for wildcards in the zone and for changes of the server's access list.",
	}},
	{UnexpectedAnswers, "unexpected_answers", "the records of a DNS answer do not meet the expectation", Help{
		"The DNS answer has records, but they do not meet expect.answers: there are too few, none of them matches, or the TTL of one is too short.",
		"Records were changed or removed, another view of the zone answers, or an override is in place. A TTL that is too low may come from a cache.",
		"Run `dig @SERVER NAME TYPE` and compare with expect.answers; then ask the servers of the zone themselves with `dig +norecurse`.",
	}},
}
