package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// from returns a request from address.
func from(t *testing.T, address string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	r.RemoteAddr = address
	return r
}

func TestAClientWithManyRequestsMakesRoomForOthers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ greedy, modest func(i int) string }{
		"of another host": {
			func(i int) string { return fmt.Sprintf("192.0.2.1:%d", i) }, func(i int) string { return fmt.Sprintf("192.0.2.2:%d", i) },
		},
		"over another connection": {
			func(int) string { return "192.0.2.1:1" }, func(i int) string { return fmt.Sprintf("192.0.2.1:%d", 2+i) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := admission{most: 8}
			var greedy []context.Context
			for i := range a.most {
				ctx, _, ok := a.admit(from(t, tt.greedy(i)))
				require.True(t, ok)
				greedy = append(greedy, ctx)
			}
			_, _, ok := a.admit(from(t, tt.greedy(0)))
			assert.False(t, ok, "it has the most itself")
			ctx, place, ok := a.admit(from(t, tt.modest(0)))
			require.True(t, ok)
			require.ErrorIs(t, context.Cause(greedy[0]), errDisplaced, "the oldest")
			require.NoError(t, greedy[1].Err())
			assert.Len(t, a.taken, a.most)
			place.giveBack()
			require.ErrorIs(t, context.Cause(ctx), context.Canceled)
			assert.Len(t, a.taken, a.most-1)
			_, _, ok = a.admit(from(t, tt.greedy(0)))
			assert.True(t, ok)
		})
	}
}

func TestWhereAllHaveAsManyOnlyASlowReaderMakesRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := admission{most: 2}
		var readers []context.Context
		for i := range a.most {
			ctx, place, ok := a.admit(from(t, fmt.Sprintf("192.0.2.%d:1", i)))
			require.True(t, ok)
			readers = append(readers, ctx)
			place.answer(ctx, httptest.NewRecorder(), []byte("some"))
			time.Sleep(time.Second)
		}
		_, _, ok := a.admit(from(t, "192.0.2.9:1"))
		assert.False(t, ok)
		time.Sleep(slowAfter - time.Second)
		_, _, ok = a.admit(from(t, "192.0.2.9:1"))
		assert.True(t, ok)
		require.ErrorIs(t, context.Cause(readers[0]), errDisplaced)
		require.NoError(t, readers[1].Err())
	})
}

// TestAScrapeThatNobodyWaitsForAnyMoreLeavesNothing holds up rendering.
func TestAScrapeThatNobodyWaitsForAnyMoreLeavesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &exposition{scrapes: admission{most: 3}, turn: make(chan struct{}, 1), next: map[encoding]*rendering{}}
		e.turn <- struct{}{}
		for range 10 { // many more than fit at once
			r := from(t, "192.0.2.1:1")
			ctx, cancel := context.WithCancel(r.Context())
			gone := make(chan any, 1)
			go func() {
				defer func() { gone <- recover() }()
				e.ServeHTTP(httptest.NewRecorder(), r.WithContext(ctx))
			}()
			synctest.Wait()
			assert.Len(t, e.scrapes.taken, 1)
			cancel()
			assert.Equal(t, http.ErrAbortHandler, <-gone)
		}
		assert.Empty(t, e.scrapes.taken)
	})
}
