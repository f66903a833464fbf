package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// checkTLS lets a target that never speaks TLS inherit settings of it but not
// have its own.
func (s *scope) checkTLS(t *Target) {
	if !s.sound("url") || mayUseTLS(t) {
		s.checkPair(t.Connection.TLS)
		s.checkTLSVersions(t.Connection.TLS)
		return
	}
	for _, f := range tlsFields(new(TLS)) {
		if path := "connection.tls." + f.key; s.isOwn(path) {
			s.conflict("has no meaning for an http URL", path)
		}
	}
	t.Connection.TLS = TLS{}
}

// mayUseTLS tells whether a connection may be secured: to the target, to where it
// redirects to, or to a proxy.
func mayUseTLS(t *Target) bool {
	proxy := t.Connection.Proxy.URL
	return t.URL.Scheme == "https" || t.Request.FollowRedirects > 0 || proxy != nil && proxy.Scheme == "https"
}

func (s *scope) checkPair(t TLS) {
	const cert, key = "connection.tls.cert_file", "connection.tls.key_file"
	switch {
	case s.isSet(cert) && !s.isSet(key):
		s.conflict("needs connection.tls.key_file too", cert)
	case s.isSet(key) && !s.isSet(cert):
		s.conflict("needs connection.tls.cert_file too", key)
	case s.sound(cert, key):
		if err := s.files.once(t.CertFile+"\x00"+t.KeyFile, func() error { return checkPair(t.Cert, t.Key) }); err != nil {
			s.conflict(err.Error(), cert, key)
		}
	}
}

func (s *scope) checkTLSVersions(t TLS) {
	const low, high = "connection.tls.min_version", "connection.tls.max_version"
	switch {
	case s.sound(low, high) && t.MinVersion > t.MaxVersion:
		s.conflict("min_version is above max_version", low, high)
	case s.sound(high) && !s.isSet(low) && t.MaxVersion < tls.VersionTLS12:
		s.conflict("needs connection.tls.min_version too, which is 1.2 by default", high)
	}
}

func checkPair(cert, key []byte) error {
	_, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("the certificate and key_file cannot be used together: %s", strings.TrimPrefix(err.Error(), "tls: "))
	}
	return nil
}

func checkCA(pem []byte) error {
	if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		return errors.New("it holds no certificate in PEM form")
	}
	return nil
}

func tlsVersion(to *uint16) value {
	names := []string{"1.0", "1.1", "1.2", "1.3"}
	parse := func(n *yaml.Node) (uint16, error) {
		i := slices.Index(names, n.Value)
		if i < 0 {
			return 0, fmt.Errorf("must be %s", alternatives(names))
		}
		return tls.VersionTLS10 + uint16(i), nil
	}
	format := func(v uint16) *yaml.Node {
		return plainNode(strings.TrimPrefix(tls.VersionName(v), "TLS "))
	}
	return scalar[uint16]{to, parse, format}
}
