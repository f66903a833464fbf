package web

import (
	"time"

	"example.com/prober/prober/numbers"
)

// apiMaintenance is the current maintenance of a target.
type apiMaintenance struct {
	Window      string     `json:"window"`
	StopsBursts bool       `json:"stops_bursts"`
	Until       *time.Time `json:"until"`
}

func apiMaintenanceOf(m *numbers.Maintenance) *apiMaintenance {
	if !m.IsOn() {
		return nil
	}
	return &apiMaintenance{Window: m.Window, StopsBursts: m.Stops, Until: timeOrNull(m.Until)}
}
