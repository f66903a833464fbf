package peers

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
)

// The kinds of addresses in SOCKS (RFC 1928, section 5).
const (
	SOCKSIPv4 = 1
	SOCKSName = 3
	SOCKSIPv6 = 4
)

// TunnelProxy answers CONNECT, or forwards a request in absolute form, as a real HTTP proxy does. If guarded is set, it
// demands the credentials user:secret.
func TunnelProxy(guarded bool) Script {
	return func(c net.Conn) {
		in := bufio.NewReader(c)
		for {
			request, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			request.Header.Set("Authorization", request.Header.Get("Proxy-Authorization"))
			user, password, _ := request.BasicAuth()
			if guarded && (user != "user" || password != "secret") {
				_, _ = io.WriteString(c, "HTTP/1.1 407 Say Who\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n")
				continue
			}
			if request.Method != http.MethodConnect {
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nX-Form: "+request.RequestURI+"\r\nContent-Length: 2\r\n\r\nok")
				continue
			}
			target, err := reach(request.RequestURI)
			if err != nil {
				_, _ = io.WriteString(c, "HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n")
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n")
			Relay(c, target)
			return
		}
	}
}

// reach connects to the target of a proxy. The connection belongs to no test.
func reach(address string) (net.Conn, error) {
	return new(net.Dialer).DialContext(context.Background(), "tcp", address)
}

// Relay copies both ways until one side ends, and closes both.
func Relay(a, b net.Conn) {
	var copying sync.WaitGroup
	one := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		_, _ = to.Close(), from.Close()
	}
	copying.Go(func() { one(a, b) })
	copying.Go(func() { one(b, a) })
	copying.Wait()
}

// SOCKSProxy is a SOCKS5 proxy. If guarded is set, it demands the credentials user:secret. It calls asked with the
// requested address and its kind. It resolves every name to loopback.
func SOCKSProxy(guarded bool, asked func(kind byte, host string)) Script {
	return func(c net.Conn) {
		if !greetSOCKS(c, guarded) {
			return
		}
		head := make([]byte, 4)
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		host := readSOCKSHost(c, head[3])
		var port [2]byte
		if _, err := io.ReadFull(c, port[:]); err != nil {
			return
		}
		asked(head[3], host)
		if head[3] == SOCKSName {
			host = "127.0.0.1"
		}
		target, err := reach(net.JoinHostPort(host, strconv.Itoa(int(binary.BigEndian.Uint16(port[:])))))
		if err != nil {
			_, _ = c.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0})
			return
		}
		// A name as the bound address is unusual and allowed.
		_, _ = c.Write([]byte{5, 0, 0, 3, 2, 'm', 'e', 0, 80})
		Relay(c, target)
	}
}

func greetSOCKS(c net.Conn, guarded bool) bool {
	size := make([]byte, 2)
	if _, err := io.ReadFull(c, size); err != nil {
		return false
	}
	if _, err := io.ReadFull(c, make([]byte, size[1])); err != nil {
		return false
	}
	if !guarded {
		_, err := c.Write([]byte{5, 0})
		return err == nil
	}
	if size[1] < 2 {
		_, _ = c.Write([]byte{5, 255})
		return false
	}
	_, _ = c.Write([]byte{5, 2})
	const credentials = "\x01\x04user\x06secret"
	got := make([]byte, len(credentials))
	if _, err := io.ReadFull(c, got); err != nil {
		return false
	}
	if string(got) != credentials {
		_, _ = c.Write([]byte{1, 1})
		return false
	}
	_, err := c.Write([]byte{1, 0})
	return err == nil
}

func readSOCKSHost(r io.Reader, kind byte) string {
	size := map[byte]int{SOCKSIPv4: net.IPv4len, SOCKSIPv6: net.IPv6len}[kind]
	if kind == SOCKSName {
		length := make([]byte, 1)
		_, _ = io.ReadFull(r, length)
		size = int(length[0])
	}
	host := make([]byte, size)
	_, _ = io.ReadFull(r, host)
	if kind == SOCKSName {
		return string(host)
	}
	return net.IP(host).String()
}
