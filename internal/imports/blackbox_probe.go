package imports

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// probe is a module with one of its URLs, on the way to a target.
type probe struct {
	blackbox *blackbox
	module   *module
	given    string // the URL, or ""
	target   *target
	request  request
	expect   *block

	path    string // of the section of the module
	secured bool   // tls: true
	family  string // preferred_ip_protocol
	strict  bool   // no fallback to the other family
	source  string
	tls     *block
	tlsSet  bool
}

func (p *probe) note(format string, args ...any) {
	p.target.notes = append(p.target.notes, fmt.Sprintf(format, args...))
}

// unsaid notes a key without a counterpart.
func (p *probe) unsaid(key string, n *yaml.Node) {
	p.note("%s", p.blackbox.unsaid(p.module.kind+"."+key, n))
}

// build makes the target.
func (p *probe) build() error {
	m := p.module
	p.path = "modules." + m.name + "." + m.kind
	p.expect, p.tls, p.request.exists = newBlock(), newBlock(), p.blackbox.options.Exists
	p.request.path = literal("")
	err := p.blackbox.walk(m.node, "modules."+m.name, func(key string, n *yaml.Node) error {
		switch {
		case key == "timeout":
			return p.timeout(n)
		case key != "prober" && key != m.kind:
			p.note("%s", p.blackbox.unsaid(key, n))
		}
		return nil
	})
	if err != nil {
		return err
	}
	build := map[string]func(*yaml.Node) error{"http": p.buildHTTP, "tcp": p.buildTCP, "dns": p.buildDNS, "grpc": p.buildGRPC}[m.kind]
	section := m.probe
	if section == nil {
		section = &yaml.Node{Kind: yaml.MappingNode}
	}
	if err := build(section); err != nil {
		return err
	}
	p.settle()
	return nil
}

// settle adds the collected keys.
func (p *probe) settle() {
	p.settleFamily()
	if !p.tls.isEmpty() || len(p.tls.notes) > 0 {
		p.target.connection.add(&entry{key: "tls", below: p.tls})
	}
	if !p.expect.isEmpty() || len(p.expect.notes) > 0 {
		p.request.expect = p.expect
	}
	p.target.requests = []*request{&p.request}
	if p.module.kind == "http" {
		p.request.hideSecrets(&p.target.data)
	}
}

func (p *probe) timeout(n *yaml.Node) error {
	value, err := p.blackbox.word(n, "modules."+p.module.name+".timeout")
	if err != nil {
		return err
	}
	seconds, ok := parsePrometheusDuration(value)
	if !ok {
		return p.blackbox.fail(n, "modules."+p.module.name+".timeout", "must be a duration such as 5s, not %s", cut(value))
	}
	if timeout, fits := duration(seconds, minTimeout, maxTimeout); fits {
		p.target.timeout = timeout
	} else if seconds > 0 {
		p.note("timeout: %s is left out: it must be 1 ms to 1 hour here.", cut(value))
	}
	return nil
}

// parsePrometheusDuration returns seconds.
func parsePrometheusDuration(s string) (seconds float64, ok bool) {
	if s == "0" {
		return 0, true
	}
	if !prometheusDuration.MatchString(s) {
		return 0, false
	}
	day := 24 * time.Hour.Seconds()
	units := map[string]float64{"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": day, "w": 7 * day, "y": 365 * day}
	for _, m := range regexp.MustCompile(`([0-9]+)(ms|[smhdwy])`).FindAllStringSubmatch(s, -1) {
		n := 0.0
		for _, digit := range m[1] {
			n = 10*n + float64(digit-'0')
		}
		seconds += n * units[m[2]]
	}
	return seconds, true
}

// common takes keys of several kinds of modules.
func (p *probe) common(key string, n *yaml.Node) (taken bool, err error) {
	b, path := p.blackbox, p.path+"."+key
	switch key {
	case "preferred_ip_protocol":
		p.family, err = b.word(n, path)
		if err == nil && p.family != "ip4" && p.family != "ip6" {
			err = b.fail(n, path, "must be ip4 or ip6, not %s", cut(p.family))
		}
	case "ip_protocol_fallback":
		var fallback bool
		fallback, err = b.flag(n, path)
		p.strict = !fallback
	case "source_ip_address":
		p.source, err = b.word(n, path)
	case "tls":
		p.secured, err = b.flag(n, path)
	case "tls_config":
		p.tlsSet = true
		return true, p.tlsConfig(n, path)
	default:
		return false, nil
	}
	return true, err
}

