package errcode_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/transport"
)

// tlsScenes are those of the handshake itself.
func tlsScenes() []scene {
	trusting := transport.TLSOptions{InsecureSkipVerify: true}
	saying := func(serve func(net.Conn)) func(t lab) transport.Config {
		return func(t lab) transport.Config {
			return transport.Config{URL: at("https", peer(t, serve)), TLS: trusting}
		}
	}
	with := func(cfg *tls.Config) func(t lab) transport.Config {
		return func(t lab) transport.Config {
			return transport.Config{URL: at("https", secured(t, cfg)), TLS: trusting}
		}
	}
	other := issue(nil, certificate{})
	wrongKey := tls.Certificate{Certificate: issue(nil, certificate{}).Certificate, PrivateKey: other.PrivateKey}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	wrongKind := tls.Certificate{Certificate: other.Certificate, PrivateKey: ed}
	garbage := tls.Certificate{Certificate: [][]byte{[]byte("garbage")}, PrivateKey: other.PrivateKey}
	return []scene{
		{name: "the peer speaks plain HTTP on a TLS port", want: errcode.TLSPlainHTTP, stage: saying(answer("HTTP/1.1 400 Bad Request\r\n\r\n"))},
		{name: "the peer speaks something else than TLS", want: errcode.TLSRecord, stage: saying(answer("SSH-2.0-OpenSSH_9.9\r\n"))},
		{name: "the peer closes during the handshake", want: errcode.TLSClosed, std: errcode.Closed, why: noPhase, stage: saying(hangUp)},
		{name: "the peer resets during the handshake", want: errcode.TLSClosed, std: errcode.Reset, why: noPhase, stage: saying(reset)},
		{name: "the peer resets before the handshake", want: errcode.TLSClosed, alone: true, why: atOnce, stage: saying(resetAtOnce)},
		{name: "the peer says nothing during the handshake", want: errcode.TLSTimeout, stage: func(t lab) transport.Config {
			return transport.Config{URL: at("https", peer(t, silence)), TLS: trusting, TLSTimeout: briefly}
		}},
		{name: "the request's time runs out during the handshake", want: errcode.TLSTimeout, std: errcode.RequestTimeout, why: clientContext, late: true, stage: saying(silence)},
		{name: "the server chooses HTTP/1.1 where HTTP/2 is required", want: errcode.TLSALPN, std: errcode.AlertNoApplicationProtocol, why: "net/http offers nothing but HTTP/2, so that the server gives up", stage: func(t lab) transport.Config {
			cfg := with(&tls.Config{Certificates: []tls.Certificate{other}, NextProtos: []string{"http/1.1"}})(t)
			cfg.HTTPVersion = transport.OnlyHTTP2
			return cfg
		}},
		{name: "the server chooses an unsupported version of TLS", want: errcode.TLSNoOverlap, std: errcode.General, why: handshakeText, stage: saying(answer(serverHelloTLS10))},
		{name: "the server's key does not fit its certificate", want: errcode.TLSSignature, std: errcode.General, why: handshakeText, stage: with(&tls.Config{Certificates: []tls.Certificate{wrongKey}})},
		{name: "the server's key does not fit its certificate, in TLS 1.2", want: errcode.TLSSignature, std: errcode.General, why: handshakeText, stage: with(&tls.Config{Certificates: []tls.Certificate{wrongKey}, MaxVersion: tls.VersionTLS12})},
		{name: "the server's key is of another algorithm than its certificate", want: errcode.TLSSignature, std: errcode.General, why: handshakeText, stage: with(&tls.Config{Certificates: []tls.Certificate{wrongKind}})},
		{name: "the server's certificate cannot be parsed", want: errcode.CertMalformed, std: errcode.General, why: handshakeText, stage: with(&tls.Config{Certificates: []tls.Certificate{garbage}})},
		{name: "the server's hello is malformed", want: errcode.TLS, stage: saying(answer("\x16\x03\x03\x00\x05\x02\x00\x00\x01\x00"))},
	}
}

// certificateScenes are those of [certificateCases], and a revocation.
func certificateScenes() []scene {
	var all []scene
	for _, c := range certificateCases() {
		all = append(all, scene{name: c.name, want: c.want, stage: func(t lab) transport.Config {
			return transport.Config{
				URL: at("https", secured(t, &tls.Config{Certificates: []tls.Certificate{c.cert}})),
				TLS: transport.TLSOptions{CA: encoded(c.roots...), ServerName: "host.test"},
			}
		}})
	}
	return append(all, scene{name: "the certificate is revoked", want: errcode.CertRevoked, std: errcode.OK, why: noLook, stage: func(t lab) transport.Config {
		root := issue(nil, certificate{name: "root", ca: true})
		leaf := issue(&root, certificate{})
		leaf.OCSPStaple = revocation(leaf, root)
		return transport.Config{
			URL: at("https", securedPeer(t, &tls.Config{Certificates: []tls.Certificate{leaf}}, answering(noBody))),
			TLS: transport.TLSOptions{CA: encoded(root.Certificate[0]), ServerName: "host.test"}, HTTPVersion: transport.OnlyHTTP11,
		}
	}})
}

