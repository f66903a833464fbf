package config

import (
	"errors"
	"regexp"
	"slices"
	"time"

	"example.com/prober/config/form"
	"example.com/prober/option"
	"example.com/prober/policy"
)

// Bounds of the values in a file.
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
	// maxBuckets bounds what a target costs in series: each error code has a histogram.
	maxBuckets = 20
)

// fileFields and the functions below are the schema. Every key of the file
// stands in one of them, with its variable and its allowed values. Rules for
// combinations of keys are in checks.go, defaults in defaults.go. Keys are
// decoded in the order given here, defaults before the targets; only network is
// decoded before all others.
func fileFields(c *Config) form.Section { return loaderFields(&loader{config: c}) }

func loaderFields(l *loader) form.Section {
	c := l.config
	return form.Section{
		form.Key("on_error", form.Choice(&c.OnError, OnErrorFail, OnErrorKeep)),
		form.Key("defaults", defaultsValue{l}),
		form.Key(targetsKey, form.Needed(targetList{l})), // unless others are found elsewhere
		form.Key("target_files", targetFiles{l}),
		form.Key("discover", discoverList{l}),
		form.Key("maintenance", maintenanceList{l}),
		form.Key("metrics", form.Section{
			form.Key("buckets", buckets(&c.Metrics.Buckets)),
			form.Key("native_histograms", form.OnByDefault(&c.Metrics.NativeHistograms)),
			form.Key("native_factor", form.Number(&c.Metrics.NativeFactor, minNativeFactor, maxNativeFactor)),
		}),
		form.Key("network", form.Section{
			form.Key("deny", prefixes(&c.Network.Deny)),
			form.Key("allow", prefixes(&c.Network.Allow)),
			form.Key("deny_hosts", form.Texts(&c.Network.DenyHosts, policy.CheckHostRule)),
		}),
	}
}

func targetFields(t *Target) form.Section {
	return form.Section{
		form.Key("name", form.Required(name(&t.Name))),
		form.Key("url", form.Required(targetURL(&t.URL))),
		form.Key("labels", labels{&t.Labels}),
		form.Key("interval", form.Duration(&t.Interval, minInterval, maxInterval)),
		form.Key("timeout", form.Duration(&t.Timeout, minTimeout, maxTimeout)),
		form.Key(linksKey, links{&t.Links}),
		form.Key("sharding", form.Choice(&t.Sharding, ShardTarget, ShardLoad)),
		form.Key("burst", form.Block(&t.Burst, burstFields)),
		form.Key("request", form.Block(&t.Request, requestFields)),
		form.Key("grpc", form.Block(&t.GRPC, grpcFields)),
		form.Key("dns", form.Optional(&t.DNS, dnsFields)),
		form.Key("connection", form.Block(&t.Connection, connectionFields)),
		form.Key("expect", form.Block(&t.Expect, expectFields)),
		form.Key("breaker", form.Optional(&t.Breaker, breakerFields)),
		form.Key("objective", form.Optional(&t.Objective, objectiveFields)),
		form.Key(keepFailuresKey, form.Optional(&t.KeepFailures, keepFailuresFields)),
		form.Key("thresholds", thresholds(&t.Thresholds)),
		form.Key("compare", form.Optional(&t.Compare, compareFields)),
		form.Key("data", dataNames{&t.Data}),
		form.Key("cookies", form.Boolean(&t.Cookies)),
		form.Key("think", form.Duration(&t.Think, time.Millisecond, maxTimeout)),
		form.Key("think_spread", form.Choice(&t.ThinkSpread, option.ThinkConstant, option.ThinkUniform, option.ThinkExponential)),
		form.Key(mixKey, form.Own(requestList{&t.Requests, mixItemFields})),
		form.Key(journeyKey, form.Own(requestList{&t.Journey, stepFields})),
	}
}

func burstFields(b *Burst) form.Section {
	fixed, ramping := form.Number(&b.Rate, minRate, maxRate), stages{&b.Stages}
	rates := []form.Field{form.Key("burst.rate", fixed), form.Key("burst.stages", ramping)}
	return form.Section{
		form.Key("requests", form.WholeNumber(&b.Requests, 1, maxArrivals)),
		form.Key("duration", form.Duration(&b.Duration, time.Millisecond, maxDuration)),
		form.Key("rate", form.OneOf(fixed, rates)),
		form.Key("stages", form.OneOf(ramping, rates)),
		form.Key("concurrency", form.WholeNumber(&b.Concurrency, 1, maxConcurrency)),
		form.Key("arrival", form.Choice(&b.Arrival, ArrivalConstant, ArrivalPoisson)),
		form.Key("precision", form.Choice(&b.Precision, PrecisionSleep, PrecisionSpin)),
	}
}

