package discover

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"time"

	commonconfig "github.com/prometheus/common/config"
)

// maxAnswer bounds the data from one connection of http_sd_configs, in bytes: each answer
// has a connection of its own. The library reads an answer whole before it looks at it.
const maxAnswer = 16 << 20

// connectTimeout bounds a connection attempt to a server that lists targets.
const connectTimeout = 30 * time.Second

// clientOptions bound the answers to an HTTP client of a mechanism. Connections are not
// kept: the bound is one of bytes for each connection, and would end a kept one after some
// answers.
func clientOptions() []commonconfig.HTTPClientOption {
	dialer := &net.Dialer{Timeout: connectTimeout}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &boundedConn{Conn: conn, left: maxAnswer}, nil
	}
	return []commonconfig.HTTPClientOption{commonconfig.WithKeepAlivesDisabled(), commonconfig.WithDialContextFunc(dial)}
}

var errTooLong = errors.New("the answer is longer than 16 MiB")

// boundedConn fails after its number of bytes. Only one goroutine may read it at a time.
type boundedConn struct {
	net.Conn
	left int
}

func (c *boundedConn) Read(b []byte) (int, error) {
	if c.left <= 0 {
		return 0, errTooLong
	}
	n, err := c.Conn.Read(b[:min(len(b), c.left)])
	c.left -= n
	return n, err
}

// errorsTo returns a log that passes the errors of a mechanism to note and drops all other lines.
func errorsTo(note func(message string)) *slog.Logger { return slog.New(errorHandler{note}) }

type errorHandler struct{ note func(string) }

func (errorHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelError
}

// Handle joins a message and its attributes into one text.
func (h errorHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(r.Message)
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString(": ")
		b.WriteString(a.Value.String())
		return true
	})
	h.note(b.String())
	return nil
}

func (h errorHandler) WithAttrs([]slog.Attr) slog.Handler { return h }

func (h errorHandler) WithGroup(string) slog.Handler { return h }
