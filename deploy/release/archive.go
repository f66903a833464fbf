package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"time"
)

// entry is a file of an archive.
type entry struct {
	name string // within the archive
	from string
	mode int64
}

// archive takes files and writes them out.
type archive interface {
	add(e entry, size int64, from io.Reader) error
	io.Closer
}

// writeArchive writes the archive of a platform. All files are in the folder root of the archive. The program's printed
// files come from the folder printed.
func (r release) writeArchive(p platform, name, root, program, printed string) (err error) {
	out, err := os.Create(filepath.Join(r.out, name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	var to archive
	if p.os == "windows" {
		to = &zipped{to: zip.NewWriter(out), time: r.time}
	} else {
		compressed := gzip.NewWriter(out)
		to = &tarred{to: tar.NewWriter(compressed), compressed: compressed, time: r.time}
	}
	for _, e := range r.entries(p, program, printed) {
		e.name = path.Join(root, e.name)
		if err := addTo(to, e); err != nil {
			return err
		}
	}
	return to.Close()
}

// entries are the files of a platform's archive, in order. The notices lie beside the program.
func (r release) entries(p platform, program, printed string) []entry {
	const readable, executable = 0o644, 0o755
	entries := []entry{{p.program(), program, executable}}
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md", "prober.yml"} {
		entries = append(entries, entry{name, filepath.Join(r.source, name), readable})
	}
	entries = append(entries, entry{"prober.schema.json", filepath.Join(r.source, "schema", "prober.schema.json"), readable})
	entries = append(entries, entry{noticesName, filepath.Join(filepath.Dir(program), noticesName), readable})
	for _, name := range []string{manName, bashName, zshName} {
		entries = append(entries, entry{name, filepath.Join(printed, filepath.FromSlash(name)), readable})
	}
	if p.os == "linux" {
		for _, name := range []string{"prober.service", "prober.socket", "prober.service.d/socket.conf", "prober.service.d/precedence.conf"} {
			entries = append(entries, entry{path.Join("systemd", name), filepath.Join(r.source, "deploy", "systemd", name), readable})
		}
	}
	return entries
}

func addTo(to archive, e entry) error {
	from, err := os.Open(e.from)
	if err != nil {
		return err
	}
	defer from.Close()
	info, err := from.Stat()
	if err != nil {
		return err
	}
	return to.add(e, info.Size(), from)
}

type tarred struct {
	to         *tar.Writer
	compressed *gzip.Writer
	time       time.Time
}

func (a *tarred) add(e entry, size int64, from io.Reader) error {
	if err := a.to.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: e.name, Size: size, Mode: e.mode, ModTime: a.time, Format: tar.FormatUSTAR}); err != nil {
		return err
	}
	_, err := io.Copy(a.to, from)
	return err
}

// Close implements io.Closer.
func (a *tarred) Close() error { return errors.Join(a.to.Close(), a.compressed.Close()) }

type zipped struct {
	to   *zip.Writer
	time time.Time
}

func (a *zipped) add(e entry, _ int64, from io.Reader) error {
	header := &zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: a.time}
	header.SetMode(os.FileMode(e.mode))
	w, err := a.to.CreateHeader(header)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, from)
	return err
}

// Close implements io.Closer.
func (a *zipped) Close() error { return a.to.Close() }