func stageFields(s *Stage) form.Section {
	return form.Section{
		form.Key("duration", form.Required(form.Duration(&s.Duration, 0, maxDuration))),
		form.Key("rate", form.Required(form.Number(&s.Rate, 0, maxRate))),
	}
}

func requestFields(r *Request) form.Section {
	inline, fromFile, generated := inlineBody{r}, form.File{Path: &r.BodyFile, Content: &r.Body}, form.Size(&r.BodySize, maxBodySize)
	bodies := []form.Field{form.Key("request.body", inline), form.Key("request.body_file", fromFile), form.Key("request.body_size", generated)}
	ways := logins(r)
	return form.Section{
		form.Key("method", form.Text(&r.Method, checkMethod)),
		form.Key("path", requestPath(&r.Path)),
		form.Key("headers", headers(&r.Headers)),
		form.Key("host", hostText(&r.Host, checkRequestHost)),
		form.Key("body", form.OneOf(inline, bodies)),
		form.Key("body_file", form.OneOf(fromFile, bodies)),
		form.Key("body_size", form.OneOf(generated, bodies)),
		form.Key("basic_auth", form.OneOf(ways[0].Value, ways)),
		form.Key("authorization", form.OneOf(ways[1].Value, ways)),
		form.Key("oauth2", form.OneOf(ways[2].Value, ways)),
		form.Key("compression", codings(&r.Compression)),
		form.Key("id_header", form.Text(&r.IDHeader, checkIDHeader)),
		form.Key("traceparent", form.Boolean(&r.Traceparent)),
		form.Key("follow_redirects", form.WholeNumber(&r.FollowRedirects, 0, maxRedirects)),
	}
}

// logins are the login keys of a target, with their paths.
func logins(r *Request) []form.Field {
	return []form.Field{
		form.Key("request.basic_auth", form.Optional(&r.BasicAuth, basicAuthFields)),
		form.Key("request.authorization", form.Optional(&r.Authorization, authorizationFields)),
		form.Key("request.oauth2", form.Optional(&r.OAuth2, oauth2Fields)),
	}
}

func basicAuthFields(b *BasicAuth) form.Section {
	return form.Section{
		form.Key("username", form.Needed(form.Text(&b.Username, checkUsername))),
		form.Key("password_file", form.SecretFile{Path: &b.PasswordFile, Content: &b.Password}),
	}
}

func authorizationFields(a *Authorization) form.Section {
	return form.Section{
		form.Key("type", form.Text(&a.Type, checkScheme)),
		form.Key("credentials_file", form.Needed(form.SecretFile{Path: &a.CredentialsFile, Content: &a.Credentials, Check: checkCredentials})),
	}
}

func oauth2Fields(o *OAuth2) form.Section {
	return form.Section{
		form.Key("client_id", form.Needed(form.Text(&o.ClientID, form.CheckVisible))),
		form.Key("client_secret_file", form.Needed(form.SecretFile{Path: &o.ClientSecretFile, Content: &o.ClientSecret})),
		form.Key("token_url", form.Needed(webURL(&o.TokenURL))),
		form.Key("scopes", form.Texts(&o.Scopes, checkScope)),
		form.Key("endpoint_params", endpointParams{&o.EndpointParams}),
		form.Key("timeout", form.Duration(&o.Timeout, minTimeout, maxTimeout)),
	}
}

func connectionFields(c *Connection) form.Section {
	carrying := form.Section{
		form.Key("http_version", form.Choice(&c.HTTPVersion, option.AutoHTTP, option.OnlyHTTP11, option.OnlyHTTP2, option.OnlyHTTP3, option.H2C)),
		form.Key("reuse", form.Choice(&c.Reuse, ReuseAlways, ReuseBurst, ReuseNever)),
		form.Key("requests_per_connection", form.WholeNumber(&c.RequestsPerConnection, 1, maxArrivals)),
		form.Key("streams_per_connection", form.WholeNumber(&c.StreamsPerConnection, 1, maxStreams)),
		form.Key("clock", form.Choice(&c.Clock, option.KernelClock, option.ProgramClock)),
	}
	passing := form.Section{
		form.Key("proxy_url", proxyURL(&c.Proxy.URL)),
		form.Key("proxy_username", form.Text(&c.Proxy.Username, checkUsername)),
		form.Key("proxy_password_file", form.SecretFile{Path: &c.Proxy.PasswordFile, Content: &c.Proxy.Password}),
		form.Key("no_proxy", hostTexts(&c.Proxy.NoProxy, checkNoProxy)),
		form.Key("tls", form.Block(&c.TLS, tlsFields)),
	}
	return slices.Concat(carrying, dialFields(&c.Dial), passing)
}

