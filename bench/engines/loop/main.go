// Command loop is a minimal client: its workers send one request after the other through quic-go's client of HTTP/3, or
// make one connection after the other, and measure nothing. It prints how many there were, in which time, and how many
// failed.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// options of the command.
type options struct {
	url       string
	connect   string
	authority string // a file
	workers   int
	duration  time.Duration
	anew      bool
	hold      bool
}

func main() {
	var o options
	flag.StringVar(&o.url, "url", "", "URL to ask by HTTP/3")
	flag.StringVar(&o.connect, "connect", "", "address to connect to, in place of a URL")
	flag.StringVar(&o.authority, "authority", "", "file of the certificate that vouches for the server")
	flag.IntVar(&o.workers, "workers", 1, "number of workers")
	flag.DurationVar(&o.duration, "duration", time.Second, "how long they work")
	flag.BoolVar(&o.anew, "new", false, "make a connection for each request")
	flag.BoolVar(&o.hold, "hold", false, "have each worker send one request on a connection of its own, and keep it")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "loop:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	do, err := o.request()
	if err != nil {
		return err
	}
	begin := time.Now()
	end := begin.Add(o.duration)
	each := make([]struct{ requests, failures int }, o.workers)
	var all sync.WaitGroup
	for i := range each {
		all.Go(func() {
			once := do()
			for more := true; more; more = !o.hold && time.Now().Before(end) {
				each[i].requests++
				if err := once(); err != nil {
					each[i].failures++
				}
			}
		})
	}
	all.Wait()
	took, requests, failures := time.Since(begin), 0, 0
	for _, one := range each {
		requests += one.requests
		failures += one.failures
	}
	fmt.Printf("%d requests, %d failures, %d microseconds\n", requests, failures, took.Microseconds())
	if o.hold {
		<-time.After(time.Until(end))
	}
	return nil
}

// request returns a function that makes the request function of a worker.
func (o options) request() (worker func() func() error, err error) {
	if o.connect != "" {
		return func() func() error { return o.dial }, nil
	}
	pem, err := os.ReadFile(o.authority)
	if err != nil {
		return nil, err
	}
	trust := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS13}
	if !trust.RootCAs.AppendCertsFromPEM(pem) {
		return nil, errors.New("the file of the authority holds no certificate")
	}
	open := func() *http3.Transport {
		return &http3.Transport{TLSClientConfig: trust, DisableCompression: true, QUICConfig: o.quic()}
	}
	switch {
	case o.anew:
		return func() func() error {
			return func() error {
				t := open()
				return errors.Join(o.ask(t), t.Close())
			}
		}, nil
	case o.hold:
		return func() func() error {
			t := open()
			return func() error { return o.ask(t) }
		}, nil
	}
	shared := open()
	return func() func() error { return func() error { return o.ask(shared) } }, nil
}

// quic returns nil for the usual settings. The handshakes of all workers at once take longer than usual.
func (o options) quic() *quic.Config {
	if !o.hold {
		return nil
	}
	return &quic.Config{HandshakeIdleTimeout: o.duration, MaxIdleTimeout: o.duration}
}

// dial makes a connection and closes it.
func (o options) dial() error {
	c, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", o.connect)
	if err != nil {
		return err
	}
	return c.Close()
}

// ask sends a request and reads its answer.
func (o options) ask(t *http3.Transport) error {
	q, err := http.NewRequestWithContext(context.Background(), http.MethodGet, o.url, http.NoBody)
	if err != nil {
		return err
	}
	answer, err := t.RoundTrip(q)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode != http.StatusOK {
		err = errors.Join(err, errors.New(answer.Status))
	}
	return errors.Join(err, answer.Body.Close())
}
