package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// chartFolder is the chart of Helm, relative to the source.
const chartFolder = "deploy/helm/prober"

// semver matches the versions allowed in Helm: https://semver.org, without build metadata.
var semver = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$`)

// chartVersion returns the version of the chart. The version of a build without a tag comes before all releases.
func (r release) chartVersion() string {
	if semver.MatchString(r.version) {
		return r.version
	}
	return "0.0.0-g" + r.version
}

// writeChart packs the chart as `helm package` does, with the version of the release, and returns the name of the archive.
func (r release) writeChart() (name string, err error) {
	name = fmt.Sprintf("prober-%s.tgz", r.chartVersion())
	out, err := os.Create(filepath.Join(r.out, name))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	compressed := gzip.NewWriter(out)
	to := &tarred{to: tar.NewWriter(compressed), compressed: compressed, time: r.time}
	source := os.DirFS(filepath.Join(r.source, filepath.FromSlash(chartFolder)))
	err = fs.WalkDir(source, ".", func(file string, found fs.DirEntry, err error) error {
		if err != nil || found.IsDir() || strings.HasPrefix(found.Name(), ".") { // as .helmignore says
			return err
		}
		text, err := fs.ReadFile(source, file)
		if err != nil {
			return err
		}
		if file == "Chart.yaml" {
			if text, err = r.stampChart(text); err != nil {
				return err
			}
		}
		return to.add(entry{name: path.Join("prober", file), mode: 0o644}, int64(len(text)), bytes.NewReader(text))
	})
	return name, errors.Join(err, to.Close())
}

// stampChart puts the version into Chart.yaml.
func (r release) stampChart(text []byte) ([]byte, error) {
	for key, value := range map[string]string{"version": r.chartVersion(), "appVersion": fmt.Sprintf("%q", r.version)} {
		line := regexp.MustCompile(`(?m)^` + key + `: .*$`)
		if len(line.FindAll(text, -1)) != 1 {
			return nil, fmt.Errorf("%s/Chart.yaml has not one line of the key %s", chartFolder, key)
		}
		text = line.ReplaceAllLiteral(text, []byte(key+": "+value))
	}
	return text, nil
}
