package numbers

import (
	"time"

	"example.com/prober/prober/probe"
)

// DNS describes the last usable answer of a DNS server, and counts the truncated answers.
type DNS struct {
	// Answered means that there was an answer.
	Answered bool
	// Answers is how many records of the requested type the answer had. TTL is the shortest
	// of their times to live.
	Answers int
	TTL     time.Duration
	// Authentic means that the server says it verified the signatures.
	Authentic bool
	// Cut counts the datagrams with truncated answers. After each, the question was asked
	// again over TCP.
	Cut uint64
}

// answer counts an answer of a DNS server. If the question was asked again over TCP, it also
// counts the socket of the first one.
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

// perAnswer writes a gauge for each target with a known last DNS answer.
func perAnswer(value func(*DNS) float64) func(*Page, *scrape) {
	return perAnswerWith(func(*DNS) bool { return true }, value)
}

// perAnswerWith is perAnswer for answers that have the value.
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
