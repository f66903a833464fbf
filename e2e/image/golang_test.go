package image

import (
	"archive/tar"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// provideGo gives the daemon an image golang:1.26 for the Dockerfile to build in. With PROBER_IMAGE_PULL=1 the image is
// pulled. Otherwise it is made of this machine's Go, the modules of go.mod, and busybox as a shell and a server.
func (d *docker) provideGo(t *testing.T) {
	t.Helper()
	if os.Getenv("PROBER_IMAGE_PULL") == "1" {
		d.run(t, "pull", "golang:1.26")
		return
	}
	cmd := d.command(t, "import",
		"--change=ENV PATH=/usr/local/go/bin:/bin GOPATH=/go GOPROXY=off GOSUMDB=off GOTOOLCHAIN=local", "-", "golang:1.26")
	files, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	image := &tree{t: t, to: tar.NewWriter(files)}
	image.add("usr/local/go", goCommand(t, "env", "GOROOT"))
	image.add("go/pkg/mod", downloadModules(t))
	image.add("bin/busybox", rig.Program(t, "busybox", "busybox-static"))
	image.add("bin/sh", rig.Program(t, "busybox", "busybox-static"))
	image.add("etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs/ca-certificates.crt")
	image.folder("tmp")
	require.NoError(t, image.to.Close())
	require.NoError(t, files.Close())
	require.NoError(t, cmd.Wait())
}

// downloadModules returns a module cache with only the modules of go.mod. They come from the cache of this machine,
// which has the layout of a proxy.
func downloadModules(t *testing.T) string {
	t.Helper()
	goCommand(t, "mod", "download")
	proxy := "file://" + filepath.ToSlash(filepath.Join(goCommand(t, "env", "GOMODCACHE"), "cache", "download"))
	dir := t.TempDir()
	goCommandWith(t, []string{"GOMODCACHE=" + dir, "GOFLAGS=-modcacherw", "GOPROXY=" + proxy, "GOSUMDB=off"}, "mod", "download")
	return dir
}

func goCommand(t *testing.T, args ...string) string {
	t.Helper()
	return goCommandWith(t, nil, args...)
}

func goCommandWith(t *testing.T, env []string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.Output()
	require.NoError(t, err, "%v", cmd.Args)
	return strings.TrimSpace(string(out))
}

// tree writes files into the archive of an image.
type tree struct {
	t  *testing.T
	to *tar.Writer
}

// add puts a file, or a folder with its contents, under a name.
func (i *tree) add(name, from string) {
	i.t.Helper()
	from, err := filepath.EvalSymlinks(from)
	require.NoError(i.t, err)
	require.NoError(i.t, filepath.WalkDir(from, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		within, err := filepath.Rel(from, file)
		if err != nil {
			return err
		}
		switch to := path.Join(name, filepath.ToSlash(within)); {
		case entry.Type().IsRegular():
			i.file(to, file)
		case entry.IsDir() && entry.Name() == "testdata", to == "usr/local/go/test":
			return fs.SkipDir
		case entry.IsDir():
			i.folder(to)
		}
		return nil
	}))
}

func (i *tree) folder(name string) {
	i.t.Helper()
	require.NoError(i.t, i.to.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755}))
}

func (i *tree) file(name, from string) {
	i.t.Helper()
	f, err := os.Open(from)
	require.NoError(i.t, err)
	defer f.Close()
	info, err := f.Stat()
	require.NoError(i.t, err)
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: info.Size(), Mode: int64(info.Mode().Perm()), ModTime: info.ModTime()}
	require.NoError(i.t, i.to.WriteHeader(header))
	_, err = io.Copy(i.to, f)
	require.NoError(i.t, err)
}