// settleFamily sets ip_version and source_address. Both must fit the dialled address.
func (p *probe) settleFamily() {
	keys, dialled := p.target.connection, hostOf(p.target.origin[strings.Index(p.target.origin, "://")+len("://"):])
	if p.target.proxyHost != "" {
		dialled = hostOf(p.target.proxyHost)
	}
	_, noAddress := netip.ParseAddr(dialled)
	switch {
	case p.family == "" && !p.strict:
	case noAddress == nil:
		p.note("preferred_ip_protocol and ip_protocol_fallback are left out: the URL has an address.")
	case p.strict && p.family == "ip4":
		keys.text("ip_version", "4")
	case p.strict:
		keys.text("ip_version", "6")
	case p.family == "ip4":
		keys.plain("ip_version", "prefer4")
	default:
		keys.plain("ip_version", "prefer6")
	}
	if p.source == "" {
		return
	}
	addr, err := netip.ParseAddr(p.source)
	if err != nil || !isHostAddress(addr) || noAddress == nil || keys.has("ip_version") && addr.Is4() != (p.family == "ip4") {
		p.note("source_ip_address: %s is left out: it must be an address of the IP version of the connection.", cut(p.source))
		return
	}
	keys.text("source_address", addr.String())
}

// tlsConfig takes the keys of tls_config.
func (p *probe) tlsConfig(n *yaml.Node, path string) error {
	b := p.blackbox
	files := map[string]string{}
	err := b.walk(n, path, func(key string, n *yaml.Node) error {
		value, err := b.word(n, path+"."+key)
		if err != nil {
			return err
		}
		switch key {
		case "insecure_skip_verify":
			on, err := b.flag(n, path+"."+key)
			if on {
				p.tls.plain("insecure_skip_verify", "true")
			}
			return err
		case "ca_file", "cert_file", "key_file":
			files[key], err = b.file(n, path+"."+key)
			return err
		case "server_name":
			if _, err := parseAddress("https://" + value); err != nil || strings.ContainsAny(value, "/?#@:") {
				return b.fail(n, path+"."+key, "must be the name of a host")
			}
			p.tls.text("server_name", value)
		case "min_version", "max_version":
			version, ok := map[string]string{"TLS10": "1.0", "TLS11": "1.1", "TLS12": "1.2", "TLS13": "1.3"}[value]
			if !ok {
				return b.fail(n, path+"."+key, "must be TLS10, TLS11, TLS12 or TLS13, not %s", cut(value))
			}
			p.tls.text(key, version)
		default:
			p.unsaid("tls_config."+key, n)
		}
		return nil
	})
	p.tlsFiles(files)
	p.checkVersions()
	return err
}

func (p *probe) tlsFiles(files map[string]string) {
	if ca := files["ca_file"]; ca != "" {
		renderFile(p.tls, "ca_file", ca, p.request.exists)
	}
	cert, key := files["cert_file"], files["key_file"]
	if cert == "" && key == "" {
		return
	}
	there := func(path string) bool { return path != "" && p.request.exists != nil && p.request.exists(path) }
	if there(cert) && there(key) {
		p.tls.text("cert_file", cert)
		p.tls.text("key_file", key)
		return
	}
	p.tls.note("A client certificate needs both files, and they are not here. If they exist, remove the # below.")
	p.tls.add(&entry{key: "cert_file", value: quote(cert), off: true})
	p.tls.add(&entry{key: "key_file", value: quote(key), off: true})
}

// checkVersions adds a lowest version of TLS if only a highest version is given, below 1.2.
func (p *probe) checkVersions() {
	var low, high string
	for _, e := range p.tls.entries {
		switch e.key {
		case "min_version":
			low = strings.Trim(e.value, `"`)
		case "max_version":
			high = strings.Trim(e.value, `"`)
		}
	}
	if high != "" && low == "" && high < "1.2" {
		p.tls.text("min_version", high)
	}
	if high != "" && low > high {
		p.tls.remove("min_version")
		p.tls.remove("max_version")
		p.note("tls_config.min_version is above max_version: both are left out.")
	}
}

