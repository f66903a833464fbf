package transport

import (
	"strings"

	"golang.org/x/net/http2"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
)

func headerFrameCases() []h2case {
	const endHeaders, endStream = http2.FlagHeadersEndHeaders, http2.FlagHeadersEndStream
	return []h2case{
		{
			does: "pads a header",
			play: func(p *peers.H2, id uint32) {
				_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: p.Fields(":status", "204"), EndStream: true, EndHeaders: true, PadLength: 255})
			},
		}, {
			does: "puts a priority and padding before a header",
			play: func(p *peers.H2, id uint32) {
				p.Raw(http2.FrameHeaders, endHeaders|endStream|http2.FlagHeadersPriority|http2.FlagHeadersPadded, id, "\x03\x00\x00\x00\x01\x10\x89\x00\x00\x00")
			},
		}, {
			does: "makes a stream depend on itself",
			play: func(p *peers.H2, id uint32) {
				p.Raw(http2.FrameHeaders, endHeaders|endStream|http2.FlagHeadersPriority, id, "\x00\x00\x00\x01\x10\x89")
			},
		}, {
			does: "splits a header into many frames",
			play: func(p *peers.H2, id uint32) {
				block := string(p.Fields(":status", "200", "content-length", "5", "server", strings.Repeat("~", 40)))
				p.Raw(http2.FrameHeaders, 0, id, "")
				for i := range block {
					p.Raw(http2.FrameContinuation, 0, id, block[i:i+1])
				}
				p.Raw(http2.FrameContinuation, http2.FlagContinuationEndHeaders, id, "")
				p.Data(id, true, "hello")
			},
		},
		breaks("sends a header on stream 0", http2.ErrCodeProtocol, func(p *peers.H2, _ uint32) { p.HeaderBlock(0, true, "\x88") }),
		breaks("sends a header on an idle stream", http2.ErrCodeProtocol, func(p *peers.H2, id uint32) { p.HeaderBlock(id+2, true, "\x88") }),
		breaks("sends a header on a stream of its own", http2.ErrCodeProtocol, func(p *peers.H2, _ uint32) { p.HeaderBlock(2, true, "\x88") }),
		{
			does: "sends a header on a closed stream", warm: true,
			code: connectionOf(http2.ErrCodeStreamClosed), closed: true, sentValues: "GOAWAY STREAM_CLOSED",
			play: func(p *peers.H2, id uint32) { p.HeaderBlock(id-2, true, "\x88") },
		},
		breaks("pads a header beyond its end", http2.ErrCodeProtocol, func(p *peers.H2, id uint32) {
			p.Raw(http2.FrameHeaders, endHeaders|http2.FlagHeadersPadded, id, "\x02\x88")
		}),
		breaks("pads a header without saying how much", http2.ErrCodeFrameSize, func(p *peers.H2, id uint32) { p.Raw(http2.FrameHeaders, endHeaders|http2.FlagHeadersPadded, id, "") }),
		breaks("cuts the priority before a header", http2.ErrCodeFrameSize, func(p *peers.H2, id uint32) {
			p.Raw(http2.FrameHeaders, endHeaders|http2.FlagHeadersPriority, id, "\x00\x00\x00")
		}),
		breaks("continues no header", http2.ErrCodeProtocol, func(p *peers.H2, id uint32) { p.Raw(http2.FrameContinuation, 4, id, "\x88") }),
		breaks("continues a header that has ended", http2.ErrCodeProtocol, func(p *peers.H2, id uint32) {
			p.HeaderBlock(id, false, "\x88")
			p.Raw(http2.FrameContinuation, 4, id, "\x88")
		}),
		breaks("continues the header of another stream", http2.ErrCodeProtocol, func(p *peers.H2, id uint32) {
			p.Raw(http2.FrameHeaders, 0, id, "\x88")
			p.Raw(http2.FrameContinuation, 4, id+2, "")
		}),
		breaks("interrupts a header with PING", http2.ErrCodeProtocol, func(p *peers.H2, id uint32) {
			p.Raw(http2.FrameHeaders, 0, id, "\x88")
			_ = p.WritePing(false, [8]byte{})
		}),
		breaks("interrupts a header with a frame of an unknown type", http2.ErrCodeProtocol, func(p *peers.H2, id uint32) {
			p.Raw(http2.FrameHeaders, 0, id, "\x88")
			p.Raw(0xfa, 0, 0, "")
		}),
		{
			does: "continues a header endlessly, byte by byte", code: errcode.HTTP2Flood, closed: true, sentValues: "GOAWAY ENHANCE_YOUR_CALM",
			play: func(p *peers.H2, id uint32) {
				p.Raw(http2.FrameHeaders, 0, id, "\x88")
				for range 2 * labHeaderFrames {
					p.Raw(http2.FrameContinuation, 0, id, "")
				}
			},
		}, {
			does: "continues a header endlessly, in large frames", code: errcode.HTTP2HeaderList, closed: true, sentValues: "GOAWAY ENHANCE_YOUR_CALM",
			play: func(p *peers.H2, id uint32) {
				p.Raw(http2.FrameHeaders, 0, id, "\x88")
				for range labHeaderBlock/labMaxFrame + 1 {
					p.Raw(http2.FrameContinuation, 0, id, strings.Repeat("\x88", labMaxFrame))
				}
			},
		},
	}
}

