package grpc

import (
	"context"
	"encoding/base64"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/policy"
	"example.com/prober/prober/probe"
	"example.com/prober/protoset"
	"example.com/prober/template"
)

// heard is one call as its server received it.
type heard struct {
	path, message string
	metadata      map[string]string
	secret        map[string]bool // the fields that are never indexed
}

// hearing is a server that reports each call and echoes its message.
func hearing(calls chan<- heard) peers.Script {
	return func(c net.Conn) {
		p := peers.NewH2(c)
		p.Decode()
		p.Greet()
		p.Open()
		for heading := p.Heading(); heading != nil; heading = p.Heading() {
			said := ""
			for ended := false; !ended; {
				data, is := p.Until(http2.FrameData).(*http2.DataFrame)
				if !is {
					return
				}
				said += string(data.Data())
				ended = data.StreamEnded()
			}
			h := heard{path: heading.PseudoValue("path"), message: said[prefixSize:], metadata: map[string]string{}, secret: map[string]bool{}}
			for _, f := range heading.RegularFields() {
				h.metadata[f.Name] = f.Value
				h.secret[f.Name] = f.Sensitive
			}
			calls <- h
			answerWith(p, heading.StreamID, said, "0")
		}
	}
}

// named compiles a text with the names x and y, whose numbers are 0 and 1.
func named(t testing.TB, text string, place template.Place) *template.Template {
	t.Helper()
	numbers := map[string]int{"x": 0, "y": 1}
	c, err := template.Parse(text, place, func(name string) (int, bool) { n, ok := numbers[name]; return n, ok })
	require.NoError(t, err)
	return c
}

// with makes call number request, with values for the names 0, 1 and so on.
func with(e *Engine, request int, values ...string) *probe.Result {
	r := new(probe.Result)
	withAgain(e, r, request, values...)
	return r
}

func withAgain(e *Engine, r *probe.Result, request int, values ...string) {
	now := probe.Now()
	r.Reset(now, now.Add(patience))
	r.Request = request
	r.Values.Reset()
	for n, value := range values {
		r.Values.Set(n, []byte(value))
	}
	e.Do(context.Background(), r)
}

// shopSet are the descriptors of a service with one method.
func shopSet(t testing.TB, files map[string]string) []byte {
	t.Helper()
	set, missing, err := protoset.Join([][]byte{[]byte(files["order.proto"]), []byte(files["orders.proto"])})
	require.NoError(t, err)
	require.Empty(t, missing)
	return set
}

func TestCallsOfAMixShareAConnection(t *testing.T) {
	t.Parallel()
	calls := make(chan heard, 10)
	p := peers.Listen(t, hearing(calls))
	shop := Config{
		Plan: planOf(p), Service: "shop.v1.Orders", Method: "Get", Message: []byte(field(1, "fixed")), Metadata: fields("x-call", "a"),
		Descriptors: shopSet(t, shopFiles(t)), Expect: Expectation{Message: map[string]any{"sku": "other"}},
	}
	health := Config{Plan: planOf(p), Service: protoset.HealthService, Method: protoset.HealthCheck, Authority: "b.test", Traceparent: true, MaxMessageBytes: 1}
	token := Config{Plan: planOf(p), Service: "a.B", Method: "C", Authorization: func() (string, error) { return "Bearer x", nil }}
	e := newMix(t, shop, health, token)
	var r probe.Result
	for range 2 {
		withAgain(e, &r, 0)
		assert.Equal(t, errcode.UnexpectedBody, e.Code(&r), textOf(&r))
		h := <-calls
		assert.Equal(t, heard{"/shop.v1.Orders/Get", field(1, "fixed"), h.metadata, h.secret}, h)
		assert.Equal(t, "a", h.metadata["x-call"])
		assert.NotContains(t, h.metadata, "authorization")

		withAgain(e, &r, 1)
		assert.Equal(t, errcode.GRPCNotServing, e.Code(&r), textOf(&r))
		h = <-calls
		assert.Equal(t, "/grpc.health.v1.Health/Check", h.path)
		assert.NotContains(t, h.metadata, "x-call")
		assert.Contains(t, h.metadata, "traceparent")

		withAgain(e, &r, 2)
		assert.Equal(t, errcode.OK, e.Code(&r), textOf(&r))
		h = <-calls
		assert.Equal(t, "/a.B/C", h.path)
		assert.Equal(t, "Bearer x", h.metadata["authorization"])
		assert.NotContains(t, h.metadata, "traceparent")
	}
	assert.Equal(t, 1, p.Connections())
}

