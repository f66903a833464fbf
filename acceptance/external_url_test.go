package acceptance

import (
	"bytes"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/command"
	"example.com/prober/internal/rig"
)

func TestThePathOfTheExternalURLComesBeforeAllOthers(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	d := rig.StartDaemon(t, "prober", configOf(p, map[string]string{"a": "20ms"}), "--web.external-url=https://example.com/tools/prober/")
	for path, want := range map[string]int{
		"/tools/prober/": http.StatusOK, "/tools/prober/metrics": http.StatusOK, "/tools/prober/targets/a": http.StatusOK,
		"/tools/prober/api/v1/targets": http.StatusOK, "/tools/prober/-/ready": http.StatusOK, "/-/ready": http.StatusOK,
		"/metrics": http.StatusNotFound, "/targets/a": http.StatusNotFound,
	} {
		status, _ := d.Do(http.MethodGet, path)
		assert.Equal(t, want, status, path)
	}
}

func TestAnExternalURLThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	file := filepath.Join(t.TempDir(), "prober.yml")
	require.Equal(t, command.ExitUsage, command.Run(t.Context(), []string{"run", "--config.file=" + file, "--web.external-url=example.com"}, &said, &said))
	assert.Contains(t, said.String(), "--web.external-url: it must begin with http://, https:// or a slash")
}
