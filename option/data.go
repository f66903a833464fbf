package option

import "slices"

// Data is a name with a value of its own for each request. It has Values, or a Range, or it
// Generates them.
type Data struct {
	Name string
	// Source is the file of the values, as in the configuration, and Column the column in it;
	// empty without a file. Names with the same source and the same Pick have values of the
	// same row.
	Source, Column string
	Values         Texts
	// Range has the whole numbers from From to To, in steps of 1, if IsRange.
	IsRange  bool
	From, To int64
	Generate Generator
	// Length is how many characters a random string has.
	Length int
	Format TimeFormat
	Pick   DataPick
}

// Generator makes values.
type Generator string

// The generators: random UUIDs (RFC 9562, section 5.4), numbers from From on, one after another
// over all shards, random numbers from From to To, the time, random letters and digits.
const (
	GenerateUUID      Generator = "uuid"
	GenerateSequence  Generator = "sequence"
	GenerateInt       Generator = "random_int"
	GenerateTimestamp Generator = "timestamp"
	GenerateString    Generator = "random_string"
)

// TimeFormat says how a timestamp is written.
type TimeFormat string

// The formats: seconds or milliseconds since 1970, or a date with time (RFC 3339) in UTC.
const (
	TimeUnix       TimeFormat = "unix"
	TimeUnixMillis TimeFormat = "unix_ms"
	TimeRFC3339    TimeFormat = "rfc3339"
)

// DataPick says which of its values a name has in a request.
type DataPick string

// The picks: one value after another, over and over; any, at random; one after another, each
// once over all shards.
const (
	PickInOrder DataPick = "in_order"
	PickRandom  DataPick = "random"
	PickUnique  DataPick = "unique"
)

// Texts is a list of texts that may be very long. The zero value is empty.
type Texts struct {
	text []byte
	ends []uint32
}

// Append adds a text to the end. All texts together have 4 GiB at most.
func (c *Texts) Append(text string) {
	c.text = append(c.text, text...)
	c.ends = append(c.ends, uint32(len(c.text)))
}

// Clip releases spare memory after the last Append.
func (c *Texts) Clip() { c.text, c.ends = slices.Clone(c.text), slices.Clone(c.ends) }

// Len returns how many texts there are.
func (c *Texts) Len() int { return len(c.ends) }

// At returns the text with index i. The caller must not change it.
func (c *Texts) At(i int) []byte {
	start := uint32(0)
	if i > 0 {
		start = c.ends[i-1]
	}
	return c.text[start:c.ends[i]:c.ends[i]]
}

// Capture is a name for a part of the answer to a step, in all later steps. One of the places
// is set.
type Capture struct {
	Name string
	// JSON is the path of a value, as in a body's expectation; Header and Cookie are names.
	// Regexp captures its first group, or its whole match if it has no group.
	JSON, Header, Cookie, Regexp string
}

// ThinkSpread says how the times between the steps of a journey spread about their mean.
type ThinkSpread string

// The spreads: all the same, evenly from half to one and a half of the mean, or exponentially.
const (
	ThinkConstant    ThinkSpread = "constant"
	ThinkUniform     ThinkSpread = "uniform"
	ThinkExponential ThinkSpread = "exponential"
)
