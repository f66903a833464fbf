package demo

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
)

// response is an answer of the shop.
type response struct {
	status      int
	contentType string
	body        []byte
	cookie      *http.Cookie // nil for none
}

// inJSON is a response with v in it. JSON must be able to encode v.
func inJSON(status int, v any) response {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // JSON can encode all values of the shop
	}
	return response{status: status, contentType: "application/json", body: append(body, '\n')}
}

// refusal is a response with the reason for a refusal.
func refusal(status int, why string) response {
	return inJSON(status, map[string]string{"error": why})
}

func overloaded() response { return refusal(http.StatusServiceUnavailable, "overloaded") }

func nothing(*http.Request) response { return refusal(http.StatusNotFound, "there is no such page") }

func (a response) write(w http.ResponseWriter) {
	if a.cookie != nil {
		http.SetCookie(w, a.cookie)
	}
	w.Header().Set("Content-Type", a.contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the client may be gone
}

// readBody reads the body of r. If that fails it returns false and the answer.
func readBody(r *http.Request) (body []byte, failed response, ok bool) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, uploadLimit))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return nil, refusal(http.StatusRequestEntityTooLarge, "the body is too long"), false
	case err != nil:
		return nil, refusal(http.StatusBadRequest, "the body is incomplete"), false
	}
	return body, response{}, true
}
