package rig

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
)

// Visitor is one or more browsers on a daemon's pages. It keeps its connections.
type Visitor struct {
	root   string
	client *http.Client
}

// NewVisitor returns a visitor with at most so many connections.
func (d *Daemon) NewVisitor(connections int) (*Visitor, error) {
	address, err := os.ReadFile(filepath.Join(d.dir, addressFile))
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{MaxConnsPerHost: connections, MaxIdleConnsPerHost: connections}
	return &Visitor{"http://" + string(address), &http.Client{Transport: transport}}, nil
}

// Visit reads a page to its end.
func (v *Visitor) Visit(ctx context.Context, path string) (bytes int64, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.root+path, http.NoBody)
	if err != nil {
		return 0, err
	}
	response, err := v.client.Do(request)
	if err != nil {
		return 0, err
	}
	bytes, err = io.Copy(io.Discard, response.Body)
	if response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, response.Status)
	}
	return bytes, errors.Join(err, response.Body.Close())
}

// Close closes the connections.
func (v *Visitor) Close() { v.client.CloseIdleConnections() }
