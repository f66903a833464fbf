package demo

import (
	"context"
	"net/http"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/internal/peers/certs"
)

// Behaviour is one way in which a target of the demo behaves.
type Behaviour struct {
	// Name is the name of the target.
	Name string
	// Summary says in a few words what the target does.
	Summary string
	// URL is the address of the target.
	URL string
	// Codes are the error codes of its requests, ascending: each of them occurs, and no other. The target with a name that
	// does not resolve needs a machine with a working DNS server.
	Codes []int
}

// group is a part of the table.
type group struct {
	Title string
	Rows  []row
}

// row is a behaviour, with its server and its configuration. Its URL is set after it is open.
type row struct {
	Behaviour
	open opener
	// Keys are the lines of YAML below name and url.
	Keys []string
}

// opener serves a behaviour of the given name and returns its URL. The behaviour ends with ctx, at the close of the
// server.
type opener func(ctx context.Context, s *Server, name string) (url string, err error)

const trustDemo = "connection: {tls: {ca_file: ca.pem}}"

// table returns all behaviours. Handlers with a count begin a new one in each table.
func table() []group {
	return []group{
		{"Servers that behave", healthy()},
		{"Answers that are failures by their status", statuses()},
		{"Answers that come late or not at all", late()},
		{"Connections and bytes that break", broken()},
		{"Responses beyond the limits", oversized()},
		{"TLS", secured()},
		{"The shop, with different requests", visited()},
		{"The shop, over the newer versions of HTTP", newer()},
		{"gRPC servers", called()},
		{"Targets that get connections, and no requests", connected()},
		{"DNS servers", asked()},
		{"Targets that cannot be reached", unreachable()},
	}
}

func healthy() []row {
	return []row{
		{Behaviour{Name: "fast", Summary: "answers 1 KiB at once", Codes: []int{0}},
			page(fast),
			[]string{
				"interval: 2s",
				"labels: {team: demo} # on prober_target_info, to join with",
				"burst: {requests: 50, concurrency: 5} # no rate: each worker sends as fast as it gets answers",
			}},
		{Behaviour{Name: "post", Summary: "takes a JSON body and answers 201", Codes: []int{0}},
			page(post),
			[]string{
				"request:",
				"  method: POST",
				"  headers: {Content-Type: [application/json]}",
				`  body: '{"sku":1}'`,
				"burst: {requests: 10, concurrency: 2}",
			}},
		{Behaviour{Name: "new-connections", Summary: "answers at once, and is asked on a new connection each time", Codes: []int{0}},
			page(fast),
			[]string{
				"connection: {reuse: never}",
				"burst: {requests: 10, concurrency: 2}",
			}},
		{Behaviour{Name: "redirect", Summary: "answers 302, which is not followed and is below 400", Codes: []int{0}},
			page(redirect),
			[]string{"burst: {requests: 5, concurrency: 1}"}},
	}
}

func statuses() []row {
	return []row{
		{Behaviour{Name: "not-found", Summary: "answers 404", Codes: []int{1404}},
			page(http.NotFound),
			[]string{"burst: {requests: 5, concurrency: 1}"}},
		{Behaviour{Name: "rate-limited", Summary: "answers 429", Codes: []int{1429}},
			page(rateLimited),
			[]string{"burst: {requests: 5, concurrency: 1}"}},
		{Behaviour{Name: "unavailable", Summary: "answers every fifth request with 503, the others with 200", Codes: []int{0, 1503}},
			page(unavailable()),
			[]string{"burst: {requests: 20, rate: 20, concurrency: 5} # 20 requests, spread over one second"}},
		{Behaviour{Name: "unexpected-status", Summary: "answers 204, but 200 is expected", Codes: []int{1710}},
			page(status(http.StatusNoContent)),
			[]string{
				"expect: {status: [200]}",
				"burst: {requests: 5, concurrency: 1}",
			}},
	}
}