func compressionCases() []h2case {
	cases := []h2case{
		{
			does: "fills its table and uses it", warm: true,
			play: func(p *peers.H2, id uint32) {
				p.Answer(id)
				p.Answer(p.Request())
			},
		}, {
			does: "changes the size of its table twice in a row",
			play: func(p *peers.H2, id uint32) { p.HeaderBlock(id, true, "\x20\x3f\xe1\x1f\x89") },
		}, {
			does: "uses its table after a header that was too long",
			code: errcode.HTTP2HeaderList, sentValues: "RST_STREAM 1 CANCEL",
			play: func(p *peers.H2, id uint32) {
				block := []string{":status", "200"}
				for range 70 {
					block = append(block, "x-long", strings.Repeat("~", 1000))
				}
				block = append(block, "x-answer", "well") // the header of answer is in the table then
				_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: p.Fields(block...), EndStream: true, EndHeaders: true})
			},
		},
	}
	for does, block := range map[string]string{
		"refers to an entry that is not in its table":       "\x88\xbe",
		"cuts a header short":                               "\x88\x40\x04x-he",
		"sends a string that is not Huffman code":           "\x88\x00\x01a\x84\xff\xff\xff\xff",
		"makes its table larger than allowed":               "\x3f\xe2\x1f\x88",
		"changes the size of its table within a header":     "\x88\x20",
		"refers to an entry with a number that never ends":  "\xff\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00",
		"refers to entry 0":                                 "\x80",
		"takes a name from an entry that is not in a table": "\x88\x7f\x00\x01a",
	} {
		cases = append(cases, breaks(does, http2.ErrCodeCompression, func(p *peers.H2, id uint32) { p.HeaderBlock(id, true, block) }))
	}
	return cases
}

// withHeader returns a peer that answers with a header and nothing else.
func withHeader(pairs ...string) func(*peers.H2, uint32) {
	return func(p *peers.H2, id uint32) { p.Headers(id, true, pairs...) }
}

func malformedCases() []h2case {
	var cases []h2case
	for does, header := range map[string][]string{
		"sends no status":                              {"server", "x"},
		"sends an empty header":                        {},
		"sends two statuses":                           {":status", "200", ":status", "200"},
		"sends the status after another field":         {"server", "x", ":status", "200"},
		"sends a pseudo-header field nobody knows":     {":status", "200", ":reason", "OK"},
		"sends a pseudo-header field of requests":      {":status", "200", ":path", "/"},
		"sends a name in capitals":                     {":status", "200", "Server", "x"},
		"sends a name with a space":                    {":status", "200", "ser ver", "x"},
		"sends a name with a colon":                    {":status", "200", "ser:ver", "x"},
		"sends an empty name":                          {":status", "200", "", "x"},
		"sends a value with a line feed":               {":status", "200", "server", "x\ny"},
		"sends a value with a carriage return":         {":status", "200", "server", "x\ry"},
		"sends a value with a zero byte":               {":status", "200", "server", "x\x00y"},
		"sends a value that begins with a space":       {":status", "200", "server", " x"},
		"sends a value that ends with a tabulator":     {":status", "200", "server", "x\t"},
		"sends the field connection":                   {":status", "200", "connection", "close"},
		"sends the field keep-alive":                   {":status", "200", "keep-alive", "timeout=5"},
		"sends the field proxy-connection":             {":status", "200", "proxy-connection", "close"},
		"sends the field transfer-encoding":            {":status", "200", "transfer-encoding", "chunked"},
		"sends the field upgrade":                      {":status", "200", "upgrade", "h3"},
		"sends a status of two digits":                 {":status", "20"},
		"sends a status of four digits":                {":status", "2000"},
		"sends a status that is no number":             {":status", "2O0"},
		"sends an empty status":                        {":status", ""},
		"sends a status below 100":                     {":status", "099"},
		"sends a length that is not a number":          {":status", "200", "content-length", "0x0"},
		"sends a negative length":                      {":status", "200", "content-length", "-1"},
		"sends an empty length":                        {":status", "200", "content-length", ""},
		"sends a length that no integer holds":         {":status", "200", "content-length", "99999999999999999999"},
		"sends two lengths":                            {":status", "200", "content-length", "0", "content-length", "1"},
		"switches protocols":                           {":status", "101"},
		"ends the stream with an informational answer": {":status", "103"},
	} {
		cases = append(cases, spoils(does, http2.ErrCodeProtocol, withHeader(header...)))
	}
	return cases
}

