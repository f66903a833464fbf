// Package dashboards holds what shows the metrics of the prober: dashboards of
// Grafana, and a provisioning that installs them. It has no code of its own; the
// command generate writes the dashboards.
package dashboards

//go:generate go run ./generate
