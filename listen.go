package main

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"

	toolkit "github.com/prometheus/exporter-toolkit/web"
)

// listen binds the addresses of the web interface, before anything is sent to a
// target: a prober that cannot be scraped is not to start. Sockets of systemd and
// of virtual machines are left to the toolkit, which knows how to open them.
func listen(f *toolkit.FlagConfig) ([]net.Listener, error) {
	if err := toolkit.Validate(*f.WebConfigFile); err != nil {
		return nil, err
	}
	if ownSockets(f) {
		return nil, nil
	}
	var bound []net.Listener
	for _, address := range *f.WebListenAddresses {
		l, err := net.Listen("tcp", address)
		if err != nil {
			closeAll(bound)
			return nil, err
		}
		bound = append(bound, l)
	}
	return bound, nil
}

func ownSockets(f *toolkit.FlagConfig) bool {
	if f.WebSystemdSocket != nil && *f.WebSystemdSocket {
		return true
	}
	for _, address := range *f.WebListenAddresses {
		if strings.HasPrefix(address, "vsock://") {
			return true
		}
	}
	return false
}

// serve serves on what listen has bound until the server is closed.
func serve(server *http.Server, bound []net.Listener, f *toolkit.FlagConfig, log *slog.Logger) error {
	if len(bound) == 0 {
		return toolkit.ListenAndServe(server, f, log)
	}
	return toolkit.ServeMultiple(bound, server, f, log)
}

func closeAll(bound []net.Listener) {
	for _, l := range bound {
		_ = l.Close() // it has served nobody
	}
}

// closed drops the error that only says that the server was closed.
func closed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
