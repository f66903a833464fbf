package http2

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"golang.org/x/net/http2"

	"example.com/prober/prober/message"
)

func TestAHeaderBlockIsPutTogetherForEachRequest(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("~", 40<<10)
	fields := message.Fields("User-Agent", "prober", "Cookie", "a=b")
	for name, tt := range map[string]struct {
		q       message.Request
		v       message.Varying
		content string
		want    []string
	}{
		"the target": {
			message.Request{VariesTarget: true}, message.Varying{Target: true}, "",
			[]string{":path: /a?b=" + long, "user-agent: prober", "cookie: a=b"},
		},
		"the content": {
			message.Request{Target: "/fixed", VariesContent: true}, message.Varying{Content: true}, "hello",
			[]string{":path: /fixed", "user-agent: prober", "cookie: a=b"},
		},
		"all of it": {
			message.Request{VariesTarget: true, VariesContent: true}, message.Varying{Target: true, Content: true, Fields: true, IDHeader: "X-Id", IDName: "x-id"}, "hello",
			[]string{":path: /a?b=" + long, "user-agent: prober", "cookie: a=b", "x-a: " + long, "authorization: Bearer x", "x-id: " + strings.Repeat("\x00", 32)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.q.Method, tt.q.Scheme, tt.q.Authority, tt.q.Fields = "POST", "https", "a.test", fields
			s := message.Stamp{Target: []byte("/a?b=" + long), Fields: []message.StampField{
				{FieldName: message.NewFieldName("X-A"), Value: []byte(long)},
				{FieldName: message.NewFieldName("Connection"), Value: []byte("close")},
				{FieldName: message.NewFieldName("Authorization"), Value: []byte("Bearer x")},
			}}
			q := Encode(tt.q, message.Content{})
			for _, id := range []uint32{1, 7} {
				frames := q.appendTo(nil, id, q.appendVaried(nil, &tt.v, &s), tt.content == "")
				fields, secret := fieldsOf(t, id, frames)
				assert.Equal(t, append([]string{":method: POST", ":scheme: https", ":authority: a.test"}, tt.want...), fields)
				assert.Equal(t, tt.v.Fields, secret["authorization"])
				assert.True(t, secret["cookie"])
				assert.Equal(t, id == 1, frames[frameHeaderSize] == 0x20, "the first stream of a connection gives the table up")
				assert.Equal(t, tt.content == "", http2.Flags(frames[4]).Has(http2.FlagHeadersEndStream))
			}
		})
	}
}
