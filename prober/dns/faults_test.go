package dns

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

// fault is an act of a server, and its results over datagrams and over connections.
type fault struct {
	does func(query []byte) peers.Said
	// udp and stream are the codes of the failures, udpIn and streamIn their phases.
	udp, stream     errcode.Code
	udpIn, streamIn errcode.Phase
	// awaited means that only the timeout shows the fault over both; udpAwaited means that only
	// over datagrams.
	udpAwaited, awaited bool
	text                string // of the failure
}

// judged is a fault of a complete answer.
func judged(c errcode.Code, text string, does func(query []byte) []byte) fault {
	return fault{does: message(does), udp: c, stream: c, text: text}
}

// unusable is a fault of an unusable answer.
func unusable(text string, does func(query []byte) []byte) fault {
	f := judged(errcode.DNSMalformed, text, does)
	f.udpIn, f.streamIn = errcode.PhaseTransfer, errcode.PhaseTransfer
	return f
}

// foreign is a message that is no answer to the question: as a datagram it could come from
// anybody, so the engine keeps waiting for the answer.
func foreign(text string, does func(query []byte) []byte) fault {
	f := unusable(text, does)
	f.udpIn, f.udpAwaited = errcode.PhaseProcessing, true
	return f
}

func message(does func(query []byte) []byte) func(query []byte) peers.Said {
	return func(query []byte) peers.Said { return peers.SayingDNS(does(query)) }
}

func faults() map[string]fault {
	rcode := func(c dnsmessage.RCode) func([]byte) []byte {
		return func(query []byte) []byte { return code(query, c) }
	}
	const badVersion = 16
	return map[string]fault{
		"NXDOMAIN":            judged(errcode.NoSuchHost, "NXDOMAIN", rcode(dnsmessage.RCodeNameError)),
		"SERVFAIL":            judged(errcode.DNSServfail, "SERVFAIL", rcode(dnsmessage.RCodeServerFailure)),
		"REFUSED":             judged(errcode.DNSRefused, "REFUSED", rcode(dnsmessage.RCodeRefused)),
		"FORMERR":             judged(errcode.DNSRcode, "FORMERR", rcode(dnsmessage.RCodeFormatError)),
		"NOTIMP":              judged(errcode.DNSRcode, "NOTIMP", rcode(dnsmessage.RCodeNotImplemented)),
		"a code without name": judged(errcode.DNSRcode, "RCODE12", rcode(12)),
		"no records":          judged(errcode.NoSuchHost, "no record of the type A", rcode(dnsmessage.RCodeSuccess)),
		"an alias to nothing": judged(errcode.NoSuchHost, "no record of the type A", func(q []byte) []byte { return says(q, alias()) }),
		"a code of EDNS":      judged(errcode.DNSRcode, "BADVERS", func(q []byte) []byte { return extended(q, badVersion) }),
		"REFUSED in a header": judged(errcode.DNSRefused, "REFUSED", func(q []byte) []byte { return bare(q, dnsmessage.RCodeRefused) }),
		"BADVERS in a header": judged(errcode.DNSRcode, "BADVERS", func(q []byte) []byte {
			return unasked(extended(q, badVersion), q)
		}),
		"NXDOMAIN in parts in a header": judged(errcode.DNSRcode, "RCODE4083", func(q []byte) []byte {
			return unasked(extended(q, 0xff<<4|dnsmessage.RCodeNameError), q)
		}),
		"a success in a header with EDNS": foreign("another question", func(q []byte) []byte {
			return unasked(extended(q, dnsmessage.RCodeSuccess), q)
		}),
		"BADVERS in a header that is cut off": foreign("another question", func(q []byte) []byte {
			m := unasked(extended(q, badVersion), q)
			return m[:len(m)-1-4]
		}),
		"garbage":              foreign("no DNS message", func([]byte) []byte { return []byte("garbage") }),
		"garbage of a length":  foreign("is no answer", func([]byte) []byte { return []byte("HTTP/1.1 400 Bad Request\r\n\r\n") }),
		"nothing in a message": foreign("no DNS message", func([]byte) []byte { return []byte{} }),
		"another id":           foreign("id of another", func(q []byte) []byte { return changed(good(q), 0, q[0]+1) }),
		"another question":     foreign("another question", other),
		"another type":         foreign("another question", func(q []byte) []byte { return changed(good(q), len(good(q))-20, 0xff) }),
		"two questions":        foreign("another question", func(q []byte) []byte { return changed(good(q), 5, 2) }),
		"a header without one": foreign("another question", func(q []byte) []byte { return bare(q, dnsmessage.RCodeSuccess) }),
		"the question itself":  foreign("is no answer", func(q []byte) []byte { return q }),
		"a record cut off":     unusable("cannot be read", func(q []byte) []byte { return good(q)[:len(good(q))-2] }),
		"fewer records than said": unusable("cannot be read", func(q []byte) []byte {
			return changed(good(q), 7, 9)
		}),
		"an address of 3 bytes": unusable("cannot be read", func(q []byte) []byte {
			m := good(q)
			return changed(m[:len(m)-1], len(m)-5, 3)
		}),
		"an address of 5 bytes": unusable("cannot be read", func(q []byte) []byte {
			m := good(q)
			return append(changed(m, len(m)-5, 5), 0)
		}),
		"a record of another class": unusable("another class", func(q []byte) []byte {
			odd := a(60, 192, 0, 2, 2)
			odd.Header.Class = dnsmessage.ClassCHAOS
			return says(q, a(60, 192, 0, 2, 1), odd)
		}),
		"silence": {
			does: func([]byte) peers.Said { return peers.Said{} }, text: "no answer came in time",
			udp: errcode.DNSTimeout, udpIn: errcode.PhaseProcessing, stream: errcode.DNSTimeout, streamIn: errcode.PhaseProcessing,
			udpAwaited: true, awaited: true,
		},
	}
}

