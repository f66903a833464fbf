// Command release builds the archives of a release: one for each platform, with a bill of materials beside it, the
// chart of Helm, and the checksums of all. The same source, version and time give the same bytes, whatever the machine
// and the directory.
//
// Run it from the root of the module.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// release is one build, from the directory source into the directory out.
type release struct {
	source, out       string
	version, revision string
	time              time.Time // of every file in the archives
	log               io.Writer
}

// Files of an archive that are made for it.
const (
	noticesName = "THIRD_PARTY_NOTICES"
	manName     = "prober.1"
	bashName    = "completions/prober.bash"
	zshName     = "completions/_prober"
)

// platform is an operating system and an architecture, as Go names them.
type platform struct{ os, arch string }

func main() {
	platforms := flag.String("platforms", "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64", "what to build for; the chart of Helm is packed in any case")
	r := release{source: ".", log: os.Stderr}
	flag.StringVar(&r.version, "version", "unknown", "version of the release, without a v")
	flag.StringVar(&r.revision, "revision", "unknown", "commit that it is built from")
	flag.StringVar(&r.out, "o", filepath.Join("bin", "release"), "directory to write into")
	epoch := flag.String("time", "0", "time of the files in the archives, in seconds since 1970")
	flag.Parse()
	if err := r.run(context.Background(), *platforms, *epoch); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1) //nolint:forbidigo // this is main
	}
}

func (r release) run(ctx context.Context, platforms, epoch string) error {
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return fmt.Errorf("time: %w", err)
	}
	r.time = time.Unix(seconds, 0).UTC()
	var all []platform
	for name := range strings.FieldsFuncSeq(platforms, func(r rune) bool { return r == ',' }) {
		system, arch, found := strings.Cut(name, "/")
		if !found {
			return fmt.Errorf("platform %q is not OS/ARCH", name)
		}
		all = append(all, platform{system, arch})
	}
	return r.build(ctx, all)
}

// build writes everything for the platforms, and the checksums.
func (r release) build(ctx context.Context, platforms []platform) error {
	if err := os.MkdirAll(r.out, 0o750); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if len(platforms) > 0 {
		if err := r.writePrinted(ctx, dir); err != nil {
			return fmt.Errorf("what the program prints: %w", err)
		}
	}
	var files []string
	for _, p := range platforms {
		fmt.Fprintln(r.log, "building for", p.os, p.arch)
		names, err := r.buildFor(ctx, p, filepath.Join(dir, p.os+"_"+p.arch), dir)
		if err != nil {
			return fmt.Errorf("%s/%s: %w", p.os, p.arch, err)
		}
		files = append(files, names...)
	}
	chart, err := r.writeChart()
	if err != nil {
		return err
	}
	return r.writeChecksums(append(files, chart))
}

// buildFor returns the names of the archive and its bill of materials. It works in the folder dir, and takes the
// program's printed files from the folder printed.
func (r release) buildFor(ctx context.Context, p platform, dir, printed string) ([]string, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	program := filepath.Join(dir, p.program())
	if err := r.compile(ctx, p, program); err != nil {
		return nil, err
	}
	if err := r.writeNotices(ctx, p, filepath.Join(dir, noticesName)); err != nil {
		return nil, err
	}
	name := fmt.Sprintf("prober_%s_%s_%s", r.version, p.os, p.arch)
	archive, bill := name+p.suffix(), name+".cdx.json"
	if err := r.writeArchive(p, archive, name, program, printed); err != nil {
		return nil, err
	}
	return []string{archive, bill}, r.writeBill(ctx, bill, program)
}

func (p platform) program() string {
	if p.os == "windows" {
		return "prober.exe"
	}
	return "prober"
}

func (p platform) suffix() string {
	if p.os == "windows" {
		return ".zip"
	}
	return ".tar.gz"
}

// stamp returns the flag of the linker with the program's version.
func (r release) stamp() string {
	const in = "github.com/prometheus/common/version"
	return fmt.Sprintf("-s -w -X %[1]s.Version=%[2]s -X %[1]s.Revision=%[3]s", in, r.version, r.revision)
}

// writePrinted writes the man page and the shell completions into a folder, printed by the program of this machine.
// They are the same for all platforms.
func (r release) writePrinted(ctx context.Context, dir string) error {
	host := platform{runtime.GOOS, runtime.GOARCH}
	program := filepath.Join(dir, host.program())
	if err := r.compile(ctx, host, program); err != nil {
		return err
	}
	for name, flag := range map[string]string{manName: "--help-man", bashName: "--completion-script-bash", zshName: "--completion-script-zsh"} {
		text, err := exec.CommandContext(ctx, program, flag).Output() //nolint:gosec // it is what was compiled
		if err != nil {
			return fmt.Errorf("%s: %w", flag, err)
		}
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, text, 0o600)); err != nil {
			return err
		}
	}
	return nil
}

func (r release) compile(ctx context.Context, p platform, to string) error {
	to, err := filepath.Abs(to)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", r.stamp(), "-o", to, ".") //nolint:gosec // likewise
	cmd.Dir, cmd.Stderr = r.source, r.log
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+p.os, "GOARCH="+p.arch, "GOAMD64=v1", "GOARM64=v8.0")
	return cmd.Run()
}

// writeBill lists the modules in the program, as the program itself says.
func (r release) writeBill(ctx context.Context, name, program string) error {
	out, err := filepath.Abs(filepath.Join(r.out, name))
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "tool", "-modfile="+filepath.Join("tools", "sbom", "go.mod"), "cyclonedx-gomod", "bin", //nolint:gosec // likewise
		"-json", "-std", "-noserial", "-notimestamp", "-version", r.version, "-output", out, program)
	cmd.Dir, cmd.Stderr = r.source, r.log
	// The bill has the checksum of the tool that wrote it, and the bytes of the tool depend on this.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-trimpath -buildvcs=false")
	return cmd.Run()
}

// writeChecksums writes the file of `sha256sum --check`.
func (r release) writeChecksums(files []string) error {
	slices.Sort(files)
	var sums strings.Builder
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(r.out, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(text), name)
	}
	return os.WriteFile(filepath.Join(r.out, "SHA256SUMS"), []byte(sums.String()), 0o644) //nolint:gosec // it is to be published
}
