package demo

import (
	"maps"
	"net/http"
	"strings"
	"sync"
)

// shopMemory is the number of sessions, orders, uploads and search terms that the shop remembers, of each.
const shopMemory = 10_000

// ShopOptions are the settings of a shop. The zero value is a shop that always answers, and at once.
type ShopOptions struct {
	// Uneven has some requests wait and others fail with 503, each at a fixed place in the order of the requests of its
	// endpoint.
	Uneven bool
}

// Shop is a small shop in memory: a page, a search, a login, a cart, a checkout, and uploads. It forgets its oldest
// sessions, orders and uploads, so it can be under load for ever.
type Shop struct {
	mux http.ServeMux

	mu       sync.Mutex
	answers  map[string]map[int]int
	queries  *recent[int]
	logins   *recent[int]
	sessions *recent[*session] // by token
	orders   *recent[order]    // by user and key
	ordered  int               // the number of orders since the start
	uploads  *recent[upload]
}

// Seen counts what a shop has seen since its start. It has the newest search terms, users and uploads, shopMemory of
// each.
type Seen struct {
	// Answers counts answers by endpoint, such as "PUT /uploads/{id}", and status. Requests to no endpoint count at "/".
	Answers map[string]map[int]int
	// Queries counts searches by their text.
	Queries map[string]int
	// Logins counts the successful ones by user.
	Logins map[string]int
	// Uploads counts the uses of each id, whatever the answer was.
	Uploads map[string]int
	// Orders is the number of orders, without repetitions of a key.
	Orders int
}

// NewShop makes a shop without any users yet.
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

// Seen returns the counts so far. The shop counts an answer before it sends it.
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
