package template

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// one numbers the single name x.
func one(name string) (int, bool) { return 0, name == "x" }

func render(t *testing.T, text string, place Place, value string) string {
	t.Helper()
	compiled, err := Parse(text, place, one)
	require.NoError(t, err)
	var v Values
	v.Set(0, []byte(value))
	got, err := compiled.Append(nil, &v)
	require.NoError(t, err)
	return string(got)
}

func TestAValueIsEscapedForItsPlace(t *testing.T) {
	for _, c := range []struct {
		name, text  string
		place       Place
		value, want string
	}{
		{"text as it is", "a {{ x }} b", Text, "\"&\r\n", "a \"&\r\n b"},
		{"spaces in braces do not matter", "{{x}}{{  x  }}", Text, "1", "11"},
		{"a segment of a path", "/a/{{ x }}/b", Path, "c/d?e#f%g h", "/a/c%2Fd%3Fe%23f%25g%20h/b"},
		{"a value of a query", "/a?q={{ x }}&p=1", Path, "a&b=c+d é", "/a?q=a%26b%3Dc%2Bd%20%C3%A9&p=1"},
		{"a literal path is encoded once", "/ä b/%20/{{ x }}", Path, "-", "/%C3%A4%20b/%20/-"},
		{"a value of a form", "q={{ x }}", Form, "a b&c", "q=a+b%26c"},
		{"within a JSON string", `{"a": "<{{ x }}>"}`, JSON, "\"\\\n\x01é\xff", "{\"a\": \"<\\\"\\\\\\n\\u0001é\ufffd>\"}"},
		{"behind an escaped quote", `{"a\"{{ x }}": 1}`, JSON, `"`, `{"a\"\"": 1}`},
		{"outside of a JSON string", `{"a": {{ x }}}`, JSON, "-1.5", `{"a": -1.5}`},
		{"a header field", "Bearer {{ x }}", Header, "a\tb é", "Bearer a\tb é"},
		{"a literal brace", `{{ "{{" }} {{ x }} }}`, Text, "v", "{{ v }}"},
		{"a value that is a template", "{{ x }}", Text, "{{ x }}", "{{ x }}"},
		{"an empty value", "a{{ x }}b", Path, "", "ab"},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, render(t, c.text, c.place, c.value))
		})
	}
}

func TestAValueThatCannotStandInItsPlaceIsRefused(t *testing.T) {
	for _, c := range []struct {
		text  string
		place Place
		value string
		why   string
	}{
		{"a: {{ x }}", Header, "1\r\nB: 2", "the value of {{ x }} has a control character, which no header field can hold"},
		{"{{ x }}", Header, "\x7f", "the value of {{ x }} has a control character, which no header field can hold"},
		{`{"n": {{ x }}}`, JSON, "abc", "the value of {{ x }} is not JSON; outside of a string it must be JSON"},
		{`[{{ x }}]`, JSON, "", "the value of {{ x }} is not JSON; outside of a string it must be JSON"},
	} {
		compiled, err := Parse(c.text, c.place, one)
		require.NoError(t, err)
		assert.True(t, compiled.MayRefuse(0))
		require.EqualError(t, compiled.Check(0, []byte(c.value)), c.why)
		var v Values
		v.Set(0, []byte(c.value))
		_, err = compiled.Append(nil, &v)
		require.EqualError(t, err, c.why)
	}
}

func TestANameWithoutAValueIsRefused(t *testing.T) {
	compiled, err := Parse("{{ x }}", Text, one)
	require.NoError(t, err)
	_, err = compiled.Append(nil, new(Values))
	require.EqualError(t, err, "the value of {{ x }} is not known")
}

func TestMadeUpValuesAreEscapedForTheirPlaces(t *testing.T) {
	for text, c := range map[string]struct {
		place Place
		want  string
	}{
		"/{{ x }}/b?q={{ x }}":              {Path, "/%3Cx%3E/b?q=%3Cx%3E"},
		`{"a": "{{ x }}", "b": {{ x }}}`:    {JSON, `{"a": "<x>", "b": "<x>"}`},
		"Bearer {{ x }}":                    {Header, "Bearer <x>"},
		"a={{ x }}":                         {Form, "a=%3Cx%3E"},
		`{{ "{{" }} and {{ x }} in a text`:  {Text, "{{ and <x> in a text"},
		"a text in which there is no name.": {Text, "a text in which there is no name."},
	} {
		compiled, err := Parse(text, c.place, one)
		require.NoError(t, err)
		assert.Equal(t, c.want, string(compiled.Expand(nil, func(number int, isJSON bool) []byte {
			assert.Zero(t, number)
			if isJSON {
				return []byte(`"<x>"`)
			}
			return []byte("<x>")
		})))
	}
}

