// Package static has the files that pages and reports of bursts are shown with.
package static

import "embed"

// Files are the style sheet, the script and the icon.
//
//go:embed icon.svg live.js style.css
var Files embed.FS
