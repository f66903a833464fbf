package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// shop is the server of a target with a mix or a journey. It knows the name, the row and the visitor of each request.
// It is safe for concurrent use.
type shop struct {
	farm *farm
	name string
	seed uint64
	// well reports whether all answers are without faults.
	well bool
	// steps are the steps of the journey, in order, including the one that a reload adds; nil for a mix.
	steps []string
	// thinks is the shortest pause of a visitor between two steps.
	thinks time.Duration

	mu     sync.Mutex
	asked  map[string]int      // requests by name
	rows   map[int]map[int]int // how often each row was used, by the version of the file
	once   map[int]int         // how often each unique number was used
	visits map[string]*visit   // by cookie
	wrong  []string            // mistakes of requests
	odd    []string            // mistakes of visitors
	failed map[string]int      // journeys failed by the server, by step
}

// visit is one journey as its server sees it.
type visit struct {
	row, token string
	next       int       // index of the due step
	answered   time.Time // the step before, just before the end of the answer
	busy       bool      // an answer has not ended
	over       bool      // at its last step, or because a step failed
}

// shelf is how many rows a file of data has: a prime, so no mix comes round with it.
const shelf = 17

// hardValue returns a value with delimiters and other hard characters, for a row of a version.
func hardValue(version, row int) string {
	hard := []string{
		`"quoted" \ back`, "two\nlines", "a%41&b=c#d/e?f+g", "💡 é", "", "  ", "{{ row }}", "<&>'`", ",;\t|", `{"a": [1]}`, "plain",
	}
	return hard[(version+row)%len(hard)]
}

func (f *farm) newShop(name string, seed uint64) *shop {
	return &shop{
		farm: f, name: name, seed: seed, asked: map[string]int{}, rows: map[int]map[int]int{}, once: map[int]int{},
		visits: map[string]*visit{}, failed: map[string]int{},
	}
}

// pageOf returns the name of the ledger's page about one request of a target.
func pageOf(target, request string) string { return target + "/" + request }

// answer is the answer of a shop to one request.
type answer struct {
	status int
	// visit and token are the values for the visitor, "" for none.
	visit, token string
	reset        bool
	// slow reports whether there is a pause within the answer.
	slow bool
	of   *visit // nil in a mix
}

// take enters a request, whose body has been read, and returns the answer to it. reset is the code of a request that is
// reset.
func (p *shop) take(r *http.Request, body []byte, reset string) answer {
	_, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	request, rest, _ := strings.Cut(rest, "/")
	id := r.Header.Get("X-Request-Id")
	p.farm.ledger.note(p.name, id)
	n := p.farm.ledger.note(pageOf(p.name, request), id)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked[request]++
	row := p.look(r, body, rest)
	a := answer{status: http.StatusOK}
	if p.steps != nil {
		a = p.visit(r, request, row)
	} else {
		p.use(row)
	}
	a.slow = n%8 == 0
	code := p.spoil(&a, request, n, reset)
	p.farm.ledger.expect(p.name, code)
	p.farm.ledger.expect(pageOf(p.name, request), code)
	if code != "0" && a.of != nil {
		a.of.over = true
		p.failed[request]++
	}
	return a
}

// spoil makes one answer in twenty a fault and returns the code of the answer.
func (p *shop) spoil(a *answer, request string, n int, reset string) string {
	fault, is := lot(p.seed, pageOf(p.name, request), n, 4)
	if !is || p.well {
		return "0"
	}
	switch {
	case fault == 0 && a.token != "": // nothing is left to capture
		a.token = ""
		return "1716"
	case fault == 1:
		a.reset = true
		return reset
	default:
		a.status = http.StatusServiceUnavailable
		return "1503"
	}
}

// look returns the row in a request, and notes mistakes in its values.
func (p *shop) look(r *http.Request, body []byte, rest string) (row string) {
	values, err := r.URL.Query(), error(nil)
	switch r.Header.Get("Content-Type") {
	case "application/json":
		var brought map[string]string
		err = json.Unmarshal(body, &brought)
		for name, value := range brought {
			values.Set(name, value)
		}
	case "application/x-www-form-urlencoded":
		var form url.Values
		form, err = url.ParseQuery(string(body))
		maps.Copy(values, form)
	}
	row = values.Get("row")
	version, number := rowOf(row)
	if err != nil || version == 0 || values.Has("note") && values.Get("note") != hardValue(version, number) {
		p.wrong = append(p.wrong, fmt.Sprintf("%s %s: %q, %v", r.Method, r.URL, body, err))
	}
	if number := 0; rest != "" {
		if _, err := fmt.Sscan(rest, &number); err != nil {
			p.wrong = append(p.wrong, r.URL.String())
		}
		p.once[number]++
	}
	return row
}

