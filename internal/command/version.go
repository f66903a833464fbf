package command

import (
	"runtime/debug"
	"slices"

	"github.com/prometheus/common/version"
)

// stampVersion sets the version of a program built without `make build`, such as by `go install`, to the version known
// to Go. Metrics, pages and the log show it.
func stampVersion() {
	if info, ok := debug.ReadBuildInfo(); ok && version.Version == "" {
		version.Version = info.Main.Version
	}
}

// versionFor returns what --version prints. The heading of a man page has room for the version alone.
func versionFor(args []string) string {
	if slices.Contains(args, "--help-man") {
		return version.Version
	}
	return version.Print("prober")
}
