package errcode

import (
	"fmt"
	"strings"
)

// http3Help builds the help of a code of HTTP/3 or QUIC. Its family says who gave up what,
// and the number says why.
func http3Help(family Code, n int) Help {
	switch family {
	case h3Close:
		return Help{
			Happened: fmt.Sprintf("The whole HTTP/3 connection was closed with %s while this request was open.", h3Title(n)),
			Causes:   "If the error text says what the server sent, the prober found the fault and closed the connection; otherwise the server closed it. " + h3Reasons[n].why,
			Look:     "Look at the server's or load balancer's log for the connection, and at the other requests that ran on it at the same time. " + h3Reasons[n].look,
		}
	case h3Stream:
		return Help{
			Happened: fmt.Sprintf("This one HTTP/3 stream ended with %s. The connection stays open.", h3Title(n)),
			Causes:   "If the error text says what the server sent, the prober found the fault; otherwise the server reset the stream. " + h3Reasons[n].why,
			Look:     "Look at the server's log for this one request; other requests on the connection are not affected. " + h3Reasons[n].look,
		}
	default:
		return Help{
			Happened: fmt.Sprintf("The QUIC connection ended with the transport error %s.", strings.ToUpper(quicNames[n])),
			Causes:   "The error text says which side found it: local is the prober, remote the server. " + quicReasons[n].why,
			Look:     quicReasons[n].look,
		}
	}
}

// h3Reasons says for each HTTP/3 error code why a connection or a stream ends with it, and
// what to look at.
var h3Reasons = [len(h3Names)]struct{ why, look string }{
	{
		"H3_NO_ERROR is the orderly end: a deployment, a restart, a limit of age or requests per connection. A request that a GOAWAY excludes is sent once more on another connection; this one was not excluded.",
		"A few during a deployment are normal. Many mean that the server closes its connections without finishing the requests that it accepted.",
	},
	{
		"The protocol was broken in a way that has no number of its own.",
		"Look for a change of the server's or proxy's version.",
	},
	{
		"Something failed within the server: a crashed handler, a lost upstream, a lack of memory. Many servers send it when the application panics.",
		"Look for a crash in the application's log.",
	},
	{
		"A stream was opened that must not be: a second control stream, for example.",
		"Look for a change of the server's or proxy's version.",
	},
	{
		"A stream that has to stay open (the control stream, those of QPACK) was closed.",
		"Look for a defect in the server's HTTP/3 library.",
	},
	{
		"A frame came where it must not: content before the header, or a frame of another stream.",
		"Look for a defect in the server or in a proxy before it.",
	},
	{
		"A frame was malformed, or cut by the end of its stream.",
		"Look for a defect in the server or in a proxy before it, and for responses that are cut off.",
	},
	{
		"One side thinks that the other asks too much: too many requests, resets or frames without use, or a response header above 64 KiB.",
		"Compare the rate with the server's limits, and read the response header with `curl -sI --http3-only URL`.",
	},
	{
		"A stream or push was named that cannot exist.",
		"Look for a defect in the server's HTTP/3 library.",
	},
	{
		"The SETTINGS frame was malformed or had a forbidden setting.",
		"Look for a defect in the server's HTTP/3 library.",
	},
	{
		"The control stream did not begin with SETTINGS.",
		"Look which software answers on that port, and whether it speaks HTTP/3.",
	},
	{
		"The server did not begin with the request: it is overloaded or drains before a restart. The prober sends such a request once more on another connection; this one was rejected there as well.",
		"Look at the server's load and at its limit of concurrent requests.",
	},
	{
		"The request or its answer is not wanted any more: the server's own timeout ran out, or its client or upstream went away.",
		"Look at the server's and gateway's timeouts for the upstream.",
	},
	{
		"The server says that the request ended too early.",
		"Look at the length of the request's body, and at proxies on the way.",
	},
	{
		"The message was malformed: a field name or value that is forbidden, a missing status, or a wrong length.",
		"Look for a defect in the application, the server or a proxy; try without unusual headers.",
	},
	{
		"A connection made with CONNECT through the server was reset or closed.",
		"Look at the proxy's way to the target.",
	},
	{
		"The server wants the request over another version of HTTP.",
		"Set http_version: auto for this target.",
	},
}

// quicReasons does the same for the transport errors of QUIC.
var quicReasons = [len(quicNames)]struct{ why, look string }{
	{
		"NO_ERROR is an abrupt end without a fault: the server's process ended, or it closed its socket.",
		"Look for a restart of the server at that time.",
	},
	{
		"The side that closed could not go on: a defect or a lack of resources.",
		"Look at the server's log; if the text says local, report it as a defect of the prober.",
	},
	{
		"The server refused the connection: it is overloaded, or a limit of connections or an access rule forbids it.",
		"Look at the server's limits and rules, and compare with the number of connections in prober_connections_open.",
	},
	{
		"More data was sent than the other side allowed.",
		"Look at large bodies, and for a change of the QUIC library on the other side.",
	},
	{
		"More streams were opened than the other side allowed.",
		"Look for a change of the QUIC library on the other side.",
	},
	{
		"A frame came for a stream that is not in a state to take it.",
		"Look for a change of the QUIC library on the other side.",
	},
	{
		"The length of a stream was changed after it had been announced.",
		"Look for a change of the QUIC library on the other side.",
	},
	{
		"A frame was malformed.",
		"Look for a change of the QUIC library on the other side, and for what changes packets on the way.",
	},
	{
		"The transport parameters of the handshake were malformed or contradict each other.",
		"Look for a change of the QUIC library on the other side, or a load balancer that answers for it.",
	},
	{
		"More connection IDs were issued than allowed.",
		"Look for a change of the QUIC library on the other side.",
	},
	{
		"A rule of QUIC was broken that has no number of its own.",
		"Look for a change of the QUIC library on the other side.",
	},
	{
		"The server did not accept the address validation token that it had issued.",
		"Look whether all instances behind a load balancer share the key of their tokens.",
	},
	{
		"The application above QUIC closed the connection during the handshake; at that time the reason is not sent yet.",
		"Look at the server's log for the connection.",
	},
	{
		"A handshake message was too large: a very long chain of certificates, for example.",
		"Look at the length of the server's chain of certificates.",
	},
	{
		"The keys were changed in a way that is not allowed.",
		"Look for a change of the QUIC library on the other side.",
	},
	{
		"The connection carried as much as its keys may protect.",
		"Set requests_per_connection, so that connections end earlier.",
	},
	{
		"The path was lost and there is no other one.",
		"Look at changes of routes and addresses between the prober and the server.",
	},
}
