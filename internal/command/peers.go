package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"strings"

	commonconfig "github.com/prometheus/common/config"

	"example.com/prober/config/form"
	"example.com/prober/web/peers"
)

// peerFlags say which other probers a page shows.
type peerFlags struct {
	peers      []peers.Peer
	name       string
	clientFile string
}

// peerFlag is a flag that may be repeated.
type peerFlag struct{ checkedFlag }

// IsCumulative makes kingpin accept the flag more than once.
func (*peerFlag) IsCumulative() bool { return true }

func (f *peerFlags) register(on flags) {
	const peer = "web.peer"
	on.Flag(peer, "Name and URL of another prober. The page /peers shows its targets beside those of this prober. Repeat it for more. Without NAME, the host and port of the URL are the name.").
		PlaceHolder("NAME=URL").SetValue(&peerFlag{checkedFlag{name: peer, set: f.add}})
	on.Flag("web.peer-name", "Name of this prober on the page /peers. If empty, it is the host name. The prober ignores a --web.peer with this name, so all probers can have the same flags.").
		Default("").StringVar(&f.name)
	on.Flag("web.client-config", "File with the credentials for the peers and for Prometheus, and with the certificates to trust. It is an http_config of Prometheus.").
		Default("").StringVar(&f.clientFile)
}

func (f *peerFlags) add(text string) error {
	p, err := peers.Parse(text)
	f.peers = append(f.peers, p)
	return err
}

// open returns the peers. [peers.Set.Run] reads them.
func (f *peerFlags) open(log *slog.Logger, client *http.Client) (*peers.Set, error) {
	name := f.name
	if name != "" {
		if err := peers.CheckName(name); err != nil {
			return nil, fmt.Errorf("--web.peer-name: %w", err)
		}
	} else if host, err := os.Hostname(); err == nil && peers.CheckName(host) == nil {
		name = host
	} else {
		name = "this prober"
	}
	set, err := peers.New(peers.Options{Log: log, Client: client, Name: name, Peers: f.peers})
	if err != nil {
		return nil, fmt.Errorf("--web.peer: %w", err)
	}
	return set, nil
}

// webClient returns a client for the requests of the web interface. A file sets its authentication, in the format of
// Prometheus' http_config; file may be "".
func webClient(file string) (*http.Client, error) {
	cfg := &commonconfig.DefaultHTTPClientConfig
	if file != "" {
		var err error
		if cfg, _, err = commonconfig.LoadHTTPConfigFile(file); err != nil {
			return nil, withoutSecrets(err, file, cfg)
		}
	}
	client, err := commonconfig.NewClientFromConfig(*cfg, "web")
	if err != nil {
		return nil, withoutSecrets(err, file, cfg)
	}
	return client, nil
}

// withoutSecrets returns an error about a file of credentials on one line, with its name. It removes two kinds of
// secrets: the YAML library quotes wrong values in backquotes, and the HTTP library names the files of secrets.
func withoutSecrets(err error, file string, cfg *commonconfig.HTTPClientConfig) error {
	text := strings.Join(strings.Fields(err.Error()), " ")
	text = regexp.MustCompile("`[^`]*`?").ReplaceAllString(text, form.Redaction)
	if of, isOf := errors.AsType[*fs.PathError](err); isOf && of.Path != file && of.Path != "" {
		text = strings.ReplaceAll(text, of.Path, form.Redaction)
	}
	if cfg != nil && cfg.TLSConfig.KeyFile != "" {
		text = strings.ReplaceAll(text, cfg.TLSConfig.KeyFile, form.Redaction)
	}
	if !strings.Contains(text, file) {
		text = file + ": " + text
	}
	return errors.New(text)
}

// readPeers begins to read the peers. stop ends the reading and waits for the end.
func readPeers(ctx context.Context, set *peers.Set) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		set.Run(ctx)
	}()
	return func() {
		cancel()
		<-ended
	}
}
