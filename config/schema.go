package config

import (
	"errors"
	"regexp"
	"time"

	"example.com/prober/policy"
)

// Bounds of what a file can ask for.
const (
	minInterval = 10 * time.Millisecond
	minTimeout  = time.Millisecond
	maxTimeout  = time.Hour
	maxDuration = 24 * time.Hour
	maxInterval = 365 * 24 * time.Hour
	// minRate and maxRate are in requests per second.
	minRate        = 0.001
	maxRate        = 1_000_000
	maxConcurrency = 100_000
	// maxArrivals is for one burst.
	maxArrivals  = 10_000_000
	maxBodySize  = 1 << 30
	maxStreams   = 10_000
	maxRedirects = 20
	// maxBuckets keeps a target with a handful of error codes below 100 series.
	maxBuckets = 14
)

// fileFields and the functions below are the schema: every key of the file
// stands in one of them, with the variable it fills and what it may hold. What
// a key means together with others is in checks.go, its default in defaults.go.
// Keys are decoded in the order given here, defaults before the targets, but for
// network, which comes first of all.
func fileFields(c *Config) section { return loaderFields(&loader{config: c}) }

func loaderFields(l *loader) section {
	c := l.config
	return section{
		{"defaults", defaultsValue{l}},
		{"targets", required{targetList{l}}},
		{"metrics", section{
			{"buckets", buckets(&c.Metrics.Buckets)},
			{"native_histograms", onByDefault{&c.Metrics.NativeHistograms}},
		}},
		{"network", section{
			{"deny", prefixes(&c.Network.Deny)},
			{"allow", prefixes(&c.Network.Allow)},
			{"deny_hosts", texts(&c.Network.DenyHosts, policy.CheckHostRule)},
		}},
	}
}

func targetFields(t *Target) section {
	return section{
		{"name", required{text(&t.Name, checkName)}},
		{"url", required{targetURL(&t.URL)}},
		{"labels", labels{&t.Labels}},
		{"interval", duration(&t.Interval, minInterval, maxInterval)},
		{"timeout", duration(&t.Timeout, minTimeout, maxTimeout)},
		{"sharding", choice(&t.Sharding, ShardTarget, ShardLoad)},
		{"burst", burstFields(&t.Burst)},
		{"request", requestFields(&t.Request)},
		{"connection", connectionFields(&t.Connection)},
		{"expect", expectFields(&t.Expect)},
		{"breaker", optional[Breaker]{&t.Breaker, breakerFields}},
	}
}

func burstFields(b *Burst) section {
	fixed, ramping := rate(&b.Rate, minRate, maxRate), stages{&b.Stages}
	rates := []field{{"burst.rate", fixed}, {"burst.stages", ramping}}
	return section{
		{"requests", wholeNumber(&b.Requests, 1, maxArrivals)},
		{"duration", duration(&b.Duration, time.Millisecond, maxDuration)},
		{"rate", oneOf{fixed, rates}},
		{"stages", oneOf{ramping, rates}},
		{"concurrency", wholeNumber(&b.Concurrency, 1, maxConcurrency)},
		{"arrival", choice(&b.Arrival, ArrivalConstant, ArrivalPoisson)},
		{"precision", choice(&b.Precision, PrecisionSleep, PrecisionSpin)},
	}
}

func stageFields(s *Stage) section {
	return section{
		{"duration", required{duration(&s.Duration, 0, maxDuration)}},
		{"rate", required{rate(&s.Rate, 0, maxRate)}},
	}
}

func requestFields(r *Request) section {
	inline, fromFile, generated := inlineBody{r}, file{path: &r.BodyFile, content: &r.Body}, size(&r.BodySize, maxBodySize)
	bodies := []field{{"request.body", inline}, {"request.body_file", fromFile}, {"request.body_size", generated}}
	basic, scheme, oauth2 := optional[BasicAuth]{&r.BasicAuth, basicAuthFields},
		optional[Authorization]{&r.Authorization, authorizationFields}, optional[OAuth2]{&r.OAuth2, oauth2Fields}
	logins := []field{{"request.basic_auth", basic}, {"request.authorization", scheme}, {"request.oauth2", oauth2}}
	return section{
		{"method", text(&r.Method, checkMethod)},
		{"headers", headers(&r.Headers)},
		{"host", hostText(&r.Host, checkRequestHost)},
		{"body", oneOf{inline, bodies}},
		{"body_file", oneOf{fromFile, bodies}},
		{"body_size", oneOf{generated, bodies}},
		{"basic_auth", oneOf{basic, logins}},
		{"authorization", oneOf{scheme, logins}},
		{"oauth2", oneOf{oauth2, logins}},
		{"compression", codings(&r.Compression)},
		{"id_header", text(&r.IDHeader, checkIDHeader)},
		{"traceparent", boolean(&r.Traceparent)},
		{"follow_redirects", wholeNumber(&r.FollowRedirects, 0, maxRedirects)},
	}
}

