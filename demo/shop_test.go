package demo

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// visit sends a request to a shop and returns the answer. Headers are names and values by turns.
func visit(t *testing.T, s *Shop, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// enter logs in and returns the header for further requests.
func enter(t *testing.T, s *Shop) (header, value string) {
	t.Helper()
	w := visit(t, s, "POST", "/login", `{"user": "ann@example.com"}`)
	require.Equal(t, http.StatusOK, w.Code)
	var answer struct {
		Token string `json:"access_token"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	require.NotEmpty(t, answer.Token)
	return "Authorization", "Bearer " + answer.Token
}

func TestTheShopHasAPage(t *testing.T) {
	t.Parallel()
	s := NewShop(ShopOptions{})
	w := visit(t, s, "GET", "/", "")
	assert.Equal(t, http.StatusOK, w.Code)
	assert.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"))
	assert.Contains(t, w.Body.String(), "<h1>Shop</h1>")
	assert.Equal(t, http.StatusNotFound, visit(t, s, "GET", "/elsewhere", "").Code)
	assert.Equal(t, map[string]map[int]int{"GET /": {200: 1}, "/": {404: 1}}, s.Seen().Answers)
}

func TestTheShopFindsProductsByAPartOfTheirNames(t *testing.T) {
	t.Parallel()
	s := NewShop(ShopOptions{})
	for text, want := range map[string]string{
		"BEANS":      `[{"sku":"coffee-beans","name":"Coffee beans","price":1290},{"sku":"espresso","name":"Espresso beans","price":1450}]`,
		"crème":      `[{"sku":"creme-brulee","name":"Crème brûlée","price":450}]`,
		"70% & sea":  `[{"sku":"cocoa","name":"Cocoa 70% & sea salt","price":520}]`,
		"no such 'x": `[]`,
	} {
		w := visit(t, s, "GET", "/search?q="+url.QueryEscape(text), "")
		assert.Equal(t, http.StatusOK, w.Code)
		assert.JSONEq(t, want, w.Body.String(), text)
		assert.Equal(t, 1, s.Seen().Queries[text])
	}
	assert.Equal(t, http.StatusBadRequest, visit(t, s, "GET", "/search", "").Code)
	assert.Equal(t, map[string]map[int]int{"GET /search": {200: 4, 400: 1}}, s.Seen().Answers)
}

func TestEachProductIsFoundByTheTextThatTheFileHasForIt(t *testing.T) {
	t.Parallel()
	for _, p := range catalogue() {
		assert.Contains(t, find(p.Name), p)
	}
	assert.True(t, strings.HasPrefix(string(productsFile()), "sku,q\ncoffee-beans,Coffee beans\ncoffee-ground,\"Coffee, ground\"\n"))
	assert.Equal(t, len(catalogue())+1, strings.Count(string(productsFile()), "\n"))
}

func TestALoginGivesATokenAndACookieThatOpenTheCart(t *testing.T) {
	t.Parallel()
	s := NewShop(ShopOptions{})
	w := visit(t, s, "POST", "/login", `{"user": "ann@example.com", "password": "any"}`)
	require.Equal(t, http.StatusOK, w.Code)
	cookies := w.Result().Cookies()
	require.Len(t, cookies, 1)
	assert.JSONEq(t, `{"access_token": "`+cookies[0].Value+`", "token_type": "Bearer"}`, w.Body.String())

	for header, value := range map[string]string{"Cookie": cookies[0].String(), "Authorization": "Bearer " + cookies[0].Value} {
		w := visit(t, s, "GET", "/cart", "", header, value)
		assert.Equal(t, http.StatusOK, w.Code, header)
		assert.JSONEq(t, `{"items": [], "total": 0}`, w.Body.String())
	}
	assert.Equal(t, map[string]int{"ann@example.com": 1}, s.Seen().Logins)
}

func TestTheShopKnowsOnlyUsersOfItsDomain(t *testing.T) {
	t.Parallel()
	s := NewShop(ShopOptions{})
	for _, body := range []string{``, `{`, `{"user": 7}`, `{}`, `{"user": "@example.com"}`, `{"user": "ann@example.org"}`} {
		w := visit(t, s, "POST", "/login", body)
		assert.Equal(t, http.StatusUnauthorized, w.Code, body)
		assert.Empty(t, w.Result().Cookies(), body)
	}
	assert.Empty(t, s.Seen().Logins)
}

func TestACartAndACheckoutNeedALogin(t *testing.T) {
	t.Parallel()
	s := NewShop(ShopOptions{})
	for _, header := range []string{"", "Bearer", "Bearer ", "Bearer nobody", "Basic eDp5"} {
		assert.Equal(t, http.StatusUnauthorized, visit(t, s, "GET", "/cart", "", "Authorization", header).Code)
		assert.Equal(t, http.StatusUnauthorized, visit(t, s, "POST", "/cart", `{"sku": "cocoa"}`, "Authorization", header).Code)
		assert.Equal(t, http.StatusUnauthorized, visit(t, s, "POST", "/checkout", "", "Authorization", header, "Idempotency-Key", "k").Code)
	}
}

func TestACartAddsUpWhatIsPutIntoIt(t *testing.T) {
	t.Parallel()
	s := NewShop(ShopOptions{})
	header, value := enter(t, s)
	for _, body := range []string{`{"sku": "kettle"}`, `{"sku": "cocoa", "quantity": 2}`, `{"sku": "cocoa", "quantity": 1}`} {
		assert.Equal(t, http.StatusOK, visit(t, s, "POST", "/cart", body, header, value).Code, body)
	}
	for _, body := range []string{``, `[]`, `{}`, `{"sku": "no such"}`, `{"sku": "cocoa", "quantity": 0}`, `{"sku": "cocoa", "quantity": 998}`, `{"sku": "cocoa", "quantity": 9223372036854775807}`} {
		assert.Equal(t, http.StatusBadRequest, visit(t, s, "POST", "/cart", body, header, value).Code, body)
	}
	w := visit(t, s, "GET", "/cart", "", header, value)
	assert.JSONEq(t, `{"items": [{"sku": "cocoa", "quantity": 3}, {"sku": "kettle", "quantity": 1}], "total": 5550}`, w.Body.String())

	header, value = enter(t, s)
	assert.JSONEq(t, `{"items": [], "total": 0}`, visit(t, s, "GET", "/cart", "", header, value).Body.String(), "another session")
}

func TestACheckoutWithTheSameKeyMakesNoSecondOrder(t *testing.T) {
	t.Parallel()
	s := NewShop(ShopOptions{})
	header, value := enter(t, s)
	checkout := func(key, body string) *httptest.ResponseRecorder {
		return visit(t, s, "POST", "/checkout", body, header, value, "Idempotency-Key", key)
	}
	fill := func() {
		assert.Equal(t, http.StatusOK, visit(t, s, "POST", "/cart", `{"sku": "cocoa"}`, header, value).Code)
	}

	assert.Equal(t, http.StatusUnprocessableEntity, checkout("a", "card").Code, "the cart is empty")
	fill()
	assert.Equal(t, http.StatusBadRequest, checkout("", "card").Code, "there is no key")
	assert.Equal(t, http.StatusBadRequest, checkout(strings.Repeat("k", 129), "card").Code, "the key is too long")
	first := checkout("a", "card")
	assert.Equal(t, http.StatusCreated, first.Code)
	assert.JSONEq(t, `{"order": "order-1", "items": [{"sku": "cocoa", "quantity": 1}], "total": 520}`, first.Body.String())
	again := checkout("a", "card")
	assert.Equal(t, http.StatusOK, again.Code)
	assert.Equal(t, first.Body.String(), again.Body.String())
	assert.Equal(t, http.StatusConflict, checkout("a", "invoice").Code, "the same key with another body")
	assert.Equal(t, http.StatusUnprocessableEntity, checkout("b", "card").Code, "the order has emptied the cart")
	fill()
	assert.Contains(t, checkout("b", "card").Body.String(), `"order-2"`)
	assert.Equal(t, 2, s.Seen().Orders)
	assert.Equal(t, map[int]int{201: 2, 200: 1, 409: 1, 422: 2, 400: 2}, s.Seen().Answers["POST /checkout"])
}

func TestTheKeysOfTwoUsersAreDifferentKeys(t *testing.T) {
	t.Parallel()
	s := NewShop(ShopOptions{})
	for _, user := range []string{"ann@example.com", "ben@example.com"} {
		w := visit(t, s, "POST", "/login", `{"user": "`+user+`"}`)
		cookie := w.Result().Cookies()[0].String()
		visit(t, s, "POST", "/cart", `{"sku": "cocoa"}`, "Cookie", cookie)
		assert.Equal(t, http.StatusCreated, visit(t, s, "POST", "/checkout", user, "Cookie", cookie, "Idempotency-Key", "a").Code)
	}
}

func TestAnUploadMayBeRepeatedAndNotChanged(t *testing.T) {
	t.Parallel()
	s := NewShop(ShopOptions{})
	upload := func(id, body string) int { return visit(t, s, "PUT", "/uploads/"+id, body).Code }
	assert.Equal(t, http.StatusCreated, upload("a", "text"))
	assert.Equal(t, http.StatusOK, upload("a", "text"))
	assert.Equal(t, http.StatusConflict, upload("a", "other text"))
	assert.Equal(t, http.StatusOK, upload("a", "text"), "the first content stays")
	assert.Equal(t, http.StatusCreated, upload("b", ""), "an empty file is one")
	assert.Equal(t, http.StatusOK, upload("b", ""))
	assert.Equal(t, http.StatusCreated, upload("%2F%C3%A8", "text"))
	assert.Equal(t, http.StatusBadRequest, upload(strings.Repeat("x", 129), "text"))
	assert.Equal(t, http.StatusRequestEntityTooLarge, upload("c", strings.Repeat("x", uploadLimit+1)))
	assert.Equal(t, map[string]int{"a": 4, "b": 2, "/è": 1}, s.Seen().Uploads)
}

func TestAnUnevenShopIsSlowAndFailsAtFixedPlaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := NewShop(ShopOptions{Uneven: true})
		var slow, failed []int
		for n := 1; n <= 50; n++ {
			start := time.Now()
			if visit(t, s, "GET", "/search?q=tea", "").Code == http.StatusServiceUnavailable {
				failed = append(failed, n)
			}
			if time.Since(start) > 0 {
				slow = append(slow, n)
			}
		}
		assert.Equal(t, []int{25, 50}, failed)
		assert.Equal(t, []int{9, 18, 27, 36, 45}, slow)
		assert.Equal(t, map[string]map[int]int{"GET /search": {200: 48, 503: 2}}, s.Seen().Answers)
		assert.Equal(t, map[string]int{"tea": 48}, s.Seen().Queries, "a search that failed found nothing")
	})
}

func TestTheShopCountsWhatManyAskAtOnce(t *testing.T) {
	t.Parallel()
	const each = 100
	s := NewShop(ShopOptions{})
	var visitors sync.WaitGroup
	for visitor := range 8 {
		visitors.Go(func() {
			for n := range each {
				visit(t, s, "PUT", "/uploads/"+strconv.Itoa(visitor*each+n), "text")
				visit(t, s, "PUT", "/uploads/shared", "text")
				s.Seen()
			}
		})
	}
	visitors.Wait()
	seen := s.Seen()
	assert.Equal(t, map[string]map[int]int{"PUT /uploads/{id}": {201: 8*each + 1, 200: 8*each - 1}}, seen.Answers)
	assert.Len(t, seen.Uploads, 8*each+1)
	assert.Equal(t, 8*each, seen.Uploads["shared"])
}
