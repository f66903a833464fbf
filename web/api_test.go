package web

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
)

// documented maps each heading of docs/api.md to the type of answer that it explains.
var documented = map[string]any{
	"Error": apiFault{}, "List of targets": apiTargetList{}, "Target": apiTarget{}, "Details of a target": apiDetail{},
	"Burst": apiBurst{}, "List of failures": apiFailureList{}, "Failure": apiFailure{}, "Answer": apiAnswer{}, "Field": apiField{}, "Kind of failure": apiKind{},
	"Request": apiRequest{}, "Journey": apiJourney{}, "End of a journey": apiJourneyEnd{},
	"Code count": apiCodeCount{}, "Response": apiResponse{}, "Drop": apiDrop{}, "Cut": apiCut{}, "DNS": apiDNS{}, "TLS": apiTLS{}, "Certificate": apiCertificate{},
	"Maintenance": apiMaintenance{}, "Objective": apiObjective{}, "Comparison": apiComparison{}, "Compared": apiCompared{},
	"List of codes": apiCodeList{}, "Code": apiCode{},
	"Discovery": apiDiscoveries{}, "Discoverer": apiDiscovery{}, "Mechanism": apiMechanism{}, "Found": apiFound{},
	"Peers": apiPeers{}, "Peer": apiPeer{}, "Target of all": apiPeerTarget{}, "State on a prober": apiPeerState{},
}

func TestTheAPIIsAsItsPageSays(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/api.md")
	require.NoError(t, err)
	sections := strings.Split(string(text), "\n## ")[1:]
	row := regexp.MustCompile("(?m)^\\| `(\\w+)` \\| ([^|]+) \\|")
	for _, section := range sections {
		heading, body, _ := strings.Cut(section, "\n")
		answer, ok := documented[heading]
		if !assert.True(t, ok, heading) {
			continue
		}
		var got, want []string
		for _, m := range row.FindAllStringSubmatch(body, -1) {
			got = append(got, m[1]+": "+m[2])
		}
		of := reflect.TypeOf(answer)
		for _, f := range fieldsOf(of) {
			name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
			words := typeWords(f.Type)
			if option == "omitempty" {
				words = strings.TrimSuffix(words, " or null") + " or absent"
			}
			want = append(want, name+": "+words)
		}
		assert.Equal(t, want, got, heading)
	}
	assert.Len(t, sections, len(documented))
}

// fieldsOf returns the JSON fields of a type. It skips an embedded type if the page has a heading for it.
func fieldsOf(of reflect.Type) (fields []reflect.StructField) {
	for i := range of.NumField() {
		switch f := of.Field(i); {
		case f.Anonymous && !isDocumented(f.Type):
			fields = append(fields, fieldsOf(f.Type)...)
		case !f.Anonymous && f.Tag.Get("json") != "-":
			fields = append(fields, f)
		}
	}
	return fields
}

func isDocumented(of reflect.Type) bool {
	for _, answer := range documented {
		if reflect.TypeOf(answer) == of {
			return true
		}
	}
	return false
}

// typeWords names the JSON type of a Go type in the words of the page.
func typeWords(of reflect.Type) string {
	switch of.Kind() {
	case reflect.Pointer:
		return typeWords(of.Elem()) + " or null"
	case reflect.Slice:
		return "list of " + typeWords(of.Elem())
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Float64:
		return "number"
	case reflect.Int, reflect.Uint64:
		return "integer"
	case reflect.Map:
		return "object"
	}
	if of == reflect.TypeFor[time.Time]() {
		return "time"
	}
	for heading, answer := range documented {
		if reflect.TypeOf(answer) == of {
			return strings.TrimSuffix(strings.ToLower(heading), " of failure")
		}
	}
	return of.String()
}

func decode(t *testing.T, w *httptest.ResponseRecorder, want int) map[string]any {
	t.Helper()
	require.Equal(t, want, w.Code, w.Body.String())
	assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
	var answer map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	return answer
}

func TestTheAPIListsTargets(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "/p"} {
		s := shellOf(t, prefix, "a/b", "c", "d")
		list := decode(t, get(t, s, prefix+"/api/v1/targets?limit=2&offset=1"), http.StatusOK)
		assert.InDelta(t, 3, list["total"], 0)
		assert.Len(t, list["targets"], 2)
		list = decode(t, get(t, s, prefix+"/api/v1/targets?q=a/&state=waiting"), http.StatusOK)
		assert.InDelta(t, 1, list["matching"], 0)
		first := list["targets"].([]any)[0].(map[string]any)
		assert.Equal(t, "a/b", first["name"])
		assert.Nil(t, first["failing_since"])
		assert.Equal(t, []any{}, first["codes"])

		one := decode(t, get(t, s, prefix+"/api/v1/targets/a%2Fb"), http.StatusOK)
		assert.Equal(t, "http://127.0.0.1:1/shop", one["url"])
		assert.Contains(t, one["configuration"], "url: http://127.0.0.1:1/shop?<redacted>")
		failures := decode(t, get(t, s, prefix+"/api/v1/targets/a%2Fb/failures"), http.StatusOK)
		assert.Equal(t, map[string]any{"target": "a/b", "failures": []any{}}, failures)
	}
}

