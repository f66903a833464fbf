// Package config reads prober.yml into plain data.
//
// Everything in a [Config] has been checked and has its default filled in; the
// files it refers to have been read. Two targets that are equal by
// reflect.DeepEqual behave the same, so that a reload can leave them alone.
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
	// TargetFiles are the files that target_files names, in their order. Their targets stand in
	// Targets behind those of the configuration itself.
	TargetFiles []TargetFile
	// OnError says what a mistake in one of TargetFiles does; empty is as OnErrorFail.
	OnError OnError
	// Discover says where more targets are found, in the order of the file.
	Discover []Discover
	// Maintenance are the windows in which targets are under maintenance, in the order of the file.
	Maintenance []maintenance.Window
	Metrics     Metrics
	// Network says which addresses and hosts may be dialled.
	Network policy.Rules
	// Files are the paths of all files that were read, the configuration itself
	// first; those of private keys are among them.
	Files []string
	// Sums hold the SHA-256 of what was read from each of Files but the first: of the
	// very bytes that are used, whatever the file holds by now.
	Sums map[string][sha256.Size]byte
	// Warnings are about what is valid and hardly meant; as bounded as [form.Errors].
	Warnings []form.Error

	// patterns are those of target_files.
	patterns []pattern
	// windows are Maintenance as it is written.
	windows []window
}

