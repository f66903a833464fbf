package form

import "gopkg.in/yaml.v3"

// Block returns the value for a mapping of known keys. It is the section of fields, which is made only when it is
// needed: most items of a long list set few of the mappings they may have.
func Block[T any](to *T, fields func(*T) Section) Value { return blockValue[T]{to, fields} }

type blockValue[T any] struct {
	to     *T
	fields func(*T) Section
}

// Decode implements [Value].
func (b blockValue[T]) Decode(c Cursor, n *yaml.Node) { b.keys().Decode(c, n) }

// Encode implements [Value].
func (b blockValue[T]) Encode() *yaml.Node { return b.keys().Encode() }

// Reset implements [Value].
func (b blockValue[T]) Reset() { b.keys().Reset() }

// Shape implements [Value].
func (b blockValue[T]) Shape() Shape { return b.keys().Shape() }

func (b blockValue[T]) keys() Section { return b.fields(b.to) }

func (b blockValue[T]) block() Section { return b.keys() }

func (s Section) block() Section { return s }

// Block returns the keys of a mapping that is always there, and false for any other value.
func (f Field) Block() (Section, bool) {
	if b, ok := f.Value.(interface{ block() Section }); ok {
		return b.block(), true
	}
	return nil, false
}
