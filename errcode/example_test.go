package errcode_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"example.com/prober/errcode"
)

// A client counts its requests by code. 0 is success. A failure without a response has
// the code of its error, and a response has the code of its status.
func Example() {
	server := httptest.NewServer(http.NotFoundHandler())
	fmt.Println(describe(server.URL))
	server.Close()
	fmt.Println(describe(server.URL))
	fmt.Println(describe("gopher://example.com/"))
	// Output:
	// 1404 http_404 (http_4xx): the response had status 404 Not Found
	// 1212 refused (tcp): connection refused
	// 1020 invalid_url (general): the URL is not valid, or its scheme is not supported
}

func describe(url string) string {
	code := fetch(url)
	return fmt.Sprintf("%v %s (%v): %s", code, code.Name(), code.Range(), code.Meaning())
}

func fetch(url string) errcode.Code {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(url)
	if err != nil {
		return errcode.FromError(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return errcode.FromError(err)
	}
	return errcode.FromStatus(resp.StatusCode)
}

// The phase distinguishes failures with the same cause.
func ExampleFromError_phase() {
	for _, phase := range []errcode.Phase{errcode.PhaseConnect, errcode.PhaseTLS, errcode.PhaseTransfer} {
		code := errcode.FromError(&errcode.PhaseError{Phase: phase, Err: io.ErrUnexpectedEOF})
		fmt.Println(phase, code, code.Name())
	}
	// Output:
	// connect 1210 dial
	// tls 1303 tls_closed
	// transfer 1702 truncated
}

func ExampleParse() {
	for _, s := range []string{"1312", "cert_expired"} {
		code, err := errcode.Parse(s)
		fmt.Println(code, code.Name(), err)
	}
	// Output:
	// 1312 cert_expired <nil>
	// 1312 cert_expired <nil>
}
