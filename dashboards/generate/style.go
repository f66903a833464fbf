package main

import (
	"fmt"
	"slices"

	"example.com/prober/errcode"
)

// Colours with the same meaning in every panel.
const (
	good   = "green"
	warn   = "orange"
	bad    = "red"
	absent = "#6E7580"
	plain  = "text"
)

// rangeColor gives each range of error codes its colour. None is green.
func rangeColor(r errcode.Range) string {
	return map[errcode.Range]string{
		errcode.RangeGeneral: "#9FA7B3",
		errcode.RangeDNS:     "#B877D9",
		errcode.RangeTCP:     "#F2495C",
		errcode.RangeTLS:     "#FF9830",
		errcode.RangeHTTP4xx: "#FADE2A",
		errcode.RangeHTTP5xx: "#AD0317",
		errcode.RangeHTTP2:   "#5794F2",
		errcode.RangeContent: "#00B8D9",
		errcode.RangeHTTP1:   "#1F60C4",
		errcode.RangeHTTP3:   "#8AB8FF",
		errcode.RangeGRPC:    "#00A39B",
	}[r]
}

// ranges returns the ranges of failures, in the order of their numbers.
func ranges() []errcode.Range {
	var all []errcode.Range
	for code := range errcode.All() {
		if code.IsFailure() && !slices.Contains(all, code.Range()) {
			all = append(all, code.Range())
		}
	}
	return all
}

func rangeColors() []override {
	var all []override
	for _, r := range ranges() {
		all = append(all, byName(r.String(), fixedColor(rangeColor(r))))
	}
	return all
}

// phases returns the phases that take time, in their order.
func phases() []string {
	var all []string
	for p := errcode.PhaseQueue; p < errcode.NumPhases; p++ {
		all = append(all, p.String())
	}
	return all
}

func phaseColors() []override {
	colors := [...]string{"#9FA7B3", "#B877D9", "#5794F2", "#FF9830", "#FADE2A", "#73BF69", "#00B8D9"}
	var all []override
	for i, phase := range phases() {
		all = append(all, byName(phase, fixedColor(colors[i])))
	}
	return all
}

// statusColors gives statuses a colour by their first digit.
func statusColors() []override {
	var all []override
	for i, color := range []string{"#9FA7B3", "#73BF69", "#5794F2", "#FADE2A", "#F2495C"} {
		class := object{"id": "byRegexp", "options": fmt.Sprintf("/^%d/", i+1)}
		all = append(all, override{Matcher: class, Properties: []property{fixedColor(color)}})
	}
	return all
}

// byName applies properties to the field of this name.
func byName(name string, properties ...property) override {
	return override{Matcher: object{"id": "byName", "options": name}, Properties: properties}
}

func fixedColor(color string) property {
	return property{"color", object{"fixedColor": color, "mode": "fixed"}}
}

// unit and the following functions return properties of columns.
func unit(u string) property        { return property{"unit", u} }
func width(pixels int) property     { return property{"custom.width", pixels} }
func links(l ...dataLink) property  { return property{"links", l} }
func coloredCell() property         { return property{"custom.cellOptions", object{"type": "color-text"}} }
func steps(s ...threshold) property { return property{"thresholds", absolute(s...)} }

// from is a threshold. The first of several also covers all lower values.
func from(value float64, color string) threshold { return threshold{Color: color, Value: &value} }

func below(color string) threshold { return threshold{Color: color} }

func absolute(s ...threshold) thresholds { return thresholds{Mode: "absolute", Steps: s} }

// state maps a number to a word in a colour.
func state(number, text, color string, index int) object {
	return object{"type": "value", "options": object{number: object{"color": color, "index": index, "text": text}}}
}

// Links from a series or a cell. They keep the time range and the choices.
const keep = "${__url_time_range}&${datasource:queryparam}&${job:queryparam}&${instance:queryparam}"

func toTarget(name string) dataLink {
	return dataLink{Title: "Open the target", URL: "/d/" + targetUID + "?var-target=" + name + "&" + keep}
}

func toCode(code string) dataLink {
	return dataLink{Title: "What the code means", URL: "${pages}/codes/" + code}
}
