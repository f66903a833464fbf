package imports

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// HAROptions say how to import a recording.
type HAROptions struct {
	Options
	// Journey keeps the requests to an origin in order, each as often as it was recorded. Without it they are a mix.
	Journey bool
}

// harFile is the part of HTTP Archive 1.2 that the import reads.
type harFile struct {
	Log *struct {
		Entries []harEntry `json:"entries"`
	} `json:"log"`
}

type harEntry struct {
	Started      string       `json:"startedDateTime"`
	Time         float64      `json:"time"` // in milliseconds
	Request      *harRequest  `json:"request"`
	Response     harResponse  `json:"response"`
	ResourceType string       `json:"_resourceType"`
	FromCache    any          `json:"_fromCache"`
	Messages     []harMessage `json:"_webSocketMessages"`
}

type harMessage struct{}

type harRequest struct {
	Method  string         `json:"method"`
	URL     string         `json:"url"`
	Version string         `json:"httpVersion"`
	Headers []harNameValue `json:"headers"`
	Body    *struct {
		MimeType string         `json:"mimeType"`
		Text     string         `json:"text"`
		Encoding string         `json:"encoding"`
		Params   []harNameValue `json:"params"`
	} `json:"postData"`
}

type harNameValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type harResponse struct {
	Status  int            `json:"status"`
	Headers []harNameValue `json:"headers"`
	Content struct {
		Text     string `json:"text"`
		Encoding string `json:"encoding"`
	} `json:"content"`
}

// HAR imports a recording of a browser. Each origin becomes a target.
func HAR(source []byte, o HAROptions) (*Result, error) {
	file, err := parseHAR(source, o.Options)
	if err != nil {
		return nil, err
	}
	r := recording{options: o}
	for i := range file.Log.Entries {
		if err := r.add(i, &file.Log.Entries[i]); err != nil {
			return nil, err
		}
	}
	head := append([]string{"Imported from a recording (HAR) of " + counted(len(file.Log.Entries), "request") + "."}, r.skipped.notes()...)
	var targets []*target
	for _, origin := range r.origins {
		if len(origin.target.requests) == 0 {
			head = append(head, origin.cached.notes()...)
			continue
		}
		targets = append(targets, origin.settle(o.Journey))
	}
	if o.Journey && len(targets) > 1 {
		head = append(head, "The recording has more than one origin: each origin is a journey of its own, and the order between them is lost.")
	}
	return finish(head, targets, o.Options)
}

func parseHAR(source []byte, o Options) (*harFile, error) {
	source = bytes.TrimPrefix(source, []byte("\uFEFF"))
	var file harFile
	err := json.Unmarshal(source, &file)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return nil, &placeError{name: o.Name, line: lineAt(source, syntax.Offset), msg: "is not JSON: " + syntax.Error()}
	case errors.As(err, &kind):
		return nil, &placeError{
			name: o.Name, line: lineAt(source, kind.Offset), key: kind.Field, msg: fmt.Sprintf("must not be %s", kind.Value),
		}
	case err != nil:
		return nil, &placeError{name: o.Name, msg: "is not JSON: " + err.Error()}
	case file.Log == nil || file.Log.Entries == nil:
		return nil, &placeError{name: o.Name, key: "log.entries", msg: "is missing: this is not a HAR"}
	}
	return &file, nil
}

func lineAt(source []byte, offset int64) int {
	return 1 + bytes.Count(source[:min(max(offset, 0), int64(len(source)))], []byte("\n"))
}

// counted returns "1 request", "2 requests".
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// skipCount counts the skipped requests by reason.
type skipCount struct {
	reasons []string
	counts  map[string]int
	first   map[string]string
}

func (t *skipCount) add(reason, example string) {
	if t.counts == nil {
		t.counts, t.first = map[string]int{}, map[string]string{}
	}
	if t.counts[reason] == 0 {
		t.reasons = append(t.reasons, reason)
		t.first[reason] = example
	}
	t.counts[reason]++
}

func (t *skipCount) notes() (all []string) {
	for _, reason := range t.reasons {
		line := fmt.Sprintf("Left out: %s %s", counted(t.counts[reason], "request"), reason)
		if example := t.first[reason]; example != "" {
			line += ", the first to " + cut(example)
		}
		all = append(all, line+".")
	}
	return all
}

// recording collects the entries by their origins.
type recording struct {
	options HAROptions
	origins []*harOrigin
	skipped skipCount
}

