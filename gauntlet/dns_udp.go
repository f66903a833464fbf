package main

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"time"
)

// datagrams is a DNS server over UDP that can be killed.
type datagrams struct {
	farm   *farm
	script dnsScript
	// single reports whether each socket asks only one question.
	single bool

	mu     sync.Mutex
	socket *net.UDPConn // nil while it is dead
	askers map[netip.AddrPort]*asker
	count  int // of sockets that asked, ever
}

func (f *farm) serveDatagrams(s dnsScript, single bool) *datagrams {
	return &datagrams{farm: f, script: s, single: single, askers: map[netip.AddrPort]*asker{}}
}

// raise implements packetServer.
func (d *datagrams) raise(address string) (string, error) {
	c, err := (&net.ListenConfig{}).ListenPacket(context.Background(), "udp", address)
	if err != nil {
		return "", err
	}
	socket := c.(*net.UDPConn) //nolint:forcetypeassert // as package net has it for this network
	d.mu.Lock()
	d.socket = socket
	d.mu.Unlock()
	d.farm.running.Go(func() { d.serve(socket) })
	return socket.LocalAddr().String(), nil
}

// kill implements packetServer. The server reads and enters the questions that have come by then, and sends no more.
func (d *datagrams) kill() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.socket != nil {
		_ = d.socket.SetReadDeadline(time.Now().Add(time.Millisecond)) // it is open
		d.socket = nil
	}
}

// connections implements packetServer. A socket counts as new if its question does not continue the sequence of ids
// from its port. The server ignores the chance of a new socket with the port and the next id of an old socket.
func (d *datagrams) connections() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.count
}

func (d *datagrams) serve(socket *net.UDPConn) {
	defer socket.Close()
	query := make([]byte, 1<<16)
	for {
		n, from, err := socket.ReadFromUDPAddrPort(query)
		if err != nil {
			return
		}
		d.answer(socket, from, query[:n])
	}
}

func (d *datagrams) answer(socket *net.UDPConn, from netip.AddrPort, query []byte) {
	target, ok := subjectOf(query)
	if !ok {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.farm.ledger.note(target, d.asker(from, query).name(query))
	if d.socket != socket {
		d.farm.unread.Add(1)
		d.farm.ledger.expect(target, codeGoneUDP)
		return
	}
	m := d.script(target, n)
	d.farm.ledger.expect(target, m.code)
	for _, says := range m.says {
		_, _ = socket.WriteToUDPAddrPort(says(query), from) // the client may be gone
	}
}

// asker returns the client at a port. It is the same client as before if the id follows the last id, or repeats it soon
// after.
func (d *datagrams) asker(from netip.AddrPort, query []byte) *asker {
	a := d.askers[from]
	if a != nil {
		since, step := time.Since(a.at), binary.BigEndian.Uint16(query)-a.id
		if step == 0 && since < time.Second || step == 1 && since < timeout && !d.single {
			return a
		}
	}
	d.count++
	a = d.farm.newAsker()
	d.askers[from] = a
	return a
}