// dialFields are the keys of connection for every target that is dialled.
func dialFields(d *option.Dial) form.Section {
	given, server := addresses(&d.Resolve), serverAddress(&d.DNSServer)
	lookups := []form.Field{form.Key("connection.resolve", given), form.Key("connection.dns_server", server)}
	return form.Section{
		form.Key("connect_timeout", form.Duration(&d.ConnectTimeout, minTimeout, maxTimeout)),
		form.Key("tls_timeout", form.Duration(&d.TLSTimeout, minTimeout, maxTimeout)),
		form.Key("ip_version", form.Choice(&d.IPVersion, option.AnyIP, option.OnlyIPv4, option.OnlyIPv6, option.PreferIPv4, option.PreferIPv6)),
		form.Key("resolve", form.OneOf(given, lookups)),
		form.Key("dns_server", form.OneOf(server, lookups)),
		form.Key("source_address", address(&d.SourceAddress)),
	}
}

func tlsFields(t *TLS) form.Section {
	return form.Section{
		form.Key("ca_file", form.File{Path: &t.CAFile, Content: &t.CA, Check: checkCA}),
		form.Key("cert_file", form.File{Path: &t.CertFile, Content: &t.Cert}),
		form.Key("key_file", form.File{Path: &t.KeyFile, Content: &t.Key, Secret: true}),
		form.Key("server_name", hostText(&t.ServerName, checkHost)),
		form.Key("min_version", tlsVersion(&t.MinVersion)),
		form.Key("max_version", tlsVersion(&t.MaxVersion)),
		form.Key("insecure_skip_verify", form.Boolean(&t.InsecureSkipVerify)),
		form.Key("session_resumption", form.Boolean(&t.SessionResumption)),
		form.Key("early_data", form.Boolean(&t.EarlyData)),
	}
}

func expectFields(e *Expect) form.Section {
	return form.Section{
		form.Key("status", statuses(&e.Status)),
		form.Key("headers", headerExpectations(&e.Headers)),
		form.Key("body", form.Section{
			form.Key("contains", form.Text(&e.Body.Contains, checkContains)),
			form.Key("regexp", form.Text(&e.Body.Regexp, checkBodyPattern)),
			form.Key("json", jsonValues{&e.Body.JSON}),
		}),
		form.Key("http_version", form.Choice(&e.HTTPVersion, "1.0", "1.1", "2", "3")),
		form.Key("grpc_status", grpcStatuses(&e.GRPCStatus)),
		form.Key("message", jsonValues{&e.Message}),
		form.Key("max_latency", form.Duration(&e.MaxLatency, minTimeout, maxTimeout)),
		form.Key("max_body_size", form.Size(&e.MaxBodySize, maxBodySize)),
		form.Key("rcode", rcodes{&e.Rcode}),
		form.Key("answers", form.Block(&e.Answers, answersFields)),
	}
}

func grpcFields(g *GRPC) form.Section {
	inline, fromFile := inlineMessage{g}, form.File{Path: &g.MessageFile, Content: &g.Message}
	given, asked := form.File{Path: &g.DescriptorFile, Content: &g.Descriptors, Check: checkDescriptors}, form.Boolean(&g.Reflection)
	types := []form.Field{form.Key("grpc.descriptor_file", given), form.Key("grpc.reflection", asked)}
	messages := []form.Field{form.Key("grpc.message", inline), form.Key("grpc.message_file", fromFile)}
	return form.Section{
		form.Key("service", form.Text(&g.Service, checkService)),
		form.Key("method", form.Text(&g.Method, checkRPCMethod)),
		form.Key("message", form.OneOf(inline, messages)),
		form.Key("message_file", form.OneOf(fromFile, messages)),
		form.Key("descriptor_file", form.OneOf(given, types)),
		form.Key("reflection", form.OneOf(asked, types)),
		form.Key("metadata", metadata(&g.Metadata)),
	}
}

func breakerFields(b *Breaker) form.Section {
	return form.Section{
		form.Key("after", form.Needed(form.WholeNumber(&b.After, 1, maxArrivals))),
		form.Key("for", form.Duration(&b.For, time.Second, maxDuration)),
	}
}

// keepFailuresKey is the name of the key, maxKeptBody the greatest number of
// bytes to keep.
const (
	keepFailuresKey = "keep_failures"
	maxKeptBody     = 16 << 10
)

func keepFailuresFields(k *KeepFailures) form.Section {
	return form.Section{form.Key("bodies", form.Needed(form.Size(&k.Bodies, maxKeptBody)))}
}

var targetName = regexp.MustCompile(`^[a-zA-Z0-9_.:/-]{1,128}$`)

const nameMistake = "must be 1 to 128 letters, digits and any of _.:/-"

func checkName(s string) error {
	if !targetName.MatchString(s) {
		return errors.New(nameMistake)
	}
	return nil
}

// name returns the value for the name of a target, of a request in one, or of a
// discovery.
func name(to *string) form.Value { return form.TextMatching(to, targetName, nameMistake) }
