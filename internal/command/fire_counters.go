package command

import (
	"fmt"
	"io"

	"example.com/prober/prober/numbers"
)

// What fire tells of the counters of a burst as JSON. docs/fire.md describes it.
type fireConnectionJSON struct {
	Opened uint64 `json:"opened"`
	Reused uint64 `json:"reused"`
	Resent uint64 `json:"resent"`
}

type fireBytesJSON struct {
	Sent     uint64 `json:"sent"`
	Received uint64 `json:"received"`
}

func connectionsJSON(c *numbers.Counters) fireConnectionJSON {
	return fireConnectionJSON{c.Opened, c.Reused, c.Resent}
}

func bytesJSON(c *numbers.Counters) fireBytesJSON { return fireBytesJSON{c.Sent, c.Received} }

// writeFireCounters prints the same for people.
func writeFireCounters(out io.Writer, c *numbers.Counters) {
	fmt.Fprintf(out, "connections\t%d opened, %d requests on one that was open\n", c.Opened, c.Reused)
	if c.Resent > 0 {
		fmt.Fprintf(out, "resent\t%d that the server said it had not processed\n", c.Resent)
	}
	fmt.Fprintf(out, "bytes\t%d sent, %d received\n", c.Sent, c.Received)
	if c.Messages > 0 {
		fmt.Fprintf(out, "messages\t%d received\n", c.Messages)
	}
}
