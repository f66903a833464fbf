package editors

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// server is a running yaml-language-server. It speaks the Language Server Protocol 3.17 on its
// standard input and output. It is used by one goroutine.
type server struct {
	folder string
	to     io.Writer
	from   *bufio.Reader
	files  int // opened files
	calls  int
	uri    string // of the last file
}

// message is a request, a response or a notification of JSON-RPC 2.0.
type message struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      *int            `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  any             `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   json.RawMessage `json:"error,omitempty"`
}

type position struct {
	Line      int `json:"line"`
	Character int `json:"character"`
}

// diagnostic is a mistake underlined by an editor.
type diagnostic struct {
	Range   struct{ Start, End position }
	Message string
}

func start(t *testing.T) *server {
	t.Helper()
	program := os.Getenv("YAML_LANGUAGE_SERVER")
	if program == "" {
		t.Skip("make editors installs yaml-language-server and runs this")
	}
	s := &server{folder: schemaFolder(t)}
	const longest = 5 * time.Minute // then it is ended, so nothing waits for it for ever
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	cmd := exec.CommandContext(ctx, program, "--stdio")
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed
	})
	s.to, s.from = stdin, bufio.NewReader(stdout)
	s.call(t, "initialize", map[string]any{
		"processId": os.Getpid(), "rootUri": "file://" + s.folder,
		"capabilities": map[string]any{"textDocument": map[string]any{"completion": map[string]any{}, "hover": map[string]any{}}},
	})
	s.notify(t, "initialized", map[string]any{})
	return s
}

// open opens a new file and returns the server's diagnostics.
func (s *server) open(t *testing.T, text string) []diagnostic {
	t.Helper()
	s.files++
	s.uri = "file://" + filepath.Join(s.folder, fmt.Sprintf("prober-%d.yml", s.files))
	s.notify(t, "textDocument/didOpen", map[string]any{
		"textDocument": map[string]any{"uri": s.uri, "languageId": "yaml", "version": 1, "text": text},
	})
	for {
		m := s.read(t)
		var p struct {
			URI         string
			Diagnostics []diagnostic
		}
		if m.Method == "textDocument/publishDiagnostics" && s.decode(t, m.Params, &p) && p.URI == s.uri {
			return p.Diagnostics
		}
	}
}

// complete returns the completions at a place of the last opened file.
func (s *server) complete(t *testing.T, line, character int) (labels []string) {
	t.Helper()
	var list struct{ Items []struct{ Label string } }
	require.NoError(t, json.Unmarshal(s.call(t, "textDocument/completion", s.at(line, character)), &list))
	for _, item := range list.Items {
		labels = append(labels, item.Label)
	}
	return labels
}

// hover returns the hover text at a place of the last opened file.
func (s *server) hover(t *testing.T, line, character int) string {
	t.Helper()
	var answer struct{ Contents struct{ Value string } }
	require.NoError(t, json.Unmarshal(s.call(t, "textDocument/hover", s.at(line, character)), &answer))
	return answer.Contents.Value
}

func (s *server) at(line, character int) map[string]any {
	return map[string]any{"textDocument": map[string]any{"uri": s.uri}, "position": position{line, character}}
}

// call sends a request and returns the result. It answers the server's own requests with null meanwhile.
func (s *server) call(t *testing.T, method string, params any) json.RawMessage {
	t.Helper()
	s.calls++
	id := s.calls
	s.write(t, message{ID: &id, Method: method, Params: params})
	for {
		m := s.read(t)
		if m.Method == "" && m.ID != nil && *m.ID == id {
			require.Empty(t, string(m.Error), method)
			return m.Result
		}
	}
}

func (s *server) notify(t *testing.T, method string, params any) {
	t.Helper()
	s.write(t, message{Method: method, Params: params})
}

func (s *server) write(t *testing.T, m message) {
	t.Helper()
	m.JSONRPC = "2.0"
	text, err := json.Marshal(m)
	require.NoError(t, err)
	_, err = fmt.Fprintf(s.to, "Content-Length: %d\r\n\r\n%s", len(text), text)
	require.NoError(t, err)
}

// read returns the next message. If it is a request of the server, read answers it with null.
func (s *server) read(t *testing.T) message {
	t.Helper()
	header, err := textproto.NewReader(s.from).ReadMIMEHeader()
	require.NoError(t, err, "the server has ended")
	length, err := strconv.Atoi(header.Get("Content-Length"))
	require.NoError(t, err)
	text := make([]byte, length)
	_, err = io.ReadFull(s.from, text)
	require.NoError(t, err)
	var m message
	require.NoError(t, json.Unmarshal(text, &m))
	if m.Method != "" && m.ID != nil {
		s.write(t, message{ID: m.ID, Result: json.RawMessage("null")})
	}
	return m
}

func (s *server) decode(t *testing.T, params, to any) bool {
	t.Helper()
	text, err := json.Marshal(params)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, to))
	return true
}
