package main

import (
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/internal/peers"
)

// The addresses of names: two that have the target, one without a listener, and one that may not be dialled.
const (
	addressHome    = "127.0.0.1"
	addressAway    = "127.0.0.2"
	addressNobody  = "127.0.0.3"
	addressMetaAPI = "169.254.169.254"
)

// named opens the targets of the mass with names. Each has a name server with odd answers now and then, chosen by the
// seed.
func (f *farm) named(g *gauntlet, cert tls.Certificate) (targets []target) {
	const never = "reuse: never"
	table := []struct {
		member

		hush   hush
		leeway *leeway
	}{
		{member{name: "dns-never", wire: wireH1, burst: "{requests: 60, concurrency: 4}", connection: never}, hushNone, nil},
		{member{name: "dns-family", wire: wireH1, burst: "{requests: 60, concurrency: 4}", connection: never + ", ip_version: 4"}, hushNone, nil},
		{member{name: "dns-reused", wire: wireH1, burst: "{requests: 300, concurrency: 4}", connection: "requests_per_connection: 5"}, hushNone, nil},
		{member{name: "dns-open", wire: wireH1, burst: "{rate: 150, duration: 450ms, concurrency: 20}", connection: never}, hushNone, nil},
		{member{name: "dns-tls", wire: wireTLS, burst: "{requests: 20, concurrency: 2}", connection: never + ", tls: {ca_file: ca.pem, server_name: 127.0.0.1}"}, hushNone, nil},
		{member{name: "dns-silent", wire: wireH1, burst: "{requests: 1, concurrency: 1}", connection: never}, hushTwice, nil},
		{member{name: "dns-lossy", wire: wireH1, burst: "{requests: 8, concurrency: 8}", connection: never}, hushOnce, nil},
		{member{name: "dns-h3", wire: wireH3, burst: "{requests: 6, concurrency: 2}", connection: never + ", tls: {ca_file: ca.pem, server_name: 127.0.0.1}"}, hushNone, nil},
		{member{name: "dns-resolver", wire: wireTCP, burst: "{requests: 60, concurrency: 4}", connection: never}, hushNone, nil},
		{member{name: "dns-grpc", wire: wireGRPC, burst: "{requests: 50, concurrency: 8}", connection: "reuse: burst"}, hushNone, leewayShared()},
		{member{name: "dns-h2c", wire: wireClear, burst: "{requests: 50, concurrency: 8}", connection: "reuse: burst", ours: true}, hushNone, leewayShared()},
	}
	for i := range table {
		row := &table[i]
		if !g.replay.plays(row.name) {
			continue
		}
		t := f.join(&row.member, g.seed, cert)
		f.rename(&t, &names{farm: f, target: row.name, seed: g.seed, hush: row.hush})
		t.leeway = row.leeway
		targets = append(targets, t)
	}
	return targets
}

// rename makes a target reachable by a name only. It gets a second address.
func (f *farm) rename(t *target, n *names) {
	_, port, err := net.SplitHostPort(t.barn.address)
	f.must(err)
	t.away = f.openTwin(t.barn, net.JoinHostPort(addressAway, port))
	server := peers.NameServerOfBoth(f, n.overUDP, n.overTCP)
	t.url = strings.Replace(t.url, t.barn.address, "host.test.:"+port, 1)
	t.keys[0] = strings.Replace(t.keys[0], "{", fmt.Sprintf("{dns_server: %q, connect_timeout: %v, ", server, n.patience()), 1)
}

// names is a name server for one name. By the seed's schedule it gives odd answers. It enters the expected code in the
// ledger, unless the server at the address does so.
type names struct {
	farm   *farm
	target string
	seed   uint64
	hush   hush

	mu      sync.Mutex
	asked   int  // for addresses, over UDP
	plain   int  // without an EDNS record
	passed  int  // over TCP
	ignored bool // the question before
}

// hush is how a name server leaves questions unanswered.
type hush int

const (
	hushNone hush = iota
	// hushOnce ignores a question now and then. The client asks again and gets an answer.
	hushOnce
	// hushTwice also ignores the repetition. No other client asks meanwhile.
	hushTwice
)

// hushEvery is the number of questions from one ignored question to the next: many more than can come before the
// repetition.
const hushEvery = 40

