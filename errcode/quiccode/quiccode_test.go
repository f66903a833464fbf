package quiccode

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
)

func TestEachErrorOfTheLibraryHasItsCode(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want errcode.Code
		said string
	}{
		{&quic.StreamError{StreamID: 4, ErrorCode: 0x10c, Remote: true}, errcode.FromH3Stream(0x10c), ""},
		{&quic.StreamError{StreamID: 4, ErrorCode: 0x202, Remote: true}, errcode.QPACK, ""},
		{&quic.StreamError{StreamID: 4, ErrorCode: 0x33}, errcode.HTTP3, ""},
		{&quic.ApplicationError{Remote: true, ErrorCode: 0x100, ErrorMessage: "bye"}, errcode.FromH3Close(0x100), "bye"},
		{&quic.ApplicationError{Remote: true, ErrorCode: 0}, errcode.HTTP3, ""},
		{&quic.TransportError{Remote: true, ErrorCode: 2, ErrorMessage: "full"}, errcode.FromQUIC(2), "full"},
		{&quic.TransportError{ErrorCode: 10, ErrorMessage: "a rule"}, errcode.FromQUIC(10), ""},
		{&quic.TransportError{Remote: true, ErrorCode: 0x100 + 46}, errcode.AlertCertificateUnknown, ""},
		{&quic.TransportError{Remote: true, ErrorCode: 0x100 + 255}, errcode.TLSAlert, ""},
		{&quic.TransportError{Remote: true, ErrorCode: 0x4242}, errcode.HTTP3, ""},
		{&quic.VersionNegotiationError{}, errcode.QUICVersion, ""},
		{&quic.StatelessResetError{}, errcode.QUICStatelessReset, ""},
		{&quic.IdleTimeoutError{}, errcode.QUICIdleTimeout, ""},
		{&quic.HandshakeTimeoutError{}, errcode.QUICHandshakeTimeout, ""},
	} {
		for _, err := range []error{tt.err, fmt.Errorf("burst: %w", errors.Join(errors.New("first"), tt.err))} {
			fault, said := Fault(err)
			require.NotNil(t, fault, "%v", err)
			assert.Equal(t, tt.want, errcode.FromError(fault), "%v", err)
			assert.Equal(t, tt.said, said)
			assert.NotContains(t, fault.Error(), "bye", "what a peer says is not in the text")
		}
	}
}

func TestOtherErrorsAreLeftAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		nil, context.Canceled, errors.New("a text"), x509.HostnameError{},
		&quic.TransportError{ErrorCode: 0x100 + 42}, // sent by our own side of TLS
	} {
		fault, said := Fault(err)
		assert.Nil(t, fault, "%v", err)
		assert.Empty(t, said)
	}
}
