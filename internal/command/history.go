package command

import (
	"fmt"
	"net/http"

	"example.com/prober/web/history"
)

// openHistory returns a reader of the Prometheus in the flags, nil if there is
// none.
func openHistory(f *daemonFlags, client *http.Client) (*history.Store, error) {
	if err := history.CheckMatchers(f.matchers); err != nil {
		return nil, fmt.Errorf("--web.prometheus-matchers: %w", err)
	}
	if f.prometheusURL == "" {
		return nil, nil //nolint:nilnil // none is wanted
	}
	u, err := history.ParseURL(f.prometheusURL)
	if err != nil {
		return nil, fmt.Errorf("--web.prometheus-url: %w", err)
	}
	store, err := history.New(history.Options{URL: u, Matchers: f.matchers, Client: client})
	if err != nil {
		return nil, fmt.Errorf("--web.prometheus-url: %w", err)
	}
	return store, nil
}
