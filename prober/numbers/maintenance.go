package numbers

import "time"

// Maintenance is what windows of maintenance mean for a target at a moment.
type Maintenance struct {
	// Window is the name of the window that the moment is in, "" if it is in none.
	Window string
	// Stops means that no burst starts meanwhile.
	Stops bool
	// Until is when maintenance ends, zero where that is more than eight days away. [WithMaintenanceEnd].
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
