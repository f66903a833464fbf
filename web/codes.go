package web

import (
	"net/http"
	"strconv"
	"time"

	"example.com/prober/errcode"
)

// codesPage lists the codes, or those of one range that has a page of its own.
type codesPage struct {
	frame
	Ranges []rangeCodes
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
	Targets []row // that have it as their commonest failure now
}

func (s *Shell) codes(w http.ResponseWriter, r *http.Request) {
	s.page(w, r, "codes", func() ([]byte, error) {
		p := &codesPage{frame: s.frame(time.Now()), Ranges: codesByRange()}
		p.Title, p.Here = "Error codes", "codes"
		return s.draw("codes", p)
	})
}

func (s *Shell) code(w http.ResponseWriter, r *http.Request) {
	code, err := errcode.Parse(r.PathValue("code"))
	if err != nil {
		s.notFound(w, r, "There is no error code of that number or name.")
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

// having returns the rows of targets, perPage at most, with requests of the burst
// under way or the last one that came to a code.
func having(rows []row, code errcode.Code) []row {
	var found []row
	for i := range rows {
		for _, k := range rows[i].Trouble {
			if k.Code == code && len(found) < perPage {
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
		errcode.RangeDNS:     "the look-up of the host name, and addresses that must not be dialled",
		errcode.RangeTCP:     "the connection: making it and keeping it",
		errcode.RangeTLS:     "the TLS handshake, certificates, alerts",
		errcode.RangeHTTP4xx: "the request, says the server: 1000 plus the status",
		errcode.RangeHTTP5xx: "the server, as it says itself: 1000 plus the status",
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

// codesByRange lists all codes but the statuses without a name.
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
