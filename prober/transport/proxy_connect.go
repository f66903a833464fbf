package transport

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// httpConnect asks an HTTP proxy for a tunnel (RFC 9110, section 9.3.6).
func (p *proxy) httpConnect(c *conn, target endpoint) error {
	request := "CONNECT " + target.authority() + " HTTP/1.1\r\nHost: " + target.authority() + "\r\n"
	if authorization := p.authorization(); authorization != "" {
		request += "Proxy-Authorization: " + authorization + "\r\n"
	}
	if _, err := c.rw.Write([]byte(request + "User-Agent: prober\r\n\r\n")); err != nil {
		return tunnelFailure(err)
	}
	status, err := readConnectStatus(c)
	switch {
	case err != nil:
		return tunnelFailure(err)
	case status == http.StatusProxyAuthRequired:
		return errProxyAuth
	case status < 200 || status > 299:
		return errcode.New(errcode.ProxyRefused, "the proxy answered CONNECT with status "+strconv.Itoa(status))
	case c.start != c.end || c.surplus(new(probe.Result)) != nil:
		return errProxySurplus // the target speaks second under TLS
	}
	return nil
}

// readConnectStatus reads the header of the proxy's final answer. A successful
// one has no content, and that of another is of no interest.
func readConnectStatus(c *conn) (int, error) {
	c.buf = make([]byte, readBufferSize)
	c.head.tunnel = true
	defer func() { c.head.tunnel = false }()
	var unseen probe.Result // bytes and times of the proxy are not those of the response
	for range maxInformational + 1 {
		if err := c.readHeader(&unseen); err != nil {
			return 0, err
		}
		if c.head.status >= 200 || c.head.status == http.StatusSwitchingProtocols {
			return c.head.status, nil
		}
	}
	return 0, errInformational
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
