package demo

import "maps"

// recent is a map with a bound. For each new key above the bound it forgets its oldest key, so it always stays small.
// The caller locks it.
type recent[V any] struct {
	bound  int
	values map[string]V
	keys   []string // in the order of their arrival, from oldest on; a ring once it is full
	oldest int
}

func newRecent[V any](bound int) *recent[V] {
	return &recent[V]{bound: bound, values: make(map[string]V)}
}

// get returns the value of a key, and reports whether the key is there.
func (m *recent[V]) get(key string) (value V, known bool) {
	value, known = m.values[key]
	return value, known
}

// put sets the value of a key. A key already in the map keeps its age.
func (m *recent[V]) put(key string, value V) {
	if _, known := m.values[key]; !known {
		m.add(key)
	}
	m.values[key] = value
}

func (m *recent[V]) add(key string) {
	if len(m.keys) < m.bound {
		m.keys = append(m.keys, key)
		return
	}
	delete(m.values, m.keys[m.oldest])
	m.keys[m.oldest] = key
	m.oldest = (m.oldest + 1) % m.bound
}

// all returns a copy of the map.
func (m *recent[V]) all() map[string]V { return maps.Clone(m.values) }
