package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/internal/rig"
)

// nginxHTTP makes every nginx keep its files in its own folder, and its connections open.
const nginxHTTP = `
  client_body_temp_path DIR/body;
  proxy_temp_path DIR/proxy;
  fastcgi_temp_path DIR/fastcgi;
  uwsgi_temp_path DIR/uwsgi;
  scgi_temp_path DIR/scgi;
  keepalive_requests 1000000;
  keepalive_timeout 10m;
`

// nginxConfig answers every path with the status at its beginning. The fields of the log are the path, the status and
// the number of the connection.
const nginxConfig = `
daemon off;
master_process off;
pid DIR/nginx.pid;
error_log DIR/error.log;
events { worker_connections 1024; }
http {
  log_format counted '$uri $status $connection';
  access_log DIR/access.log counted;
` + nginxHTTP + `  default_type text/plain;
  server {
    listen 127.0.0.1:PLAIN backlog=1024;
    listen 127.0.0.1:SECURE ssl backlog=1024;
    ssl_certificate DIR/cert.pem;
    ssl_certificate_key DIR/cert-key.pem;
    location /200/ { return 200 "a body of one line\n"; }
    location /302/ { return 302 /200/; }
    location /404/ { return 404; }
    location /500/ { return 500; }
    location /503/ { return 503; }
  }
}
`

// nginx is a server in a folder of its own. It is a single process, so a kill ends all of it.
type nginx struct {
	*rig.Process
	path, dir     string
	plain, secure string // addresses
}

// logLine is the log line of one request.
type logLine struct{ path, status, conn string }

func startNginx(t *testing.T) *nginx {
	t.Helper()
	n := &nginx{
		path:   rig.Program(t, "nginx", "nginx"),
		dir:    t.TempDir(),
		plain:  "127.0.0.1:" + rig.FreePort(t),
		secure: "127.0.0.1:" + rig.FreePort(t),
	}
	peers.WriteCertificate(t, n.dir, "cert", certs.Issue(nil))
	ports := strings.NewReplacer("DIR", n.dir, "127.0.0.1:PLAIN", n.plain, "127.0.0.1:SECURE", n.secure)
	rig.WriteFile(t, n.dir, "nginx.conf", "%s", ports.Replace(nginxConfig))
	n.start(t)
	return n
}

// start starts nginx, perhaps once more, and waits until it takes connections.
func (n *nginx) start(t *testing.T) {
	t.Helper()
	n.Process = rig.Start(t, exec.CommandContext(t.Context(), n.path, "-p", n.dir, "-c", filepath.Join(n.dir, "nginx.conf"), "-e", filepath.Join(n.dir, "error.log")))
	awaitListener(t, n.Process, n.secure)
}

// kill ends nginx without warning, as the kernel does when memory runs out.
func (n *nginx) kill() {
	n.Signal(syscall.SIGKILL)
	n.Wait()
}

// quit ends nginx after its last answer, and returns its log, complete and of all its starts.
func (n *nginx) quit(t *testing.T) []logLine {
	t.Helper()
	n.Signal(syscall.SIGQUIT)
	require.Zero(t, n.Wait().ExitCode())
	text, err := os.ReadFile(filepath.Join(n.dir, "access.log"))
	require.NoError(t, err)
	var lines []logLine
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		require.Len(t, fields, 3, line)
		lines = append(lines, logLine{path: fields[0], status: fields[1], conn: fields[2]})
	}
	return lines
}
