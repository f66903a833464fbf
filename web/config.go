package web

import (
	"bytes"
	"net/http"
	"strings"
	"time"
)

// maxShownConfig is how much of the configuration the page shows, in bytes.
const maxShownConfig = 256 << 10

// configPage shows the configuration in the frame of the other pages.
type configPage struct {
	frame
	ConfigFile string
	YAML       string
	// Cut means that YAML is only the beginning. Shown is its length in bytes, not that of the
	// whole configuration.
	Cut   bool
	Shown uint64
	// Mistake and MoreMistakes say why a newer configuration was not loaded.
	Mistake, MoreMistakes string
}

// config answers with a page if the client accepts HTML, else with plain YAML.
func (s *Shell) config(w http.ResponseWriter, r *http.Request) {
	// Otherwise a cache could give the page to a program.
	w.Header().Set("Vary", "Accept")
	if r.URL.Query().Get("format") != "yaml" && wantsHTML(r) {
		s.page(w, r, "config", s.drawConfig)
		return
	}
	yaml, err := s.opts.Config()
	if err != nil {
		s.opts.Log.Error("cannot show the configuration", "err", err)
		text(w, http.StatusInternalServerError, "the configuration cannot be shown")
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write(yaml) // the client may have gone
}

// wantsHTML reports whether a client accepts HTML by name. Browsers do, command-line tools do not.
func wantsHTML(r *http.Request) bool {
	return strings.Contains(strings.ToLower(r.Header.Get("Accept")), "text/html")
}

func (s *Shell) drawConfig() ([]byte, error) {
	yaml, err := s.opts.Config()
	if err != nil {
		return nil, err
	}
	p := &configPage{frame: s.frame(time.Now()), ConfigFile: s.opts.ConfigFile}
	p.Title, p.Here = "Configuration", "config"
	if len(yaml) > maxShownConfig {
		yaml = yaml[:bytes.LastIndexByte(yaml[:maxShownConfig], '\n')+1]
		p.Cut = true
	}
	p.YAML, p.Shown = string(yaml), uint64(len(yaml))
	self := s.opts.Manager.Self()
	p.Mistake, p.MoreMistakes = self.Mistake, self.MoreMistakes
	return s.draw("config", p)
}
