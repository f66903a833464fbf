package errcode

import "slices"

// entry is all that there is to say of one code. Its number says the range.
type entry struct {
	code Code
	// name is in lower case and unique, meaning is half a sentence.
	name, meaning string
	help          Help
}

// tables hold every code that is not computed from a status or a number of HTTP/2, HTTP/3
// or QUIC, in ascending order. Each range has a table, and the alerts of TLS have one of their own.
var tables = [...][]entry{
	generalTable[:], dnsTable[:], tcpTable[:], tlsTable[:], alertTable[:],
	http2Table[:], contentTable[:], http1Table[:], http3Table[:], grpcTable[:],
}

// entry returns nil for a code that is in none of the tables.
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
