package report

import (
	"math"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

// tableHeader names the columns, as docs/fire.md describes them.
const tableHeader = "target,request,step,due,start,end,duration,queue,resolve,connect,tls,send,processing,transfer," +
	"code,name,failed_in,status,http_version,remote,sent_bytes,received_bytes,connection,error\n"

// labels are the first cells of the rows of a target, by its requests.
type labels []string

func labelsOf(s *Source) labels {
	target := string(appendText(nil, s.Name)) + ","
	if len(s.Requests) == 0 {
		return labels{target + ",,"}
	}
	all := make(labels, len(s.Requests))
	for i, name := range s.Requests {
		all[i] = target + string(appendText(nil, name)) + ","
		if s.IsJourney {
			all[i] += strconv.Itoa(i + 1)
		}
		all[i] += ","
	}
	return all
}

// row appends the row of a request.
func (l labels) row(b []byte, clock *wallClock, r *probe.Result, code errcode.Code) []byte {
	b = append(b, l[r.Request]...)
	start := r.Taken
	if start == 0 {
		start = r.Start
	}
	for _, at := range [...]probe.Instant{r.Due, start, r.End} {
		b = append(clock.append(b, at), ',')
	}
	b = append(appendSeconds(b, r.Duration()), ',')
	for p := errcode.PhaseQueue; p < errcode.NumPhases; p++ {
		if d, ok := r.Phase(p); ok {
			b = appendSeconds(b, d)
		}
		b = append(b, ',')
	}
	b = append(strconv.AppendInt(b, int64(code), 10), ',')
	b = append(append(b, code.Name()...), ',')
	if phase := r.FailedIn(); phase != errcode.PhaseNone {
		b = append(b, phase.String()...)
	}
	return appendAnswer(append(b, ','), r, code)
}

// appendAnswer appends the cells from the status on.
func appendAnswer(b []byte, r *probe.Result, code errcode.Code) []byte {
	if r.HTTP != nil && r.HTTP.Status != 0 {
		b = strconv.AppendInt(b, int64(r.HTTP.Status), 10)
		b = append(append(b, ','), r.HTTP.Version.String()...)
	} else {
		b = append(b, ',')
	}
	b = append(b, ',')
	if r.Remote.IsValid() {
		b = r.Remote.AppendTo(b)
	}
	b = append(strconv.AppendInt(append(b, ','), r.Sent, 10), ',')
	b = append(strconv.AppendInt(b, r.Received, 10), ',')
	switch {
	case r.Opened:
		b = append(b, "opened"...)
	case r.Reused:
		b = append(b, "reused"...)
	}
	b = append(b, ',')
	if code != errcode.OK {
		b = appendText(b, numbers.FailureText(r, code))
	}
	return append(b, '\n')
}

// appendText appends a cell with any text, quoted according to RFC 4180. A possible beginning of a formula gets an
// apostrophe in front, so that no spreadsheet takes the text for one (OWASP, CSV Injection).
func appendText(b []byte, text string) []byte {
	if text == "" {
		return b
	}
	b = append(b, '"')
	if first, _ := utf8.DecodeRuneInString(text); strings.ContainsRune(formulaBeginnings, first) {
		b = append(b, '\'')
	}
	b = append(b, strings.ReplaceAll(text, `"`, `""`)...)
	return append(b, '"')
}

// formulaBeginnings are the possible first characters of a formula, also in full width.
const formulaBeginnings = "=+-@\t\r\n＝＋－＠"

// appendSeconds appends d in seconds, to the nanosecond.
func appendSeconds(b []byte, d time.Duration) []byte {
	if d < 0 {
		b, d = append(b, '-'), -d
	}
	b = append(strconv.AppendInt(b, int64(d/time.Second), 10), '.')
	return appendNano(b, int64(d%time.Second))
}

// appendNano appends nine digits.
func appendNano(b []byte, n int64) []byte {
	at := len(b)
	b = append(b, "000000000"...)
	for i := at + 8; n > 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return b
}

// wallClock turns moments of the monotonic clock into times of the day. It is safe for concurrent use.
type wallClock struct {
	at   probe.Instant
	wall int64 // nanoseconds since the Unix epoch
	// last is the last printed second: thousands of requests end within one.
	last atomic.Pointer[printedSecond]
}

// printedSecond is a second since the Unix epoch, with the common part of its times as text.
type printedSecond struct {
	unix int64
	text string
}

func newWallClock() *wallClock {
	now := time.Now()
	c := &wallClock{at: probe.At(now), wall: now.UnixNano()}
	c.last.Store(&printedSecond{unix: math.MinInt64})
	return c
}

// nanoseconds returns the time of a moment since the Unix epoch.
func (c *wallClock) nanoseconds(at probe.Instant) int64 { return c.wall + int64(at.Sub(c.at)) }

// append appends a time in the format of RFC 3339, to the nanosecond. It appends nothing for an unknown time.
func (c *wallClock) append(b []byte, at probe.Instant) []byte {
	if at == 0 {
		return b
	}
	nanoseconds := c.nanoseconds(at)
	unix := nanoseconds / int64(time.Second)
	second := c.last.Load()
	if second.unix != unix {
		second = &printedSecond{unix, time.Unix(unix, 0).UTC().Format("2006-01-02T15:04:05.")}
		c.last.Store(second)
	}
	return append(appendNano(append(b, second.text...), nanoseconds%int64(time.Second)), 'Z')
}
