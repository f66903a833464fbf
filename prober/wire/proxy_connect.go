package wire

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"example.com/prober/errcode"
	"example.com/prober/prober/http1/head"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
)

// httpConnect asks an HTTP proxy for a tunnel (RFC 9110, section 9.3.6).
func (p *proxy) httpConnect(l *Link, target endpoint, trace *probe.Trace) error {
	request := "CONNECT " + target.authority() + " HTTP/1.1\r\nHost: " + target.authority() + "\r\n"
	if authorization := p.authorization(); authorization != "" {
		request += "Proxy-Authorization: " + authorization + "\r\n"
	}
	request += "User-Agent: prober\r\n\r\n"
	if trace != nil {
		showConnect(trace, request)
	}
	if _, err := l.RW.Write([]byte(request)); err != nil {
		return tunnelFailure(err)
	}
	answer := connectAnswer{rw: l.RW, head: head.Header{Tunnel: true}, trace: trace}
	status, err := answer.status()
	switch {
	case err != nil:
		return tunnelFailure(err)
	case status == http.StatusProxyAuthRequired:
		return ErrProxyAuth
	case status < 200 || status > 299:
		return errcode.New(errcode.ProxyRefused, "the proxy answered CONNECT with status "+strconv.Itoa(status))
	case p.greeted:
	// Bytes read beyond the answer would be missing from the start of the handshake with
	// the target. A proxy that sends them has not made a tunnel, or speaks for the target.
	case len(answer.received) > 0, l.MayHold() && l.WithinTLS(answer.fill) == nil:
		return errProxySurplus // the target speaks second under TLS
	}
	return nil
}

// connectAnswer is a proxy's answer to CONNECT. Its bytes and times are not those of a
// response.
type connectAnswer struct {
	rw   io.Reader
	head head.Header
	// received and not consumed yet; it grows to the size of a header.
	received []byte
	trace    *probe.Trace // nil if nobody wants to see it
}

// status reads the header of the final answer. A successful answer has no content, and
// the content of others is of no interest.
func (a *connectAnswer) status() (int, error) {
	for range message.MaxInformational + 1 {
		if err := a.readHeader(); err != nil {
			return 0, err
		}
		// 101 is no step on the way to another answer: the caller refuses it like any
		// status outside 2xx.
		if a.head.Status >= 200 || a.head.Status == http.StatusSwitchingProtocols {
			return a.head.Status, nil
		}
	}
	return 0, head.ErrInformational
}

func (a *connectAnswer) readHeader() error {
	scan := head.NewScan(true)
	for {
		size, err := scan.Next(a.received)
		if err != nil {
			return err
		}
		if size > 0 {
			block := a.received[:size]
			a.received = a.received[size:]
			if a.trace != nil {
				showConnectAnswer(a.trace, block)
			}
			return a.head.Parse(block)
		}
		if err := a.fill(); err != nil {
			return err
		}
	}
}

// fill receives more. The size of a header bounds the buffer: [head.Scan] fails above that.
func (a *connectAnswer) fill() error {
	const usual = 4 << 10
	if a.received == nil {
		a.received = make([]byte, 0, usual)
	}
	if len(a.received) == cap(a.received) {
		a.received = append(a.received, make([]byte, usual)...)[:len(a.received)]
	}
	n, err := a.rw.Read(a.received[len(a.received):cap(a.received)])
	a.received = a.received[:len(a.received)+n]
	switch {
	case n > 0:
		return nil
	case err == nil:
		return io.ErrNoProgress
	}
	return err
}

// tunnelFailure is a failure on an established connection to a proxy: it does not show
// whether the target has to do with it. If the time has run out, it is the time of the
// dial.
func tunnelFailure(err error) error {
	if outOfTime(err) {
		return fmt.Errorf("no answer of the proxy: %w", err)
	}
	if _, ok := errors.AsType[*errcode.Error](err); ok {
		return errcode.Wrap(errcode.Proxy, errProxyAnswer.Text, err)
	}
	return errcode.Wrap(errcode.Proxy, "no answer of the proxy", err)
}
