package transport

import (
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// overHTTP1 carries the requests of a transport after its server has chosen HTTP/1.1.
type overHTTP1 struct{ t *Transport }

func (o overHTTP1) UseHTTP1(l wire.Link, r *probe.Result) { o.t.h1.Use(l, r, &scratchOf(r).one) }

func (o overHTTP1) UseWarmHTTP1(r *probe.Result) bool { return o.t.h1.UseWarm(r, &scratchOf(r).one) }
