package throughput

import (
	"errors"
	"os"

	"example.com/prober/internal/peers/certs"
)

// writeCertificate writes a self-signed certificate for all hosts, and its key, as PEM.
func writeCertificate(certificate, key string) error {
	var all []string
	for i := range hosts {
		all = append(all, host(i))
	}
	c := certs.Issue(nil, certs.For(all...))
	return errors.Join(os.WriteFile(certificate, certs.PEM(c), 0o600), os.WriteFile(key, certs.KeyPEM(c), 0o600))
}
