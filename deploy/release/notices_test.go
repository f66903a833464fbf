package main

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// licences match the allowed licences of the program, each by its unique words.
var licences = regexp.MustCompile(strings.Join([]string{
	`Apache License Version 2\.0`,
	`Permission is hereby granted, free of charge, to any person obtaining a copy`, // MIT
	`Permission to use, copy, modify, and/?o?r? ?distribute this software`,         // ISC
	`Redistribution and use in source and binary forms`,                            // BSD
	`Mozilla Public License,? [Vv]ersion 2\.0`,
	`CC0 1\.0 Universal`,
}, "|"))

// TestEveryModuleInTheProgramHasItsNotice compares the modules of the notices with the modules compiled into the
// program.
func TestEveryModuleInTheProgramHasItsNotice(t *testing.T) {
	t.Parallel()
	r, host := release{source: "../.."}, platform{runtime.GOOS, runtime.GOARCH}
	packages, err := r.dependencies(t.Context(), host)
	require.NoError(t, err)
	want := map[string]bool{"Go, its standard library": true}
	for _, d := range packages {
		if d.Module != nil && !d.Module.Main {
			want[d.Module.Path+" "+d.Module.Version] = true
		}
	}
	found, err := r.notices(t.Context(), host)
	require.NoError(t, err)
	licensed, noted := map[string]bool{}, map[string]bool{}
	for _, n := range found {
		for _, module := range n.modules {
			noted[module] = true
			if licences.MatchString(strings.Join(strings.Fields(n.text), " ")) {
				licensed[module] = true
			}
		}
	}
	assert.Equal(t, want, noted)
	for module := range want {
		assert.True(t, licensed[module], "%s has no licence that is known here: look at it, and add its words if it may be in the program", module)
	}

	file := filepath.Join(t.TempDir(), "THIRD_PARTY_NOTICES")
	require.NoError(t, r.writeNotices(t.Context(), host, file))
	first, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, n := range found {
		assert.Contains(t, string(first), strings.Join(n.modules, "\n")+"\n"+strings.Repeat("=", 80)+"\n\n"+n.text+"\n")
	}
	require.NoError(t, r.writeNotices(t.Context(), host, file))
	again, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(first), string(again))
}

func TestAModuleWithoutALicenceIsRefused(t *testing.T) {
	t.Parallel()
	_, err := gather(map[string][]string{"example.com/a v1.0.0": {"text"}, "example.com/b v1.0.0": nil})
	require.EqualError(t, err, "example.com/b v1.0.0 has no licence")
}
