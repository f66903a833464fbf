package layout

const module = "example.com/prober"

// room lists the imports of one package besides the standard library, without its tests: it may import these, and does.
type room struct {
	packages []string // of this module, relative to it
	modules  []string // of others: an import path and all below it
}

// house has a room for each package of the program and for each library of its tests. An arrow missing here is missing
// on purpose: numbers and schedules know no engine, engines know nothing of either, and nothing below prober knows the
// types of the configuration.
var house = map[string]room{
	"": {
		packages: []string{"internal/command"},
	},
	"compare": {
		modules: []string{"gonum.org/v1/gonum/mathext"}, // incomplete beta and gamma functions
	},
	"config": {
		packages: []string{"config/form", "maintenance", "option", "policy", "protoset", "template", "threshold"},
		modules:  []string{"google.golang.org/protobuf/reflect/protoreflect", "gopkg.in/yaml.v3"},
	},
	"config/form": {
		modules: []string{"github.com/prometheus/common", "gopkg.in/yaml.v3"},
	},
	"demo": {
		packages: []string{"internal/peers/certs"},
		modules:  []string{"github.com/quic-go/quic-go", "golang.org/x/net/dns/dnsmessage"},
	},
	"discover": {
		packages: []string{"config", "config/form"},
		modules: []string{
			"github.com/prometheus/client_golang",
			"github.com/prometheus/common",
			"github.com/prometheus/prometheus",
			"go.yaml.in/yaml/v2", // the decoder that Prometheus' configuration is made for
			"gopkg.in/yaml.v3",
			"k8s.io/client-go/rest", // which API server a mechanism asks
			"k8s.io/client-go/tools/clientcmd",
			"k8s.io/client-go/tools/metrics", // metrics of its requests
			"k8s.io/klog/v2",                 // log of the Kubernetes client
		},
	},
	"errcode": {
		modules: []string{"golang.org/x/net/http2"},
	},
	"errcode/quiccode": {
		packages: []string{"errcode"},
		modules:  []string{"github.com/quic-go/quic-go"},
	},
	"internal/command": {
		packages: []string{"compare", "config", "config/form", "demo", "discover", "errcode", "internal/imports", "internal/logqueue", "internal/report", "internal/slo", "prober", "prober/numbers", "schema", "threshold", "web", "web/history", "web/peers"},
		modules: []string{
			"github.com/alecthomas/kingpin/v2",
			"github.com/alecthomas/units", // the sizes of flags, as kingpin reads them
			"github.com/coreos/go-systemd/v22/activation",
			"github.com/mdlayher/vsock",
			"github.com/prometheus/client_golang",
			"github.com/prometheus/common",
			"github.com/prometheus/exporter-toolkit",
			"github.com/schollz/progressbar/v3", // the bar of fire; it needs the next and two small ones
			"golang.org/x/term",                 // whether there is a terminal to draw it on
		},
	},
	"internal/docs": {
		modules: []string{"github.com/stretchr/testify"},
	},
	"internal/imports": {
		packages: []string{"option", "policy"},
		modules:  []string{"github.com/getkin/kin-openapi", "gopkg.in/yaml.v3"},
	},
	"internal/logqueue": {},
	"internal/peers": {
		packages: []string{"errcode", "internal/peers/certs"},
		modules: []string{
			"github.com/andybalholm/brotli",
			"github.com/klauspost/compress/zstd",
			"github.com/quic-go/qpack",
			"github.com/quic-go/quic-go",
			"golang.org/x/crypto/ocsp",
			"golang.org/x/net/dns/dnsmessage",
			"golang.org/x/net/http2",
		},
	},
	"internal/peers/certs": {},
	"internal/report": {
		packages: []string{"errcode", "prober/numbers", "prober/probe", "web/chart", "web/static"},
		modules:  []string{"github.com/HdrHistogram/hdrhistogram-go"}, // encodes the histograms of .hlog and .hgrm
	},
	"internal/slo": {
		packages: []string{"config"},
		modules: []string{
			"github.com/prometheus/common",
			"gopkg.in/yaml.v3",
		},
	},
	"internal/rig": {
		modules: []string{
			"github.com/prometheus/client_model",
			"github.com/prometheus/common",
			"github.com/stretchr/testify",
			"go.uber.org/goleak",
		},
	},
	"maintenance": {
		modules: []string{"github.com/prometheus/alertmanager/timeinterval"},
	},
	"option": {},
	"policy": {
		modules: []string{"golang.org/x/net/idna"},
	},
	"prober": {
		packages: []string{
			"compare", "config", "errcode", "maintenance", "option", "policy", "prober/content", "prober/dns", "prober/draw", "prober/grpc", "prober/load", "prober/message", "prober/numbers", "prober/probe", "prober/tcp", "prober/transport", "prober/wire", "template",
		},
		modules: []string{"github.com/prometheus/client_model"},
	},
	"prober/content": {
		packages: []string{"errcode", "prober/message", "prober/probe"},
		modules: []string{
			"github.com/andybalholm/brotli",
			"github.com/klauspost/compress",
		},
	},
	"prober/dns": {
		packages: []string{"errcode", "option", "prober/probe", "prober/wire"},
		modules:  []string{"golang.org/x/net/dns/dnsmessage"},
	},
	"prober/draw": {
		packages: []string{"option", "template"},
	},
	"prober/grpc": {
		packages: []string{
			"errcode", "option", "prober/content", "prober/hpack", "prober/http2", "prober/message", "prober/probe", "prober/wire", "protoset", "template",
		},
		modules: []string{"google.golang.org/protobuf/encoding/protowire"},
	},
	"prober/hpack": {
		modules: []string{"golang.org/x/net/http2/hpack"},
	},
	"prober/http1": {
		packages: []string{"errcode", "prober/content", "prober/http1/head", "prober/message", "prober/probe", "prober/wire"},
	},
	"prober/http1/head": {
		packages: []string{"errcode", "prober/message", "prober/probe"},
	},
	"prober/http2": {
		packages: []string{"errcode", "prober/content", "prober/hpack", "prober/message", "prober/probe", "prober/wire"},
		modules:  []string{"golang.org/x/net/http2"},
	},
	"prober/http3": {
		packages: []string{
			"errcode", "errcode/quiccode", "prober/content", "prober/message", "prober/probe", "prober/qpack", "prober/wire",
		},
		modules: []string{"github.com/quic-go/quic-go"},
	},
	"prober/load": {
		packages: []string{"prober/probe"},
		modules:  []string{"golang.org/x/sys/unix"}, // timerfd
	},
	"prober/message": {},
	"prober/numbers": {
		packages: []string{"errcode", "prober/load", "prober/probe"},
		modules: []string{
			"github.com/prometheus/client_model",
			"google.golang.org/protobuf/types/known/timestamppb", // a field type of client_model
		},
	},
	"prober/probe": {
		packages: []string{"errcode", "template"},
	},
	"prober/qpack": {
		packages: []string{"prober/hpack"},
		modules:  []string{"github.com/quic-go/qpack"}, // the entries of the static table
	},
	"prober/tcp": {
		packages: []string{"errcode", "prober/probe", "prober/wire"},
	},
	"prober/transport": {
		packages: []string{
			"errcode", "option", "policy", "prober/content", "prober/http1", "prober/http2", "prober/http3", "prober/message", "prober/probe",
			"prober/wire", "template",
		},
		modules: []string{"golang.org/x/net/publicsuffix"}, // who may set cookies for whom
	},
	"prober/wire": {
		packages: []string{"errcode", "option", "policy", "prober/http1/head", "prober/message", "prober/probe"},
		modules:  []string{"golang.org/x/crypto/ocsp", "golang.org/x/net/dns/dnsmessage", "golang.org/x/net/ipv4"},
	},
	"protoset": {
		packages: []string{"template"},
		modules:  []string{"google.golang.org/protobuf"},
	},
	"schema":    {},
	"template":  {},
	"threshold": {},
	"web": {
		packages: []string{"config", "discover", "errcode", "prober", "prober/numbers", "web/baseurl", "web/chart", "web/history", "web/peers", "web/static"}, // config: the page of a target shows its own
		modules: []string{
			"github.com/klauspost/compress", // its gzip takes a third of the time of the library's
			"github.com/prometheus/client_golang",
			"github.com/prometheus/client_model",
			"github.com/prometheus/common",
			"google.golang.org/protobuf/proto", // encodes client_model
		},
	},
	"web/baseurl": {},
	"web/chart": {
		packages: []string{"errcode", "prober/numbers"},
	},
	"web/history": {
		packages: []string{"errcode", "prober/numbers", "web/baseurl"},
		modules: []string{
			"github.com/prometheus/client_golang", // its client of Prometheus
			"github.com/prometheus/common",
		},
	},
	"web/peers": {
		packages: []string{"errcode", "web/baseurl"},
	},
	"web/static": {},
}

// outbuildings import what they need, and no room imports them: each has its own commands and test code.
var outbuildings = []string{"bench", "dashboards", "deploy", "docs", "gauntlet"}
