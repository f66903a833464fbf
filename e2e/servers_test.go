package e2e

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/internal/rig"
)

// server is a real server. It serves the files of a backend and takes uploads.
type server struct {
	*rig.Process
	dir string
	// Addresses of HTTP/1.1, of HTTP/2 with prior knowledge, of TLS, and of QUIC; "" if the server has no use for one.
	plain, clear, secure, quic string
	// reload replaces the serving process by a new one, without refusing any client.
	reload func(t *testing.T)
	// drains reports whether a reload takes every HTTP/2 request on its way, and keepsClear whether it leaves
	// connections with prior knowledge open.
	drains, keepsClear bool
	// cutsOff reports whether a reload may close an HTTP/1.1 connection although a request has just come in. The log
	// also has this request.
	cutsOff bool
	// end ends the server, after its last answer if that is possible.
	end os.Signal
	// entry matches the server's log line of a request: its URI, the version of HTTP unless the server has only one,
	// and the status.
	entry *regexp.Regexp
}

// access is the log entry of one request.
type access struct{ uri, version, status string }

// The kinds of servers, by name.
var kinds = map[string]func(t *testing.T, b *backend) *server{
	"nginx":         startServingNginx,
	"haproxy":       startHaproxy,
	"caddy":         startCaddy,
	"nghttpd":       startNghttpd,
	"nghttpd-clear": startClearNghttpd,
}

// newServer returns a server with ports, and with a certificate in its folder.
func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{dir: t.TempDir(), end: syscall.SIGQUIT}
	for _, address := range []*string{&s.plain, &s.clear, &s.secure} {
		*address = "127.0.0.1:" + rig.FreePort(t)
	}
	cert := certs.Issue(nil)
	peers.WriteCertificate(t, s.dir, "cert", cert)
	rig.WriteFile(t, s.dir, "pair.pem", "%s%s", certs.PEM(cert), certs.KeyPEM(cert))
	return s
}

// configure writes a file. It replaces words in capitals by the values of the server.
func (s *server) configure(t *testing.T, name, text string, b *backend) string {
	t.Helper()
	values := strings.NewReplacer("DIR", s.dir, "PLAIN", s.plain, "CLEAR", s.clear, "SECURE", s.secure,
		"FILES", b.dir, "BACKEND", b.address)
	return rig.WriteFile(t, s.dir, name, "%s", values.Replace(text))
}

// run starts the program and waits until it takes connections.
func (s *server) run(t *testing.T, path string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir = s.dir
	cmd.Env = append(cmd.Environ(), "HOME="+s.dir, "XDG_CONFIG_HOME="+s.dir, "XDG_DATA_HOME="+s.dir)
	s.Process = rig.Start(t, cmd)
	for _, address := range []string{s.plain, s.clear, s.secure} {
		if address != "" {
			awaitListener(t, s.Process, address)
		}
	}
}

// awaitListener waits until the program takes connections at an address.
func awaitListener(t *testing.T, p *rig.Process, address string) {
	t.Helper()
	rig.Until(t, "connections to "+address, func() bool {
		require.False(t, p.HasEnded(), "the server has ended: %s", p.Output())
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	})
}

// log ends the server and returns its log of the requests.
func (s *server) log(t *testing.T) []access {
	t.Helper()
	s.Signal(s.end)
	s.Wait()
	text, err := os.ReadFile(filepath.Join(s.dir, "access.log"))
	if os.IsNotExist(err) {
		text = []byte(s.Output())
	} else {
		require.NoError(t, err)
	}
	var all []access
	for _, fields := range s.entry.FindAllStringSubmatch(string(text), -1) {
		a := access{version: "2", status: "200"}
		for i, name := range s.entry.SubexpNames() {
			switch name {
			case "uri":
				a.uri = fields[i]
			case "version":
				a.version = strings.TrimSuffix(fields[i], ".0")
			case "status":
				a.status = fields[i]
			}
		}
		all = append(all, a)
	}
	return all
}

// logged ends the server and returns the number of log entries for each target.
func (s *server) logged(t *testing.T) map[string]float64 {
	t.Helper()
	times := map[string]float64{}
	for _, a := range s.log(t) {
		_, target, _ := strings.Cut(a.uri, "?")
		times[target]++
	}
	return times
}
