package errcode_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/url"

	"golang.org/x/crypto/ocsp"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
	"example.com/prober/prober/transport"
)

// tlsScenes are faults of the handshake itself.
func tlsScenes() []scene {
	trusting := option.TLS{InsecureSkipVerify: true}
	saying := func(serve peers.Script) func(t lab) transport.Config {
		return func(t lab) transport.Config {
			return transport.Config{URL: at("https", peer(t, serve)), TLS: trusting}
		}
	}
	with := func(cfg *tls.Config) func(t lab) transport.Config {
		return func(t lab) transport.Config {
			return transport.Config{URL: at("https", secured(t, cfg)), TLS: trusting}
		}
	}
	other := certs.Issue(nil)
	wrongKey, garbage := peers.Unusable("garbage")
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	wrongKind := tls.Certificate{Certificate: other.Certificate, PrivateKey: ed}
	return []scene{
		{name: "the peer speaks plain HTTP on a TLS port", want: errcode.TLSPlainHTTP, stage: saying(peers.Saying("HTTP/1.1 400 Bad Request\r\n\r\n"))},
		{name: "the peer speaks something else than TLS", want: errcode.TLSRecord, stage: saying(peers.Saying("SSH-2.0-OpenSSH_9.9\r\n"))},
		{name: "the peer closes during the handshake", want: errcode.TLSClosed, std: errcode.Closed, why: noPhase, stage: saying(peers.HangUp)},
		{name: "the peer resets during the handshake", want: errcode.TLSClosed, std: errcode.Reset, why: noPhase, stage: saying(peers.ResetAfterRequest)},
		{name: "the peer resets before the handshake", want: errcode.TLSClosed, alone: true, why: atOnce, stage: saying(peers.Reset)},
		{name: "the peer says nothing during the handshake", want: errcode.TLSTimeout, stage: func(t lab) transport.Config {
			return transport.Config{URL: at("https", peer(t, peers.Silence)), TLS: trusting, Dial: option.Dial{TLSTimeout: briefly}}
		}},
		{name: "the request's time runs out during the handshake", want: errcode.TLSTimeout, std: errcode.RequestTimeout, why: clientContext, late: true, stage: saying(peers.Silence)},
		{name: "the server chooses HTTP/1.1 where HTTP/2 is required", want: errcode.TLSALPN, std: errcode.AlertNoApplicationProtocol, why: "net/http offers nothing but HTTP/2, so that the server gives up", stage: func(t lab) transport.Config {
			cfg := with(&tls.Config{Certificates: []tls.Certificate{other}, NextProtos: []string{"http/1.1"}})(t)
			cfg.HTTPVersion = option.OnlyHTTP2
			return cfg
		}},
		{name: "the server chooses an unsupported version of TLS", want: errcode.TLSNoOverlap, std: errcode.General, why: handshakeText, stage: saying(peers.Saying(serverHelloTLS10))},
		{name: "the server's key does not fit its certificate", want: errcode.TLSSignature, std: errcode.General, why: handshakeText, stage: with(&tls.Config{Certificates: []tls.Certificate{wrongKey}})},
		{name: "the server's key does not fit its certificate, in TLS 1.2", want: errcode.TLSSignature, std: errcode.General, why: handshakeText, stage: with(&tls.Config{Certificates: []tls.Certificate{wrongKey}, MaxVersion: tls.VersionTLS12})},
		{name: "the server's key is of another algorithm than its certificate", want: errcode.TLSSignature, std: errcode.General, why: handshakeText, stage: with(&tls.Config{Certificates: []tls.Certificate{wrongKind}})},
		{name: "the server's certificate cannot be parsed", want: errcode.CertMalformed, std: errcode.General, why: handshakeText, stage: with(&tls.Config{Certificates: []tls.Certificate{garbage}})},
		{name: "the server's hello is malformed", want: errcode.TLS, stage: saying(peers.Saying("\x16\x03\x03\x00\x05\x02\x00\x00\x01\x00"))},
	}
}

// certificateScenes are the scenes of [peers.BadCertificates], and a revocation.
func certificateScenes() []scene {
	var all []scene
	for _, c := range peers.BadCertificates() {
		all = append(all, scene{name: c.Says, want: c.Code, stage: func(t lab) transport.Config {
			return transport.Config{
				URL: at("https", secured(t, peers.Showing(c.Cert))),
				TLS: option.TLS{CA: c.Roots, ServerName: "name.test"},
			}
		}})
	}
	return append(all, scene{name: "the certificate is revoked", want: errcode.CertRevoked, std: errcode.OK, why: noLook, stage: func(t lab) transport.Config {
		root := certs.Issue(nil, certs.Authority)
		leaf := certs.Issue(&root)
		leaf.OCSPStaple = peers.Staple(t, leaf, root, root, ocsp.Revoked)
		return transport.Config{
			URL: at("https", peer(t, peers.Within(peers.Showing(leaf), peers.Saying(noBody)))),
			TLS: option.TLS{CA: certs.PEM(root)}, HTTPVersion: option.OnlyHTTP11,
		}
	}})
}

// alertScenes are the alerts of [alertFaults], including those of real servers.
func alertScenes() []scene {
	var all []scene
	for n := range 256 {
		c := errcode.FromAlert(uint8(n))
		if c == errcode.TLSAlert && n != 111 {
			continue
		}
		all = append(all, scene{name: fmt.Sprintf("the peer sends alert %d", n), want: c, stage: func(t lab) transport.Config {
			return transport.Config{
				URL: at("https", peer(t, peers.Saying("\x15\x03\x03\x00\x02\x02"+string([]byte{byte(n)})))),
				TLS: option.TLS{InsecureSkipVerify: true},
			}
		}})
	}
	own := certs.Issue(nil)
	for _, c := range []struct {
		name   string
		want   errcode.Code
		server *tls.Config
		client option.TLS
	}{
		{
			"the server speaks a newer version of TLS only", errcode.AlertProtocolVersion,
			&tls.Config{MinVersion: tls.VersionTLS13}, option.TLS{MaxVersion: tls.VersionTLS12},
		},
		{
			"the server requires a client certificate", errcode.AlertCertificateRequired,
			&tls.Config{ClientAuth: tls.RequireAnyClientCert}, option.TLS{},
		},
		{
			"the server does not know the client's CA", errcode.AlertUnknownCA,
			&tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool()},
			option.TLS{Cert: certs.PEM(own), Key: certs.KeyPEM(own)},
		},
		{
			"the server speaks another protocol", errcode.AlertNoApplicationProtocol,
			&tls.Config{NextProtos: []string{"pigeon"}}, option.TLS{},
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

// securedPeer plays a script within TLS, with a certificate of its own making.
func securedPeer(t lab, script peers.Script) *url.URL {
	t.Helper()
	return peers.Listen(t, peers.Within(peers.Showing(certs.Issue(nil)), script)).URL("https")
}
