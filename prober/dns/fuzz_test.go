package dns

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/option"
)

// FuzzAnswer compares the reader of answers with the library. The library reads on beyond
// the ends of records, so both get a message that the library has parsed and packed.
func FuzzAnswer(f *testing.F) {
	q, err := newQuery(option.DNS{Name: "name.test", Type: "A"})
	require.NoError(f, err)
	for _, fault := range faults() {
		for _, message := range fault.does(q.message).Messages {
			f.Add(message)
		}
	}
	f.Add(good(q.message))
	f.Add(cut(q.message))
	f.Add(says(q.message, alias(), a(5, 192, 0, 2, 1), a(4, 192, 0, 2, 2)))
	cfg := Config{Ask: ask(overUDP), Answer: option.AnswerPattern{Regexp: "no such text"}}
	x, err := newExpectation(&cfg)
	require.NoError(f, err)
	e := &Engine{query: q, expect: x}
	f.Fuzz(func(t *testing.T, message []byte) {
		if q.recognise(message, 0) == nil {
			_ = e.readAnswer(message, new(scratch)) // it ends, and does not panic
		}
		var whole dnsmessage.Message
		if whole.Unpack(message) != nil {
			return
		}
		packed, err := whole.Pack()
		if err != nil {
			return
		}
		if q.recognise(packed, 0) != nil {
			isOurs := whole.ID == 0 && whole.Response && len(whole.Questions) == 1 && whole.Questions[0] == question(t)
			assert.False(t, isOurs, "it is the answer")
			return
		}
		var s scratch
		err = e.readAnswer(packed, &s)
		if slices.ContainsFunc(whole.Answers, isForeign) {
			assert.ErrorIs(t, err, errOtherClass)
			return
		}
		require.NoError(t, err)
		answers, least := 0, uint32(0)
		for _, r := range whole.Answers {
			if ttl := timeToLive(r.Header.TTL); r.Header.Type == dnsmessage.TypeA {
				if answers++; answers == 1 || ttl < least {
					least = ttl
				}
			}
		}
		assert.Equal(t, answers, s.dns.Answers)
		assert.Equal(t, least, s.dns.TTL)
		assert.Equal(t, whole.RCode, dnsmessage.RCode(s.rcode)&0xf)
		assert.Equal(t, whole.AuthenticData, s.dns.Authentic)
	})
}

// isForeign reports whether a record is an address of another class.
func isForeign(r dnsmessage.Resource) bool {
	return r.Header.Type == dnsmessage.TypeA && r.Header.Class != dnsmessage.ClassINET
}

func question(t *testing.T) dnsmessage.Question {
	t.Helper()
	name, err := dnsmessage.NewName("name.test.")
	require.NoError(t, err)
	return dnsmessage.Question{Name: name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}
}

// FuzzRecord prints records of all types: whatever their data, the text is visible.
func FuzzRecord(f *testing.F) {
	for _, kind := range option.RecordTypes() {
		number, _ := kind.Number()
		f.Add(number, []byte("\x00\x01\x02\x03 some text that is longer than sixteen bytes"))
		f.Add(number, []byte("\x00\x01\x00\x00\x01\x00\x03\x02h2"))
		f.Add(number, []byte{})
		// The largest length in one byte, or in two, with that many bytes after it.
		f.Add(number, append([]byte{0, 0xff}, bytes.Repeat([]byte("x"), 2*0xff)...))
		f.Add(number, append([]byte{0, 0, 0xff, 0xff}, bytes.Repeat([]byte("x"), 2*0xff)...))
	}
	f.Fuzz(func(t *testing.T, kind uint16, data []byte) {
		body := &dnsmessage.UnknownResource{Type: dnsmessage.Type(kind), Data: data}
		m := dnsmessage.Message{Answers: []dnsmessage.Resource{record("name.test.", 1, body)}}
		packed, err := m.Pack()
		if err != nil {
			return
		}
		var p dnsmessage.Parser
		_, err = p.Start(packed)
		require.NoError(t, err)
		require.NoError(t, p.SkipAllQuestions())
		h, err := p.AnswerHeader()
		require.NoError(t, err)
		text, err := appendRecord(nil, &p, &h)
		require.NoError(t, err)
		for _, b := range text {
			assert.True(t, b >= ' ' && b < 0x7f, "%q", text)
		}
		_, err = p.AnswerHeader()
		assert.ErrorIs(t, err, dnsmessage.ErrSectionDone)
	})
}
