package config

import (
	"maps"

	"example.com/prober/config/form"
)

// words returns the vocabulary for hints about unknown keys.
func words() form.Vocabulary {
	return form.Vocabulary{
		Places: []form.Place{
			{Of: "a target", Keys: targetFields(new(Target))},
			{Of: "the whole file", Keys: fileFields(new(Config))},
		},
		Foreign: foreignKeys(),
	}
}

// foreignKeys maps keys of other programs, in lower case without _ and -, to their counterparts here. Keys with the
// same name here need no line.
func foreignKeys() map[string]string {
	all := map[string]string{}
	for _, keys := range []map[string]string{blackboxKeys(), cloudproberKeys(), k6Keys(), gatusKeys()} {
		maps.Copy(all, keys)
	}
	return all
}

// blackboxKeys are the keys of blackbox_exporter, and of the part of Prometheus that calls it.
func blackboxKeys() map[string]string {
	return map[string]string{
		"modules":                        "targets",
		"prober":                         "targets",
		"staticconfigs":                  "targets",
		"scrapeinterval":                 "interval",
		"scrapetimeout":                  "timeout",
		"validstatuscodes":               "expect.status",
		"validhttpversions":              "expect.http_version",
		"failifbodynotmatchesregexp":     "expect.body.regexp",
		"failifheadernotmatches":         "expect.headers",
		"bodysizelimit":                  "expect.max_body_size",
		"preferredipprotocol":            "connection.ip_version",
		"sourceipaddress":                "connection.source_address",
		"nofollowredirects":              "request.follow_redirects",
		"bearertoken":                    "request.authorization.credentials_file",
		"bearertokenfile":                "request.authorization.credentials_file",
		"tlsconfig":                      "connection.tls",
		"proxyfromenvironment":           "connection.proxy_url",
		"nativehistogramsbucketfactor":   "metrics.native_histograms",
		"failifbodyjsonnotmatchescel":    "expect.body.json",
		"failifbodyjsonnotmatchesregexp": "expect.body.json",
	}
}

// cloudproberKeys are the keys of cloudprober.
func cloudproberKeys() map[string]string {
	return map[string]string{
		"probe":                 "targets",
		"httpprobe":             "request",
		"hostnames":             "targets",
		"intervalmsec":          "interval",
		"timeoutmsec":           "timeout",
		"requestsperprobe":      "burst.requests",
		"requestsintervalmsec":  "burst.rate",
		"relativeurl":           "url",
		"validator":             "expect",
		"httpvalidator":         "expect",
		"successstatuscodes":    "expect.status",
		"latencydistribution":   "metrics.buckets",
		"additionallabel":       "labels",
		"maxredirects":          "request.follow_redirects",
		"keepalive":             "connection.reuse",
		"disablehttp2":          "connection.http_version",
		"sourceip":              "connection.source_address",
		"disablecertvalidation": "connection.tls.insecure_skip_verify",
		"tlscertfile":           "connection.tls.cert_file",
		"tlskeyfile":            "connection.tls.key_file",
		"maxidleconns":          "burst.concurrency",
		"oauthconfig":           "request.oauth2",
	}
}

// k6Keys are the options of k6.
func k6Keys() map[string]string {
	return map[string]string{
		"vus":                   "burst.concurrency",
		"maxvus":                "burst.concurrency",
		"preallocatedvus":       "burst.concurrency",
		"iterations":            "burst.requests",
		"rps":                   "burst.rate",
		"startrate":             "burst.stages",
		"executor":              "burst",
		"scenarios":             "targets",
		"maxduration":           "burst.duration",
		"thresholds":            "expect",
		"checks":                "expect",
		"tags":                  "labels",
		"insecureskiptlsverify": "connection.tls.insecure_skip_verify",
		"tlsversion":            "connection.tls.min_version",
		"tlsauth":               "connection.tls.cert_file",
		"noconnectionreuse":     "connection.reuse",
		"novuconnectionreuse":   "connection.reuse",
		"hosts":                 "connection.resolve",
		"dns":                   "connection.dns_server",
		"localips":              "connection.source_address",
		"blacklistips":          "network.deny",
		"useragent":             "request.headers",
		"redirects":             "request.follow_redirects",
		"params":                "request",
	}
}

// gatusKeys are the keys of gatus.
func gatusKeys() map[string]string {
	return map[string]string{ //nolint:gosec // names of keys, not credentials
		"endpoints":       "targets",
		"conditions":      "expect",
		"group":           "labels",
		"extralabels":     "labels",
		"client":          "connection",
		"insecure":        "connection.tls.insecure_skip_verify",
		"ignoreredirect":  "request.follow_redirects",
		"dnsresolver":     "connection.dns_server",
		"proxyurl":        "connection.proxy_url",
		"certificatefile": "connection.tls.cert_file",
		"privatekeyfile":  "connection.tls.key_file",
		"clientid":        "request.oauth2.client_id",
		"clientsecret":    "request.oauth2.client_secret_file",
		"tokenurl":        "request.oauth2.token_url",
	}
}