// endpoint sets the URL of a target without a path: HOST:PORT, or a placeholder.
func (p *probe) endpoint(scheme, port string, needsPort bool) error {
	if p.given == "" {
		p.target.origin = scheme + "://" + placeholderHost
		if port != "" {
			p.target.origin += ":" + port
		}
		p.note("The module has no target: put one into url, or import with --target.")
		return nil
	}
	host := strings.TrimSuffix(trimScheme(p.given), "/")
	u, err := url.Parse(scheme + "://" + host)
	if err != nil || u.Host != host || u.Hostname() == "" || checkHost(u) != nil || needsPort && u.Port() == "" {
		wanted := "HOST"
		if needsPort {
			wanted = "HOST:PORT"
		}
		return fmt.Errorf("--target: %s is not a %s that the module %s can probe", withoutUser(p.given), wanted, cut(p.module.name))
	}
	if _, literal := netip.ParseAddr(host); literal == nil && strings.Contains(host, ":") {
		host = net.JoinHostPort(host, port)
	}
	p.target.origin = scheme + "://" + host
	return nil
}

// buildTCP is for modules of kind tcp.
func (p *probe) buildTCP(section *yaml.Node) error {
	err := p.walk(section, func(key string, n *yaml.Node) (taken bool, err error) {
		if key != "query_response" {
			return false, nil
		}
		p.note("query_response is left out: the prober sends nothing to a tcp or tls target, and does not read what it says (%s).", counted(len(n.Content), "step"))
		return true, nil
	})
	if err != nil {
		return err
	}
	return p.securedOr("tls", "443", "tcp", "80")
}

// buildGRPC is for modules of kind grpc.
func (p *probe) buildGRPC(section *yaml.Node) error {
	err := p.walk(section, func(key string, n *yaml.Node) (taken bool, err error) {
		if key != "service" {
			return false, nil
		}
		service, err := p.blackbox.word(n, p.path+".service")
		if service != "" {
			grpc := newBlock()
			grpc.plain("message", "{service: "+quoteInList(service)+"}")
			p.target.sections = append(p.target.sections, &entry{key: "grpc", below: grpc})
		}
		return true, err
	})
	if err != nil {
		return err
	}
	return p.securedOr("grpcs", "443", "grpc", "50051")
}

// walk reads the keys of a section with few own keys. own reads an own key, and reports whether key is one.
func (p *probe) walk(section *yaml.Node, own func(key string, n *yaml.Node) (taken bool, err error)) error {
	return p.blackbox.walk(section, p.path, func(key string, n *yaml.Node) error {
		if taken, err := own(key, n); taken || err != nil {
			return err
		}
		taken, err := p.common(key, n)
		if err == nil && !taken {
			p.unsaid(key, n)
		}
		return err
	})
}

// securedOr sets the scheme and the port of the target: the secured ones with TLS, otherwise the plain ones.
func (p *probe) securedOr(secured, securedPort, plain, plainPort string) error {
	if p.secured {
		return p.endpoint(secured, securedPort, true)
	}
	p.dropTLS("tls is not set")
	return p.endpoint(plain, plainPort, true)
}

// dropTLS leaves out the keys of TLS for a target without TLS.
func (p *probe) dropTLS(why string) {
	if p.tlsSet && !p.tls.isEmpty() {
		p.note("tls_config is left out: %s.", why)
	}
	p.tls = newBlock()
}

var questionName = regexp.MustCompile(`^(\.|([A-Za-z0-9_*-]{1,63}\.)*[A-Za-z0-9_*-]{1,63}\.?)$`)

// noProxyEntry is a host, or a domain with a dot before it.
var noProxyEntry = regexp.MustCompile(`^\.?([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?$`)

// noProxy returns the entries of a comma-separated list, false if an entry has no counterpart.
func noProxy(list string) ([]string, bool) {
	var all []string
	for item := range strings.SplitSeq(list, ",") {
		item = strings.TrimSpace(item)
		prefix, err := netip.ParsePrefix(item)
		addr, errAddr := netip.ParseAddr(item)
		isNetwork := err == nil && prefix == prefix.Masked() && !prefix.Addr().Is4In6()
		isAddress := errAddr == nil && isHostAddress(addr)
		if item != "*" && !isNetwork && !isAddress && !noProxyEntry.MatchString(item) || slices.Contains(all, item) {
			return nil, false
		}
		all = append(all, item)
	}
	return all, len(all) > 0
}