// Target is one URL and how to send load to it. What means nothing to its [Kind] is zero.
type Target struct {
	// Name is unique and matches [a-zA-Z0-9_.:/-]{1,128}.
	Name string
	// URL has the scheme http, https, tcp, tls, grpc, grpcs or dns and a host; userinfo is
	// refused. But for http, https and dns it has a port, which dns may have; nothing is behind
	// that but with http and https.
	URL *url.URL
	// Labels appear on prober_target_info and prober_request_info only.
	Labels map[string]string
	// Links are templates of URLs by the titles that the page of the target shows.
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
	// Breaker is nil where failures do not thin the bursts.
	Breaker *Breaker
	// Objective is nil where the alerts hold the target to what they hold any.
	Objective *Objective
	// KeepFailures is nil where no answers are kept.
	KeepFailures *KeepFailures
	// Thresholds fail a burst by hand. Without any, each failure does.
	Thresholds []threshold.Threshold
	// Compare is nil where the target is compared with no other.
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

// KeepFailures has the answers to requests that failed kept.
type KeepFailures struct {
	// Bodies is how many bytes of each body; at least 1.
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
	// Rate is in requests per second; 0 means that there is none.
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

// Stage is a part of a burst over which the rate changes in a straight line: from
// that of the stage before, or 0 in the first, to its own.
type Stage struct {
	// Duration may be 0: the rate jumps.
	Duration time.Duration
	// Rate at the end of the stage, in requests per second; at least 0.
	Rate float64
}

// Precision is how the time until an arrival is waited for.
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
	// Path, with a query, stands for that of the URL; empty means the URL's.
	Path string
	// Headers in the order of the file.
	Headers []Header
	// Host replaces the host of the URL in the Host header; empty means the URL's.
	Host string
	// Body is sent as it is, whether it stood in the file or was read from BodyFile.
	Body []byte
	// BodyFile is the path that Body was read from, as it stands in the file, or empty.
	BodyFile string
	// BodySize is the number of generated bytes to send instead of Body.
	BodySize int64
	// At most one of BasicAuth, Authorization and OAuth2 is not nil, and none
	// where Headers have an Authorization.
	BasicAuth     *BasicAuth
	Authorization *Authorization
	OAuth2        *OAuth2
	// Compression lists the content codings of Accept-Encoding, preferred first:
	// gzip, br, zstd, deflate. Empty means that the header is not sent.
	Compression []string
	// IDHeader is the name of a header with a unique value in each request, or empty.
	IDHeader string
	// Traceparent sends the header of W3C Trace Context, section 3.2.
	Traceparent bool
	// FollowRedirects is how many redirects one request follows; 0 means that a
	// redirect is an answer like any other.
	FollowRedirects int
}

// GRPC is what is called.
type GRPC struct {
	// Service is the name with that of its package, Method the name within the service.
	Service, Method string
	// Message is what the method takes, encoded, wherever it comes from.
	Message []byte
	// Inline is the message in JSON where it stands in the file itself, nil elsewhere.
	Inline []byte
	// MessageFile is the path that Message was read from, as it stands in the file, or empty.
	MessageFile string
	// DescriptorFile is the path that Descriptors were read from, as it stands in the file,
	// or empty. Descriptors are a FileDescriptorSet.
	DescriptorFile string
	Descriptors    []byte
	// Reflection asks the server for the types. Message is not encoded then, if it is in JSON.
	Reflection bool
	// Metadata in the order of the file.
	Metadata []Header
}

// BasicAuth is a user name and a password: RFC 7617.
type BasicAuth struct {
	// Username holds no colon.
	Username string
	// PasswordFile is the path that Password was read from, as it stands in the
	// file; without it the password is empty.
	PasswordFile string
	Password     string
}

// Authorization is the header Authorization with a scheme and its credentials:
// RFC 9110, section 11.4.
type Authorization struct {
	// Type is the scheme, such as Bearer; a token.
	Type string
	// CredentialsFile is the path that Credentials were read from, as it stands
	// in the file.
	CredentialsFile string
	Credentials     string
}

// OAuth2 is the client credentials grant of RFC 6749, section 4.4, by which a
// bearer token is fetched.
type OAuth2 struct {
	ClientID string
	// ClientSecretFile is the path that ClientSecret was read from, as it stands
	// in the file.
	ClientSecretFile string
	ClientSecret     string
	// TokenURL is http or https, without userinfo and fragment.
	TokenURL *url.URL
	Scopes   []string
	// EndpointParams are sent to TokenURL besides those of the grant.
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
	// Of the addresses in Dial none is unspecified, multicast or an IPv4 address in IPv6
	// form. Resolve is empty where DNSServer is valid or Proxy has a URL.
	option.Dial

	HTTPVersion option.HTTPVersion
	Reuse       Reuse
	// RequestsPerConnection closes a connection after so many; 0 means no limit.
	RequestsPerConnection int
	// StreamsPerConnection bounds the requests in flight on one connection of HTTP/2 or
	// HTTP/3.
	StreamsPerConnection int
	Proxy                Proxy
	TLS                  TLS
}

// Proxy is the way to the target; it is zero where the way is direct.
type Proxy struct {
	// URL has the scheme http, https, socks5 or socks5h, a host and a port, and
	// nothing else; nil means no proxy.
	URL *url.URL
	// Username may be empty: no credentials are sent then.
	Username string
	// PasswordFile is the path that Password was read from, as it stands in the
	// file; without it the password is empty.
	PasswordFile string
	Password     string
	// NoProxy lists what is reached directly: an address, a network, a name with all
	// names below it, .name or *.name for those below it only, or * for all. All but
	// a network may end in a port, and an address may stand in brackets.
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

// TLS configures the client side of a handshake; it is zero where there is none. The PEM
// content in it is that of the files beside it, whose paths are as they stand in the file.
type TLS struct {
	option.TLS

	CAFile, CertFile, KeyFile string
}

// Expect says which answers count as success.
type Expect struct {
	// Status lists the statuses that are a success; empty means all below 400.
	Status []option.StatusRange
	// Headers in the order of the file, each name once.
	Headers []option.FieldPattern
	Body    option.BodyPattern
	// HTTPVersion is that of the answer: 1.0, 1.1, 2, 3, or empty for any.
	HTTPVersion string
	// GRPCStatus lists the statuses of calls that are a success; empty means OK.
	GRPCStatus []option.GRPCStatus
	// Message has the scalars that must stand at places of the message of an answer.
	Message map[string]any
	// MaxLatency is the time from due to the last byte; 0 means no limit.
	MaxLatency time.Duration
	// MaxBodySize bounds the body of an answer, in bytes as they are sent. Of gRPC it bounds
	// each message.
	MaxBodySize int64
	// Rcode lists the codes of DNS answers that are a success; empty means NOERROR alone.
	Rcode   []option.Rcode
	Answers Answers
}

// Metrics says how latencies are stored.
type Metrics struct {
	// Buckets are the upper bounds of the classic buckets in seconds, ascending;
	// at most 20. Load fills in a default that reaches beyond the longest timeout.
	Buckets          []float64
	NativeHistograms bool
	// NativeFactor is how many times the end of the bucket before a native bucket may end.
	NativeFactor float64
}
