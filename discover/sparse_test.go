//go:build !lean

package discover

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
)

func TestALibraryLogsOneErrorAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		text := new(logText)
		log := slog.New(newSparseHandler(slog.NewTextHandler(text, nil))).With("reflector", "r")
		for range 120 {
			log.Info("nothing")
			log.Error("no watch", "err", errors.New("Get \"https://user:canary@a.example/?canary\": refused"))
			pass(errorEvery / 60)
		}
		assert.Equal(t, 2, strings.Count(text.String(), "no watch"))
		assert.NotContains(t, text.String(), "canary")
		assert.NotContains(t, text.String(), "nothing")
	})
}
