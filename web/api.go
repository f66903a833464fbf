package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"example.com/prober/config"
	"example.com/prober/errcode"
)

// The default and the largest number of targets in one answer of the API.
const (
	apiLimit    = 100
	apiMaxLimit = 1000
)

// routeAPI registers version 1 of the API. docs/api.md documents it, and a test keeps both in step.
func (s *Shell) routeAPI(get func(string, http.HandlerFunc)) {
	get("/api/v1/targets", s.apiTargets)
	get("/api/v1/targets/{name}", s.apiTarget)
	get("/api/v1/targets/{name}/failures", s.apiFailures)
	get("/api/v1/codes", s.apiCodes)
	get("/api/v1/discovery", s.apiDiscovery)
	get("/api/v1/peers", s.apiPeers)
}

// apiElsewhere answers requests below /api/ if no route of the API matches.
func apiElsewhere(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		apiError(w, http.StatusMethodNotAllowed, "the API is for reading only")
		return
	}
	apiError(w, http.StatusNotFound, "no such path; in the name of a target a slash is written %2F")
}

func (s *Shell) apiTargets(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	f := readFilter(q)
	// These are about the page. In the key of the cache they would make different answers of equal
	// ones.
	f.Group, f.Open = "", ""
	limit, okLimit := wholeNumber(q, "limit", apiLimit, 1, apiMaxLimit)
	offset, okOffset := wholeNumber(q, "offset", 0, 0, 1_000_000)
	if !okLimit || !okOffset || f.State != q.Get("state") || f.Range != q.Get("range") {
		apiError(w, http.StatusBadRequest, "limit must be 1 to 1000, and offset at least 0; docs/api.md lists the values of state and range")
		return
	}
	key := "api?" + f.query(1).Encode() + "&" + strconv.Itoa(limit) + "&" + strconv.Itoa(offset)
	s.answer(w, r, key, func() (any, error) {
		now := time.Now()
		rows := s.look(offset, limit, now)
		list := apiTargetList{Total: len(rows), Offset: offset, Targets: []apiTarget{}}
		rows = f.choose(rows)
		list.Matching = len(rows)
		first := min(offset, len(rows))
		for i := range rows[first:min(first+limit, len(rows))] {
			r := &rows[first+i]
			var cfg *config.Target
			if len(r.ByRequest) > 0 { // only the weights of its requests are needed
				cfg = s.opts.Manager.Config(r.Name)
			}
			list.Targets = append(list.Targets, apiTargetOf(r, cfg))
		}
		return list, nil
	})
}

// looked is the list of targets at one moment.
type looked struct {
	at   time.Time
	rows []row
}

// look returns the list of targets. Some clients, such as peers, read a long list in parts. If they ask for the parts
// in quick succession, all parts come from one list. Making a list takes longer than sending a part, and one list does
// not change while it is read.
func (s *Shell) look(offset, limit int, now time.Time) []row {
	if last := s.looked.Load(); last != nil && offset > 0 && now.Sub(last.at) < drawnFor {
		return last.rows
	}
	rows := rowsByTrouble(s.opts.Manager.Targets(), now)
	if len(rows) > limit {
		l := &looked{now, rows}
		s.looked.Store(l)
		time.AfterFunc(drawnFor, func() { s.looked.CompareAndSwap(l, nil) }) // the list takes memory
	}
	return rows
}

// wholeNumber reads a parameter. It returns preset if the parameter is absent.
func wholeNumber(q url.Values, name string, preset, least, most int) (n int, valid bool) {
	if !q.Has(name) {
		return preset, true
	}
	n, err := strconv.Atoi(q.Get(name))
	return n, err == nil && n >= least && n <= most
}

func (s *Shell) apiTarget(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if !s.opts.Manager.Has(name) {
		apiError(w, http.StatusNotFound, "no target of that name is running")
		return
	}
	s.answer(w, r, "api/target/"+name, func() (any, error) {
		t, _ := s.opts.Manager.Target(name) // the target may have gone meanwhile: then it is empty
		return apiDetailOf(&t, s.opts.Manager.Config(name), time.Now())
	})
}

func (s *Shell) apiFailures(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if !s.opts.Manager.Has(name) {
		apiError(w, http.StatusNotFound, "no target of that name is running")
		return
	}
	s.answer(w, r, "api/failures/"+name, func() (any, error) {
		return apiFailureList{Target: name, Failures: mapped(s.opts.Manager.Failures(name), apiFailureOf)}, nil
	})
}

func (s *Shell) apiCodes(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, "api/codes", func() (any, error) {
		list := apiCodeList{}
		for code := range errcode.All() {
			help := code.Help()
			list.Codes = append(list.Codes, apiCode{
				Code: int(code), Name: code.Name(), Range: code.Range().String(), Meaning: code.Meaning(),
				Happened: help.Happened, Causes: help.Causes, Look: help.Look,
			})
		}
		return list, nil
	})
}

// answer sends the value of build as JSON.
func (s *Shell) answer(w http.ResponseWriter, r *http.Request, key string, build func() (any, error)) {
	d, err := s.pageCache.get(r, key, func() ([]byte, error) {
		value, err := build()
		if err != nil {
			return nil, err
		}
		return json.Marshal(value)
	})
	if errors.Is(err, context.Canceled) {
		panic(http.ErrAbortHandler) // the client has gone
	}
	if errors.Is(err, errBusy) {
		w.Header().Set("Retry-After", "1")
		apiError(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	if err != nil {
		s.opts.Log.Error("cannot answer a request to the API", "key", key, "err", err)
		apiError(w, http.StatusInternalServerError, "the answer cannot be written")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	d.serve(w, r)
}

func apiError(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(apiFault{message}) // the client may have gone
}
