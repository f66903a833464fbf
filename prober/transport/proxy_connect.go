package transport

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"example.com/prober/errcode"
)

// httpConnect asks an HTTP proxy for a tunnel (RFC 9110, section 9.3.6).
func (p *proxy) httpConnect(l *link, target endpoint) error {
	request := "CONNECT " + target.authority() + " HTTP/1.1\r\nHost: " + target.authority() + "\r\n"
	if authorization := p.authorization(); authorization != "" {
		request += "Proxy-Authorization: " + authorization + "\r\n"
	}
	if _, err := l.rw.Write([]byte(request + "User-Agent: prober\r\n\r\n")); err != nil {
		return tunnelFailure(err)
	}
	answer := connectAnswer{rw: l.rw, head: header{tunnel: true}}
	status, err := answer.status()
	switch {
	case err != nil:
		return tunnelFailure(err)
	case status == http.StatusProxyAuthRequired:
		return errProxyAuth
	case status < 200 || status > 299:
		return errcode.New(errcode.ProxyRefused, "the proxy answered CONNECT with status "+strconv.Itoa(status))
	case len(answer.received) > 0, l.mayHold() && l.withinTLS(answer.fill) == nil:
		return errProxySurplus // the target speaks second under TLS
	}
	return nil
}

// connectAnswer is what a proxy answers to CONNECT. Its bytes and times are not those of
// a response.
type connectAnswer struct {
	rw   io.Reader
	head header
	// received and not consumed yet; it grows to the size of a header.
	received []byte
}

// status reads the header of the final answer. A successful one has no content, and
// that of another is of no interest.
func (a *connectAnswer) status() (int, error) {
	for range maxInformational + 1 {
		if err := a.readHeader(); err != nil {
			return 0, err
		}
		if a.head.status >= 200 || a.head.status == http.StatusSwitchingProtocols {
			return a.head.status, nil
		}
	}
	return 0, errInformational
}

func (a *connectAnswer) readHeader() error {
	scan := newHeadScan(true)
	for {
		size, err := scan.next(a.received)
		if err != nil {
			return err
		}
		if size > 0 {
			block := a.received[:size]
			a.received = a.received[size:]
			return a.head.parse(block)
		}
		if err := a.fill(); err != nil {
			return err
		}
	}
}

// fill receives more.
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

// tunnelFailure is a failure on an established connection to a proxy: what the
// target has to do with it cannot be told. Time that has run out is that of the dial.
func tunnelFailure(err error) error {
	if outOfTime(err) {
		return fmt.Errorf("no answer of the proxy: %w", err)
	}
	if _, ok := errors.AsType[*errcode.Error](err); ok {
		return errcode.Wrap(errcode.Proxy, errProxyAnswer.Text, err)
	}
	return errcode.Wrap(errcode.Proxy, "no answer of the proxy", err)
}
