package transport

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

func TestHTTP3AgainstAServerOfTheLibrary(t *testing.T) {
	t.Parallel()
	site := peers.Serve(t, peers.HTTP3, func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		w.Header().Set("X-Method", q.Method)
		_, _ = w.Write(append([]byte("hello "), body...))
	})
	for name, cfg := range map[string]Config{
		"GET":                    {},
		"HEAD":                   {Method: "HEAD"},
		"POST with a short body": {Method: "POST", Body: []byte("abc")},
		"POST with a long body":  {Method: "POST", BodySize: 700 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg.URL, cfg.HTTPVersion = site.Root(), option.OnlyHTTP3
			cfg.TLS.InsecureSkipVerify = true
			tr := newTransport(t, cfg)
			for i := range 3 {
				r := do(tr, patience)
				require.NoError(t, r.Err)
				assert.Equal(t, errcode.OK, codeOf(r))
				assert.Equal(t, 200, r.HTTP.Status)
				assert.Equal(t, probe.HTTP3, r.HTTP.Version)
				assert.Equal(t, i == 0, r.Opened)
				assert.Equal(t, i > 0, r.Reused)
				var sum int64
				for p := errcode.PhaseNone; p < errcode.NumPhases; p++ {
					d, _ := r.Phase(p)
					sum += int64(d)
				}
				assert.EqualValues(t, r.Duration(), sum)
				if i == 0 {
					require.NotNil(t, r.TLS)
					assert.Equal(t, "h3", r.TLS.ALPN)
				}
				if strings.HasPrefix(name, "POST with a long") {
					assert.Greater(t, r.Received, int64(700<<10))
					assert.Greater(t, r.Sent, int64(700<<10))
				}
			}
			assert.Equal(t, 1, tr.Open())
		})
	}
}
