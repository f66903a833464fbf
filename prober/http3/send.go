package http3

import (
	"errors"

	"github.com/quic-go/quic-go"

	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
)

// longestCopy is how many bytes of a request are handed to quic-go at once, which copies
// them: longer ones it sends from where they are.
const longestCopy = 32 << 10

// upload is the sending of one request.
type upload struct {
	out     []byte // the frames up to the content
	content *message.Content
	// What follows belongs to the goroutine that sends, until it has ended.
	sent int64         // bytes of frames
	at   probe.Instant // when the request was sent to its end, 0 if it was not
	// panicked is why the goroutine has failed, if it has panicked.
	panicked error
	// running means that a goroutine sends, which puts a token into ended when it is done.
	running bool
	ended   chan struct{}
}

// send hands the request over, or starts to: a goroutine sends what the server does not take
// at once, so that an early answer is read meanwhile.
func (st *stream) send() error {
	if err := st.quic.SetDeadline(st.deadline.Time()); err != nil {
		return err
	}
	u := &st.upload
	whole := len(u.out)
	if u.content.Length > 0 && u.content.Length <= longestCopy {
		u.out = append(u.out, u.content.Part(0, int(u.content.Length))...)
	}
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
	u.out = u.out[:whole]
	u.running = true
	go u.run(st.quic)
	return nil
}

// run sends all of the request, as the server allows.
func (u *upload) run(to *quic.Stream) {
	defer func() { u.ended <- struct{}{} }() // has room
	defer func() {
		if v := recover(); v != nil {
			u.panicked = probe.Panicked(v)
			to.CancelRead(h3Cancelled) // so that nobody waits for the response
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

// finish ends a request that was sent whole.
func (u *upload) finish(to *quic.Stream) {
	_ = to.Close() // fails only where the stream has failed, which the reader learns
	u.at = probe.Now()
}

// end gives up what is not sent yet, and returns when the request was sent, 0 if it was not.
func (u *upload) end(to *quic.Stream, tell uint64) (at probe.Instant) {
	if u.running {
		u.running = false
		select {
		case <-u.ended:
		default:
			to.CancelWrite(quic.StreamErrorCode(tell))
			<-u.ended // which comes at once: a write that waits ends with the stream
		}
	}
	if u.at == 0 {
		to.CancelWrite(quic.StreamErrorCode(tell)) // does nothing the second time
	}
	return u.at
}
