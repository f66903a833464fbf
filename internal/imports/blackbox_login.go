package imports

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// httpLogin takes the keys of a login.
func (p *probe) httpLogin(_ *httpProbe, key string, n *yaml.Node) (taken bool, err error) {
	b, path := p.blackbox, p.path+"."+key
	var l *login
	switch key {
	case "basic_auth":
		l, err = p.loginKeys(n, path, key, &login{scheme: "Basic"})
	case "authorization":
		l, err = p.loginKeys(n, path, key, &login{scheme: "Bearer"})
	case "oauth2":
		l, err = p.loginKeys(n, path, key, &login{scheme: oauth2Scheme})
	case "bearer_token":
		l = &login{scheme: "Bearer"}
		l.secret, err = b.word(n, path)
	case "bearer_token_file":
		l = &login{scheme: "Bearer"}
		l.file, err = b.file(n, path)
	default:
		return false, nil
	}
	if err != nil {
		return true, err
	}
	p.setLogin(l, key)
	return true, nil
}

// setLogin takes the first login of a module, if the prober can send it.
func (p *probe) setLogin(l *login, key string) {
	switch {
	case p.request.login != nil:
		p.note("%s is left out: the module has other credentials, too.", key)
	case !isVisible(l.user) || !isVisible(l.secret) || l.scheme == "Basic" && (l.user == "" || strings.Contains(l.user, ":")):
		p.note("%s is left out: its user name or its secret cannot be sent.", key)
	case l.scheme == "Basic" && l.secret == "" && l.file == "":
		l.isNone = true
		p.request.login = l
	case l.secret == "" && l.file == "":
		p.note("%s is left out: it has no secret and no file with one.", key)
	case !isToken(l.scheme) || strings.EqualFold(l.scheme, "Basic") && l.scheme != "Basic":
		p.note("%s is left out: its type has no counterpart.", key)
	default:
		p.request.login = l
	}
}

// loginKeys takes the keys of basic_auth, authorization or oauth2.
func (p *probe) loginKeys(n *yaml.Node, path, section string, l *login) (*login, error) {
	b := p.blackbox
	err := b.walk(n, path, func(key string, n *yaml.Node) (err error) {
		switch key {
		case "username", "client_id":
			l.user, err = b.word(n, path+"."+key)
		case "password", "credentials", "client_secret":
			l.secret, err = b.word(n, path+"."+key)
		case "password_file", "credentials_file", "client_secret_file":
			l.file, err = b.file(n, path+"."+key)
		case "type":
			var scheme string
			scheme, err = b.word(n, path+"."+key)
			l.scheme = orElse(strings.TrimSpace(scheme), "Bearer")
		case "token_url":
			var raw string
			raw, err = b.word(n, path+"."+key)
			at, wrong := parseAddress(raw)
			if err == nil && (wrong != nil || at.user != nil || at.scheme != "http" && at.scheme != "https") {
				err = b.fail(n, path+"."+key, "must be a URL that begins with http:// or https://")
			}
			l.more = append(l.more, setting{key, quote(at.origin() + at.path)})
		case "scopes":
			var all []string
			all, err = b.words(n, path+"."+key)
			if s := values(all...); err == nil && len(all) > 0 && !strings.ContainsAny(strings.Join(all, ""), " \"\\") {
				l.more = append(l.more, setting{key, s.value})
			}
		default:
			p.unsaid(section+"."+key, n)
		}
		return err
	})
	if l.scheme == oauth2Scheme && err == nil && (l.user == "" || len(l.more) == 0 || l.more[0].key != "token_url" && (len(l.more) < 2 || l.more[1].key != "token_url")) {
		err = b.fail(n, path, "needs client_id and token_url")
	}
	return l, err
}
