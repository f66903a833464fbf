//go:build lean

package discover

import "log/slog"

// leanKeys are the keys of mechanisms that this build lacks.
var leanKeys = map[string]bool{"consul_sd_configs": true, "kubernetes_sd_configs": true}

// SetLibraryLog does nothing: the libraries of this build log nothing of their own.
func SetLibraryLog(slog.Handler) {}
