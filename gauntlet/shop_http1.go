package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"time"

	"example.com/prober/internal/peers"
)

// serveHTTP1 answers on a connection, request after request.
func (p *shop) serveHTTP1(c net.Conn) {
	r := bufio.NewReaderSize(c, 4<<10)
	for reset := "1220"; ; reset = codeOld {
		q, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return
		}
		a := p.take(q, body, reset)
		if a.reset {
			p.ending(&a)
			peers.Reset(c)
			return
		}
		first, second := a.bytesOf()
		if a.slow {
			_, _ = io.WriteString(c, first) // the client may be gone
			first = ""
			<-time.After(slowness)
		}
		p.ending(&a)
		_, _ = io.WriteString(c, first+second)
	}
}
