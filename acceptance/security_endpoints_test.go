package acceptance

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/docs"
	"example.com/prober/internal/rig"
)

// endpoint is one handler of the web interface and a request that reaches it.
type endpoint struct {
	// pattern is the literal path of the handler's pattern in the source of package web. The telemetry path is a flag,
	// and not in the source.
	pattern string
	path    string
	// changes reports whether the request changes something. It is a POST then.
	changes bool
	// open reports whether the endpoint needs no password.
	open bool
}

// endpoints are all handlers. The target in a path is called shop.
func endpoints() []endpoint {
	return []endpoint{
		{pattern: "", path: "/metrics"},
		{pattern: "/{$}", path: "/"},
		{pattern: "/{$}", path: "/?q=shop&page=1"},
		{pattern: "/targets/{name...}", path: "/targets/shop"},
		{pattern: "/codes/{$}", path: "/codes/"},
		{pattern: "/codes/{code}", path: "/codes/1212"},
		{pattern: "/static/{name}", path: "/static/style.css"},
		{pattern: "/api/", path: "/api/elsewhere"},
		{pattern: "/api/v1/targets", path: "/api/v1/targets"},
		{pattern: "/api/v1/targets/{name}", path: "/api/v1/targets/shop"},
		{pattern: "/api/v1/targets/{name}/failures", path: "/api/v1/targets/shop/failures"},
		{pattern: "/api/v1/codes", path: "/api/v1/codes"},
		{pattern: "/api/v1/discovery", path: "/api/v1/discovery"},
		{pattern: "/api/v1/peers", path: "/api/v1/peers"},
		{pattern: "/peers", path: "/peers"},
		{pattern: "/discovery", path: "/discovery"},
		{pattern: "/config", path: "/config"},
		{pattern: "/badges/targets/{name...}", path: "/badges/targets/shop.svg"},
		{pattern: "/badges/groups/{label}/{value...}", path: "/badges/groups/team/crew.svg"},
		{pattern: "/-/healthy", path: "/-/healthy", open: true},
		{pattern: "/-/ready", path: "/-/ready", open: true},
		{pattern: "/-/reload", path: "/-/reload", changes: true},
		{pattern: "/debug/pprof/", path: "/debug/pprof/"},
		{pattern: "/debug/pprof/", path: "/debug/pprof/heap?debug=1"},
		{pattern: "/debug/pprof/", path: "/debug/pprof/heap"},
		{pattern: "/debug/pprof/", path: "/debug/pprof/allocs?debug=1"},
		{pattern: "/debug/pprof/", path: "/debug/pprof/goroutine?debug=1"},
		{pattern: "/debug/pprof/", path: "/debug/pprof/goroutine?debug=2"},
		{pattern: "/debug/pprof/", path: "/debug/pprof/block?debug=1"},
		{pattern: "/debug/pprof/", path: "/debug/pprof/mutex?debug=1"},
		{pattern: "/debug/pprof/profile", path: "/debug/pprof/profile?seconds=1"},
		{pattern: "/debug/pprof/symbol", path: "/debug/pprof/symbol"},
		{pattern: "/debug/pprof/trace", path: "/debug/pprof/trace?seconds=0.1"},
	}
}

func (e endpoint) method() string {
	if e.changes {
		return http.MethodPost
	}
	return http.MethodGet
}

// optional reports whether the handler needs a flag.
func (e endpoint) optional() bool {
	return strings.HasPrefix(e.path, "/debug/") || strings.HasPrefix(e.path, "/badges/")
}

// pathsOf returns the path, or one path for each target if the endpoint is about a target.
func (e endpoint) pathsOf(targets []scene) []string {
	if !strings.Contains(e.path, "/shop") {
		return []string{e.path}
	}
	paths := make([]string, len(targets))
	for i, s := range targets {
		paths[i] = strings.Replace(e.path, "shop", s.name, 1)
	}
	return paths
}

func TestEveryHandlerIsAmongTheEndpointsOfTheTests(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(docs.Root(t), "web", "*.go"))
	require.NoError(t, err)
	registers := regexp.MustCompile(`^(get|.*\.(Handle|HandleFunc))$`)
	var registered, known []string
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && registers.MatchString(types.ExprString(call.Fun)) {
				registered = append(registered, patternIn(t, call.Args[0]))
			}
			return true
		})
	}
	for _, e := range endpoints() {
		known = append(known, e.pattern)
	}
	require.NotEmpty(t, registered)
	assert.Subset(t, known, registered)
	assert.Subset(t, registered, known)
}

// patternIn returns the literal path of a pattern.
func patternIn(t *testing.T, expr ast.Expr) string {
	t.Helper()
	var pattern strings.Builder
	ast.Inspect(expr, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok {
			text, err := strconv.Unquote(literal.Value)
			require.NoError(t, err)
			pattern.WriteString(text)
		}
		return true
	})
	_, path, found := strings.Cut(pattern.String(), " ")
	if !found {
		return pattern.String()
	}
	return path
}

