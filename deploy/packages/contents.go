package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/files"
)

// The scripts of the packages, the same in both formats.
var (
	//go:embed scripts/postinstall.sh
	postinstall []byte
	//go:embed scripts/preremove.sh
	preremove []byte
	//go:embed scripts/postremove.sh
	postremove []byte
)

// Names of files that are made for packages, beside the files of the archive.
const (
	billName    = "prober.cdx.json"
	manName     = "prober.1.gz"
	unitName    = "packaged.service"
	dropInName  = "packaged.conf"
	scriptsName = "scripts"
)

// unpack writes the files of an archive into a folder, without their common top folder.
func unpack(archive, to string) error {
	in, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer in.Close()
	plain, err := gzip.NewReader(in)
	if err != nil {
		return err
	}
	for from := tar.NewReader(plain); ; {
		header, err := from.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		_, name, _ := strings.Cut(header.Name, "/")
		if !filepath.IsLocal(name) {
			return fmt.Errorf("the name %q is not below one folder", header.Name)
		}
		text, err := io.ReadAll(from)
		if err != nil {
			return err
		}
		if err := put(filepath.Join(to, filepath.FromSlash(name)), text); err != nil {
			return err
		}
	}
}

func put(file string, text []byte) error {
	return errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, text, 0o600))
}

// prepare makes the files that differ from those of the archive.
func prepare(dir, bill string) error {
	for to, from := range map[string]string{unitName: "systemd/prober.service", dropInName: "systemd/prober.service.d/socket.conf"} {
		text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(from)))
		if err != nil {
			return err
		}
		// /usr/local belongs to the administrator, and not to packages.
		const local, packaged = "/usr/local/bin/prober", "/usr/bin/prober"
		if !bytes.Contains(text, []byte(local)) {
			return fmt.Errorf("%s does not start %s", from, local)
		}
		if err := put(filepath.Join(dir, to), bytes.ReplaceAll(text, []byte(local), []byte(packaged))); err != nil {
			return err
		}
	}
	page, err := os.ReadFile(filepath.Join(dir, "prober.1"))
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := compressed.Write(page); err != nil {
		return err
	}
	if err := compressed.Close(); err != nil {
		return err
	}
	text, err := os.ReadFile(bill)
	if err != nil {
		return err
	}
	return errors.Join(
		put(filepath.Join(dir, manName), packed.Bytes()),
		put(filepath.Join(dir, billName), text),
		put(filepath.Join(dir, scriptsName, "postinstall"), postinstall),
		put(filepath.Join(dir, scriptsName, "preremove"), preremove),
		put(filepath.Join(dir, scriptsName, "postremove"), postremove),
	)
}

// describe describes the package of a format with its files in a folder.
func (m maker) describe(dir, arch, format string) *nfpm.Info {
	info := &nfpm.Info{
		Name:        "prober",
		Arch:        arch,
		Platform:    "linux",
		Version:     m.packageVersion(),
		Release:     "1",
		Section:     "net",
		Priority:    "optional",
		Maintainer:  "The maintainers of prober <prober@example.com>",
		Description: "Continuous, harmless HTTP load with metrics for Prometheus\nIt fires scheduled bursts of requests at targets, and serves latencies and error\ncodes to Prometheus.",
		License:     "Apache-2.0",
		MTime:       m.time,
		Target:      format,
		Overridables: nfpm.Overridables{
			Contents: m.contents(dir, format),
			Scripts: nfpm.Scripts{
				PostInstall: filepath.Join(dir, scriptsName, "postinstall"),
				PreRemove:   filepath.Join(dir, scriptsName, "preremove"),
				PostRemove:  filepath.Join(dir, scriptsName, "postremove"),
			},
			Umask: 0o022,
		},
	}
	if format == "deb" {
		info.Recommends = []string{"ca-certificates"}
		info.Release = "" // only packages of Debian itself have a revision of Debian
	} else {
		info.RPM.Summary = "Continuous, harmless HTTP load with metrics for Prometheus"
		info.RPM.BuildHost = "localhost" // else the name of the machine is in the package
		info.RPM.Compression = "gzip"
	}
	return nfpm.WithDefaults(info)
}

// contents are the files of a package.
func (m maker) contents(dir, format string) (all files.Contents) {
	const readable, executable = 0o644, 0o755
	const doc = "/usr/share/doc/prober/"
	add := func(kind, to, from string, mode os.FileMode) {
		all = append(all, &files.Content{
			Source: filepath.Join(dir, filepath.FromSlash(from)), Destination: to, Type: kind,
			FileInfo: &files.ContentFileInfo{Owner: "root", Group: "root", Mode: mode, MTime: m.time},
		})
	}
	for _, folder := range []string{"/etc/prober", doc, doc + "examples"} {
		all = append(all, &files.Content{
			Destination: strings.TrimSuffix(folder, "/"), Type: files.TypeDir,
			FileInfo: &files.ContentFileInfo{Owner: "root", Group: "root", Mode: executable, MTime: m.time},
		})
	}
	add(files.TypeFile, "/usr/bin/prober", "prober", executable)
	add(files.TypeConfigNoReplace, "/etc/prober/prober.yml", "prober.yml", readable)
	add(files.TypeFile, "/usr/lib/systemd/system/prober.service", unitName, readable)
	add(files.TypeFile, "/usr/lib/systemd/system/prober.socket", "systemd/prober.socket", readable)
	add(files.TypeFile, "/usr/share/man/man1/prober.1.gz", manName, readable)
	add(files.TypeFile, "/usr/share/bash-completion/completions/prober", "completions/prober.bash", readable)
	zsh, licence, text := "/usr/share/zsh/vendor-completions/_prober", doc+"copyright", files.TypeFile
	if format == "rpm" {
		zsh, licence, text = "/usr/share/zsh/site-functions/_prober", "/usr/share/licenses/prober/LICENSE", files.TypeRPMLicense
	}
	add(files.TypeFile, zsh, "completions/_prober", readable)
	add(text, licence, "LICENSE", readable)
	for _, name := range []string{"THIRD_PARTY_NOTICES", "README.md", "CHANGELOG.md", "prober.schema.json", billName} {
		add(files.TypeFile, doc+name, name, readable)
	}
	add(files.TypeFile, doc+"examples/prober.yml", "prober.yml", readable)
	// As a drop-in of its own it would make systemd listen, whoever enabled that.
	add(files.TypeFile, doc+"examples/socket.conf", dropInName, readable)
	add(files.TypeFile, doc+"examples/precedence.conf", "systemd/prober.service.d/precedence.conf", readable)
	return all
}
