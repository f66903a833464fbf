// Package web serves the prober's results: metrics, health, configuration and a status page. A client can neither
// start a request to a target nor name a target to send requests to.
//
// A [Shell] has the handlers. Pages are templates filled in on the server, with inline SVG from package chart and a
// script that only keeps them new; they work without it. The API gives the same as JSON. Both are made of snapshots
// of the manager, and change nothing. Packages history and peers read what Prometheus and other probers know.
//
// Requests cost the bursts little: one scrape and one page are made at a time, equal requests share the result,
// and long work gives way to requests that are due. No client keeps others from an answer, and none is waited for.
// Texts of peers and of clients are escaped, and no page loads or asks anything elsewhere.
package web

import (
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"net/url"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/prober/discover"
	"example.com/prober/prober"
	"example.com/prober/web/history"
	"example.com/prober/web/peers"
)

// Bounds on the resources of a client of the web interface. The write timeout is above the 30 seconds of a profile,
// and bounds how long a client may take to read a page.
const (
	readTimeout    = 10 * time.Second
	writeTimeout   = 60 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 16 << 10
	maxReloads     = 64 // requests waiting for a reload
)

// Options are the dependencies and settings of the handlers.
type Options struct {
	Log     *slog.Logger
	Manager *prober.Manager
	// Discoveries finds targets; it may be nil.
	Discoveries *discover.Set
	// Peers holds the other probers for the page of all probers; it may be nil.
	Peers *peers.Set
	// Registry holds the metrics of the telemetry path.
	Registry      *prometheus.Registry
	TelemetryPath string
	// Prefix is the path under which a reverse proxy shows the shell, such as "/prober". Only the health checks are also
	// served outside it. It does not end with a slash.
	Prefix string
	// Grafana is the URL of a Grafana with the dashboards of the prober, as [ParseGrafanaURL] returns it; it may be nil.
	Grafana *url.URL
	// History reads the results of requests over days. It is nil without a Prometheus.
	History *history.Store
	// EnableBadges serves /badges/.
	EnableBadges bool
	// ConfigFile is the name of the configuration's file, without its folder.
	ConfigFile string
	// Config returns the running configuration as YAML without secrets.
	Config func() ([]byte, error)
	// Reload loads the configuration again. The client gets its error.
	Reload func() error
	// EnableLifecycle allows POST /-/reload, EnablePprof serves /debug/pprof/.
	EnableLifecycle bool
	EnablePprof     bool
}

// Shell is the web interface of one prober.
type Shell struct {
	opts      Options
	prefix    string
	pages     *template.Template
	assets    map[string]drawing // by the name of the file
	pageCache *pageCache
	ready     atomic.Bool
	// looked is the list of targets that the API gave last in parts. It is nil if this was long ago.
	looked atomic.Pointer[looked]
	// reloads has the requests for a reload, and reloading has the one in progress.
	reloads   admission
	reloading chan struct{}
	// Scrapes are numbered from 1 in the order of their start. answered is the highest number of an answered scrape.
	begun, answered atomic.Int64
}

// New returns a shell. It is not ready yet.
func New(opts Options) *Shell {
	s := &Shell{opts: opts, prefix: opts.Prefix, assets: loadAssets(), pageCache: newPageCache()}
	s.reloads.most, s.reloading = maxReloads, make(chan struct{}, 1)
	s.pages = s.parse()
	return s
}

// SetReady says whether /-/ready answers 200 or 503.
func (s *Shell) SetReady(ready bool) { s.ready.Store(ready) }

// BegunScrapes returns how many scrapes have begun.
func (s *Shell) BegunScrapes() int64 { return s.begun.Load() }

// AnsweredScrape returns the highest number of an answered scrape, or 0 if there is none. Scrapes are numbered in the
// order of their start.
func (s *Shell) AnsweredScrape() int64 { return s.answered.Load() }

// Server returns an HTTP server for the shell, with its time-outs set.
func (s *Shell) Server() *http.Server {
	return &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: readTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.opts.Log.Handler(), slog.LevelDebug),
	}
}

