package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/internal/rig"
)

// grpcPeerOnce builds the server in grpcpeer once for all tests. The server is a module of its own, so the program's
// module needs none of its dependencies.
var grpcPeerOnce = sync.OnceValues(func() (string, error) {
	path := filepath.Join(filepath.Dir(prober), "grpcpeer")
	out, err := exec.Command("go", "build", "-C", "grpcpeer", "-o", path, ".").CombinedOutput()
	if err != nil {
		return string(out), err
	}
	return path, nil
})

// grpcPeer is a gRPC server with the library of most servers in Go.
type grpcPeer struct {
	*rig.Process
	path    string
	address string
}

func startGRPCPeer(t *testing.T, args ...string) *grpcPeer {
	t.Helper()
	path, err := grpcPeerOnce()
	require.NoError(t, err, "%s", path)
	p := &grpcPeer{path: path, address: "127.0.0.1:" + rig.FreePort(t)}
	p.start(t, args...)
	return p
}

// start starts the server at the same address each time.
func (p *grpcPeer) start(t *testing.T, args ...string) {
	t.Helper()
	p.Process = rig.Start(t, exec.CommandContext(t.Context(), p.path, append([]string{"-listen", p.address}, args...)...))
	awaitListener(t, p.Process, p.address)
}

const nginxGRPC = `
daemon off;
master_process off;
pid DIR/nginx.pid;
error_log DIR/error.log;
events { worker_connections 1024; }
http {
  access_log off;
` + nginxHTTP + `
  default_type text/plain;
  server {
    listen PLAIN http2;
    listen SECURE ssl http2;
    ssl_certificate DIR/cert.pem;
    ssl_certificate_key DIR/cert-key.pem;
    location / { grpc_pass grpc://BACKEND; }
  }
  server {
    listen WEB http2;
    location / { return 200 "no gRPC here\n"; }
  }
}
`

// grpcProxy is nginx before a gRPC server. It is also a web server.
type grpcProxy struct{ plain, secure, web, ca string }

func startGRPCProxy(t *testing.T, backend string) grpcProxy {
	t.Helper()
	path, dir := rig.Program(t, "nginx", "nginx"), t.TempDir()
	p := grpcProxy{plain: "127.0.0.1:" + rig.FreePort(t), secure: "127.0.0.1:" + rig.FreePort(t), web: "127.0.0.1:" + rig.FreePort(t)}
	p.ca, _ = peers.WriteCertificate(t, dir, "cert", certs.Issue(nil))
	values := strings.NewReplacer("DIR", dir, "PLAIN", p.plain, "SECURE", p.secure, "WEB", p.web, "BACKEND", backend)
	file := rig.WriteFile(t, dir, "nginx.conf", "%s", values.Replace(nginxGRPC))
	nginx := rig.Start(t, exec.CommandContext(t.Context(), path, "-p", dir, "-c", file, "-e", filepath.Join(dir, "error.log")))
	awaitListener(t, nginx, p.secure)
	return p
}
