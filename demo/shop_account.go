package demo

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
)

// sessionCookie is the name of the login cookie.
const sessionCookie = "session"

// session is the shop's record of a login.
type session struct {
	user string
	cart map[string]int // the quantity of each product, by SKU
}

func home(*http.Request) response {
	return response{
		status:      http.StatusOK,
		contentType: "text/html; charset=utf-8",
		body:        []byte("<!doctype html>\n<title>Shop</title>\n<h1>Shop</h1>\n<form action=/search><input name=q></form>\n"),
	}
}

// search answers with a list of products.
func (s *Shop) search(r *http.Request) response {
	text := r.URL.Query().Get("q")
	if text == "" {
		return refusal(http.StatusBadRequest, "q is missing")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	uses, _ := s.queries.get(text)
	s.queries.put(text, uses+1)
	return inJSON(http.StatusOK, find(text))
}

// login accepts every name that ends in @example.com, with any password.
func (s *Shop) login(r *http.Request) response {
	body, failed, ok := readBody(r)
	if !ok {
		return failed
	}
	var who struct{ User, Password string }
	if err := json.Unmarshal(body, &who); err != nil {
		return refusal(http.StatusUnauthorized, "the body is no JSON with a user")
	}
	if name, known := strings.CutSuffix(who.User, "@example.com"); !known || name == "" {
		return refusal(http.StatusUnauthorized, "the user is unknown")
	}
	token := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions.put(token, &session{user: who.User, cart: make(map[string]int)})
	times, _ := s.logins.get(who.User)
	s.logins.put(who.User, times+1)
	answer := inJSON(http.StatusOK, map[string]string{"access_token": token, "token_type": "Bearer"})
	answer.cookie = &http.Cookie{Name: sessionCookie, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode} //nolint:gosec // the shop is served without TLS too
	return answer
}

// withSession serves users with a session. It locks the shop while endpoint runs.
func (s *Shop) withSession(endpoint func(*session, *http.Request, []byte) response) func(*http.Request) response {
	return func(r *http.Request) response {
		body, failed, ok := readBody(r)
		if !ok {
			return failed
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		who, known := s.sessions.get(tokenOf(r))
		if !known {
			return refusal(http.StatusUnauthorized, "log in first")
		}
		return endpoint(who, r, body)
	}
}

// tokenOf returns the token of the header Authorization, or else of the cookie, or "".
func tokenOf(r *http.Request) string {
	if token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); isBearer {
		return token
	}
	if c, err := r.Cookie(sessionCookie); err == nil {
		return c.Value
	}
	return ""
}
