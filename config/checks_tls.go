package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
)

// checkTLS lets a target inherit settings of TLS without a meaning for any
// server it may dial, but not set them itself.
func (s checks) checkTLS(t *Target) {
	if s.knowsDials() {
		all := dials(t)
		for _, f := range tlsFields(&t.Connection.TLS) {
			if slices.ContainsFunc(all, func(d dialled) bool { return d.heedsTLS(f.Name) }) {
				continue
			}
			path := "connection.tls." + f.Name
			if s.IsOwn(path) {
				s.Conflict(meaningless(all), path)
			}
			// A target with a useless setting and one without it behave the same, so they
			// must be equal.
			f.Value.Reset()
			s.Forget(path)
		}
		s.checkTLSTimeout(t, all)
	}
	s.checkPair(t.Connection.TLS)
	s.checkTLSVersions(t.Connection.TLS)
}

// checkTLSTimeout accepts the timeout for an http URL: there it has no use, but
// it is no mistake.
func (s checks) checkTLSTimeout(t *Target, all []dialled) {
	const timeout = "connection.tls_timeout"
	if t.Kind() == KindHTTP || t.IsSecured() {
		return
	}
	if s.IsOwn(timeout) {
		s.Conflict(meaningless(all), timeout)
	}
	t.Connection.TLSTimeout = 0
	s.Forget(timeout)
}

// knowsDials reports whether dials returns every URL of the target.
func (s checks) knowsDials() bool {
	isSpoilt := func(key string) bool { return s.IsSet(key) && !s.Sound(key) }
	return s.Sound(urlKey) && !slices.ContainsFunc([]string{proxyKey, loginKey, redirectsKey, transportKey}, isSpoilt)
}

// meaningless returns the text for a key of TLS without a meaning for any of
// the URLs in all. The first URL is the target's. The text names the URLs with
// TLS.
func meaningless(all []dialled) string {
	var secured []string
	for _, d := range all {
		if d.secured {
			secured = append(secured, d.key)
		}
	}
	msg, advice := "has no meaning for an http URL", ""
	switch k := kindOf(all[0].url); k.name {
	case KindHTTP:
	case KindDNS:
		msg, advice = "has no meaning for a dns URL", "; remove the key, or use dns.transport: tls"
	default:
		msg, advice = "has no meaning for a "+all[0].url.Scheme+" URL", "; remove the key, or use "+k.secured[0]+"://"
	}
	if len(secured) > 0 {
		msg += ", nor for " + strings.Join(secured, " and ")
	}
	return msg + advice
}

func (s checks) checkPair(t TLS) {
	const cert, key = "connection.tls.cert_file", "connection.tls.key_file"
	switch {
	case s.IsSet(cert) && !s.IsSet(key):
		s.Conflict("needs connection.tls.key_file too", cert)
	case s.IsSet(key) && !s.IsSet(cert):
		s.Conflict("needs connection.tls.cert_file too", key)
	case s.Sound(cert, key):
		// Once for each pair: thousands of targets often have the same.
		if err := s.Files.Once(t.CertFile+"\x00"+t.KeyFile, func() error { return checkPair(t.Cert, t.Key) }); err != nil {
			s.Conflict(err.Error(), cert, key)
		}
	}
}

func (s checks) checkTLSVersions(t TLS) {
	const low, high = "connection.tls.min_version", "connection.tls.max_version"
	switch {
	case s.Sound(low, high) && t.MinVersion > t.MaxVersion:
		s.Conflict("min_version is above max_version", low, high)
	case s.Sound(high) && !s.IsSet(low) && t.MaxVersion < tls.VersionTLS12:
		s.Conflict("needs connection.tls.min_version too, which is 1.2 by default", high)
	}
}

func checkPair(cert, key []byte) error {
	_, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("the certificate and key_file do not belong together: %s", strings.TrimPrefix(err.Error(), "tls: "))
	}
	return nil
}

func checkCA(pem []byte) error {
	if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		return errors.New("it has no certificate in PEM form")
	}
	return nil
}

func tlsVersion(to *uint16) form.Value {
	names := []string{"1.0", "1.1", "1.2", "1.3"}
	parse := func(n *yaml.Node) (uint16, error) {
		i := slices.Index(names, n.Value)
		if i < 0 {
			return 0, fmt.Errorf("must be %s", form.Alternatives(names))
		}
		return tls.VersionTLS10 + uint16(i), nil
	}
	format := func(v uint16) *yaml.Node {
		return form.PlainNode(strings.TrimPrefix(tls.VersionName(v), "TLS "))
	}
	return form.Scalar[uint16]{To: to, Parse: parse, Format: format, Written: func() form.Shape { return form.OneWord(names) }}
}
