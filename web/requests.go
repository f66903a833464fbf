package web

import (
	"cmp"
	"slices"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
	"example.com/prober/web/chart"
)

// maxRequests is the largest number of requests of a target on a page. The API has all of them.
const maxRequests = 100

// namedRequests are the requests of a mix or the steps of a journey, as a table.
type namedRequests struct {
	Rows []requestRow
	// Hidden is the number of requests left out.
	Hidden uint64
}

// requestRow is one request of a target.
type requestRow struct {
	*numbers.RequestNumbers
	State state
	// Share is the share of the request in a mix, and Weight its weight in the configuration. Step is its number in a
	// journey, counted from 1.
	Share        string
	Weight, Step int
	// Worst is the commonest failure since the start. Its code is 0 if there is none.
	Worst numbers.FailureKind
}

// Succeeded returns the number of requests that ended well.
func (r *requestRow) Succeeded() uint64 { return r.Requests - r.Failed() - r.Own() }

// requestState judges a request by the last burst that sent it, as stateOf does a target.
func requestState(n *numbers.RequestNumbers) state {
	switch {
	case !n.FailingSince.IsZero():
		return failing
	case !n.TroubledSince.IsZero():
		return troubled
	case n.Requests == 0:
		return waiting
	default:
		return ok
	}
}

// requestTable lists the requests of a target in the order of the configuration. If there are too many, it shows
// requests in trouble first.
func requestTable(t *numbers.Snapshot, cfg *config.Target) namedRequests {
	weights, sum := weightsOf(cfg)
	rows := make([]requestRow, len(t.ByRequest))
	for i := range rows {
		n := &t.ByRequest[i]
		rows[i] = requestRow{RequestNumbers: n, State: requestState(n), Worst: commonestKind(n.Kinds)}
		if t.Journey != nil {
			rows[i].Step = i + 1
		} else {
			rows[i].Weight = weights[n.Name]
			rows[i].Share = chart.Percent(uint64(rows[i].Weight), sum)
		}
	}
	if len(rows) <= maxRequests {
		return namedRequests{Rows: rows}
	}
	slices.SortStableFunc(rows, func(a, b requestRow) int { return cmp.Compare(a.State, b.State) })
	return namedRequests{Rows: rows[:maxRequests], Hidden: uint64(len(rows) - maxRequests)}
}

// weightsOf returns the weights of the requests of a mix by name, and their sum.
func weightsOf(cfg *config.Target) (weights map[string]int, sum uint64) {
	if cfg == nil {
		return nil, 0
	}
	weights = make(map[string]int, len(cfg.Requests))
	for i := range cfg.Requests {
		r := &cfg.Requests[i]
		weights[r.Name] = r.Weight
		sum += uint64(r.Weight)
	}
	return weights, sum
}

func commonestKind(kinds []numbers.FailureKind) (most numbers.FailureKind) {
	for _, k := range kinds {
		if k.Count > most.Count {
			most = k
		}
	}
	return most
}

// commonestFailure returns the commonest code of failures that are not the prober's own. It says how common this code
// is among them: all, most, or less.
func commonestFailure(codes []numbers.CodeCount) (most errcode.Code, how string) {
	var count, all uint64
	for _, c := range codes {
		if !c.Code.IsFailure() || c.Code.IsOwn() {
			continue
		}
		all += c.Count
		if c.Count > count {
			most, count = c.Code, c.Count
		}
	}
	switch {
	case all == 0:
		return errcode.OK, ""
	case count == all:
		return most, "with"
	case 2*count > all:
		return most, "most with"
	default:
		return most, "most often with"
	}
}
