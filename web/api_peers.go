package web

import (
	"net/http"
	"strconv"
	"time"
)

type (
	apiPeers struct {
		Peers    []apiPeer       `json:"peers"`
		Targets  []apiPeerTarget `json:"targets"`
		Total    int             `json:"total"`
		Matching int             `json:"matching"`
		Offset   int             `json:"offset"`
	}
	apiPeer struct {
		Name      string     `json:"name"`
		URL       string     `json:"url"`
		Up        bool       `json:"up"`
		Error     string     `json:"error"`
		DownSince *time.Time `json:"down_since"`
		ReadAt    *time.Time `json:"read_at"`
		Targets   int        `json:"targets"`
		Failing   int        `json:"failing"`
	}
	apiPeerTarget struct {
		Name   string         `json:"name"`
		State  string         `json:"state"`
		States []apiPeerState `json:"states"`
	}
	apiPeerState struct {
		Peer  string     `json:"peer"`
		State string     `json:"state"`
		Code  int        `json:"code"`
		Since *time.Time `json:"since"`
		Stale bool       `json:"stale"`
	}
)

func (s *Shell) apiPeers(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	f := readPeersFilter(q)
	limit, okLimit := wholeNumber(q, "limit", apiLimit, 1, apiMaxLimit)
	offset, okOffset := wholeNumber(q, "offset", 0, 0, 1_000_000)
	if !okLimit || !okOffset || f.State != q.Get("state") {
		apiError(w, http.StatusBadRequest, "limit must be 1 to 1000, and offset at least 0; docs/api.md lists the values of state")
		return
	}
	key := "api/peers?" + f.query(1).Encode() + "&" + strconv.Itoa(limit) + "&" + strconv.Itoa(offset)
	s.answer(w, r, key, func() (any, error) {
		columns := s.columns(time.Now())
		tally, chosen := newFleetTally(columns), newChoice(columns, f)
		chosen.count(&tally)
		return apiPeers{
			Peers: mapped(columns, apiPeerOf), Targets: mapped(chosen.window(offset, limit), apiPeerTargetOf),
			Total: tally.Targets, Matching: chosen.matching(), Offset: offset,
		}, nil
	})
}

func apiPeerOf(c *column) apiPeer {
	p := apiPeer{
		Name: c.Name, Up: !c.IsDown() && !c.IsAwaited(), Error: c.Down, ReadAt: timeOrNull(c.ReadAt), Targets: c.Total, Failing: c.Failing,
	}
	if c.URL != nil {
		p.URL = c.URL.String()
	}
	if c.IsDown() {
		p.DownSince = timeOrNull(c.DownSince)
	}
	return p
}

func apiPeerTargetOf(r *peerRow) apiPeerTarget {
	t := apiPeerTarget{Name: r.Name, State: r.State.String(), States: []apiPeerState{}}
	for i := range r.Cells {
		if c := &r.Cells[i]; c.Target != nil {
			t.States = append(t.States, apiPeerState{
				Peer: c.Of.Name, State: c.State().String(), Code: int(c.Code), Since: timeOrNull(c.Since), Stale: c.Of.IsDown(),
			})
		}
	}
	return t
}
