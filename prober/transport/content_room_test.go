package transport

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/prober/content"
)

func TestABodyThatThereIsNoSpaceForIsTheProbersOwnTrouble(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 16 << 10 {
		fmt.Fprintf(&b, "%06d", i)
	}
	noise := b.String()
	zipped := peers.Encode(noise, "gzip")
	for name, tt := range map[string]struct {
		encoding, body string
		code           errcode.Code
	}{
		"as it comes":       {"", noise, errcode.LocalResources},
		"decoded":           {"gzip", zipped, errcode.LocalResources},
		"as it comes, less": {"", noise[:60<<10], errcode.OK},
		"short":             {"", noise[:16<<10], errcode.OK},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handler := func(w http.ResponseWriter, _ *http.Request) {
				if tt.encoding != "" {
					w.Header().Set("Content-Encoding", tt.encoding)
				}
				_, _ = io.WriteString(w, tt.body) // the client may have had enough
			}
			overBoth(t, handler, func(t *testing.T, cfg Config) {
				cfg.Decoders = content.NewDecoders(96 << 10)
				cfg.CheckBody = func(body []byte) error {
					assert.Len(t, body, len(tt.body))
					return nil
				}
				tr := newTransport(t, cfg)
				for range 3 { // what a request took is free for the next one
					r := do(tr, patience)
					assert.Equal(t, tt.code, codeOf(r), "error: %v", r.Err)
					assert.Zero(t, cfg.Decoders.Kept())
				}
			})
		})
	}
}