func TestAMistakeInATemplateIsNamed(t *testing.T) {
	for text, want := range map[string]string{
		"a {{ x":       `a "{{" has no "}}"; a literal "{{" is written {{ "{{" }}`,
		"{{ y }}":      "{{ y }}: there is no such name",
		"{{ x | up }}": `write a name of letters, digits and _ between "{{" and "}}", or a quoted text as in {{ "{{" }}`,
		"{{ }}":        `write a name of letters, digits and _ between "{{" and "}}", or a quoted text as in {{ "{{" }}`,
		`{{ "a }}`:     `a quoted text after "{{" has no end`,
	} {
		_, err := Parse(text, Text, one)
		assert.EqualError(t, err, want, text)
	}
	_, err := Parse("/a#b", Path, one)
	assert.EqualError(t, err, `a path must not contain "#": fragments are not sent; a literal one is written %23`)
}

func TestATemplateWithoutNamesIsFixed(t *testing.T) {
	compiled, err := Parse(`/a b?{{ "{{" }}`, Path, one)
	require.NoError(t, err)
	assert.True(t, compiled.IsFixed())
	assert.Equal(t, "/a%20b?%7B%7B", compiled.Text())
	names, err := NamesIn("{{ b }}{{ a }}{{ b }}")
	require.NoError(t, err)
	assert.Equal(t, []string{"b", "a", "b"}, names)
}

func TestJSONIsKnownWhateverItsNamesStandFor(t *testing.T) {
	assert.True(t, IsJSON(`{"a": "{{ x }}", "b": {{ y }}}`))
	assert.True(t, IsJSON(` [{{ x }}]`))
	assert.False(t, IsJSON(`a={{ x }}`))
	assert.False(t, IsJSON(`{{ x }}`), "it may be anything")
	assert.False(t, IsJSON(`{"a": "{{ x"}`))
}

func TestRenderingAllocatesNothing(t *testing.T) {
	compiled, err := Parse(`/a/{{ x }}?q={{ x }}`, Path, one)
	require.NoError(t, err)
	body, err := Parse(`{"a": "{{ x }}", "b": {{ n }}}`, JSON, func(name string) (int, bool) { return map[string]int{"x": 0, "n": 1}[name], true })
	require.NoError(t, err)
	var v Values
	var out []byte
	value, number := []byte("a \"value\" é"), []byte("12")
	allocated := testing.AllocsPerRun(100, func() {
		v.Reset()
		v.Set(0, value)
		v.Set(1, number)
		out, _ = compiled.Append(out[:0], &v)
		out, _ = body.Append(out, &v)
	})
	assert.Zero(t, allocated)
}

// FuzzValue puts values into every place and checks that each can be read back unchanged.
func FuzzValue(f *testing.F) {
	for _, value := range []string{"", "a b", "\"\\\r\n\x00", "%41/?#&+=", "é\u2028\xff", "{{ x }}", "..", strings.Repeat("x", 1000)} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		path := render(t, "/a/{{ x }}/b?q={{ x }}&r=1", Path, value)
		u, err := url.ParseRequestURI(path)
		require.NoError(t, err)
		assert.Equal(t, "/a/"+value+"/b", u.Path)
		assert.Equal(t, value, u.Query().Get("q"))
		assert.Equal(t, "1", u.Query().Get("r"))

		form, err := url.ParseQuery(render(t, "q={{ x }}&r=1", Form, value))
		require.NoError(t, err)
		assert.Equal(t, value, form.Get("q"))

		var got map[string]string
		require.NoError(t, json.Unmarshal([]byte(render(t, `{"a": "{{ x }}", "b": "1"}`, JSON, value)), &got))
		if utf8.ValidString(value) {
			assert.Equal(t, value, got["a"])
		}
		assert.Equal(t, "1", got["b"])
		checkHeader(t, value)
	})
}

// checkHeader checks that an accepted value cannot end the header field.
func checkHeader(t *testing.T, value string) {
	t.Helper()
	compiled, err := Parse("v {{ x }} w", Header, one)
	require.NoError(t, err)
	if compiled.Check(0, []byte(value)) == nil {
		assert.NotRegexp(t, "[\\x00-\\x08\\x0a-\\x1f\\x7f]", render(t, "v {{ x }} w", Header, value))
	}
}

func TestOneNameIsToldFromOtherTexts(t *testing.T) {
	for text, want := range map[string]bool{
		"{{ x }}": true, "{{x}}": true, "": false, "x": false, "{{ x }} ": false, "a{{ x }}": false, "{{ x }}{{ x }}": false, "{{ x": false, "{{}}": false, `{{ "{{" }}`: false, "{{}": false,
	} {
		assert.Equal(t, want, IsOneName(text), text)
	}
}
