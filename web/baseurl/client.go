package baseurl

import (
	"fmt"
	"net/http"
)

const maxRedirects = 3

// RedirectError is the error for a redirect not followed.
type RedirectError struct{ text string }

func (e *RedirectError) Error() string { return e.text }

// SameHostOnly returns a client that follows no redirect to another host, as the host would get the credentials of the
// client. It follows few others.
func SameHostOnly(client *http.Client) *http.Client {
	c, before := *client, client.CheckRedirect
	c.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if before != nil {
			if err := before(r, via); err != nil {
				return err
			}
		}
		first := via[0].URL
		switch {
		case r.URL.Host != first.Host || r.URL.Scheme != first.Scheme:
			return &RedirectError{fmt.Sprintf("it redirects to another host, %.80q", r.URL.Scheme+"://"+r.URL.Host)}
		case len(via) > maxRedirects:
			return &RedirectError{fmt.Sprintf("it redirects more than %d times", maxRedirects)}
		}
		return nil
	}
	return &c
}
