package imports

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// curlRun is one set of options: all up to --next.
type curlRun struct {
	line      int
	urls      []string
	notes     []string
	method    string
	headers   []string
	data      []curlData
	asQuery   bool // -G
	head      bool
	upload    string
	user      string
	hasUser   bool
	bearer    string
	cookies   []string
	compress  bool
	follow    bool
	redirects int // -1 for no bound
	maxTime   float64
	connect   float64
	version   string // a flag
	insecure  bool
	resolve   []string
	proxy     string
	proxyUser string
	noProxy   string
	ip        string
	source    string
	minTLS    string
	maxTLS    string
	caFile    string
	cert, key string
	dns       string
	target    string // --request-target
	globOff   bool
	isJSON    bool
}

// curlData is a piece of a body.
type curlData struct {
	text string
	// file is the source of the piece. If stripped is set, its line breaks are removed.
	file     string
	stripped bool
	// joined puts an & before the piece, unless it is the first.
	joined bool
}

// curlOption is an option of curl: its long name, its letter, whether it takes a value, and its effect.
type curlOption struct {
	long, short string
	value       bool
	set         func(r *curlRun, value string) error
}

// note returns the effect of an option without a counterpart.
func note(format string) func(*curlRun, string) error {
	return func(r *curlRun, value string) error {
		r.notes = append(r.notes, strings.ReplaceAll(format, "%", cut(value)))
		return nil
	}
}

// nothing is for options without an effect on the request.
func nothing(*curlRun, string) error { return nil }

func onText(field func(r *curlRun) *string) func(*curlRun, string) error {
	return func(r *curlRun, value string) error {
		*field(r) = value
		return nil
	}
}

func onSwitch(field func(r *curlRun) *bool) func(*curlRun, string) error {
	return func(r *curlRun, value string) error {
		*field(r) = value != "no"
		return nil
	}
}

func onWord(field func(r *curlRun) *string, word string) func(*curlRun, string) error {
	return func(r *curlRun, _ string) error {
		*field(r) = word
		return nil
	}
}

func onSeconds(field func(r *curlRun) *float64) func(*curlRun, string) error {
	return func(r *curlRun, value string) error {
		n, err := strconv.ParseFloat(value, 64)
		if err != nil || n < 0 || math.IsNaN(n) || math.IsInf(n, 0) {
			return fmt.Errorf("must be a number of seconds, not %s", cut(value))
		}
		*field(r) = n
		return nil
	}
}

func onList(field func(r *curlRun) *[]string) func(*curlRun, string) error {
	return func(r *curlRun, value string) error {
		*field(r) = append(*field(r), value)
		return nil
	}
}

// curlOptions returns all known options. It must have all options with a value, or the value would be taken for a URL.
func curlOptions() []curlOption {
	all := append(curlRequestOptions(), curlConnectionOptions()...)
	add := func(list string, value bool, becomes func(name string) func(*curlRun, string) error) {
		for option := range strings.FieldsSeq(list) {
			long, short, _ := strings.Cut(option, "/")
			all = append(all, curlOption{long, short, value, becomes(long)})
		}
	}
	silent := func(string) func(*curlRun, string) error { return nothing }
	noted := func(name string) func(*curlRun, string) error {
		return note("--" + name + " has no counterpart here.")
	}
	add(`append/a basic buffer clobber compressed-ssh create-dirs disable/q fail/f fail-early fail-with-body ignore-content-length include/i
		keepalive no-buffer/N no-progress-meter npn alpn out-null parallel/Z parallel-immediate progress-bar/# progress-meter raw
		remote-header-name/J remote-name/O remote-name-all remote-time/R remove-on-error sessionid show-error/S show-headers silent/s skip-existing
		styled-output suppress-connect-headers tcp-fastopen tcp-nodelay trace-ids trace-time verbose/v xattr`, false, silent)
	add(`cookie-jar/c create-file-mode dump-header/D etag-save expect100-timeout happy-eyeballs-timeout-ms keepalive-cnt keepalive-time libcurl
		max-filesize output/o output-dir parallel-max stderr trace trace-ascii trace-config write-out/w`, true, silent)
	add(`anyauth ca-native cert-status digest disallow-username-in-url doh-insecure doh-cert-status false-start haproxy-protocol http0.9 http1.0/0
		junk-session-cookies/j negotiate netrc/n netrc-optional ntlm path-as-is post301 post302 post303 proxy-anyauth proxy-basic
		proxy-digest proxy-http2 proxy-insecure proxy-negotiate proxy-ntlm proxytunnel/p retry-all-errors retry-connrefused ssl ssl-allow-beast
		ssl-auto-client-cert ssl-reqd tls-earlydata tr-encoding`, false, noted)
	add(`abstract-unix-socket alt-svc aws-sigv4 capath cert-type ciphers config/K connect-to crlfile curves delegation dns-interface dns-ipv4-addr
		dns-ipv6-addr doh-url ech engine etag-compare haproxy-clientip hsts http3-fallback key-type limit-rate local-port netrc-file pass pinnedpubkey
		preproxy proto proto-default proto-redir proxy-ca proxy-cacert proxy-capath proxy-cert proxy-ciphers proxy-header proxy-key proxy-pass
		proxy1.0 rate retry retry-delay retry-max-time sasl-authzid service-name sigalgs socks4 socks4a speed-limit/Y speed-time/y
		time-cond/z tls13-ciphers unix-socket variable`, true, noted)
	return all
}

