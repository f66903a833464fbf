package command

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/prometheus/common/promslog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// gatedWriter accepts one write for each value from the gate.
type gatedWriter struct {
	rig.Output

	gate chan struct{} // if closed, it lets everything through
}

func (w *gatedWriter) Write(p []byte) (int, error) {
	<-w.gate
	return w.Output.Write(p)
}

func TestTheNoticeOfMissingLinesIsInTheFormatOfTheLog(t *testing.T) {
	t.Parallel()
	format := promslog.NewFormat()
	fields, err := rig.ParseLogfmt(strings.TrimSuffix(string(missingLines(format)(3)), "\n"))
	require.NoError(t, err)
	assert.Equal(t, "3", fields["lines"])
	assert.Equal(t, "WARN", fields["level"])

	require.NoError(t, format.Set("json"))
	notice := missingLines(format)
	_ = notice(3)
	fields, err = rig.ParseJSON(string(notice(4)))
	require.NoError(t, err)
	assert.Equal(t, "4", fields["lines"])
}

func TestAMistakeOnTheCommandLineIsNotHeldUpByTheLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var stdout rig.Output
		stderr := gatedWriter{gate: make(chan struct{})}
		assert.Equal(t, ExitUsage, Run(t.Context(), []string{"run", "--nonsense"}, &stdout, &stderr))
		close(stderr.gate)
		synctest.Wait()
		assert.Contains(t, stderr.String(), "--nonsense")
	})
}
