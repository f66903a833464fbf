// Command packages makes the packages of Debian and of RPM from the archives of deploy/release for Linux. It writes
// them beside the archives and adds them to SHA256SUMS. The same archives, version and time give the same bytes.
//
// It has a module of its own, so the program needs none of the libraries for packages.
package main

import (
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/deb"
	"github.com/goreleaser/nfpm/v2/rpm"
)

// maker makes packages.
type maker struct {
	dir     string // of the archives and of the packages
	version string // of the release, without a v
	time    time.Time
}

func main() {
	var m maker
	flag.StringVar(&m.dir, "dir", filepath.Join("bin", "release"), "directory of the archives, and of the packages")
	flag.StringVar(&m.version, "version", "unknown", "version of the release, without a v")
	epoch := flag.String("time", "0", "time of the files in the packages, in seconds since 1970")
	flag.Parse()
	if err := m.run(*epoch); err != nil {
		fmt.Fprintln(os.Stderr, "packages:", err)
		os.Exit(1)
	}
}

func (m maker) run(epoch string) error {
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return fmt.Errorf("time: %w", err)
	}
	m.time = time.Unix(seconds, 0).UTC()
	return m.makeAll()
}

// makeAll makes the packages of each archive for Linux. It fails if there is none.
func (m maker) makeAll() error {
	prefix := fmt.Sprintf("prober_%s_linux_", m.version)
	archives, err := filepath.Glob(filepath.Join(m.dir, prefix+"*.tar.gz"))
	if err != nil {
		return err
	}
	if len(archives) == 0 {
		return fmt.Errorf("%s has no %s*.tar.gz", m.dir, prefix)
	}
	var made []string
	for _, archive := range archives {
		arch := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(archive), prefix), ".tar.gz")
		names, err := m.makeFrom(archive, arch)
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(archive), err)
		}
		made = append(made, names...)
	}
	return m.addChecksums(made)
}

// makeFrom makes both packages of an archive and returns their names.
func (m maker) makeFrom(archive, arch string) (names []string, err error) {
	dir, err := os.MkdirTemp("", "packages-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := unpack(archive, dir); err != nil {
		return nil, err
	}
	bill := strings.TrimSuffix(archive, ".tar.gz") + ".cdx.json"
	if err := prepare(dir, bill); err != nil {
		return nil, err
	}
	for format, packager := range map[string]nfpm.Packager{"deb": deb.Default, "rpm": rpm.DefaultRPM} {
		name, err := m.write(packager, m.describe(dir, arch, format))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", format, err)
		}
		names = append(names, name)
	}
	return names, nil
}

// write writes one package and returns its name.
func (m maker) write(packager nfpm.Packager, info *nfpm.Info) (name string, err error) {
	name = packager.ConventionalFileName(info)
	if err := nfpm.PrepareForPackager(info, info.Target); err != nil {
		return "", err
	}
	out, err := os.Create(filepath.Join(m.dir, name))
	if err != nil {
		return "", err
	}
	return name, errors.Join(packager.Package(info, out), out.Close())
}

// semver matches the versions allowed in packages: https://semver.org.
var semver = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$`)

// packageVersion returns the version of the packages. The version of a build without a tag comes before all releases.
func (m maker) packageVersion() string {
	if semver.MatchString(m.version) {
		return m.version
	}
	return "0.0.0-g" + m.version
}

// addChecksums adds the packages to the file of `sha256sum --check`.
func (m maker) addChecksums(names []string) error {
	file := filepath.Join(m.dir, "SHA256SUMS")
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	sums := map[string]string{}
	for line := range strings.Lines(string(text)) {
		sum, name, found := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if !found {
			return fmt.Errorf("%s: %q is not a sum and a name", file, line)
		}
		sums[name] = sum
	}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(m.dir, name))
		if err != nil {
			return err
		}
		sums[name] = fmt.Sprintf("%x", sha256.Sum256(text))
	}
	var lines []string
	for name, sum := range sums {
		lines = append(lines, sum+"  "+name+"\n")
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[64:], b[64:]) })
	return os.WriteFile(file, []byte(strings.Join(lines, "")), 0o644)
}
