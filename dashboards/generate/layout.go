package main

// gridWidth is the width of a dashboard, in Grafana's units.
const gridWidth = 24

// section is a titled part of a dashboard.
type section struct {
	title string
	// repeat names a variable. The section is shown once for each of its values.
	repeat string
	bands  []band
}

// band is a line of panels of one height. They share the width evenly, or by widths.
type band struct {
	height int
	panels []panel
	widths []int
}

// layout puts sections below each other and numbers the panels.
func layout(sections []section) []panel {
	var all []panel
	y := 0
	add := func(p panel, pos gridPos) {
		p.ID, p.GridPos = len(all)+1, pos
		all = append(all, p)
	}
	for _, s := range sections {
		if s.title != "" {
			add(rowTitle(s), gridPos{H: 1, W: gridWidth, Y: y})
			y++
		}
		for _, b := range s.bands {
			x := 0
			for i, p := range b.panels {
				w := gridWidth / len(b.panels)
				if b.widths != nil {
					w = b.widths[i]
				}
				add(p, gridPos{H: b.height, W: w, X: x, Y: y})
				x += w
			}
			y += b.height
		}
	}
	return all
}

func rowTitle(s section) panel {
	open := false
	return panel{Collapsed: &open, Panels: &[]panel{}, Repeat: s.repeat, Title: s.title, Type: "row"}
}
