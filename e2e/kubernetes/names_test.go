package kubernetes

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	discovery "k8s.io/api/discovery/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/prober/internal/peers"
)

// namesTTL is how long the name server keeps its answers, even those without records: the default of CoreDNS. Clusters of
// kubeadm keep none; others keep them for 30 s, in which a last shard that is replaced may look as if it were gone.
const namesTTL = 5 * time.Second

// clusterNames answers the names of headless Services from the EndpointSlices, as the DNS specification of Kubernetes
// has it: SRV records of the named ports, and addresses of the Services and of their pods.
type clusterNames struct {
	*controlPlane

	mu   sync.Mutex
	kept map[string]keptEndpoints // by NAMESPACE/SERVICE
}

type keptEndpoints struct {
	at     time.Time
	slices []discovery.EndpointSlice
}

// serveNames serves DNS at the address that pods find in their resolv.conf.
func (p *controlPlane) serveNames(t *testing.T) {
	t.Helper()
	n := &clusterNames{controlPlane: p, kept: map[string]keptEndpoints{}}
	peers.PacketsAt(t, nameServer+":53", func(query []byte) []byte {
		return peers.AnswerDNS(query, func(m *dnsmessage.Message) {
			m.Answers = n.records(m.Questions[0])
			if len(m.Answers) == 0 {
				m.RCode = dnsmessage.RCodeNameError
			}
		})
	})
}

// records returns the answers to a question.
func (n *clusterNames) records(q dnsmessage.Question) (all []dnsmessage.Resource) {
	name, isOurs := strings.CutSuffix(strings.ToLower(q.Name.String()), ".svc.cluster.local.")
	labels := strings.Split(name, ".")
	if !isOurs || len(labels) < 2 {
		return nil
	}
	host, service := labels[:len(labels)-2], labels[len(labels)-2:]
	add := func(body dnsmessage.ResourceBody) {
		head := dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: uint32(namesTTL.Seconds())}
		all = append(all, dnsmessage.Resource{Header: head, Body: body})
	}
	for _, slice := range n.endpoints(service[0], service[1]) {
		for _, e := range slice.Endpoints {
			if e.Conditions.Ready != nil && !*e.Conditions.Ready {
				continue
			}
			pod := strings.ReplaceAll(e.Addresses[0], ".", "-")
			if e.Hostname != nil {
				pod = *e.Hostname
			}
			switch q.Type {
			case dnsmessage.TypeA:
				if len(host) == 0 || slices.Equal(host, []string{pod}) {
					add(&dnsmessage.AResource{A: netip.MustParseAddr(e.Addresses[0]).As4()})
				}
			case dnsmessage.TypeSRV:
				for _, port := range slice.Ports {
					if slices.Equal(host, []string{"_" + *port.Name, "_" + strings.ToLower(string(*port.Protocol))}) {
						target := pod + "." + strings.Join(service, ".") + ".svc.cluster.local."
						add(&dnsmessage.SRVResource{Weight: 100, Port: uint16(*port.Port), Target: dnsmessage.MustNewName(target)})
					}
				}
			}
		}
	}
	return all
}

// endpoints returns the EndpointSlices of a Service, not older than the time to live.
func (n *clusterNames) endpoints(service, namespace string) []discovery.EndpointSlice {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := namespace + "/" + service
	kept := n.kept[key]
	if time.Since(kept.at) > namesTTL {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		list, err := n.client.DiscoveryV1().EndpointSlices(namespace).List(ctx,
			meta.ListOptions{LabelSelector: discovery.LabelServiceName + "=" + service})
		if err != nil {
			return kept.slices // CoreDNS goes on with what it knows
		}
		kept = keptEndpoints{time.Now(), list.Items}
		n.kept[key] = kept
	}
	return kept.slices
}
