package e2e

import (
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

const servingNginxConfig = `
user root;
daemon off;
worker_processes 1;
pid DIR/nginx.pid;
error_log DIR/error.log;
events { worker_connections 1024; }
http {
  log_format counted '$request_uri $server_protocol $status';
  access_log DIR/access.log counted;
` + nginxHTTP + `  client_max_body_size 0;
  server {
    listen PLAIN backlog=1024;
    listen CLEAR http2 backlog=1024;
    listen SECURE ssl http2 backlog=1024;
    ssl_certificate DIR/cert.pem;
    ssl_certificate_key DIR/cert-key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    root FILES;
    location /upload {
      proxy_pass http://BACKEND;
      proxy_http_version 1.1;
      proxy_request_buffering off;
    }
  }
}
`

// startServingNginx starts an nginx with a master, which starts new workers on a reload.
func startServingNginx(t *testing.T, b *backend) *server {
	t.Helper()
	path := rig.Program(t, "nginx", "nginx")
	s := newServer(t)
	s.entry = regexp.MustCompile(`(?m)^(?P<uri>\S+) HTTP/(?P<version>\S+) (?P<status>\d+)$`)
	config := s.configure(t, "nginx.conf", servingNginxConfig, b)
	s.run(t, path, "-p", s.dir, "-c", config, "-e", filepath.Join(s.dir, "error.log"))
	s.reload = func(*testing.T) { s.Signal(syscall.SIGHUP) }
	return s
}

const haproxyConfig = `
global
  log stdout format raw local0
  maxconn 1000
  nbthread 1
defaults
  mode http
  log global
  timeout connect 10s
  timeout client 1m
  timeout server 1m
frontend all
  bind PLAIN
  bind CLEAR proto h2
  bind SECURE ssl crt DIR/pair.pem alpn h2,http/1.1 ssl-min-ver TLSv1.2
  log-format "request %[capture.req.uri] %HV %ST"
  http-request return status 200 if { path /0B } METH_GET
  default_backend files
backend files
  server one BACKEND
`

// startHaproxy starts a haproxy that answers requests for empty bodies itself. A master holds the listeners and starts
// a new worker on SIGUSR2. It drops lines of its log while another thread is writing one, and if a pipe is full. Hence
// it has one thread, and a file.
func startHaproxy(t *testing.T, b *backend) *server {
	t.Helper()
	path := rig.Program(t, "haproxy", "haproxy")
	s := newServer(t)
	s.entry = regexp.MustCompile(`(?m)^request (?:https?://[^/]+)?(?P<uri>\S+) HTTP/(?P<version>\S+) (?P<status>\d+)$`)
	s.end, s.drains = syscall.SIGUSR1, true
	s.run(t, "/bin/sh", "-c", `exec "$0" "$@" >>access.log`,
		path, "-W", "-db", "-f", s.configure(t, "haproxy.cfg", haproxyConfig, b))
	s.reload = func(t *testing.T) {
		t.Helper()
		workers := func() int { return strings.Count(s.Output(), "Loading success") }
		before := workers()
		s.Signal(syscall.SIGUSR2)
		rig.Until(t, "haproxy has a new worker", func() bool { return workers() > before })
	}
	return s
}

const caddyConfig = `
{
  admin ADMIN
  auto_https off
  grace_period 30s
  log {
    output file DIR/caddy.log
  }
  servers {
    protocols h1 h2 h2c h3
  }
}
(site) {
  bind 127.0.0.1
  log {
    output file DIR/access.log
  }
  reverse_proxy /upload BACKEND
  root * FILES
  file_server
}
http://PLAIN {
  import site
}
https://SECURE {
  tls DIR/cert.pem DIR/cert-key.pem
  import site
}
`

// startCaddy starts a caddy. It takes HTTP/1.1 and HTTP/2 on a TCP port, and HTTP/3 on the UDP port with the same
// number.
func startCaddy(t *testing.T, b *backend) *server {
	t.Helper()
	path := rig.Program(t, "caddy", "caddy")
	s := newServer(t)
	s.clear, s.quic, s.keepsClear, s.cutsOff = s.plain, s.secure, true, true
	s.end = syscall.SIGTERM
	s.entry = regexp.MustCompile(`"proto":"HTTP/(?P<version>[\d.]+)","method":"[A-Z]+","host":"[^"]*","uri":"(?P<uri>[^"]*)".*"status":(?P<status>\d+)`)
	text := strings.ReplaceAll(caddyConfig, "ADMIN", "127.0.0.1:"+rig.FreePort(t))
	config := s.configure(t, "Caddyfile", text, b)
	s.run(t, path, "run", "--adapter", "caddyfile", "--config", config)
	s.reload = func(t *testing.T) {
		t.Helper()
		reload := exec.CommandContext(t.Context(), path, "reload", "--force", "--adapter", "caddyfile", "--config", config)
		out, err := reload.CombinedOutput()
		require.NoError(t, err, string(out))
	}
	return s
}

// startNghttpd starts an nghttpd for HTTP/2 with TLS.
func startNghttpd(t *testing.T, b *backend) *server {
	t.Helper()
	s := newServer(t)
	s.plain, s.clear = "", ""
	runNghttpd(t, s, b, s.secure, filepath.Join(s.dir, "cert-key.pem"), filepath.Join(s.dir, "cert.pem"))
	return s
}

// startClearNghttpd starts an nghttpd for HTTP/2 without TLS.
func startClearNghttpd(t *testing.T, b *backend) *server {
	t.Helper()
	s := newServer(t)
	s.plain, s.secure = "", ""
	runNghttpd(t, s, b, s.clear, "--no-tls")
	return s
}

// runNghttpd starts an nghttpd that prints each field of a header, because it has no log. It answers a POST like a GET,
// at the end of the upload, and ends at once.
func runNghttpd(t *testing.T, s *server, b *backend, address string, args ...string) {
	t.Helper()
	s.end = syscall.SIGTERM
	s.entry = regexp.MustCompile(`(?m)recv \(stream_id=\d+\) :path: (?P<uri>\S+)$`)
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	args = append([]string{"--verbose", "--address=" + host, "--htdocs=" + b.dir, port}, args...)
	s.run(t, rig.Program(t, "nghttpd", "nghttp2-server"), args...)
}
