package wire

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheTLSOfAProxyIsLookedAtToo(t *testing.T) {
	t.Parallel()
	over := func(outer *TLSConn) *TLSConn { return &TLSConn{below: new(flight), outer: outer} }
	begun := records{have: 1}
	for name, test := range map[string]struct {
		outer                      *TLSConn
		mayHold, inRecord, foreign bool
	}{
		"there is none":       {},
		"nothing is there":    {outer: over(nil)},
		"a part of a record":  {outer: &TLSConn{below: new(flight), full: true}, mayHold: true},
		"a record":            {outer: &TLSConn{below: &flight{records: records{whole: 1}}}, mayHold: true},
		"a record has begun":  {outer: &TLSConn{below: &flight{records: begun}}, inRecord: true},
		"a record is foreign": {outer: &TLSConn{below: &flight{records: records{foreign: true}}}, foreign: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := over(test.outer)
			assert.Equal(t, test.mayHold, c.mayHold())
			assert.Equal(t, test.inRecord, c.isInRecord())
			assert.Equal(t, test.foreign, c.isForeign())
		})
	}
}
