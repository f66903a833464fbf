package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"

	"example.com/prober/internal/peers"
)

const anyone = "connection: {tls: {insecure_skip_verify: true}}"

// tlsFaults are handshakes that fail.
func (f *farm) tlsFaults() []fault {
	cert := f.issue()
	serving := func(cfg *tls.Config) peers.Script {
		if cfg.Certificates == nil {
			cfg.Certificates = []tls.Certificate{cert}
		}
		return within(cfg, peers.Silence)
	}
	wrongKey, garbage := peers.Unusable(canaryPeer)
	all := []fault{
		{name: "tls-plain-http", codes: "1304", serve: blurt("HTTP/1.1 400 Bad Request\r\n\r\n")},
		{name: "tls-ssh", codes: "1301", serve: blurt("SSH-2.0-OpenSSH_9.9\r\n")},
		{name: "tls-closed", codes: "1303", serve: blurt("")},
		{name: "tls-reset", codes: "1303", serve: peers.ResetAfterRequest},
		{name: "tls-silent", codes: "1302", waits: true, serve: peers.Silence, keys: []string{"connection: {tls_timeout: 2s, tls: {insecure_skip_verify: true}}"}},
		{name: "tls-alpn", codes: "1305", serve: serving(&tls.Config{NextProtos: []string{"http/1.1"}}), keys: []string{"connection: {http_version: 2, tls: {insecure_skip_verify: true}}"}},
		{name: "tls-wrong-key", codes: "1307", serve: serving(&tls.Config{Certificates: []tls.Certificate{wrongKey}})},
		{name: "tls-garbage-certificate", codes: "1308", serve: serving(&tls.Config{Certificates: []tls.Certificate{garbage}})},
		{name: "tls-bad-hello", codes: "1300", serve: blurt("\x16\x03\x03\x00\x05\x02\x00\x00\x01\x00")},
		{name: "tls-newer-only", codes: "1335", serve: serving(&tls.Config{MinVersion: tls.VersionTLS13}), keys: []string{"connection: {tls: {insecure_skip_verify: true, max_version: '1.2'}}"}},
		{name: "tls-wants-certificate", codes: "1345", serve: serving(&tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool()})},
		{name: "tls-pigeon", codes: "1346", serve: serving(&tls.Config{NextProtos: []string{"pigeon"}})},
	}
	for number, code := range alertCodes() {
		all = append(all, fault{
			name: fmt.Sprintf("tls-alert-%d", number), codes: code,
			serve: blurt("\x15\x03\x03\x00\x02\x02" + string([]byte{number})),
		})
	}
	for i := range all {
		all[i].scheme = "https"
		if all[i].keys == nil {
			all[i].keys = []string{anyone}
		}
	}
	return all
}

// alertCodes returns the code of each alert with a code of its own (RFC 8446 section 6), and the code of an alert
// without one.
func alertCodes() map[byte]string {
	numbers := []byte{10, 20, 22, 40, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 70, 71, 80, 86, 90, 109, 110, 112, 113, 115, 116, 120}
	codes := map[byte]string{111: "1320"}
	for i, number := range numbers {
		codes[number] = fmt.Sprint(1321 + i)
	}
	return codes
}

// certificateFaults are untrusted certificates.
func (f *farm) certificateFaults() []fault {
	var all []fault
	for _, bad := range peers.BadCertificates() {
		x := fault{
			name: "cert-" + bad.Name, codes: bad.Code.String(), scheme: "https", trusted: bad.Roots,
			serve: within(peers.Showing(bad.Cert), peers.Silence),
		}
		if x.trusted != nil {
			x.keys = []string{fmt.Sprintf("connection: {tls: {ca_file: %s.pem}}", x.name)}
		}
		all = append(all, x)
	}
	return all
}
