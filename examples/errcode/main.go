// Command fetch sends one request to each URL on its command line and prints the error code of
// the result, as the prober would count it.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"example.com/prober/errcode"
)

func main() {
	failed := false
	for _, url := range os.Args[1:] {
		code := fetch(context.Background(), url)
		fmt.Printf("%s %s: %s\n", code, url, code.Meaning())
		failed = failed || code.IsFailure()
	}
	if failed {
		os.Exit(1)
	}
}

// fetch returns the code of a GET of the URL: 0 for success, else the number of the failure.
func fetch(ctx context.Context, url string) errcode.Code {
	const timeout, longest = 10 * time.Second, 1 << 20 // bytes of an answer
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return errcode.FromError(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return errcode.FromError(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, longest)); err != nil {
		return errcode.FromError(err)
	}
	return errcode.FromStatus(response.StatusCode)
}
