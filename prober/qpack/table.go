package qpack

import "github.com/quic-go/qpack"

// staticEntries is the number of entries in the static table.
const staticEntries = 99

type staticEntry struct{ name, value string }

// staticTable is the table of RFC 9204, appendix A, taken from the library; it is only
// read.
var staticTable = func() (table [staticEntries]staticEntry) {
	decoder := qpack.NewDecoder()
	for i := range table {
		field, err := decoder.Decode(appendIndexed([]byte{0, 0}, i))()
		if err != nil {
			panic(err) // the library lacks an entry of the RFC
		}
		table[i] = staticEntry{field.Name, field.Value}
	}
	return table
}()
