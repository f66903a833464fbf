package wire

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"

	"example.com/prober/option"
)

// Certificates reads PEM once for all transports made with the same slices: to read the
// authorities of a system takes milliseconds, and thousands of targets often trust the
// same. Its results are never changed. It is for one goroutine; nil reads everything
// anew.
type Certificates struct {
	pools map[content]*x509.CertPool
	pairs map[[2]content]tls.Certificate
}

// content identifies the bytes of a slice as long as they are not changed. The address of its
// first byte and its length cost nothing to compare. A hash of all bytes would cost much for
// thousands of targets.
type content struct {
	first  *byte
	length int
}

// NewCertificates returns a Certificates without anything read.
func NewCertificates() *Certificates {
	return &Certificates{pools: map[content]*x509.CertPool{}, pairs: map[[2]content]tls.Certificate{}}
}

// ReadRoots reads the authorities of the system, once, if o verifies a peer by them. Otherwise
// crypto/x509 does so in the first handshake that needs them. This takes milliseconds, on a busy
// machine much longer, and they would count as the target's.
func ReadRoots(o option.TLS) {
	if len(o.CA) == 0 && !o.InsecureSkipVerify {
		readSystemRoots()
	}
}

var readSystemRoots = sync.OnceFunc(func() {
	_, _ = x509.SystemCertPool() // an error comes again with each handshake, and then it is of a request
})

func contentOf(b []byte) content {
	if len(b) == 0 {
		return content{}
	}
	return content{&b[0], len(b)}
}

// pool returns the certificates in pem.
func (c *Certificates) pool(pem []byte) (*x509.CertPool, error) {
	if c != nil && c.pools[contentOf(pem)] != nil {
		return c.pools[contentOf(pem)], nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("no certificate in the CA file")
	}
	if c != nil {
		c.pools[contentOf(pem)] = pool
	}
	return pool, nil
}

// pair returns the certificate in cert with the key in key, and its leaf parsed.
func (c *Certificates) pair(cert, key []byte) (tls.Certificate, error) {
	of := [2]content{contentOf(cert), contentOf(key)}
	if c != nil {
		if pair, ok := c.pairs[of]; ok {
			return pair, nil
		}
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err == nil && pair.Leaf == nil { // as GODEBUG can demand
		pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0])
	}
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("client certificate: %w", err)
	}
	if c != nil {
		c.pairs[of] = pair
	}
	return pair, nil
}
