//go:build lean

package discover

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAKeyThatTheLeanProgramLacksIsRefused(t *testing.T) {
	t.Parallel()
	err := Check(entriesOf(t, t.TempDir(), `
discover:
  - name: lean
    kubernetes_sd_configs: [{role: service}]
    consul_sd_configs: [{server: canary}]
    target: {name: a, url: 'http://a/'}
`))
	require.Error(t, err)
	assert.Contains(t, err.Error(), `:4: discover[0] "lean": kubernetes_sd_configs: this prober was built without it`)
	assert.Contains(t, err.Error(), `:5: discover[0] "lean": consul_sd_configs: this prober was built without it`)
}
