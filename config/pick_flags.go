package config

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
)

// pickFlag is a flag for one key of the picked target.
type pickFlag struct {
	name, key string
	// read turns the given texts into the value as a file has it.
	read func(texts []string) (*yaml.Node, error)
}

// pickFlags returns all flags, in the order in which they are set.
func pickFlags() []pickFlag {
	return []pickFlag{
		{"against", urlKey, plainText},
		{"method", "request.method", plainText},
		{"header", "request.headers", headerLines},
		{"data", "request.body", bodyText},
		{"data-file", "request.body_file", pathText},
		{"basic-auth-file", "request.basic_auth", pathText},
		{"bearer-file", "request.authorization", bearer},
		{"timeout", "timeout", yamlText},
		{"http-version", "connection.http_version", yamlText},
		{"insecure", "connection.tls.insecure_skip_verify", yamlText},
		{"proxy", "connection.proxy_url", yamlText},
		{"resolve", "connection.resolve", texts},
		{"expect.status", "expect.status", texts},
		{"expect.latency", "expect.max_latency", yamlText},
		{"expect.body", "expect.body.contains", plainText},
		{"requests", "burst.requests", yamlText},
		{"duration", "burst.duration", yamlText},
		{"rate", "burst.rate", yamlText},
		{"concurrency", "burst.concurrency", yamlText},
	}
}

// PickFlags returns the possible names in [Pick.Flags], without dashes.
func PickFlags() []string {
	var names []string
	for _, f := range pickFlags() {
		names = append(names, f.name)
	}
	return names
}

// override puts the flags over whole and checks the result. whole is t before its checks, and s knows the keys set in
// it. A URL is checked even without flags. The checks run once for the file and once with the flags: a mistake of the
// file is reported with its line even if a flag would cover it.
func (l *loader) override(t, whole *Target, s *form.Scope, isURL bool) {
	p, isSound := l.pick, s.Found() == 0
	thresholds := p.judge(t.Thresholds, s)
	if isSound && (isURL || len(p.Flags)+len(p.Burst) > 0) {
		flags := s.Flags()
		if isURL {
			flags.Mark(urlKey, &yaml.Node{})
		}
		p.set(whole, flags)
		checks{flags}.all(whole)
		checks{flags}.checkPolicy(whole, l.rules())
		if len(whole.Items()) == 0 {
			checks{flags}.checkTemplatesOf(whole, nil)
		}
		*t = *whole
	}
	t.Thresholds = thresholds
}

// set gives the keys of t the values of the flags. s is the scope of the flags.
func (p *Pick) set(t *Target, s *form.Scope) {
	for _, f := range burstFields(&t.Burst) {
		if text, ok := p.Burst[f.Name]; ok {
			s.Set("burst."+f.Name, f.Value, text)
		}
	}
	for _, f := range pickFlags() {
		given, ok := p.Flags[f.name]
		if !ok {
			continue
		}
		if err := p.setOne(f, t, s, given); err != nil {
			s.AddError(form.Error{Path: "--" + f.name, Msg: err.Error()})
		}
	}
}

// setOne sets the key of one flag. It returns mistakes in the flag itself.
func (p *Pick) setOne(f pickFlag, t *Target, s *form.Scope, given []string) error {
	part, name, _ := strings.Cut(f.key, ".")
	_, isTwice := p.Burst[name]
	switch {
	case part == "burst" && isTwice:
		return errors.New("says the same as --" + f.key + ": give one of them")
	case len(t.Items()) > 0 && slices.Contains([]string{"request", "expect", "timeout"}, part):
		return errors.New("has no meaning for a target with requests or a journey: each request has its own")
	}
	n, err := f.read(given)
	if err != nil {
		return err
	}
	key, fields := f.key, targetFields(t)
	if f.name == "header" {
		n = withoutHost(n, func(host *yaml.Node) { s.Put("request.host", fields.At("request.host"), host) })
		if t.Kind() == KindGRPC {
			key = "grpc.metadata"
		}
	}
	value := fields.At(key)
	if f.name == "basic-auth-file" {
		value = form.OneOf(loginFile{&t.Request.BasicAuth}, logins(&t.Request))
	}
	s.Put(key, value, n)
	return nil
}

// naming returns err with the names of the given flags instead of their keys. Whoever wrote a flag has never seen the
// key behind it.
func (p *Pick) naming(err error) error {
	all, ok := errors.AsType[form.Errors](err)
	if !ok {
		return err
	}
	for i := range all {
		if e := &all[i]; e.File == "" {
			e.Path = p.named(e.Path)
		}
	}
	return all
}

