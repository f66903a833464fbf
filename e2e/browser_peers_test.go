package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/prober/internal/rig"
)

// TestThePageOfSeveralProbersInABrowser shows a prober with many targets beside one with a few, and probers that are
// down. No name has a place for a line break.
func TestThePageOfSeveralProbersInABrowser(t *testing.T) {
	b := startBrowser(t)
	many := startMany(t, func(i int, server string) string {
		path := []string{"bad", "good", "good", "good", "good"}[i%5]
		return fmt.Sprintf("name: %s, url: '%s/%s'", wideName(i), server, path)
	})
	long := strings.Repeat("p", 63)
	few := rig.StartDaemon(t, prober, fmt.Sprintf("targets: [{name: %s, url: 'http://127.0.0.1:1/', interval: 1s}]\n", wideName(1)),
		"--web.peer-name="+long+"0", "--web.peer="+long+"1="+many.URL, "--web.peer=down=http://127.0.0.1:1/"+strings.Repeat("d", 200), "--web.peer="+long+"2=http://127.0.0.1:2")
	rig.Until(t, "all peers are read, and the target fails", func() bool {
		var answer struct {
			Peers []struct {
				Up    bool
				Error string
			}
			Targets []struct{ State string }
		}
		_, body := few.Do(http.MethodGet, "/api/v1/peers")
		return assert.NoError(t, json.Unmarshal([]byte(body), &answer)) && answer.Peers[1].Up && answer.Peers[2].Error != "" && answer.Peers[3].Error != "" &&
			answer.Targets[0].State == "failing"
	})
	for _, path := range []string{"/peers", "/peers?page=2", "/peers?state=failing&q=" + strings.Repeat("n", 20), "/peers?q=team%3Dshop"} {
		t.Run(path, func(t *testing.T) {
			p := newTab(t, b, few.URL)
			for _, scheme := range []string{"light", "dark"} {
				p.prefer(scheme)
				p.open(path)
				assert.Empty(t, eval[[]string](p, audit), scheme)
				for _, width := range []int64{320, 400, 800, 1280} {
					p.resize(width)
					assert.Empty(t, eval[[]string](p, boxes), "at a width of %d", width)
					assert.Empty(t, p.tooWide(width), "at a width of %d", width)
				}
			}
			p.requireQuiet()
		})
	}
	p := newTab(t, b, few.URL)
	p.open("/peers")
	before := eval[string](p, asOf)
	eval[int](p, `window.loaded = 1`)
	p.until("the page is up to date", asOf+` !== "`+before+`" && window.loaded === 1`)
	testKeyboard(t, b, few.URL, "/peers?q="+wideName(1))
}
