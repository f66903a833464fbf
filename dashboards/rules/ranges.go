package rules

import (
	"fmt"
	"strings"
	"time"

	"example.com/prober/errcode"
)

// failure is what the requests of a range of codes do, and in which alert.
type failure struct {
	alert, words string
	// whole says that they fail on the way to any answer, so that it hardly matters which
	// request it was. There is one alert on the whole target then, and else one on each request.
	whole bool
}

func failing() map[errcode.Range]failure {
	return map[errcode.Range]failure{
		errcode.RangeGeneral: {"ProberFailuresGeneral", "run out of time, or fail at a redirect or proxy", false},
		errcode.RangeDNS:     {"ProberFailuresDNS", "fail at DNS", true},
		errcode.RangeTCP:     {"ProberFailuresTCP", "fail at the connection", true},
		errcode.RangeTLS:     {"ProberFailuresTLS", "fail at TLS or the certificate", true},
		errcode.RangeHTTP4xx: {"ProberFailures4xx", "are answered with a status from 400 to 499", false},
		errcode.RangeHTTP5xx: {"ProberFailures5xx", "are answered with a status from 500 to 599", false},
		errcode.RangeHTTP2:   {"ProberFailuresHTTP2", "fail at HTTP/2", true},
		errcode.RangeContent: {"ProberFailuresContent", "are answered with what the target must not answer", false},
		errcode.RangeHTTP1:   {"ProberFailuresHTTP1", "are answered with malformed HTTP/1", false},
		errcode.RangeHTTP3:   {"ProberFailuresHTTP3", "fail at QUIC or HTTP/3", true},
		errcode.RangeGRPC:    {"ProberFailuresGRPC", "fail at gRPC", false},
	}
}

// rangeAlerts returns an alert for each range of codes. They say which layer has
// failed while the error budget is hardly touched: the burn of the budget names
// the codes itself, and inhibits these by the label range.
func (s Settings) rangeAlerts() []Rule {
	var rules []Rule
	seen := errcode.RangeOK
	for code := range errcode.All() {
		if code.Range() != seen {
			seen = code.Range()
			rules = append(rules, s.rangeAlert(seen, selector(code)))
		}
	}
	return rules
}

// selector matches the range of code, without what is the prober's own trouble.
func selector(code errcode.Code) string {
	match := fmt.Sprintf(`error_code=~"%.2s.."`, code)
	if code.Range() == errcode.RangeGeneral {
		match += `,error_code!~"100[1-7]"`
	}
	return match
}

func (s Settings) rangeAlert(r errcode.Range, selector string) Rule {
	what := failing()[r]
	labels, join, at, above := []string{"job", "target", "request"}, ofRequest, atRequest, "> on (job, target) group_left ()"
	if what.whole {
		labels, join, at, above = labels[:2], ofTarget, "", ">"
	}
	return s.rule(alert{
		name:     what.alert,
		severity: ticket,
		scope:    scopeTarget,
		labels:   map[string]string{"range": r.String()},
		lasting:  5 * time.Minute,
		expr: join(expr(`
			sum by ($labels) (rate(prober_requests_total{$codes}[$w]))
			  / sum by ($labels) (rate(prober_requests_total{error_code!~"100[1-7]"}[$w]))
			  $above (1 - job_target:prober_objective:ratio)
			and
			sum by ($labels) (increase(prober_requests_total{$codes}[$w])) >= $fewest`,
			"labels", strings.Join(labels, ", "), "above", above, "codes", selector, "w", s.span(window), "fewest", number(fewest))),
		summary: "Requests to {{ $labels.target }}" + at + " " + what.words,
		description: "{{ $value | humanizePercentage }} of the requests to {{ $labels.target }}" + at + " within " + name(window) +
			", more than its objective allows. The commonest codes:" + s.codes(selector, window, labels...) + ".",
		dashboard: targetDashboard,
		variables: []string{"job", "target"},
	})
}
