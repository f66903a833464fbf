package image

import (
	"archive/tar"
	"bytes"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

const debian = "debian:test"

// provideDebian gives the daemon an image of Debian. It consists of the essential packages of this machine, the named
// packages, and their dependencies.
func (d *docker) provideDebian(t *testing.T, packages ...string) {
	t.Helper()
	query := rig.Program(t, "dpkg-query", "dpkg")
	installed := dependingPackages(t, query, packages)
	cmd := d.command(t, "import", "--change=ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin", "-", debian)
	files, err := cmd.StdinPipe()
	require.NoError(t, err)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	require.NoError(t, cmd.Start())
	image := &rootTree{tree: tree{t: t, to: tar.NewWriter(files)}, done: map[string]bool{}}
	for _, name := range []string{"/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32"} {
		image.put(name)
	}
	listed, err := exec.CommandContext(t.Context(), query, append([]string{"--listfiles"}, installed...)...).Output()
	require.NoError(t, err)
	for line := range strings.Lines(string(listed)) {
		if name := strings.TrimSpace(line); path.IsAbs(name) && name != "/." && !strings.HasPrefix(name, "/usr/share/doc/") {
			image.put(name)
		}
	}
	// Files of no package, made by scripts of packages.
	for _, name := range []string{"/etc/passwd", "/etc/group", "/etc/ld.so.cache", "/usr/bin/awk", "/etc/alternatives/awk"} {
		image.put(name)
	}
	status, err := exec.CommandContext(t.Context(), query, append([]string{"--status"}, installed...)...).Output()
	require.NoError(t, err)
	image.text("/var/lib/dpkg/status", status)
	for _, name := range []string{"/var/lib/dpkg/info", "/var/lib/dpkg/updates", "/var/lib/dpkg/triggers", "/tmp"} {
		image.put(name)
	}
	require.NoError(t, image.to.Close())
	require.NoError(t, files.Close())
	require.NoError(t, cmd.Wait(), said.String())
}

// dependingPackages returns the essential and the named packages with all their dependencies, as far as they are
// installed.
func dependingPackages(t *testing.T, query string, next []string) (found []string) {
	t.Helper()
	listed, err := exec.CommandContext(t.Context(), query, "--show", `--showformat=${Package}\t${db:Status-Status}\t${Essential}\t${Pre-Depends}, ${Depends}\n`).Output()
	require.NoError(t, err)
	needs := map[string][]string{}
	for line := range strings.Lines(string(listed)) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if len(fields) < 4 || fields[1] != "installed" {
			continue
		}
		needs[fields[0]] = regexp.MustCompile(`[a-z0-9][a-z0-9+.-]+`).FindAllString(regexp.MustCompile(`\([^)]*\)|:any`).ReplaceAllString(fields[3], ""), -1)
		if fields[2] == "yes" {
			next = append(next, fields[0])
		}
	}
	for ; len(next) > 0; next = next[1:] {
		if needed, isInstalled := needs[next[0]]; isInstalled && !slices.Contains(found, next[0]) {
			found, next = append(found, next[0]), append(next, needed...)
		}
	}
	slices.Sort(found)
	return found
}

// rootTree writes files under their names on this machine, each once.
type rootTree struct {
	tree

	done map[string]bool
}

// put adds a file, a link, or a folder without its contents. It leaves out a missing file: some machines lack the
// translations of packages.
func (r *rootTree) put(name string) {
	r.t.Helper()
	dir, err := filepath.EvalSymlinks(path.Dir(name))
	if err != nil {
		return
	}
	name = path.Join(dir, path.Base(name))
	info, err := os.Lstat(name)
	if err != nil || r.done[name] {
		return
	}
	r.done[name] = true
	switch to := strings.TrimPrefix(name, "/"); {
	case info.Mode().IsRegular():
		r.file(to, name)
	case info.IsDir():
		r.folder(to)
	case info.Mode()&os.ModeSymlink != 0:
		target, err := os.Readlink(name)
		require.NoError(r.t, err)
		require.NoError(r.t, r.to.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: to, Linkname: target, Mode: 0o777}))
	}
}

func (r *rootTree) text(name string, text []byte) {
	r.t.Helper()
	require.NoError(r.t, r.to.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: strings.TrimPrefix(name, "/"), Size: int64(len(text)), Mode: 0o644}))
	_, err := r.to.Write(text)
	require.NoError(r.t, err)
}
