package e2e

import (
	"context"
	_ "embed"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// audit finds obstacles for people in a page.
//
//go:embed testdata/audit.js
var audit string

// tab is a page in a browser.
type tab struct {
	t    *testing.T
	ctx  context.Context //nolint:containedctx // it is what the library knows a page by
	base string

	mu       sync.Mutex
	problems []string // complaints of the console
	hosts    []string // hosts of the requests
}

// browser is a running Chromium.
type browser struct {
	ctx context.Context //nolint:containedctx // it is what the library knows a browser by
}

// startBrowser starts Chromium with more options. It ends with the test.
func startBrowser(t *testing.T, more ...chromedp.ExecAllocatorOption) *browser {
	t.Helper()
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(rig.Program(t, "chromium", "chromium")), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	options = append(options, more...)
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(ctx)
	t.Cleanup(end)
	require.NoError(t, chromedp.Do(ctx))
	return &browser{ctx}
}

// newTab opens a tab for the pages below base.
func newTab(t *testing.T, b *browser, base string) *tab {
	t.Helper()
	p := &tab{t: t, base: base}
	var end context.CancelFunc
	p.ctx, end = chromedp.NewContext(b.ctx)
	t.Cleanup(end)
	require.NoError(t, chromedp.Do(p.ctx))
	require.NoError(t, chromedp.Listen(p.ctx, p.hear))
	// The browser decides which tab it shows. With this, each page counts as the tab in use.
	_, err := chromedp.Call(p.ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	require.NoError(t, err)
	return p
}

// hear notes forbidden events. It runs on the goroutine that reads from the browser.
func (p *tab) hear(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err == nil && u.Host != "" {
			p.hosts = append(p.hosts, u.Host)
		}
	case *log.EventEntryAdded:
		p.problems = append(p.problems, string(e.Entry.Source)+": "+e.Entry.Text)
	case *runtime.EventExceptionThrown:
		p.problems = append(p.problems, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		p.problems = append(p.problems, "console: "+string(e.Type))
	}
}

// open goes to a page.
func (p *tab) open(path string) {
	p.t.Helper()
	p.do(chromedp.Navigate(p.base + path))
}

func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	require.NoError(p.t, chromedp.Do(ctx, steps...))
}

// eval returns the value of an expression in the page.
func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	require.NoError(p.t, err, expression)
	return value
}

// until waits until an expression is true. There is nothing to ask while a page is being replaced.
func (p *tab) until(what, expression string) {
	p.t.Helper()
	rig.Until(p.t, what, func() bool {
		ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
		defer cancel()
		is, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression))
		return err == nil && is
	})
}

func (p *tab) resize(width int64) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: 800, DeviceScaleFactor: 1, Mobile: width < 600,
	})
	require.NoError(p.t, err)
}

// tooWide lists the elements that make the page scroll sideways.
func (p *tab) tooWide(width int64) []string {
	p.t.Helper()
	return eval[[]string](p, fmt.Sprintf(`document.scrollingElement.scrollWidth <= %[1]d ? [] :
		["it scrolls"].concat([...document.querySelectorAll("body *")]
			.filter(e => e.getBoundingClientRect().right > %[1]d + 1 && !e.closest(".scroll, pre"))
			.map(e => e.outerHTML.slice(0, 120)).slice(-5))`, width))
}

func (p *tab) prefer(scheme string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	require.NoError(p.t, err)
}

// requireQuiet fails if the console complained or a request went to another host.
func (p *tab) requireQuiet() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	assert.Empty(p.t, p.problems)
	assert.NotEmpty(p.t, p.hosts)
	for _, host := range p.hosts {
		assert.Equal(p.t, strings.TrimPrefix(p.base, "http://"), host)
	}
}

// startFullDemo starts the demo and waits until every target has had a burst.
func startFullDemo(t *testing.T) (base string) {
	t.Helper()
	_, address := startDemo(t)
	rig.Until(t, "every target has had a burst", func() bool {
		m, err := rig.Scrape(t.Context(), "http://"+address+"/metrics")
		require.NoError(t, err)
		for _, bursts := range m.By("prober_bursts_total", "target") {
			if bursts == 0 {
				return false
			}
		}
		return len(m.By("prober_bursts_total", "target")) > 0
	})
	return "http://" + address
}

const (
	requestsOfFast = `document.querySelector('tr[data-key=fast] td:last-child').textContent`
	asOf           = `document.getElementById("asof").textContent`
	rowsOfFigures  = `[...document.querySelectorAll("#figures tbody tr")].map(r => r.dataset.key).join()`
)

func TestTheStatusPageInABrowser(t *testing.T) {
	b := startBrowser(t)
	base := startFullDemo(t)

	t.Run("failing targets come first", func(t *testing.T) {
		p := newTab(t, b, base)
		p.open("/")
		states := eval[[]string](p, `[...document.querySelectorAll("tr[class^=row-]")].map(r => r.className)`)
		assert.True(t, slices.IsSortedFunc(states, func(a, b string) int {
			order := []string{"row-failing", "row-troubled", "row-waiting", "row-ok"}
			return slices.Index(order, a) - slices.Index(order, b)
		}), states)
		assert.Equal(t, "row-failing", states[0])
		words := eval[string](p, `document.querySelector("tr[data-key=tls-expired]").textContent`)
		assert.Regexp(t, `1312 cert_expired\s+the certificate has expired\s+during the TLS handshake · since .* · 3 of 3 requests`, words)
		p.requireQuiet()
	})
	t.Run("the page updates without being loaded again", func(t *testing.T) { testUpdates(t, b, base) })
	t.Run("the policy on content is enforced", func(t *testing.T) { testPolicy(t, b, base) })
	t.Run("a keyboard reaches everything", func(t *testing.T) { testKeyboard(t, b, base, "/?q=tls", "/targets/tls", "/codes/1312") })
	t.Run("without JavaScript the page loads itself again", func(t *testing.T) { testWithoutScript(t, b, base) })
	t.Run("everybody can read it", func(t *testing.T) {
		testAccess(t, b, base, "/", "/?open=ok", "/?group=none", "/?state=ok", "/?q=nothing-like-it", "/targets/unavailable", "/targets/tls-expired", "/targets/fast", "/codes/", "/codes/?q=certificate", "/codes/1312", "/config", "/targets/nobody")
	})
}

