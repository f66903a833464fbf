package http3

import (
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/qpack"
)

// showRequest records the header of the request of r in its trace just before it is sent.
func (st *stream) showRequest(r *probe.Result) {
	t := r.Trace
	t.Learn(r)
	// The trace shows the encoded bytes, decoded again, and not what they were made of: so
	// it shows what the server gets.
	section := append(append([]byte(nil), st.request.section...), st.varied...)
	sent := message.Section{All: new(message.Lines)}
	if err := new(qpack.Decoder).Decode(section, &sent, message.IsSound); err != nil {
		t.Notef("the header that is sent cannot be decoded: %v", err)
		return
	}
	t.Notef("stream %d of the connection to %s", st.quic.StreamID(), st.conn.remote)
	line, fields := sent.All.Request()
	t.SendLine(line + " HTTP/3")
	for _, f := range fields {
		t.SendField(f.Name, f.Value)
	}
	t.SendBody(st.upload.content.Length)
}

// showHeader passes the newest section to the answer.
func (s *response) showHeader() {
	if s.status == 0 {
		s.answer.Head(probe.HTTP3, s.head.Status, nil)
	}
	for name, value := range s.head.All.All() {
		if len(name) > 0 && name[0] != ':' {
			s.answer.Field(name, value)
		}
	}
}
