package errcode

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

//go:generate go test -run "^(TestErrorCodesPage|TestEveryCodeHasAWayToCome)$" . -update

// Help explains a code, in whole sentences, to the person woken by its alert.
// docs/error-codes.md consists of these texts.
type Help struct {
	// Happened says what the prober saw.
	Happened string
	// Causes names the usual causes, the likeliest first.
	Causes string
	// Look says what to look at first.
	Look string
}

// Help returns the help of c, or the zero value for a number outside the set. A code
// computed from a status or a number of HTTP/2, HTTP/3 or QUIC has the help of its family,
// unless it has a text of its own.
func (c Code) Help() Help {
	if e := c.entry(); e != nil {
		return e.help
	}
	if c.isStatus() {
		return helpOfStatus(c)
	}
	if family, n, ok := c.http2(); ok {
		return frameHelp(family, n)
	}
	if family, n, ok := c.http3(); ok {
		return http3Help(family, n)
	}
	return Help{}
}

// helpOfStatus returns the help of a status, with or without a text of its own.
func helpOfStatus(c Code) Help {
	for _, s := range statusHelp {
		if s.code == c {
			return s.help
		}
	}
	h := other4xx
	if c.Range() == RangeHTTP5xx {
		h = other5xx
	}
	status := strings.TrimSpace(strconv.Itoa(c.status()) + " " + http.StatusText(c.status()))
	h.Happened = fmt.Sprintf("The response is complete, but the target does not expect its status %s.", status)
	return h
}

// streamCauses says whose fault a stream error is, also if the prober itself may have found
// the error. sent is the reason for which a server sends it.
func streamCauses(n int, sent string) string {
	var found string
	switch http2Names[n] {
	case "protocol_error":
		found = "the response was malformed, by a defect in the application, the server or a proxy. The request is not to blame."
	case "flow_control_error":
		found = "the server enlarged a window beyond its limit."
	case "frame_size_error":
		found = "the server sent a frame of a wrong size."
	default:
		return sent
	}
	return "If the error text says what the server sent, the prober found the fault: " + found +
		" If it says that the server reset the stream, the server found one. " + sent
}

// resent says when a GOAWAY frame of an orderly end is no failure.
func resent(n int) string {
	if n != 0 {
		return ""
	}
	return " If the frame excludes a request whose answer has not begun, the prober sends it once more on another connection. This one was not excluded, its answer had begun, or the other connection ended in the same way."
}

// frameHelp builds the help of an HTTP/2 code. Its family says who gave up what, and the
// HTTP/2 error code says why.
func frameHelp(family Code, n int) Help {
	reason := http2Reasons[n]
	name := strings.ToUpper(http2Names[n])
	switch family {
	case GoAway:
		return Help{
			Happened: fmt.Sprintf("The server ended the whole HTTP/2 connection with a GOAWAY frame that says %s, before this request was answered.", name) + resent(n),
			Causes:   reason.sent,
			Look:     "Look at the server's or load balancer's log for the connection, and at the other requests that ran on it at the same time. " + reason.look,
		}
	case Stream:
		return Help{
			Happened: fmt.Sprintf("This one HTTP/2 stream ended with %s: the server sent RST_STREAM, or the prober found a fault in the stream. The connection stays open.", name),
			Causes:   streamCauses(n, reason.sent),
			Look:     "Look at the server's log for this one request; other requests on the connection are not affected. " + reason.look,
		}
	default:
		return Help{
			Happened: fmt.Sprintf("The prober gave up the whole HTTP/2 connection with %s, because of what the server sent on it.", name),
			Causes:   reason.found,
			Look:     "Look at what lies between the prober and the application, and whether it was changed; try the application without it. " + reason.look,
		}
	}
}
