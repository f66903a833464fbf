package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
)

// longestID bounds the ids of uploads and the keys of orders, in bytes.
const longestID = 128

// upload is the shop's record of an upload, without its bytes.
type upload struct {
	content [sha256.Size]byte
	uses    int
}

// upload takes bytes under an id, any number of times as long as they are the same.
func (s *Shop) upload(r *http.Request) response {
	id := r.PathValue("id")
	if len(id) > longestID {
		return refusal(http.StatusBadRequest, "the id is too long")
	}
	body, failed, ok := readBody(r)
	if !ok {
		return failed
	}
	digest := sha256.Sum256(body)

	s.mu.Lock()
	defer s.mu.Unlock()
	before, known := s.uploads.get(id)
	if !known {
		before.content = digest
	}
	before.uses++
	s.uploads.put(id, before)
	switch {
	case before.content != digest:
		return refusal(http.StatusConflict, "the id has other content")
	case known:
		return inJSON(http.StatusOK, receipt(id, body, digest))
	default:
		return inJSON(http.StatusCreated, receipt(id, body, digest))
	}
}

func receipt(id string, body []byte, digest [sha256.Size]byte) any {
	return struct {
		ID     string `json:"id"`
		Bytes  int    `json:"bytes"`
		SHA256 string `json:"sha256"`
	}{id, len(body), hex.EncodeToString(digest[:])}
}
