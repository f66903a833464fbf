package prober

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"example.com/prober/config"
	"example.com/prober/prober/load"
	"example.com/prober/prober/wire"
)

// ErrTooManyTargets is why a found target does not run: --limit.targets is reached.
var ErrTooManyTargets = errors.New("--limit.targets allows no more targets")

// ApplyFound makes the targets of cfg and the found targets the running ones. No name is in both.
// It fails like [Manager.Apply]. It leaves out a found target that cannot run; refused maps its
// name to the reason.
func (m *Manager) ApplyFound(cfg *config.Config, found []config.Target) (refused map[string]error, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.applyFound(cfg, found)
}

// Divide is [Manager.ApplyFound] for a manager that becomes shard s. It removes targets of other
// shards after one more scrape. A target whose part of a burst changes takes the new part with
// its next burst. If Divide fails, the manager keeps its shard.
func (m *Manager) Divide(s Shard, cfg *config.Config, found []config.Target) (refused map[string]error, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.shard
	m.shard, m.dividing = s, true
	defer func() { m.dividing = false }()
	if refused, err = m.applyFound(cfg, found); err != nil {
		m.shard = before
	}
	return refused, err
}

// applyFound is ApplyFound; mu is held.
func (m *Manager) applyFound(cfg *config.Config, found []config.Target) (refused map[string]error, err error) {
	if m.stopped {
		return nil, errors.New("the prober is shutting down")
	}
	own := m.own(cfg.Targets)
	changed, err := m.compileChanged(cfg, own)
	if err != nil {
		return nil, err
	}
	admitted, refused := m.admit(cfg, len(own), found, changed)
	m.apply(cfg, append(own, admitted...), changed)
	return refused, nil
}

// CheckFound returns why found targets could not be started besides the targets of cfg, by name.
func CheckFound(cfg *config.Config, found []config.Target, l Limits, s Shard) map[string]error {
	m := NewManager(Options{Metrics: cfg.Metrics, Limits: l, Shard: s})
	_, refused := m.admit(cfg, len(m.own(cfg.Targets)), found, map[string]*compiled{})
	return refused
}

// admit compiles found targets that are new or changed. It returns the found targets of
// this shard that can run. Another system has named these targets, so one that cannot run
// must not keep the others from running.
func (m *Manager) admit(cfg *config.Config, others int, found []config.Target, changed map[string]*compiled) (admitted []config.Target, refused map[string]error) {
	refused = map[string]error{}
	room := m.limiter.Limits.Targets - others
	sameNetwork, read := reflect.DeepEqual(m.network, cfg.Network), wire.NewCertificates()
	own := m.own(found)
	for i := range own {
		t := &own[i]
		switch {
		case m.limiter.Limits.Targets > 0 && len(admitted) >= room:
			refused[t.Name] = ErrTooManyTargets
			continue
		case !sameNetwork || m.isChanged(t):
			c, err := m.compile(*t, cfg.Network, read)
			if err != nil {
				refused[t.Name] = fmt.Errorf("it cannot be started: %w", err)
				continue
			}
			changed[t.Name] = c
		}
		admitted = append(admitted, *t)
	}
	return admitted, refused
}

// own returns the targets of this shard. The caller may append to them and changes none.
func (m *Manager) own(targets []config.Target) []config.Target {
	if m.shard.Count() == 1 {
		return slices.Clip(targets)
	}
	return slices.DeleteFunc(slices.Clone(targets), func(t config.Target) bool {
		l := loadOf(&t)
		return !m.shard.Runs(&l)
	})
}

// isChanged reports whether t, or this shard's part of it, differs from what runs under its name.
func (m *Manager) isChanged(t *config.Target) bool {
	e := m.entries[t.Name]
	return e == nil || e.removed || e.part != m.partOf(t) || !reflect.DeepEqual(e.cfg, t) // of pointers, for which a target is not copied
}

// partOf returns which part of t this shard sends.
func (m *Manager) partOf(t *config.Target) load.Part {
	l := loadOf(t)
	return m.shard.Part(&l)
}
