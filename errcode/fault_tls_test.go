package errcode_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
)

// handshakeText says why crypto/tls alone cannot distinguish some failures.
const handshakeText = "crypto/tls returns a bare text; the transport reads the alert that was sent"

// tlsFaults are faults of the handshake itself.
func tlsFaults() []fault {
	wrongKey, garbage := peers.Unusable("garbage")
	return []fault{
		{name: "the peer speaks plain HTTP", want: errcode.TLSPlainHTTP, fail: shaking(peers.Saying("HTTP/1.1 400 Bad Request\r\n\r\n"))},
		{name: "the peer speaks something else", want: errcode.TLSRecord, fail: shaking(peers.Saying("SSH-2.0-OpenSSH_9.9\r\n"))},
		{name: "the peer closes during the handshake, seen by tls.Dial", want: errcode.Closed, fail: shaking(peers.HangUp)},
		{name: "the peer closes during the handshake", want: errcode.TLSClosed, fail: inTLS(shaking(peers.HangUp))},
		{name: "the peer resets during the handshake", want: errcode.TLSClosed, fail: inTLS(shaking(peers.ResetAfterRequest))},
		{name: "the peer says nothing during the handshake", want: errcode.TLSTimeout, fail: inTLS(handshakeInVain)},
		{name: "the peer says nothing during the handshake, seen by HandshakeContext", want: errcode.RequestTimeout, fail: handshakeInVain},
		{name: "net/http's TLSHandshakeTimeout is over", want: errcode.TLSTimeout, fail: func(t lab) error {
			return get(t, &http.Transport{TLSHandshakeTimeout: 20 * time.Millisecond}, "https://"+peer(t, peers.Silence))
		}},
		{name: "net/http finds plain HTTP on a TLS port", want: errcode.TLSPlainHTTP, fail: func(t lab) error {
			return get(t, &http.Transport{}, "https://"+peer(t, peers.Saying("HTTP/1.1 400 Bad Request\r\n\r\n")))
		}},
		{name: "the peer chooses an unsupported version", want: errcode.TLSNoOverlap, fail: func(t lab) error {
			return givenUp(t, peer(t, peers.Saying(serverHelloTLS10)), nil)
		}},
		{name: "the peer chooses an unsupported version, seen by tls.Dial", want: errcode.General, fail: shaking(peers.Saying(serverHelloTLS10))},
		{name: "a handshake fails in another way", want: errcode.TLS, fail: inTLS(shaking(peers.Saying(serverHelloTLS10)))},
		{name: "the peer's key does not fit its certificate", want: errcode.TLSSignature, fail: func(t lab) error {
			return givenUp(t, secured(t, &tls.Config{Certificates: []tls.Certificate{wrongKey}}), nil)
		}},
		{name: "the peer's key does not fit its certificate, in TLS 1.2", want: errcode.TLSSignature, fail: func(t lab) error {
			return givenUp(t, secured(t, &tls.Config{Certificates: []tls.Certificate{wrongKey}, MaxVersion: tls.VersionTLS12}), nil)
		}},
		{
			name: "the peer's key does not fit its certificate, seen by tls.Dial", want: errcode.General,
			fail: func(t lab) error {
				return handshake(t, secured(t, &tls.Config{Certificates: []tls.Certificate{wrongKey}}), nil)
			},
		},
		{name: "the peer's certificate cannot be parsed", want: errcode.CertMalformed, fail: func(t lab) error {
			return givenUp(t, secured(t, &tls.Config{Certificates: []tls.Certificate{garbage}}), nil)
		}},
		{
			name: "the peer's certificate cannot be parsed, seen by tls.Dial", want: errcode.General,
			fail: func(t lab) error {
				return handshake(t, secured(t, &tls.Config{Certificates: []tls.Certificate{garbage}}), nil)
			},
		},
		{name: "the peer's hello is malformed", want: errcode.TLS, fail: shaking(peers.Saying("\x16\x03\x03\x00\x05\x02\x00\x00\x01\x00"))},
		byHand("the server's ALPN is none of ours", errcode.TLSALPN, fmt.Errorf("quic: %w", tls.AlertError(120))),
		byHand("our side refuses the certificate", errcode.CertInvalid, tls.AlertError(42)),
		byHand("encrypted client hello is rejected", errcode.TLS, &tls.ECHRejectionError{}),
		byHand("an alert is none of crypto/tls", errcode.TLS, &net.OpError{Op: "remote error", Err: errors.New("text")}),
		byHand("the system has no roots", errcode.UnknownAuthority, x509.SystemRootsError{}),
		byHand("a signature is of a weak algorithm", errcode.TLSSignature, x509.InsecureAlgorithmError(x509.MD5WithRSA)),
		byHand("a signature is of an unknown algorithm", errcode.TLSSignature, x509.ErrUnsupportedAlgorithm),
		byHand("a key may not sign", errcode.CertUsage, x509.ConstraintViolationError{}),
		byHand("a certificate's encoding is broken", errcode.CertMalformed, asn1.StructuralError{Msg: "length"}),
		byHand("a certificate has no chain", errcode.CertInvalid, x509.CertificateInvalidError{Reason: x509.NoValidChains}),
	}
}