// saying is an answer of a name server, and the code of a request after it. Without a code, the server at the address
// decides.
type saying struct {
	code   string
	answer peers.Names
}

// spell is the number of questions with the same answer.
const spell = 3

// patience is how long a client waits. Half of it is for the first of two tries: it must be long enough for any answer
// on a busy machine.
func (n *names) patience() time.Duration {
	if n.hush == hushNone {
		return timeout
	}
	return 8 * time.Second
}

// turn returns the saying in the n-th spell. In each round of cards spells, each odd saying comes once, whatever the
// seed; well comes in the others.
func turn(seed uint64, name string, n int, odd []saying, well saying, cards int) saying {
	for _, b := range []byte(name) {
		seed = seed*1099511628211 ^ uint64(b)
	}
	r := rand.New(rand.NewPCG(seed, uint64(n/cards)))
	if i := r.Perm(cards)[n%cards]; i < len(odd) {
		return odd[i]
	}
	return well
}

// overUDP answers a datagram; nil is no answer.
func (n *names) overUDP(query []byte) []byte {
	if !asksForIPv4(query) {
		return peers.NoNames(dnsmessage.RCodeSuccess)(query)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if !hasEDNS(query) {
		return n.askedPlainly(query)
	}
	if n.ignored {
		n.ignored = false
		return nil
	}
	unwell := odd()
	s := turn(n.seed, n.target, n.asked/spell, unwell, saying{"", peers.Addresses(addressHome)}, 3*len(unwell))
	isLost := n.asked%hushEvery == 1
	n.asked++
	switch {
	case isLost && n.hush == hushOnce:
		s = saying{"", peers.SilentNames}
	case isLost && n.hush == hushTwice:
		s, n.ignored = saying{"1105", peers.SilentNames}, true
	}
	n.farm.ledger.expect(n.target, s.code)
	return s.answer(query)
}

// odd are the sayings of an unwell name.
func odd() []saying {
	return []saying{
		{"1101", peers.NoNames(dnsmessage.RCodeNameError)},
		{"1101", peers.NoNames(dnsmessage.RCodeSuccess)},
		{"1102", peers.NoNames(dnsmessage.RCodeServerFailure)},
		{"1103", peers.NoNames(dnsmessage.RCodeRefused)},
		{"", peers.NoNames(dnsmessage.RCodeNotImplemented)}, // asked again without an EDNS record
		{"", peers.NoNames(dnsmessage.RCodeFormatError)},    // this as well
		{"1110", peers.Addresses(addressMetaAPI)},
		{"1212", peers.Addresses(addressNobody)},
		{"", peers.Addresses(addressNobody, addressHome)},
		{"", peers.Addresses(addressAway)},
		{"", peers.CutNames}, // more over TCP
	}
}

// askedPlainly answers a question that is repeated without an EDNS record. Some servers only reject the record; others
// do not answer this question either.
func (n *names) askedPlainly(query []byte) []byte {
	sayings := []saying{
		{"1104", peers.NoNames(dnsmessage.RCodeNotImplemented)},
		{"", peers.Addresses(addressHome)},
		{"1104", peers.NoNames(dnsmessage.RCodeFormatError)},
	}
	s := sayings[n.plain%len(sayings)]
	n.plain++
	n.farm.ledger.expect(n.target, s.code)
	return s.answer(query)
}

// overTCP answers a question that is repeated because the answer over UDP was cut.
func (n *names) overTCP(query []byte) []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	unwell := []saying{
		{"1101", peers.NoNames(dnsmessage.RCodeNameError)},
		{"1106", peers.CutNames}, // cut as well
	}
	s := turn(n.seed, n.target+"/tcp", n.passed/spell, unwell, saying{"", peers.Addresses(addressAway, addressHome)}, len(unwell)+1)
	n.passed++
	n.farm.ledger.expect(n.target, s.code)
	return s.answer(query)
}

func hasEDNS(query []byte) bool {
	var m dnsmessage.Message
	return m.Unpack(query) == nil && len(m.Additionals) > 0
}

func asksForIPv4(query []byte) bool {
	var m dnsmessage.Message
	return m.Unpack(query) == nil && len(m.Questions) == 1 && m.Questions[0].Type == dnsmessage.TypeA
}
