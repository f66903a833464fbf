package protoset

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/template"
)

func TestAMessageIsEncodedWithValuesInIt(t *testing.T) {
	t.Parallel()
	m := method(t, "Get")
	for name, tt := range map[string]struct {
		text, value string
		same        string // the same message, fixed
		mistake     string
	}{
		"within a string":          {`{"sku": "a{{ x }}"}`, `"\` + "\n", `{"sku": "a\"\\\n"}`, ""},
		"a number":                 {`{"order_id": {{ x }}}`, "7", `{"order_id": 7}`, ""},
		"a number within quotes":   {`{"order_id": "{{ x }}"}`, "7", `{"order_id": 7}`, ""},
		"a fraction within quotes": {`{"price": "{{ x }}"}`, "1.5", `{"price": 1.5}`, ""},
		"a truth within quotes":    {`{"is_paid": "{{ x }}"}`, "true", "", `the field "isPaid" of shop.v1.Order cannot have that value`},
		"a truth":                  {`{"is_paid": {{ x }}}`, "true", `{"is_paid": true}`, ""},
		"a list":                   {`{"tags": {{ x }}}`, `["a"]`, `{"tags": ["a"]}`, ""},
		"a key":                    {`{"{{ x }}": "a"}`, "sku", `{"sku": "a"}`, ""},
		"all of it":                {`{{ x }}`, `{"sku": "a"}`, `{"sku": "a"}`, ""},
		"no number":                {`{"order_id": "{{ x }}"}`, "s3cret", "", `the field "orderId" of shop.v1.Order cannot have that value`},
		"no JSON":                  {`{"order_id": {{ x }}}`, "s3cret", "", "the value of {{ x }} is not JSON; outside of a string it must be JSON"},
		"a key that there is not":  {`{"{{ x }}": "a"}`, "s3cret", "", "a value gives the name of a field, but shop.v1.Order has no field of that name"},
		"a part of a key":          {`{"a_{{ x }}": "a"}`, "s3cret", "", "a value gives the name of a field, but shop.v1.Order has no field of that name"},
		"a key of its own":         {`{"skuu": "{{ x }}"}`, "s3cret", "", `shop.v1.Order has no field "skuu"`},
		"no message":               {`{{ x }}`, `["s3cret"]`, "", "is not a shop.v1.Order in JSON"},
	} {
		c, err := template.Parse(tt.text, template.JSON, func(string) (int, bool) { return 0, true })
		require.NoError(t, err, name)
		var v template.Values
		v.Set(0, []byte(tt.value))
		got, err := m.EncodeRendered(c, &v)
		if tt.mistake != "" {
			assert.EqualError(t, err, tt.mistake, name)
			continue
		}
		require.NoError(t, err, name)
		want, err := m.Encode([]byte(tt.same))
		require.NoError(t, err, name)
		assert.Equal(t, want, got, name)
	}
}