func newMix(t testing.TB, cfgs ...Config) *Engine {
	t.Helper()
	for i := range cfgs {
		cfgs[i].Plan.ConnectTimeout = patience
	}
	e, err := NewMix(cfgs)
	require.NoError(t, err)
	t.Cleanup(func() {
		e.CloseIdle()
		e.Wait()
	})
	return e
}

func TestEachHostThatAMixAsksForMustBeAllowed(t *testing.T) {
	t.Parallel()
	plan := planOf(peers.Listen(t, peers.Silence))
	plan.Rules = policy.Rules{DenyHosts: []string{"b.test"}}
	e := newMix(t, Config{Plan: plan, Service: "a.B", Method: "C"}, Config{Plan: plan, Service: "a.B", Method: "C", Authority: "b.test"})
	r := with(e, 0)
	assert.Equal(t, errcode.BlockedHost, e.Code(r), textOf(r))
}

func TestMessageAndMetadataVary(t *testing.T) {
	t.Parallel()
	calls := make(chan heard, 10)
	p := peers.Listen(t, hearing(calls))
	cfg := Config{
		Plan: planOf(p), Service: "shop.v1.Orders", Method: "Get", Descriptors: shopSet(t, shopFiles(t)),
		Metadata: fields("x-fixed", "a"), VaryingMessage: named(t, `{"sku": "a {{ x }}"}`, template.JSON),
		VaryingMetadata: []VaryingField{
			{"x-text", named(t, "b {{ y }}", template.Header)}, {"X-Raw-Bin", named(t, "{{ x }}", template.Text)},
			{"authorization", named(t, "Bearer {{ y }}", template.Header)}, {"user-agent", named(t, "{{ y }}", template.Header)},
		},
	}
	e := newMix(t, cfg)
	var r probe.Result
	for _, values := range [][2]string{{"\x00\"\n😀\xff", "one"}, {"", "é"}, {strings.Repeat("long ", 4<<10), strings.Repeat("z", 6<<10)}} {
		withAgain(e, &r, 0, values[:]...)
		require.Equal(t, errcode.OK, e.Code(&r), textOf(&r))
		h := <-calls
		assert.Equal(t, field(1, strings.ToValidUTF8("a "+values[0], "\ufffd")), h.message)
		assert.Equal(t, "a", h.metadata["x-fixed"])
		assert.Equal(t, "b "+values[1], h.metadata["x-text"])
		assert.Equal(t, base64.RawStdEncoding.EncodeToString([]byte(values[0])), h.metadata["x-raw-bin"])
		assert.Equal(t, "Bearer "+values[1], h.metadata["authorization"])
		assert.True(t, h.secret["authorization"])
		assert.False(t, h.secret["x-text"])
		assert.Equal(t, values[1], h.metadata["user-agent"])
		assert.NotEmpty(t, h.metadata["grpc-timeout"])
	}
	assert.Equal(t, 1, p.Connections())
}

func TestALongMessageVaries(t *testing.T) {
	t.Parallel()
	calls := make(chan heard, 1)
	e := newMix(t, Config{
		Plan: planOf(peers.Listen(t, hearing(calls))), Service: "shop.v1.Orders", Method: "Get", Descriptors: shopSet(t, shopFiles(t)),
		VaryingMessage: named(t, `{"sku": "{{ x }}"}`, template.JSON),
	})
	for _, value := range []string{strings.Repeat("a", 1<<20), "", strings.Repeat("b", 1<<20)} {
		r := with(e, 0, value)
		require.Equal(t, errcode.OK, e.Code(r), textOf(r))
		want := ""
		if value != "" {
			want = field(1, value)
		}
		assert.Equal(t, want, (<-calls).message)
	}
}