func late() []row {
	return []row{
		{Behaviour{Name: "slow", Summary: "answers after 5 ms (50 %), 20 ms (40 %), 100 ms (9 %) or 500 ms (1 %)", Codes: []int{0}},
			page(slow()),
			[]string{
				"interval: 4s",
				"burst: {requests: 50, rate: 25, concurrency: 10}",
			}},
		{Behaviour{Name: "pausing", Summary: "stops for 500 ms once in 100 requests, and all requests wait", Codes: []int{0}},
			page(pausing()),
			[]string{
				"# Five workers are stuck in the pause, twenty more requests become due in it.",
				"# All 25 count from when they were due, so the pause shows in full.",
				"interval: 4s",
				"burst: {requests: 100, rate: 50, concurrency: 5}",
			}},
		{Behaviour{Name: "stall", Summary: "accepts the request and never answers", Codes: []int{1050}},
			page(stall),
			[]string{
				"timeout: 1s",
				"burst: {requests: 3, concurrency: 3}",
			}},
		{Behaviour{Name: "stall-mid-body", Summary: "sends half of the body and then nothing", Codes: []int{1050}},
			page(stallMidBody),
			[]string{
				"timeout: 1s",
				"burst: {requests: 3, concurrency: 3}",
			}},
	}
}

func broken() []row {
	rows := []row{
		{Behaviour: Behaviour{Name: "reset-mid-body", Summary: "resets the connection after half of the body", Codes: []int{1220}},
			open: raw("http", resetMidBody)},
		{Behaviour: Behaviour{Name: "closed", Summary: "closes the connection without an answer", Codes: []int{1221}},
			open: raw("http", reply(""))},
		{Behaviour: Behaviour{Name: "closed-in-header", Summary: "closes the connection inside the response header", Codes: []int{1222}},
			open: raw("http", reply("HTTP/1.1 200 OK\r\nContent-Ty"))},
		{Behaviour: Behaviour{Name: "closed-reused", Summary: "answers the first request of a connection and closes it on the second", Codes: []int{0, 1223}},
			open: raw("http", closeReused)},
		{Behaviour: Behaviour{Name: "truncated", Summary: "declares 1024 bytes, sends 512 and closes", Codes: []int{1702}},
			open: raw("http", reply(halfBody()))},
		{Behaviour: Behaviour{Name: "bad-chunk", Summary: "sends a chunk whose size is not a number", Codes: []int{1807}},
			open: raw("http", reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n"))},
		{Behaviour: Behaviour{Name: "not-http", Summary: "greets like an SSH server", Codes: []int{1801}},
			open: raw("http", greet)},
		{Behaviour: Behaviour{Name: "unasked-upgrade", Summary: "answers 101 to a request that asked for no upgrade", Codes: []int{1808}},
			open: raw("http", reply("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: demo\r\n\r\n"))},
	}
	for i := range rows {
		rows[i].Keys = []string{"burst: {requests: 6, concurrency: 1}"}
	}
	return rows
}

func oversized() []row {
	return []row{
		{Behaviour{Name: "huge-header", Summary: "sends 96 KiB of response header", Codes: []int{1802}},
			page(hugeHeader),
			[]string{"burst: {requests: 3, concurrency: 1}"}},
		{Behaviour{Name: "big-body", Summary: "sends 2 MiB of body", Codes: []int{1703}},
			page(bigBody),
			[]string{"burst: {requests: 3, concurrency: 1}"}},
	}
}

func secured() []row {
	few := "burst: {requests: 3, concurrency: 1}"
	return []row{
		{Behaviour{Name: "tls", Summary: "answers at once over TLS, with a certificate of the authority in ca_file", Codes: []int{0}},
			secure(), []string{trustDemo, "burst: {requests: 20, concurrency: 2}"}},
		{Behaviour{Name: "tls-self-signed", Summary: "has a self-signed certificate", Codes: []int{1310}},
			selfSigned(), []string{few}},
		{Behaviour{Name: "tls-wrong-host", Summary: "has a certificate for another host", Codes: []int{1311}},
			secure(certs.For("elsewhere.example")), []string{trustDemo, few}},
		{Behaviour{Name: "tls-expired", Summary: "has a certificate that expired yesterday", Codes: []int{1312}},
			secure(certs.Lasting(-30*24*time.Hour, -24*time.Hour)), []string{trustDemo, few}},
		{Behaviour{Name: "tls-not-yet-valid", Summary: "has a certificate that becomes valid in ten years", Codes: []int{1313}},
			secure(certs.Lasting(10*year, 11*year)), []string{trustDemo, few}},
		{Behaviour{Name: "tls-client-certificate", Summary: "demands a client certificate, but the prober has none", Codes: []int{1345}},
			demandCertificate, []string{trustDemo, few}},
		{Behaviour{Name: "tls-stall", Summary: "accepts the connection and never answers the handshake", Codes: []int{1302}},
			raw("https", silence), []string{"connection: {tls_timeout: 500ms}", few}},
		{Behaviour{Name: "tls-plain-http", Summary: "speaks plain HTTP where TLS is expected", Codes: []int{1304}},
			raw("https", plainHTTP), []string{few}},
	}
}

func visited() []row {
	return []row{
		{Behaviour{Name: "shop", Summary: "is a shop with searches, pages and uploads, and answers every 25th search with 503", Codes: []int{0, 1503}},
			shopOverHTTP1, []string{
				"data:",
				"  term: {file: products.csv, column: q} # the next one for each search",
				"  id: {generate: uuid}",
				"requests:",
				"  - name: search",
				"    weight: 6",
				"    path: '/search?q={{ term }}'",
				"    expect: {body: {contains: sku}}",
				"  - {name: home, weight: 2, path: /}",
				"  - {name: upload, method: PUT, path: '/uploads/{{ id }}', body_size: 4KiB, expect: {status: [201]}}",
				"burst: {requests: 45, rate: 30, concurrency: 10}",
			}},
		{Behaviour{Name: "checkout", Summary: "is the journey of a visitor of that shop to an order, and every 20th checkout answers 503", Codes: []int{0, 1503}},
			shopOverHTTP1, []string{
				"cookies: true # the session that the login begins",
				"think: 50ms",
				"think_spread: uniform",
				"data:",
				"  user: {values: [ann@example.com, ben@example.com], pick: random}",
				"  sku: {file: products.csv, column: sku, pick: random}",
				"  quantity: {generate: random_int, from: 1, to: 3}",
				"  key: {generate: uuid}",
				"journey:",
				"  - name: login",
				"    method: POST",
				"    path: /login",
				`    body: '{"user": "{{ user }}"}'`,
				"    capture: {token: {json: access_token}}",
				"  - name: fill",
				"    method: POST",
				"    path: /cart",
				`    body: '{"sku": "{{ sku }}", "quantity": {{ quantity }}}'`,
				"  - {name: cart, path: /cart, headers: {Authorization: 'Bearer {{ token }}'}, expect: {body: {contains: sku}}}",
				"  - {name: pay, method: POST, path: /checkout, headers: {Idempotency-Key: '{{ key }}'}, expect: {status: [201]}}",
				"burst: {requests: 10, rate: 5, concurrency: 10} # of journeys",
			}},
	}
}

func newer() []row {
	return []row{
		{Behaviour{Name: "http2", Summary: "is the page of the shop over HTTP/2", Codes: []int{0}},
			shopOverTLS("/"), []string{
				"connection: {http_version: 2, tls: {ca_file: ca.pem}}",
				"burst: {requests: 20, concurrency: 5} # on one connection",
			}},
		{Behaviour{Name: "http3", Summary: "is the same page over HTTP/3", Codes: []int{0}},
			shopOverTLS("/"), []string{
				"connection: {http_version: 3, tls: {ca_file: ca.pem}}",
				"burst: {requests: 20, concurrency: 5}",
			}},
	}
}

func called() []row {
	few := "burst: {requests: 3, concurrency: 1}"
	return []row{
		{Behaviour{Name: "grpc", Summary: "says that it is SERVING when the health service asks", Codes: []int{0}},
			healthService(callOK, serving), []string{"burst: {requests: 20, concurrency: 5}"}},
		{Behaviour{Name: "grpc-not-serving", Summary: "says that it is NOT_SERVING", Codes: []int{2040}},
			healthService(callOK, notServing), []string{few}},
		{Behaviour{Name: "grpc-unavailable", Summary: "ends its calls with the status UNAVAILABLE", Codes: []int{2014}},
			healthService(callUnavailable, 0), []string{few}},
	}
}

func connected() []row {
	few := "burst: {requests: 3, concurrency: 1}"
	return []row{
		{Behaviour{Name: "tcp", Summary: "accepts connections, and speaks first on them", Codes: []int{0}},
			bare("tcp", raw("http", greet)), []string{"burst: {requests: 20, concurrency: 2}"}},
		{Behaviour{Name: "tcp-refused", Summary: "is another port on which nobody listens", Codes: []int{1212}},
			bare("tcp", refused), []string{few}},
		{Behaviour{Name: "tls-handshake", Summary: "does TLS handshakes", Codes: []int{0}},
			bare("tls", secure()), []string{trustDemo, "burst: {requests: 20, concurrency: 2}"}},
		{Behaviour{Name: "tls-handshake-expired", Summary: "does TLS handshakes with a certificate that expired yesterday", Codes: []int{1312}},
			bare("tls", secure(certs.Lasting(-30*24*time.Hour, -24*time.Hour))), []string{trustDemo, few}},
	}
}

func asked() []row {
	name, few := "dns: {name: shop.example}", "burst: {requests: 3, concurrency: 1}"
	return []row{
		{Behaviour{Name: "dns", Summary: "answers with an address", Codes: []int{0}},
			nameServer(anAddress), []string{name, "burst: {requests: 20, concurrency: 2}"}},
		{Behaviour{Name: "dns-cut", Summary: "has an answer that does not fit into a datagram", Codes: []int{0}},
			nameServer(cutInPackets), []string{name, few}},
		{Behaviour{Name: "dns-no-such-name", Summary: "says that the name does not exist", Codes: []int{1101}},
			nameServer(code(dnsmessage.RCodeNameError)), []string{name, few}},
		{Behaviour{Name: "dns-servfail", Summary: "cannot find the answer", Codes: []int{1102}},
			nameServer(code(dnsmessage.RCodeServerFailure)), []string{name, few}},
		{Behaviour{Name: "dns-silent", Summary: "does not answer", Codes: []int{1105}},
			nameServer(noAnswer), []string{name, few, "timeout: 500ms"}},
		{Behaviour{Name: "dns-other-question", Summary: "answers another question", Codes: []int{1106}},
			nameServer(anotherQuestion), []string{name, few, "timeout: 500ms"}},
		{Behaviour{Name: "dns-unreachable", Summary: "is a port on which nobody listens for datagrams", Codes: []int{1108}},
			closedPacketPort, []string{name, few}},
		{Behaviour{Name: "dns-too-few", Summary: "has one address, but two are expected", Codes: []int{1721}},
			nameServer(anAddress), []string{name, "expect: {answers: {count: 2}}", few}},
	}
}

func unreachable() []row {
	few := []string{"burst: {requests: 3, concurrency: 1}"}
	return []row{
		{Behaviour{Name: "refused", Summary: "is a port on which nobody listens", Codes: []int{1212}},
			refused, few},
		{Behaviour{Name: "no-such-host", Summary: "is a name that never resolves (RFC 6761 section 6.4)", Codes: []int{1101}},
			elsewhere("http://does-not-exist.invalid/"), few},
		{Behaviour{Name: "blocked", Summary: "is an address that network.deny forbids unless told otherwise", Codes: []int{1110}},
			elsewhere("http://169.254.169.254/"), few},
	}
}