func basicAuthFields(b *BasicAuth) section {
	return section{
		{"username", needed{text(&b.Username, checkUsername)}},
		{"password_file", secretFile{path: &b.PasswordFile, content: &b.Password}},
	}
}

func authorizationFields(a *Authorization) section {
	return section{
		{"type", text(&a.Type, checkScheme)},
		{"credentials_file", needed{secretFile{path: &a.CredentialsFile, content: &a.Credentials, check: checkCredentials}}},
	}
}

func oauth2Fields(o *OAuth2) section {
	return section{
		{"client_id", needed{text(&o.ClientID, checkVisible)}},
		{"client_secret_file", needed{secretFile{path: &o.ClientSecretFile, content: &o.ClientSecret}}},
		{"token_url", needed{targetURL(&o.TokenURL)}},
		{"scopes", texts(&o.Scopes, checkScope)},
		{"endpoint_params", endpointParams{&o.EndpointParams}},
		{"timeout", duration(&o.Timeout, minTimeout, maxTimeout)},
	}
}

func connectionFields(c *Connection) section {
	given, server := addresses(&c.Resolve), serverAddress(&c.DNSServer)
	lookups := []field{{"connection.resolve", given}, {"connection.dns_server", server}}
	return section{
		{"http_version", choice(&c.HTTPVersion, HTTPAuto, HTTP11, HTTP2, H2C)},
		{"reuse", choice(&c.Reuse, ReuseAlways, ReuseBurst, ReuseNever)},
		{"requests_per_connection", wholeNumber(&c.RequestsPerConnection, 1, maxArrivals)},
		{"streams_per_connection", wholeNumber(&c.StreamsPerConnection, 1, maxStreams)},
		{"connect_timeout", duration(&c.ConnectTimeout, minTimeout, maxTimeout)},
		{"tls_timeout", duration(&c.TLSTimeout, minTimeout, maxTimeout)},
		{"ip_version", choice(&c.IPVersion, IPAny, IP4, IP6, IPPrefer4, IPPrefer6)},
		{"resolve", oneOf{given, lookups}},
		{"dns_server", oneOf{server, lookups}},
		{"source_address", address(&c.SourceAddress)},
		{"proxy_url", proxyURL(&c.Proxy.URL)},
		{"proxy_username", text(&c.Proxy.Username, checkUsername)},
		{"proxy_password_file", secretFile{path: &c.Proxy.PasswordFile, content: &c.Proxy.Password}},
		{"no_proxy", hostTexts(&c.Proxy.NoProxy, checkNoProxy)},
		{"tls", tlsFields(&c.TLS)},
	}
}

func tlsFields(t *TLS) section {
	return section{
		{"ca_file", file{path: &t.CAFile, content: &t.CA, check: checkCA}},
		{"cert_file", file{path: &t.CertFile, content: &t.Cert}},
		{"key_file", file{path: &t.KeyFile, content: &t.Key, secret: true}},
		{"server_name", hostText(&t.ServerName, checkHost)},
		{"min_version", tlsVersion(&t.MinVersion)},
		{"max_version", tlsVersion(&t.MaxVersion)},
		{"insecure_skip_verify", boolean(&t.InsecureSkipVerify)},
		{"session_resumption", boolean(&t.SessionResumption)},
	}
}

func expectFields(e *Expect) section {
	return section{
		{"status", statuses(&e.Status)},
		{"headers", headerExpectations(&e.Headers)},
		{"body", section{
			{"contains", text(&e.Body.Contains, checkContains)},
			{"regexp", text(&e.Body.Regexp, checkBodyPattern)},
			{"json", jsonValues{&e.Body.JSON}},
		}},
		{"http_version", choice(&e.HTTPVersion, "1.0", "1.1", "2")},
		{"max_latency", duration(&e.MaxLatency, minTimeout, maxTimeout)},
		{"max_body_size", size(&e.MaxBodySize, maxBodySize)},
	}
}

func breakerFields(b *Breaker) section {
	return section{
		{"after", needed{wholeNumber(&b.After, 1, maxArrivals)}},
		{"for", duration(&b.For, time.Second, maxDuration)},
	}
}

var targetName = regexp.MustCompile(`^[a-zA-Z0-9_.:/-]{1,128}$`)

func checkName(s string) error {
	if !targetName.MatchString(s) {
		return errors.New("must be 1 to 128 letters, digits and any of _.:/-")
	}
	return nil
}
