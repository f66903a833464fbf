// Package config reads prober.yml into plain data.
//
// Everything in a [Config] is checked. It has the defaults filled in and the content of the files it refers to. Two
// targets that are equal by reflect.DeepEqual behave the same, so a reload can leave them alone.
//
// [Load] reads a file, [ParseOne] picks targets of one for a burst by hand, and [Schema] is the JSON Schema of the
// file. The generic part, such as lines, defaults, mistakes and secrets, is package form. Here are the keys:
// schema.go says which there are, checks.go which combinations make no sense, defaults.go what is filled in, and
// kinds.go what differs by the scheme of a URL.
//
// All mistakes are reported at once, each with file, line and key. What a target inherits and has no use for is
// dropped; the same setting in the target itself is a mistake. No secret is in an error, and [Config.Redacted] shows
// none. What a file can ask for is bounded: its size, its targets' load, and what it names.
package config

import (
	"crypto/sha256"
	"net/url"
	"time"

	"example.com/prober/config/form"
	"example.com/prober/maintenance"
	"example.com/prober/option"
	"example.com/prober/policy"
	"example.com/prober/threshold"
)

// Config is the content of one prober.yml.
type Config struct {
	// Targets in the order of the file; their names are unique.
	Targets []Target
	// TargetFiles are the files of the key target_files, in their order. In Targets, their targets come after the
	// targets of the configuration itself.
	TargetFiles []TargetFile
	// OnError says what a mistake in one of TargetFiles does; empty means OnErrorFail.
	OnError OnError
	// Discover says how to find more targets, in the order of the file.
	Discover []Discover
	// Maintenance are the windows of maintenance, in the order of the file.
	Maintenance []maintenance.Window
	Metrics     Metrics
	// Network says which addresses and hosts may be dialled.
	Network policy.Rules
	// Files are the paths of all files that were read: the configuration itself first, and also those of private keys.
	Files []string
	// Sums hold the SHA-256 of each of Files but the first. It is the hash of the bytes in use, even if the file has
	// changed since.
	Sums map[string][sha256.Size]byte
	// Warnings are about valid settings that are hardly meant; as bounded as [form.Errors].
	Warnings []form.Error

	// patterns are the entries of target_files.
	patterns []pattern
	// windows are Maintenance as it is written.
	windows []window
}

// Target is one URL and how to send load to it. Fields without a meaning for its [Kind] are zero.
type Target struct {
	// Name is unique and matches [a-zA-Z0-9_.:/-]{1,128}.
	Name string
	// URL has the scheme http, https, tcp, tls, grpc, grpcs or dns and a host, and never userinfo. With tcp, tls, grpc
	// and grpcs it has a port; with http, https and dns it may have one. Only with http and https may anything follow
	// the port.
	URL *url.URL
	// Labels appear on prober_target_info and prober_request_info only.
	Labels map[string]string
	// Links are templates of URLs by their titles. The page of the target shows them.
	Links map[string]string
	// Interval is the time from the start of a burst to the start of the next.
	Interval time.Duration
	// Timeout bounds one request, from the moment it is due to its last byte.
	Timeout time.Duration
	// Sharding says which of several prober processes run the target.
	Sharding Sharding
	Burst    Burst
	Request  Request
	GRPC     GRPC
	// DNS is nil unless the target is a DNS server.
	DNS        *option.DNS
	Connection Connection
	Expect     Expect
	// Breaker is nil if failures do not thin the bursts.
	Breaker *Breaker
	// Objective is nil if the alerts treat the target as any other.
	Objective *Objective
	// KeepFailures is nil if no answers are kept.
	KeepFailures *KeepFailures
	// Thresholds decide whether a burst that is sent by hand fails. Without any, each failure fails it.
	Thresholds []threshold.Threshold
	// Compare is nil if the target is compared with no other.
	Compare *Compare
	Traffic
}

// Sharding is how several prober processes divide the load of a target.
type Sharding string

// A target runs on one shard, or all shards share the arrivals of each burst.
const (
	ShardTarget Sharding = "target"
	ShardLoad   Sharding = "load"
)

