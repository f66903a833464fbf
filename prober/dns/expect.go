package dns

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

// expectation is an [option.AnswerPattern], compiled.
type expectation struct {
	rcodes  []option.Rcode // at least one
	least   int
	pattern *regexp.Regexp // nil if any record will do
	minTTL  time.Duration
	latency time.Duration // 0 means no limit
	kind    option.RecordType
}

func newExpectation(cfg *Config) (*expectation, error) {
	a := cfg.Answer
	x := &expectation{rcodes: a.Rcodes, least: a.Least, minTTL: a.MinTTL, latency: cfg.MaxLatency, kind: cfg.Ask.Type}
	if len(x.rcodes) == 0 {
		x.rcodes = []option.Rcode{option.RcodeSuccess}
	}
	if a.Regexp != "" {
		var err error
		if x.pattern, err = regexp.Compile(a.Regexp); err != nil {
			return nil, fmt.Errorf("answers.regexp: %w", err)
		}
	}
	return x, nil
}

// verdict returns the code of an answer, and notes in r what is wrong with it.
func (x *expectation) verdict(r *probe.Result, s *scratch) errcode.Code {
	if !slices.Contains(x.rcodes, s.rcode) {
		r.Unmet = errors.New("the server answered " + s.rcode.String())
		return codeOf(s.rcode)
	}
	// An expected NXDOMAIN has no records to look at.
	if s.rcode == option.RcodeSuccess {
		if code := x.records(r, s); code != errcode.OK {
			return code
		}
	}
	if x.latency > 0 && r.Duration() > x.latency {
		return errcode.TooSlow
	}
	return errcode.OK
}

// records checks the records of an answer.
func (x *expectation) records(r *probe.Result, s *scratch) errcode.Code {
	switch n := s.dns.Answers; {
	case n == 0 && x.least > 0:
		r.Unmet = fmt.Errorf("the answer has no record of the type %s", x.kind)
		// To whoever looks the name up, this is the same as NXDOMAIN.
		return errcode.NoSuchHost
	case n < x.least:
		r.Unmet = fmt.Errorf("the answer has %d of %d records of the type %s that expect.answers asks for", n, x.least, x.kind)
	case x.pattern != nil && !s.matched:
		r.Unmet = fmt.Errorf("none of the records (%d) matches expect.answers.regexp", n)
	case n > 0 && time.Duration(s.dns.TTL)*time.Second < x.minTTL:
		r.Unmet = fmt.Errorf("a record has a TTL of %ds, below expect.answers.min_ttl", s.dns.TTL)
	default:
		return errcode.OK
	}
	return errcode.UnexpectedAnswers
}

// codeOf returns the code of an answer with an unexpected code of its own.
func codeOf(r option.Rcode) errcode.Code {
	switch r {
	case option.RcodeSuccess:
		return errcode.UnexpectedRcode
	case option.RcodeNXDomain:
		return errcode.NoSuchHost
	case option.RcodeServfail:
		return errcode.DNSServfail
	case option.RcodeRefused:
		return errcode.DNSRefused
	}
	return errcode.DNSRcode
}
