package discover

import (
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"

	commonconfig "github.com/prometheus/common/config"

	"example.com/prober/config/form"
)

// secrets hides the secret values of a mechanism.
type secrets struct{ hide *strings.Replacer }

// secretsOf collects the secrets of configurations, and the parts of addresses that may be secret.
func secretsOf(cfgs ...any) secrets {
	var found []string
	for _, cfg := range cfgs {
		collect(reflect.ValueOf(cfg), 0, &found)
	}
	// A secret that contains another is hidden as a whole.
	slices.SortFunc(found, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, one := range slices.Compact(found) {
		pairs = append(pairs, one, form.Redaction)
	}
	return secrets{strings.NewReplacer(pairs...)}
}

// maxDepth is deeper than any configuration of a mechanism.
const maxDepth = 12

// collect goes through fields by their type, since each mechanism has settings of its own,
// and a new one must not be forgotten. Whatever can be read as a URL is searched for a
// password and a query.
func collect(v reflect.Value, depth int, found *[]string) {
	if depth > maxDepth || !v.IsValid() {
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		collect(v.Elem(), depth+1, found)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				collect(v.Field(i), depth+1, found)
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			collect(v.Index(i), depth+1, found)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			collect(v.MapIndex(key), depth+1, found)
		}
	case reflect.String:
		if v.Type() == reflect.TypeFor[commonconfig.Secret]() {
			note(v.String(), found)
			return
		}
		if u, err := url.Parse(v.String()); err == nil {
			fromURL(u, found)
		}
	}
}

func fromURL(u *url.URL, found *[]string) {
	// Tokens often stand in a query.
	note(u.RawQuery, found)
	if password, ok := u.User.Password(); ok {
		note(password, found)
		note(u.User.String(), found)
	}
}

// note adds a value. It skips short values: they would match other text.
func note(value string, found *[]string) {
	if len(value) >= 3 {
		*found = append(*found, value)
	}
}

var (
	userOfURL  = regexp.MustCompile(`://[^/@\s"'?#]+@`)
	queryOfURL = regexp.MustCompile(`(://[^\s"'?#]*)\?[^\s"'#]+`)
)

// clean returns a text without secrets, shortened.
func (s secrets) clean(text string) string {
	text = s.hide.Replace(text)
	text = userOfURL.ReplaceAllString(text, "://"+form.Redaction+"@")
	text = queryOfURL.ReplaceAllString(text, "$1?"+form.Redaction)
	return shortened(strings.Map(visible, strings.ToValidUTF8(text, "\uFFFD")))
}

// visible returns r, or a replacement for a character that is invisible or moves others.
func visible(r rune) rune {
	if !unicode.IsPrint(r) || unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) {
		return '\uFFFD'
	}
	return r
}
