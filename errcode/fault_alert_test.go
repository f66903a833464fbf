package errcode_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
)

// alertFaults are the alerts of a TLS peer: each number from a peer that sends it raw,
// and the alerts that crypto/tls sends by itself.
func alertFaults() []fault {
	var all []fault
	for n := range 256 {
		c := errcode.FromAlert(uint8(n))
		if c == errcode.TLSAlert && n != 111 {
			continue
		}
		alert := "\x15\x03\x03\x00\x02\x02" + string([]byte{byte(n)})
		all = append(all, fault{name: fmt.Sprintf("the peer sends alert %d", n), want: c, fail: shaking(peers.Saying(alert))})
	}
	return append(all, serverAlerts()...)
}

func serverAlerts() []fault {
	own := []tls.Certificate{certs.Issue(nil)}
	cases := []struct {
		name           string
		want           errcode.Code
		server, client *tls.Config
	}{
		{
			"the server speaks a newer version only", errcode.AlertProtocolVersion,
			&tls.Config{Certificates: own, MinVersion: tls.VersionTLS13}, &tls.Config{MaxVersion: tls.VersionTLS12},
		},
		{
			"there is no cipher suite in common", errcode.AlertHandshakeFailure,
			&tls.Config{Certificates: own, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}},
			&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}},
		},
		{
			"the server requires a client certificate", errcode.AlertCertificateRequired,
			&tls.Config{Certificates: own, ClientAuth: tls.RequireAnyClientCert}, &tls.Config{},
		},
		{
			"the server does not know the client's CA", errcode.AlertUnknownCA,
			&tls.Config{Certificates: own, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool()}, &tls.Config{Certificates: own},
		},
		{
			"the server speaks another protocol", errcode.AlertNoApplicationProtocol,
			&tls.Config{Certificates: own, NextProtos: []string{"pigeon"}}, &tls.Config{NextProtos: []string{"h2"}},
		},
		{
			"the server has no certificate for the name", errcode.AlertUnrecognizedName,
			&tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, nil }}, &tls.Config{},
		},
		{
			"the server cannot get its certificate", errcode.AlertInternalError,
			&tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, errors.New("no key") }}, &tls.Config{},
		},
	}
	var all []fault
	for _, c := range cases {
		c.client.InsecureSkipVerify = true
		all = append(all, fault{name: c.name, want: c.want, fail: func(t lab) error {
			return handshake(t, secured(t, c.server), c.client)
		}})
	}
	return all
}

func TestTheMeaningOfAnAlertNamesItsNumber(t *testing.T) {
	t.Parallel()
	var own int
	for n := range 256 {
		if c := errcode.FromAlert(uint8(n)); c != errcode.TLSAlert {
			own++
			assert.Equal(t, fmt.Sprintf("alert %d from the peer", n), c.Meaning())
		}
	}
	assert.Equal(t, 26, own)
}
