package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/prober/errcode"
)

// maxHaving is the largest number of targets on the page of a code. A failure of the
// network may concern all targets at once.
const maxHaving = 100

// codesPage lists the results of a search for codes.
type codesPage struct {
	frame
	Text   string
	Ranges []rangeCodes
	// Found and Total count the codes.
	Found, Total uint64
}

type rangeCodes struct {
	Range errcode.Range
	About string
	Codes []errcode.Code
}

// codePage is the runbook of one code.
type codePage struct {
	frame
	Code    errcode.Code
	Help    errcode.Help
	Targets []row // requests to them fail with the code now
}

func (s *Shell) codes(w http.ResponseWriter, r *http.Request) {
	search := cut(r.URL.Query().Get("q"))
	s.page(w, r, "codes"+codeQuery(search), func() ([]byte, error) {
		p := &codesPage{frame: s.frame(time.Now()), Text: search}
		p.Title, p.Here = "Error codes", "codes"
		for _, all := range codesByRange() {
			p.Total += uint64(len(all.Codes))
			if found := all.matching(search); len(found.Codes) > 0 {
				p.Ranges = append(p.Ranges, found)
				p.Found += uint64(len(found.Codes))
			}
		}
		return s.draw("codes", p)
	})
}

// codeQuery returns the query for a search for codes.
func codeQuery(search string) string {
	if search == "" {
		return ""
	}
	return "?" + url.Values{"q": {cut(search)}}.Encode()
}

// matching returns the codes that match all words of a search. A word matches the beginning of the number, with a dot
// or an x for any digit, or a part of the texts about the code.
func (r *rangeCodes) matching(search string) rangeCodes {
	found := rangeCodes{Range: r.Range, About: r.About}
	words := strings.Fields(strings.ToLower(search))
	for _, code := range r.Codes {
		help := code.Help()
		about := strings.ToLower(strings.Join([]string{code.Name(), code.Meaning(), rangeName(r.Range), help.Happened, help.Causes, help.Look}, "\n"))
		isMissing := func(word string) bool { return !isLike(code.String(), word) && !strings.Contains(about, word) }
		if !slices.ContainsFunc(words, isMissing) {
			found.Codes = append(found.Codes, code)
		}
	}
	return found
}

func (s *Shell) code(w http.ResponseWriter, r *http.Request) {
	code, err := errcode.Parse(r.PathValue("code"))
	if err != nil {
		s.noCode(w, r.PathValue("code"))
		return
	}
	s.page(w, r, "code/"+code.String(), func() ([]byte, error) {
		now := time.Now()
		p := &codePage{frame: s.frame(now), Code: code, Help: code.Help()}
		p.Title, p.Here = code.String()+" "+code.Name(), "codes"
		p.Targets = having(rowsByTrouble(s.opts.Manager.Targets(), now), code)
		return s.draw("code", p)
	})
}

// having returns the rows of at most maxHaving targets. In the current burst or in the last one, requests of these
// targets ended with the code.
func having(rows []row, code errcode.Code) []row {
	var found []row
	for i := range rows {
		for _, k := range rows[i].Trouble {
			if k.Code == code && len(found) < maxHaving {
				found = append(found, rows[i])
				break
			}
		}
	}
	return found
}

func isRange(name string) bool {
	_, ok := rangeWords(errcode.Range(name))
	return ok
}

// rangeWords says what fails in a range.
func rangeWords(r errcode.Range) (string, bool) {
	words, ok := map[errcode.Range]string{
		errcode.RangeOK:      "nothing",
		errcode.RangeGeneral: "the prober itself, the URL, redirects, proxies, the time of the request",
		errcode.RangeDNS:     "the look-up of the host name, and addresses that the prober must not connect to",
		errcode.RangeTCP:     "the connection: making it and keeping it",
		errcode.RangeTLS:     "the TLS handshake, certificates, alerts",
		errcode.RangeHTTP4xx: "the request, as the server says: 1000 plus the status",
		errcode.RangeHTTP5xx: "the server, as the server itself says: 1000 plus the status",
		errcode.RangeHTTP2:   "HTTP/2: its connection, its streams",
		errcode.RangeContent: "the body, and what the target expects of a response",
		errcode.RangeHTTP1:   "HTTP/1: the form of the response",
		errcode.RangeHTTP3:   "QUIC and HTTP/3: the connection, its streams",
		errcode.RangeGRPC:    "gRPC: 2000 plus the status of the call, and the form of its answer",
	}[r]
	return words, ok
}

// rangeName prints a range for a reader.
func rangeName(r errcode.Range) string {
	name, ok := map[errcode.Range]string{
		errcode.RangeOK: "Success", errcode.RangeGeneral: "General", errcode.RangeDNS: "DNS", errcode.RangeTCP: "TCP", errcode.RangeTLS: "TLS",
		errcode.RangeHTTP4xx: "HTTP 4xx", errcode.RangeHTTP5xx: "HTTP 5xx", errcode.RangeHTTP2: "HTTP/2",
		errcode.RangeContent: "Content", errcode.RangeHTTP1: "HTTP/1", errcode.RangeHTTP3: "HTTP/3", errcode.RangeGRPC: "gRPC",
	}[r]
	if !ok {
		return "Unknown"
	}
	return name
}

// codesByRange lists all codes except HTTP statuses without a name.
func codesByRange() []rangeCodes {
	var all []rangeCodes
	for code := range errcode.All() {
		if n := len(all); n == 0 || all[n-1].Range != code.Range() {
			about, _ := rangeWords(code.Range())
			all = append(all, rangeCodes{Range: code.Range(), About: about})
		}
		if status := int(code) - 1000; status >= 400 && status < 600 && http.StatusText(status) == "" {
			continue
		}
		r := &all[len(all)-1]
		r.Codes = append(r.Codes, code)
	}
	return all
}

// rangeNumbers prints the numbers of a range: "13xx".
func rangeNumbers(codes []errcode.Code) string {
	if len(codes) == 1 && codes[0] == errcode.OK {
		return "0"
	}
	return strconv.Itoa(int(codes[0])/100) + "xx"
}
