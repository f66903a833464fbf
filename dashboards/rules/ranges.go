package rules

import (
	"fmt"
	"time"

	"example.com/prober/errcode"
)

// failing says of the requests of a range what they do, and in which alert.
func failing() map[errcode.Range]struct{ alert, words string } {
	return map[errcode.Range]struct{ alert, words string }{
		errcode.RangeGeneral: {"ProberFailuresGeneral", "run out of time, or fail at a redirect or proxy"},
		errcode.RangeDNS:     {"ProberFailuresDNS", "fail at DNS"},
		errcode.RangeTCP:     {"ProberFailuresTCP", "fail at the connection"},
		errcode.RangeTLS:     {"ProberFailuresTLS", "fail at TLS or the certificate"},
		errcode.RangeHTTP4xx: {"ProberFailures4xx", "are answered with a status from 400 to 499"},
		errcode.RangeHTTP5xx: {"ProberFailures5xx", "are answered with a status from 500 to 599"},
		errcode.RangeHTTP2:   {"ProberFailuresHTTP2", "fail at HTTP/2"},
		errcode.RangeContent: {"ProberFailuresContent", "are answered with what the target must not answer"},
		errcode.RangeHTTP1:   {"ProberFailuresHTTP1", "are answered with malformed HTTP/1"},
		errcode.RangeHTTP3:   {"ProberFailuresHTTP3", "fail at QUIC or HTTP/3"},
		errcode.RangeGRPC:    {"ProberFailuresGRPC", "fail at gRPC"},
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
	return s.rule(alert{
		name:     what.alert,
		severity: ticket,
		scope:    scopeTarget,
		labels:   map[string]string{"range": r.String()},
		lasting:  5 * time.Minute,
		expr: ofTarget(expr(`
			sum by (job, target) (rate(prober_requests_total{$codes}[$w]))
			  / sum by (job, target) (rate(prober_requests_total{error_code!~"100[1-7]"}[$w]))
			  > 1 - job_target:prober_objective:ratio
			and
			sum by (job, target) (increase(prober_requests_total{$codes}[$w])) >= $fewest`,
			"codes", selector, "w", s.span(window), "fewest", number(fewest))),
		summary: "Requests to {{ $labels.target }} " + what.words,
		description: "{{ $value | humanizePercentage }} of the requests to {{ $labels.target }} within " + name(window) +
			", more than its objective allows. The commonest codes:" + s.codes(selector, window, "job", "target") + ".",
		dashboard: targetDashboard,
		variables: []string{"job", "target"},
	})
}
