package peers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"example.com/prober/errcode"
	"example.com/prober/web/baseurl"
)

const (
	// pageSize is the largest number of targets in one answer of the API.
	pageSize = 1000
	// maxAnswer bounds one answer, and maxTarget its part for one target, in bytes.
	maxAnswer = 32 << 20
	maxTarget = 4 << 20
	// longestTarget is the bound on a target's name in a configuration, in bytes.
	longestTarget = 128
	// busyFor is how long the set waits if a prober says that it draws too many pages for other clients.
	busyFor = time.Second
)

// answerError says why an answer is no list of targets.
type answerError struct{ error }

func (e answerError) Unwrap() error { return e.error }

// isAnswer reports whether err comes from an answer of the peer.
func isAnswer(err error) bool {
	_, isWrong := errors.AsType[answerError](err)
	_, isRedirect := errors.AsType[*baseurl.RedirectError](err)
	return isWrong || isRedirect
}

func wrong(format string, args ...any) error { return answerError{fmt.Errorf(format, args...)} }

// errSlow is the cause of giving up a request.
var errSlow = errors.New("the peer kept a request waiting for too long")

// list returns all targets of a peer by name, and how many the peer has. The order of the list may change between two
// reads of parts of it. A target missing for this reason keeps its previous state.
func (s *Set) list(ctx context.Context, p Peer, before []Target) (targets []Target, total int, err error) {
	for offset := 0; offset < MaxTargets; {
		part, of, err := s.part(ctx, p, offset)
		if err != nil {
			return nil, 0, err
		}
		targets, total = append(targets, part...), of
		offset += len(part)
		if offset >= total || len(part) == 0 {
			break
		}
	}
	targets = byName(targets)
	if missing := min(total, MaxTargets) - len(targets); missing > 0 {
		targets = addMissing(targets, before, missing)
	}
	return slices.Clip(targets), max(total, len(targets)), nil
}

// byName sorts targets. Of two with the same name it keeps the one read later. The order of a list may change
// between two requests, and then a target comes twice.
func byName(targets []Target) []Target {
	// The sort is stable, so the later of two comes first, and CompactFunc keeps the first.
	slices.Reverse(targets)
	slices.SortStableFunc(targets, compareNames)
	return slices.CompactFunc(targets, func(a, b Target) bool { return a.Name == b.Name })
}

func compareNames(a, b Target) int { return strings.Compare(a.Name, b.Name) }

// addMissing adds at most most targets of before that are not among targets. Both lists are by name.
func addMissing(targets, before []Target, most int) []Target {
	var missing []Target
	for _, t := range before {
		if _, isThere := slices.BinarySearchFunc(targets, t, compareNames); !isThere && len(missing) < most {
			missing = append(missing, t)
		}
	}
	return byName(append(targets, missing...))
}

// part returns the targets of one answer, and how many the peer has. If the peer says it is busy, part asks a second
// time.
func (s *Set) part(ctx context.Context, p Peer, offset int) (targets []Target, total int, err error) {
	address := p.URL.JoinPath("api", "v1", "targets")
	address.RawQuery = url.Values{"limit": {strconv.Itoa(pageSize)}, "offset": {strconv.Itoa(offset)}}.Encode()
	targets, total, isBusy, err := s.ask(ctx, address.String())
	if isBusy && pause(ctx, busyFor) == nil {
		targets, total, _, err = s.ask(ctx, address.String())
	}
	return targets, total, err
}

// ask sends one request.
func (s *Set) ask(ctx context.Context, address string) (targets []Target, total int, isBusy bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	waitLimit := newWaitLimit(s.maxWait, func() { cancel(errSlow) })
	defer waitLimit.pause()
	defer func() {
		if err != nil && errors.Is(context.Cause(ctx), errSlow) {
			err = fmt.Errorf("it did not answer within %s", s.maxWait)
		}
	}()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, 0, false, err
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "prober-peer")
	answer, err := s.client.Do(r)
	if err != nil {
		return nil, 0, false, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		isBusy = answer.StatusCode == http.StatusServiceUnavailable && answer.Header.Get("Retry-After") == "1"
		return nil, 0, isBusy, wrong("it answered %s", strings.TrimSpace(strconv.Itoa(answer.StatusCode)+" "+http.StatusText(answer.StatusCode)))
	}
	waitLimit.pause()
	body := &throttledBody{from: answer.Body, turn: s.turn, waitLimit: waitLimit, left: maxAnswer}
	defer body.end()
	targets, total, err = decode(ctx, body)
	return targets, total, false, err
}

