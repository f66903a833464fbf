package discovery

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// state returns the contents of the file for each target.
func (p *population) state() map[string][2]int {
	state := map[string][2]int{}
	for _, t := range p.there {
		state[t.name()] = [2]int{t.team, t.version}
	}
	return state
}

func TestEachVersionOfTheFileHasAsManyChanges(t *testing.T) {
	t.Parallel()
	p := newPopulation(5000)
	before := p.state()
	for range 50 {
		p.change()
		after, changes := p.state(), 0
		for name, labels := range after {
			if was, there := before[name]; !there || was != labels {
				changes++
			}
		}
		for name := range before {
			if _, there := after[name]; !there {
				changes++
			}
		}
		// Now and then a new target goes at once, or a target is changed twice.
		assert.InDelta(t, changesAtOnce, changes, 10)
		assert.Len(t, after, len(p.there), "a target is there twice")
		before = after
	}
	for _, name := range p.stayed() {
		assert.False(t, p.left[name])
	}
	assert.Greater(t, len(p.stayed()), 3000)
}

func TestTheFileListsWhatIsThere(t *testing.T) {
	t.Parallel()
	p := newPopulation(10)
	path := filepath.Join(t.TempDir(), "found.json")
	require.NoError(t, p.write(path))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var groups []struct {
		Targets []string
		Labels  map[string]string
	}
	require.NoError(t, json.Unmarshal(text, &groups))
	assert.Len(t, groups, 10)
	assert.Equal(t, map[string]string{"name": "t000000", "team": "0", "version": "0"}, groups[0].Labels)
}
