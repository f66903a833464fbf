package command

import (
	"fmt"
	"io"

	"example.com/prober/prober/numbers"
)

// The counters of a burst as JSON. docs/fire.md describes them.
type fireConnectionJSON struct {
	Opened uint64 `json:"opened"`
	Reused uint64 `json:"reused"`
	Resent uint64 `json:"resent"`
}

type fireBytesJSON struct {
	Sent     uint64 `json:"sent"`
	Received uint64 `json:"received"`
}

// fireReceiveJSON has the time that answers waited in the kernel before they
// were read.
type fireReceiveJSON struct {
	Count   uint64  `json:"count"`
	P50     float64 `json:"p50"`
	P99     float64 `json:"p99"`
	Untimed uint64  `json:"without_kernel_time"`
}

func receiveJSON(r *numbers.Report) fireReceiveJSON {
	return fireReceiveJSON{r.LateReads.Count, r.LateReads.P50.Seconds(), r.LateReads.P99.Seconds(), r.Untimed}
}

// writeFireReceiveLag prints the same for people.
func writeFireReceiveLag(out io.Writer, r *numbers.Report) {
	if r.LateReads.Count > 0 {
		fmt.Fprintf(out, "receive lag\tp50 %s, p99 %s, of the prober itself; latencies do not include it\n", shortDuration(r.LateReads.P50), shortDuration(r.LateReads.P99))
	}
	if r.Untimed > 0 {
		fmt.Fprintf(out, "program clock\tfor %d of the requests, because the kernel did not say when the answer arrived\n", r.Untimed)
	}
}

func connectionsJSON(c *numbers.Counters) fireConnectionJSON {
	return fireConnectionJSON{c.Opened, c.Reused, c.Resent}
}

// fireDNSJSON has the content of a DNS server's last answer.
type fireDNSJSON struct {
	Answers   int     `json:"records"`
	TTL       float64 `json:"ttl"`
	Authentic bool    `json:"authentic"`
	Cut       uint64  `json:"cut"`
}

func dnsJSON(d *numbers.DNS) *fireDNSJSON {
	if !d.Answered && d.Cut == 0 {
		return nil
	}
	return &fireDNSJSON{d.Answers, d.TTL.Seconds(), d.Authentic, d.Cut}
}

func bytesJSON(c *numbers.Counters) fireBytesJSON { return fireBytesJSON{c.Sent, c.Received} }

// writeFireCounters prints the same for people.
func writeFireCounters(out io.Writer, c *numbers.Counters) {
	fmt.Fprintf(out, "connections\t%d opened, %d requests on a connection that was already open\n", c.Opened, c.Reused)
	if c.Resent > 0 {
		fmt.Fprintf(out, "resent\t%d requests, because the server said that it had not processed them\n", c.Resent)
	}
	fmt.Fprintf(out, "bytes\t%d sent, %d received\n", c.Sent, c.Received)
	if c.Messages > 0 {
		fmt.Fprintf(out, "messages\t%d received\n", c.Messages)
	}
}

// writeFireDNS prints the content of a DNS server's last answer.
func writeFireDNS(out io.Writer, d *numbers.DNS) {
	if d.Answered {
		fmt.Fprintf(out, "answer\t%d records", d.Answers)
		if d.Answers > 0 {
			fmt.Fprintf(out, ", TTL %s", d.TTL)
		}
		if d.Authentic {
			fmt.Fprint(out, ", signatures verified by the server")
		}
		fmt.Fprintln(out)
	}
	if d.Cut > 0 {
		fmt.Fprintf(out, "cut\t%d answers, so the prober asked again over TCP\n", d.Cut)
	}
}
