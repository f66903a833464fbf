package draw

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/option"
	"example.com/prober/template"
)

func whole(n int64) int64 { return n }

func texts(values ...string) (all option.Texts) {
	for _, v := range values {
		all.Append(v)
	}
	return all
}

// drawn returns the values of the names with these numbers in so many requests.
func drawn(t *testing.T, s *Set, requests int, numbers ...int) (rows [][]string) {
	t.Helper()
	p := s.Plan(numbers)
	var v template.Values
	for range requests {
		v.Reset()
		require.NoError(t, p.Draw(&v))
		var row []string
		for _, n := range numbers {
			value, ok := v.Value(n)
			require.True(t, ok)
			row = append(row, string(value))
		}
		rows = append(rows, row)
	}
	return rows
}

func TestValuesInOrderBeginAnewBehindTheLast(t *testing.T) {
	s := New([]option.Data{{Name: "a", Values: texts("x", "y", "z"), Pick: option.PickInOrder}}, "t", whole)
	assert.Equal(t, [][]string{{"x"}, {"y"}, {"z"}, {"x"}}, drawn(t, s, 4, 0))
}

func TestColumnsOfAFileComeFromTheSameRow(t *testing.T) {
	var users, passwords option.Texts
	for i := range 100 {
		users.Append(fmt.Sprint("user", i))
		passwords.Append(fmt.Sprint("word", i))
	}
	for _, pick := range []option.DataPick{option.PickInOrder, option.PickRandom, option.PickUnique} {
		s := New([]option.Data{
			{Name: "password", Source: "users.csv", Column: "p", Values: passwords, Pick: pick},
			{Name: "user", Source: "users.csv", Column: "u", Values: users, Pick: pick},
		}, "t", whole)
		for _, row := range drawn(t, s, 100, 0, 1) {
			assert.Equal(t, row[1][len("user"):], row[0][len("word"):])
		}
	}
}

// A request draws only what it uses: rows of other names are not used up.
func TestWhatARequestDoesNotUseIsNotDrawn(t *testing.T) {
	s := New([]option.Data{
		{Name: "a", Values: texts("1", "2"), Pick: option.PickUnique},
		{Name: "b", Values: texts("x", "y"), Pick: option.PickUnique},
	}, "t", whole)
	assert.Equal(t, [][]string{{"x"}, {"y"}}, drawn(t, s, 2, 1))
	assert.Equal(t, [][]string{{"1"}, {"2"}}, drawn(t, s, 2, 0))
	assert.Nil(t, s.Plan([]int{7}))
}

func TestUniqueValuesAreDrawnOnceOverAllShards(t *testing.T) {
	const shards, rows = 5, 1003
	var all option.Texts
	for i := range rows {
		all.Append(strconv.Itoa(i))
	}
	var mu sync.Mutex
	seen := map[string]int{}
	var wait sync.WaitGroup
	for shard := range int64(shards) {
		s := New([]option.Data{{Name: "a", Values: all, Pick: option.PickUnique}}, "t", func(n int64) int64 { return n*shards + shard })
		p := s.Plan([]int{0})
		for range 4 {
			wait.Go(func() {
				var v template.Values
				for {
					v.Reset()
					if err := p.Draw(&v); err != nil {
						assert.EqualError(t, err, "the value of {{ a }} is used up: pick is unique, and all 1003 were drawn")
						return
					}
					value, _ := v.Value(0)
					mu.Lock()
					seen[string(value)]++
					mu.Unlock()
				}
			})
		}
	}
	wait.Wait()
	assert.Len(t, seen, rows)
	for value, times := range seen {
		assert.Equal(t, 1, times, value)
	}
}

func TestARequestWithoutAUniqueRowUsesUpNoOther(t *testing.T) {
	s := New([]option.Data{
		{Name: "a", Values: texts("1", "2", "3"), Pick: option.PickInOrder},
		{Name: "b", Values: texts("x"), Pick: option.PickUnique},
	}, "t", whole)
	assert.Equal(t, [][]string{{"1", "x"}}, drawn(t, s, 1, 0, 1))
	require.Error(t, s.Plan([]int{0, 1}).Draw(new(template.Values)))
	assert.Equal(t, [][]string{{"2"}}, drawn(t, s, 1, 0))
}

