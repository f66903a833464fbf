package main

import (
	"context"
	"errors"
	"fmt"
	"net"
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

// blackbox is the name that Debian gives to blackbox_exporter, as a program and as
// a package.
const blackbox = "prometheus-blackbox-exporter"

// blackboxConfig has a module for each way in which it is asked here.
const blackboxConfig = `modules:
  plain: {prober: http, timeout: 4s, http: {preferred_ip_protocol: ip4, body_size_limit: 1MB}}
  anyone: {prober: http, timeout: 4s, http: {preferred_ip_protocol: ip4, tls_config: {insecure_skip_verify: true}}}
`

// verdict is what blackbox_exporter makes of one fault.
type verdict struct {
	success     bool
	connections int
}

// peer shows to blackbox_exporter those faults of the table that it can be asked
// about, once each. No gate judges it: its figures stand beside ours.
func (g *gauntlet) peer(ctx context.Context) error {
	if g.short {
		return nil
	}
	program, err := exec.LookPath(blackbox)
	if err != nil {
		g.board.fact("peer: there is no blackbox_exporter; Debian has it as %s", blackbox)
		return nil
	}
	f, err := newFarm()
	if err != nil {
		return err
	}
	defer f.close()
	all, err := f.faults()
	if err != nil {
		return err
	}
	address, stop, err := g.startBlackbox(ctx, program)
	if err != nil {
		return err
	}
	defer stop()
	verdicts, err := f.askAll(ctx, address, all)
	if err != nil {
		return err
	}
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
	return nil
}

// startBlackbox starts the program and waits until it answers.
func (g *gauntlet) startBlackbox(ctx context.Context, program string) (address string, stop func(), err error) {
	file := filepath.Join(g.dir, "blackbox.yml")
	if err := os.WriteFile(file, []byte(blackboxConfig), 0o600); err != nil {
		return "", nil, err
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	address = ln.Addr().String()
	ln.Close()                                                                                       // it cannot be told to choose a port itself
	cmd := exec.CommandContext(ctx, program, "--config.file="+file, "--web.listen-address="+address) //nolint:gosec // found on the path
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	}
	err = until(ctx, "blackbox_exporter", func() bool {
		status, _, err := fetch(ctx, http.MethodGet, "http://"+address+"/-/healthy", "")
		return err == nil && status == http.StatusOK
	})
	if err != nil {
		stop()
	}
	return address, stop, err
}

// askAll has each fault probed once, eight at a time.
func (f *farm) askAll(ctx context.Context, address string, all []fault) (map[string]verdict, error) {
	var mu sync.Mutex
	var running sync.WaitGroup
	verdicts, errs, turns := map[string]verdict{}, error(nil), make(chan struct{}, 8)
	for i := range all {
		x := &all[i]
		module := "plain"
		if slices.Contains(x.keys, anyone) {
			module = "anyone"
		} else if len(x.keys) > 0 || x.url != "" || x.codes == "0 1223" {
			continue // it takes what blackbox_exporter cannot be told
		}
		running.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			v, err := f.ask(ctx, address, module, x)
			mu.Lock()
			defer mu.Unlock()
			verdicts[x.name], errs = v, errors.Join(errs, err)
		})
	}
	running.Wait()
	return verdicts, errs
}

var probeSuccess = regexp.MustCompile(`(?m)^probe_success 1$`)

func (f *farm) ask(ctx context.Context, address, module string, x *fault) (verdict, error) {
	b, err := f.open(x.serve)
	if err != nil {
		return verdict{}, err
	}
	scheme := x.scheme
	if scheme == "" {
		scheme = "http"
	}
	query := url.Values{"module": {module}, "target": {fmt.Sprintf("%s://%s/%s/", scheme, b.address, x.name)}}
	_, body, err := fetch(ctx, http.MethodGet, "http://"+address+"/probe?"+query.Encode(), "")
	if err != nil && strings.Contains(err.Error(), "EOF") {
		err = nil // the exporter itself did not survive the probe
	}
	return verdict{success: probeSuccess.Match(body), connections: b.connections()}, err
}
