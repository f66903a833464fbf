package web

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/discover"
	"example.com/prober/internal/rig"
)

// discovering gives a shell a discovery that reads found from a file.
func discovering(t *testing.T, s *Shell, found string) {
	t.Helper()
	dir := t.TempDir()
	rig.WriteFile(t, dir, "found.json", "%s", found)
	cfg, err := config.Parse([]byte(`
targets: []
discover:
  - name: files
    file_sd_configs: [{files: [found.json]}]
    relabel_configs: [{source_labels: [env], regex: prod, action: drop}]
    target: {name: '{{ __address__ }}', url: 'http://{{ __address__ }}/'}
`), filepath.Join(dir, "prober.yml"))
	require.NoError(t, err)
	set := discover.New(slog.New(slog.DiscardHandler))
	change, err := set.Prepare(cfg.Discover)
	require.NoError(t, err)
	change.Commit()
	t.Cleanup(func() {
		set.Close()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		require.NoError(t, set.Wait(ctx))
	})
	rig.Until(t, "the file has been read", set.IsIn)
	set.Targets(nil)
	s.opts.Discoveries = set
}

func TestThePageOfDiscoveryShowsWhatWasFoundAndWhatWasLeftOut(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "/a")
	assert.Contains(t, get(t, s, "/a/discovery").Body.String(), "The configuration has no")
	assert.NotContains(t, get(t, s, "/a/").Body.String(), `href="/a/discovery"`)
	s = shellOf(t, "/a")
	discovering(t, s, `[{"targets": ["a:1", "<script>"]}, {"targets": ["b:1"], "labels": {"env": "prod"}}]`)
	assert.Contains(t, get(t, s, "/a/").Body.String(), `href="/a/discovery"`)
	page := get(t, s, "/a/discovery").Body.String()
	for _, want := range []string{"1 of 3 found is a target", `href="/a/targets/a:1"`, "dropped by relabelling <b>1</b>", "cannot be a target <b>1</b>", "__meta_filepath=", "&lt;script&gt;"} {
		assert.Contains(t, page, want)
	}
	assert.NotContains(t, page, "<script>&")
	assert.NotContains(t, page, "its name is taken")
	assert.NotContains(t, get(t, s, "/a/").Body.String(), "discovery fails")
	dropped := get(t, s, "/a/discovery?discover=files&reason=relabel").Body.String()
	assert.Contains(t, dropped, "1 match")
	assert.NotContains(t, dropped, `href="/a/targets/a:1"`)
	assert.Equal(t, http.StatusOK, get(t, s, "/a/discovery?discover=nobody&reason=nothing&page=99").Code)
}

func TestFoundTargetsHavePages(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "")
	var targets []string
	for i := range 120 {
		targets = append(targets, `"h`+strings.Repeat("x", i)+`:1"`)
	}
	discovering(t, s, `[{"targets": [`+strings.Join(targets, ",")+`]}]`)
	page := get(t, s, "/discovery?page=2").Body.String()
	assert.Contains(t, page, "Page 2 of 3.")
	assert.Equal(t, 50, strings.Count(page, "__scheme__=")/2)
	var answer apiDiscoveries
	require.NoError(t, json.Unmarshal(get(t, s, "/api/v1/discovery?discover=files&limit=7&offset=115").Body.Bytes(), &answer))
	assert.Len(t, answer.Found, 5)
	assert.Equal(t, 120, answer.Matching)
	assert.Equal(t, "files", answer.Discoveries[0].Name)
	assert.Equal(t, http.StatusBadRequest, get(t, s, "/api/v1/discovery?discover=nobody").Code)
	assert.Equal(t, http.StatusBadRequest, get(t, s, "/api/v1/discovery?reason=nothing").Code)
}

func TestTheOverviewSaysThatADiscoveryFails(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "")
	discovering(t, s, "[")
	assert.Contains(t, get(t, s, "/").Body.String(), `1 discovery fails or finds nothing. The prober keeps the last targets for a while: see <a href="/discovery">`)
	assert.Contains(t, get(t, s, "/discovery").Body.String(), "failing since")
}
