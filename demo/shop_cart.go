package demo

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// mostOfOne is the largest quantity of a product in a cart.
const mostOfOne = 1000

// item is one line of a cart or an order.
type item struct {
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
}

// cart is the answer with a cart. Its total is in cents.
type cart struct {
	Items []item `json:"items"`
	Total int    `json:"total"`
}

// order is an order with an Idempotency-Key.
type order struct {
	Order string `json:"order"`
	cart

	request [sha256.Size]byte // of the body of the first request with this key
}

func (s *Shop) showCart(who *session, _ *http.Request, _ []byte) response {
	return inJSON(http.StatusOK, who.show())
}

// fillCart puts a product into the cart. The default quantity is 1.
func (s *Shop) fillCart(who *session, _ *http.Request, body []byte) response {
	add := item{Quantity: 1}
	if err := json.Unmarshal(body, &add); err != nil {
		return refusal(http.StatusBadRequest, "the body is no JSON with a sku and a quantity")
	}
	if _, known := priceOf(add.SKU); !known {
		return refusal(http.StatusBadRequest, "there is no such product")
	}
	if add.Quantity < 1 || add.Quantity > mostOfOne-who.cart[add.SKU] {
		return refusal(http.StatusBadRequest, fmt.Sprintf("a cart holds 1 to %d of a product", mostOfOne))
	}
	who.cart[add.SKU] += add.Quantity
	return inJSON(http.StatusOK, who.show())
}

// checkout makes an order of the cart and empties it. If the same user sends a key again, the answer is the first order
// with this key.
func (s *Shop) checkout(who *session, r *http.Request, body []byte) response {
	key := r.Header.Get("Idempotency-Key")
	if key == "" || len(key) > longestID {
		return refusal(http.StatusBadRequest, "the header Idempotency-Key is missing, or too long")
	}
	key, digest := who.user+"\n"+key, sha256.Sum256(body)
	if before, known := s.orders.get(key); known {
		if before.request != digest {
			return refusal(http.StatusConflict, "the key was used with another body")
		}
		return inJSON(http.StatusOK, before)
	}
	if len(who.cart) == 0 {
		return refusal(http.StatusUnprocessableEntity, "the cart is empty")
	}
	s.ordered++
	made := order{Order: fmt.Sprintf("order-%d", s.ordered), cart: who.show(), request: digest}
	s.orders.put(key, made)
	clear(who.cart)
	return inJSON(http.StatusCreated, made)
}

// show returns the content of the cart, by SKU.
func (who *session) show() cart {
	c := cart{Items: []item{}} // not null in JSON
	for sku, quantity := range who.cart {
		price, _ := priceOf(sku)
		c.Items = append(c.Items, item{sku, quantity})
		c.Total += quantity * price
	}
	slices.SortFunc(c.Items, func(a, b item) int { return strings.Compare(a.SKU, b.SKU) })
	return c
}
