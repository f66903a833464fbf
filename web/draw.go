package web

import (
	"bufio"
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"example.com/prober/web/chart"
	"example.com/prober/web/static"
)

//go:embed pages
var files embed.FS

// parse reads the pages. Their links begin with the prefix of the shell.
func (s *Shell) parse() *template.Template {
	t := template.New("").Funcs(template.FuncMap{
		"latency":    chart.Latency,
		"number":     chart.Number,
		"plural":     chart.Plural,
		"percent":    chart.Percent,
		"objective":  func(ratio float64) string { return fmt.Sprintf("%.6g %%", 100*ratio) },
		"comparison": comparisonWords,
		"size":       chart.Size,
		"decimal":    func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) },
		"clock":      chart.Clock,
		"moment":     moment,
		"stamp":      stamp,
		"ago":        ago,
		"until":      until,
		"lasting":    lasting,
		"placeWords": placeWords,
		"quoted":     func(prose string) []string { return strings.Split(prose, "`") }, // every second part is code
		"odd":        func(i int) bool { return i%2 == 1 },
		"rangeName":  rangeName,
		"numbers":    rangeNumbers,
		"classOf":    chart.ClassOf,
		"path":       s.path,
		"asset":      s.asset,
		"targetLink": s.targetLink,
		"short":      func(text string) string { return shortened(text, longestHeading) },
		"mistake":    func(text string) string { return shortened(text, longestMistake) },
		"pair":       func(page, of any) pair { return pair{page, of} },

		"reasonWords": reasonWords,
	})
	t = template.Must(t.ParseFS(chart.Parts, "*.html"))
	return template.Must(t.ParseFS(files, "pages/*.html"))
}

// pair is a page and a part of it, for a template that needs both.
type pair struct{ Page, Of any }

// draw fills in a page. Meanwhile it gives way to requests.
func (s *Shell) draw(name string, data any) ([]byte, error) {
	const piece = 1 << 10
	var body bytes.Buffer
	// A template writes a few bytes at a time. To give way after each of them would cost
	// more than drawing.
	w := bufio.NewWriterSize(yieldingWriter{&body, newYielder(drawFor)}, piece)
	if err := s.pages.ExecuteTemplate(w, name+".html", data); err != nil {
		return nil, err
	}
	err := w.Flush()
	return body.Bytes(), err
}

// path returns the path of a resource of this shell as clients see it.
func (s *Shell) path(p string) string { return s.prefix + p }

// targetLink returns the path of the page of a target as clients see it. It escapes slashes in the name, as two in a
// row would count as one.
func (s *Shell) targetLink(name string) string { return s.path(targetPath(name)) }

// targetPath returns the path of the page of a target below the prefix of its prober.
func targetPath(name string) string {
	// Browsers take these out of a path.
	if name == "." || name == ".." {
		return "/targets/?name=" + name
	}
	return "/targets/" + url.PathEscape(name)
}

// asset returns the address of a static file. The address changes with the content, so browsers may keep the file for
// ever.
func (s *Shell) asset(name string) string {
	return s.path("/static/" + name + "?" + versionOf(s.assets[name].etag))
}

// loadAssets reads the static files.
func loadAssets() map[string]drawing {
	assets := map[string]drawing{}
	entries, err := static.Files.ReadDir(".")
	for _, e := range entries {
		var body []byte
		if body, err = static.Files.ReadFile(e.Name()); err != nil {
			break
		}
		assets[e.Name()] = drawing{body: body, etag: etagOf(body)}
	}
	if err != nil {
		panic("the static files are part of the program: " + err.Error())
	}
	return assets
}

func (s *Shell) static(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	asset, ok := s.assets[name]
	if !ok {
		text(w, http.StatusNotFound, "not found")
		return
	}
	types := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	w.Header().Set("Content-Type", types[path.Ext(name)])
	w.Header().Set("ETag", asset.etag)
	w.Header().Set("Cache-Control", "private, no-cache")
	if r.URL.RawQuery == versionOf(asset.etag) { // the address of this very content
		w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(asset.body))
}
