package peers

import "iter"

// Row is one target on several probers.
type Row struct {
	Name string
	// Cells has the target on each prober, and nil for a prober without it. The next row uses the same memory.
	Cells []*Target
}

// Rows returns the targets of all columns, by name. Each column must be by name. Rows takes no memory for targets, as
// columns may have many.
func Rows(columns [][]Target) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		heads := make(heap, 0, len(columns))
		for i, targets := range columns {
			if len(targets) > 0 {
				heads = append(heads, head{targets, i})
			}
		}
		for i := len(heads)/2 - 1; i >= 0; i-- {
			heads.sink(i)
		}
		row := Row{Cells: make([]*Target, len(columns))}
		for len(heads) > 0 {
			row.Name = heads[0].targets[0].Name
			clear(row.Cells)
			for len(heads) > 0 && heads[0].targets[0].Name == row.Name {
				row.Cells[heads[0].column] = &heads[0].targets[0]
				heads = heads.advance()
			}
			if !yield(row) {
				return
			}
		}
	}
}

// head is the rest of a column. It is not empty.
type head struct {
	targets []Target
	column  int
}

// heap has the head with the first name at its root.
type heap []head

// advance takes a target off the root.
func (h heap) advance() heap {
	if h[0].targets = h[0].targets[1:]; len(h[0].targets) == 0 {
		h[0] = h[len(h)-1]
		h = h[:len(h)-1]
	}
	h.sink(0)
	return h
}

func (h heap) sink(i int) {
	for {
		least := i
		for _, child := range [...]int{2*i + 1, 2*i + 2} {
			if child < len(h) && h[child].targets[0].Name < h[least].targets[0].Name {
				least = child
			}
		}
		if least == i {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}
