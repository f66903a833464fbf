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
		key("defaults", defaultsValue{l}),
		key("targets", required(targetList{l})),
		key("metrics", section{
			key("buckets", buckets(&c.Metrics.Buckets)),
			key("native_histograms", onByDefault(&c.Metrics.NativeHistograms)),
		}),
		key("network", section{
			key("deny", prefixes(&c.Network.Deny)),
			key("allow", prefixes(&c.Network.Allow)),
			key("deny_hosts", texts(&c.Network.DenyHosts, policy.CheckHostRule)),
		}),
	}
}

func targetFields(t *Target) section {
	return section{
		key("name", required(text(&t.Name, checkName))),
		key("url", required(targetURL(&t.URL))),
		key("labels", labels{&t.Labels}),
		key("interval", duration(&t.Interval, minInterval, maxInterval)),
		key("timeout", duration(&t.Timeout, minTimeout, maxTimeout)),
		key("sharding", choice(&t.Sharding, ShardTarget, ShardLoad)),
		key("burst", burstFields(&t.Burst)),
		key("request", requestFields(&t.Request)),
		key("connection", connectionFields(&t.Connection)),
		key("expect", expectFields(&t.Expect)),
		key("breaker", optional(&t.Breaker, breakerFields)),
	}
}

func burstFields(b *Burst) section {
	fixed, ramping := number(&b.Rate, minRate, maxRate), stages{&b.Stages}
	rates := []field{key("burst.rate", fixed), key("burst.stages", ramping)}
	return section{
		key("requests", wholeNumber(&b.Requests, 1, maxArrivals)),
		key("duration", duration(&b.Duration, time.Millisecond, maxDuration)),
		key("rate", oneOf(fixed, rates)),
		key("stages", oneOf(ramping, rates)),
		key("concurrency", wholeNumber(&b.Concurrency, 1, maxConcurrency)),
		key("arrival", choice(&b.Arrival, ArrivalConstant, ArrivalPoisson)),
		key("precision", choice(&b.Precision, PrecisionSleep, PrecisionSpin)),
	}
}

func stageFields(s *Stage) section {
	return section{
		key("duration", required(duration(&s.Duration, 0, maxDuration))),
		key("rate", required(number(&s.Rate, 0, maxRate))),
	}
}

func requestFields(r *Request) section {
	inline, fromFile, generated := inlineBody{r}, file{path: &r.BodyFile, content: &r.Body}, size(&r.BodySize, maxBodySize)
	bodies := []field{key("request.body", inline), key("request.body_file", fromFile), key("request.body_size", generated)}
	basic, scheme, oauth2 := optional(&r.BasicAuth, basicAuthFields),
		optional(&r.Authorization, authorizationFields), optional(&r.OAuth2, oauth2Fields)
	logins := []field{key("request.basic_auth", basic), key("request.authorization", scheme), key("request.oauth2", oauth2)}
	return section{
		key("method", text(&r.Method, checkMethod)),
		key("headers", headers(&r.Headers)),
		key("host", hostText(&r.Host, checkRequestHost)),
		key("body", oneOf(inline, bodies)),
		key("body_file", oneOf(fromFile, bodies)),
		key("body_size", oneOf(generated, bodies)),
		key("basic_auth", oneOf(basic, logins)),
		key("authorization", oneOf(scheme, logins)),
		key("oauth2", oneOf(oauth2, logins)),
		key("compression", codings(&r.Compression)),
		key("id_header", text(&r.IDHeader, checkIDHeader)),
		key("traceparent", boolean(&r.Traceparent)),
		key("follow_redirects", wholeNumber(&r.FollowRedirects, 0, maxRedirects)),
	}
}

func basicAuthFields(b *BasicAuth) section {
	return section{
		key("username", needed(text(&b.Username, checkUsername))),
		key("password_file", secretFile{path: &b.PasswordFile, content: &b.Password}),
	}
}

func authorizationFields(a *Authorization) section {
	return section{
		key("type", text(&a.Type, checkScheme)),
		key("credentials_file", needed(secretFile{path: &a.CredentialsFile, content: &a.Credentials, check: checkCredentials})),
	}
}

