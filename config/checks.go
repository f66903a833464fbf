package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// check finds the mistakes that keys of a target make together, and drops what
// was inherited and has no meaning for this target. The defaults of the
// program are not filled in yet.
func (s *scope) check(t *Target) {
	s.checkBurst(t.Burst)
	s.checkBody(t.Request)
	s.checkReuse(&t.Connection)
	if s.sound("url") && t.URL.Scheme == "http" {
		s.checkNoTLS()
		t.Connection.TLS = TLS{}
		return
	}
	s.checkTLS(t.Connection.TLS)
}

// conflict reports a mistake of several keys at the first that stands in this
// target itself or, when all are inherited, at the first of them.
func (s *scope) conflict(msg string, paths ...string) {
	i := slices.IndexFunc(paths, s.isOwn)
	if i < 0 {
		i = slices.IndexFunc(paths, s.isSet)
	}
	blamed := s.marks[paths[i]]
	s.add(blamed.key, blamed.where, paths[i], msg)
}

func (s *scope) isOwn(path string) bool { return s.isSet(path) && s.marks[path].where == s.where }

// sound tells that all of the keys were set, and without a mistake.
func (s *scope) sound(paths ...string) bool {
	return !slices.ContainsFunc(paths, func(path string) bool { return !s.isSet(path) || s.marks[path].bad })
}

// checkBurst bounds the arrivals of an open burst, in number and in time.
func (s *scope) checkBurst(b Burst) {
	const requests, duration, rate = "burst.requests", "burst.duration", "burst.rate"
	switch {
	case !s.sound(rate):
	case s.sound(duration) && !s.isSet(requests) && b.Rate*b.Duration.Seconds() > maxArrivals:
		s.conflict(fmt.Sprintf("rate and duration make more than %d requests in one burst", maxArrivals), rate, duration)
	case s.sound(requests) && !s.isSet(duration) && float64(b.Requests)/b.Rate > maxDuration.Seconds():
		s.conflict("at this rate the requests of one burst take more than "+formatDuration(maxDuration), rate, requests)
	}
}

// checkBody holds back bodies that many servers ignore or refuse: RFC 9110,
// section 9.3. A body with GET must be asked for.
func (s *scope) checkBody(r Request) {
	bodies := []string{"request.body", "request.body_file", "request.body_size"}
	hasBody := slices.ContainsFunc(bodies, s.isSet)
	switch {
	case !hasBody || s.isSet("request.method") && !s.sound("request.method"):
	case r.Method == "":
		s.conflict("needs request.method, such as POST; the default is GET", bodies...)
	case r.Method == http.MethodHead || r.Method == http.MethodTrace:
		s.conflict(r.Method+" cannot have a body", append(bodies, "request.method")...)
	}
}

func (s *scope) checkReuse(c *Connection) {
	const count, reuse = "connection.requests_per_connection", "connection.reuse"
	if c.Reuse != ReuseNever || !s.isSet(count) {
		return
	}
	if s.isOwn(count) || s.marks[count].where == s.marks[reuse].where {
		s.conflict("has no meaning with reuse: never", count)
	}
	c.RequestsPerConnection = 0
}

// checkNoTLS lets an http target inherit TLS settings but not have its own.
func (s *scope) checkNoTLS() {
	for _, f := range tlsFields(new(TLS)) {
		if path := "connection.tls." + f.key; s.isOwn(path) {
			s.conflict("has no meaning for an http URL", path)
		}
	}
}

func (s *scope) checkTLS(t TLS) {
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
	s.checkTLSVersions(t)
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

// checkMethod follows RFC 9110, section 9.1: a token, and case matters.
func checkMethod(s string) error {
	standard := []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut,
		http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodTrace,
	}
	upper := strings.ToUpper(s)
	switch {
	case upper == http.MethodConnect:
		return errors.New("CONNECT opens a tunnel and cannot be sent to a target")
	case s != upper && slices.Contains(standard, upper):
		return fmt.Errorf("methods are case-sensitive: write %s", upper)
	case !isToken(s):
		return errors.New("must be a method such as GET or POST (RFC 9110, section 9.1)")
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
