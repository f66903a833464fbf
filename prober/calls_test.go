package prober

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// noting is a gRPC server that notes each call, its metadata x-a and its message, and
// echoes the message.
func noting(calls chan<- string) peers.Script {
	return func(c net.Conn) {
		p := peers.NewH2(c)
		p.Decode()
		p.Greet()
		for heading := p.Heading(); heading != nil; heading = p.Heading() {
			data, is := p.Until(http2.FrameData).(*http2.DataFrame)
			if !is {
				return
			}
			said := string(data.Data())
			call := heading.PseudoValue("path")
			for _, f := range heading.RegularFields() {
				if strings.HasPrefix(f.Name, "x-a") {
					call += " " + f.Value
				}
			}
			calls <- fmt.Sprintf("%s %q", call, said[5:])
			p.Headers(heading.StreamID, false, ":status", "200", "content-type", "application/grpc")
			p.Data(heading.StreamID, false, said)
			p.Headers(heading.StreamID, true, "grpc-status", "0")
		}
	}
}

// fireCalls sends one burst to a target of the file, and returns the notes of its server.
func fireCalls(t *testing.T, file string) (heard []string, shot *Shot) {
	t.Helper()
	const most = 100
	calls := make(chan string, most)
	p := peers.Listen(t, noting(calls))
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "shop.protoset"), shopTypes(t), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "products.csv"), []byte("sku,owner\nred,one\n\"a \"\"b\"\"\",two\n"), 0o600))
	cfg, err := config.Parse([]byte(strings.ReplaceAll(file, "ADDRESS", p.Address())), filepath.Join(folder, "prober.yml"))
	require.NoError(t, err)
	o := Options{Log: slog.New(slog.DiscardHandler), Metrics: cfg.Metrics, Limits: load.Limits{}}
	shot, err = NewShot(o, cfg.Targets[0], cfg.Network)
	require.NoError(t, err)
	shot.Fire(t.Context(), context.Background())
	close(calls)
	for call := range calls {
		heard = append(heard, call)
	}
	assert.Equal(t, 1, p.Connections())
	return heard, shot
}

func TestCallsOfAMixHaveTheValuesOfTheirData(t *testing.T) {
	t.Parallel()
	heard, shot := fireCalls(t, `
targets:
  - name: shop
    url: grpc://ADDRESS
    timeout: 1m
    burst: {requests: 6, concurrency: 1}
    data:
      sku: {file: products.csv, column: sku}
      owner: {file: products.csv, column: owner}
      n: {generate: sequence, from: 7}
    grpc: {service: shop.v1.Orders, method: Get, descriptor_file: shop.protoset}
    requests:
      - {name: get, grpc: {message: {sku: '{{ sku }}'}, metadata: {x-a: '{{ owner }}', x-a-bin: '{{ sku }}'}}, expect: {message: {sku: red}}}
      - {name: other, grpc: {message: '{"sku": "{{ "{{" }} {{ n }}"}'}}
`)
	gets, others := []string{}, []string{}
	for _, call := range heard {
		if strings.Contains(call, "{{") {
			others = append(others, call)
		} else {
			gets = append(gets, call)
		}
	}
	const path = "/shop.v1.Orders/Get "
	row := []string{path + `one cmVk "\n\x03red"`, path + `two YSAiYiI "\n\x05a \"b\""`}
	for i, call := range gets {
		assert.Equal(t, row[i%2], call)
	}
	for i, call := range others {
		assert.Equal(t, fmt.Sprintf(`%s"\n\x04{{ %d"`, path, 7+i), call)
	}
	require.Len(t, heard, 6)
	require.NotEmpty(t, gets)
	require.NotEmpty(t, others)
	r := shot.Report()
	assert.EqualValues(t, 6-len(gets)/2, r.Succeeded, "each call has its own expectation")
}

func TestAJourneyOfCallsKeepsItsValues(t *testing.T) {
	t.Parallel()
	heard, shot := fireCalls(t, `
targets:
  - name: shop
    url: grpc://ADDRESS
    timeout: 1m
    burst: {requests: 3, concurrency: 1}
    data: {sku: {file: products.csv, column: sku}, n: {generate: sequence}}
    grpc: {service: shop.v1.Orders, method: Get, descriptor_file: shop.protoset, metadata: {x-a: '{{ n }}'}}
    journey:
      - {name: look, grpc: {message: {sku: '{{ sku }}'}}}
      - {name: ask, grpc: {service: shop.v1.Orders, method: Get, message: {sku: 'again {{ sku }}'}}}
`)
	var want []string
	for i, sku := range []string{"red", `a "b"`, "red"} {
		want = append(want, fmt.Sprintf("/shop.v1.Orders/Get %d %q", i, "\n"+string(rune(len(sku)))+sku))
		sku = "again " + sku
		want = append(want, fmt.Sprintf("/shop.v1.Orders/Get %d %q", i, "\n"+string(rune(len(sku)))+sku))
	}
	assert.Equal(t, want, heard)
	assert.EqualValues(t, 6, shot.Report().Succeeded)
}

// A mistake that only the types of the server reveal is failure 1024 of the call.
func TestAValueThatDoesNotFitTheTypesOfTheServerIsAFailure(t *testing.T) {
	t.Parallel()
	m := newTestManager(t)
	p := peers.Listen(t, answering("", "12"))
	cfg, err := config.Parse([]byte("targets: [{name: a, url: 'grpc://"+p.Address()+"', interval: 10ms, timeout: 1m, data: {x: {values: [s3cret]}}, "+
		"grpc: {service: shop.v1.Orders, method: Get, message: {skuu: '{{ x }}'}, reflection: true}}]"), "prober.yml")
	require.NoError(t, err)
	c, err := m.compile(cfg.Targets[0], cfg.Network, nil)
	require.NoError(t, err)
	s := newSender(&cfg.Targets[0], c)
	types := c.supplies[0].(*typeSource)
	require.NoError(t, types.engine.Describe("shop.v1.Orders", shopTypes(t)))
	var r probe.Result
	now := probe.Now()
	r.Reset(now, now.Add(time.Minute))
	require.NoError(t, s.requests[0].draw(&r))
	s.engine.Do(t.Context(), &r)
	assert.Equal(t, errcode.Template, s.engine.Code(&r))
	assert.ErrorContains(t, r.Err, `shop.v1.Order has no field "skuu"`)
	assert.Zero(t, r.Sent)
}
