package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	linux   = platform{"linux", "amd64"}
	windows = platform{"windows", "arm64"}
)

func TestAnArchiveHasTheProgramAndWhatStartsIt(t *testing.T) {
	t.Parallel()
	r := release{source: "../..", out: t.TempDir(), time: time.Unix(1_700_000_000, 0).UTC()}
	program := filepath.Join(t.TempDir(), "program")
	printed := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(printed, "completions"), 0o700))
	for _, file := range []string{program, filepath.Join(filepath.Dir(program), noticesName), filepath.Join(printed, manName), filepath.Join(printed, bashName), filepath.Join(printed, zshName)} {
		require.NoError(t, os.WriteFile(file, []byte("the "+filepath.Base(file)), 0o600))
	}
	common := []string{
		"-rw-r--r-- root/LICENSE", "-rw-r--r-- root/README.md", "-rw-r--r-- root/CHANGELOG.md", "-rw-r--r-- root/prober.yml",
		"-rw-r--r-- root/prober.schema.json", "-rw-r--r-- root/THIRD_PARTY_NOTICES", "-rw-r--r-- root/prober.1",
		"-rw-r--r-- root/completions/prober.bash", "-rw-r--r-- root/completions/_prober",
	}
	for p, want := range map[platform][]string{
		linux: append(append([]string{"-rwxr-xr-x root/prober"}, common...),
			"-rw-r--r-- root/systemd/prober.service", "-rw-r--r-- root/systemd/prober.socket",
			"-rw-r--r-- root/systemd/prober.service.d/socket.conf", "-rw-r--r-- root/systemd/prober.service.d/precedence.conf"),
		windows: append([]string{"-rwxr-xr-x root/prober.exe"}, common...),
	} {
		name := "archive" + p.suffix()
		require.NoError(t, r.writeArchive(p, name, "root", program, printed))
		first := read(t, filepath.Join(r.out, name))
		assert.Equal(t, want, list(t, p, first, r.time), p.os)
		require.NoError(t, r.writeArchive(p, name, "root", program, printed))
		assert.True(t, bytes.Equal(first, read(t, filepath.Join(r.out, name))), p.os)
	}
}

// list returns the modes and names of the files in an archive. Their times must be when.
func list(t *testing.T, p platform, text []byte, when time.Time) (files []string) {
	t.Helper()
	add := func(info os.FileInfo, name string) {
		assert.True(t, when.Equal(info.ModTime()), "%s: %s", name, info.ModTime())
		files = append(files, info.Mode().String()+" "+name)
	}
	if p.os == "windows" {
		archive, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
		require.NoError(t, err)
		for _, f := range archive.File {
			add(f.FileInfo(), f.Name)
		}
		return files
	}
	unpack(t, text, func(h *tar.Header, _ io.Reader) { add(h.FileInfo(), h.Name) })
	return files
}

func unpack(t *testing.T, text []byte, see func(*tar.Header, io.Reader)) {
	t.Helper()
	plain, err := gzip.NewReader(bytes.NewReader(text))
	require.NoError(t, err)
	for from := tar.NewReader(plain); ; {
		header, err := from.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
		see(header, from)
	}
}

func TestMistakesAreRefused(t *testing.T) {
	t.Parallel()
	r := release{out: t.TempDir()}
	require.ErrorContains(t, r.run(t.Context(), "linux", "0"), `platform "linux" is not OS/ARCH`)
	require.ErrorContains(t, r.run(t.Context(), "linux/amd64", "yesterday"), "time: ")
}

// It builds a release from two directories, for the second time without any cache.
func TestTheSameSourceGivesTheSameBytes(t *testing.T) {
	if os.Getenv("PROBER_RELEASE_TEST") != "1" {
		t.Skip("make release-test runs this")
	}
	host := platform{runtime.GOOS, runtime.GOARCH}
	var sums [][]byte
	for _, name := range []string{"first", "the/second"} {
		r := release{
			source: filepath.Join(t.TempDir(), name), out: t.TempDir(),
			version: "1.2.3", revision: "4567", time: time.Unix(1_700_000_000, 0), log: t.Output(),
		}
		copySource(t, r.source)
		require.NoError(t, r.build(t.Context(), []platform{host}))
		sums = append(sums, read(t, filepath.Join(r.out, "SHA256SUMS")))
		if len(sums) == 1 {
			assertRelease(t, r, host)
		}
		t.Setenv("GOCACHE", t.TempDir())
	}
	assert.Equal(t, string(sums[0]), string(sums[1]))
}

// assertRelease checks the build for this machine.
func assertRelease(t *testing.T, r release, host platform) {
	t.Helper()
	name := fmt.Sprintf("prober_%s_%s_%s", r.version, host.os, host.arch)
	archive := read(t, filepath.Join(r.out, name+".tar.gz"))
	assert.Contains(t, string(read(t, filepath.Join(r.out, "SHA256SUMS"))), fmt.Sprintf("%x  %s.tar.gz\n", sha256.Sum256(archive), name))

	program := filepath.Join(t.TempDir(), "prober")
	texts := map[string]string{}
	unpack(t, archive, func(h *tar.Header, from io.Reader) {
		text, err := io.ReadAll(from)
		require.NoError(t, err)
		if h.Name == name+"/prober" {
			require.NoError(t, os.WriteFile(program, text, 0o700))
			return
		}
		texts[strings.TrimPrefix(h.Name, name+"/")] = string(text)
	})
	assert.Contains(t, texts[manName], ".TH prober 1 1.2.3 ")
	assert.Contains(t, texts[bashName], "\ncomplete -F ")
	assert.Regexp(t, "^#compdef prober\n", texts[zshName])
	assert.Contains(t, texts[noticesName], "github.com/prometheus/client_golang v")
	assert.Contains(t, texts["LICENSE"], "Apache License")
	said, err := exec.CommandContext(t.Context(), program, "--version").Output()
	require.NoError(t, err)
	assert.Regexp(t, `^prober, version 1\.2\.3 \(branch: , revision: 4567\)`, string(said))
	assert.Contains(t, string(said), runtime.Version())

	var bill struct{ Components []struct{ Name string } }
	require.NoError(t, json.Unmarshal(read(t, filepath.Join(r.out, name+".cdx.json")), &bill))
	var modules []string
	for _, c := range bill.Components {
		modules = append(modules, c.Name)
	}
	assert.Subset(t, modules, []string{"std", "github.com/prometheus/client_golang", "gopkg.in/yaml.v3"})
	assert.NotContains(t, modules, "github.com/stretchr/testify", "the program has no tests in it")
}

// copySource copies the files of git and the new files that git does not ignore, without the history.
func copySource(t *testing.T, to string) {
	t.Helper()
	list := exec.CommandContext(t.Context(), "git", "ls-files", "--cached", "--others", "--exclude-standard")
	list.Dir = "../.."
	names, err := list.Output()
	require.NoError(t, err)
	for name := range strings.Lines(string(names)) {
		name = strings.TrimSpace(name)
		text, err := os.ReadFile(filepath.Join("../..", name))
		if errors.Is(err, os.ErrNotExist) {
			continue // removed, and not yet committed
		}
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(to, name), text, 0o600))
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return text
}
