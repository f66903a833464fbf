package main

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// blackbox is Debian's name for blackbox_exporter, for the program and the package.
const blackbox = "prometheus-blackbox-exporter"

// blackboxConfig has a module for each use here.
const blackboxConfig = `modules:
  plain: {prober: http, timeout: 4s, http: {preferred_ip_protocol: ip4, body_size_limit: 1MB}}
  anyone: {prober: http, timeout: 4s, http: {preferred_ip_protocol: ip4, tls_config: {insecure_skip_verify: true}}}
`

// verdict is the result of blackbox_exporter for one fault.
type verdict struct {
	success     bool
	connections int
}

// peer probes each suitable fault of the table once with blackbox_exporter. No gate judges it: its figures stand beside
// ours.
func (g *gauntlet) peer(s *stage) {
	if g.short {
		return
	}
	program, err := exec.LookPath(blackbox)
	if err != nil {
		g.board.fact("peer: there is no blackbox_exporter; Debian has it as %s", blackbox)
		return
	}
	f := newFarm(s)
	all := f.faults()
	address := g.startBlackbox(s, program)
	verdicts := f.askAll(address, all)
	var fine, more []string
	for name, v := range verdicts {
		if v.success {
			fine = append(fine, name)
		}
		if v.connections > 1 {
			more = append(more, name)
		}
	}
	slices.Sort(fine)
	slices.Sort(more)
	codes := map[string]bool{}
	for i := range all {
		codes[all[i].codes] = true
	}
	g.board.fact("peer: blackbox_exporter was shown %d of %d faults, and knows two verdicts of them; the prober has %d codes for them all",
		len(verdicts), len(all), len(codes))
	g.board.fact("peer: blackbox_exporter finds nothing wrong with %d: %q", len(fine), fine)
	g.board.fact("peer: blackbox_exporter made more than one connection for one probe with %d: %q", len(more), more)
}

// startBlackbox starts the program and waits until it answers.
func (g *gauntlet) startBlackbox(s *stage, program string) (address string) {
	file := filepath.Join(g.dir, "blackbox.yml")
	s.must(os.WriteFile(file, []byte(blackboxConfig), 0o600))
	address = s.freeAddress()                                                                          // it cannot be told to choose a port itself
	cmd := exec.CommandContext(s.ctx, program, "--config.file="+file, "--web.listen-address="+address) //nolint:gosec // found on the path
	s.must(cmd.Start())
	s.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	s.await("blackbox_exporter", func() bool {
		status, _, err := fetch(s.ctx, http.MethodGet, "http://"+address+"/-/healthy", "")
		return err == nil && status == http.StatusOK
	})
	return address
}

// askAll probes each fault once, eight at a time.
func (f *farm) askAll(address string, all []fault) map[string]verdict {
	var mu sync.Mutex
	var running sync.WaitGroup
	verdicts, errs, turns := map[string]verdict{}, error(nil), make(chan struct{}, 8)
	for i := range all {
		x := &all[i]
		module := "plain"
		if slices.Contains(x.keys, anyone) {
			module = "anyone"
		} else if len(x.keys) > 0 || x.url != "" || x.scheme == "grpc" || x.codes == "0 1223" {
			continue // the fault needs something that blackbox_exporter cannot do
		}
		b := f.open(x.serve)
		running.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			v, err := b.ask(f.ctx, address, module, x)
			mu.Lock()
			defer mu.Unlock()
			verdicts[x.name], errs = v, errors.Join(errs, err)
		})
	}
	running.Wait()
	f.must(errs)
	return verdicts
}

var probeSuccess = regexp.MustCompile(`(?m)^probe_success 1$`)

// ask probes the fault of the barn with blackbox_exporter.
func (b *barn) ask(ctx context.Context, address, module string, x *fault) (verdict, error) {
	query := url.Values{"module": {module}, "target": {b.url(cmp.Or(x.scheme, "http"), x.name)}}
	_, body, err := fetch(ctx, http.MethodGet, "http://"+address+"/probe?"+query.Encode(), "")
	if err != nil && strings.Contains(err.Error(), "EOF") {
		err = nil // the exporter itself did not survive the probe
	}
	return verdict{success: probeSuccess.Match(body), connections: b.connections()}, err
}