// rowOf returns the version of the file that a row is from, 0 if none, and the number of the row.
func rowOf(row string) (version, number int) {
	if _, err := fmt.Sscanf(row, "v%d-%d", &version, &number); err != nil || row != rowName(version, number) || number >= shelf {
		return 0, 0
	}
	return version, number
}

func rowName(version, number int) string { return fmt.Sprintf("v%d-%d", version, number) }

// use counts a row.
func (p *shop) use(row string) {
	version, number := rowOf(row)
	if p.rows[version] == nil {
		p.rows[version] = map[int]int{}
	}
	p.rows[version][number]++
}

// visit enters a step of a journey. The first step makes a visitor, with a cookie and a matching token.
func (p *shop) visit(r *http.Request, request, row string) answer {
	step := slices.Index(p.steps, request)
	cookie := ""
	if c, err := r.Cookie("visit"); err == nil {
		cookie = c.Value
	}
	v := p.visits[cookie]
	if step == 0 {
		if cookie != "" {
			p.odd = append(p.odd, fmt.Sprintf("a visitor begins with the cookie %q", cookie))
		}
		p.use(row)
		cookie = fmt.Sprintf("n%d", len(p.visits))
		v = &visit{row: row}
		p.visits[cookie] = v
	}
	if what := p.oddity(v, r, step, row); what != "" {
		p.odd = append(p.odd, fmt.Sprintf("%s of visitor %q: %s", request, cookie, what))
		if v == nil {
			v = &visit{}
		}
	}
	v.busy, v.next = true, step+1
	a := answer{status: http.StatusOK, visit: cookie, of: v}
	if step < 2 { // the second step changes the token of the first
		v.token = fmt.Sprintf("%s.%d-+/=&%%41", cookie, step)
		a.token = v.token
	}
	v.over = r.URL.Query().Has("last")
	return a
}

// oddity returns the visitor's mistake, "" if there is none.
func (p *shop) oddity(v *visit, r *http.Request, step int, row string) string {
	switch {
	case v == nil:
		return "nobody has that cookie"
	case v.over:
		return "the journey is over"
	case v.busy:
		return "the step before has not ended"
	case step != v.next:
		return fmt.Sprintf("step %d is due, not %d", v.next, step)
	case row != v.row:
		return fmt.Sprintf("the row is %q, and was %q", row, v.row)
	case step > 0 && r.Header.Get("Authorization") != "Bearer "+v.token:
		return fmt.Sprintf("the token is %q, and not %q", r.Header.Get("Authorization"), v.token)
	case step > 0 && time.Since(v.answered) < p.thinks:
		return fmt.Sprintf("it paused for %v", time.Since(v.answered))
	}
	return ""
}

// ending records when the end of an answer is about to leave.
func (p *shop) ending(a *answer) {
	if a.of == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	a.of.busy, a.of.answered = false, time.Now()
}

// slowness is how long the pause within a slow answer lasts.
const slowness = 3 * time.Millisecond

// text returns the body of the answer in its two parts.
func (a *answer) text() (first, second string) {
	return fmt.Sprintf("{\"status\": %d, \"token\": ", a.status), fmt.Sprintf("%s}", orNull(a.token))
}

// orNull returns a text in JSON.
func orNull(text string) string {
	if text == "" {
		return "null"
	}
	return fmt.Sprintf("%q", text)
}

// header returns the header of the answer.
func (a *answer) header() http.Header {
	h := http.Header{"Content-Type": {"application/json"}}
	if a.visit != "" {
		h.Add("Set-Cookie", "visit="+a.visit+"; Path=/")
	}
	if a.token != "" {
		h.Set("X-Token", a.token)
		h.Add("Set-Cookie", "token="+a.token+"; Path=/")
	}
	return h
}

// serveWeb answers over HTTP/2.
func (p *shop) serveWeb(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil { // the client is gone
		return
	}
	a := p.take(r, body, codeReset)
	if a.reset {
		p.ending(&a)
		panic(http.ErrAbortHandler)
	}
	first, second := a.text()
	maps.Copy(w.Header(), a.header())
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, first) //nolint:gosec // no browser shows it; the client may be gone
	if a.slow {
		_ = http.NewResponseController(w).Flush()
		<-time.After(slowness)
	}
	p.ending(&a)
	_, _ = io.WriteString(w, second) //nolint:gosec // as above
}

// bytesOf returns the answer over HTTP/1.1, in two parts.
func (a *answer) bytesOf() (first, second string) {
	first, second = a.text()
	var head bytes.Buffer
	fmt.Fprintf(&head, "HTTP/1.1 %d Whatever\r\nContent-Length: %d\r\n", a.status, len(first)+len(second))
	_ = a.header().Write(&head) // it never fails
	return head.String() + "\r\n" + first, second
}
