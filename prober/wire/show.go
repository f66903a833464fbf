package wire

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
)

// showSource notes the source of the addresses dialled for r. It returns ctx with the trace in
// it, for a look-up.
func (d *Dialer) showSource(ctx context.Context, r *probe.Result) context.Context {
	t := r.Trace
	if d.proxy != nil {
		t.Notef("by way of the proxy %s, which resolves names itself", d.proxy.endpoint.authority())
	}
	switch {
	case len(d.next.addrs) > 0 && len(d.plan.Resolve) > 0:
		t.Notef("%q is not looked up: connection.resolve says %s", d.next.host, joined(d.next.addrs))
	case len(d.next.addrs) > 0:
		t.Notef("%q is an address and not looked up", d.next.host)
	case d.plan.DNSServer.IsValid():
		t.Notef("looking up %q, asking connection.dns_server %s and nothing else", d.next.host, d.plan.DNSServer)
	default:
		t.Notef("looking up %q as the system does", d.next.host)
	}
	return probe.WithTrace(ctx, t)
}

// showAddresses notes the result of a look-up.
func showAddresses(r *probe.Result, addrs []netip.Addr, err error) {
	if err != nil {
		r.Trace.Notef("the look-up failed: %v", err)
		return
	}
	r.Trace.Notef("to be tried in this order: %s", joined(addrs))
}

// joined lists addresses, a few of them if there are many.
func joined(addrs []netip.Addr) string {
	const most = 16
	texts := make([]string, 0, most+1)
	for i, a := range addrs {
		if i == most {
			texts = append(texts, "...")
			break
		}
		texts = append(texts, a.String())
	}
	return strings.Join(texts, ", ")
}

// showQuestion notes a question to a DNS server.
func showQuestion(t *probe.Trace, network, server string, q dnsmessage.Question) {
	t.Notef("asking %s over %s: %s %q", server, strings.ToUpper(network), kindOf(q), q.Name.String())
}

// showReply notes the answer of a DNS server, or why there is none.
func showReply(t *probe.Trace, server string, q dnsmessage.Question, r reply) {
	switch {
	case r.truncated:
		t.Notef("%s answered %s: cut, to be asked again over TCP", server, kindOf(q))
	case r.err != nil:
		t.Notef("%s, %s: %v", server, kindOf(q), r.err)
	default:
		t.Notef("%s answered %s: %s", server, kindOf(q), joined(r.addrs))
	}
}

// answerOr returns a, or a reply with err as the reason for having none.
func answerOr(a reply, err error) reply {
	if err != nil {
		return reply{err: err}
	}
	return a
}

func kindOf(q dnsmessage.Question) string { return strings.TrimPrefix(q.Type.String(), "Type") }

// showAttempt notes the result of an attempt to connect.
func showAttempt(r *probe.Result, c net.Conn, err error) {
	if err != nil {
		r.Trace.Notef("%s: %v", r.Remote, SystemError(err))
		return
	}
	r.Trace.Notef("connected to %s from %s", r.Remote, c.LocalAddr())
}

// showSocket notes the result of opening a socket for datagrams: none is sent to find out
// whether anybody is there.
func showSocket(r *probe.Result, c net.Conn, err error) {
	if err != nil {
		r.Trace.Notef("%s over UDP: %v", r.Remote, SystemError(err))
		return
	}
	r.Trace.Notef("sending datagrams to %s over UDP from %s", r.Remote, c.LocalAddr())
}

// showGreeting notes the result of an attempt to speak QUIC.
func showGreeting(r *probe.Result, c *Datagrams, err error) {
	switch {
	case err == nil:
		r.Trace.Notef("connected to %s from %s", r.Remote, c.LocalAddr())
	case c != nil && c.Heard() != 0:
		r.Trace.Notef("%s answered, and the handshake failed: %v", r.Remote, err)
	default:
		r.Trace.Notef("%s: %v", r.Remote, err)
	}
}

// showConnect notes the request to an HTTP proxy.
func showConnect(t *probe.Trace, request string) {
	line, rest := message.CutLine([]byte(request))
	t.SendLine(string(line))
	for {
		if line, rest = message.CutLine(rest); len(line) == 0 {
			return
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		t.SendField(string(name), string(value))
	}
}

// showConnectAnswer notes the answer of an HTTP proxy.
func showConnectAnswer(t *probe.Trace, header []byte) {
	line, rest := message.CutLine(header)
	t.Receive(string(line))
	for {
		if line, rest = message.CutLine(rest); len(line) == 0 {
			return
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		t.ReceiveField(string(name), string(message.TrimBlank(value)))
	}
}

// showTunnel notes whether a proxy has made a connection. t may be nil.
func showTunnel(t *probe.Trace, err error) {
	if err != nil {
		t.Notef("%v", err)
		return
	}
	t.Notef("the proxy has connected")
}
