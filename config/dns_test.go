package config

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/option"
)

func TestEveryKeyOfADNSTargetReachesItsField(t *testing.T) {
	t.Parallel()
	c, err := Load(workspace(t, "testdata/good") + "/dns.yml")
	require.NoError(t, err)
	resolver, secured, inherits, root, http := c.Targets[0], c.Targets[1], c.Targets[2], c.Targets[3], c.Targets[4]
	none, one := 0, 1

	assert.Equal(t, &option.DNS{Name: "xn--bcher-kva.example", Type: "HTTPS", Transport: option.DNSOverUDP, NoRecursion: true}, resolver.DNS)
	assert.Equal(t, Expect{
		MaxLatency: 50 * time.Millisecond, Rcode: []option.Rcode{option.RcodeSuccess},
		Answers: Answers{Count: &none, Regexp: "alpn=.*h2", MinTTL: time.Minute},
	}, resolver.Expect)
	assert.Equal(t, ReuseAlways, resolver.Connection.Reuse)
	assert.Equal(t, 1000, resolver.Connection.RequestsPerConnection)
	assert.Zero(t, resolver.Connection.TLS)
	assert.Zero(t, resolver.Connection.TLSTimeout)
	assert.False(t, resolver.IsSecured())

	assert.Equal(t, &option.DNS{Name: "_sip._tcp.example.com.", Type: "SRV", Transport: option.DNSOverTLS, DNSSEC: true}, secured.DNS)
	assert.Equal(t, Expect{Rcode: []option.Rcode{option.RcodeNXDomain}}, secured.Expect)
	assert.Equal(t, "other.example", secured.Connection.TLS.ServerName)
	assert.NotEmpty(t, secured.Connection.TLS.CA)
	assert.Equal(t, 2*time.Second, secured.Connection.TLSTimeout)
	assert.True(t, secured.IsSecured())

	assert.Equal(t, &option.DNS{Name: "example.com", Type: "A", Transport: option.DNSOverTCP, DNSSEC: true}, inherits.DNS)
	assert.Equal(t, []option.Rcode{option.RcodeSuccess, option.RcodeNXDomain}, inherits.Expect.Rcode)
	assert.Equal(t, Answers{Count: &one, MinTTL: time.Minute}, inherits.Expect.Answers)

	assert.Equal(t, &option.DNS{Name: ".", Type: "NS", Transport: option.DNSOverUDP}, root.DNS)
	assert.Equal(t, Expect{Answers: Answers{Count: &one}}, root.Expect)

	assert.Nil(t, http.DNS)
	assert.Zero(t, http.Expect.Answers)
	assert.Empty(t, http.Expect.Rcode)
	for _, target := range []Target{resolver, secured, inherits, root} {
		assert.Equal(t, KindDNS, target.Kind(), target.Name)
		assert.False(t, target.IsWeb(), target.Name)
		assert.Zero(t, target.Request, target.Name)
		assert.Empty(t, target.Connection.HTTPVersion, target.Name)
	}
}

func TestADNSServerCanBePicked(t *testing.T) {
	t.Parallel()
	c, err := ParseOne([]byte("defaults: {dns: {name: example.com, type: MX}}\ntargets: []"), "prober.yml", Pick{Target: "dns://[::1]:5353"})
	require.NoError(t, err)
	assert.Equal(t, "dns://[::1]:5353", c.Targets[0].Name)
	assert.Equal(t, &option.DNS{Name: "example.com", Type: "MX", Transport: option.DNSOverUDP}, c.Targets[0].DNS)
	c, err = ParseOne(nil, "", Pick{Target: "dns://10.0.0.2"})
	require.NoError(t, err)
	assert.Equal(t, &option.DNS{Name: ".", Type: "NS", Transport: option.DNSOverUDP}, c.Targets[0].DNS)
}
