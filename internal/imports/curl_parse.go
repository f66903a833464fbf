package imports

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// parseCurl parses the words of one command. The first is curl.
func parseCurl(c command) ([]*curlRun, error) {
	p := curlParser{options: curlOptions(), line: c.line, words: c.words[1:]}
	p.next()
	p.now.notes = append(p.now.notes, c.notes...)
	for len(p.words) > 0 {
		word := p.words[0]
		p.words = p.words[1:]
		var err error
		switch {
		case word == "--next" || word == "-:":
			p.next()
		case strings.HasPrefix(word, "--") && len(word) > 2:
			err = p.long(word)
		case strings.HasPrefix(word, "-") && len(word) > 1 && word != "--":
			err = p.short(word[1:])
		case word != "--" && word != "":
			p.now.urls = append(p.now.urls, word)
		}
		if err != nil {
			return nil, &placeError{line: c.line, msg: err.Error()}
		}
	}
	return p.done, nil
}

type curlParser struct {
	options []curlOption
	line    int
	words   []string // the words to come
	done    []*curlRun
	now     *curlRun
}

// next begins a run with options of its own.
func (p *curlParser) next() {
	p.now = &curlRun{line: p.line, redirects: 50, maxTime: -1, connect: -1} // redirects is the limit of curl
	p.done = append(p.done, p.now)
}

func (p *curlParser) long(word string) error {
	name := word[2:]
	for _, o := range p.options {
		switch {
		case o.long == name:
			return p.apply(o, word, "", false)
		case !o.value && "no-"+o.long == name:
			return p.off(o)
		}
	}
	name, _, hasValue := strings.Cut(word, "=")
	if hasValue {
		return fmt.Errorf("option %s: takes its value from the next word, without =", cut(name))
	}
	return fmt.Errorf("option %s: is not known; this import knows the options of curl 8", cut(word))
}

// off is for --no-NAME: it takes a switch back.
func (p *curlParser) off(o curlOption) error { return o.set(p.now, "no") }

// short takes letters that share one dash. A value may follow in the same word.
func (p *curlParser) short(letters string) error {
	for i := range len(letters) {
		o, ok := p.letter(letters[i : i+1])
		if !ok {
			return fmt.Errorf("option %s: is not known; this import knows the options of curl 8", cut("-"+letters[i:i+1]))
		}
		rest := letters[i+1:]
		if err := p.apply(o, "-"+o.short, rest, o.value && rest != ""); err != nil || o.value {
			return err
		}
	}
	return nil
}

func (p *curlParser) letter(short string) (curlOption, bool) {
	for _, o := range p.options {
		if o.short == short {
			return o, true
		}
	}
	return curlOption{}, false
}

// apply sets an option. Its value is the next word, unless hasValue is set.
func (p *curlParser) apply(o curlOption, word, value string, hasValue bool) error {
	if o.value && !hasValue {
		if len(p.words) == 0 {
			return fmt.Errorf("option %s: its value is missing", word)
		}
		value, p.words = p.words[0], p.words[1:]
	}
	if err := o.set(p.now, value); err != nil {
		return fmt.Errorf("option %s: %w", word, err)
	}
	return nil
}

// addData adds a piece of a body for an option of the given kind.
func (r *curlRun) addData(kind, value string) error {
	file, isFile := strings.CutPrefix(value, "@")
	switch {
	case kind == "urlencode":
		return r.addEncoded(value)
	case kind == "raw" || !isFile:
		r.data = append(r.data, curlData{text: value, joined: kind != "json"})
	default:
		r.data = append(r.data, curlData{file: file, stripped: kind == "data", joined: kind != "json"})
	}
	r.isJSON = r.isJSON || kind == "json"
	return nil
}

// addEncoded takes content, =content, name=content, @file and name@file.
func (r *curlRun) addEncoded(value string) error {
	at := strings.IndexAny(value, "=@")
	switch {
	case at < 0:
		value = encodeForm(value)
	case value[at] == '@':
		return errors.New("encodes a file, which this import does not read; use --data-urlencode with its content")
	case at == 0:
		value = encodeForm(value[1:])
	default:
		value = value[:at+1] + encodeForm(value[at+1:])
	}
	r.data = append(r.data, curlData{text: value, joined: true})
	return nil
}

// encodeForm encodes as curl does, with %20 for a space.
func encodeForm(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func (r *curlRun) addHeader(name, value string) error {
	r.headers = append(r.headers, name+": "+value)
	return nil
}