// Breaker thins the bursts of a target that keeps failing.
type Breaker struct {
	// After is the number of failures in a row that opens the breaker; at least 1.
	After int
	// For is how long it stays open at least; above 0.
	For time.Duration
}

// KeepFailures says that the answers to failed requests are kept.
type KeepFailures struct {
	// Bodies is how many bytes of each body are kept; at least 1.
	Bodies int64
}

// Burst says how many requests are sent, when, and how many at once. At least
// one of Requests, Duration and Stages is set. With neither Rate nor Stages the
// burst is closed; the two exclude each other.
type Burst struct {
	// Requests ends the burst after so many; 0 means no limit.
	Requests int
	// Duration ends the burst after so long; 0 means no limit.
	Duration time.Duration
	// Rate is in requests per second; 0 means no rate.
	Rate float64
	// Stages end the burst with the last of them, unless Requests or Duration
	// end it before. At least one has a rate above 0.
	Stages []Stage
	// Arrival is how the arrivals of an open burst are spaced.
	Arrival Arrival
	// Precision is how the prober waits for the arrivals of an open burst.
	Precision Precision
	// Concurrency bounds the requests in flight; at least 1.
	Concurrency int
}

// Stage is a part of a burst. Over it the rate changes in a straight line: from the rate of the stage before, or 0 in
// the first, to its own.
type Stage struct {
	// Duration may be 0: the rate jumps.
	Duration time.Duration
	// Rate at the end of the stage, in requests per second; at least 0.
	Rate float64
}

// Precision is how the prober waits for an arrival.
type Precision string

// PrecisionSleep leaves the processor to others, PrecisionSpin keeps it busy for
// the last moment of each wait.
const (
	PrecisionSleep Precision = "sleep"
	PrecisionSpin  Precision = "spin"
)

// Arrival is the spacing of the arrivals of an open burst.
type Arrival string

// ArrivalConstant spaces arrivals evenly, ArrivalPoisson at random.
const (
	ArrivalConstant Arrival = "constant"
	ArrivalPoisson  Arrival = "poisson"
)

// Request is what is sent.
type Request struct {
	Method string
	// Path, with a query, replaces the path of the URL; empty means the URL's.
	Path string
	// Headers in the order of the file.
	Headers []Header
	// Host replaces the host of the URL in the Host header; empty means the URL's.
	Host string
	// Body is sent as it is, whether it came from the configuration or from BodyFile.
	Body []byte
	// BodyFile is the path of the file with Body, as written in the configuration, or empty.
	BodyFile string
	// BodySize is the number of generated bytes to send instead of Body.
	BodySize int64
	// At most one of BasicAuth, Authorization and OAuth2 is not nil, and none if Headers have an Authorization.
	BasicAuth     *BasicAuth
	Authorization *Authorization
	OAuth2        *OAuth2
	// Compression lists the content codings of Accept-Encoding, preferred first: gzip, br, zstd, deflate. If it is
	// empty, the header is not sent.
	Compression []string
	// IDHeader is the name of a header with a unique value in each request, or empty.
	IDHeader string
	// Traceparent sends the header of W3C Trace Context, section 3.2.
	Traceparent bool
	// FollowRedirects is how many redirects one request follows. With 0 a redirect is an answer like any other.
	FollowRedirects int
}

// GRPC is what is called.
type GRPC struct {
	// Service is the name of the service with its package, Method the name within the service.
	Service, Method string
	// Message is the encoded message for the method, from the configuration or from MessageFile.
	Message []byte
	// Inline is the message in JSON if it is written in the configuration itself, else nil.
	Inline []byte
	// MessageFile is the path of the file with Message, as written in the configuration, or empty.
	MessageFile string
	// DescriptorFile is the path of the file with Descriptors, as written in the configuration, or empty. Descriptors
	// are a FileDescriptorSet.
	DescriptorFile string
	Descriptors    []byte
	// Reflection asks the server for the types. A Message in JSON is not encoded then.
	Reflection bool
	// Metadata in the order of the file.
	Metadata []Header
}

// BasicAuth is a user name and a password: RFC 7617.
type BasicAuth struct {
	// Username holds no colon.
	Username string
	// PasswordFile is the path of the file with Password, as written in the configuration. Without it the password is
	// empty.
	PasswordFile string
	Password     string
}

