package numbers

import "time"

// Maintenance says what the maintenance windows mean for a target at a moment.
type Maintenance struct {
	// Window is the name of the window in effect, "" without one.
	Window string
	// Stops means that no burst starts meanwhile.
	Stops bool
	// Until is when maintenance ends, zero if that is more than eight days away. [WithMaintenanceEnd].
	Until time.Time
}

// IsOn reports whether the target is under maintenance. m may be nil.
func (m *Maintenance) IsOn() bool { return m != nil && m.Window != "" }

func (p *Page) maintenance(s *scrape) {
	for i := range s.targets {
		if v := &s.targets[i]; v.Maintenance != nil {
			p.gauge(boolean(v.Maintenance.IsOn()), v.name)
		}
	}
}
