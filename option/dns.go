package option

import (
	"slices"
	"strconv"
	"time"
)

// DNS says what a DNS server is asked, and how.
type DNS struct {
	// Name is the name in the question, with or without a dot at its end; "." is the root.
	Name string
	Type RecordType
	// Transport carries the question.
	Transport DNSTransport
	// NoRecursion asks the server only for its own knowledge. Without it the server should
	// ask others (the bit RD).
	NoRecursion bool
	// DNSSEC asks for signatures (the bit DO, RFC 4035, section 3.2.1).
	DNSSEC bool
}

// DNSTransport carries a question and its answer.
type DNSTransport string

// A question goes in a datagram, over TCP, or over TLS (RFC 7858). If the answer to a
// datagram is cut, the question is asked again over TCP.
const (
	DNSOverUDP DNSTransport = "udp"
	DNSOverTCP DNSTransport = "tcp"
	DNSOverTLS DNSTransport = "tls"
)

// RecordType is the name of a type of records, such as AAAA.
type RecordType string

// recordTypes are the types to ask for, with their numbers (IANA, Resource Record Types).
var recordTypes = [...]struct {
	name   RecordType
	number uint16
}{
	{"A", 1},
	{"NS", 2},
	{"CNAME", 5},
	{"SOA", 6},
	{"PTR", 12},
	{"MX", 15},
	{"TXT", 16},
	{"AAAA", 28},
	{"SRV", 33},
	{"DS", 43},
	{"DNSKEY", 48},
	{"TLSA", 52},
	{"SVCB", 64},
	{"HTTPS", 65},
	{"CAA", 257},
}

// RecordTypes returns the types to ask for, in alphabetical order.
func RecordTypes() []RecordType {
	all := make([]RecordType, len(recordTypes))
	for i, t := range recordTypes {
		all[i] = t.name
	}
	slices.Sort(all)
	return all
}

// Number returns the number of the type in a message, false for an unknown type.
func (t RecordType) Number() (n uint16, ok bool) {
	for _, known := range recordTypes {
		if known.name == t {
			return known.number, true
		}
	}
	return 0, false
}

// Rcode is the code of a DNS answer, with the bits of its OPT record (RFC 6891, section
// 6.1.3).
type Rcode uint16

// The codes with a meaning of their own here.
const (
	RcodeSuccess  Rcode = 0
	RcodeServfail Rcode = 2
	RcodeNXDomain Rcode = 3
	RcodeRefused  Rcode = 5
)

// rcodes are the codes with names (IANA, DNS RCODEs).
var rcodes = [...]struct {
	name string
	code Rcode
}{
	{"NOERROR", RcodeSuccess},
	{"FORMERR", 1},
	{"SERVFAIL", RcodeServfail},
	{"NXDOMAIN", RcodeNXDomain},
	{"NOTIMP", 4},
	{"REFUSED", RcodeRefused},
	{"YXDOMAIN", 6},
	{"YXRRSET", 7},
	{"NXRRSET", 8},
	{"NOTAUTH", 9},
	{"NOTZONE", 10},
	{"BADVERS", 16},
	{"BADCOOKIE", 23},
}

// RcodeNames returns the names of the codes in the order of their numbers.
func RcodeNames() []string {
	names := make([]string, len(rcodes))
	for i, r := range rcodes {
		names[i] = r.name
	}
	return names
}

// ParseRcode returns the code with the name, false if there is none.
func ParseRcode(name string) (Rcode, bool) {
	for _, r := range rcodes {
		if r.name == name {
			return r.code, true
		}
	}
	return 0, false
}

// String returns the name of the code, or RCODE and its number if it has none.
func (r Rcode) String() string {
	for _, known := range rcodes {
		if known.code == r {
			return known.name
		}
	}
	return "RCODE" + strconv.Itoa(int(r))
}

// AnswerPattern is the expectation of a DNS answer. If the code of the answer is NOERROR,
// the records of the requested type must meet all but the first field.
type AnswerPattern struct {
	// Rcodes are the codes that are a success; empty means NOERROR alone.
	Rcodes []Rcode
	// Least is how many records there must be.
	Least int
	// Regexp, unless empty, must match one record, in the format of dig +short. It is in
	// the syntax of package regexp and matches anywhere.
	Regexp string
	// MinTTL is the least time to live of each record.
	MinTTL time.Duration
}