// item is the part of a target in the API that decode reads.
type item struct {
	Name          string     `json:"name"`
	State         string     `json:"state"`
	FailingSince  *time.Time `json:"failing_since"`
	TroubledSince *time.Time `json:"troubled_since"`
	Failures      []struct {
		Code errcode.Code `json:"code"`
	} `json:"failures_now"`
}

// decode reads a list of targets, one target at a time. To decode a whole list at once would hold it in
// memory twice, and could not rest in between.
func decode(ctx context.Context, body *throttledBody) (targets []Target, total int, err error) {
	dec, hasTargets := json.NewDecoder(body.within(ctx)), false
	err = walk(dec, '{', func() error {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		body.begin()
		switch key {
		case "targets":
			hasTargets = true
			return walk(dec, '[', func() error {
				body.begin()
				t, err := decodeTarget(dec, len(targets))
				targets = append(targets, t)
				return err
			})
		case "total":
			return dec.Decode(&total)
		default:
			var other json.RawMessage
			return dec.Decode(&other)
		}
	})
	switch {
	case err != nil:
		return nil, 0, body.explain(err)
	case !hasTargets:
		return nil, 0, wrong("its answer has no list of targets: %.60q", body.beginning)
	}
	return targets, total, nil
}

// walk calls each for every value between open and its closing delimiter.
func walk(dec *json.Decoder, open json.Delim, each func() error) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	if token != open {
		return wrong("its answer has %.40q where a %q should be", fmt.Sprint(token), open.String())
	}
	for dec.More() {
		if err := each(); err != nil {
			return err
		}
	}
	_, err = dec.Token()
	return err
}

func decodeTarget(dec *json.Decoder, number int) (t Target, err error) {
	if number == pageSize {
		return t, wrong("it gives more than the %d targets that it was asked for", pageSize)
	}
	var i item
	if err := dec.Decode(&i); err != nil {
		return t, err
	}
	if i.Name == "" || len(i.Name) > longestTarget || !isPrintable(i.Name) {
		return t, wrong("targets[%d]: its name must have 1 to %d bytes that can be printed", number, longestTarget)
	}
	t.Name = i.Name
	for t.State.String() != i.State {
		if t.State++; t.State == numStates {
			return t, wrong("targets[%d]: there is no state %.40q", number, i.State)
		}
	}
	if t.State == Failing || t.State == Troubled {
		t.Since = sinceOf(t.State, i.FailingSince, i.TroubledSince)
		for _, f := range i.Failures {
			if t.Code == errcode.OK && f.Code.IsOwn() == (t.State == Troubled) {
				t.Code = f.Code
			}
		}
	}
	return t, nil
}

func sinceOf(s State, failing, troubled *time.Time) time.Time {
	since := failing
	if s == Troubled {
		since = troubled
	}
	if since == nil {
		return time.Time{}
	}
	return *since
}

// words returns the text of an error for a page. It removes URLs and the path of a file, keeps only printable
// characters and cuts the text.
func words(err error) string {
	const longest = 200
	for {
		of, isOf := errors.AsType[*url.Error](err)
		if !isOf {
			break
		}
		err = of.Err // it may contain another one, from a token server
	}
	if answer, isOne := errors.AsType[answerError](err); isOne {
		err = answer
	}
	text := err.Error()
	if of, isOf := errors.AsType[*fs.PathError](err); isOf { // the file of a secret
		text = strings.ReplaceAll(text, of.Path, "<redacted>")
	}
	text = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	for i := range text {
		if i >= longest {
			return text[:i] + "…"
		}
	}
	return text
}

// explain says what is wrong with an answer that could not be read to its end.
func (b *throttledBody) explain(err error) error {
	_, isSyntax := errors.AsType[*json.SyntaxError](err)
	of, isType := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case b.broken != nil:
		return b.broken
	case len(b.beginning) == 0 && errors.Is(err, io.EOF):
		return wrong("its answer is empty")
	case isSyntax:
		return wrong("its answer is not JSON: it begins with %.60q", b.beginning)
	case isType:
		return wrong("its answer is not a list of targets: %s is a %.40s", of.Field, of.Value)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return wrong("its answer ends early")
	default:
		return wrong("%w", err)
	}
}
