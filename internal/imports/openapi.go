package imports

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"gopkg.in/yaml.v3"
)

// OpenAPIOptions say how to import an OpenAPI document.
type OpenAPIOptions struct {
	Options
	// URL replaces the servers of the document, unless it is empty.
	URL string
	// Read returns a referenced file, by its path relative to the document. Nil refuses all files.
	Read func(name string) ([]byte, error)
}

// OpenAPI imports a document of OpenAPI 3 or Swagger 2.0. Each server becomes a target, with the operations as its mix.
func OpenAPI(source []byte, o OpenAPIOptions) (*Result, error) {
	doc, err := loadOpenAPI(source, &o)
	if err != nil {
		return nil, err
	}
	a := api{options: &o, doc: doc}
	if a.given, err = parseGiven(o.URL); err != nil {
		return nil, err
	}
	if doc.Paths != nil {
		for _, at := range sortedKeys(doc.Paths.Map()) {
			a.addPath(at, doc.Paths.Value(at))
		}
	}
	if len(a.targets) == 0 {
		return nil, &placeError{name: o.Name, key: "paths", msg: "has no operation"}
	}
	for _, t := range a.targets {
		a.settle(t)
	}
	return finish(a.head(), a.targets, o.Options)
}

// parseGiven parses the URL of the options, nil without one.
func parseGiven(raw string) (*address, error) {
	if raw == "" {
		return nil, nil //nolint:nilnil // no URL was given, which is no mistake
	}
	at, err := parseAddress(raw)
	if err == nil && at.scheme != "http" && at.scheme != "https" {
		err = errors.New("must begin with http:// or https://")
	}
	if err == nil && at.user != nil {
		err = errors.New("must not contain a user name or password")
	}
	if err != nil {
		return nil, fmt.Errorf("--url: %w", err)
	}
	return &at, nil
}

// loadOpenAPI reads a document with all its references.
func loadOpenAPI(source []byte, o *OpenAPIOptions) (doc *openapi3.T, err error) {
	fail := func(line int, msg string) error { return &placeError{name: o.Name, line: line, msg: msg} }
	// The loader is made for trusted documents. A panic is an error here.
	defer func() {
		if p := recover(); p != nil {
			doc, err = nil, fail(0, "cannot be read: the document does not follow OpenAPI")
		}
	}()
	version, line, err := versionOf(source)
	if err != nil {
		return nil, fail(line, err.Error())
	}
	loader := openapi3.NewLoader()
	loader.ReadFromURIFunc = func(_ *openapi3.Loader, location *url.URL) ([]byte, error) {
		name := path.Clean(location.Path)
		if location.Scheme != "" || location.Host != "" || o.Read == nil {
			return nil, errors.New("only files beside the document are read")
		}
		return o.Read(name)
	}
	if strings.HasPrefix(version, "2") {
		doc, err = loadSwagger(source, loader)
	} else {
		doc, err = loader.LoadFromDataWithPath(source, &url.URL{Path: "document"})
	}
	if err != nil {
		return nil, fail(0, "cannot be read: "+shortened(err.Error()))
	}
	return doc, nil
}

