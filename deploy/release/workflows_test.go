package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// commands returns the commands in the workflows of GitHub, by file name.
func commands(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../.github/workflows/*.yml")
	require.NoError(t, err)
	run := map[string]string{}
	for _, file := range files {
		var workflow struct {
			Jobs map[string]struct{ Steps []struct{ Run string } }
		}
		require.NoError(t, yaml.Unmarshal(read(t, file), &workflow), file)
		for _, job := range workflow.Jobs {
			for _, step := range job.Steps {
				run[filepath.Base(file)] += step.Run + "\n"
			}
		}
	}
	return run
}

func TestWorkflowsRunWhatEverybodyCanRun(t *testing.T) {
	t.Parallel()
	run := commands(t)
	assert.Contains(t, strings.Split(run["ci.yml"], "\n"), ".ci/run")
	info, err := os.Stat("../../.ci/run")
	require.NoError(t, err)
	assert.NotZero(t, info.Mode()&0o100, "it can be executed")

	makefile := string(read(t, "../../Makefile"))
	targets := regexp.MustCompile(`(?m)^make ([a-z-]+)`).FindAllStringSubmatch(run["release.yml"], -1)
	assert.Len(t, targets, 2)
	for _, target := range targets {
		assert.Contains(t, makefile, "\n"+target[1]+": ## ")
	}
}
