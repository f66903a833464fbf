package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// wanted says what a certificate is to be. The zero value is one of a server at
// 127.0.0.1 that is right in everything.
type wanted struct {
	host       string
	from, to   time.Duration // from now
	ca         bool
	pathLen    int // of a CA; -1 is none
	permitted  string
	usage      x509.ExtKeyUsage
	signature  x509.SignatureAlgorithm
	extensions []pkix.Extension
}

// authority issues the certificates of the farm.
type authority struct{ root tls.Certificate }

func newAuthority() (*authority, error) {
	root, err := issue(nil, wanted{host: "root", ca: true})
	return &authority{root: root}, err
}

// issue makes a certificate of a server at 127.0.0.1.
func (a *authority) issue() (tls.Certificate, error) { return issue(&a.root, wanted{}) }

// pem is what ca_file is to hold for the authority.
func (a *authority) pem() []byte { return encodePEM(a.root.Certificate[0]) }

func encodePEM(certificates ...[]byte) []byte {
	var b bytes.Buffer
	for _, der := range certificates {
		_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: der}) // to memory
	}
	return b.Bytes()
}

// issue makes a certificate below issuer, self-signed without one, followed by the
// chain of its issuer.
func issue(issuer *tls.Certificate, w wanted) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := w.template()
	parent, signer, above := template, crypto.PrivateKey(key), [][]byte(nil)
	if issuer != nil {
		if parent, err = x509.ParseCertificate(issuer.Certificate[0]); err != nil {
			return tls.Certificate{}, err
		}
		signer, above = issuer.PrivateKey, issuer.Certificate
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	return tls.Certificate{Certificate: append([][]byte{der}, above...), PrivateKey: key}, err
}

func (w wanted) template() *x509.Certificate {
	if w.host == "" {
		w.host = "127.0.0.1"
	}
	if w.to == 0 {
		w.from, w.to = -time.Hour, 24*time.Hour
	}
	if w.usage == x509.ExtKeyUsageAny {
		w.usage = x509.ExtKeyUsageServerAuth
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: w.host},
		NotBefore:             time.Now().Add(w.from),
		NotAfter:              time.Now().Add(w.to),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		SignatureAlgorithm:    w.signature,
		ExtraExtensions:       w.extensions,
		BasicConstraintsValid: true,
		IsCA:                  w.ca,
	}
	if ip := net.ParseIP(w.host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{w.host}
	}
	if !w.ca {
		template.ExtKeyUsage = []x509.ExtKeyUsage{w.usage}
		return template
	}
	template.KeyUsage |= x509.KeyUsageCertSign
	template.MaxPathLen, template.MaxPathLenZero = w.pathLen, w.pathLen == 0
	if w.permitted != "" {
		template.PermittedDNSDomainsCritical, template.PermittedDNSDomains = true, []string{w.permitted}
	}
	return template
}

// badCertificate is a chain that a client who trusts the last of it refuses.
type badCertificate struct {
	name, code string
	chain      []wanted // from the root to the leaf
	lone       bool     // trust nothing: the leaf is self-signed
}

func badCertificates() []badCertificate {
	const day = 24 * time.Hour
	root := wanted{host: "root", ca: true}
	below := func(w wanted) []wanted { return []wanted{root, w} }
	strange := pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}
	return []badCertificate{
		{name: "self-signed", code: "1310", chain: []wanted{{}}, lone: true},
		{name: "other-host", code: "1311", chain: below(wanted{host: "other.test"})},
		{name: "expired", code: "1312", chain: below(wanted{from: -2 * day, to: -day})},
		{name: "ca-expired", code: "1312", chain: []wanted{{host: "root", ca: true, from: -2 * day, to: -day}, {}}},
		{name: "early", code: "1313", chain: below(wanted{from: day, to: 2 * day})},
		{name: "for-clients", code: "1314", chain: below(wanted{usage: x509.ExtKeyUsageClientAuth})},
		{name: "path-too-long", code: "1314", chain: []wanted{root, {host: "middle", ca: true, pathLen: -1}, {}}},
		{name: "no-ca", code: "1314", chain: []wanted{{host: "leaf"}, {}}},
		{name: "constrained", code: "1315", chain: []wanted{{host: "root", ca: true, pathLen: -1, permitted: "other.test"}, {host: "host.test"}}},
		{name: "sha1", code: "1307", chain: below(wanted{signature: x509.ECDSAWithSHA1})},
		{name: "critical-extension", code: "1319", chain: below(wanted{extensions: []pkix.Extension{strange}})},
	}
}

// build issues the chain and returns it with what the client is to trust.
func (b badCertificate) build() (cert tls.Certificate, trusted []byte, err error) {
	var issuer *tls.Certificate
	for _, w := range b.chain {
		if cert, err = issue(issuer, w); err != nil {
			return cert, nil, err
		}
		above := cert
		issuer = &above
	}
	if b.lone {
		return cert, nil, nil
	}
	return cert, encodePEM(cert.Certificate[len(cert.Certificate)-1]), nil
}
