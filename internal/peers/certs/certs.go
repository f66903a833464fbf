// Package certs makes certificates for tests and for the demo: right ones, and ones with a chosen mistake. Their keys
// never leave memory unless a caller writes them down.
package certs

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// Change changes the template of a certificate before it is signed.
type Change = func(*x509.Certificate)

// Issue makes a certificate with a new key below issuer, followed by the issuer's own chain. Without an issuer it signs
// itself. By default it is for a server at name.test and 127.0.0.1, and valid from an hour ago until a day from now;
// changes alter this. It panics if it cannot make a certificate from this: the caller has made a mistake.
func Issue(issuer *tls.Certificate, changes ...Change) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := template(changes)
	parent, signer, above := template, crypto.PrivateKey(key), [][]byte(nil)
	if issuer != nil {
		parent, signer, above = issuer.Leaf, issuer.PrivateKey, issuer.Certificate
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: append([][]byte{der}, above...), PrivateKey: key, Leaf: leaf}
}

func template(changes []Change) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		panic(err)
	}
	c := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "server"},
		DNSNames:              []string{"name.test"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	Lasting(-time.Hour, 24*time.Hour)(c)
	for _, change := range changes {
		change(c)
	}
	return c
}

// Authority makes it the certificate of an authority. An authority may issue others.
func Authority(c *x509.Certificate) {
	c.Subject = pkix.Name{CommonName: "authority"}
	c.DNSNames, c.IPAddresses, c.ExtKeyUsage = nil, nil, nil
	c.IsCA = true
	c.KeyUsage |= x509.KeyUsageCertSign
}

// Shallow lets an authority issue no certificates of other authorities.
func Shallow(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = 0, true }

// Permitting lets an authority issue certificates for one domain alone.
func Permitting(domain string) Change {
	return func(c *x509.Certificate) {
		c.PermittedDNSDomainsCritical, c.PermittedDNSDomains = true, []string{domain}
	}
}

// For makes it a certificate for other hosts. A host is a name or an address.
func For(hosts ...string) Change {
	return func(c *x509.Certificate) {
		c.DNSNames, c.IPAddresses = nil, nil
		for _, host := range hosts {
			if ip := net.ParseIP(host); ip != nil {
				c.IPAddresses = append(c.IPAddresses, ip)
			} else {
				c.DNSNames = append(c.DNSNames, host)
			}
		}
	}
}

// Lasting makes it valid between two moments, counted from now.
func Lasting(from, until time.Duration) Change {
	return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Now().Add(from), time.Now().Add(until) }
}

// ForClients makes it a certificate of a client.
func ForClients(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }

// PEM returns certificates in the format of a file, without their issuers.
func PEM(certificates ...tls.Certificate) []byte {
	var b bytes.Buffer
	for _, c := range certificates {
		_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}) // to memory
	}
	return b.Bytes()
}

// KeyPEM returns the private key of a certificate in the format of a file.
func KeyPEM(c tls.Certificate) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		panic(err) // this package has made the key
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}
