package hpack

import "golang.org/x/net/http2/hpack"

const (
	// MaxFieldTable is how large a peer may make its table, in the measure of RFC 7541,
	// section 4.1; it is the size at the beginning.
	MaxFieldTable = 4 << 10
	// EntryOverhead is what each entry counts beyond its name and value.
	EntryOverhead = 32
	staticEntries = 61
)

// staticTable is that of RFC 7541, appendix A; it is only read.
var staticTable = func() (table [staticEntries + 1]staticEntry) {
	for i := 1; i <= staticEntries; i++ {
		entry := &table[i]
		decoder := hpack.NewDecoder(0, func(f hpack.HeaderField) {
			entry.name, entry.value = []byte(f.Name), []byte(f.Value)
		})
		_, _ = decoder.Write([]byte{0x80 | byte(i)}) // each of these indexes has an entry
	}
	return table
}()

type staticEntry struct{ name, value []byte }

// Marks are the verdicts of a judge on fields, each yes or no. An entry of a table keeps
// its mark: most responses repeat the fields of the one before.
type Marks struct {
	of     func(name, value []byte) bool
	static [staticEntries + 1]bool
}

// NewMarks asks judge for the marks of the static table.
func NewMarks(judge func(name, value []byte) bool) *Marks {
	m := &Marks{of: judge}
	for i := 1; i <= staticEntries; i++ {
		m.static[i] = judge(staticTable[i].name, staticTable[i].value)
	}
	return m
}

// table is the dynamic table of a peer that encodes (RFC 7541, section 2.3.2). It takes
// no more space than its largest size needs. The zero table needs a call of resize first.
type table struct {
	limit, size int
	// entries are a ring of count, beginning with the oldest.
	entries       [MaxFieldTable / EntryOverhead]entry
	oldest, count int
	// text[start:end] are the names and values of all entries, in the same order. There
	// is room for twice as much, so they seldom have to be moved to the front.
	text       [2 * MaxFieldTable]byte
	start, end int
}

// entry says where in the text an entry is.
type entry struct {
	start, value, end int
	mark              bool
}

// get returns the entry with an index. Indexes count the entries of the static table too.
// The entry is valid until the next change.
func (t *table) get(index uint64) (name, value []byte, mark, ok bool) {
	if index <= staticEntries || index > uint64(staticEntries+t.count) {
		return nil, nil, false, false
	}
	age := int(index) - staticEntries // 1 for the newest
	e := &t.entries[(t.oldest+t.count-age)%len(t.entries)]
	return t.text[e.start:e.value], t.text[e.value:e.end], e.mark, true
}

// add puts an entry in. Old ones leave the table for it; an entry larger than the table
// leaves it empty (RFC 7541, section 4.4).
func (t *table) add(name, value []byte, mark bool) {
	size := len(name) + len(value) + EntryOverhead
	t.shrink(t.limit - size)
	if size > t.limit {
		return
	}
	if t.end+len(name)+len(value) > len(t.text) {
		t.compact()
	}
	e := entry{start: t.end, mark: mark}
	e.value = e.start + copy(t.text[e.start:], name)
	e.end = e.value + copy(t.text[e.value:], value)
	t.end = e.end
	t.entries[(t.oldest+t.count)%len(t.entries)] = e
	t.count++
	t.size += size
}

// resize sets the limit, at most MaxFieldTable.
func (t *table) resize(limit int) {
	if limit == t.limit {
		return
	}
	t.limit = limit
	t.shrink(limit)
}

// shrink removes the oldest entries until the rest is no larger than size.
func (t *table) shrink(size int) {
	for t.count > 0 && t.size > size {
		e := t.entries[t.oldest]
		t.size -= e.end - e.start + EntryOverhead
		t.start = e.end
		t.oldest = (t.oldest + 1) % len(t.entries)
		t.count--
	}
}

// compact moves the text to the front.
func (t *table) compact() {
	by := t.start
	copy(t.text[:], t.text[t.start:t.end])
	t.start, t.end = 0, t.end-by
	for i := range t.count {
		e := &t.entries[(t.oldest+i)%len(t.entries)]
		e.start, e.value, e.end = e.start-by, e.value-by, e.end-by
	}
}
