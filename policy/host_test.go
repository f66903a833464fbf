package policy

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestHostsAreDeniedInEverySpelling(t *testing.T) {
	t.Parallel()
	p := New(Rules{DenyHosts: []string{"shop.example.com", "*.prod.example.com", "Bücher.example.", "*.XN--BCHER-KVA.test"}})
	for host, entry := range map[string]string{
		"shop.example.com":         "shop.example.com",
		"SHOP.Example.COM":         "shop.example.com",
		"shop.example.com.":        "shop.example.com",
		"ｓｈｏｐ.example.com":         "shop.example.com", // letters of full width
		"shop。example。com":         "shop.example.com", // dots of full width
		"www.shop.example.com":     "",
		"example.com":              "",
		"workshop.example.com":     "",
		"a.prod.example.com":       "*.prod.example.com",
		"a.b.PROD.example.com.":    "*.prod.example.com",
		"prod.example.com":         "", // it is not below itself
		"nonprod.example.com":      "",
		"a.prod.example.com.test":  "",
		"bücher.example":           "Bücher.example.",
		"BÜCHER.example.":          "Bücher.example.",
		"xn--bcher-kva.example":    "Bücher.example.",
		"XN--BCHER-KVA.Example":    "Bücher.example.",
		"a.bücher.test":            "*.XN--BCHER-KVA.test",
		"bücher.test":              "",
		"bu\u0308cher.example":     "Bücher.example.", // of two characters
		"":                         "",
		".":                        "",
		"192.0.2.1":                "",
		"2001:db8::1":              "",
		"shop.example.com\u00ad":   "shop.example.com", // a soft hyphen: it is invisible
		"\xffshop.example.com":     "",
		"shop.example.com..":       "shop.example.com",
		"shop.example.com.evil.io": "",
	} {
		assert.Equal(t, entry, p.DenyHost(host), "%q", host)
	}
	assert.Empty(t, Policy{}.DenyHost("shop.example.com"))
}

func TestWhatCanDenyHosts(t *testing.T) {
	t.Parallel()
	for entry, right := range map[string]bool{
		"shop.example.com": true, "*.example.com": true, "shop.example.com.": true, "localhost": true, "*.com": true,
		"bücher.example": true, "*.bücher.example": true, "_x.example": true, "xn--bcher-kva.example": true,
		"": false, "*": false, "*.": false, ".example.com": false, "a.*.example.com": false, "*a.example.com": false,
		"http://shop.example.com": false, "shop.example.com:443": false, "shop.example.com/": false, "a b": false, "a..b": false,
		"10.0.0.1": false, "::1": false, "[::1]": false, "10.0.0.0/8": false, "*.0.0.1": false, "0xa9fea9fe": false,
		"\xff.example": false, "a\u2100b.example": false, // it means a/cb
	} {
		assert.Equal(t, right, CheckHostRule(entry) == nil, "%q", entry)
	}
}

func TestHostsInASCII(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"Example.COM": "Example.COM", "bücher.example": "xn--bcher-kva.example", "straße.example": "xn--strae-oqa.example",
		"faß.example.": "xn--fa-hia.example.", "例え.テスト": "xn--r8jz45g.xn--zckzah", "é_x.test": "xn--_x-9ia.test",
		"\xe9.example": "", "\ufffd.example": "", "\u202e.example": "", "\u00ad": "",
	} {
		got, err := ASCII(host)
		assert.Equal(t, want, got, "%q", host)
		assert.Equal(t, want == "", err != nil, "%q", host)
	}
}

func TestHostsThatEndInANumber(t *testing.T) {
	t.Parallel()
	for host, does := range map[string]bool{
		"2852039166": true, "0xa9fea9fe": true, "0XA9.0xFE.43518": true, "0251.0376.0251.0376": true, "169.254.43518": true,
		"169.254.169.254": true, "169.254.169.254.": true, "a.1": true, "a.0x": true,
		"a.1b": false, "1.a": false, "0xa.example": false, "": false, ".": false, "xn--1": false, "face": false,
	} {
		assert.Equal(t, does, EndsInNumber(host), "%q", host)
	}
}
