package demo

import (
	"maps"
	"net/http"
	"strings"
	"sync"
)

// shopMemory is how many sessions, orders, uploads and search terms the shop remembers, of each.
const shopMemory = 10_000

// ShopOptions are how a shop is made. The zero value is a shop that answers at once, and always.
type ShopOptions struct {
	// Uneven has some requests wait and others fail with 503, each at a fixed place in the
	// order of the requests of its endpoint.
	Uneven bool
}

// Shop is a small shop in memory: a page, a search, a login, a cart, a checkout, and uploads.
// It forgets its oldest sessions, orders and uploads, so that it can be under load for ever.
type Shop struct {
	mux http.ServeMux

	mu       sync.Mutex
	answers  map[string]map[int]int
	queries  *recent[int]
	logins   *recent[int]
	sessions *recent[*session] // by token
	orders   *recent[order]    // by user and key
	ordered  int               // how many orders there ever were
	uploads  *recent[upload]
}

// Seen is what a shop has seen since its start. Of search terms, users and uploads it has
// the newest ones, shopMemory of each.
type Seen struct {
	// Answers counts answers by endpoint, such as "PUT /uploads/{id}", and status. Requests that
	// lead to no endpoint are at "/".
	Answers map[string]map[int]int
	// Queries counts searches by their text.
	Queries map[string]int
	// Logins counts the successful ones by user.
	Logins map[string]int
	// Uploads counts the uses of each id, whatever the answer was.
	Uploads map[string]int
	// Orders is how many orders there are, repetitions of a key not counted.
	Orders int
}

// NewShop makes a shop in which nobody has been yet.
func NewShop(o ShopOptions) *Shop {
	s := &Shop{
		answers:  make(map[string]map[int]int),
		queries:  newRecent[int](shopMemory),
		logins:   newRecent[int](shopMemory),
		sessions: newRecent[*session](shopMemory),
		orders:   newRecent[order](shopMemory),
		uploads:  newRecent[upload](shopMemory),
	}
	for pattern, endpoint := range map[string]func(*http.Request) response{
		"GET /{$}":          home,
		"GET /search":       s.search,
		"POST /login":       s.login,
		"GET /cart":         s.withSession(s.showCart),
		"POST /cart":        s.withSession(s.fillCart),
		"POST /checkout":    s.withSession(s.checkout),
		"PUT /uploads/{id}": s.upload,
		"/":                 nothing,
	} {
		s.open(pattern, endpoint, o)
	}
	return s
}

// ServeHTTP implements [http.Handler].
func (s *Shop) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Seen returns what the shop has seen so far. An answer is counted before it is sent.
func (s *Shop) Seen() Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := Seen{
		Answers: make(map[string]map[int]int, len(s.answers)),
		Queries: s.queries.all(),
		Logins:  s.logins.all(),
		Uploads: make(map[string]int, len(s.uploads.values)),
		Orders:  s.ordered,
	}
	for endpoint, statuses := range s.answers {
		seen.Answers[endpoint] = maps.Clone(statuses)
	}
	for id, u := range s.uploads.values {
		seen.Uploads[id] = u.uses
	}
	return seen
}

// open serves an endpoint at a pattern of the mux.
func (s *Shop) open(pattern string, endpoint func(*http.Request) response, o ShopOptions) {
	name := strings.TrimSuffix(pattern, "{$}")
	pace := new(pace)
	if o.Uneven {
		pace = unevenPace(name)
	}
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		answer := overloaded()
		if pace.admit(r.Context()) {
			answer = endpoint(r)
		}
		s.count(name, answer.status)
		answer.write(w)
	})
}

func (s *Shop) count(endpoint string, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answers[endpoint] == nil {
		s.answers[endpoint] = make(map[int]int)
	}
	s.answers[endpoint][status]++
}
