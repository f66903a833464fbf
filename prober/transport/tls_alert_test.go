package transport

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
)

const recordAlert = 21 // type of a TLS record (RFC 8446, section 5.1)

func record(kind byte, content ...byte) []byte {
	return append([]byte{kind, 3, 3, byte(len(content) >> 8), byte(len(content))}, content...)
}

// afterHello returns a script that reads the ClientHello whole, sends raw, and
// closes.
func afterHello(raw []byte) func(net.Conn) {
	return func(c net.Conn) {
		header := make([]byte, 5)
		if _, err := io.ReadFull(c, header); err != nil {
			return
		}
		_, _ = io.CopyN(io.Discard, c, int64(binary.BigEndian.Uint16(header[3:])))
		_, _ = c.Write(raw)
	}
}

func TestAlerts(t *testing.T) {
	t.Parallel()
	const fatal = 2
	want := map[byte]errcode.Code{
		10: 1321, 20: 1322, 22: 1323, 40: 1324, 42: 1325, 43: 1326, 44: 1327, 45: 1328, 46: 1329,
		47: 1330, 48: 1331, 49: 1332, 50: 1333, 51: 1334, 70: 1335, 71: 1336, 80: 1337, 86: 1338,
		90: 1339, 109: 1340, 110: 1341, 112: 1342, 113: 1343, 115: 1344, 116: 1345, 120: 1346,
		0:  errcode.TLSClosed, // close_notify
		21: errcode.TLSAlert,  // reserved
		99: errcode.TLSAlert,  // nobody's
	}
	for alert, code := range want {
		t.Run(fmt.Sprint(alert), func(t *testing.T) {
			t.Parallel()
			p := peers.Listen(t, afterHello(record(recordAlert, fatal, alert)))
			r := do(newTransport(t, Config{URL: p.URL("https")}), patience)
			require.Equal(t, code, errcode.FromError(r.Err), "%v", r.Err)
			assert.Equal(t, errcode.PhaseTLS, r.FailedIn())
			assert.Nil(t, r.TLS)
		})
	}
}

func TestWhatIsNoHandshake(t *testing.T) {
	t.Parallel()
	hello := func(version, suite uint16) []byte {
		body := binary.BigEndian.AppendUint16(nil, version)
		body = append(body, make([]byte, 32)...) // random
		body = append(body, 0)                   // no session
		body = append(binary.BigEndian.AppendUint16(body, suite), 0)
		return record(labHandshake, append([]byte{2, 0, 0, byte(len(body))}, body...)...)
	}
	ca := certs.Issue(nil, certs.Authority)
	unreadable := certs.Issue(&ca)
	unreadable.Certificate, unreadable.Leaf = [][]byte{[]byte("unreadable")}, nil
	mismatched := certs.Issue(&ca)
	mismatched.Certificate, mismatched.Leaf = certs.Issue(&ca).Certificate, nil
	tests := map[string]struct {
		at   func(net.Conn)
		code errcode.Code
	}{
		"plain HTTP":                     {afterHello([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")), errcode.TLSPlainHTTP},
		"another protocol":               {afterHello([]byte("SSH-2.0-OpenSSH_9.2\r\n")), errcode.TLSRecord},
		"the end":                        {afterHello(nil), errcode.TLSClosed},
		"the end in a record":            {afterHello(hello(tls.VersionTLS12, 0)[:20]), errcode.TLSClosed},
		"a reset":                        {peers.InTurn(afterHello(nil), peers.Reset), errcode.TLSClosed},
		"a version that was not offered": {afterHello(hello(tls.VersionTLS10, tls.TLS_RSA_WITH_AES_128_CBC_SHA)), errcode.TLSNoOverlap},
		"a cipher that was not offered":  {afterHello(hello(tls.VersionTLS12, tls.TLS_RSA_WITH_RC4_128_SHA)), errcode.TLSNoOverlap},
		"a message that does not belong": {afterHello(record(labHandshake, 20, 0, 0, 0)), errcode.TLS},
		"a certificate nobody can read":  {answeringTLS(peers.Showing(unreadable)), errcode.CertMalformed},
		"a signature of another key":     {answeringTLS(peers.Showing(mismatched)), errcode.TLSSignature},
		"its end in a flood of warnings": {afterHello(warnings(1000)), errcode.TLS},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := peers.Listen(t, test.at)
			r := do(newTransport(t, Config{URL: p.URL("https"), TLS: option.TLS{CA: certs.PEM(ca)}}), patience)
			require.Equal(t, test.code, errcode.FromError(r.Err), "%v", r.Err)
			assert.Equal(t, errcode.PhaseTLS, r.FailedIn())
		})
	}
}

// warnings are n alerts that a client ignores up to TLS 1.2.
func warnings(n int) []byte {
	const warning, userCanceled = 1, 90
	var raw []byte
	for range n {
		raw = append(raw, record(recordAlert, warning, userCanceled)...)
	}
	return raw
}