func oauth2Fields(o *OAuth2) section {
	return section{
		key("client_id", needed(text(&o.ClientID, checkVisible))),
		key("client_secret_file", needed(secretFile{path: &o.ClientSecretFile, content: &o.ClientSecret})),
		key("token_url", needed(webURL(&o.TokenURL))),
		key("scopes", texts(&o.Scopes, checkScope)),
		key("endpoint_params", endpointParams{&o.EndpointParams}),
		key("timeout", duration(&o.Timeout, minTimeout, maxTimeout)),
	}
}

func connectionFields(c *Connection) section {
	given, server := addresses(&c.Resolve), serverAddress(&c.DNSServer)
	lookups := []field{key("connection.resolve", given), key("connection.dns_server", server)}
	return section{
		key("http_version", choice(&c.HTTPVersion, HTTPAuto, HTTP11, HTTP2, H2C)),
		key("reuse", choice(&c.Reuse, ReuseAlways, ReuseBurst, ReuseNever)),
		key("requests_per_connection", wholeNumber(&c.RequestsPerConnection, 1, maxArrivals)),
		key("streams_per_connection", wholeNumber(&c.StreamsPerConnection, 1, maxStreams)),
		key("connect_timeout", duration(&c.ConnectTimeout, minTimeout, maxTimeout)),
		key("tls_timeout", duration(&c.TLSTimeout, minTimeout, maxTimeout)),
		key("ip_version", choice(&c.IPVersion, IPAny, IP4, IP6, IPPrefer4, IPPrefer6)),
		key("resolve", oneOf(given, lookups)),
		key("dns_server", oneOf(server, lookups)),
		key("source_address", address(&c.SourceAddress)),
		key("proxy_url", proxyURL(&c.Proxy.URL)),
		key("proxy_username", text(&c.Proxy.Username, checkUsername)),
		key("proxy_password_file", secretFile{path: &c.Proxy.PasswordFile, content: &c.Proxy.Password}),
		key("no_proxy", hostTexts(&c.Proxy.NoProxy, checkNoProxy)),
		key("tls", tlsFields(&c.TLS)),
	}
}

func tlsFields(t *TLS) section {
	return section{
		key("ca_file", file{path: &t.CAFile, content: &t.CA, check: checkCA}),
		key("cert_file", file{path: &t.CertFile, content: &t.Cert}),
		key("key_file", file{path: &t.KeyFile, content: &t.Key, secret: true}),
		key("server_name", hostText(&t.ServerName, checkHost)),
		key("min_version", tlsVersion(&t.MinVersion)),
		key("max_version", tlsVersion(&t.MaxVersion)),
		key("insecure_skip_verify", boolean(&t.InsecureSkipVerify)),
		key("session_resumption", boolean(&t.SessionResumption)),
	}
}

func expectFields(e *Expect) section {
	return section{
		key("status", statuses(&e.Status)),
		key("headers", headerExpectations(&e.Headers)),
		key("body", section{
			key("contains", text(&e.Body.Contains, checkContains)),
			key("regexp", text(&e.Body.Regexp, checkBodyPattern)),
			key("json", jsonValues{&e.Body.JSON}),
		}),
		key("http_version", choice(&e.HTTPVersion, "1.0", "1.1", "2")),
		key("max_latency", duration(&e.MaxLatency, minTimeout, maxTimeout)),
		key("max_body_size", size(&e.MaxBodySize, maxBodySize)),
	}
}

func breakerFields(b *Breaker) section {
	return section{
		key("after", needed(wholeNumber(&b.After, 1, maxArrivals))),
		key("for", duration(&b.For, time.Second, maxDuration)),
	}
}

var targetName = regexp.MustCompile(`^[a-zA-Z0-9_.:/-]{1,128}$`)

func checkName(s string) error {
	if !targetName.MatchString(s) {
		return errors.New("must be 1 to 128 letters, digits and any of _.:/-")
	}
	return nil
}
