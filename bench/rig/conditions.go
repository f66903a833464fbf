package rig

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Conditions are the conditions of a measurement.
type Conditions struct {
	date      time.Time
	processor string
	cores     int
	kernel    string
	realtime  bool
	nice      int
	versions  []string
}

// Conditions returns the current conditions.
func (r *Rig) Conditions(ctx context.Context) (Conditions, error) {
	c := Conditions{date: time.Now().UTC(), cores: runtime.NumCPU(), realtime: r.realtime, nice: niceness()}
	cpu, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return c, err
	}
	for line := range strings.Lines(string(cpu)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			c.processor = strings.TrimSpace(value)
			break
		}
	}
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return c, err
	}
	c.kernel, _, _ = strings.Cut(strings.TrimSpace(string(kernel)), "-")
	c.versions = append(c.versions, "prober "+revision(ctx))
	for _, peer := range r.Peers() {
		info, err := buildinfo.ReadFile(filepath.Join(r.peers, peer.Name()))
		if err != nil {
			return c, err
		}
		c.versions = append(c.versions, peer.Name()+" "+info.Main.Version+" ("+info.GoVersion+")")
	}
	return c, nil
}

func (c Conditions) String() string {
	precedence := ""
	if c.realtime {
		precedence = "The server and the clients had precedence over other programs (SCHED_RR); from one that would use a core\n" +
			"completely, as a client that spins does at high rates, the kernel takes it away for a twentieth of the time. "
	}
	if c.nice != 0 {
		precedence += fmt.Sprintf("All of them ran at a niceness of %d. ", c.nice)
	}
	return fmt.Sprintf("Measured on %s: %s, %d cores (the clients on one, the server on the other), Linux %s, %s;\n%s.\n%s",
		c.date.Format("2006-01-02 15:04 UTC"), c.processor, c.cores, c.kernel, runtime.Version(), strings.Join(c.versions, ", "), precedence)
}

// LoadAverage returns the average number of runnable threads in the last minute.
func LoadAverage() (string, error) {
	content, err := os.ReadFile("/proc/loadavg")
	average, _, _ := strings.Cut(string(content), " ")
	return average, err
}

// revision returns the commit of this directory.
func revision(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "of unknown revision"
	}
	return string(bytes.TrimSpace(out))
}