// Handler returns the handler for all paths of the shell. [Shell.Validate] must accept its telemetry path.
func (s *Shell) Handler() http.Handler {
	mux := s.routes()
	mux.Handle("GET "+s.path(s.opts.TelemetryPath), s.metrics())
	// A page of another site must not reload the configuration by a form in a browser of someone inside.
	return secured(http.NewCrossOriginProtection().Handler(s.orMissing(mux)))
}

// Validate returns an error if the telemetry path cannot be served beside the rest. A path of something else would
// make the mux panic, after the bursts have begun.
func (s *Shell) Validate() error {
	p := s.opts.TelemetryPath
	plain := strings.TrimSuffix(p, "/")
	if plain == "" && p == "/" {
		return errors.New("/ is the path of the status page")
	}
	if plain == "" || !plainPath.MatchString(plain) || path.Clean(plain) != plain {
		return fmt.Errorf("must be a path such as /metrics, of letters, digits and _ . ~ -, not %.80q", p)
	}
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: s.path(p)}}
	if _, taken := s.routes().Handler(r); taken != "" {
		return fmt.Errorf("%s is already the path of something else", p)
	}
	return nil
}

// routes returns all routes except the metrics.
func (s *Shell) routes() *http.ServeMux {
	mux := http.NewServeMux()
	get := func(path string, handler http.HandlerFunc) { mux.HandleFunc("GET "+s.path(path), handler) }
	get("/{$}", s.overview)
	// Names may contain slashes. The page takes them as they are, and the API escaped.
	get("/targets/{name...}", s.target)
	get("/codes/{$}", s.codes)
	get("/codes/{code}", s.code)
	get("/static/{name}", s.static)
	get("/config", s.config)
	get("/discovery", s.discovery)
	get("/peers", s.peers)
	s.routeAPI(get)
	if s.opts.EnableBadges {
		get("/badges/targets/{name...}", s.targetBadge)
		get("/badges/groups/{label}/{value...}", s.groupBadge)
	}
	mux.HandleFunc(s.path("/api/"), apiElsewhere)
	// Clients of the health checks know the process, but not the proxy in front of it.
	mux.HandleFunc("GET /-/healthy", healthy)
	mux.HandleFunc("GET /-/ready", s.readiness)
	if s.prefix != "" {
		get("/-/healthy", healthy)
		get("/-/ready", s.readiness)
		mux.Handle("GET /{$}", http.RedirectHandler(s.path("/"), http.StatusFound))
	}
	mux.HandleFunc("POST "+s.path("/-/reload"), s.reload)
	if s.opts.EnablePprof {
		mux.Handle("GET "+s.path("/debug/pprof/"), http.StripPrefix(s.prefix, http.HandlerFunc(pprof.Index)))
		get("/debug/pprof/profile", pprof.Profile)
		get("/debug/pprof/symbol", pprof.Symbol)
		get("/debug/pprof/trace", pprof.Trace)
	}
	return mux
}

// secured sets headers that restrict a browser: it may only show the page and ask this server for more of it.
func secured(next http.Handler) http.Handler {
	const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; " +
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

func healthy(w http.ResponseWriter, _ *http.Request) { text(w, http.StatusOK, "healthy") }

func (s *Shell) readiness(w http.ResponseWriter, _ *http.Request) {
	if !s.ready.Load() {
		text(w, http.StatusServiceUnavailable, "not ready")
		return
	}
	text(w, http.StatusOK, "ready")
}

func (s *Shell) reload(w http.ResponseWriter, r *http.Request) {
	if !s.opts.EnableLifecycle {
		text(w, http.StatusForbidden, "the lifecycle API is off: start with --web.enable-lifecycle")
		return
	}
	refuse := func() { text(w, http.StatusServiceUnavailable, "too many requests for a reload at once") }
	ctx, place, ok := s.reloads.admit(r)
	if !ok {
		refuse()
		return
	}
	defer place.giveBack()
	select {
	// One after another: each reload reads the file anew, so none can be left out for another.
	case s.reloading <- struct{}{}:
		defer func() { <-s.reloading }()
	case <-ctx.Done():
		gaveUp(ctx, refuse)
		return
	}
	if err := s.opts.Reload(); err != nil {
		text(w, http.StatusInternalServerError, err.Error())
		return
	}
	text(w, http.StatusOK, "reloaded")
}

func text(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(message + "\n")) //nolint:gosec // it is plain text, and a browser is told not to guess; a client that has gone needs no answer
}
