package imports

import (
	"encoding/json"
	"strconv"
	"strings"
)

// harAnswer is the answer to a request. Later requests may take their credentials from it.
type harAnswer struct {
	request  *request
	response *harResponse
}

// Bounds, in bytes, of a text to find in later requests. A shorter text may be there by chance.
const (
	shortestCaptured = 8
	longestCaptured  = 8 << 10
)

// harPlace is the place of a text in an answer.
type harPlace struct {
	request  *request
	way      string // json or header
	at       string
	label    string
	captured string // its name, once it is captured
}

// harPlaces has the texts of all answers so far. If several answers have a text, the last counts.
type harPlaces map[string]*harPlace

// capture makes a journey capture credentials from the answers that had them in the recording.
func (o *harOrigin) capture() {
	places := harPlaces{}
	for _, a := range o.answers {
		for h := range a.request.headers {
			o.captureInHeader(&a.request.headers[h], places)
		}
		places.add(a)
	}
}

// captureInHeader puts a name into a header if an earlier answer had its value.
func (o *harOrigin) captureInHeader(h *header, places harPlaces) {
	for v, value := range h.values {
		field := value.write(false)
		scheme, secret, ok := strings.Cut(field, " ")
		if ok {
			scheme += " "
		} else {
			scheme, secret = "", field
		}
		place := places[secret]
		if place == nil || !isSecret(h.name, field) {
			continue
		}
		if place.captured == "" {
			place.captured = o.target.data.reserve(variableName(place.label))
			place.request.capture = append(place.request.capture, setting{place.captured, "{" + place.way + ": " + quoteInList(place.at) + "}"})
		}
		h.values[v] = append(literal(scheme), named(place.captured)...)
	}
}

// add adds the headers of an answer, and the texts of its body if the body is JSON.
func (p harPlaces) add(a harAnswer) {
	var parsed any
	content := a.response.Content
	if text, ok := decoded(content.Text, content.Encoding); ok && json.Unmarshal([]byte(text), &parsed) == nil {
		p.addJSON(a.request, parsed, nil)
	}
	for _, h := range a.response.Headers {
		if checkHeader(h.Name, "") == "" {
			p.put(h.Value, &harPlace{request: a.request, way: "header", at: h.Name, label: strings.ToLower(h.Name)})
		}
	}
}

// put adds a place. A captured text keeps its place.
func (p harPlaces) put(text string, place *harPlace) {
	if known := p[text]; len(text) >= shortestCaptured && len(text) <= longestCaptured && (known == nil || known.captured == "") {
		p[text] = place
	}
}

// addJSON adds the texts of a value of JSON. The way to it is its keys, joined by dots.
func (p harPlaces) addJSON(r *request, value any, way []string) {
	const deepest = 20
	if len(way) > deepest {
		return
	}
	step := func(key string) []string { return append(way[:len(way):len(way)], key) }
	switch value := value.(type) {
	case map[string]any:
		for _, key := range sortedKeys(value) {
			if key != "" && !strings.Contains(key, ".") {
				p.addJSON(r, value[key], step(key))
			}
		}
	case []any:
		for i, item := range value {
			p.addJSON(r, item, step(strconv.Itoa(i)))
		}
	case string:
		if len(way) > 0 {
			p.put(value, &harPlace{request: r, way: "json", at: strings.Join(way, "."), label: labelOf(way)})
		}
	}
}

// labelOf returns the last step of a way other than a number.
func labelOf(way []string) string {
	for i := len(way) - 1; i >= 0; i-- {
		if _, err := strconv.Atoi(way[i]); err != nil {
			return way[i]
		}
	}
	return "value"
}
