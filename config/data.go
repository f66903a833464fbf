package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
	"example.com/prober/option"
	"example.com/prober/template"
)

const (
	maxDataRows      = 1_000_000
	maxDataNames     = 1000
	maxRandomString  = 1024
	defaultRandom    = 16 // characters of a random string
	dataPathMistake  = "name must be letters, digits and _, not begin with a digit, and have 64 characters at most"
	dataSourcesAsked = "must have a source: file with column, values, from with to, or generate"
)

// dataEntry is one name of data as written in the file.
type dataEntry struct {
	file, column string
	content      []byte
	values       []string
	from, to     int64
	generate     option.Generator
	length       int
	format       option.TimeFormat
	pick         option.DataPick
}

func (e *dataEntry) fields() form.Section {
	file, values, generate := form.File{Path: &e.file, Content: &e.content}, dataValues{&e.values},
		form.Choice(&e.generate, option.GenerateUUID, option.GenerateSequence, option.GenerateInt, option.GenerateTimestamp, option.GenerateString)
	return form.Section{
		form.Key("file", file),
		form.Key("column", form.Text(&e.column, form.CheckVisible)),
		form.Key("values", values),
		form.Key("generate", generate),
		form.Key("from", wholeNumber(&e.from)),
		form.Key("to", wholeNumber(&e.to)),
		form.Key("length", form.WholeNumber(&e.length, 1, maxRandomString)),
		form.Key("format", form.Choice(&e.format, option.TimeUnix, option.TimeUnixMillis, option.TimeRFC3339)),
		form.Key("pick", form.Choice(&e.pick, option.PickInOrder, option.PickRandom, option.PickUnique)),
	}
}

// dataNames maps names to their data; null removes a name of the defaults.
type dataNames struct{ to *[]option.Data }

func (d dataNames) Decode(c form.Cursor, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		c.Fail("must be a mapping of names to what they stand for, not %s", form.KindName(n))
		return
	}
	all := slices.Clone(*d.to)
	for _, p := range c.Pairs(n) {
		name, entry := p.Key.Value, c.Entry(p)
		if !template.IsName(name) {
			entry.Fail("%s", dataPathMistake)
			continue
		}
		all = slices.DeleteFunc(all, func(old option.Data) bool { return old.Name == name })
		if form.IsNull(p.Value) && p.Value.Value != "" {
			continue
		}
		if one, ok := decodeData(entry, name, p.Value); ok {
			all = append(all, one)
		}
	}
	// The order gives names their numbers, so it must not depend on the order in the file:
	// two equal targets would differ.
	slices.SortFunc(all, func(a, b option.Data) int { return strings.Compare(a.Name, b.Name) })
	if len(all) > maxDataNames {
		c.Fail("must have at most %d names, not %d", maxDataNames, len(all))
		return
	}
	*d.to = all
}

// Shape implements [form.Value].
func (dataNames) Shape() form.Shape {
	return form.MapOf(new(dataEntry).fields().Shape().With("minProperties", 1)).With("propertyNames", nameShape())
}

// nameShape returns the shape of a name that may stand in braces.
func nameShape() form.Shape {
	return form.Shape{"pattern": "^[a-zA-Z_][a-zA-Z0-9_]{0,63}$", "patternErrorMessage": dataPathMistake}
}

func (d dataNames) Reset() { *d.to = nil }

func decodeData(c form.Cursor, name string, n *yaml.Node) (option.Data, bool) {
	if n.Kind != yaml.MappingNode {
		c.Fail("%s", dataSourcesAsked)
		return option.Data{}, false
	}
	before := c.Found()
	// An entry of a target replaces that of the defaults as a whole: half of a file and
	// half of a range would be neither.
	for _, f := range new(dataEntry).fields() {
		c.Forget(c.Path + "." + f.Name) // the defaults for this name
	}
	e := new(dataEntry)
	e.fields().Decode(c, n)
	if c.Found() > before {
		return option.Data{}, false
	}
	given := func(key string) bool { return c.IsSet(c.Path + "." + key) }
	if err := e.check(given); err != nil {
		c.Fail("%s", err)
		return option.Data{}, false
	}
	one, err := e.settle(c.Files, name, given)
	if err != nil {
		c.Fail("%s", err)
		return option.Data{}, false
	}
	return one, true
}

// check finds keys that exclude or need each other.
func (e *dataEntry) check(given func(key string) bool) error {
	isRange := !given("generate") && (given("from") || given("to"))
	sources := 0
	for _, is := range []bool{given("file"), given("values"), given("generate"), isRange} {
		if is {
			sources++
		}
	}
	switch {
	case sources == 0:
		return errors.New(dataSourcesAsked)
	case sources > 1:
		return errors.New("must have one source: file, values, from with to, or generate")
	case given("file") != given("column"):
		return errors.New("needs both file and column: a column is a name in the header line of a CSV file, or a member of the objects in a .jsonl file")
	case given("pick") && given("generate"):
		return errors.New("must not have pick: a generated value is new each time")
	case given("length") && e.generate != option.GenerateString:
		return errors.New("must not have length: it is for generate: random_string")
	case given("format") && e.generate != option.GenerateTimestamp:
		return errors.New("must not have format: it is for generate: timestamp")
	}
	return e.checkBounds(isRange, given)
}

