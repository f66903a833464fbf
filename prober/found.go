package prober

import (
	"errors"
	"fmt"
	"reflect"

	"example.com/prober/config"
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

// isChanged reports whether t is not what runs under its name.
func (m *Manager) isChanged(t *config.Target) bool {
	e := m.entries[t.Name]
	return e == nil || e.removed || !reflect.DeepEqual(&e.cfg, t) // of pointers, for which a target is not copied
}
