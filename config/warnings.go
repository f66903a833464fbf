package config

import (
	"bytes"
	"errors"

	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
)

// warnings returns warnings about valid settings that are hardly meant. They
// concern the whole file or, with a pick, the part that matters to the pick.
func warnings(data []byte, root *yaml.Node, path string, pick *Pick) []form.Error {
	// Most files have none, and need no search.
	if !bytes.Contains(data, []byte("${")) {
		return nil
	}
	r, f := form.NewReport(path, words), form.VariableFinder{}
	file := form.NewScope(r, nil)
	c := file.Cursor(root)
	for _, p := range c.Pairs(root) {
		switch {
		case p.Key.Value == "defaults":
			f.Find(file.Part("defaults", nil).Cursor(p.Key), p.Value)
		case p.Key.Value == "targets":
			for i, item := range p.Value.Content {
				if name := nameIn(item); pick == nil || pick.mayHave(name) {
					place := targetPlace(c.Child(p.Key).Item(i, item).Path, name)
					f.Find(file.Part(place, nil).Cursor(item), item)
				}
			}
		default:
			f.Find(c.Child(p.Key), p.Value)
		}
	}
	found, _ := errors.AsType[form.Errors](r.Err())
	return found
}