func (e *dataEntry) checkBounds(isRange bool, given func(key string) bool) error {
	both := isRange || e.generate == option.GenerateInt
	switch {
	case both && !(given("from") && given("to")):
		return errors.New("needs both from and to")
	case both && e.from > e.to:
		return fmt.Errorf("from is %d, above to, which is %d", e.from, e.to)
	// The difference of two int64 may be too large for an int64, and is right as an uint64.
	case isRange && uint64(e.to)-uint64(e.from) >= maxDataRows*maxDataRows:
		return errors.New("has too many numbers")
	case !both && given("to"):
		return errors.New("must not have to: it is for a range and for generate: random_int")
	case !both && given("from") && e.generate != option.GenerateSequence:
		return errors.New("must not have from: it is for a range and for generate: sequence or random_int")
	}
	return nil
}

// settle returns the data of the entry, with defaults filled in. It reads the column of a file.
func (e *dataEntry) settle(files *form.Files, name string, given func(key string) bool) (option.Data, error) {
	d := option.Data{Name: name, Generate: e.generate, From: e.from, To: e.to, Length: e.length, Format: e.format, Pick: e.pick}
	switch {
	case given("file"):
		// A column is read once for all targets that use it.
		column, err := files.Derive("column "+e.column+" of "+e.file, func() (any, error) {
			return readColumn(e.content, e.file, e.column)
		})
		if err != nil {
			return d, err
		}
		d.Values, _ = column.(option.Texts)
		d.Source, d.Column = e.file, e.column
	case given("values"):
		for _, v := range e.values {
			d.Values.Append(v)
		}
	case e.generate == "":
		d.IsRange = true
	}
	if e.generate == "" {
		fill(&d.Pick, option.PickInOrder)
	}
	if e.generate == option.GenerateString {
		fill(&d.Length, defaultRandom)
	}
	if e.generate == option.GenerateTimestamp {
		fill(&d.Format, option.TimeUnix)
	}
	return d, nil
}

// Encode shows no values: they may be secrets.
func (d dataNames) Encode() *yaml.Node {
	if len(*d.to) == 0 {
		return nil
	}
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, one := range *d.to {
		n.Content = append(n.Content, form.TextNode(one.Name), encodeData(&one))
	}
	return n
}

func encodeData(d *option.Data) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
	add := func(key string, value *yaml.Node) { n.Content = append(n.Content, form.PlainNode(key), value) }
	number := func(v int64) *yaml.Node { return form.PlainNode(strconv.FormatInt(v, 10)) }
	switch {
	case d.Source != "":
		add("file", form.TextNode(d.Source))
		add("column", form.TextNode(d.Column))
	case d.IsRange, d.Generate == option.GenerateInt:
		add("from", number(d.From))
		add("to", number(d.To))
	case d.Generate == "":
		add("values", form.RedactedList(d.Values.Len()))
	case d.Generate == option.GenerateSequence:
		add("from", number(d.From))
	}
	if d.Generate != "" {
		add("generate", form.PlainNode(string(d.Generate)))
	}
	if d.Length > 0 {
		add("length", number(int64(d.Length)))
	}
	if d.Format != "" {
		add("format", form.PlainNode(string(d.Format)))
	}
	if d.Pick != "" {
		add("pick", form.PlainNode(string(d.Pick)))
	}
	return n
}

// dataValues is a list of texts. The same text may come twice.
type dataValues struct{ to *[]string }

func (v dataValues) Decode(c form.Cursor, n *yaml.Node) {
	if n.Kind != yaml.SequenceNode {
		c.Fail("must be a list, not %s", form.KindName(n))
		return
	}
	*v.to = c.Values(n, form.CheckText)
	if len(*v.to) == 0 {
		c.Fail("must have at least one value")
	}
}

func (v dataValues) Encode() *yaml.Node { return nil } // encodeData does it

// Shape implements [form.Value].
func (dataValues) Shape() form.Shape { return form.ListOf(form.AnyText()).With("minItems", 1) }

func (v dataValues) Reset() { *v.to = nil }

// wholeNumber returns the value for any whole number of 64 bits.
func wholeNumber(to *int64) form.Value {
	parse := func(n *yaml.Node) (int64, error) {
		v, err := strconv.ParseInt(n.Value, 10, 64)
		if err != nil {
			return 0, errors.New("must be a whole number that fits in 64 bits")
		}
		return v, nil
	}
	return form.Scalar[int64]{To: to, Parse: parse, Format: func(v int64) *yaml.Node { return form.PlainNode(strconv.FormatInt(v, 10)) }, Written: func() form.Shape { return form.Shape{"type": "integer"} }}
}
