package prober

import (
	"errors"
	"fmt"
	"reflect"

	"example.com/prober/config"
	"example.com/prober/prober/load"
	"example.com/prober/prober/wire"
)

// ErrTooManyTargets is why a target that was found does not run: there are as many as
// --limit.targets allows.
var ErrTooManyTargets = errors.New("there are as many targets as --limit.targets allows")

// ApplyFound makes the running targets those of cfg and those that were found besides, whose
// names are others. It fails as [Manager.Apply] does. A target that was found and cannot run
// is left out, and refused says why under its name.
func (m *Manager) ApplyFound(cfg *config.Config, found []config.Target) (refused map[string]error, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.applyFound(cfg, found)
}

// Divide is [Manager.ApplyFound] for a manager that is another shard from then on, or one of
// another number. Targets that it runs no more are removed after one more scrape, and those whose
// part of a burst is another one begin it with their next burst. If it fails the manager stays
// the shard that it was.
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

// CheckFound returns why targets that were found besides those of cfg could not be started,
// by name.
func CheckFound(cfg *config.Config, found []config.Target, l Limits, s Shard) map[string]error {
	m := NewManager(Options{Metrics: cfg.Metrics, Limits: l, Shard: s})
	_, refused := m.admit(cfg, len(m.own(cfg.Targets)), found, map[string]*compiled{})
	return refused
}

// admit compiles those targets that were found and are new or changed, and returns those
// that this shard runs and that can run. There are so many others.
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

// isChanged reports whether t, or the part of it that this shard sends, is not what runs under
// its name.
func (m *Manager) isChanged(t *config.Target) bool {
	e := m.entries[t.Name]
	return e == nil || e.removed || e.part != m.partOf(t) || !reflect.DeepEqual(&e.cfg, t) // of pointers, for which a target is not copied
}

// partOf returns which part of t this shard sends.
func (m *Manager) partOf(t *config.Target) load.Part {
	l := loadOf(t)
	return m.shard.Part(&l)
}
