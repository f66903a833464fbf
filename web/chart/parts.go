package chart

import "embed"

// Parts has templates: "patterns", which a page with charts has once, "chart" and "strip", which
// are given a [Chart], and "state", which is given what has a String and Words.
//
//go:embed parts.html
var Parts embed.FS