// Authorization is the header Authorization with a scheme and its credentials:
// RFC 9110, section 11.4.
type Authorization struct {
	// Type is the scheme, such as Bearer; a token.
	Type string
	// CredentialsFile is the path of the file with Credentials, as written in the configuration.
	CredentialsFile string
	Credentials     string
}

// OAuth2 is the client credentials grant of RFC 6749, section 4.4. It fetches a bearer token.
type OAuth2 struct {
	ClientID string
	// ClientSecretFile is the path of the file with ClientSecret, as written in the configuration.
	ClientSecretFile string
	ClientSecret     string
	// TokenURL is http or https, without userinfo and fragment.
	TokenURL *url.URL
	Scopes   []string
	// EndpointParams are sent to TokenURL besides the parameters of the grant.
	EndpointParams map[string][]string
	// Timeout bounds one request for a token.
	Timeout time.Duration
}

// Header is one header field with its values, each sent on a line of its own.
type Header struct {
	Name   string
	Values []string
}

// Connection says how connections are made and how long they are kept.
type Connection struct {
	// No address in Dial is unspecified, multicast or an IPv4 address in IPv6 form. Resolve is empty if DNSServer is
	// valid or Proxy has a URL.
	option.Dial

	HTTPVersion option.HTTPVersion
	Reuse       Reuse
	// RequestsPerConnection closes a connection after so many requests; 0 means no limit.
	RequestsPerConnection int
	// StreamsPerConnection bounds the requests in flight on one connection of HTTP/2 or
	// HTTP/3.
	StreamsPerConnection int
	Proxy                Proxy
	TLS                  TLS
}

// Proxy is the way to the target; it is zero if the way is direct.
type Proxy struct {
	// URL has the scheme http, https, socks5 or socks5h, a host and a port, and
	// nothing else; nil means no proxy.
	URL *url.URL
	// Username may be empty. Then no credentials are sent.
	Username string
	// PasswordFile is the path of the file with Password, as written in the configuration. Without it the password is
	// empty.
	PasswordFile string
	Password     string
	// NoProxy lists what is reached directly: an address, a network, a name with all names below it, .name or *.name
	// for the names below it only, or * for all. All but a network may end in a port, and an address may stand in
	// brackets.
	NoProxy []string
}

// Reuse says for how long a connection may serve.
type Reuse string

// The ways of reuse: across bursts, within one burst, for one request only.
const (
	ReuseAlways Reuse = "always"
	ReuseBurst  Reuse = "burst"
	ReuseNever  Reuse = "never"
)

// TLS configures the client side of a handshake; it is zero for a target without one. Its PEM content is the content of
// the files beside it. Their paths are as written in the configuration.
type TLS struct {
	option.TLS

	CAFile, CertFile, KeyFile string
}

// Expect says which answers count as success.
type Expect struct {
	// Status lists the statuses of a success; empty means all below 400.
	Status []option.StatusRange
	// Headers in the order of the file, each name once.
	Headers []option.FieldPattern
	Body    option.BodyPattern
	// HTTPVersion is the version of the answer: 1.0, 1.1, 2, 3, or empty for any.
	HTTPVersion string
	// GRPCStatus lists the statuses of a successful call; empty means OK.
	GRPCStatus []option.GRPCStatus
	// Message maps places in the message of an answer to the scalars expected there.
	Message map[string]any
	// MaxLatency bounds the time from due to the last byte; 0 means no limit.
	MaxLatency time.Duration
	// MaxBodySize bounds the body of an answer, in bytes on the wire. For gRPC it bounds each message.
	MaxBodySize int64
	// Rcode lists the codes of a successful DNS answer; empty means NOERROR alone.
	Rcode   []option.Rcode
	Answers Answers
}

// Metrics says how latencies are stored.
type Metrics struct {
	// Buckets are the upper bounds of the classic buckets in seconds, ascending; at most 20. Load fills in a default
	// that reaches beyond the longest timeout.
	Buckets          []float64
	NativeHistograms bool
	// NativeFactor is the most by which the end of a native bucket may exceed the end of the one before, as a factor.
	NativeFactor float64
}
