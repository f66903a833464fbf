package docs_test

import (
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/demo"
	"example.com/prober/errcode"
	"example.com/prober/internal/docs"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
	"example.com/prober/prober"
	"example.com/prober/prober/numbers"
)

// examplesOfTraffic are the files in docs/traffic.md, in their order.
const (
	mixExample = iota
	journeyExample
	uploadsExample
	examplesOfTraffic
)

// loadExample loads an example of docs/traffic.md, changed by pairs of texts. A new shop replaces the page's invented
// one. Its requests have more time, because machines may be slow.
func loadExample(t *testing.T, number int, changes ...string) (*config.Config, *demo.Shop) {
	t.Helper()
	shop := demo.NewShop(demo.ShopOptions{})
	site := peers.Serve(t, peers.HTTP1, shop.ServeHTTP)
	page := docs.Page(t, "docs/traffic.md")
	files, tables := docs.Blocks(page, "yaml"), docs.Blocks(page, "csv")
	require.Len(t, files, examplesOfTraffic)
	require.Len(t, tables, 1)
	text := "defaults: {timeout: 1m}\n" + files[number]
	for from, to := range pairs(append(changes, "https://staging.example.com", site.URL)) {
		require.Contains(t, text, from)
		text = strings.ReplaceAll(text, from, to)
	}
	dir := t.TempDir()
	rig.WriteFile(t, dir, "products.csv", "%s\n", tables[0])
	path := rig.WriteFile(t, dir, "prober.yml", "%s", text)
	cfg, err := config.Load(filepath.Clean(path))
	require.NoError(t, err)
	return cfg, shop
}

func pairs(texts []string) func(yield func(from, to string) bool) {
	return func(yield func(from, to string) bool) {
		for i := 0; i < len(texts); i += 2 {
			if !yield(texts[i], texts[i+1]) {
				return
			}
		}
	}
}

// fireOnce fires one burst at a target of cfg.
func fireOnce(t *testing.T, cfg *config.Config, target int) numbers.Report {
	t.Helper()
	o := prober.Options{Log: slog.New(slog.DiscardHandler), Metrics: cfg.Metrics}
	shot, err := prober.NewShot(o, cfg.Targets[target], cfg.Network)
	require.NoError(t, err)
	shot.Fire(t.Context(), t.Context())
	return shot.Report()
}

func TestTheSearchMixOfThePageAsksWhatThePageSays(t *testing.T) {
	t.Parallel()
	cfg, shop := loadExample(t, mixExample, "timeout: 1s", "timeout: 1m")
	r := fireOnce(t, cfg, 0)
	assert.True(t, r.OK(), "%v", r.Codes)
	seen := shop.Seen()
	assert.Equal(t, map[string]map[int]int{"GET /": {200: 5}, "GET /search": {200: 15}}, seen.Answers)
	assert.Equal(t, map[string]int{
		"Coffee beans": 3, "Tea Earl Grey": 3, "Cocoa 70% & sea salt": 3, "Crème brûlée": 3, `Grinder "No. 1"`: 3,
	}, seen.Queries)
}

func TestTheJourneyOfThePageGoesThroughAllItsSteps(t *testing.T) {
	t.Parallel()
	cfg, shop := loadExample(t, journeyExample, "think: 200ms", "think: 1ms")
	r := fireOnce(t, cfg, 0)
	assert.True(t, r.OK(), "%v", r.Codes)
	seen := shop.Seen()
	assert.Equal(t, map[string]map[int]int{
		"POST /login": {200: 5}, "POST /cart": {200: 5}, "GET /cart": {200: 5}, "POST /checkout": {201: 5, 200: 5},
	}, seen.Answers)
	assert.Equal(t, 5, seen.Orders)
	assert.Equal(t, 5, seen.Logins["ann@example.com"]+seen.Logins["ben@example.com"])
}

func TestTheUploadsOfThePageUseEachIdOnce(t *testing.T) {
	t.Parallel()
	cfg, shop := loadExample(t, uploadsExample)
	for target := range cfg.Targets {
		r := fireOnce(t, cfg, target)
		assert.True(t, r.OK(), "%s: %v", cfg.Targets[target].Name, r.Codes)
	}
	seen := shop.Seen()
	assert.Equal(t, map[string]map[int]int{"PUT /uploads/{id}": {http.StatusCreated: 55}}, seen.Answers)
	assert.Len(t, seen.Uploads, 55)
	for id, uses := range seen.Uploads {
		assert.Equal(t, 1, uses, id)
	}
	for _, sku := range []string{"coffee-beans", "earl-grey", "cocoa", "creme-brulee", "grinder"} {
		assert.Contains(t, seen.Uploads, sku)
	}
}

func TestRequestsFailAsThePageSaysWhereNoRowIsLeft(t *testing.T) {
	t.Parallel()
	cfg, shop := loadExample(t, uploadsExample, "requests: 5,", "requests: 7,")
	r := fireOnce(t, cfg, 1)
	var codes []errcode.Code
	for _, c := range r.Codes {
		codes = append(codes, c.Code)
	}
	assert.Equal(t, []errcode.Code{errcode.OK, errcode.Code(1024)}, codes)
	assert.EqualValues(t, 5, r.Succeeded)
	assert.EqualValues(t, 2, r.Failed)
	assert.Equal(t, map[string]map[int]int{"PUT /uploads/{id}": {http.StatusCreated: 5}}, shop.Seen().Answers)
}
