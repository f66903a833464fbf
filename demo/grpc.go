package demo

import (
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"strconv"
)

// The statuses of a service, with the numbers of the health service of gRPC.
const (
	serving    = 1
	notServing = 2
)

// The statuses of a call.
const (
	callOK          = 0
	callUnavailable = 14
)

// healthService answers calls of the health service of gRPC over HTTP/2 without TLS, on a port of its own. If call is
// callOK, the answer has the status of the service. With another status of the call it has no message.
func healthService(call, service byte) opener {
	return func(ctx context.Context, s *Server, _ string) (string, error) {
		ln, err := s.listen()
		if err != nil {
			return "", err
		}
		mux := http.NewServeMux()
		mux.HandleFunc("POST /grpc.health.v1.Health/Check", func(w http.ResponseWriter, r *http.Request) {
			answerCall(w, r, call, service)
		})
		web := s.newWeb(ctx, mux)
		web.Protocols = new(http.Protocols)
		web.Protocols.SetUnencryptedHTTP2(true)
		s.serveWeb(web, ln)
		return "grpc://" + ln.Addr().String(), nil
	}
}

func answerCall(w http.ResponseWriter, r *http.Request, call, service byte) {
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, uploadLimit)) // any service has the same status
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("Trailer", "Grpc-Status")
	if call == callOK {
		_, _ = w.Write(framed([]byte{1 << 3, service})) // field 1, a number
	}
	w.Header().Set("Grpc-Status", strconv.Itoa(int(call)))
}

// framed puts the header before a message: a flag for no compression, and the length.
func framed(message []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
}
