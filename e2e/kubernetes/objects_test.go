package kubernetes

import (
	"fmt"
	"strings"
)

const (
	services   = "/api/v1/namespaces/shop/services"
	ingresses  = "/apis/networking.k8s.io/v1/namespaces/shop/ingresses"
	pods       = "/api/v1/namespaces/shop/pods"
	endpoints  = "/api/v1/namespaces/shop/endpoints"
	slicesPath = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices"
)

// annotated makes an object a target, with further annotations for its settings.
func annotated(more ...string) string {
	return strings.Join(append([]string{`prometheus.io/probe: "true"`}, more...), ", ")
}

func namespace(name string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: Namespace, metadata: {name: %s}}", name)
}

func service(name, annotations string, ports ...int) string {
	var all []string
	for _, port := range ports {
		all = append(all, fmt.Sprintf("{name: p%d, port: %[1]d}", port))
	}
	return fmt.Sprintf("{apiVersion: v1, kind: Service, metadata: {name: %s, annotations: {%s}}, spec: {selector: {app: %[1]s}, ports: [%[3]s]}}",
		name, annotations, strings.Join(all, ", "))
}

func ingress(name, annotations, host, path string) string {
	return fmt.Sprintf(`
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: %s, annotations: {%s}}
spec:
  tls: [{hosts: [%[3]s]}]
  rules:
    - host: %[3]s
      http: {paths: [{path: %[4]s, pathType: Prefix, backend: {service: {name: cart, port: {number: 80}}}}]}
`, name, annotations, host, path)
}

// pod is a pod without a kubelet: the test has to write its status, too.
func pod(name string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: Pod, metadata: {name: %s, labels: {app: cart}}, spec: {containers: [{name: main, image: none, ports: [{name: http, containerPort: 8080}]}]}}", name)
}

func running(ip string) string {
	return fmt.Sprintf(`{"status": {"phase": "Running", "podIP": %q, "podIPs": [{"ip": %[1]q}], "conditions": [{"type": "Ready", "status": "True"}]}}`, ip)
}

func endpointSlice(service, ip string) string {
	return fmt.Sprintf(`
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: %s-1, labels: {kubernetes.io/service-name: %[1]s}}
addressType: IPv4
endpoints: [{addresses: [%s], conditions: {ready: true}}]
ports: [{name: http, port: 8080, protocol: TCP}]
`, service, ip)
}

func endpointsOf(service, ip string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: Endpoints, metadata: {name: %s}, subsets: [{addresses: [{ip: %s}], ports: [{name: http, port: 8080}]}]}", service, ip)
}