// named returns the path of a mistake, with the given flag instead of its key.
func (p *Pick) named(path string) string {
	if _, isOther := p.Flags["against"]; path == "--"+urlKey && !isOther {
		return "URL"
	}
	for _, f := range append(pickFlags(), pickFlag{name: "header", key: "grpc.metadata"}, pickFlag{name: "header", key: "request.host"}) {
		_, isGiven := p.Flags[f.name]
		rest, isOf := strings.CutPrefix(path, "--"+f.key)
		switch {
		case !isGiven || !isOf:
		case rest == "" || rest[0] == '[':
			return "--" + f.name + rest
		case rest[0] == '.' && f.name == "header":
			return "--header: " + rest[1:]
		case rest[0] == '.':
			return "--" + f.name
		}
	}
	return path
}

// plainText takes the last text as it is.
func plainText(given []string) (*yaml.Node, error) { return form.TextNode(given[len(given)-1]), nil }

// bodyText takes the last text as it is. It refuses @file: to other programs this means the content of a file.
func bodyText(given []string) (*yaml.Node, error) {
	if strings.HasPrefix(given[len(given)-1], "@") {
		return nil, errors.New("must not begin with @: --data-file sends the content of a file")
	}
	return plainText(given)
}

// yamlText parses the last text as a value in a file, so that null resets a key.
func yamlText(given []string) (*yaml.Node, error) {
	n := form.ParseValue(given[len(given)-1])
	if n == nil {
		return nil, errors.New("is not a valid value")
	}
	return n, nil
}

// pathText takes a path relative to the working directory, not to the file of the configuration.
func pathText(given []string) (*yaml.Node, error) {
	path := given[len(given)-1]
	if absolute, err := filepath.Abs(path); err == nil && path != "" {
		path = absolute
	}
	return form.TextNode(path), nil
}

// bearer takes the path of a file with a bearer token.
func bearer(given []string) (*yaml.Node, error) {
	path, err := pathText(given)
	return &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{form.TextNode("type"), form.TextNode(defaultScheme), form.TextNode("credentials_file"), path}}, err
}

// texts takes several texts, separated by commas or in several flags. null alone resets the key.
func texts(given []string) (*yaml.Node, error) {
	all := strings.Split(strings.Join(given, ","), ",")
	if len(all) == 1 && all[0] == "null" {
		return form.ParseValue("null"), nil
	}
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for _, text := range all {
		n.Content = append(n.Content, form.TextNode(strings.TrimSpace(text)))
	}
	return n, nil
}

// headerLines takes lines such as "Accept: text/html". Lines with the same name make a list. Its errors hold no part of
// a line.
func headerLines(given []string) (*yaml.Node, error) {
	n, at := &yaml.Node{Kind: yaml.MappingNode}, map[string]*yaml.Node{}
	for _, line := range given {
		name, value, ok := strings.Cut(line, ":")
		key := strings.ToLower(name)
		switch {
		case !ok:
			return nil, errors.New("must be a name, a colon and a value, such as 'Accept: text/html'")
		case strings.TrimSpace(key) == "authorization":
			return nil, errors.New("must not contain a secret, because other users can read a command line; use --bearer-file or --basic-auth-file")
		case at[key] == nil:
			at[key] = &yaml.Node{Kind: yaml.SequenceNode}
			n.Content = append(n.Content, form.TextNode(name), at[key])
		}
		at[key].Content = append(at[key].Content, form.TextNode(strings.Trim(value, " ")))
	}
	return n, nil
}

// withoutHost passes the value of the header Host to take, because Host is no header in the file. It returns the other
// headers.
func withoutHost(headers *yaml.Node, take func(*yaml.Node)) *yaml.Node {
	rest := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i+1 < len(headers.Content); i += 2 {
		name, values := headers.Content[i], headers.Content[i+1]
		if strings.EqualFold(name.Value, "Host") && len(values.Content) == 1 {
			take(values.Content[0])
			continue
		}
		rest.Content = append(rest.Content, name, values)
	}
	return rest
}

// loginFile is a file with a user name, a colon and a password.
type loginFile struct{ to **BasicAuth }

// Decode implements [form.Value].
func (l loginFile) Decode(c form.Cursor, n *yaml.Node) {
	var name, login string
	form.SecretFile{Path: &name, Content: &login}.Decode(c, n)
	if login == "" { // it was reported
		return
	}
	username, password, ok := strings.Cut(login, ":")
	if !ok || username == "" {
		c.Fail("cannot use the file: it must hold a user name, a colon and a password")
		return
	}
	*l.to = &BasicAuth{Username: username, PasswordFile: name, Password: password}
}

// Encode implements [form.Value]: files have no such key.
func (l loginFile) Encode() *yaml.Node { return nil }

// Reset implements [form.Value].
func (l loginFile) Reset() { *l.to = nil }

// Shape implements [form.Value].
func (l loginFile) Shape() form.Shape { return form.SomeText() }
