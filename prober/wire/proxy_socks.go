package wire

import (
	"encoding/binary"
	"io"
	"net/netip"
	"strconv"

	"example.com/prober/errcode"
)

// The bytes of RFC 1928 and RFC 1929 in use here.
const (
	socksVersion     = 5
	socksAuthVersion = 1

	socksNoAuth       = 0
	socksPassword     = 2
	socksUnacceptable = 255

	socksConnectCommand = 1
	socksIPv4           = 1
	socksName           = 3
	socksIPv6           = 4

	maxSocksString = 255
)

// socksConnect asks a SOCKS5 proxy for a connection to target. It reads exactly the
// answer of the proxy, so the target's first byte stays unread.
func (p *proxy) socksConnect(rw io.ReadWriter, target endpoint) error {
	if err := p.socksGreet(rw); err != nil {
		return err
	}
	request := append([]byte{socksVersion, socksConnectCommand, 0}, socksAddress(target)...)
	answer, err := ask(rw, binary.BigEndian.AppendUint16(request, target.port), 4)
	if err != nil {
		return tunnelFailure(err)
	}
	if answer[0] != socksVersion {
		return errProxyAnswer
	}
	if reply := answer[1]; reply != 0 {
		return errcode.New(errcode.ProxySocks, "the SOCKS5 proxy replied with failure "+strconv.Itoa(int(reply)))
	}
	return skipSocksAddress(rw, answer[3])
}

// socksGreet agrees on how to authenticate and does so (RFC 1928, section 3).
func (p *proxy) socksGreet(rw io.ReadWriter) error {
	// The proxy may choose whatever is offered, so a password is offered only if there is
	// one.
	greeting := []byte{socksVersion, 1, socksNoAuth}
	if p.authorization() != "" {
		greeting = []byte{socksVersion, 2, socksNoAuth, socksPassword}
	}
	answer, err := ask(rw, greeting, 2)
	if err != nil {
		return tunnelFailure(err)
	}
	switch method := answer[1]; {
	case answer[0] != socksVersion:
		return errProxyAnswer
	case method == socksNoAuth:
		return nil
	case method == socksPassword && len(greeting) == 4:
		return p.socksAuthenticate(rw)
	case method == socksUnacceptable:
		return errcode.New(errcode.ProxySocks, "the SOCKS5 proxy accepts none of the methods of authentication")
	default:
		return errProxyAnswer
	}
}

// socksAuthenticate sends the credentials (RFC 1929, section 2).
func (p *proxy) socksAuthenticate(rw io.ReadWriter) error {
	request := append([]byte{socksAuthVersion, byte(len(p.username))}, p.username...)
	request = append(append(request, byte(len(p.password))), p.password...)
	answer, err := ask(rw, request, 2)
	switch {
	case err != nil:
		return tunnelFailure(err)
	case answer[0] != socksAuthVersion:
		return errProxyAnswer
	case answer[1] != 0:
		return errcode.New(errcode.ProxySocks, "the SOCKS5 proxy refused the credentials")
	}
	return nil
}

// socksAddress encodes the host (RFC 1928, section 5). A name goes to the proxy as it is,
// also for socks5: only the proxy may be able to resolve it. Compile has checked its
// length.
func socksAddress(target endpoint) []byte {
	if addr, err := netip.ParseAddr(target.host); err == nil {
		kind := byte(socksIPv6)
		if addr = addr.Unmap(); addr.Is4() {
			kind = socksIPv4
		}
		return append([]byte{kind}, addr.AsSlice()...)
	}
	return append([]byte{socksName, byte(len(target.host))}, target.host...)
}

// skipSocksAddress reads the address and port at the end of a reply. They mean nothing
// here.
func skipSocksAddress(r io.Reader, kind byte) error {
	var size int
	switch kind {
	case socksIPv4:
		size = 4
	case socksIPv6:
		size = 16
	case socksName:
		var length [1]byte
		if _, err := io.ReadFull(r, length[:]); err != nil {
			return tunnelFailure(err)
		}
		size = int(length[0])
	default:
		return errProxyAnswer
	}
	if _, err := io.CopyN(io.Discard, r, int64(size)+2); err != nil {
		return tunnelFailure(err)
	}
	return nil
}

// ask writes a message and reads n bytes of the answer. It takes no more than n: what
// follows may belong to the target. The deadline of the link ends the wait.
func ask(rw io.ReadWriter, message []byte, n int) ([]byte, error) {
	if _, err := rw.Write(message); err != nil {
		return nil, err
	}
	answer := make([]byte, n)
	_, err := io.ReadFull(rw, answer)
	return answer, err
}
