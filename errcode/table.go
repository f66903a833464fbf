package errcode

import "slices"

// entry describes one code. The range follows from the number.
type entry struct {
	code Code
	// name is in lower case and unique, meaning is half a sentence.
	name, meaning string
	help          Help
}

// tables hold every code that is not computed from a status or a number of HTTP/2, HTTP/3 or QUIC,
// in ascending order. Each range has a table, and the alerts of TLS have another one.
var tables = [...][]entry{
	generalTable[:], dnsTable[:], tcpTable[:], tlsTable[:], alertTable[:],
	http2Table[:], contentTable[:], http1Table[:], http3Table[:], grpcTable[:],
}

// entry returns the entry of c, or nil if no table has one.
func (c Code) entry() *entry {
	for _, table := range tables {
		if c <= table[len(table)-1].code {
			i, ok := slices.BinarySearchFunc(table, c, func(e entry, c Code) int { return int(e.code) - int(c) })
			if !ok {
				return nil
			}
			return &table[i]
		}
	}
	return nil
}
