package command

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"example.com/prober/errcode"
)

// healthFlags say which prober to ask, and what.
type healthFlags struct {
	address  string
	ready    bool
	timeout  time.Duration
	certFile string
	keyFile  string
}

func healthCommand(app *kingpin.Application) (string, command) {
	cmd := app.Command("health", "Ask a prober on this machine whether it is alive, with or without TLS. The exit code is 0 if it is, and 1 if not. Container images without a shell can run this as their health check.")
	var f healthFlags
	cmd.Flag("web.listen-address", "Address on which the prober listens, as in the flag of prober run.").Default(defaultAddress).StringVar(&f.address)
	cmd.Flag("ready", "Ask whether the prober is ready. While it shuts down, it is not.").BoolVar(&f.ready)
	lengthFlag(cmd, "timeout", "3s", "How long to wait for the answer.", &f.timeout, minInterval)
	cmd.Flag("cert-file", "Certificate of this command, if the prober asks clients for one.").StringVar(&f.certFile)
	cmd.Flag("key-file", "Key of that certificate.").StringVar(&f.keyFile)
	return "health", func(ctx context.Context, c *console) error { return health(ctx, c, f) }
}

// health prints the prober's report on itself, or returns why there is no good
// report.
func health(ctx context.Context, c *console, f healthFlags) error {
	client, err := f.client()
	if err != nil {
		return usageError{err}
	}
	u, err := f.url()
	if err != nil {
		return usageError{err}
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	status, said, err := askHealth(ctx, client, u)
	if status == http.StatusBadRequest { // a server with TLS answers a client without TLS so
		u.Scheme = "https"
		status, said, err = askHealth(ctx, client, u)
	}
	switch {
	case wantsCertificate(err):
		return fmt.Errorf("%w; give --cert-file and --key-file, with a certificate that it accepts", err)
	case err != nil:
		return err
	case status != http.StatusOK:
		return fmt.Errorf("%s answers %d %q", u, status, said)
	}
	_, err = c.stdout.Write(said)
	return err
}

// url returns the URL to ask, without TLS. If the prober listens on every
// address, it is asked on loopback.
func (f healthFlags) url() (*url.URL, error) {
	host, port, err := net.SplitHostPort(f.address)
	if err != nil {
		return nil, fmt.Errorf("--web.listen-address: %w", err)
	}
	switch host {
	// These mean every address to a listener, and no address to a client.
	case "", "0.0.0.0":
		host = "127.0.0.1"
	case "::":
		host = "::1"
	}
	path := "/-/healthy"
	if f.ready {
		path = "/-/ready"
	}
	return &url.URL{Scheme: "http", Host: net.JoinHostPort(host, port), Path: path}, nil
}

// client returns a client that ignores the proxies of the environment.
func (f healthFlags) client() (*http.Client, error) {
	// The request reveals no secret, and certificates seldom name loopback.
	settings := &tls.Config{InsecureSkipVerify: true} //nolint:gosec // see above
	if f.certFile != "" || f.keyFile != "" {
		pair, err := tls.LoadX509KeyPair(f.certFile, f.keyFile)
		if err != nil {
			return nil, fmt.Errorf("--cert-file, --key-file: %w", err)
		}
		settings.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	return &http.Client{
		Transport:     &http.Transport{TLSClientConfig: settings, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// askHealth returns the status of the answer and the start of its body.
func askHealth(ctx context.Context, client *http.Client, u *url.URL) (status int, said []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return 0, nil, err
	}
	answer, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	said, err = io.ReadAll(io.LimitReader(answer.Body, 200))
	return answer.StatusCode, said, err
}

// wantsCertificate reports whether err is a server's refusal of a client
// without a certificate, or with a wrong one: certificate_required or, before
// TLS 1.3, bad_certificate.
func wantsCertificate(err error) bool {
	code := errcode.FromError(err)
	return code == errcode.AlertCertificateRequired || code == errcode.AlertBadCertificate
}
