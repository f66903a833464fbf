package command

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"example.com/prober/config"
	"example.com/prober/prober"
)

// running is the running configuration, and the result of the last attempts to load another. Attempts run one at a
// time: a text that is read later is loaded later.
type running struct {
	current atomic.Pointer[config.Config]
	// redacted writes current for display: once, however many clients ask.
	redacted atomic.Pointer[func() ([]byte, error)]

	mu sync.Mutex
	// parse is [config.ParseAfter], except in tests.
	parse func(text []byte, path string, before *config.Config) (*config.Config, error)
	// shard says which of how many shards this prober is.
	shard prober.Shard
	// text is the text of current. files are its fingerprints, and those of all files it refers to, at the time of
	// reading and not of applying: so a secret that changes in between is read again.
	text  []byte
	files fingerprint
	// refused is why the last attempt to load the file failed. stale is why the files of the running configuration were
	// not read again. Each is nil after a success.
	refused, stale error
}

// reload reads the file and makes its configuration the running one. If it fails, everything stays as it is.
func (d *daemon) reload() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refused = d.loadFile()
	d.note(d.refused, nil)
	return d.refused
}

// reloadIfChanged reloads if a file has changed since it was loaded. After a failure it tries each time: the missing
// file may be one that the running configuration does not refer to.
func (d *daemon) reloadIfChanged() {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.refused
	if before == nil && !d.files.changed(d.current.Load().Files) && !d.current.Load().TargetFilesMoved() {
		return
	}
	d.refused = d.loadFile()
	d.note(d.refused, before)
}

// refreshIfChanged reads the files of the running configuration again if one has changed since it was loaded. The
// configuration itself stays, whatever its file holds now.
func (d *daemon) refreshIfChanged() {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.stale
	if before == nil && !d.files.changed(d.current.Load().Files[1:]) && !d.current.Load().TargetFilesMoved() {
		return
	}
	d.stale = d.load(d.text)
	d.note(d.stale, before)
}

// note logs the result of an attempt, unless it failed in the same way as the one before, and exposes it. As long as
// the file is refused, a refresh of the running configuration does not count as a success.
func (d *daemon) note(err, before error) {
	failed := d.refused
	if failed == nil {
		failed = d.stale
	}
	d.manager.NoteReload(failed)
	switch {
	case err == nil:
		d.log.Info("the configuration was loaded", "config", d.flags.configFile, "targets", len(d.current.Load().Targets))
	case before == nil || before.Error() != err.Error():
		d.log.Error("the configuration was not loaded; the old one stays", "config", d.flags.configFile, "err", err)
	}
}

func (d *daemon) loadFile() error {
	text, err := config.Read(d.flags.configFile)
	if err != nil {
		return err
	}
	return d.load(text)
}

// load makes the configuration in text the running one.
func (d *daemon) load(text []byte) error {
	cfg, err := d.understand(text)
	if err != nil {
		return err
	}
	return d.apply(text, cfg)
}

// understand parses text. A panic fails the attempt alone: the running configuration is not touched before text is
// understood, and its targets go on.
func (d *daemon) understand(text []byte) (cfg *config.Config, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%s: a fault of the prober, please report it: panic at %s: %v", d.flags.configFile, panicked(), v)
		}
	}()
	return d.parse(text, d.flags.configFile, d.current.Load())
}

// panicked returns where the panic came from that the calling function has recovered: the next attempt gives the same
// text, which a whole stack would not.
func panicked() string {
	var callers [32]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(0, callers[:])])
	for panics, more := false, true; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		isRuntime := strings.HasPrefix(frame.Function, "runtime.")
		if panics && !isRuntime {
			return fmt.Sprintf("%s:%d", filepath.Base(frame.File), frame.Line)
		}
		panics = panics || frame.Function == "runtime.gopanic"
	}
	return "an unknown place"
}

// noteFiles logs which files of targets are newly wrong, or wrong in another way than before, and which are right
// again. before may be nil.
func noteFiles(log *slog.Logger, before, cfg *config.Config) {
	known := map[string]error{}
	if before != nil {
		for _, f := range before.TargetFiles {
			known[f.Name] = f.Err
		}
	}
	for _, f := range cfg.TargetFiles {
		switch old := known[f.Name]; {
		case f.Err == nil && old != nil:
			log.Info("a file of targets is right again", "file", f.Name, "targets", len(f.Targets))
		case f.Err != nil && (old == nil || old.Error() != f.Err.Error()):
			log.Error("a file of targets was not loaded; its last targets stay", "file", f.Name, "targets", len(f.Targets), "err", f.Err)
		}
	}
}

// apply makes cfg the running configuration. cfg was read from text.
func (d *daemon) apply(text []byte, cfg *config.Config) error {
	if err := d.applyAll(cfg); err != nil {
		return err
	}
	// Only after everything was applied: until then the page shows the configuration that is running.
	noteFiles(d.log, d.current.Swap(cfg), cfg)
	redacted := sync.OnceValues(cfg.Redacted)
	d.redacted.Store(&redacted)
	// A refresh parses this text again, and not the file: the file may hold a mistake by then, and secrets have to
	// be read all the same.
	d.text, d.stale = text, nil
	d.files = fingerprint{cfg.Files[0]: sha256.Sum256(text)}
	maps.Copy(d.files, cfg.Sums)
	warn(d.log, cfg)
	warnOverruns(d.log, cfg, d.shard)
	return nil
}
