package demo

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestARecentMapForgetsItsOldestKeyForANewOne(t *testing.T) {
	t.Parallel()
	m := newRecent[int](2)
	m.put("a", 1)
	m.put("b", 2)
	m.put("a", 3)
	assert.Equal(t, map[string]int{"a": 3, "b": 2}, m.all(), "a known key takes nobody's place")
	m.put("c", 4)
	assert.Equal(t, map[string]int{"b": 2, "c": 4}, m.all(), "a is the oldest, however young its value")
	_, known := m.get("a")
	assert.False(t, known)
	m.put("a", 5)
	assert.Equal(t, map[string]int{"c": 4, "a": 5}, m.all())
}

func TestARecentMapStaysWithinItsBound(t *testing.T) {
	t.Parallel()
	m := newRecent[int](3)
	for n := range 100 {
		m.put(strconv.Itoa(n), n)
	}
	assert.Equal(t, map[string]int{"97": 97, "98": 98, "99": 99}, m.all())
	assert.Len(t, m.keys, 3)
}