// streamFaults are faults that only connections have.
func streamFaults() map[string]fault {
	on := func(c errcode.Code, in errcode.Phase, text string, does func([]byte) peers.Said) fault {
		return fault{does: does, stream: c, streamIn: in, text: text}
	}
	half := func(query []byte) []byte { return append([]byte{0, 200}, good(query)...) }
	return map[string]fault{
		"the end in place of an answer": on(errcode.Closed, errcode.PhaseProcessing, "", func([]byte) peers.Said { return peers.Said{End: true} }),
		"RST in place of an answer":     on(errcode.Reset, errcode.PhaseProcessing, "", func([]byte) peers.Said { return peers.Said{Reset: true} }),
		"the end within the answer": on(errcode.DNSMalformed, errcode.PhaseTransfer, "ended within the answer", func(q []byte) peers.Said {
			return peers.Said{Raw: half(q), End: true}
		}),
		"the end within the length": on(errcode.DNSMalformed, errcode.PhaseTransfer, "ended within the answer", func([]byte) peers.Said {
			return peers.Said{Raw: []byte{0}, End: true}
		}),
		"silence within the answer": {
			does: func(q []byte) peers.Said { return peers.Said{Raw: half(q)} }, text: "no answer came in time",
			stream: errcode.DNSTimeout, streamIn: errcode.PhaseTransfer, awaited: true,
		},
		"an answer that is cut": on(errcode.DNSMalformed, errcode.PhaseTransfer, "is cut", message(cut)),
		"HTTP": on(errcode.DNSMalformed, errcode.PhaseTransfer, "", func([]byte) peers.Said {
			return peers.Said{Raw: []byte("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), End: true}
		}),
	}
}

// alias is an alias from the name to another one.
func alias() dnsmessage.Resource {
	return record("name.test.", 60, &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName("end.test.")})
}

// bare is only a header.
func bare(query []byte, rcode dnsmessage.RCode) []byte {
	return peers.AnswerDNS(query, func(m *dnsmessage.Message) { m.RCode, m.Questions = rcode, nil })
}

// extended has a code with bits in the OPT record.
func extended(query []byte, rcode dnsmessage.RCode) []byte {
	return peers.AnswerDNS(query, func(m *dnsmessage.Message) {
		var h dnsmessage.ResourceHeader
		_ = h.SetEDNS0(1232, rcode, false) // has no error for these arguments
		m.RCode = rcode & 0xf
		m.Additionals = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.OPTResource{}}}
	})
}

// unasked leaves the question out of an answer.
func unasked(answer, query []byte) []byte {
	end := len(query) - 11 // before the OPT record
	m := changed(answer, 5, 0)
	return append(m[:headerSize:headerSize], m[end:]...)
}

func TestFaultsOfAServer(t *testing.T) {
	t.Parallel()
	for name, f := range faults() {
		for _, transport := range []option.DNSTransport{overUDP, overTCP, overTLS} {
			t.Run(name+" over "+string(transport), func(t *testing.T) {
				t.Parallel()
				f.play(t, transport)
			})
		}
	}
	for name, f := range streamFaults() {
		for _, transport := range []option.DNSTransport{overTCP, overTLS} {
			t.Run(name+" over "+string(transport), func(t *testing.T) {
				t.Parallel()
				f.play(t, transport)
			})
		}
	}
}

