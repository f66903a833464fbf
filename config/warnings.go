package config

import (
	"bytes"
	"errors"

	"gopkg.in/yaml.v3"
)

// warnings are about what is in the file without a mistake, but hardly meant. They
// are about the whole file or, with a pick, about what matters to that.
func warnings(data []byte, root *yaml.Node, path string, pick *Pick) []Error {
	if !bytes.Contains(data, []byte("${")) {
		return nil
	}
	r, f := newReport(path, words), variableFinder{}
	file := newScope(r, nil)
	c := file.cursor(root)
	for _, p := range c.pairs(root) {
		switch {
		case p.key.Value == "defaults":
			f.find(file.part("defaults", nil).cursor(p.key), p.value)
		case p.key.Value == "targets":
			for i, item := range p.value.Content {
				if name := nameIn(item); pick == nil || name == pick.Target {
					place := targetPlace(c.child(p.key).item(i, item).path, name)
					f.find(file.part(place, nil).cursor(item), item)
				}
			}
		default:
			f.find(c.child(p.key), p.value)
		}
	}
	found, _ := errors.AsType[Errors](r.err())
	return found
}