// oneTarget is a configuration with a target named shop that hardly ever sends anything.
const oneTarget = "targets: [{name: shop, url: http://127.0.0.1:1, interval: 1h, labels: {team: crew}}]\n"

func TestWhatIsNotAskedForIsOff(t *testing.T) {
	t.Parallel()
	d := rig.StartDaemon(t, "prober", oneTarget)
	for _, e := range endpoints() {
		status, _ := d.Do(e.method(), e.path)
		switch {
		case e.optional():
			assert.Equal(t, http.StatusNotFound, status, e.path)
		case e.changes:
			assert.Equal(t, http.StatusForbidden, status, e.path)
		}
	}
}

func TestOnlyAPostChangesSomething(t *testing.T) {
	t.Parallel()
	d := rig.StartDaemon(t, "prober", oneTarget, "--web.enable-pprof", "--web.enable-badges")
	for _, e := range endpoints() {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodTrace} {
			if e.changes && method == http.MethodPost {
				method = http.MethodGet
			}
			status, _ := d.Do(method, e.path)
			assert.Equal(t, http.StatusMethodNotAllowed, status, "%s %s", method, e.path)
		}
	}
}

func TestOtherSitesCanChangeNothing(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	d := rig.StartDaemon(t, "prober", configOf(p, map[string]string{"shop": "1h"}), "--web.enable-lifecycle", "--web.enable-pprof", "--web.enable-badges")
	for name, test := range map[string]struct {
		header http.Header
		want   int
	}{
		"a page of another site":                           {http.Header{"Sec-Fetch-Site": {"cross-site"}}, http.StatusForbidden},
		"a page of another host of the same site":          {http.Header{"Sec-Fetch-Site": {"same-site"}}, http.StatusForbidden},
		"a page of another site in an old browser":         {http.Header{"Origin": {"https://evil.example"}}, http.StatusForbidden},
		"a page without an origin, such as one in a frame": {http.Header{"Origin": {"null"}}, http.StatusForbidden},
		"a page of the prober itself":                      {http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {d.URL}}, http.StatusOK},
		"a program that is no browser":                     {nil, http.StatusOK},
	} {
		for _, e := range endpoints() {
			if !e.changes {
				continue
			}
			q, err := http.NewRequestWithContext(t.Context(), e.method(), d.URL+e.path, http.NoBody)
			require.NoError(t, err)
			q.Header = test.header.Clone()
			answer, err := plainClient().Do(q)
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			assert.Equal(t, test.want, answer.StatusCode, "%s: %s", name, e.path)
		}
	}
}

func TestEveryAnswerKeepsABrowserFromDoingMoreThanShowingIt(t *testing.T) {
	t.Parallel()
	d := rig.StartDaemon(t, "prober", oneTarget, "--web.enable-pprof", "--web.enable-badges")
	for _, e := range append(endpoints(), endpoint{path: "/unknown"}) {
		h := headerOf(t, e.method(), d.URL+e.path)
		assert.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'", e.path)
		assert.Contains(t, h.Get("Content-Security-Policy"), "frame-ancestors 'none'", e.path)
		assert.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), e.path)
		assert.Equal(t, "no-referrer", h.Get("Referrer-Policy"), e.path)
		assert.Empty(t, h.Get("Access-Control-Allow-Origin"), e.path)
	}
}

// headerOf returns the header of an answer.
func headerOf(t *testing.T, method, url string) http.Header {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	require.NoError(t, err)
	answer, err := plainClient().Do(q)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	return answer.Header
}

// The command line shows paths and, with a mistake, more.
func TestProfilesDoNotTellTheCommandLine(t *testing.T) {
	t.Parallel()
	d := rig.StartDaemon(t, "prober", oneTarget, "--web.enable-pprof", "--web.enable-badges")
	for _, path := range []string{"/debug/pprof/cmdline", "/debug/vars"} {
		status, _ := d.Do(http.MethodGet, path)
		assert.Equal(t, http.StatusNotFound, status, path)
	}
	file := d.Configure(t, oneTarget)
	for _, e := range endpoints() {
		_, body := d.Do(e.method(), e.path)
		assert.NotContains(t, body, file, e.path)
	}
}

// Names of targets in a request select the shown target, never the dialled one.
func TestNoRequestNamesATarget(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	d := rig.StartDaemon(t, "prober", oneTarget, "--web.enable-pprof", "--web.enable-badges")
	for _, e := range endpoints() {
		separator := "?"
		if strings.Contains(e.path, "?") {
			separator = "&"
		}
		d.Do(e.method(), e.path+separator+"target="+p.URL+"/probe&url="+p.URL+"/probe&module=http")
	}
	for _, path := range []string{"/probe?target=" + p.URL + "/probe", "/targets/" + p.URL + "/probe", "/api/v1/targets/" + p.URL + "/probe"} {
		status, _ := d.Do(http.MethodGet, path)
		assert.NotEqual(t, http.StatusOK, status, path)
	}
	assert.Zero(t, p.Requests("/probe"))
}
