package http3

import (
	"errors"

	"github.com/quic-go/quic-go"

	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
)

// longestCopy is how many bytes of a request quic-go gets at once. It copies them; it sends
// longer content from its place.
const longestCopy = 32 << 10

// upload sends one request.
type upload struct {
	out     []byte // the frames up to the content
	content *message.Content
	// The sending goroutine owns the fields below until it has ended.
	sent int64         // bytes of frames
	at   probe.Instant // when the whole request was sent, or 0
	// panicked is the error of a panic of the goroutine.
	panicked error
	// running means that a goroutine sends. It puts a token into ended when it is done.
	running bool
	ended   chan struct{}
}

// send sends the request, or starts to: if the server does not take all of it at once, a
// goroutine sends the rest, so an early answer is read meanwhile.
func (st *stream) send() error {
	if err := st.quic.SetDeadline(st.deadline.Time()); err != nil {
		return err
	}
	u := &st.upload
	whole := len(u.out)
	if u.content.Length > 0 && u.content.Length <= longestCopy {
		u.out = append(u.out, u.content.Part(0, int(u.content.Length))...)
	}
	// Header and content go to quic-go in one piece, so that they can leave in one packet.
	// It takes all or nothing and does not wait: the usual request has no goroutine.
	if u.content.Length <= longestCopy {
		err := st.quic.TryWriteAll(u.out)
		if err == nil {
			u.sent = int64(len(u.out))
			u.finish(st.quic)
			return nil
		}
		if !errors.Is(err, quic.ErrWouldBlock) {
			return err
		}
	}
	// Nothing was taken. The goroutine sends the content from its place.
	u.out = u.out[:whole]
	u.running = true
	go u.run(st.quic)
	return nil
}

// run sends the whole request, as the server allows.
func (u *upload) run(to *quic.Stream) {
	defer func() { u.ended <- struct{}{} }() // has room
	defer func() {
		if v := recover(); v != nil {
			u.panicked = probe.Panicked(v)
			to.CancelRead(h3Cancelled) // so nobody waits for the response
		}
	}()
	n, err := to.Write(u.out)
	u.sent = int64(n)
	for done := int64(0); err == nil && done < u.content.Length; done += int64(n) {
		n, err = to.Write(u.content.Part(done, int(min(u.content.Length-done, longestCopy))))
		u.sent += int64(n)
	}
	if err == nil {
		u.finish(to)
	}
}

// finish ends a completely sent request.
func (u *upload) finish(to *quic.Stream) {
	_ = to.Close() // fails only after the stream has failed, and the reader sees that
	u.at = probe.Now()
}

// end gives up the unsent rest, and returns when the whole request was sent, or 0.
func (u *upload) end(to *quic.Stream, tell uint64) (at probe.Instant) {
	if u.running {
		u.running = false
		select {
		case <-u.ended:
		default:
			to.CancelWrite(quic.StreamErrorCode(tell))
			<-u.ended // comes at once: a waiting write ends with the stream
		}
	}
	if u.at == 0 {
		to.CancelWrite(quic.StreamErrorCode(tell)) // does nothing the second time
	}
	return u.at
}
