package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheFirstMistakeIsToldWithItsFileLineAndKey(t *testing.T) {
	t.Parallel()
	_, missing := Load(filepath.Join(t.TempDir(), "prober.yml"))
	wrong := func(targets int) error {
		text := "targets:\n"
		for i := range targets {
			text += fmt.Sprintf("  - {name: t%d, url: 'http://h.example', burst: {rate: -1}}\n", i)
		}
		_, err := Parse([]byte(text), "/etc/secret-folder/prober.yml")
		return err
	}
	for name, test := range map[string]struct {
		err         error
		first, more string
	}{
		"none":        {},
		"one":         {wrong(1), `prober.yml:2: targets[0] "t0": burst.rate: `, ""},
		"two":         {wrong(2), `prober.yml:2: targets[0] "t0": burst.rate: `, "1 more mistake"},
		"three":       {wrong(3), `prober.yml:2: targets[0] "t0": burst.rate: `, "2 more mistakes"},
		"a hundred":   {wrong(100), `prober.yml:2: `, "99 more mistakes"},
		"very many":   {wrong(150), `prober.yml:2: `, "at least 100 more mistakes"},
		"no file":     {missing, "read configuration ", ""},
		"another one": {fmt.Errorf("apply: %w", errors.New("no room")), "apply: no room", ""},
	} {
		first, more := FirstMistake(test.err)
		assert.True(t, strings.HasPrefix(first, test.first), "%s: %s", name, first)
		assert.Equal(t, test.first == "", first == "", name)
		assert.Equal(t, test.more, more, name)
		assert.NotContains(t, first, "secret-folder", name)
	}
}