// harOrigin is the part of the recording about one origin.
type harOrigin struct {
	target  *target
	dropped []string // names of headers that a browser adds
	cached  skipCount
	times   harTimes
	answers []harAnswer
	version map[string]int
}

// add adds one entry to its origin.
func (r *recording) add(i int, e *harEntry) error {
	place := func(key, msg string) error {
		return &placeError{name: r.options.Name, key: fmt.Sprintf("log.entries[%d].%s", i, key), msg: msg}
	}
	switch {
	case e.Request == nil:
		return place("request", "is missing")
	case e.Request.URL == "":
		return place("request.url", "is missing")
	}
	if reason := unsendable(e); reason != "" {
		r.skipped.add(reason, shownURL(e.Request.URL))
		return nil
	}
	at, err := parseAddress(e.Request.URL)
	if err != nil {
		return place("request.url", err.Error())
	}
	origin := r.origin(at)
	if e.FromCache != nil && e.FromCache != "" {
		origin.cached.add("that the browser answered from its cache", at.path)
		return nil
	}
	verb, ok := method(e.Request.Method)
	if !ok {
		return place("request.method", "is not a method that can be sent to a target")
	}
	origin.add(e, at, verb)
	return nil
}

// unsendable returns why an entry is no request over HTTP, "" if it is one.
func unsendable(e *harEntry) string {
	scheme, _, _ := strings.Cut(e.Request.URL, ":")
	switch scheme = strings.ToLower(scheme); {
	case scheme == "ws" || scheme == "wss" || e.ResourceType == "websocket" || len(e.Messages) > 0 || e.Response.Status == 101:
		return "of a WebSocket, which the prober does not speak"
	case scheme == "data" || scheme == "blob" || scheme == "about" || scheme == "file" || strings.HasSuffix(scheme, "-extension"):
		return "with the scheme " + cut(scheme) + ", which never leaves the browser"
	case scheme != "http" && scheme != "https":
		return "with a scheme that has no counterpart here"
	}
	return ""
}

// shownURL returns a URL without its secret or long parts.
func shownURL(raw string) string {
	if at, err := parseAddress(raw); err == nil {
		p, _, _ := strings.Cut(at.path, "?")
		return at.origin() + p
	}
	return ""
}

func (r *recording) origin(at address) *harOrigin {
	for _, known := range r.origins {
		if known.target.origin == at.origin() {
			return known
		}
	}
	o := &harOrigin{target: &target{name: at.name(), origin: at.origin(), journey: r.options.Journey}, version: map[string]int{}}
	r.origins = append(r.origins, o)
	return o
}

// harTimes measures the pauses between the end of each request and the start of the next.
type harTimes struct {
	last  time.Time
	think time.Duration
	steps int
}

func (t *harTimes) add(e *harEntry) {
	start, err := time.Parse(time.RFC3339Nano, e.Started)
	if err != nil {
		return
	}
	if !t.last.IsZero() {
		t.steps++
		t.think += max(start.Sub(t.last), 0)
	}
	if end := start.Add(time.Duration(min(max(e.Time, 0), 1e9) * float64(time.Millisecond))); end.After(t.last) {
		t.last = end
	}
}

// mean returns the mean as a duration of the configuration, "" if it is near 0.
func (t *harTimes) mean() string {
	if t.steps == 0 {
		return ""
	}
	mean := min(t.think/time.Duration(t.steps), 30*time.Second).Round(10 * time.Millisecond)
	if mean < 50*time.Millisecond {
		return ""
	}
	return mean.String()
}

// settle makes a target of the recording.
func (o *harOrigin) settle(journey bool) *target {
	t := o.target
	t.notes = append(t.notes, o.cached.notes()...)
	if len(o.dropped) > 0 {
		slices.Sort(o.dropped)
		t.notes = append(t.notes, "Headers that a browser adds are left out: "+strings.Join(o.dropped, ", ")+".")
	}
	if o.version["3"] > 0 {
		t.notes = append(t.notes, fmt.Sprintf("%s went over HTTP/3; connection.http_version: 3 does so, auto is HTTP/2 or HTTP/1.1.", counted(o.version["3"], "request")))
	}
	if journey {
		t.cookies = slices.Contains(o.dropped, "Cookie")
		t.think = o.times.mean()
		o.capture()
	}
	t.settle()
	return t
}

// decoded returns a text that may be base64.
func decoded(text, encoding string) (string, bool) {
	if encoding != "base64" {
		return text, true
	}
	plain, err := base64.StdEncoding.DecodeString(text)
	return string(plain), err == nil
}