func TestACallThatCannotBePutTogetherIsNotSent(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, playing(well))
	const secret = "s3cret"
	message := func(text string) func(*Config) {
		return func(c *Config) { c.VaryingMessage = named(t, text, template.JSON) }
	}
	metadata := func(name, text string) func(*Config) {
		return func(c *Config) {
			c.VaryingMetadata = []VaryingField{{name, named(t, text, template.Header)}}
		}
	}
	for name, tt := range map[string]struct {
		cfg   func(*Config)
		value string
		text  string
	}{
		"no JSON":                {message(`{"count": {{ x }}}`), secret, "the value of {{ x }} is not JSON; outside of a string it must be JSON"},
		"no number":              {message(`{"count": "{{ x }}"}`), secret, `the field "count" of shop.v1.Item cannot have that value`},
		"no field":               {message(`{"{{ x }}": 1}`), secret, "a value gives the name of a field, but shop.v1.Item has no field of that name"},
		"a field of its own":     {message(`{"sku": "{{ x }}"}`), secret, `shop.v1.Item has no field "sku"`},
		"no value":               {message(`{"count": "{{ y }}"}`), secret, "the value of {{ y }} is not known"},
		"an end of a line":       {metadata("x-a", "{{ x }}"), secret + "\n", "the value of {{ x }} has a control character, which no header field can hold"},
		"a blank":                {metadata("X-A", "{{ x }} "), secret, "the value of x-a would begin or end with a blank"},
		"metadata without end":   {metadata("x-a", "{{ x }}"), strings.Repeat(secret, 12<<10), "its metadata are above 64 KiB"},
		"a value that is absent": {metadata("x-a-bin", "{{ y }}"), secret, "the value of {{ y }} is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := Config{Plan: planOf(p), Service: "shop.v1.Items", Method: "Put", Descriptors: itemSet(t)}
			tt.cfg(&cfg)
			e := newMix(t, cfg)
			r := with(e, 0, tt.value)
			assert.Equal(t, errcode.Template, e.Code(r))
			assert.Equal(t, errcode.PhaseQueue, r.FailedIn())
			assert.Equal(t, "the call cannot be put together: "+tt.text, strings.TrimPrefix(textOf(r), "queue: "))
			assert.NotContains(t, textOf(r), secret)
			assert.Zero(t, r.Sent)
		})
	}
	assert.Zero(t, p.Connections())
}

// itemSet are the descriptors of a service with a number in its message.
func itemSet(t testing.TB) []byte {
	t.Helper()
	label, number := descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL, descriptorpb.FieldDescriptorProto_TYPE_INT32
	item := proto.String(".shop.v1.Item")
	encoded, err := proto.Marshal(&descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{{
		Name: proto.String("items.proto"), Package: proto.String("shop.v1"), Syntax: proto.String("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{{Name: proto.String("Item"), Field: []*descriptorpb.FieldDescriptorProto{
			{Name: proto.String("count"), JsonName: proto.String("count"), Number: proto.Int32(1), Label: &label, Type: &number},
		}}},
		Service: []*descriptorpb.ServiceDescriptorProto{{Name: proto.String("Items"), Method: []*descriptorpb.MethodDescriptorProto{
			{Name: proto.String("Put"), InputType: item, OutputType: item},
		}}},
	}}})
	require.NoError(t, err)
	return encoded
}

