package report

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/docs"
	"example.com/prober/prober/probe"
)

// rowsOf reads a table.
func rowsOf(t *testing.T, text string) (header []string, rows []map[string]string) {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, cell := range cells {
			row[all[0][i]] = cell
		}
		rows = append(rows, row)
	}
	return all[0], rows
}

func TestTheTableHasARowForEachRequest(t *testing.T) {
	t.Parallel()
	text := written(t, newTable, exampleResult("shop", "@home"), func(all []Observer) {
		begin := probe.At(exampleStart)
		all[0](exampleRequest(begin, 1500*time.Millisecond, 8*time.Millisecond, errcode.OK), errcode.OK)
		failed := exampleRequest(begin, 2*time.Second, time.Second, errcode.Reset)
		failed.Request, failed.Reused, failed.Opened = 1, false, true
		all[1](failed, errcode.Reset)
	})
	header, rows := rowsOf(t, text)
	require.Len(t, rows, 2)
	assert.Equal(t, map[string]string{
		"target": "shop", "request": "home", "step": "1",
		"due": rows[0]["due"], "start": rows[0]["start"], "end": rows[0]["end"], "duration": "0.008000000",
		"queue": "0.002000000", "resolve": "", "connect": "", "tls": "", "send": "0.002000000", "processing": "0.004000000", "transfer": "",
		"code": "0", "name": "ok", "failed_in": "", "status": "200", "http_version": "1.1", "remote": "192.0.2.7:443",
		"sent_bytes": "68", "received_bytes": "149", "connection": "reused", "error": "",
	}, rows[0])
	for key, want := range map[string]string{
		"target": "'@home", "request": "cart", "step": "2", "duration": "1.000000000", "code": "1220", "name": "reset", "failed_in": "processing",
		"status": "", "http_version": "", "connection": "opened",
		"error": "'" + hostile,
	} {
		assert.Equal(t, want, rows[1][key], key)
	}
	for key, want := range map[string]time.Duration{"due": 2 * time.Second, "start": 2250 * time.Millisecond, "end": 3 * time.Second} {
		at, err := time.Parse(time.RFC3339Nano, rows[1][key])
		require.NoError(t, err)
		assert.InDelta(t, want, at.Sub(exampleStart), float64(time.Minute), key) // the wall clock may have been set since the test began
		assert.Len(t, rows[1][key], len("2026-03-04T09:30:00.000000000Z"))
	}
	assert.Equal(t, strings.TrimSpace(tableHeader), strings.Join(header, ","))
}

func TestTheColumnsOfTheTableAreInTheDocs(t *testing.T) {
	t.Parallel()
	_, part, found := strings.Cut(docs.Page(t, "docs/fire.md"), "### A row for each request")
	require.True(t, found)
	part, _, _ = strings.Cut(part, "\n###")
	var named []string
	for line := range strings.Lines(part) {
		if cells := strings.Split(line, "|"); len(cells) > 2 && strings.Contains(cells[1], "`") {
			for _, name := range strings.Split(cells[1], ",") {
				named = append(named, strings.Trim(name, " `"))
			}
		}
	}
	assert.Equal(t, strings.TrimSpace(tableHeader), strings.Join(named, ","))
}

func TestNoCellIsAFormula(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "plain": `"plain"`, `say "a,b"`: `"say ""a,b"""`, "=1+1": `"'=1+1"`, "+1": `"'+1"`, "-1": `"'-1"`, "@x": `"'@x"`,
		"\tx": "\"'\tx\"", "\rx": "\"'\rx\"", "＝x": `"'＝x"`, "1=1": `"1=1"`,
	} {
		assert.Equal(t, want, string(appendText(nil, text)))
	}
}

func TestSecondsHaveNineDigits(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0.000000000", 1: "0.000000001", -1: "-0.000000001", time.Second: "1.000000000", 61*time.Second + 20: "61.000000020",
	} {
		assert.Equal(t, want, string(appendSeconds(nil, d)))
	}
}

// gate is a disk that takes nothing until it is opened.
type gate struct {
	open  chan struct{}
	wrote strings.Builder
	fail  error
}

func (g *gate) Write(b []byte) (int, error) {
	<-g.open
	if g.fail != nil {
		return 0, g.fail
	}
	return g.wrote.Write(b)
}

func TestADiskThatIsTooSlowCostsRowsAndNotTheBurst(t *testing.T) {
	t.Parallel()
	g := &gate{open: make(chan struct{})}
	w := newTable(g)
	observe := w.observers([]Source{{Name: "shop"}})[0]
	const workers, each = 4, 20_000 // more rows than fit
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for range each {
				observe(exampleRequest(1, 0, time.Second, errcode.OK), errcode.OK)
			}
		})
	}
	all.Wait()
	close(g.open)
	err := w.finish(nil)
	incomplete, ok := errors.AsType[*incompleteError](err)
	require.True(t, ok, err)
	_, rows := rowsOf(t, g.wrote.String())
	assert.Equal(t, fmt.Sprintf("%d rows are missing, because the disk was slower than the burst", workers*each-len(rows)), incomplete.Error())
	assert.GreaterOrEqual(t, g.wrote.Len(), tableBlock*tableBlocks-tableBlocks*rowRoom)
}

func TestADiskThatIsFullFailsTheTableAlone(t *testing.T) {
	t.Parallel()
	g := &gate{open: make(chan struct{}), fail: io.ErrShortWrite}
	close(g.open)
	w := newTable(g)
	observe := w.observers([]Source{{Name: "shop"}})[0]
	for range 2000 {
		observe(exampleRequest(1, 0, time.Second, errcode.OK), errcode.OK)
	}
	assert.ErrorIs(t, w.finish(nil), io.ErrShortWrite)
}
