package demo

import (
	"bytes"
	"encoding/csv"
	"strings"
)

// product is a product of the shop. Its price is in cents.
type product struct {
	SKU   string `json:"sku"`
	Name  string `json:"name"`
	Price int    `json:"price"`
}

// catalogue returns all products. Some names have characters that need an escape in a URL, JSON or CSV.
func catalogue() []product {
	return []product{
		{"coffee-beans", "Coffee beans", 1290},
		{"coffee-ground", "Coffee, ground", 1190},
		{"espresso", "Espresso beans", 1450},
		{"earl-grey", "Tea Earl Grey", 640},
		{"green-tea", "Tea Sencha", 980},
		{"cocoa", "Cocoa 70% & sea salt", 520},
		{"creme-brulee", "Crème brûlée", 450},
		{"grinder", `Grinder "No. 1"`, 8900},
		{"kettle", "Kettle", 3990},
		{"filter", "Filter paper + holder", 390},
	}
}

// productsFile returns the catalogue as a CSV file with a header line: sku, and q, a text for a search for the product.
func productsFile() []byte {
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	_ = w.Write([]string{"sku", "q"}) // to memory
	for _, p := range catalogue() {
		_ = w.Write([]string{p.SKU, p.Name})
	}
	w.Flush()
	return text.Bytes()
}

// priceOf returns the price of a product, and reports whether the product exists.
func priceOf(sku string) (price int, known bool) {
	for _, p := range catalogue() {
		if p.SKU == sku {
			return p.Price, true
		}
	}
	return 0, false
}

// find returns the products with text in their name. It ignores upper and lower case.
func find(text string) []product {
	found := []product{} // not null in JSON
	for _, p := range catalogue() {
		if strings.Contains(strings.ToLower(p.Name), strings.ToLower(text)) {
			found = append(found, p)
		}
	}
	return found
}
