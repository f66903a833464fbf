package throughput

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"example.com/prober/bench/rig"
)

// servers are the programs that answer. They share a core, and only one of them is busy at a time.
type servers struct {
	dir          string
	http1, http2 [2]server // without and with TLS
	nginx        [2]server // the same for HTTP/2 of nginx
	bare         server
	turns        int
}

// hosts is the number of nginx's addresses: 127.0.0.1 and the following ones. Clients that make connections by the ten
// thousand leave them in a state that occupies their ports for a minute. With an address of its own each client finds
// all ports free.
const hosts = 24

func host(i int) string { return fmt.Sprintf("127.0.0.%d", i%hosts+1) }

// turn makes the next client use another address of nginx.
func (s *servers) turn() { s.turns++ }

// server is a program with its address.
type server struct {
	process *rig.Process
	address string
}

// startServers starts nginx for HTTP/1.1 and nghttpd for HTTP/2. Their files are in dir.
func startServers(ctx context.Context, r *rig.Rig, dir string) (*servers, error) {
	s := &servers{dir: dir}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	if err := errors.Join(s.startNginx(ctx, r), s.startNghttpd(ctx, r), s.startBare(ctx, r)); err != nil {
		return nil, err
	}
	for _, one := range slices.Concat(s.http1[:], s.http2[:], s.nginx[:]) {
		if err := one.process.AwaitListener(ctx, one.address); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// prepare writes the files of the servers and the bodies of the clients.
func (s *servers) prepare() error {
	if err := os.Mkdir(s.htdocs(), 0o755); err != nil {
		return err
	}
	write := func(path string, size int) error {
		return os.WriteFile(path, []byte(strings.Repeat("x", size)), 0o644)
	}
	for _, c := range contents() {
		err := write(filepath.Join(s.htdocs(), strconv.Itoa(c.answer)), c.answer)
		if err := errors.Join(err, write(s.body(c), c.upload)); err != nil {
			return err
		}
	}
	return writeCertificate(s.certificate(), s.key())
}

// nginxConfig makes every handshake a full one: no client here may gain from another's sessions.
const nginxConfig = `daemon off; master_process off; worker_processes 1; pid %[1]s/nginx.pid;
events { worker_connections 4096; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; root %[1]s/htdocs;
  open_file_cache max=100; open_file_cache_valid 1h; lingering_close off;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy;
  fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
  ssl_certificate %[2]s; ssl_certificate_key %[3]s; ssl_protocols TLSv1.3;
  ssl_session_cache off; ssl_session_tickets off;
  server {
    %[4]s
    location = /%[5]s { return 200 "ok"; }
  }
}
`

// uploads is the path for content to nginx.
const uploads = "upload"

func (s *servers) startNginx(ctx context.Context, r *rig.Rig) error {
	plain, secured, err := addresses()
	if err != nil {
		return err
	}
	open, both, err := addresses()
	if err != nil {
		return err
	}
	file := filepath.Join(s.dir, "nginx.conf")
	config := fmt.Sprintf(nginxConfig, s.dir, s.certificate(), s.key(),
		listeners(plain)+listeners(secured, "ssl")+listeners(open, "http2")+listeners(both, "ssl", "http2"), uploads)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return err
	}
	p, err := r.StartPeer(ctx, "nginx", "-e", filepath.Join(s.dir, "nginx.log"), "-c", file)
	s.http1, s.nginx = [2]server{{p, plain}, {p, secured}}, [2]server{{p, open}, {p, both}}
	return err
}

// listeners returns the directives to listen at the port of address, on all hosts.
func listeners(address string, options ...string) string {
	_, port, _ := net.SplitHostPort(address)
	var b strings.Builder
	for i := range hosts {
		fmt.Fprintf(&b, "listen %s:%s %s backlog=4096;\n", host(i), port, strings.Join(options, " "))
	}
	return b.String()
}

func (s *servers) startNghttpd(ctx context.Context, r *rig.Rig) error {
	plain, secured, err := addresses()
	if err != nil {
		return err
	}
	start := func(address string, more ...string) (server, error) {
		_, port, _ := net.SplitHostPort(address)
		args := []string{"--address=127.0.0.1", "--htdocs=" + s.htdocs(), "--max-concurrent-streams=1000", "--echo-upload"}
		p, err := r.StartPeer(ctx, "nghttpd", append(append(args, more[0], port), more[1:]...)...)
		return server{p, address}, err
	}
	var plainErr, securedErr error
	s.http2[0], plainErr = start(plain, "--no-tls")
	s.http2[1], securedErr = start(secured, "--workers=1", s.key(), s.certificate())
	return errors.Join(plainErr, securedErr)
}

// startBare starts the server of the other benchmarks.
func (s *servers) startBare(ctx context.Context, r *rig.Rig) error {
	one, err := r.StartServer(ctx, rig.Service{}, 0)
	if err != nil {
		return err
	}
	s.bare = server{one.Process(), strings.TrimSuffix(strings.TrimPrefix(one.URL, "http://"), "/")}
	return nil
}

func addresses() (plain, secured string, err error) {
	plain, plainErr := rig.FreeAddress()
	secured, securedErr := rig.FreeAddress()
	return plain, secured, errors.Join(plainErr, securedErr)
}

// of returns the server and the URL for a load.
func (s *servers) of(l load) (one server, url string) {
	all, scheme, path := s.http1, "http", strconv.Itoa(l.answer)
	switch {
	case l.bare:
		return s.bare, "http://" + s.bare.address + "/"
	case l.nginx:
		all = s.nginx
	case l.http2:
		all = s.http2
	}
	one = all[0]
	if l.tls {
		scheme, one = "https", all[1]
	}
	if l.upload > 0 {
		path = uploads
	}
	at := one.address
	if l.perAnswer && !l.oneAddress {
		_, port, _ := net.SplitHostPort(at)
		at = net.JoinHostPort(host(s.turns), port)
	}
	return one, scheme + "://" + at + "/" + path
}

// stop ends the servers. Errors at their end say nothing about the measurement.
func (s *servers) stop(ctx context.Context) {
	for _, one := range []server{s.http1[0], s.http2[0], s.http2[1], s.bare} {
		_ = one.process.Terminate(ctx)
	}
}

func (s *servers) htdocs() string      { return filepath.Join(s.dir, "htdocs") }
func (s *servers) key() string         { return filepath.Join(s.dir, "key.pem") }
func (s *servers) certificate() string { return filepath.Join(s.dir, "certificate.pem") }

// body returns the file with the uploaded content.
func (s *servers) body(c content) string {
	return filepath.Join(s.dir, fmt.Sprintf("body-%d", c.upload))
}
