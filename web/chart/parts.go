package chart

import "embed"

// Parts has templates. A page with charts includes "patterns" once. "chart" and "strip" take a [Chart]. "state" takes a
// value with the methods String and Words.
//
//go:embed parts.html
var Parts embed.FS
