package config

import (
	"math"
	"net/http"
	"net/netip"
	"time"

	"example.com/prober/option"
	"example.com/prober/protoset"
)

// Defaults of the keys of a target.
const (
	defaultInterval       = 30 * time.Second
	defaultTimeout        = 10 * time.Second
	defaultConcurrency    = 10
	defaultMethod         = http.MethodGet
	defaultConnectTimeout = 5 * time.Second
	defaultTLSTimeout     = 5 * time.Second
	defaultStreams        = 100
	defaultMaxBodySize    = 1 << 20
	defaultMaxMessage     = 4 << 20
	defaultScheme         = "Bearer"
	defaultTokenTimeout   = 10 * time.Second
	defaultBreakerFor     = time.Minute
	// This asks for schema 4: each bucket is 4.4 % wide.
	defaultNativeFactor = 1.05
)

// The bounds of metrics.native_factor: the finest and the coarsest possible histograms.
const (
	minNativeFactor = 1.003
	maxNativeFactor = 2
)

// fillTarget gives every key without a value its default, if the key means something to the target.
func fillTarget(t *Target) {
	if t.Burst.Requests == 0 && t.Burst.Duration == 0 && len(t.Burst.Stages) == 0 {
		t.Burst.Requests = 1
	}
	fill(&t.Interval, defaultInterval)
	fill(&t.Timeout, defaultTimeout)
	fill(&t.Sharding, ShardTarget)
	fill(&t.Burst.Concurrency, defaultConcurrency)
	fill(&t.Burst.Arrival, ArrivalConstant)
	fill(&t.Burst.Precision, PrecisionSleep)
	fill(&t.Connection.ConnectTimeout, defaultConnectTimeout)
	fill(&t.Connection.IPVersion, option.AnyIP)
	if t.Breaker != nil {
		fill(&t.Breaker.For, defaultBreakerFor)
	}
	if t.Compare != nil {
		fill(&t.Compare.Margin, defaultMargin)
		fill(&t.Compare.MinChange, DefaultMinChange)
		fill(&t.Compare.Window, defaultWindow)
	}
	if k := kindOf(t.URL); k != nil {
		k.fill(t, t.IsSecured())
	}
}

func fillHTTP(t *Target, _ bool) {
	fill(&t.Request.Method, defaultMethod)
	fill(&t.Connection.HTTPVersion, option.AutoHTTP)
	fill(&t.Connection.Reuse, ReuseAlways)
	fill(&t.Connection.TLSTimeout, defaultTLSTimeout)
	fill(&t.Connection.Clock, option.KernelClock)
	fill(&t.Connection.StreamsPerConnection, defaultStreams)
	fill(&t.Expect.MaxBodySize, defaultMaxBodySize)
	fillLogin(&t.Request)
}

func fillGRPC(t *Target, tls bool) {
	fill(&t.GRPC.Service, protoset.HealthService)
	fill(&t.GRPC.Method, protoset.HealthCheck)
	fill(&t.Connection.Reuse, ReuseAlways)
	fill(&t.Connection.Clock, option.KernelClock)
	fill(&t.Connection.StreamsPerConnection, defaultStreams)
	fill(&t.Expect.MaxBodySize, defaultMaxMessage)
	if tls {
		fill(&t.Connection.TLSTimeout, defaultTLSTimeout)
	}
	fillLogin(&t.Request)
}

// fillLogin gives the login keys of a target their defaults.
func fillLogin(r *Request) {
	if r.Authorization != nil {
		fill(&r.Authorization.Type, defaultScheme)
	}
	if r.OAuth2 != nil {
		fill(&r.OAuth2.Timeout, defaultTokenTimeout)
	}
}

func fillTCP(t *Target, tls bool) {
	if tls {
		fill(&t.Connection.TLSTimeout, defaultTLSTimeout)
	}
}

func fill[T comparable](to *T, v T) {
	var zero T
	if *to == zero {
		*to = v
	}
}

// presetFile sets the defaults of the keys outside targets. It denies the addresses at which clouds hand out
// credentials, and all other link-local ones: most clouds use one of these.
func presetFile(c *Config) {
	c.Metrics.NativeHistograms, c.Metrics.NativeFactor = true, defaultNativeFactor
	c.Network.Deny = []netip.Prefix{
		netip.MustParsePrefix("169.254.0.0/16"),
		netip.MustParsePrefix("fe80::/10"),
		netip.MustParsePrefix("fd00:ec2::/32"),          // AWS: metadata, credentials of pods, and its other services
		netip.MustParsePrefix("fd20:ce::254/128"),       // Google Cloud
		netip.MustParsePrefix("168.63.129.16/32"),       // Azure, the host's agent
		netip.MustParsePrefix("192.0.0.192/32"),         // Oracle Cloud Classic
		netip.MustParsePrefix("fd00:c1::a9fe:a9fe/128"), // Oracle Cloud
		netip.MustParsePrefix("100.100.100.200/32"),     // Alibaba Cloud
		netip.MustParsePrefix("fd00:100::100:200/128"),  // Alibaba Cloud
		netip.MustParsePrefix("100.96.0.96/32"),         // Volcano Engine
		netip.MustParsePrefix("100.80.80.80/32"),        // UCloud
		netip.MustParsePrefix("fd00:42::42/128"),        // Scaleway
		netip.MustParsePrefix("fd00:a9fe:a9fe::1/128"),  // Akamai
	}
}

func longestTimeout(targets []Target) time.Duration {
	longest := time.Duration(0)
	for _, t := range targets {
		longest = max(longest, t.Timeout)
		for _, r := range t.Items() {
			longest = max(longest, r.Timeout)
		}
	}
	if longest == 0 {
		return defaultTimeout
	}
	return longest
}

// renard are the preferred numbers of the series R5 (ISO 3): each is 1.6 times the one before.
var renard = [...]float64{1, 1.6, 2.5, 4, 6.3}

// fineMillis bounds the fine part of the default buckets, in milliseconds: up to it they take every step of the series.
const fineMillis = 2500

// defaultBuckets returns bounds in seconds: the series R5 from 1 ms to 2.5 s. If longest is greater, it adds as many
// bounds as are allowed, evenly spaced on a logarithmic scale, up to the first step of the series beyond longest. A
// bucket from b to 1.6 b shifts a median by at most 30 %.
func defaultBuckets(longest time.Duration) []float64 {
	var millis, coarse []float64
	for decade := 1.0; ; decade *= 10 {
		for _, step := range renard {
			bound := step * decade
			if bound <= fineMillis {
				millis = append(millis, bound)
			} else {
				coarse = append(coarse, bound)
			}
			// One bound beyond the longest timeout: nothing takes longer, and so nothing falls behind the last
			// bound.
			if bound > float64(longest)/float64(time.Millisecond) {
				return seconds(append(millis, thinned(coarse, maxBuckets-len(millis))...))
			}
		}
	}
}

// thinned returns at most n of the bounds, evenly chosen. The last bound is always among them.
func thinned(bounds []float64, n int) []float64 {
	n = min(n, len(bounds))
	chosen := make([]float64, n)
	for i := range chosen {
		chosen[i] = bounds[(i+1)*len(bounds)/n-1]
	}
	return chosen
}

func seconds(millis []float64) []float64 {
	bounds := make([]float64, len(millis))
	for i, ms := range millis {
		bounds[i] = math.Round(ms*10) / 10000 // to the tenth of a millisecond: 6.3 times 100 is inexact in binary
	}
	return bounds
}
