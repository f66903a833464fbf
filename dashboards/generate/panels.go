package main

// The parts of the description of a panel. A function for a panel takes the title and the description first; methods
// set further properties.

// series is a query over time. step is the smallest distance between its points.
func series(expr, legend, step string) target {
	return target{Datasource: *prometheus(), Expr: expr, Format: "time_series", Interval: step, LegendFormat: legend, Range: true}
}

// Steps of queries; see the variables of these names.
const (
	absoluteWindow = "${absolute_step}s"
	ratioWindow    = "${ratio_step}s"
	scrapeWindow   = ""
)

// now is a query for one moment: the end of the time shown.
func now(expr, legend string) target {
	return target{Datasource: *prometheus(), Expr: expr, Format: "time_series", Instant: true, LegendFormat: legend}
}

// columns is a query for one moment, for a table.
func columns(expr string) target {
	t := now(expr, "")
	t.Format = "table"
	return t
}

func newPanel(kind, title, description, unit string, targets []target) panel {
	for i := range targets {
		targets[i].RefID = string(rune('A' + i))
	}
	return panel{
		Datasource: prometheus(), Description: description, Title: title, Type: kind, Targets: targets,
		FieldConfig: &fieldConfig{Overrides: []override{}, Defaults: fieldDefaults{
			Mappings: []object{}, Thresholds: absolute(below(plain)), Unit: unit,
		}},
	}
}

// stat shows one number.
func stat(title, description, unit string, t target, colors ...threshold) panel {
	p := newPanel("stat", title, description, unit, []target{t})
	p.Options = object{
		"colorMode": "value", "graphMode": "none", "justifyMode": "center", "orientation": "auto",
		"reduceOptions": reduced(), "showPercentChange": false, "text": object{"valueSize": 32}, "textMode": "value", "wideLayout": true,
	}
	if t.Range {
		p.Options["graphMode"] = "area"
	}
	p.FieldConfig.Defaults.Color = object{"mode": "thresholds"}
	p.FieldConfig.Defaults.Thresholds = absolute(colors...)
	return p
}

func reduced() object {
	return object{"calcs": []string{"lastNotNull"}, "fields": "", "values": false}
}

// graph shows lines over time.
func graph(title, description, unit string, targets ...target) panel {
	p := newPanel("timeseries", title, description, unit, targets)
	p.FieldConfig.Defaults.Color = object{"mode": "palette-classic"}
	p.FieldConfig.Defaults.Custom = object{
		"axisPlacement": "auto", "drawStyle": "line", "fillOpacity": 0, "lineInterpolation": "linear", "lineWidth": 1,
		"pointSize": 4, "scaleDistribution": object{"type": "linear"}, "showPoints": "auto", "spanNulls": false,
		"stacking": object{"group": "A", "mode": "none"}, "thresholdsStyle": object{"mode": "off"},
	}
	p.Options = object{
		"legend":  object{"calcs": []string{}, "displayMode": "list", "placement": "bottom", "showLegend": true},
		"tooltip": object{"mode": "multi", "sort": "desc"},
	}
	return p.min(0)
}

// heatmap shows how a histogram changes.
func heatmap(title, description string, t target) panel {
	t.Format = "heatmap"
	p := newPanel("heatmap", title, description, "s", []target{t})
	p.FieldConfig.Defaults.Custom = object{"scaleDistribution": object{"type": "linear"}}
	p.Options = object{
		"calculate":    false,
		"cellGap":      1,
		"cellValues":   object{"unit": "reqps"},
		"color":        object{"exponent": 0.5, "mode": "scheme", "reverse": false, "scale": "exponential", "scheme": "Turbo", "steps": 64},
		"exemplars":    object{"color": "rgba(255,0,255,0.7)"},
		"filterValues": object{"le": 1e-9},
		"legend":       object{"show": true},
		"rowsFrame":    object{"layout": "auto"},
		"tooltip":      object{"mode": "single", "showColorScale": true, "yHistogram": true},
		"yAxis":        object{"axisPlacement": "left", "reverse": false, "unit": "s"},
	}
	return p
}

// timeline shows the states of series as bands. It joins consecutive equal states.
func timeline(title, description string, t target, states ...object) panel {
	p := newPanel("state-timeline", title, description, "none", []target{t})
	p.FieldConfig.Defaults.Color = object{"mode": "thresholds"}
	p.FieldConfig.Defaults.Custom = object{"fillOpacity": 85, "lineWidth": 0, "spanNulls": false}
	p.FieldConfig.Defaults.Mappings = states
	p.Options = object{
		"alignValue": "left", "mergeValues": true, "rowHeight": 0.85, "showValue": "never",
		"legend":  object{"displayMode": "list", "placement": "bottom", "showLegend": true},
		"tooltip": object{"mode": "single", "sort": "none"},
	}
	return p
}

// history shows a value at each moment as a cell.
func history(title, description, unit string, t target, colors ...threshold) panel {
	p := newPanel("status-history", title, description, unit, []target{t})
	p.FieldConfig.Defaults.Color = object{"mode": "thresholds"}
	p.FieldConfig.Defaults.Custom = object{"fillOpacity": 85, "lineWidth": 0}
	p.FieldConfig.Defaults.Thresholds = absolute(colors...)
	p.Options = object{
		"colWidth": 0.9, "rowHeight": 0.9, "showValue": "never",
		"legend":  object{"displayMode": "list", "placement": "bottom", "showLegend": true},
		"tooltip": object{"mode": "single", "sort": "none"},
	}
	return p
}

// bars compares numbers, one below the other.
func bars(title, description, unit string, t target) panel {
	p := newPanel("bargauge", title, description, unit, []target{t})
	p.FieldConfig.Defaults.Color = object{"mode": "continuous-YlRd"}
	p.Options = object{
		"displayMode": "basic", "minVizHeight": 16, "minVizWidth": 8, "namePlacement": "left", "orientation": "horizontal",
		"reduceOptions": reduced(), "showUnfilled": true, "sizing": "auto", "valueMode": "color",
		"text": object{"titleSize": 13, "valueSize": 13},
	}
	return p.min(0)
}

// table shows the labels and values of series. It has only the columns of order, with their titles, from left to right.
// Without an order it has all columns.
func table(title, description string, order []column, targets ...target) panel {
	p := newPanel("table", title, description, "none", targets)
	p.FieldConfig.Defaults.Color = object{"mode": "thresholds"}
	p.FieldConfig.Defaults.Custom = object{"align": "auto", "cellOptions": object{"type": "auto"}, "filterable": false, "inspect": false}
	p.Options = object{
		"cellHeight": "sm", "showHeader": true,
		"footer": object{"countRows": false, "fields": "", "reducer": []string{"sum"}, "show": false},
	}
	if len(targets) > 1 {
		p.Transformations = append(p.Transformations, transformation{"merge", object{}})
	}
	var names []string
	rename, index := object{}, object{}
	for i, c := range order {
		names = append(names, c.label)
		rename[c.label], index[c.label] = c.title, i
		if len(c.properties) > 0 {
			p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, byName(c.title, c.properties...))
		}
	}
	if len(names) > 0 {
		p.Transformations = append(p.Transformations, transformation{"filterFieldsByName", object{"include": object{"names": names}}})
	}
	p.Transformations = append(p.Transformations, transformation{"organize", object{
		"excludeByName": object{"Time": true}, "indexByName": index, "renameByName": rename,
	}})
	return p
}

// column is a label, or "Value", as a column of a table.
type column struct {
	label, title string
	properties   []property
}
