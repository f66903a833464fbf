package main

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// The addresses to which names lead: two that have the target, one where nobody
// listens, and one that may not be dialled.
const (
	addressHome    = "127.0.0.1"
	addressAway    = "127.0.0.2"
	addressNobody  = "127.0.0.3"
	addressMetaAPI = "169.254.169.254"
)

// named opens the targets of the mass that have names, each with a name server that
// the seed has say something else now and then.
func (f *farm) named(g *gauntlet, cert tls.Certificate) (targets []target, err error) {
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
		{member{name: "dns-h2c", wire: wireClear, burst: "{requests: 50, concurrency: 8}", connection: "reuse: burst", ours: true}, hushNone, leewayShared()},
	}
	for i := range table {
		row := &table[i]
		if !g.replay.plays(row.name) {
			continue
		}
		t, err := f.join(&row.member, g.seed, cert)
		if err != nil {
			return nil, err
		}
		if err := f.rename(&t, &names{farm: f, target: row.name, seed: g.seed, hush: row.hush}); err != nil {
			return nil, err
		}
		t.leeway = row.leeway
		targets = append(targets, t)
	}
	return targets, nil
}

// rename has a target be known by a name only. It gets a second address.
func (f *farm) rename(t *target, n *names) error {
	_, port, err := net.SplitHostPort(t.barn.address)
	if err != nil {
		return err
	}
	if t.away, err = f.openAt(net.JoinHostPort(addressAway, port), t.barn.serve); err != nil {
		return err
	}
	server, err := f.openNames(n)
	if err != nil {
		return err
	}
	t.url = strings.Replace(t.url, t.barn.address, "host.test.:"+port, 1)
	t.keys[0] = strings.Replace(t.keys[0], "{", fmt.Sprintf("{dns_server: %q, connect_timeout: %v, ", server, n.patience()), 1)
	return nil
}

// names is a name server that knows one name, and says something else about it by
// the seed's schedule. It enters in the ledger what each answer is to come to, if
// that is not for the server to say to which it leads.
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

// hush is how a name server gives no answer at times.
type hush int

const (
	hushNone hush = iota
	// hushOnce loses a question now and then. Who asked does so again, and hears.
	hushOnce
	// hushTwice loses the same question again. Nobody else asks meanwhile.
	hushTwice
)

// hushEvery is after how many questions one gets no answer: many more than there can
// be before it is asked again.
const hushEvery = 40

// saying is what a name server says about a name, and the code of a request for
// which it does. Without one it is for the server to say to which it leads.
type saying struct {
	code   string
	answer func(query []byte) []byte
}

// openNames serves DNS over UDP and, at the same address, over TCP.
func (f *farm) openNames(n *names) (address string, err error) {
	for range 10 { // the port may be taken for the other protocol
		if address, err = f.nameServer(n.overUDP); err != nil {
			return "", err
		}
		if _, err = f.openAt(address, n.serveTCP); err == nil {
			return address, nil
		}
	}
	return "", err
}

// spell is for how many questions a name server says the same.
const spell = 3

// patience is how long who asks is to wait. Half of it is for the first of two tries:
// it must be long enough for any answer on a machine that is busy.
func (n *names) patience() time.Duration {
	if n.hush == hushNone {
		return timeout
	}
	return 8 * time.Second
}

// turn deals what is said in the n-th spell: among so many spells as there are cards, each
// odd saying comes once, whatever the seed, and what is well in the others.
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
		return rcode(dnsmessage.RCodeSuccess, false)(query)
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
	s := turn(n.seed, n.target, n.asked/spell, unwell, saying{"", leads(addressHome)}, 3*len(unwell))
	isLost := n.asked%hushEvery == 1
	n.asked++
	switch {
	case isLost && n.hush == hushOnce:
		s = saying{"", unsaid}
	case isLost && n.hush == hushTwice:
		s, n.ignored = saying{"1105", unsaid}, true
	}
	n.farm.ledger.expect(n.target, s.code)
	return s.answer(query)
}

// odd are the sayings of a name that is not well.
func odd() []saying {
	return []saying{
		{"1101", rcode(dnsmessage.RCodeNameError, false)},
		{"1101", rcode(dnsmessage.RCodeSuccess, false)},
		{"1102", rcode(dnsmessage.RCodeServerFailure, false)},
		{"1103", rcode(dnsmessage.RCodeRefused, false)},
		{"", rcode(dnsmessage.RCodeNotImplemented, false)}, // asked again without an EDNS record
		{"", rcode(dnsmessage.RCodeFormatError, false)},    // this as well
		{"1110", leads(addressMetaAPI)},
		{"1212", leads(addressNobody)},
		{"", leads(addressNobody, addressHome)},
		{"", leads(addressAway)},
		{"", rcode(dnsmessage.RCodeSuccess, true)}, // more over TCP
	}
}

// askedPlainly answers what was asked again since the question had an EDNS record: some
// servers know nothing of it, and others will not answer at all.
func (n *names) askedPlainly(query []byte) []byte {
	sayings := []saying{
		{"1104", rcode(dnsmessage.RCodeNotImplemented, false)},
		{"", leads(addressHome)},
		{"1104", rcode(dnsmessage.RCodeFormatError, false)},
	}
	s := sayings[n.plain%len(sayings)]
	n.plain++
	n.farm.ledger.expect(n.target, s.code)
	return s.answer(query)
}

// overTCP answers what was asked again since the answer over UDP was cut.
func (n *names) overTCP(query []byte) []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	unwell := []saying{
		{"1101", rcode(dnsmessage.RCodeNameError, false)},
		{"1106", rcode(dnsmessage.RCodeSuccess, true)}, // cut as well
	}
	s := turn(n.seed, n.target+"/tcp", n.passed/spell, unwell, saying{"", leads(addressAway, addressHome)}, len(unwell)+1)
	n.passed++
	n.farm.ledger.expect(n.target, s.code)
	return s.answer(query)
}

// serveTCP answers the questions of a connection (RFC 1035, section 4.2.2).
func (n *names) serveTCP(c net.Conn) {
	for {
		var length [2]byte
		if _, err := io.ReadFull(c, length[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(c, query); err != nil {
			return
		}
		answer := n.overTCP(query)
		binary.BigEndian.PutUint16(length[:], uint16(len(answer)))
		_, _ = c.Write(append(length[:], answer...)) // the client may be gone
	}
}

// unsaid is no answer.
func unsaid([]byte) []byte { return nil }

// leads answers with addresses of IPv4.
func leads(addresses ...string) func([]byte) []byte {
	return func(query []byte) []byte {
		return replyTo(query, func(m *dnsmessage.Message) {
			for _, a := range addresses {
				head := dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AResource{A: netip.MustParseAddr(a).As4()}})
			}
		})
	}
}

func hasEDNS(query []byte) bool {
	var m dnsmessage.Message
	return m.Unpack(query) == nil && len(m.Additionals) > 0
}

func asksForIPv4(query []byte) bool {
	var m dnsmessage.Message
	return m.Unpack(query) == nil && len(m.Questions) == 1 && m.Questions[0].Type == dnsmessage.TypeA
}
