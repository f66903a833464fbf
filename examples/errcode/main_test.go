package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"example.com/prober/errcode"
)

func TestFetch(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	if code := fetch(t.Context(), server.URL); code != errcode.FromStatus(http.StatusNotFound) {
		t.Errorf("code %v of a page that is not there", code)
	}
	server.Close()
	if code := fetch(t.Context(), server.URL); code.Name() != "refused" {
		t.Errorf("code %v of a server that does not listen", code)
	}
}