// shortened returns a message of another program on one line, and shortens a long one.
func shortened(msg string) string {
	const most = 300
	msg = strings.Join(strings.Fields(sentence(msg)), " ")
	if len(msg) > most {
		msg = strings.ToValidUTF8(msg[:most], "") + "…"
	}
	return msg
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): `)

// versionOf returns the version in a document.
func versionOf(source []byte) (version string, line int, err error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(source, &doc); err != nil {
		if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
			line, _ = strconv.Atoi(m[1])
		}
		return "", line, errors.New("is neither YAML nor JSON: " + shortened(yamlLine.ReplaceAllString(err.Error(), "")))
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return "", 1, errors.New("is not an OpenAPI document: it has no key openapi")
	}
	root := doc.Content[0]
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i].Value, root.Content[i+1]
		if key != "openapi" && key != "swagger" {
			continue
		}
		if !strings.HasPrefix(value.Value, "3.") && value.Value != "2.0" {
			return "", value.Line, fmt.Errorf("%s: must be 3.x or 2.0, not %s", key, cut(value.Value))
		}
		return value.Value, value.Line, nil
	}
	return "", 1, errors.New("is not an OpenAPI document: it has no key openapi")
}

// loadSwagger loads version 2.0 and converts it to version 3.
func loadSwagger(source []byte, loader *openapi3.Loader) (*openapi3.T, error) {
	var plain any
	if err := yaml.Unmarshal(source, &plain); err != nil {
		return nil, err
	}
	text, err := json.Marshal(withTextKeys(plain))
	if err != nil {
		return nil, err
	}
	var old openapi2.T
	if err := json.Unmarshal(text, &old); err != nil {
		return nil, err
	}
	return openapi2conv.ToV3WithLoader(&old, loader, &url.URL{Path: "document"})
}

// withTextKeys converts a value of YAML for JSON: a status as a key is a number in YAML.
func withTextKeys(v any) any {
	switch v := v.(type) {
	case map[any]any:
		object := map[string]any{}
		for key, value := range v {
			object[fmt.Sprint(key)] = withTextKeys(value)
		}
		return object
	case map[string]any:
		for key, value := range v {
			v[key] = withTextKeys(value)
		}
	case []any:
		for i, value := range v {
			v[i] = withTextKeys(value)
		}
	}
	return v
}

// api makes targets of a document.
type api struct {
	options *OpenAPIOptions
	doc     *openapi3.T
	given   *address // the URL of the options, or nil
	targets []*target
	// unsafe counts the operations with side effects. schemes counts the uses of each security scheme.
	unsafe  int
	schemes map[*target]map[string]int
	skipped []string
}

func (a *api) head() []string {
	title := ""
	if a.doc.Info != nil && a.doc.Info.Title != "" {
		title = " " + cut(a.doc.Info.Title)
	}
	head := []string{"Imported from the OpenAPI document" + title + "."}
	if a.unsafe > 0 {
		head = append(head, counted(a.unsafe, "request")+" of a method other than GET, HEAD and OPTIONS may change data: remove those that must not be sent.")
	}
	if n := len(a.doc.Webhooks); n > 0 {
		head = append(head, counted(n, "webhook")+" left out: the server sends such requests.")
	}
	return append(head, a.skipped...)
}

// addPath adds the operations of one path, in the order of the standard.
func (a *api) addPath(at string, item *openapi3.PathItem) {
	if item == nil {
		return
	}
	operations := item.Operations()
	order := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}
	for _, name := range sortedKeys(operations) {
		if !slices.Contains(order, name) {
			order = append(order, name)
		}
	}
	for _, name := range order {
		op := operations[name]
		if op == nil {
			continue
		}
		verb, ok := method(name)
		if !ok || !strings.HasPrefix(at, "/") {
			a.skipped = append(a.skipped, fmt.Sprintf("Left out: %s %s: it cannot be sent as a request.", cut(name), cut(at)))
			continue
		}
		a.addOperation(at, verb, item, op)
	}
}

func (a *api) addOperation(at, verb string, item *openapi3.PathItem, op *openapi3.Operation) {
	base, notes := a.base(item, op)
	t := a.target(base, notes)
	b := operation{api: a, target: t, op: op, request: &request{method: verb, name: nameOf(verb, at)}}
	if op.OperationID != "" {
		b.request.name = requestName(op.OperationID)
	}
	b.build(strings.TrimSuffix(base.path, "/")+at, item)
	t.requests = append(t.requests, b.request)
	if !slices.Contains([]string{"GET", "HEAD", "OPTIONS", "TRACE"}, verb) {
		a.unsafe++
	}
	a.addSecurity(t, op)
}

// placeholderHost stands for an unknown host.
const placeholderHost = "target.example"

// base returns the address of an operation: the URL of the options, or else the first server.
func (a *api) base(item *openapi3.PathItem, op *openapi3.Operation) (base address, notes []string) {
	if a.given != nil {
		base = *a.given
		base.path, _, _ = strings.Cut(base.path, "?")
		return base, nil
	}
	servers := a.doc.Servers
	if len(item.Servers) > 0 {
		servers = item.Servers
	}
	if op.Servers != nil && len(*op.Servers) > 0 {
		servers = *op.Servers
	}
	servers = slices.DeleteFunc(slices.Clone(servers), func(s *openapi3.Server) bool { return s == nil })
	if len(servers) == 0 {
		return address{scheme: "https", host: placeholderHost, path: "/"}, []string{"The document names no server: put its host into url, or import with --url."}
	}
	raw := servers[0].URL
	for _, name := range sortedKeys(servers[0].Variables) {
		if v := servers[0].Variables[name]; v != nil {
			raw = strings.ReplaceAll(raw, "{"+name+"}", v.Default)
		}
	}
	for _, other := range servers[1:] {
		notes = append(notes, "Another server of the document: "+withoutUser(other.URL)+".")
	}
	base, err := parseAddress(raw)
	if err == nil && (base.scheme == "http" || base.scheme == "https") {
		base.path, _, _ = strings.Cut(base.path, "?")
		if base.user != nil {
			base.user = nil
			notes = append(notes, "The user name and password in the URL of the server are left out.")
		}
		return base, notes
	}
	notes = append(notes, "The server "+withoutUser(servers[0].URL)+" names no host: put it into url, or import with --url.")
	if !strings.HasPrefix(raw, "/") || strings.ContainsAny(raw, "{}?#") {
		raw = "/"
	}
	return address{scheme: "https", host: placeholderHost, path: escapePath(path.Clean(raw))}, notes
}

func (a *api) target(base address, notes []string) *target {
	for _, t := range a.targets {
		if t.origin == base.origin() {
			for _, n := range notes {
				if !slices.Contains(t.notes, n) {
					t.notes = append(t.notes, n)
				}
			}
			return t
		}
	}
	t := &target{name: base.name(), origin: base.origin(), notes: notes}
	a.targets = append(a.targets, t)
	return t
}

// settle does not fold requests: the operations of a document differ.
func (a *api) settle(t *target) {
	t.one = len(t.requests) == 1
	for _, name := range sortedKeys(a.schemes[t]) {
		t.notes = append(t.notes, a.securityNote(name, a.schemes[t][name]))
	}
}

// addSecurity counts the schemes of an operation.
func (a *api) addSecurity(t *target, op *openapi3.Operation) {
	all := a.doc.Security
	if op.Security != nil {
		all = *op.Security
	}
	if a.schemes == nil {
		a.schemes = map[*target]map[string]int{}
	}
	if a.schemes[t] == nil {
		a.schemes[t] = map[string]int{}
	}
	seen := map[string]bool{}
	for _, requirement := range all {
		for name := range requirement {
			if !seen[name] {
				seen[name] = true
				a.schemes[t][name]++
			}
		}
	}
}

// securityNote says how to log in with a scheme.
func (a *api) securityNote(name string, n int) string {
	begin := fmt.Sprintf("%s with the security scheme %s", counted(n, "request"), cut(name))
	var scheme *openapi3.SecurityScheme
	if c := a.doc.Components; c != nil && c.SecuritySchemes[name] != nil {
		scheme = c.SecuritySchemes[name].Value
	}
	if scheme == nil {
		return begin + ", which the document does not describe."
	}
	variable := variableName(scheme.Name)
	switch {
	case scheme.Type == "http" && strings.EqualFold(scheme.Scheme, "basic"):
		return begin + ": add request.basic_auth: {username: NAME, password_file: FILE}."
	case scheme.Type == "http":
		return fmt.Sprintf("%s: add request.authorization: {type: %s, credentials_file: FILE}.", begin, orElse(spelled(sentence(scheme.Scheme)), "Bearer"))
	case scheme.Type == "apiKey" && scheme.In == "header":
		return fmt.Sprintf("%s: add data: {%s: {file: FILE.csv, column: %s}} and request.headers: {%s: '{{ %s }}'}.", begin, variable, column, cut(scheme.Name), variable)
	case scheme.Type == "apiKey":
		return fmt.Sprintf("%s: add %s to the %s of each request.", begin, cut(scheme.Name), orElse(sentence(scheme.In), "query"))
	case scheme.Type == "oauth2" && scheme.Flows != nil && scheme.Flows.ClientCredentials != nil:
		return fmt.Sprintf("%s: add request.oauth2: {client_id: ID, client_secret_file: FILE, token_url: %s}.", begin, cut(scheme.Flows.ClientCredentials.TokenURL))
	case scheme.Type == "oauth2", scheme.Type == "openIdConnect":
		return begin + " (" + scheme.Type + "): add request.authorization: {type: Bearer, credentials_file: FILE} with a token."
	}
	return begin + ", which has no counterpart here."
}
