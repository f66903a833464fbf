package engines

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"path/filepath"

	"example.com/prober/bench/closed"
	"example.com/prober/bench/rig"
	"example.com/prober/internal/peers/certs"
)

// hostname is the name in the questions.
const hostname = "name.bench.test"

// servers are the programs that answer. They share a core, and only one of them is busy at a time.
type servers struct {
	dir                  string
	web, grpc, dns, bare string // addresses
	grpcpeer             *rig.Process
	all                  []*rig.Process
}

func (b *bench) startServers(ctx context.Context) (*servers, error) {
	s := &servers{dir: b.dir}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	commands := [][]string{
		{b.options.Programs.Server, "-web=" + s.web, "-bare=" + s.bare, "-count=" + s.count(), "-certificate=" + s.certificate(), "-key=" + s.key()},
		{b.options.Programs.GRPCServer, "-listen=" + s.grpc},
		dnsmasq(s.dns),
	}
	for i, address := range []string{s.web, s.grpc, s.dns} {
		p, err := b.rig.StartPeer(ctx, commands[i][0], commands[i][1:]...)
		if err != nil {
			return nil, err
		}
		s.all = append(s.all, p)
		if err := p.AwaitListener(ctx, address); err != nil {
			return nil, err
		}
	}
	s.grpcpeer = s.all[1]
	return s, nil
}

// dnsmasq answers for one name and asks nobody.
func dnsmasq(address string) []string {
	_, port, _ := net.SplitHostPort(address)
	return []string{
		"dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file", "--log-facility=-", "--no-resolv", "--no-hosts", "--bind-interfaces",
		"--listen-address=127.0.0.1", "--port=" + port, "--user=root", "--address=/" + hostname + "/192.0.2.1",
	}
}

// prepare finds addresses, and writes the files of servers and clients.
func (s *servers) prepare() error {
	for _, to := range []*string{&s.web, &s.grpc, &s.dns, &s.bare} {
		var err error
		if *to, err = rig.FreeAddress(); err != nil {
			return err
		}
	}
	c := certs.Issue(nil)
	return errors.Join(
		os.WriteFile(s.certificate(), certs.PEM(c), 0o600), os.WriteFile(s.key(), certs.KeyPEM(c), 0o600),
		os.WriteFile(s.message(), make([]byte, 5), 0o600), // an empty message, not compressed
	)
}

// counted is the meter of the server of this package.
func (s *servers) counted() closed.Meter {
	read := func() (int64, error) {
		content, err := os.ReadFile(s.count())
		if err != nil {
			return 0, err
		}
		return int64(binary.NativeEndian.Uint64(content)), nil
	}
	return closed.Meter{Read: read, Start: 2 * many}
}

// grpcWritten is the meter of the gRPC server: its written bytes.
func (s *servers) grpcWritten() closed.Meter {
	const start = 16 << 10 // more than its descriptors; ghz asks for them
	return closed.Meter{Read: s.grpcpeer.Written, Start: start}
}

// stop ends the servers. Errors at their end say nothing about the measurement.
func (s *servers) stop(ctx context.Context) {
	for _, p := range s.all {
		_ = p.Terminate(ctx)
	}
}

func (s *servers) count() string       { return filepath.Join(s.dir, "count") }
func (s *servers) key() string         { return filepath.Join(s.dir, "key.pem") }
func (s *servers) certificate() string { return filepath.Join(s.dir, "certificate.pem") }
func (s *servers) message() string     { return filepath.Join(s.dir, "message") }
