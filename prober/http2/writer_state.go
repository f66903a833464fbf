package http2

// writerState says who writes on an HTTP/2 connection. One goroutine at a time does; what
// others have to write, it writes too. Nobody waits for its turn, and only a goroutine that
// has nothing else to do waits for a peer that does not read.
//
//	from      event    to        action
//	idle      flush    passing   gather
//	idle      pass     passing   write
//	idle      rest     resting   write
//	idle      soon     waiting   start
//	idle      end      done      leave
//	passing   written  idle      -
//	passing   full     waiting   start
//	passing   failed   broken    close
//	passing   end      lastPass  -
//	resting   written  idle      -
//	resting   full     waiting   start
//	resting   failed   broken    close
//	resting   end      lastRest  -
//	waiting   written  idle      -
//	waiting   failed   broken    close
//	waiting   end      lastWait  interrupt
//	broken    end      done      leave
//	lastPass  written  done      leave
//	lastRest  written  lastWait  start
//	lastWait  written  done      leave
//
// No other event changes anything. So an event that asks for a write is lost in two cases: another goroutine writes,
// and will find the bytes; or nothing is written any more. A write that fails after the end of the connection is
// followed by written as well.
type writerState uint8

const (
	writerIdle     writerState = iota // nobody writes
	writerPassing                     // a worker or the reader writes as much as there is room for
	writerResting                     // so does the reader, within a read of the descriptor: it cannot close that
	writerWaiting                     // a goroutine of its own writes, and waits for room
	writerBroken                      // a write has failed: nobody writes any more
	writerLastPass                    // as passing, but the connection has ended
	writerLastRest                    // as resting, but the connection has ended
	writerLastWait                    // as waiting, but the connection has ended
	writerDone                        // the connection is closed, or about to be
)

// writerEvent is what happens to a writer.
type writerEvent uint8

const (
	eventFlush   writerEvent = iota // a worker has something to write
	eventPass                       // so has the reader, before it reads
	eventRest                       // so has the reader, before it waits
	eventSoon                       // so has somebody who cannot write now
	eventWritten                    // the writing goroutine has nothing more to write
	eventFull                       // there is no room, or a worker or the reader has written enough
	eventFailed                     // a write has failed
	eventEnd                        // the connection ends
)

// writerAction is the action after an event.
type writerAction uint8

const (
	actionNone      writerAction = iota
	actionGather                 // let ready workers append more, and write
	actionWrite                  // write
	actionStart                  // start a goroutine to write
	actionInterrupt              // end the wait for room
	actionClose                  // close the connection, unless the peer has
	actionLeave                  // tell the peer that the connection ends, and close it
)

// stateEvent is an event in a state.
type stateEvent struct {
	state writerState
	event writerEvent
}

// next returns the state after an event, and the action to perform.
func (s writerState) next(e writerEvent) (writerState, writerAction) {
	switch (stateEvent{s, e}) {
	case stateEvent{writerIdle, eventFlush}:
		return writerPassing, actionGather
	case stateEvent{writerIdle, eventPass}:
		return writerPassing, actionWrite
	case stateEvent{writerIdle, eventRest}:
		return writerResting, actionWrite
	case stateEvent{writerPassing, eventWritten}, stateEvent{writerResting, eventWritten}, stateEvent{writerWaiting, eventWritten}:
		return writerIdle, actionNone
	case stateEvent{writerIdle, eventSoon}, stateEvent{writerPassing, eventFull}, stateEvent{writerResting, eventFull}:
		return writerWaiting, actionStart
	case stateEvent{writerPassing, eventFailed}, stateEvent{writerResting, eventFailed}, stateEvent{writerWaiting, eventFailed}:
		return writerBroken, actionClose
	case stateEvent{writerPassing, eventEnd}:
		return writerLastPass, actionNone
	case stateEvent{writerResting, eventEnd}:
		return writerLastRest, actionNone
	case stateEvent{writerWaiting, eventEnd}:
		return writerLastWait, actionInterrupt
	case stateEvent{writerLastRest, eventWritten}:
		return writerLastWait, actionStart
	case stateEvent{writerIdle, eventEnd}, stateEvent{writerBroken, eventEnd}, stateEvent{writerLastPass, eventWritten}, stateEvent{writerLastWait, eventWritten}:
		return writerDone, actionLeave
	}
	return s, actionNone
}

// mayWrite reports whether appended frames can still reach the peer.
func (s writerState) mayWrite() bool { return s <= writerWaiting }
