//go:build linux

// Command server is the server in the benchmarks of engines: HTTP/3 and HTTP/2 over TLS at one address, and connections
// without data at another. It counts the answers and the connections in a file, as one number of eight bytes.
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/quic-go/quic-go/http3"
)

const (
	size = 1 << 10 // of an answer
	// later is the delay of the path /later: long enough to make many connections before their first answer.
	later = 5 * time.Second
	// patience is how long a connection may lie idle.
	patience = 2 * time.Minute
)

func main() {
	web := flag.String("web", "", "address for HTTP/3 and HTTP/2")
	bare := flag.String("bare", "", "address for connections that carry nothing")
	certificate := flag.String("certificate", "", "file of the certificate")
	key := flag.String("key", "", "file of its key")
	count := flag.String("count", "", "file for the number of answers and connections")
	flag.Parse()
	if err := run(*web, *bare, *certificate, *key, *count); err != nil {
		fmt.Fprintln(os.Stderr, "server of engines:", err)
		os.Exit(1)
	}
}

func run(web, bare, certificate, key, count string) error {
	done, err := newCounter(count)
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", answer(done))
	mux.HandleFunc("/later", func(w http.ResponseWriter, q *http.Request) {
		select {
		case <-time.After(later):
		case <-q.Context().Done():
		}
		answer(done)(w, q)
	})
	listener, err := listen(bare)
	if err != nil {
		return err
	}
	ended := make(chan error)
	go func() { ended <- take(listener, done) }()
	go func() { ended <- serveHTTP3(web, pair, mux) }()
	go func() { ended <- serveHTTP2(web, pair, mux) }()
	return <-ended
}

func answer(done *counter) http.HandlerFunc {
	body := make([]byte, size)
	return func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(body)
		done.add()
	}
}

func serveHTTP3(address string, pair tls.Certificate, h http.Handler) error {
	s := http3.Server{Addr: address, Handler: h, IdleTimeout: patience}
	s.TLSConfig = http3.ConfigureTLSConfig(&tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13})
	return s.ListenAndServe()
}

func serveHTTP2(address string, pair tls.Certificate, h http.Handler) error {
	s := http.Server{Addr: address, Handler: h, ReadHeaderTimeout: patience}
	s.TLSConfig = &tls.Config{
		Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13, NextProtos: []string{"h2"}, SessionTicketsDisabled: true,
	}
	return s.ListenAndServeTLS("", "")
}