func headerCases() []h2case {
	method := func(m string) func(*Config) { return func(cfg *Config) { cfg.Method = m } }
	return []h2case{
		{does: "sends no content", play: withHeader(":status", "200")},
		{does: "sends a length of 0", play: withHeader(":status", "200", "content-length", "0")},
		{does: "sends the same length twice", play: withHeader(":status", "200", "content-length", "0", "content-length", "0")},
		{does: "sends an empty value", play: withHeader(":status", "200", "server", "")},
		{does: "sends a value in another script", play: withHeader(":status", "200", "server", "\xc3\xa4\xff")},
		{does: "answers HEAD with a length", cfg: method("HEAD"), play: withHeader(":status", "200", "content-length", "5")},
		{does: "answers HEAD with empty content", cfg: method("HEAD"), play: func(p *peers.H2, id uint32) {
			p.Headers(id, false, ":status", "200", "content-length", "5")
			p.Data(id, true, "")
		}},
		{does: "answers 304 with a length", play: withHeader(":status", "304", "content-length", "5")},
		{does: "answers 204", play: withHeader(":status", "204")},
		{does: "sends 32 informational answers", play: func(p *peers.H2, id uint32) {
			for range labInformational {
				p.Headers(id, false, ":status", "103", "link", "</style.css>")
			}
			p.Answer(id)
		}},
		{
			does: "sends 33 informational answers", code: errcode.HTTP2Flood, sentValues: "RST_STREAM 1 ENHANCE_YOUR_CALM",
			play: func(p *peers.H2, id uint32) {
				for range labInformational + 1 {
					p.Headers(id, false, ":status", "103")
				}
			},
		}, {
			does: "sends a header above 64 KiB in one frame", code: errcode.HTTP2HeaderList, sentValues: "RST_STREAM 1 CANCEL",
			play: func(p *peers.H2, id uint32) {
				p.Headers(id, false, ":status", "200", "server", strings.Repeat("~", 1000))
				p.HeaderBlock(id, true, "\x88"+strings.Repeat("\xbe", 100))
			},
		}, {
			does: "sends a status above 599", code: errcode.HTTP1StatusRange, sentValues: "RST_STREAM 1 PROTOCOL_ERROR",
			play: withHeader(":status", "600"),
		}, {
			does: "sends trailers", play: func(p *peers.H2, id uint32) {
				p.Headers(id, false, ":status", "200")
				p.Data(id, false, "hello")
				p.Headers(id, true, "grpc-status", "0")
			},
		}, {
			does: "sends trailers of two frames and no content", play: func(p *peers.H2, id uint32) {
				p.Headers(id, false, ":status", "200")
				p.Raw(http2.FrameHeaders, http2.FlagHeadersEndStream, id, "")
				p.Raw(http2.FrameContinuation, http2.FlagContinuationEndHeaders, id, string(p.Fields("etag", "x")))
			},
		},
	}
}

func trailerCases() []h2case {
	var cases []h2case
	for does, trailers := range map[string][]string{
		"sends trailers with a status":              {":status", "200"},
		"sends trailers with a name in capitals":    {"Etag", "x"},
		"sends trailers with a line feed":           {"etag", "x\n"},
		"sends trailers with the field connection":  {"connection", "close"},
		"sends trailers with an unknown pseudo one": {":trailer", "x"},
	} {
		cases = append(cases, h2case{
			does: does, code: errcode.Trailers, sentValues: "RST_STREAM 1 PROTOCOL_ERROR",
			play: func(p *peers.H2, id uint32) {
				p.Headers(id, false, ":status", "200")
				p.Headers(id, true, trailers...)
			},
		})
	}
	cases = append(cases, h2case{
		does: "sends trailers that do not end the stream", code: errcode.Trailers, sentValues: "RST_STREAM 1 PROTOCOL_ERROR",
		play: func(p *peers.H2, id uint32) {
			p.Headers(id, false, ":status", "200")
			p.Headers(id, false, "etag", "x")
		},
	}, h2case{
		does: "sends an informational answer after the final one", code: errcode.Trailers, sentValues: "RST_STREAM 1 PROTOCOL_ERROR",
		play: func(p *peers.H2, id uint32) {
			p.Headers(id, false, ":status", "200")
			p.Headers(id, false, ":status", "103")
		},
	})
	return cases
}
