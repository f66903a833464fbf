package validate

import "regexp"

// uncommented matches a commented-out setting of the example.
var uncommented = regexp.MustCompile(`(?m)^( *)#([a-z-])`)

// Reasons why no schema finds the mistake in a file.
const (
	together   = "each value is right, and they do not go together; a value of the defaults counts, too"
	names      = "names are compared over all targets"
	contents   = "what is wrong stands in another file"
	arithmetic = "it takes arithmetic"
	hosts      = "whether a host or a method can be one takes rules that no expression has"
	policy     = "network.deny and its like are held against what other keys say"
	kinds      = "which keys mean something depends on the scheme of the URL, and defaults may hold any"
	requires   = "the key may come from the defaults"
	documents  = "an editor looks at each document of a file by itself"
)

// onlyTheProgram are the bad files that the schema accepts, each with the reason.
var onlyTheProgram = map[string]string{
	"addresses-several":                  together,
	"arrival-of-closed-burst":            together,
	"authentication-several":             together,
	"body-several":                       together,
	"body-without-method":                together,
	"breaker-incomplete-in-defaults":     requires,
	"burst-too-many-arrivals":            arithmetic,
	"connection-reuse-never":             together,
	"connection-reuse-never-in-defaults": together,
	"deny-hosts":                         policy,
	"dns-server-denied":                  policy,
	"expect-body-too-large":              together,
	"expect-impossible":                  together,
	"expect-impossible-in-defaults":      together,
	"family-mismatch":                    together,
	"family-mismatch-in-defaults":        together,
	"grpc-kinds":                         kinds,
	"grpc-unfit":                         contents,
	"headers-refused":                    "the refused names of headers have reasons of their own, which a schema cannot give",
	"headers-set-twice":                  together,
	"headers-set-twice-in-defaults":      together,
	"host-is-a-number":                   hosts,
	"hosts-beyond-ascii":                 hosts,
	"http3":                              together,
	"method-invalid":                     hosts,
	"metrics-buckets-descend":            arithmetic,
	"name-duplicate":                     names,
	"proxy-in-defaults":                  together,
	"proxy-incomplete":                   requires,
	"stages-and-rate":                    together,
	"stages-cut":                         arithmetic,
	"stages-too-much":                    arithmetic,
	"syntax-second-document-broken":      documents,
	"syntax-two-documents":               documents,
	"target-files-names":                 names,
	"templates":                          "which names a template may use depends on other keys",
	"tls-ca-without-certificate":         contents,
	"tls-cert-without-key":               requires,
	"tls-files-missing":                  contents,
	"tls-on-http-url":                    kinds,
	"tls-pair-mismatch":                  contents,
	"tls-pair-mismatch-in-defaults":      contents,
	"tls-server-name":                    hosts,
}