// curlRequestOptions are the options about the request.
func curlRequestOptions() []curlOption {
	piece := func(kind string) func(*curlRun, string) error {
		return func(r *curlRun, value string) error { return r.addData(kind, value) }
	}
	return []curlOption{
		{"url", "", true, onList(func(r *curlRun) *[]string { return &r.urls })},
		{"request", "X", true, onText(func(r *curlRun) *string { return &r.method })},
		{"header", "H", true, onList(func(r *curlRun) *[]string { return &r.headers })},
		{"data", "d", true, piece("data")},
		{"data-ascii", "", true, piece("data")},
		{"data-raw", "", true, piece("raw")},
		{"data-binary", "", true, piece("binary")},
		{"data-urlencode", "", true, piece("urlencode")},
		{"json", "", true, piece("json")},
		{"form", "F", true, note("A part of a form in several parts (-F) is left out: write the body to a file and use request.body_file.")},
		{"form-string", "", true, note("A part of a form in several parts (--form-string) is left out: write the body to a file and use request.body_file.")},
		{"form-escape", "", false, nothing},
		{"get", "G", false, onSwitch(func(r *curlRun) *bool { return &r.asQuery })},
		{"head", "I", false, onSwitch(func(r *curlRun) *bool { return &r.head })},
		{"upload-file", "T", true, onText(func(r *curlRun) *string { return &r.upload })},
		{"user", "u", true, func(r *curlRun, value string) error { r.user, r.hasUser = value, true; return nil }},
		{"oauth2-bearer", "", true, onText(func(r *curlRun) *string { return &r.bearer })},
		{"cookie", "b", true, onList(func(r *curlRun) *[]string { return &r.cookies })},
		{"user-agent", "A", true, func(r *curlRun, value string) error { return r.addHeader("User-Agent", value) }},
		{"referer", "e", true, func(r *curlRun, value string) error {
			return r.addHeader("Referer", strings.TrimSuffix(value, ";auto"))
		}},
		{"range", "r", true, func(r *curlRun, value string) error { return r.addHeader("Range", "bytes="+value) }},
		{"compressed", "", false, onSwitch(func(r *curlRun) *bool { return &r.compress })},
		{"location", "L", false, onSwitch(func(r *curlRun) *bool { return &r.follow })},
		{"location-trusted", "", false, func(r *curlRun, _ string) error {
			r.follow = true
			return note("--location-trusted sends credentials to other hosts, too; the prober sends them to the origin of url only.")(r, "")
		}},
		{"max-redirs", "", true, func(r *curlRun, value string) (err error) {
			if r.redirects, err = strconv.Atoi(value); err != nil || r.redirects < -1 {
				return fmt.Errorf("must be a whole number, not %s", cut(value))
			}
			return nil
		}},
		{"max-time", "m", true, onSeconds(func(r *curlRun) *float64 { return &r.maxTime })},
		{"request-target", "", true, onText(func(r *curlRun) *string { return &r.target })},
		{"globoff", "g", false, onSwitch(func(r *curlRun) *bool { return &r.globOff })},
	}
}

// curlConnectionOptions are the options about the connection.
func curlConnectionOptions() []curlOption {
	version := func(r *curlRun) *string { return &r.version }
	lowest := func(r *curlRun) *string { return &r.minTLS }
	proxy := func(scheme string) func(*curlRun, string) error {
		return func(r *curlRun, value string) error { r.proxy = scheme + value; return nil }
	}
	return []curlOption{
		{"connect-timeout", "", true, onSeconds(func(r *curlRun) *float64 { return &r.connect })},
		{"http1.1", "", false, onWord(version, "http1.1")},
		{"http2", "", false, onWord(version, "http2")},
		{"http2-prior-knowledge", "", false, onWord(version, "http2-prior-knowledge")},
		{"http3", "", false, onWord(version, "http3")},
		{"http3-only", "", false, onWord(version, "http3-only")},
		{"insecure", "k", false, onSwitch(func(r *curlRun) *bool { return &r.insecure })},
		{"resolve", "", true, onList(func(r *curlRun) *[]string { return &r.resolve })},
		{"proxy", "x", true, onText(func(r *curlRun) *string { return &r.proxy })},
		{"proxy-user", "U", true, onText(func(r *curlRun) *string { return &r.proxyUser })},
		{"noproxy", "", true, onText(func(r *curlRun) *string { return &r.noProxy })},
		{"socks5", "", true, proxy("socks5://")},
		{"socks5-hostname", "", true, proxy("socks5h://")},
		{"ipv4", "4", false, onWord(func(r *curlRun) *string { return &r.ip }, "4")},
		{"ipv6", "6", false, onWord(func(r *curlRun) *string { return &r.ip }, "6")},
		{"interface", "", true, onText(func(r *curlRun) *string { return &r.source })},
		{"tlsv1", "1", false, onWord(lowest, "1.0")},
		{"tlsv1.0", "", false, onWord(lowest, "1.0")},
		{"tlsv1.1", "", false, onWord(lowest, "1.1")},
		{"tlsv1.2", "", false, onWord(lowest, "1.2")},
		{"tlsv1.3", "", false, onWord(lowest, "1.3")},
		{"tls-max", "", true, onText(func(r *curlRun) *string { return &r.maxTLS })},
		{"cacert", "", true, onText(func(r *curlRun) *string { return &r.caFile })},
		{"cert", "E", true, onText(func(r *curlRun) *string { return &r.cert })},
		{"key", "", true, onText(func(r *curlRun) *string { return &r.key })},
		{"dns-servers", "", true, onText(func(r *curlRun) *string { return &r.dns })},
	}
}