func (f fault) play(t *testing.T, transport option.DNSTransport) {
	t.Helper()
	want, phase, awaited := f.stream, f.streamIn, f.awaited
	if transport == overUDP {
		want, phase, awaited = f.udp, f.udpIn, f.udpAwaited
	}
	var asked atomic.Int64
	s := serve(t, func(q peers.Asked) peers.Said {
		if asked.Add(1) == 1 && awaited {
			return peers.SayingDNS(good(q.Query))
		}
		return f.does(q.Query)
	})
	e := newEngine(t, s.config(transport))
	within := patience
	if awaited { // the test waits for the answer, without a handshake
		assertSucceeds(t, e, do(t.Context(), e, patience))
		within = briefly
	}
	r := do(t.Context(), e, within)
	assertFails(t, e, r, want, phase)
	text := ""
	switch {
	case r.Err != nil:
		text = r.Err.Error()
		assert.Zero(t, e.Open(), "it is not used again")
		assert.False(t, r.DNS.Answered)
	case r.Unmet != nil:
		text = r.Unmet.Error()
		assert.Equal(t, 1, e.Open(), "the answer came whole")
		assert.True(t, r.DNS.Answered)
	}
	assert.Contains(t, text, f.text)
	assert.Equal(t, awaited, r.Reused)
	assert.Equal(t, !awaited, r.Opened)
	assert.False(t, r.DNS.Cut)
}

// Datagrams from others do not keep the answer from being recognised.
func TestWhatIsNoAnswerIsPassedOverInDatagrams(t *testing.T) {
	t.Parallel()
	for name, f := range faults() {
		if !f.udpAwaited || f.udp == errcode.DNSTimeout {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(q peers.Asked) peers.Said {
				rubbish := f.does(q.Query).Messages
				return peers.SayingDNS(append(rubbish, good(q.Query))...)
			})
			e := newEngine(t, s.config(overUDP))
			for range 3 {
				assertSucceeds(t, e, do(t.Context(), e, patience))
			}
		})
	}
}

func TestADatagramFarAboveTheLimitIsNoAnswer(t *testing.T) {
	t.Parallel()
	s := serve(t, func(q peers.Asked) peers.Said {
		return peers.SayingDNS(append(good(q.Query), make([]byte, startBuffer)...))
	})
	e := newEngine(t, s.config(overUDP))
	r := do(t.Context(), e, briefly)
	assertFails(t, e, r, errcode.DNSMalformed, errcode.PhaseProcessing)
	assert.ErrorContains(t, r.Err, "far longer")
}

func TestAnAnswerThatIsCutIsFetchedOverTCP(t *testing.T) {
	t.Parallel()
	many := make([]dnsmessage.Resource, 400) // more than the first buffer holds
	for i := range many {
		many[i] = a(30, 192, 0, 2, byte(i))
	}
	s := serve(t, func(q peers.Asked) peers.Said {
		if q.Stream {
			return peers.SayingDNS(says(q.Query, many...))
		}
		return peers.SayingDNS(cut(q.Query))
	})
	e := newEngine(t, s.config(overUDP))
	var r probe.Result
	for i := range 3 {
		again(t.Context(), e, &r, patience)
		assertSucceeds(t, e, &r)
		assert.Equal(t, probe.DNS{Answered: true, Answers: 400, TTL: 30, Cut: true, DatagramOpened: i == 0, DatagramReused: i > 0}, *r.DNS)
		assert.Equal(t, i == 0, r.Opened)
		assert.Equal(t, i > 0, r.Reused)
		assert.Equal(t, 2, e.Open(), "a socket and a connection")
		var sum time.Duration
		for _, p := range phasesOf(&r) {
			d, _ := r.Phase(p)
			sum += d
		}
		assert.Equal(t, r.Duration(), sum)
	}
	assert.EqualValues(t, 3, s.Datagrams.Load())
	assert.EqualValues(t, 3, s.Streams.Load())
	assert.EqualValues(t, 1, s.Connections.Load())
}