func testUpdates(t *testing.T, b *browser, base string) {
	t.Helper()
	p := newTab(t, b, base)
	p.open("/?q=fast")
	eval[int](p, `window.loaded = 1`)
	before := eval[string](p, requestsOfFast)
	p.until("a further burst", requestsOfFast+` !== "`+before+`" && window.loaded === 1`)

	p.open("/targets/unavailable")
	eval[int](p, `window.loaded = 1`)
	p.do(chromedp.Click(chromedp.CSS("#figures summary")), chromedp.Focus(chromedp.CSS("#figures summary")))
	eval[int](p, `scrollTo(0, 150), 0`)
	// The table may be full: then a new row replaces the oldest.
	eval[int](p, `window.rows = `+rowsOfFigures+`, 0`)
	p.until("a further burst in the table", rowsOfFigures+` !== window.rows`)
	kept := eval[[]bool](p, `[window.loaded === 1, document.getElementById("figures").open, document.activeElement === document.querySelector("#figures summary"), scrollY > 100]`)
	assert.Equal(t, []bool{true, true, true, true}, kept, "the page, what is open, the focus, the position")

	p.do(chromedp.Click(chromedp.CSS(".asof button")))
	assert.Equal(t, "true", eval[string](p, `document.querySelector(".asof button").getAttribute("aria-pressed")`))
	p.requireQuiet()
}

// testPolicy tries attacks, with a page that reports what the browser refused.
func testPolicy(t *testing.T, b *browser, base string) {
	t.Helper()
	p := newTab(t, b, base)
	p.open("/")
	eval[int](p, `window.refused = [], addEventListener("securitypolicyviolation", e => window.refused.push(e.effectiveDirective)), 0`)
	eval[int](p, `(() => {
		const style = document.createElement("style");
		style.textContent = "h1 { display: none }";
		document.head.append(style);
		const image = new Image();
		image.src = "http://127.0.0.1:1/pixel";
		fetch("http://127.0.0.1:1/").catch(() => 0);
		for (const sink of [() => document.body.innerHTML = "<b>x</b>", () => document.createElement("script").text = "1", () => eval("1")]) {
			try { sink() } catch { window.refused.push("thrown") }
		}
		return 0;
	})()`)
	p.until("the reports", `["style-src-elem", "img-src", "connect-src", "require-trusted-types-for", "thrown"].every(d => window.refused.includes(d))`)
	assert.NotEqual(t, "none", eval[string](p, `getComputedStyle(document.querySelector("h1")).display`))
}

func testKeyboard(t *testing.T, b *browser, base string, paths ...string) {
	t.Helper()
	const reachable = `[...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary, [tabindex='0']")].filter(e => e.checkVisibility())`
	for _, path := range paths {
		p := newTab(t, b, base)
		p.open(path)
		eval[int](p, `window.visited = new Set(), window.unseen = [], addEventListener("focusin", e => {
			window.visited.add(e.target);
			if (getComputedStyle(e.target).outlineStyle === "none") window.unseen.push(e.target.outerHTML.slice(0, 80));
		}), 0`)
		if p.has(".asof button") { // so that nothing comes or goes meanwhile
			p.do(chromedp.Click(chromedp.CSS(".asof button")))
			eval[int](p, `document.activeElement.blur(), window.visited.clear(), window.unseen.length = 0`)
		}
		p.until("the page has the focus", `document.hasFocus()`)
		for range eval[int](p, reachable+`.length + 3`) {
			p.do(chromedp.KeyEvent("\t"))
		}
		missed := eval[[]string](p, reachable+`.filter(e => !window.visited.has(e)).map(e => e.outerHTML.slice(0, 80))`)
		assert.Empty(t, missed, path)
		assert.Empty(t, eval[[]string](p, `window.unseen`), path)
	}
}

func (p *tab) has(selector string) bool {
	p.t.Helper()
	return eval[bool](p, `document.querySelector("`+selector+`") !== null`)
}

func testWithoutScript(t *testing.T, b *browser, base string) {
	t.Helper()
	p := newTab(t, b, base)
	_, err := chromedp.Call(p.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	require.NoError(t, err)
	p.open("/")
	assert.False(t, p.has(".asof button"), "what needs a script is not there")
	before := eval[string](p, asOf)
	p.until("the page loads itself again", asOf+` !== "`+before+`"`)
	p.requireQuiet()
}

func testAccess(t *testing.T, b *browser, base string, paths ...string) {
	t.Helper()
	for _, path := range paths {
		t.Run(path, func(t *testing.T) {
			p := newTab(t, b, base)
			for _, scheme := range []string{"light", "dark"} {
				p.prefer(scheme)
				p.open(path)
				eval[int](p, `document.querySelectorAll("details").forEach(d => d.open = true), 0`)
				assert.Empty(t, eval[[]string](p, audit), scheme)
				for _, width := range []int64{320, 400, 800, 1280} {
					p.resize(width)
					assert.Empty(t, p.tooWide(width), "at a width of %d", width)
				}
			}
			if path != "/targets/nobody" { // the browser complains about its 404
				p.requireQuiet()
			}
		})
	}
}
