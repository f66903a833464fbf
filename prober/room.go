package prober

import (
	"slices"

	"example.com/prober/config"
	"example.com/prober/option"
	"example.com/prober/prober/wire"
)

// DatagramRoomFor returns how many bytes of datagrams the kernel keeps for a connection of
// HTTP/3 and how many it should keep, if a target of cfg uses HTTP/3 and there are too few.
// Too few lose datagrams when answers come faster than they are read, and that looks like
// loss on the way.
func DatagramRoomFor(cfg *config.Config) (allowed, wanted int, tooFew bool) {
	if !slices.ContainsFunc(cfg.Targets, func(t config.Target) bool { return t.Connection.HTTPVersion == option.OnlyHTTP3 }) {
		return 0, 0, false
	}
	allowed, wanted = wire.DatagramRoom()
	return allowed, wanted, allowed < wanted
}