func TestErrorsOfTheAPIAreJSON(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "", "a")
	for path, want := range map[string]int{
		"/api/v1/targets?limit=0": 400, "/api/v1/targets?limit=1001": 400, "/api/v1/targets?limit=x": 400, "/api/v1/targets?offset=-1": 400,
		"/api/v1/targets?state=bad": 400, "/api/v1/targets?range=bad": 400,
		"/api/v1/targets/nobody": 404, "/api/v1/targets/nobody/failures": 404, "/api/v1/targets/a/b": 404, "/api/": 404, "/api/v2/targets": 404,
	} {
		assert.NotEmpty(t, decode(t, get(t, s, path), want)["error"], path)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/targets", http.NoBody))
	decode(t, w, http.StatusMethodNotAllowed)
	assert.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
}

func TestThePartsOfALongListAreOfOneLook(t *testing.T) {
	t.Parallel()
	s := shellOf(t, "", "a", "b", "c")
	nameOf := func(query string) any {
		list := decode(t, get(t, s, "/api/v1/targets?"+query), http.StatusOK)["targets"].([]any)
		return list[0].(map[string]any)["name"]
	}
	assert.Equal(t, "a", nameOf("limit=3"))
	assert.Nil(t, s.looked.Load(), "it was all there is")
	assert.Equal(t, "a", nameOf("limit=2"))
	rows := rowsByTrouble(snapshots(3, 5, time.Now()), time.Now())
	s.looked.Store(&looked{time.Now().Add(time.Hour), rows})
	assert.Equal(t, "target-00002", nameOf("limit=1&offset=2"))
	assert.Equal(t, "a", nameOf("limit=1"), "whoever begins gets what there is at the moment")
	s.looked.Store(&looked{time.Now().Add(-drawnFor), rows})
	assert.Equal(t, "b", nameOf("limit=1&offset=1"), "a look grows old")
}

func TestTheAPIHasEveryCodeAndItsHelp(t *testing.T) {
	t.Parallel()
	var list apiCodeList
	require.NoError(t, json.Unmarshal(get(t, shellOf(t, ""), "/api/v1/codes").Body.Bytes(), &list))
	i := 0
	for code := range errcode.All() {
		assert.Equal(t, int(code), list.Codes[i].Code)
		assert.Equal(t, code.Help().Look, list.Codes[i].Look)
		i++
	}
	assert.Len(t, list.Codes, i)
}

func TestTheAPITellsTheWholeOfATarget(t *testing.T) {
	t.Parallel()
	d := hostileSnapshot()
	d.Comparison = &numbers.Comparison{With: hostile, Errors: new(numbers.ComparedRow)}
	d.Maintenance = &numbers.Maintenance{Window: "night", Until: time.Unix(1e9, 0)}
	d.ClientNotAfter, d.LastSuccess = time.Unix(1e9, 0), time.Unix(1e9, 0)
	d.ObjectiveRatio, d.ObjectiveLatency, d.ObjectiveWindow = 0.999, time.Second, 24*time.Hour
	d.DNS = numbers.DNS{Answered: true, Answers: 2, TTL: time.Minute, Authentic: true, Cut: 3}
	out, err := apiDetailOf(d, hostileConfig(), time.Now())
	require.NoError(t, err)
	text, err := json.Marshal(out)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "null")
	var answer map[string]any
	require.NoError(t, json.Unmarshal(text, &answer))
	assert.Equal(t, "failing", answer["state"])
	assert.Equal(t, map[string]any{"ratio": 0.999, "latency_seconds": 1.0, "window_seconds": 86400.0}, answer["objective"])
	assert.InDelta(t, 3, answer["failed"], 0)
	assert.InDelta(t, 1, answer["own_failed"], 0)
	assert.Equal(t, map[string]any{"role": "client", "not_after": "2001-09-09T01:46:40Z"}, answer["certificates"].([]any)[2])
	assert.Equal(t, map[string]any{"records": 2.0, "ttl_seconds": 60.0, "authentic": true, "cut": 3.0}, answer["dns"])
	last := answer["last_burst"].(map[string]any)
	assert.Equal(t, map[string]any{"tls": 1.0}, last["phase_seconds"])
	failure := answer["last_failures"].([]any)[0].(map[string]any)
	assert.Equal(t, "[fe80::1%eth0]:443", failure["remote_address"])
	assert.Equal(t, hostile, failure["text"])
}

func TestTheLargestAnswerIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Now()
	d := hostileSnapshot()
	d.History, d.Failures = slices.Repeat(d.History, 48), make([]numbers.Failure, 16)
	for i := range d.Failures {
		d.Failures[i].Text = strings.Repeat("x", 176)
	}
	out, err := apiDetailOf(d, hostileConfig(), now)
	require.NoError(t, err)
	text, err := json.Marshal(out)
	require.NoError(t, err)
	assert.Less(t, len(text), 64<<10)
}
