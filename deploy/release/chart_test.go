package main

import (
	"archive/tar"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheChartIsPackedWithTheVersionOfTheRelease(t *testing.T) {
	t.Parallel()
	for version, chart := range map[string]string{"1.2.3": "1.2.3", "1.2.3-rc.1": "1.2.3-rc.1", "0123abc-dirty": "0.0.0-g0123abc-dirty"} {
		r := release{source: "../..", out: t.TempDir(), version: version, time: time.Unix(1_700_000_000, 0).UTC()}
		name, err := r.writeChart()
		require.NoError(t, err)
		assert.Equal(t, "prober-"+chart+".tgz", name)
		packed := read(t, filepath.Join(r.out, name))
		texts := map[string]string{}
		unpack(t, packed, func(h *tar.Header, from io.Reader) {
			text, err := io.ReadAll(from)
			require.NoError(t, err)
			assert.EqualValues(t, 0o644, h.Mode, h.Name)
			assert.True(t, r.time.Equal(h.ModTime), h.Name)
			texts[h.Name] = string(text)
		})
		assert.Contains(t, texts["prober/Chart.yaml"], "\nversion: "+chart+"\nappVersion: \""+version+"\"\n")
		for _, file := range []string{"values.yaml", "values.schema.json", "templates/statefulset.yaml", "files/dashboards/target.json"} {
			assert.Equal(t, string(read(t, filepath.Join("../helm/prober", file))), texts["prober/"+file], file)
		}
		_, err = r.writeChart()
		require.NoError(t, err)
		assert.Equal(t, packed, read(t, filepath.Join(r.out, name)))
	}
}

func TestAChartWithoutAVersionIsRefused(t *testing.T) {
	t.Parallel()
	r := release{source: t.TempDir(), out: t.TempDir()}
	folder := filepath.Join(r.source, chartFolder)
	require.NoError(t, os.MkdirAll(folder, 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "Chart.yaml"), []byte("name: prober\n"), 0o600))
	_, err := r.writeChart()
	require.ErrorContains(t, err, "Chart.yaml has not one line of the key ")
}
