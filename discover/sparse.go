//go:build !lean

package discover

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// errorEvery is the least time between two log lines of a library.
const errorEvery = time.Minute

// sparseHandler passes errors on, but only one in each period.
type sparseHandler struct {
	slog.Handler
	last *lastLine
}

type lastLine struct {
	sync.Mutex
	at time.Time
}

func newSparseHandler(h slog.Handler) slog.Handler { return sparseHandler{h, new(lastLine)} }

// Enabled reports whether a line is an error.
func (sparseHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelError
}

// Handle passes a line on unless another came shortly before it.
func (h sparseHandler) Handle(ctx context.Context, r slog.Record) error {
	h.last.Lock()
	now := time.Now()
	if now.Sub(h.last.at) < errorEvery {
		h.last.Unlock()
		return nil
	}
	h.last.at = now
	h.last.Unlock()
	// A library's line may hold the address of a server, with a password in it.
	clean := secretsOf().clean
	line := slog.NewRecord(r.Time, r.Level, clean(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		line.AddAttrs(slog.String(a.Key, clean(a.Value.String())))
		return true
	})
	return h.Handler.Handle(ctx, line)
}

func (h sparseHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return sparseHandler{h.Handler.WithAttrs(attrs), h.last}
}

func (h sparseHandler) WithGroup(name string) slog.Handler {
	return sparseHandler{h.Handler.WithGroup(name), h.last}
}
