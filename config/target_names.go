package config

import (
	"fmt"
	"maps"
	"slices"

	"example.com/prober/config/form"
)

// keeper remembers the targets of files in the configuration before.
type keeper struct {
	// files maps the names of targets to the names of their files.
	files map[string]string
	// names are the names of the targets of each file.
	names map[string][]string
	// targets are all targets by their names.
	targets map[string]Target
}

// newKeeper remembers the targets of before. before may be nil.
func newKeeper(before *Config) *keeper {
	k := &keeper{names: map[string][]string{}, targets: map[string]Target{}}
	if before == nil {
		return k
	}
	k.files = before.FileOf()
	for _, t := range before.Targets {
		k.targets[t.Name] = t
	}
	for _, f := range before.TargetFiles {
		k.names[f.Name] = f.Targets
	}
	return k
}

// settleParts finds targets of the same name in several files, and adds the targets of all files to the
// configuration. With on_error: keep it adds the previous targets of a file with a mistake. Whoever had a name before
// keeps it then: otherwise a new file could take a running target over, with its counters.
func (l *loader) settleParts(main *form.Report) {
	k := newKeeper(nil)
	if l.config.OnError == OnErrorKeep {
		k = newKeeper(l.before)
		for l.blameNewcomers(k) || l.blameLater(k) { // each time at least one more file is wrong
			continue
		}
		l.blameMain(main, k)
	} else {
		l.blameLater(k)
	}
	for _, p := range l.parts {
		f := TargetFile{Name: p.name}
		if l.keeps(p) {
			f.Err, f.Targets = p.report.Err(), k.names[p.name]
			for _, name := range f.Targets {
				l.config.Targets = append(l.config.Targets, k.targets[name])
			}
		} else {
			for _, t := range p.targets {
				f.Targets = append(f.Targets, t.Name)
			}
			l.config.Targets = append(l.config.Targets, p.targets...)
		}
		l.config.TargetFiles = append(l.config.TargetFiles, f)
	}
}

// keeps reports whether a file keeps its previous targets.
func (l *loader) keeps(p *filePart) bool { return l.config.OnError == OnErrorKeep && p.isWrong() }

// blameNewcomers reports targets with a name that another file had before and still has. It returns whether there are
// any: then another file is wrong.
func (l *loader) blameNewcomers(k *keeper) bool {
	found, parts := false, l.partsByName()
	for _, p := range l.parts {
		if l.keeps(p) {
			continue
		}
		for _, t := range p.targets {
			holder := parts[k.files[t.Name]]
			if holder == nil || holder == p {
				continue
			}
			if msg := l.taken(holder, t.Name, p.report); msg != "" {
				p.report.Add(p.spots[t.Name], msg)
				found = true
			}
		}
	}
	return found
}

// blameLater reports targets with the name of a target in the configuration itself, or in an earlier file. It returns
// whether there are any.
func (l *loader) blameLater(k *keeper) bool {
	found, owners := false, maps.Clone(l.names)
	if owners == nil {
		owners = map[string]form.Spot{}
	}
	for _, p := range l.parts {
		if l.keeps(p) {
			continue
		}
		for _, t := range p.targets {
			if first, taken := owners[t.Name]; taken && k.files[t.Name] != p.name {
				p.report.Add(p.spots[t.Name], "is already the name of a target "+first.In(p.report))
				found = true
			}
		}
		if l.keeps(p) {
			continue
		}
		for name, spot := range p.spots {
			if _, taken := owners[name]; !taken {
				owners[name] = spot
			}
		}
	}
	return found
}

// blameMain reports targets of the configuration itself with a name that a file had before and still has.
func (l *loader) blameMain(main *form.Report, k *keeper) {
	parts := l.partsByName()
	for _, name := range slices.Sorted(maps.Keys(l.names)) {
		if holder := parts[k.files[name]]; holder != nil {
			if msg := l.taken(holder, name, main); msg != "" {
				main.Add(l.names[name], msg)
			}
		}
	}
}

// taken returns the mistake if holder, which had a target of this name before, still has it; "" if not.
func (l *loader) taken(holder *filePart, name string, r *form.Report) string {
	spot, has := holder.spots[name]
	switch {
	case l.keeps(holder):
		return fmt.Sprintf("is already the name of a target of %s; that file has a mistake and keeps its last targets", holder.name)
	case has:
		return "is already the name of a target " + spot.In(r)
	}
	return ""
}

func (l *loader) partsByName() map[string]*filePart {
	parts := make(map[string]*filePart, len(l.parts))
	for _, p := range l.parts {
		parts[p.name] = p
	}
	return parts
}