// serverHelloTLS10 is a TLS record with a ServerHello of version 1.0.
var serverHelloTLS10 = "\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01" + string(make([]byte, 32)) + "\x00\xc0\x13\x00"

// secured serves TLS on loopback until the test ends.
func secured(t lab, cfg *tls.Config) string { return peer(t, peers.Within(cfg, peers.Silence)) }

// handshake dials TLS as any program would and returns the first error. Without cfg, it
// does not verify the peer's certificate.
func handshake(t lab, address string, cfg *tls.Config) error {
	t.Helper()
	if cfg == nil {
		cfg = &tls.Config{InsecureSkipVerify: true}
	}
	c, err := tls.Dial("tcp", address, cfg)
	if err != nil {
		return err
	}
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(time.Minute)))
	_, err = c.Read(make([]byte, 1)) // TLS 1.3: a server refuses a client after its handshake
	return err
}

// shaking is a handshake with a peer that plays a script.
func shaking(script peers.Script) func(t lab) error {
	return func(t lab) error { return handshake(t, peer(t, script), nil) }
}

// inTLS places the error of fail in the phase of the handshake.
func inTLS(fail func(t lab) error) func(t lab) error {
	return func(t lab) error { return in(errcode.PhaseTLS, fail(t)) }
}

// givenUp makes a handshake and asks for the alert sent, as a transport does.
func givenUp(t lab, address string, cfg *tls.Config) error {
	t.Helper()
	if cfg == nil {
		cfg = &tls.Config{InsecureSkipVerify: true}
	}
	c := tls.Client(peers.Dial(t, "tcp", address), cfg)
	err := c.Handshake()
	require.Error(t, err)
	return in(errcode.PhaseTLS, errcode.Handshake(c, err))
}

func handshakeInVain(t lab) error {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	return tls.Client(peers.Dial(t, "tcp", peer(t, peers.Silence)), &tls.Config{InsecureSkipVerify: true}).HandshakeContext(ctx)
}

func TestHandshakeLeavesOtherErrorsAlone(t *testing.T) {
	t.Parallel()
	c := tls.Client(peers.Dial(lab{t}, "tcp", peer(lab{t}, peers.HangUp)), &tls.Config{InsecureSkipVerify: true})
	err := c.Handshake()
	require.Equal(t, err, errcode.Handshake(c, err))
	require.NoError(t, errcode.Handshake(c, nil))
	require.Equal(t, err, errcode.Handshake(nil, err))

	untrusted := tls.Client(peers.Dial(lab{t}, "tcp", secured(lab{t}, &tls.Config{Certificates: []tls.Certificate{certs.Issue(nil)}})), &tls.Config{
		ServerName: "name.test", RootCAs: x509.NewCertPool(),
	})
	err = untrusted.Handshake()
	require.Equal(t, err, errcode.Handshake(untrusted, err))
}
