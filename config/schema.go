package config

import (
	"errors"
	"regexp"
	"time"
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
	maxArrivals = 10_000_000
	maxBodySize = 1 << 30
	// maxBuckets keeps a target with a handful of error codes below 100 series.
	maxBuckets = 14
)

// fileFields and the functions below are the schema: every key of the file
// stands in one of them, with the variable it fills and what it may hold. What
// a key means together with others is in checks.go, its default in defaults.go.
// Keys are decoded in the order given here: defaults before the targets.
func fileFields(c *Config) section {
	l := &loader{config: c}
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
		{"burst", burstFields(&t.Burst)},
		{"request", requestFields(&t.Request)},
		{"connection", connectionFields(&t.Connection)},
		{"expect", section{
			{"status", statuses(&t.Expect.Status)},
		}},
	}
}

func burstFields(b *Burst) section {
	return section{
		{"requests", wholeNumber(&b.Requests, maxArrivals)},
		{"duration", duration(&b.Duration, time.Millisecond, maxDuration)},
		{"rate", rate(&b.Rate, minRate, maxRate)},
		{"concurrency", wholeNumber(&b.Concurrency, maxConcurrency)},
		{"arrival", choice(&b.Arrival, ArrivalConstant)},
	}
}

func requestFields(r *Request) section {
	inline, fromFile, generated := inlineBody{r}, file{path: &r.BodyFile, content: &r.Body}, size(&r.BodySize, maxBodySize)
	bodies := []field{{"request.body", inline}, {"request.body_file", fromFile}, {"request.body_size", generated}}
	return section{
		{"method", text(&r.Method, checkMethod)},
		{"headers", headers{&r.Headers}},
		{"host", text(&r.Host, checkRequestHost)},
		{"body", oneOf{inline, bodies}},
		{"body_file", oneOf{fromFile, bodies}},
		{"body_size", oneOf{generated, bodies}},
	}
}

func connectionFields(c *Connection) section {
	return section{
		{"http_version", choice(&c.HTTPVersion, HTTPAuto, HTTP11)},
		{"reuse", choice(&c.Reuse, ReuseAlways, ReuseBurst, ReuseNever)},
		{"requests_per_connection", wholeNumber(&c.RequestsPerConnection, maxArrivals)},
		{"connect_timeout", duration(&c.ConnectTimeout, minTimeout, maxTimeout)},
		{"tls_timeout", duration(&c.TLSTimeout, minTimeout, maxTimeout)},
		{"tls", tlsFields(&c.TLS)},
	}
}

func tlsFields(t *TLS) section {
	return section{
		{"ca_file", file{path: &t.CAFile, content: &t.CA, check: checkCA}},
		{"cert_file", file{path: &t.CertFile, content: &t.Cert}},
		{"key_file", file{path: &t.KeyFile, content: &t.Key, secret: true}},
		{"server_name", text(&t.ServerName, checkHost)},
		{"min_version", tlsVersion(&t.MinVersion)},
		{"max_version", tlsVersion(&t.MaxVersion)},
		{"insecure_skip_verify", boolean(&t.InsecureSkipVerify)},
	}
}

var targetName = regexp.MustCompile(`^[a-zA-Z0-9_.:/-]{1,128}$`)

func checkName(s string) error {
	if !targetName.MatchString(s) {
		return errors.New("must be 1 to 128 letters, digits and any of _.:/-")
	}
	return nil
}
