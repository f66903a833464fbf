// Package web serves what the prober measured: metrics, health, configuration
// and a status page. Nothing that comes in over HTTP starts a request to a target
// or names one.
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

// Bounds on what a client of the web interface may take.
const (
	readTimeout    = 10 * time.Second
	writeTimeout   = 60 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 16 << 10
	maxReloads     = 64 // that wait
)

// Options is what the handlers need.
type Options struct {
	Log     *slog.Logger
	Manager *prober.Manager
	// Discoveries find targets; nil if nothing does.
	Discoveries *discover.Set
	// Peers are the other probers that a page shows beside this one; nil without any.
	Peers *peers.Set
	// Registry is what the telemetry path exposes.
	Registry      *prometheus.Registry
	TelemetryPath string
	// Prefix is the path under which a reverse proxy shows the shell, as "/prober";
	// all but the health checks is served below it only. It does not end with a slash.
	Prefix string
	// Grafana is the URL of a Grafana with the dashboards of the prober, as
	// [ParseGrafanaURL] returns it; nil without one.
	Grafana *url.URL
	// History reads what became of requests over days; nil without a Prometheus.
	History *history.Store
	// EnableBadges serves /badges/.
	EnableBadges bool
	// ConfigFile is the name of the configuration's file, without its folder.
	ConfigFile string
	// Config returns the running configuration as YAML without secrets.
	Config func() ([]byte, error)
	// Reload loads the configuration again; its error is shown to the client.
	Reload func() error
	// EnableLifecycle allows POST /-/reload, EnablePprof serves /debug/pprof/.
	EnableLifecycle bool
	EnablePprof     bool
}

// Shell is the web interface of one prober.
type Shell struct {
	opts    Options
	prefix  string
	pages   *template.Template
	assets  map[string]drawing // by the name of the file
	gallery *gallery
	ready   atomic.Bool
	// looked is the last list of targets that the API gave a part of; nil if that is long ago.
	looked atomic.Pointer[looked]
	// reloads are the requests for one, and reloading has the one that is served.
	reloads   admission
	reloading chan struct{}
	// Scrapes are numbered from 1 in the order in which they begin; answered is
	// the highest number of those that have been answered.
	begun, answered atomic.Int64
}

// New returns a shell that is not ready yet.
func New(opts Options) *Shell {
	s := &Shell{opts: opts, prefix: opts.Prefix, assets: loadAssets(), gallery: newGallery()}
	s.reloads.most, s.reloading = maxReloads, make(chan struct{}, 1)
	s.pages = s.parse()
	return s
}

// SetReady says whether /-/ready answers 200 or 503.
func (s *Shell) SetReady(ready bool) { s.ready.Store(ready) }

// BegunScrapes returns how many scrapes have begun.
func (s *Shell) BegunScrapes() int64 { return s.begun.Load() }

// AnsweredScrape returns the number of the latest scrape, in the order in which
// they began, that has been answered; 0 if none has.
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

// Handler returns all that the shell serves. Its telemetry path must be one that
// [Shell.Validate] accepts.
func (s *Shell) Handler() http.Handler {
	mux := s.routes()
	mux.Handle("GET "+s.path(s.opts.TelemetryPath), s.metrics())
	return secured(http.NewCrossOriginProtection().Handler(s.orMissing(mux)))
}

// Validate returns an error if the telemetry path cannot be served beside the rest.
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
		return fmt.Errorf("%s is a path of something else", p)
	}
	return nil
}

// routes returns what is served besides the metrics.
func (s *Shell) routes() *http.ServeMux {
	mux := http.NewServeMux()
	get := func(path string, handler http.HandlerFunc) { mux.HandleFunc("GET "+s.path(path), handler) }
	get("/{$}", s.overview)
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
	// Whoever asks for these knows the process and not what stands before it.
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

// secured sets headers that keep a browser from doing anything but showing the page
// and asking this server for more of it.
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
	refuse := func() { text(w, http.StatusServiceUnavailable, "too many reloads are asked for at once") }
	ctx, place, ok := s.reloads.admit(r)
	if !ok {
		refuse()
		return
	}
	defer place.giveBack()
	select {
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
