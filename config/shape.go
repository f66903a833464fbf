package config

import (
	"maps"
	"slices"
	"strings"

	"example.com/prober/config/form"
)

// The places of shapes shared within a schema.
const (
	shapeOfTarget   = "#/definitions/target"
	shapeOfDefaults = "#/definitions/defaults"
	shapeOfTemplate = "#/definitions/template"
	shapeOfLabel    = "#/definitions/label"
)

// About is the reference's description of a key.
type About struct {
	// Text describes the key. It may be empty.
	Text string
	// Default is the value without the key, and Examples are values to try. encoding/json writes all of them. Nil means
	// none.
	Default  any
	Examples []any
}

// Schema returns the JSON Schema (draft 7) of prober.yml. about returns the description of each key by its path, such
// as burst.rate.
func Schema(about func(path string) About) form.Shape {
	var sources []any
	for _, key := range []string{targetsKey, "target_files", "discover"} {
		sources = append(sources, form.Shape{"required": []any{key}})
	}
	return schema("prober.yml", "The configuration of prober.", fileFields(new(Config)), about).With("anyOf", sources)
}

// TargetFileSchema returns the schema of a file that target_files names.
func TargetFileSchema(about func(path string) About) form.Shape {
	return schema("targets of prober", "A file of targets, which target_files of prober.yml names.", partFields(&loader{config: new(Config)}), about)
}

func schema(title, description string, fields form.Section, about func(path string) About) form.Shape {
	root := describer{about}.below("", fields.Shape())
	target := describer{about}.below("", targetFields(new(Target)).Shape())
	shareItems(target)
	definitions := form.Shape{
		"target":   target,
		"defaults": defaultsShape(),
	}
	if fields.Has("discover") {
		definitions["template"] = templateShape(target, shapeOfTarget)
		definitions["label"] = form.Shape{
			"type": "string", "pattern": `\{\{.*\}\}`, "patternErrorMessage": "must be a value of the key, or a text with {{ label }}",
		}
	}
	return root.With("$schema", "http://json-schema.org/draft-07/schema#").With("title", title).
		With("description", description).With("definitions", definitions)
}

// defaultsShape returns the shape of the defaults of targets. It refers to the shape of a target for the keys.
func defaultsShape() form.Shape {
	own := targetFields(new(Target)).AsDefaults("target").Shape()
	return own.With("properties", references(propertiesOf(own), shapeOfTarget))
}

// references returns, for each of the keys, a reference to the same key in the shape at place.
func references(keys form.Shape, place string) form.Shape {
	all := form.Shape{}
	for name := range keys {
		all[name] = form.RefTo(place + "/properties/" + name)
	}
	return all
}

// shareItems replaces shapes in the requests of a target with references to the target's own keys. Otherwise
// the schema would describe each key three times.
func shareItems(target form.Shape) {
	own := propertiesOf(target)
	request := references(propertiesOf(shapeAt(own, "request")), shapeOfTarget+"/properties/request")
	for _, list := range []string{mixKey, journeyKey} {
		keys := propertiesOf(shapeAt(shapeAt(own, list), "items"))
		for name := range keys {
			if _, ofRequest := request[name]; ofRequest {
				keys[name] = request[name]
			} else if name == "grpc" || name == "expect" {
				keys[name] = form.RefTo(shapeOfTarget + "/properties/" + name)
			}
		}
	}
}

// templateShape returns the shape at a place in a template: every single value may also be a text with labels.
func templateShape(s form.Shape, place string) form.Shape {
	if s["properties"] == nil {
		return form.Shape{"anyOf": []any{form.RefTo(place), form.RefTo(shapeOfLabel)}}
	}
	properties := form.Shape{}
	for name, v := range propertiesOf(s) {
		below, at := v.(form.Shape), place+"/properties/"+name
		if items := shapeAt(below, "items"); items != nil {
			properties[name] = below.With("items", templateShape(items, at+"/items"))
			continue
		}
		properties[name] = templateShape(below, at)
	}
	return s.With("properties", properties)
}

func propertiesOf(s form.Shape) form.Shape { return shapeAt(s, "properties") }

func shapeAt(s form.Shape, keyword string) form.Shape {
	below, _ := s[keyword].(form.Shape)
	return below
}

// describer adds the texts of the reference to shapes.
type describer struct {
	about func(path string) About
}

// below returns a copy of the shape of the key at path, with descriptions of all keys below it.
func (d describer) below(path string, s form.Shape) form.Shape {
	s = maps.Clone(s)
	for _, keyword := range []string{"items", "additionalProperties"} {
		if inner, ok := s[keyword].(form.Shape); ok {
			s[keyword] = d.below(path, inner)
		}
	}
	if s["properties"] == nil {
		return s
	}
	properties := form.Shape{}
	for name, v := range propertiesOf(s) {
		at := strings.TrimPrefix(path+"."+name, ".")
		properties[name] = d.describe(at, d.below(at, v.(form.Shape)))
	}
	s["properties"] = properties
	return s
}

func (d describer) describe(path string, s form.Shape) form.Shape {
	about := d.about(path)
	if _, isReference := s["$ref"]; isReference { // draft 7 ignores everything beside it
		s = form.Shape{"allOf": []any{s}}
	}
	if about.Text != "" {
		s["description"] = about.Text
	}
	if about.Default != nil {
		s["default"] = about.Default
	}
	if len(about.Examples) > 0 {
		s["examples"] = slices.Clone(about.Examples)
	}
	return s
}
