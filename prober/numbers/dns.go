package numbers

import (
	"time"

	"example.com/prober/prober/probe"
)

// DNS is what the last answer of a DNS server said that could be used, and how many were cut.
type DNS struct {
	// Answered tells that there was an answer.
	Answered bool
	// Answers is how many records of the type that was asked for it had, TTL the least time
	// that one of them has left to live.
	Answers int
	TTL     time.Duration
	// Authentic tells that the server said that it has verified the signatures.
	Authentic bool
	// Cut counts the answers in datagrams that were cut, so that the question was asked again
	// over TCP.
	Cut uint64
}

// answer counts an answer of a DNS server, and the socket on which the question was asked
// before it was asked over TCP.
func (r *Recorder) answer(d *probe.DNS) {
	c := &r.counts.DNS
	if d.Answered {
		c.Answered, c.Answers, c.Authentic = true, d.Answers, d.Authentic
		c.TTL = time.Duration(d.TTL) * time.Second
	}
	if d.Cut {
		c.Cut++
		r.connected(d.DatagramOpened, d.DatagramReused)
	}
}

// perAnswer writes a gauge for each target whose last answer of DNS is known.
func perAnswer(value func(*DNS) float64) func(*Page, *scrape) {
	return perAnswerWith(func(*DNS) bool { return true }, value)
}

// perAnswerWith is perAnswer for the answers that have what is to be written.
func perAnswerWith(has func(*DNS) bool, value func(*DNS) float64) func(*Page, *scrape) {
	return func(p *Page, s *scrape) {
		for i := range s.targets {
			if v := &s.targets[i]; v.DNS.Answered && has(&v.DNS) {
				p.gauge(value(&v.DNS), v.name)
			}
		}
	}
}

func (p *Page) cutAnswers(s *scrape) {
	for i := range s.targets {
		if v := &s.targets[i]; v.Asks {
			p.counter(v.DNS.Cut, v.created, v.name)
		}
	}
}
