package main

import (
	"fmt"
	"math/rand/v2"

	"example.com/prober/internal/peers"
)

// packetServer serves over UDP, in place of the listener of a barn.
type packetServer interface {
	// raise opens the socket at an address, for the first time or again, and returns the address.
	raise(address string) (at string, err error)
	// kill closes the socket without telling any client.
	kill()
	// connections returns the number of connections so far.
	connections() int
}

// openPackets serves p at a port of loopback.
func (f *farm) openPackets(p packetServer) *barn {
	b, _ := f.openBoth(p, nil)
	return b
}

// openBoth serves p at a port of loopback. Unless serve is nil, it plays serve over TCP at the same port. The port is
// below the kernel's range for sockets of clients: a client could have the port while the server is dead, and connect
// to itself.
func (f *farm) openBoth(p packetServer, serve peers.Script) (overUDP, overTCP *barn) {
	const lowest, many, tries = 1 << 14, 1 << 14, 1000
	err := error(nil)
	for range tries { // another process may have the port
		at := fmt.Sprintf("127.0.0.1:%d", lowest+rand.IntN(many))
		overUDP = &barn{farm: f, address: at, packets: p}
		if err = overUDP.raise(); err != nil {
			continue
		}
		if serve == nil {
			break
		}
		overTCP = &barn{farm: f, serve: serve, address: at, lines: map[*line]struct{}{}}
		if err = overTCP.raise(); err == nil {
			f.Cleanup(overTCP.raze)
			break
		}
		p.kill()
	}
	f.must(err)
	f.Cleanup(p.kill)
	return overUDP, overTCP
}

// openTwin opens the same as b at another address.
func (f *farm) openTwin(b *barn, address string) *barn {
	if q, is := b.packets.(*quicServer); is {
		twin := &barn{farm: f, address: address, packets: f.serveQUIC(q.cert, q.script, q.idle)}
		f.must(twin.raise())
		f.Cleanup(twin.packets.kill)
		return twin
	}
	return f.openAt(address, b.serve)
}

func (b *barn) raisePackets() error {
	at, err := b.packets.raise(b.address)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.address = at
	return nil
}
