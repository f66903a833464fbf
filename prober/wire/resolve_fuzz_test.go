package wire

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/internal/peers"
)

// FuzzReply holds the reader of replies against the library. The library reads on beyond the ends of
// records, so the addresses are compared in a message that the library has packed itself.
func FuzzReply(f *testing.F) {
	const id = 7
	asked := dnsmessage.Question{Name: dnsmessage.MustNewName("name.test."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}
	message, err := query(id, asked, false)
	require.NoError(f, err)
	for _, address := range [][4]byte{{127, 0, 0, 1}, {1, 2, 3, 4}} {
		answer := peers.AnswerDNS(message, func(m *dnsmessage.Message) {
			for _, class := range []dnsmessage.Class{dnsmessage.ClassINET, dnsmessage.Class(address[0])} {
				head := dnsmessage.ResourceHeader{Name: asked.Name, Class: class, TTL: 60}
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AResource{A: address}})
			}
		})
		f.Add(answer)
		f.Add(answer[:len(answer)-1])
		for length := range byte(6) {
			answer[len(answer)-5] = length // of the last record
			f.Add(append([]byte(nil), answer...))
		}
	}
	f.Add(message)
	f.Fuzz(func(t *testing.T, message []byte) {
		_, _ = readReply(message, id, asked) // it ends, and does not panic
		var whole dnsmessage.Message
		if whole.Unpack(message) != nil {
			return
		}
		packed, err := whole.Pack()
		if err != nil {
			return
		}
		got, err := readReply(packed, id, asked)
		if err != nil || got.truncated || got.err != nil && !got.malformed {
			assert.Empty(t, got.addrs)
			return
		}
		var want []netip.Addr
		malformed := false
		for _, r := range whole.Answers {
			if a, ok := r.Body.(*dnsmessage.AResource); ok {
				malformed = malformed || r.Header.Class != dnsmessage.ClassINET
				want = append(want, netip.AddrFrom4(a.A))
			}
		}
		require.Equal(t, malformed, got.malformed)
		if !malformed {
			assert.Equal(t, want, got.addrs)
		}
	})
}
