package report

import (
	"bufio"
	_ "embed"
	"html/template"
	"io"
	"time"

	"example.com/prober/prober/numbers"
	"example.com/prober/web/chart"
)

var (
	//go:embed page.html
	pageTemplate string
	//go:embed page.css
	pageStyle string
)

// page is the report for people: one file without a script or references to other files.
type page struct {
	out       io.Writer
	timelines []*numbers.Timeline
}

func newPage(out io.Writer) writer { return &page{out: out} }

func (p *page) observers(of []Source) []Observer {
	all := make([]Observer, len(of))
	for i := range of {
		t := numbers.NewTimeline()
		p.timelines = append(p.timelines, t)
		all[i] = t.Observe
	}
	return all
}

func (p *page) abandon() {}

func (p *page) finish(r *Result) error {
	view, err := p.view(r)
	if err != nil {
		return err
	}
	t, err := parsePage()
	if err != nil {
		return err
	}
	out := bufio.NewWriter(p.out)
	if err := t.Execute(out, view); err != nil {
		return err
	}
	return out.Flush()
}

func parsePage() (*template.Template, error) {
	t := template.New("page").Funcs(template.FuncMap{
		"latency": chart.Latency, "number": chart.Number, "plural": chart.Plural, "percent": chart.Percent, "size": chart.Size,
		"rate": chart.Rate, "since": chart.Since, "classOf": chart.ClassOf,
		"moment": func(t time.Time) string { return t.UTC().Format(time.DateTime + " UTC") },
		"clock":  func(t time.Time) string { return t.UTC().Format("15:04:05.000") },
		"stamp":  func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) },
	})
	t, err := t.ParseFS(chart.Parts, "*.html")
	if err != nil {
		return nil, err
	}
	return t.Parse(pageTemplate)
}
