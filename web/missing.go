package web

import (
	"net/http"
	"strings"
	"time"
)

// missingPage says that there is no such page, and offers a way on.
type missingPage struct {
	frame
	// Why says what is missing.
	Why string
	// Search is the text of a link to what the reader may mean, and Link its address. Both are empty if there is no
	// suggestion.
	Search, Link string
}

// notFound answers with a page that says what is missing.
func (s *Shell) notFound(w http.ResponseWriter, p *missingPage) {
	p.frame = s.frame(time.Now())
	p.Title, p.Here = "Not found", ""
	body, err := s.draw("missing", p)
	if err != nil {
		s.opts.Log.Error("cannot draw a page", "page", "missing", "err", err)
		text(w, http.StatusNotFound, "not found")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write(body) // the client may have gone
}

// noTarget answers with a page for a target that is not running.
func (s *Shell) noTarget(w http.ResponseWriter, name string) {
	s.notFound(w, &missingPage{
		Why:    "No target named “" + shortened(name, longestHeading) + "” is running. It may have been removed from the configuration, or another shard runs it.",
		Search: "Search the targets for this name",
		Link:   "/" + filter{Text: cut(name)}.link(),
	})
}

// noCode answers with a page for an unknown error code.
func (s *Shell) noCode(w http.ResponseWriter, name string) {
	s.notFound(w, &missingPage{
		Why:    "There is no error code with the number or name “" + shortened(name, longestHeading) + "”.",
		Search: "Search the error codes",
		Link:   "/codes/" + codeQuery(name),
	})
}

// orMissing answers with a page for paths without a handler. The answer of the mux stays for clients that do not accept
// HTML, and for paths served to another method.
func (s *Shell) orMissing(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, found := mux.Handler(r)
		if found != "" || r.Method != http.MethodGet || !wantsHTML(r) || isServedTo(mux, r, http.MethodPost) {
			mux.ServeHTTP(w, r)
			return
		}
		where := shortened(strings.ToValidUTF8(r.URL.Path, "\uFFFD"), longestHeading)
		s.notFound(w, &missingPage{Why: "Nothing is served at “" + where + "”."})
	})
}

func isServedTo(mux *http.ServeMux, r *http.Request, method string) bool {
	other := r.Clone(r.Context())
	other.Method = method
	_, found := mux.Handler(other)
	return found != ""
}