func TestAnAnswerThatIsCutMayBeMissingOverTCP(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		streams peers.Said
		code    errcode.Code
		phase   errcode.Phase
		within  time.Duration
	}{
		"silence":    {peers.Said{}, errcode.DNSTimeout, errcode.PhaseProcessing, briefly},
		"the end":    {peers.Said{End: true}, errcode.Closed, errcode.PhaseProcessing, patience},
		"RST":        {peers.Said{Reset: true}, errcode.Reset, errcode.PhaseProcessing, patience},
		"garbage":    {peers.SayingDNS([]byte("garbage")), errcode.DNSMalformed, errcode.PhaseTransfer, patience},
		"other text": {peers.Said{Raw: []byte("ab"), End: true}, errcode.DNSMalformed, errcode.PhaseTransfer, patience},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(q peers.Asked) peers.Said {
				if q.Stream {
					return test.streams
				}
				return peers.SayingDNS(cut(q.Query))
			})
			e := newEngine(t, s.config(overUDP))
			r := do(t.Context(), e, test.within)
			assertFails(t, e, r, test.code, test.phase)
			assert.True(t, r.DNS.Cut)
			assert.True(t, r.DNS.DatagramOpened)
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		t.Parallel()
		server := server{Resolver: &peers.Resolver{Address: peers.NameServer(t, peers.CutNames)}}
		e := newEngine(t, server.config(overUDP))
		r := do(t.Context(), e, patience)
		assertFails(t, e, r, errcode.Refused, errcode.PhaseConnect)
		assert.True(t, r.DNS.Cut)
	})
}

func TestAPortAtWhichNobodyListensIsUnreachable(t *testing.T) {
	t.Parallel()
	closed := server{Resolver: &peers.Resolver{Address: peers.ClosedPacketPort(t)}}
	e := newEngine(t, closed.config(overUDP))
	r := do(t.Context(), e, patience)
	assertFails(t, e, r, errcode.DNSUnreachable, errcode.PhaseProcessing)
	assert.Zero(t, e.Open())

	closed = server{Resolver: &peers.Resolver{Address: peers.ClosedPort(t)}}
	e = newEngine(t, closed.config(overTCP))
	assertFails(t, e, do(t.Context(), e, patience), errcode.Refused, errcode.PhaseConnect)
	closed.Secured = peers.ClosedPort(t)
	e = newEngine(t, closed.config(overTLS))
	assertFails(t, e, do(t.Context(), e, patience), errcode.Refused, errcode.PhaseConnect)
}

func TestAConnectionThatIsClosedWhileIdleIsNoAttempt(t *testing.T) {
	t.Parallel()
	for _, transport := range []option.DNSTransport{overTCP, overTLS} {
		s := serve(t, func(q peers.Asked) peers.Said {
			return peers.Said{Messages: [][]byte{good(q.Query)}, End: true}
		})
		e := newEngine(t, s.config(transport))
		var r probe.Result
		for range 3 {
			again(t.Context(), e, &r, patience)
			assertSucceeds(t, e, &r)
			assert.Eventually(t, func() bool {
				c := e.first.Pop()
				if c == nil {
					return true
				}
				defer e.first.Put(c)
				c.idleSince = 0
				return !c.fit(probe.Now())
			}, patience, time.Millisecond)
		}
		assert.EqualValues(t, 3, s.Connections.Load(), transport)
	}
}

func TestAConnectionThatIsClosedInPlaceOfTheSecondAnswerIsARace(t *testing.T) {
	t.Parallel()
	for _, transport := range []option.DNSTransport{overTCP, overTLS} {
		s := serve(t, func(q peers.Asked) peers.Said {
			if q.Before > 0 {
				return peers.Said{End: true}
			}
			return peers.SayingDNS(good(q.Query))
		})
		e := newEngine(t, s.config(transport))
		assertSucceeds(t, e, do(t.Context(), e, patience))
		assertFails(t, e, do(t.Context(), e, patience), errcode.ClosedReused, errcode.PhaseProcessing)
		assertSucceeds(t, e, do(t.Context(), e, patience))
	}
}

func TestAnAnswerMayComeInPieces(t *testing.T) {
	t.Parallel()
	for _, transport := range []option.DNSTransport{overTCP, overTLS} {
		s := serve(t, func(q peers.Asked) peers.Said {
			return peers.Said{Messages: [][]byte{good(q.Query)}, Bytewise: true}
		})
		e := newEngine(t, s.config(transport))
		var r probe.Result
		for i := range 3 {
			again(t.Context(), e, &r, patience)
			assertSucceeds(t, e, &r)
			assert.Equal(t, i > 0, r.Reused, transport)
			assert.Zero(t, r.FailedIn())
		}
	}
}

// Bytes after an answer belong to no question: the connection asks nothing more.
func TestAConnectionWithSomethingBehindTheAnswerIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	for _, transport := range []option.DNSTransport{overTCP, overTLS} {
		s := serve(t, func(q peers.Asked) peers.Said {
			return peers.Said{Messages: [][]byte{good(q.Query), good(q.Query)}}
		})
		e := newEngine(t, s.config(transport))
		for range 3 {
			r := do(t.Context(), e, patience)
			assertSucceeds(t, e, r)
			assert.True(t, r.Opened, transport)
		}
	}
}
