package main

// These methods change one property of a panel and return the panel.

func (p panel) min(value float64) panel {
	p.FieldConfig.Defaults.Min = &value
	return p
}

// atMostOne is for shares.
func (p panel) atMostOne() panel {
	one := 1.0
	p.FieldConfig.Defaults.Max = &one
	return p
}

func (p panel) decimals(n int) panel {
	p.FieldConfig.Defaults.Decimals = &n
	return p
}

// otherwise sets the text for a query without results, if no result is good news.
func (p panel) otherwise(text string) panel {
	p.FieldConfig.Defaults.NoValue = text
	return p
}

func (p panel) mapped(states ...object) panel {
	p.FieldConfig.Defaults.Mappings = states
	return p
}

func (p panel) linked(links ...dataLink) panel {
	p.FieldConfig.Defaults.Links = links
	return p
}

func (p panel) overridden(overrides ...override) panel {
	p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, overrides...)
	return p
}

// logarithmic makes much smaller values visible, too. Such an axis has no 0.
func (p panel) logarithmic() panel {
	p.FieldConfig.Defaults.Min = nil
	p.FieldConfig.Defaults.Custom["scaleDistribution"] = object{"log": 10, "type": "log"}
	return p
}

// stacked shows parts of a whole.
func (p panel) stacked() panel {
	p.FieldConfig.Defaults.Custom["fillOpacity"] = 70
	p.FieldConfig.Defaults.Custom["lineWidth"] = 0
	p.FieldConfig.Defaults.Custom["showPoints"] = "never"
	p.FieldConfig.Defaults.Custom["stacking"] = object{"group": "A", "mode": "normal"}
	return p
}

// ranked lists the series beside the graph with their last and highest values, the highest first.
func (p panel) ranked() panel {
	p.Options["legend"] = object{
		"calcs": []string{"lastNotNull", "max"}, "displayMode": "table", "placement": "right",
		"showLegend": true, "sortBy": "Max", "sortDesc": true,
	}
	return p
}

// withExemplars shows single requests beside the lines, if the prober exposes any.
func (p panel) withExemplars() panel {
	for i := range p.Targets {
		p.Targets[i].Exemplar = true
	}
	return p
}

// sortedBy orders the rows of a table by a column.
func (p panel) sortedBy(title string, descending bool) panel {
	p.Options["sortBy"] = []object{{"desc": descending, "displayName": title}}
	return p
}
