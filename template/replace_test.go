package template

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// labelled knows every name except those with the prefix "data".
func labelled(label string) (string, bool) {
	return "<" + label + ">", !strings.HasPrefix(label, "data")
}

func TestLabelsTakeThePlaceOfTheirNames(t *testing.T) {
	long := "__meta_kubernetes_service_annotation_" + strings.Repeat("x", 200)
	for _, c := range []struct {
		name, text string
		isLater    bool
		want       string
		found      bool
	}{
		{"no name", "a } b", false, "a } b", false},
		{"names", "http://{{ a }}:{{b}}/", false, "http://<a>:<b>/", true},
		{"a name that is longer than those of requests", "{{ " + long + " }}", false, "<" + long + ">", true},
		{"a name that is no label stays", "{{ a }}/{{data}}", true, "<a>/{{ data }}", true},
		{"a quoted text becomes what it means", `{{ "{{" }}`, false, "{{", false},
		{"a quoted text stays for what comes later", `{{ "{{" }}{{ a }}`, true, `{{ "{{" }}<a>`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, found, err := Replace(c.text, c.isLater, labelled)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
			assert.Equal(t, c.found, found)
		})
	}
	for _, text := range []string{"{{", "{{ a b }}", "{{ a-b }}", `{{ "a }}`, "{{}}"} {
		_, _, err := Replace(text, false, labelled)
		assert.Error(t, err, text)
	}
}

// joined returns parts with adjacent literal parts in one.
func joined(parts []part) []part {
	var all []part
	for _, p := range parts {
		if n := len(all); n > 0 && !p.isName && !p.isQuoted && !all[n-1].isName && !all[n-1].isQuoted {
			all[n-1].text += p.text
		} else {
			all = append(all, p)
		}
	}
	return all
}

// FuzzReplace checks that a text keeps its meaning if Replace keeps all names.
func FuzzReplace(f *testing.F) {
	for _, seed := range []string{"", "a", "{{ a }}", `{{ "{{" }}`, "{{a}}{{ b }}", "{{", `{{ "a" }}}}`, `0{{""}}0`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		before, err := split(text)
		if err != nil {
			return
		}
		got, found, err := Replace(text, true, func(string) (string, bool) { return "", false })
		require.NoError(t, err)
		assert.False(t, found)
		after, err := split(got)
		require.NoError(t, err, "%q became %q", text, got)
		assert.Equal(t, joined(before), joined(after))
	})
}
