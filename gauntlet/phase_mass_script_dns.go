package main

import (
	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/internal/peers"
)

// changed returns an answer for a name that does not exist, with one byte changed.
func changed(at int) peers.Names {
	return func(query []byte) []byte {
		answer := peers.NoNames(dnsmessage.RCodeNameError)(query)
		answer[at]++
		return answer
	}
}

func cutOff(query []byte) []byte {
	answer := wellKnown(query)
	return answer[:len(answer)-1]
}

// The offsets of parts of the question in an answer.
const (
	atID   = 0
	atName = 13
)

// ofBoth are the moves of a DNS server over UDP and TCP.
func ofBoth() []dnsMove {
	rcode := func(code string, of dnsmessage.RCode) dnsMove {
		return dnsMove{says: []peers.Names{peers.NoNames(of)}, code: code}
	}
	return []dnsMove{
		rcode("1101", dnsmessage.RCodeNameError), rcode("1101", dnsmessage.RCodeSuccess),
		rcode("1102", dnsmessage.RCodeServerFailure), rcode("1103", dnsmessage.RCodeRefused),
		rcode("1104", dnsmessage.RCodeNotImplemented),
		{says: []peers.Names{cutOff}, code: "1106"},
	}
}

// randomDatagrams is a script for DNS over UDP: codes, useless messages before a useful one, and, if more is set,
// truncated answers, which TCP continues.
func randomDatagrams(seed uint64, more bool) dnsScript {
	first := func(none peers.Names) dnsMove { return dnsMove{says: []peers.Names{none, wellKnown}, code: "0"} }
	moves := append(ofBoth(),
		first(peers.SayNames(canaryPeer)), first(changed(atID)), first(changed(atName)), first(wellKnown))
	if more {
		moves = append(moves, dnsMove{says: []peers.Names{peers.CutNames}})
	}
	return randomQuestions(seed, moves)
}

// randomFollowing is a script for questions that are repeated because the answer over UDP was cut.
func randomFollowing(seed uint64) dnsScript {
	return randomQuestions(seed, append(ofBoth(),
		dnsMove{says: []peers.Names{peers.CutNames}, code: "1106"},
		dnsMove{says: []peers.Names{changed(atID)}, code: "1106"}))
}

// randomStream is a script for DNS over TCP and TLS.
func randomStream(seed uint64) dnsScript {
	return randomQuestions(seed, append(ofBoth(),
		dnsMove{says: []peers.Names{peers.CutNames}, code: "1106"},
		dnsMove{says: []peers.Names{changed(atID)}, code: "1106"},
		dnsMove{says: []peers.Names{changed(atName)}, code: "1106"},
		dnsMove{then: fin, code: codeUnread, reused: codeOld},
		dnsMove{then: rst, code: codeOwed, reused: codeOld}))
}

func randomQuestions(seed uint64, moves []dnsMove) dnsScript {
	return func(target string, n int) dnsMove {
		if i, is := lot(seed, target, n, len(moves)); is {
			return moves[i]
		}
		return dnsWell(target, n)
	}
}
