package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blakesmith/ar"
	"github.com/sassoftware/go-rpmutils"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// made makes packages of an archive. Its program is a script.
func made(t *testing.T, version string) maker {
	t.Helper()
	m := maker{dir: t.TempDir(), version: version, time: time.Unix(1_700_000_000, 0).UTC()}
	name := "prober_" + version + "_linux_amd64"
	out, err := os.Create(filepath.Join(m.dir, name+".tar.gz"))
	require.NoError(t, err)
	defer out.Close()
	compressed := gzip.NewWriter(out)
	to := tar.NewWriter(compressed)
	add := func(name string, mode int64, text []byte) {
		require.NoError(t, to.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(text)), Mode: mode}))
		_, err := to.Write(text)
		require.NoError(t, err)
	}
	add(name+"/prober", 0o755, []byte("#!/bin/sh\necho prober "+version+"\n"))
	for _, made := range []string{"prober.1", "THIRD_PARTY_NOTICES", "completions/prober.bash", "completions/_prober"} {
		add(name+"/"+made, 0o644, []byte("the "+made+"\n"))
	}
	for to, from := range map[string]string{
		"LICENSE": "LICENSE", "README.md": "README.md", "CHANGELOG.md": "CHANGELOG.md", "prober.yml": "prober.yml", "prober.schema.json": "schema/prober.schema.json",
		"systemd/prober.service": "deploy/systemd/prober.service", "systemd/prober.socket": "deploy/systemd/prober.socket",
		"systemd/prober.service.d/socket.conf":     "deploy/systemd/prober.service.d/socket.conf",
		"systemd/prober.service.d/precedence.conf": "deploy/systemd/prober.service.d/precedence.conf",
	} {
		text, err := os.ReadFile(filepath.Join("../..", from))
		require.NoError(t, err)
		add(name+"/"+to, 0o644, text)
	}
	require.NoError(t, errors.Join(to.Close(), compressed.Close()))
	require.NoError(t, os.WriteFile(filepath.Join(m.dir, name+".cdx.json"), []byte("{}\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(m.dir, "SHA256SUMS"), fmt.Appendf(nil, "%064d  %s.tar.gz\n", 0, name), 0o600))
	require.NoError(t, m.makeAll())
	return m
}

// modes are the files in both packages, and their own folders.
var modes = map[string]string{
	"/etc/prober":                                    "drwxr-xr-x",
	"/etc/prober/prober.yml":                         "-rw-r--r--",
	"/usr/bin/prober":                                "-rwxr-xr-x",
	"/usr/lib/systemd/system/prober.service":         "-rw-r--r--",
	"/usr/lib/systemd/system/prober.socket":          "-rw-r--r--",
	"/usr/share/bash-completion/completions/prober":  "-rw-r--r--",
	"/usr/share/doc/prober":                          "drwxr-xr-x",
	"/usr/share/doc/prober/CHANGELOG.md":             "-rw-r--r--",
	"/usr/share/doc/prober/README.md":                "-rw-r--r--",
	"/usr/share/doc/prober/THIRD_PARTY_NOTICES":      "-rw-r--r--",
	"/usr/share/doc/prober/examples":                 "drwxr-xr-x",
	"/usr/share/doc/prober/examples/precedence.conf": "-rw-r--r--",
	"/usr/share/doc/prober/examples/prober.yml":      "-rw-r--r--",
	"/usr/share/doc/prober/examples/socket.conf":     "-rw-r--r--",
	"/usr/share/doc/prober/prober.cdx.json":          "-rw-r--r--",
	"/usr/share/doc/prober/prober.schema.json":       "-rw-r--r--",
	"/usr/share/man/man1/prober.1.gz":                "-rw-r--r--",
}

// with returns the modes of both packages, and the modes of only one.
func with(own ...string) map[string]string {
	all := map[string]string{}
	for name, mode := range modes {
		all[name] = mode
	}
	for _, name := range own {
		all[name] = "-rw-r--r--"
	}
	return all
}

func TestThePackageOfDebianHasWhatItShould(t *testing.T) {
	t.Parallel()
	m := made(t, "1.2.3")
	control, data := readDeb(t, m, "prober_1.2.3_amd64.deb")
	got := map[string]string{}
	for name, f := range data {
		assert.True(t, m.time.Equal(f.header.ModTime), name)
		assert.Equal(t, "root:root", f.header.Uname+":"+f.header.Gname, name)
		if f.header.Typeflag != tar.TypeDir || modes[name] != "" { // else a parent folder
			got[name] = f.header.FileInfo().Mode().String()
		}
	}
	assert.Equal(t, with("/usr/share/doc/prober/copyright", "/usr/share/zsh/vendor-completions/_prober"), got)
	assertUnit(t, data["/usr/lib/systemd/system/prober.service"].text)

	fields := control["/control"].text
	for _, line := range []string{"Package: prober", "Version: 1.2.3", "Architecture: amd64", "Recommends: ca-certificates", "Section: net"} {
		assert.Contains(t, strings.Split(fields, "\n"), line)
	}
	assert.NotContains(t, fields, "Depends:", "the program is static")
	assert.Equal(t, "/etc/prober/prober.yml\n", control["/conffiles"].text)
	for name, text := range map[string][]byte{"/postinst": postinstall, "/prerm": preremove, "/postrm": postremove} {
		assert.Equal(t, string(text), control[name].text, name)
		assert.EqualValues(t, 0o755, control[name].header.Mode&0o777, name)
	}
}

func TestThePackageOfRPMHasWhatItShould(t *testing.T) {
	t.Parallel()
	m := made(t, "1.2.3")
	in, err := os.Open(filepath.Join(m.dir, "prober-1.2.3-1.x86_64.rpm"))
	require.NoError(t, err)
	defer in.Close()
	read, err := rpmutils.ReadRpm(in)
	require.NoError(t, err)
	id, err := read.Header.GetNEVRA()
	require.NoError(t, err)
	assert.Equal(t, "prober-0:1.2.3-1.x86_64.rpm", id.String())
	for tag, want := range map[int]string{
		rpmutils.POSTIN: string(postinstall), rpmutils.PREUN: string(preremove), rpmutils.POSTUN: string(postremove),
		rpmutils.LICENSE: "Apache-2.0", rpmutils.BUILDHOST: "localhost",
	} {
		text, err := read.Header.GetString(tag)
		require.NoError(t, err)
		assert.Equal(t, strings.TrimSpace(want), strings.TrimSpace(text))
	}
	found, err := read.Header.GetFiles()
	require.NoError(t, err)
	got := map[string]string{}
	for _, f := range found {
		mode := os.FileMode(f.Mode() & 0o777)
		if f.Mode()&0o170000 == 0o040000 {
			mode |= os.ModeDir
		}
		got[f.Name()] = mode.String()
		assert.Equal(t, "root:root", f.UserName()+":"+f.GroupName(), f.Name())
		const config, noReplace, license = 1, 16, 128
		want := map[string]int{"/etc/prober/prober.yml": config | noReplace, "/usr/share/licenses/prober/LICENSE": license}[f.Name()]
		assert.Equal(t, want, f.Flags(), f.Name())
	}
	assert.Equal(t, with("/usr/share/licenses/prober/LICENSE", "/usr/share/zsh/site-functions/_prober"), got)

	payload, err := read.PayloadReaderExtended()
	require.NoError(t, err)
	for {
		f, err := payload.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if f.Name() == "/usr/lib/systemd/system/prober.service" {
			text, err := io.ReadAll(payload)
			require.NoError(t, err)
			assertUnit(t, string(text))
			return
		}
	}
	assert.Fail(t, "the payload has no unit")
}

func assertUnit(t *testing.T, text string) {
	t.Helper()
	assert.Contains(t, text, "\nExecStart=/usr/bin/prober run --config.file=/etc/prober/prober.yml $PROBER_FLAGS\n")
	assert.Contains(t, text, "\nExecReload=/usr/bin/prober check --config.file=/etc/prober/prober.yml\n")
	assert.Contains(t, text, "\nDynamicUser=yes\n", "no script makes a user")
	assert.NotContains(t, text, "/usr/local")
}

func TestTheSameArchivesGiveTheSamePackages(t *testing.T) {
	t.Parallel()
	first, second := made(t, "1.2.3"), made(t, "1.2.3")
	for _, name := range []string{"prober_1.2.3_amd64.deb", "prober-1.2.3-1.x86_64.rpm"} {
		a, err := os.ReadFile(filepath.Join(first.dir, name))
		require.NoError(t, err)
		b, err := os.ReadFile(filepath.Join(second.dir, name))
		require.NoError(t, err)
		assert.True(t, bytes.Equal(a, b), name)
	}
}

func TestTheChecksumsHaveThePackages(t *testing.T) {
	t.Parallel()
	m := made(t, "1.2.3")
	require.NoError(t, m.makeAll()) // again
	text, err := os.ReadFile(filepath.Join(m.dir, "SHA256SUMS"))
	require.NoError(t, err)
	assert.Regexp(t, `^[0-9a-f]{64}  prober-1\.2\.3-1\.x86_64\.rpm\n[0-9a-f]{64}  prober_1\.2\.3_amd64\.deb\n0{64}  prober_1\.2\.3_linux_amd64\.tar\.gz\n$`, string(text))
	sum, err := exec.CommandContext(t.Context(), "sha256sum", filepath.Join(m.dir, "prober_1.2.3_amd64.deb")).Output()
	require.NoError(t, err)
	assert.Contains(t, string(text), string(sum[:64])+"  prober_1.2.3_amd64.deb\n")
}

func TestVersionsAreInTheOrderOfPackages(t *testing.T) {
	t.Parallel()
	for version, names := range map[string][]string{
		"1.2.3-rc.1":    {"prober_1.2.3~rc.1_amd64.deb", "prober-1.2.3~rc.1-1.x86_64.rpm"},
		"0123abc-dirty": {"prober_0.0.0~g0123abc-dirty_amd64.deb", "prober-0.0.0~g0123abc_dirty-1.x86_64.rpm"},
	} {
		m := made(t, version)
		for _, name := range names {
			assert.FileExists(t, filepath.Join(m.dir, name))
		}
	}
}

func TestMistakesAreRefused(t *testing.T) {
	t.Parallel()
	m := maker{dir: t.TempDir(), version: "1.2.3"}
	require.ErrorContains(t, m.run("0"), "has no prober_1.2.3_linux_*.tar.gz")
	require.ErrorContains(t, m.run("yesterday"), "time: ")
}

// member is a file within a package of Debian.
type member struct {
	header *tar.Header
	text   string
}

// readDeb returns the files of the control archive and of the data archive, by their paths.
func readDeb(t *testing.T, m maker, name string) (control, data map[string]member) {
	t.Helper()
	in, err := os.Open(filepath.Join(m.dir, name))
	require.NoError(t, err)
	defer in.Close()
	for from := ar.NewReader(in); ; {
		header, err := from.Next()
		if errors.Is(err, io.EOF) {
			return control, data
		}
		require.NoError(t, err)
		switch strings.TrimSuffix(header.Name, "/") {
		case "control.tar.gz":
			control = readTar(t, from)
		case "data.tar.gz":
			data = readTar(t, from)
		}
	}
}

func readTar(t *testing.T, in io.Reader) map[string]member {
	t.Helper()
	plain, err := gzip.NewReader(in)
	require.NoError(t, err)
	found := map[string]member{}
	for from := tar.NewReader(plain); ; {
		header, err := from.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		require.NoError(t, err)
		text, err := io.ReadAll(from)
		require.NoError(t, err)
		found[filepath.Join("/", header.Name)] = member{header, string(text)}
	}
}