func TestValuesThatAServerSaysBackAreStruckOut(t *testing.T) {
	t.Parallel()
	const inMessage, inText, inBinary = "s3cret-A", "s3cret-B", "s3cret-C"
	coded := base64.RawStdEncoding.EncodeToString([]byte(inBinary))
	files := shopFiles(t)
	for name, tt := range map[string]struct{ x, y, says, want string }{
		"of the message":      {inMessage, inText, "no " + strings.ToLower(inMessage) + "!", `"no ***!"`},
		"of a text":           {inMessage, inText, "no " + inText + "!", `"no ***!"`},
		"of a binary value":   {inMessage, inText, "no " + inBinary + "!", `"no ***!"`},
		"as it was sent":      {inMessage, inText, "no " + coded + "!", `"no ***!"`},
		"too many to look at": {strings.Repeat("a", 5<<10), inText, "no " + inText + "!", `"***"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := peers.Listen(t, func(c net.Conn) {
				p := peers.NewH2(c)
				p.Greet()
				p.Open()
				id := p.Request()
				ending("grpc-status", "5", "grpc-message", tt.says)(p, id)
				p.Ignore()
			})
			e := newMix(t, Config{
				Plan: planOf(p), Service: "shop.v1.Orders", Method: "Get", Descriptors: shopSet(t, files),
				VaryingMessage: named(t, `{"sku": "{{ x }}"}`, template.JSON),
				VaryingMetadata: []VaryingField{
					{"x-a", named(t, "{{ y }}", template.Header)}, {"x-b-bin", named(t, "s3cret-C", template.Text)},
				},
			})
			r := with(e, 0, tt.x, tt.y)
			assert.Equal(t, errcode.GRPCNotFound, e.Code(r), textOf(r))
			assert.Equal(t, "the server says NOT_FOUND: "+tt.want, textOf(r))
		})
	}
}

func TestAnAnswerThatIsNotAsExpectedShowsNoValueOfTheCall(t *testing.T) {
	t.Parallel()
	e := newMix(t, Config{
		Plan: planOf(peers.Listen(t, hearing(make(chan heard, 1)))), Service: "shop.v1.Orders", Method: "Get", Descriptors: shopSet(t, shopFiles(t)),
		VaryingMessage: named(t, `{"sku": "{{ x }}"}`, template.JSON), Expect: Expectation{Message: map[string]any{"sku": "other"}},
	})
	r := with(e, 0, "s3cret")
	assert.Equal(t, errcode.UnexpectedBody, e.Code(r), textOf(r))
	assert.Contains(t, textOf(r), `at "sku" is not that of expect.message, but "***"`)
}

// The prober asks for types by service, and each call gets the result of its own service.
func TestEachServiceOfAMixIsDescribedByItself(t *testing.T) {
	t.Parallel()
	files := shopFiles(t)
	questions := make(chan string, 10)
	p := peers.Listen(t, reflecting(func(question string) string {
		questions <- question
		if strings.Contains(question, "shop.v2") {
			return field(7, "\x08\x05"+field(2, "unknown"))
		}
		return field(4, field(1, files["orders.proto"])+field(1, files["order.proto"]))
	}, reflectionV1))
	plan := planOf(p)
	plan.ConnectTimeout = patience
	known := Config{
		Plan: plan, Service: "shop.v1.Orders", Method: "Get", Reflected: true, VaryingMessage: named(t, `{"sku": "{{ x }}"}`, template.JSON),
		VaryingMetadata: []VaryingField{{"x-a", named(t, "{{ x }}", template.Header)}}, Expect: Expectation{Message: map[string]any{"sku": "a"}},
	}
	unknown, unfit, needless := known, known, known
	unknown.Service = "shop.v2.Orders"
	unfit.Method = "Put"
	needless.Service, needless.VaryingMessage, needless.Expect = "shop.v3.Orders", nil, Expectation{}
	e := newMix(t, known, unknown, unfit, needless)
	code := func(request int) (errcode.Code, string) {
		r := with(e, request, "a")
		return e.Code(r), textOf(r)
	}
	for request, want := range []errcode.Code{errcode.GRPCReflection, errcode.GRPCReflection, errcode.GRPCReflection, errcode.OK} {
		got, text := code(request)
		assert.Equal(t, want, got, text)
	}

	before := p.Connections()
	types := Reflect(t.Context(), known, []string{known.Service, unknown.Service}, probe.Now().Add(patience))
	require.NoError(t, types[0].Err)
	require.Error(t, types[1].Err)
	assert.Equal(t, 1, p.Connections()-before, "both are asked for over one connection")
	require.ErrorContains(t, e.Describe(known.Service, types[0].Descriptors), "has no method Put")
	e.SetFailure(unknown.Service, types[1].Err)
	for request, want := range []string{"", `but says "unknown"`, "has no method Put", ""} {
		_, text := code(request)
		assert.Contains(t, text, want)
		assert.Equal(t, want == "", text == "", text)
	}
}

func TestFixedCallsOfAMixAllocateNothing(t *testing.T) {
	p := peers.Listen(t, fastPeer(t))
	one := Config{Plan: planOf(p), Service: protoset.HealthService, Method: protoset.HealthCheck, Metadata: fields("x-team", "payments")}
	other := Config{Plan: planOf(p), Service: "shop.v1.Orders", Method: "Get", Message: []byte("a")}
	varying := Config{
		Plan: planOf(p), Service: "shop.v1.Orders", Method: "Get", Descriptors: shopSet(t, shopFiles(t)),
		VaryingMessage: named(t, `{"sku": "{{ x }}"}`, template.JSON), VaryingMetadata: []VaryingField{{"x-a", named(t, "{{ x }}", template.Header)}},
	}
	e := newMix(t, one, other, varying)
	var r probe.Result
	call := func(request int) {
		withAgain(e, &r, request, "a")
		if code := e.Code(&r); code != errcode.OK {
			t.Fatal("the call failed:", code, textOf(&r))
		}
	}
	call(0)
	call(1)
	assert.Zero(t, testing.AllocsPerRun(200, func() {
		call(0)
		call(1)
	}))
	call(2)
	const most = 60 // the allocations of package protobuf, mostly
	assert.LessOrEqual(t, testing.AllocsPerRun(200, func() { call(2) }), float64(most))
}
