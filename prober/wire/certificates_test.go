package wire

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers/certs"
)

func TestCertificatesAreReadOnceForAllWithTheSameBytes(t *testing.T) {
	t.Parallel()
	ca := certs.PEM(certs.Issue(nil, certs.Authority))
	read := NewCertificates()
	first, err := read.pool(ca)
	require.NoError(t, err)
	second, err := read.pool(ca)
	require.NoError(t, err)
	assert.Same(t, first, second)

	part, err := read.pool(bytes.Clone(ca))
	require.NoError(t, err)
	assert.NotSame(t, first, part, "equal bytes of another slice are not looked for")
	_, err = read.pool(ca[:20])
	require.Error(t, err, "a part of the slice is other content")

	for _, none := range []*Certificates{nil, NewCertificates()} {
		_, err = none.pool([]byte("nothing"))
		require.EqualError(t, err, "no certificate in the CA file")
		_, err = none.pair(ca, nil)
		require.ErrorContains(t, err, "client certificate: ")
	}
}