// alertScenes are the alerts of [alertFaults], those of real servers included.
func alertScenes() []scene {
	var all []scene
	for n := range 256 {
		c := errcode.FromAlert(uint8(n))
		if c == errcode.TLSAlert && n != 111 {
			continue
		}
		all = append(all, scene{name: fmt.Sprintf("the peer sends alert %d", n), want: c, stage: func(t lab) transport.Config {
			return transport.Config{
				URL: at("https", peer(t, answer("\x15\x03\x03\x00\x02\x02"+string([]byte{byte(n)})))),
				TLS: transport.TLSOptions{InsecureSkipVerify: true},
			}
		}})
	}
	own := issue(nil, certificate{})
	for _, c := range []struct {
		name   string
		want   errcode.Code
		server *tls.Config
		client transport.TLSOptions
	}{
		{
			"the server speaks a newer version of TLS only", errcode.AlertProtocolVersion,
			&tls.Config{MinVersion: tls.VersionTLS13}, transport.TLSOptions{MaxVersion: tls.VersionTLS12},
		},
		{
			"the server requires a client certificate", errcode.AlertCertificateRequired,
			&tls.Config{ClientAuth: tls.RequireAnyClientCert}, transport.TLSOptions{},
		},
		{
			"the server does not know the client's CA", errcode.AlertUnknownCA,
			&tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool()},
			transport.TLSOptions{Cert: encoded(own.Certificate[0]), Key: encodedKey(own)},
		},
		{
			"the server speaks another protocol", errcode.AlertNoApplicationProtocol,
			&tls.Config{NextProtos: []string{"pigeon"}}, transport.TLSOptions{},
		},
	} {
		c.server.Certificates = []tls.Certificate{own}
		c.client.InsecureSkipVerify = true
		all = append(all, scene{name: c.name, want: c.want, stage: func(t lab) transport.Config {
			return transport.Config{URL: at("https", secured(t, c.server)), TLS: c.client}
		}})
	}
	return all
}

// securedPeer serves what is within TLS until the test ends; without cfg, with a
// certificate of its own making.
func securedPeer(t lab, cfg *tls.Config, serve func(net.Conn)) string {
	t.Helper()
	if cfg == nil {
		cfg = &tls.Config{Certificates: []tls.Certificate{issue(nil, certificate{})}}
	}
	return peer(t, func(c net.Conn) {
		s := tls.Server(c, cfg)
		defer s.Close()
		if s.Handshake() == nil {
			serve(s)
		}
	})
}

// answering is [answer] for a peer that may speak TLS.
func answering(text string) func(net.Conn) {
	return func(c net.Conn) {
		hangUp(c)
		_, _ = io.WriteString(c, text)
	}
}

func encoded(certificates ...[]byte) []byte {
	var b bytes.Buffer
	for _, der := range certificates {
		_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: der}) // to memory
	}
	return b.Bytes()
}

func encodedKey(cert tls.Certificate) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// revocation returns the issuer's OCSP response that the certificate is revoked
// (RFC 6960, section 4.2.1).
func revocation(cert, issuer tls.Certificate) []byte {
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		panic(err)
	}
	const explicit = 0xa0
	now := time.Now().UTC().Truncate(time.Second)
	date := node(asn1.TagGeneralizedTime, []byte(now.Format("20060102150405Z")))
	sha1, sha256ECDSA := asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
	empty := node(asn1.TagOctetString)
	about := sequence(sequence(value(sha1)), empty, empty, value(leaf.SerialNumber))
	data := sequence(node(explicit|2, empty), date, sequence(sequence(about, node(explicit|1, date), date)))
	digest := sha256.Sum256(data)
	signature, err := ecdsa.SignASN1(rand.Reader, issuer.PrivateKey.(*ecdsa.PrivateKey), digest[:])
	if err != nil {
		panic(err)
	}
	basic := sequence(data, sequence(value(sha256ECDSA)), value(asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}))
	kind := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	return sequence(value(asn1.Enumerated(0)), node(explicit, sequence(value(kind), node(asn1.TagOctetString, basic))))
}

func sequence(parts ...[]byte) []byte { return node(0x20|asn1.TagSequence, parts...) }

func value(v any) []byte {
	der, err := asn1.Marshal(v)
	if err != nil {
		panic(err)
	}
	return der
}

// node encodes one element of DER with a tag below 31.
func node(tag byte, parts ...[]byte) []byte {
	const lengthOf1, lengthOf2 = 0x81, 0x82
	content := bytes.Join(parts, nil)
	n := len(content)
	switch {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, content...)
	case n < 0x100:
		return append([]byte{tag, lengthOf1, byte(n)}, content...)
	}
	return append([]byte{tag, lengthOf2, byte(n >> 8), byte(n)}, content...)
}
