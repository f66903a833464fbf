// Package static has the files for showing pages and reports of bursts.
package static

import "embed"

// Files are the style sheet, the script and the icon.
//
//go:embed icon.svg live.js style.css
var Files embed.FS
