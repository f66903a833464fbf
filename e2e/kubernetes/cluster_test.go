package kubernetes

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"example.com/prober/internal/peers/certs"
	"example.com/prober/internal/rig"
)

// cluster is a kube-apiserver on loopback, and nothing else of a cluster: the tests write its objects, and nothing
// runs. A controlPlane has the rest.
type cluster struct {
	t      *testing.T
	dir    string
	url    string
	ca     string // a file
	args   []string
	client *http.Client
	server *rig.Process
}

// serviceOfAPI is the address of the Service of the API server: the first one of the services' network.
const serviceOfAPI = "10.96.0.1"

// admin is the token of a user who may do everything.
const admin = "token-of-the-admin"

func startCluster(t *testing.T) *cluster {
	t.Helper()
	return startAPIServer(t, "127.0.0.1", rig.FreePort(t),
		"--disable-admission-plugins=ServiceAccount") // nothing makes the service accounts that pods would need
}

func startAPIServer(t *testing.T, listenAt, port string, flags ...string) *cluster {
	t.Helper()
	c := &cluster{t: t, dir: t.TempDir()}
	c.url = "https://127.0.0.1:" + port
	authority := certs.Issue(nil, certs.Authority)
	serving, accounts := certs.Issue(&authority, certs.For("127.0.0.1", serviceOfAPI)), certs.Issue(nil)
	c.ca = c.file("ca.pem", certs.PEM(authority))
	c.args = append([]string{
		"--etcd-servers=" + startEtcd(t, c.dir),
		"--bind-address=" + listenAt, "--advertise-address=127.0.0.1", "--secure-port=" + port,
		"--tls-cert-file=" + c.file("serving.pem", certs.PEM(serving)), "--tls-private-key-file=" + c.file("serving.key", certs.KeyPEM(serving)),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-signing-key-file=" + c.file("accounts.key", certs.KeyPEM(accounts)),
		"--service-account-key-file=" + c.file("accounts.pem", certs.PEM(accounts)),
		"--token-auth-file=" + c.file("tokens.csv", []byte(admin+",admin,admin,system:masters\n")),
		"--authorization-mode=RBAC",
		"--service-cluster-ip-range=10.96.0.0/16",
		"--endpoint-reconciler-type=none",                   // no cluster needs to find it
		"--cert-dir=" + filepath.Join(c.dir, "unused-cert"), // else /var/run
	}, flags...)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(certs.PEM(authority)))
	c.client = &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
	}}
	t.Cleanup(c.client.CloseIdleConnections)
	c.start()
	return c
}

func (c *cluster) file(name string, content []byte) string {
	return rig.WriteFile(c.t, c.dir, name, "%s", content)
}

// startEtcd starts an etcd and returns its address.
func startEtcd(t *testing.T, dir string) string {
	t.Helper()
	clients, peers := "http://127.0.0.1:"+rig.FreePort(t), "http://127.0.0.1:"+rig.FreePort(t)
	p := rig.Start(t, exec.CommandContext(t.Context(), etcd, "--data-dir="+filepath.Join(dir, "etcd"),
		"--listen-client-urls="+clients, "--advertise-client-urls="+clients,
		"--listen-peer-urls="+peers, "--initial-advertise-peer-urls="+peers, "--initial-cluster=default="+peers))
	rig.Until(t, "an etcd that listens", func() bool {
		require.False(t, p.HasEnded(), "etcd has ended")
		status, _, err := rig.Fetch(t.Context(), http.MethodGet, clients+"/health")
		return err == nil && status == http.StatusOK
	})
	return clients
}

// start starts the server, again after a kill.
func (c *cluster) start() {
	c.t.Helper()
	c.server = rig.Start(c.t, exec.CommandContext(c.t.Context(), apiserver, c.args...))
	// On a busy machine it takes minutes.
	const patience = 5 * time.Minute
	err := rig.Poll(c.t.Context(), patience, "a kube-apiserver that is ready", func() bool {
		require.False(c.t, c.server.HasEnded(), "kube-apiserver has ended")
		// The server makes its own Service, and that needs everything that other objects need.
		for _, path := range []string{"/readyz", "/api/v1/namespaces/default/services/kubernetes"} {
			if status, _, err := c.try(http.MethodGet, path, "", ""); err != nil || status != http.StatusOK {
				return false
			}
		}
		return true
	})
	require.NoError(c.t, err)
}

// kill ends the server as a crash does.
func (c *cluster) kill() {
	c.t.Helper()
	c.server.Kill()
	c.server.Wait()
	c.client.CloseIdleConnections()
}

// try sends a request to the API server as the admin.
func (c *cluster) try(method, path, kind, text string) (status int, body []byte, err error) {
	return c.ask(method, c.url+path, kind, text)
}

// ask sends a request to a server of the cluster.
func (c *cluster) ask(method, url, kind, text string) (status int, body []byte, err error) {
	r, err := http.NewRequestWithContext(context.WithoutCancel(c.t.Context()), method, url, strings.NewReader(text))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+admin)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	resp, err := c.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

func (c *cluster) do(method, path, kind, text string) []byte {
	c.t.Helper()
	status, body, err := c.try(method, path, kind, text)
	require.NoError(c.t, err)
	require.Less(c.t, status, 300, "%s %s: %s\n%s", method, path, body, text)
	return body
}

// create makes an object from YAML.
func (c *cluster) create(path, text string) {
	c.t.Helper()
	c.do(http.MethodPost, path, "application/yaml", text)
}

// patch merges JSON into an object.
func (c *cluster) patch(path, text string) {
	c.t.Helper()
	c.do(http.MethodPatch, path, "application/merge-patch+json", text)
}

func (c *cluster) remove(path string) {
	c.t.Helper()
	c.do(http.MethodDelete, path, "", "")
}

// apply creates the objects of a file of deploy, in the namespace from kustomize.
func (c *cluster) apply(file string) {
	c.t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(c.t, err)
	paths := map[string]string{
		"ServiceAccount":     "/api/v1/namespaces/prober/serviceaccounts",
		"ClusterRole":        clusterRoles,
		"ClusterRoleBinding": clusterRoleBindings,
	}
	documents := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var object map[string]any
		err := documents.Decode(&object)
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(c.t, err, file)
		one, err := yaml.Marshal(object)
		require.NoError(c.t, err)
		kind, _ := object["kind"].(string)
		require.Contains(c.t, paths, kind, file)
		c.create(paths[kind], string(one))
	}
}

const (
	clusterRoles        = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
	clusterRoleBindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
)

// token returns a file with a token of a service account in the namespace prober, like the token of a pod.
func (c *cluster) token(account string) string {
	c.t.Helper()
	body := c.do(http.MethodPost, "/api/v1/namespaces/prober/serviceaccounts/"+account+"/token", "application/json",
		`{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}`)
	var answer struct{ Status struct{ Token string } }
	require.NoError(c.t, json.Unmarshal(body, &answer))
	require.NotEmpty(c.t, answer.Status.Token)
	return c.file(account+".token", []byte(answer.Status.Token))
}
