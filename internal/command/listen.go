package command

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/mdlayher/vsock"
	toolkit "github.com/prometheus/exporter-toolkit/web"
)

// listen binds the addresses of the web interface, or takes the sockets bound
// by systemd. It runs before any request to a target: a prober must not start
// if it cannot be scraped. It returns at least one listener.
func listen(f *toolkit.FlagConfig) ([]net.Listener, error) {
	if err := toolkit.Validate(*f.WebConfigFile); err != nil {
		return nil, fmt.Errorf("--web.config.file: %w", err)
	}
	if f.WebSystemdSocket != nil && *f.WebSystemdSocket {
		return inherit()
	}
	var bound []net.Listener
	for _, address := range *f.WebListenAddresses {
		l, err := bind(address)
		if err != nil {
			closeAll(bound)
			return nil, fmt.Errorf("--web.listen-address: %w", err)
		}
		bound = append(bound, l)
	}
	return bound, nil
}

// inherit returns the sockets passed by systemd: sd_listen_fds(3).
func inherit() ([]net.Listener, error) {
	handed, err := activation.Listeners()
	if err != nil {
		return nil, err
	}
	var bound []net.Listener
	for _, l := range handed {
		if l != nil { // nil is a socket that cannot listen
			bound = append(bound, l)
		}
	}
	if len(bound) == 0 {
		return nil, errors.New("systemd has passed no socket to listen on")
	}
	return bound, nil
}

// bind accepts TCP addresses and vsock://:PORT, a port of a virtual machine.
func bind(address string) (net.Listener, error) {
	if !strings.HasPrefix(address, "vsock://") {
		return net.Listen("tcp", address)
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(u.Port(), 10, 32)
	if err != nil {
		return nil, err
	}
	return vsock.Listen(uint32(port), nil)
}

// serve serves on the listeners of listen until the server is closed or a
// listener fails.
func serve(server *http.Server, bound []net.Listener, f *toolkit.FlagConfig, log *slog.Logger) error {
	defer closeAll(bound)
	if err := guard(server, bound, f, log); err != nil {
		return err
	}
	on := server.Serve
	if c := server.TLSConfig; c != nil && c.GetCertificate != nil {
		on = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
	}
	ended := make(chan error, len(bound))
	for _, l := range bound {
		go func() { ended <- on(l) }()
	}
	err := <-ended
	if !errors.Is(err, http.ErrServerClosed) {
		_ = server.Close() // it ends because of err
	}
	for range len(bound) - 1 {
		err = errors.Join(err, closed(<-ended))
	}
	return err
}

// guard applies the file of --web.config.file to everything but the health
// checks: these reveal nothing, and their clients have no password. The toolkit
// applies the file when it begins to serve, for one listener and without
// exceptions. So it gets a listener of its own that never has a connection.
func guard(server *http.Server, bound []net.Listener, f *toolkit.FlagConfig, log *slog.Logger) error {
	open := server.Handler
	if err := toolkit.Serve(nobody{bound}, server, f, log); !errors.Is(err, errNobody) {
		return err
	}
	guarded := server.Handler
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isHealthCheck(r) {
			open.ServeHTTP(w, r)
			return
		}
		guarded.ServeHTTP(w, r)
	})
	return nil
}

// isHealthCheck compares the path as it was sent, so no other spelling of it
// can mean another handler.
func isHealthCheck(r *http.Request) bool {
	path := r.URL.EscapedPath()
	return path == "/-/healthy" || path == "/-/ready"
}

var errNobody = errors.New("nobody calls here")

// nobody is a listener with the addresses of others. It accepts no connection.
type nobody struct{ bound []net.Listener }

// Accept implements net.Listener.
func (nobody) Accept() (net.Conn, error) { return nil, errNobody }

// Close implements net.Listener.
func (nobody) Close() error { return nil }

// Addr implements net.Listener.
func (n nobody) Addr() net.Addr { return n }

// Network implements net.Addr.
func (n nobody) Network() string { return n.bound[0].Addr().Network() }

// String implements net.Addr.
func (n nobody) String() string {
	addresses := make([]string, len(n.bound))
	for i, l := range n.bound {
		addresses[i] = l.Addr().String()
	}
	return strings.Join(addresses, " ")
}

func closeAll(bound []net.Listener) {
	for _, l := range bound {
		_ = l.Close() // it serves nobody, or no longer
	}
}

// closed drops the error about a closed server.
func closed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