func TestRandomPicksAreSeededAndEven(t *testing.T) {
	data := []option.Data{{Name: "a", IsRange: true, From: 10, To: 19, Pick: option.PickRandom}}
	first, again, other := New(data, "t", whole), New(data, "t", whole), New(data, "u", whole)
	rows := drawn(t, first, 10000, 0)
	assert.Equal(t, rows, drawn(t, again, 10000, 0))
	assert.NotEqual(t, rows, drawn(t, other, 10000, 0))
	counts := map[string]int{}
	for _, row := range rows {
		counts[row[0]]++
	}
	assert.Equal(t, []string{"10", "11", "12", "13", "14", "15", "16", "17", "18", "19"}, slices.Sorted(maps.Keys(counts)))
	for value, n := range counts {
		assert.InDelta(t, 1000, n, 150, value)
	}
}

func TestGeneratedValuesHaveTheirForms(t *testing.T) {
	s := New([]option.Data{
		{Name: "a", Generate: option.GenerateUUID},
		{Name: "b", Generate: option.GenerateSequence, From: -1},
		{Name: "c", Generate: option.GenerateInt, From: -2, To: 2},
		{Name: "d", Generate: option.GenerateString, Length: 12},
		{Name: "e", Generate: option.GenerateTimestamp, Format: option.TimeUnix},
		{Name: "f", Generate: option.GenerateTimestamp, Format: option.TimeUnixMillis},
		{Name: "g", Generate: option.GenerateTimestamp, Format: option.TimeRFC3339},
		{Name: "h", Generate: option.GenerateInt, From: -1 << 63, To: 1<<63 - 1},
	}, "t", whole)
	uuids := map[string]bool{}
	for i, row := range drawn(t, s, 1000, 0, 1, 2, 3, 4, 5, 6, 7) {
		assert.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, row[0])
		uuids[row[0]] = true
		assert.Equal(t, strconv.Itoa(i-1), row[1])
		assert.Regexp(t, `^(-2|-1|0|1|2)$`, row[2])
		assert.Regexp(t, `^[0-9A-Za-z]{12}$`, row[3])
		assert.Regexp(t, `^[0-9]{10}$`, row[4])
		assert.Regexp(t, `^[0-9]{13}$`, row[5])
		_, err := time.Parse(time.RFC3339, row[6])
		require.NoError(t, err)
	}
	assert.Len(t, uuids, 1000)
}

// A set that replaces another goes on after it, even while requests still draw from the
// other.
func TestASetGoesOnWithValuesThatHaveNotChanged(t *testing.T) {
	data := func(b ...string) []option.Data {
		return []option.Data{
			{Name: "a", Values: texts("1", "2", "3"), Pick: option.PickUnique},
			{Name: "b", Values: texts(b...), Pick: option.PickInOrder},
			{Name: "n", Generate: option.GenerateSequence},
		}
	}
	before := New(data("x", "y"), "t", whole)
	drawn(t, before, 1, 0, 1, 2)
	after := New(data("x", "z"), "t", whole)
	after.Continue(before)
	assert.Equal(t, [][]string{{"2", "x", "1"}}, drawn(t, after, 1, 0, 1, 2))
	assert.Equal(t, [][]string{{"3", "y", "2"}}, drawn(t, before, 1, 0, 1, 2))
	require.Error(t, after.Plan([]int{0}).Draw(new(template.Values)))
	after.Continue(nil)
}

func TestDrawingAllocatesNothing(t *testing.T) {
	s := New([]option.Data{
		{Name: "a", Values: texts("x", "y"), Pick: option.PickRandom},
		{Name: "b", IsRange: true, From: 1, To: 100, Pick: option.PickInOrder},
		{Name: "c", Generate: option.GenerateUUID},
		{Name: "d", Generate: option.GenerateTimestamp, Format: option.TimeRFC3339},
	}, "t", whole)
	p := s.Plan([]int{0, 1, 2, 3})
	var v template.Values
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		v.Reset()
		_ = p.Draw(&v)
	}))
}
