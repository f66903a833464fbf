package grpc

import (
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/message"
	"example.com/prober/prober/wire"
)

// planOf returns a plan for a peer without TLS.
func planOf(p *peers.Peer) wire.Plan { return wire.Plan{URL: at("grpc", p.Address())} }

func fields(namesAndValues ...string) []message.Field { return message.Fields(namesAndValues...) }

// expecting lists names as the statuses of success.
func expecting(names ...string) func(*Config) {
	return func(c *Config) {
		for _, name := range names {
			status, ok := option.ParseGRPCStatus(name)
			if !ok {
				panic("no status: " + name)
			}
			c.Expect.Status = append(c.Expect.Status, status)
		}
	}
}
