package grpc

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/prober/probe"
)

// shopFiles are two files. The first imports the second.
func shopFiles(t *testing.T) map[string]string {
	t.Helper()
	label, text := descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL, descriptorpb.FieldDescriptorProto_TYPE_STRING
	files := map[string]string{}
	for _, f := range []*descriptorpb.FileDescriptorProto{
		{
			Name: proto.String("orders.proto"), Package: proto.String("shop.v1"), Syntax: proto.String("proto3"), Dependency: []string{"order.proto"},
			Service: []*descriptorpb.ServiceDescriptorProto{{Name: proto.String("Orders"), Method: []*descriptorpb.MethodDescriptorProto{
				{Name: proto.String("Get"), InputType: proto.String(".shop.v1.Order"), OutputType: proto.String(".shop.v1.Order")},
			}}},
		},
		{
			Name: proto.String("order.proto"), Package: proto.String("shop.v1"), Syntax: proto.String("proto3"),
			MessageType: []*descriptorpb.DescriptorProto{{Name: proto.String("Order"), Field: []*descriptorpb.FieldDescriptorProto{
				{Name: proto.String("sku"), JsonName: proto.String("sku"), Number: proto.Int32(1), Label: &label, Type: &text},
			}}},
		},
	} {
		encoded, err := proto.Marshal(f)
		require.NoError(t, err)
		files[f.GetName()] = string(encoded)
	}
	return files
}

func field(number protowire.Number, value string) string {
	return string(protowire.AppendString(protowire.AppendTag(nil, number, protowire.BytesType), value))
}

// reflecting is a server that answers each question with the result of tell, and echoes
// all other calls. It has the versions of reflection in services.
func reflecting(tell func(question string) string, services ...string) peers.Script {
	return func(c net.Conn) {
		p := peers.NewH2(c)
		p.Decode()
		p.Greet()
		for heading := p.Heading(); heading != nil; heading = p.Heading() {
			data, is := p.Until(http2.FrameData).(*http2.DataFrame)
			if !is {
				return
			}
			said, id := string(data.Data()[prefixSize:]), heading.StreamID
			service, _, _ := strings.Cut(strings.TrimPrefix(heading.PseudoValue("path"), "/"), "/")
			switch known := strings.Contains(service, ".reflection."); {
			case !known:
				answerWith(p, id, framed(0, said), "0")
			case strings.Contains(strings.Join(services, " "), service):
				answerWith(p, id, framed(0, tell(said)), "0")
			default:
				ending("grpc-status", "12")(p, id)
			}
		}
	}
}

const reflectionV1, reflectionAlpha = "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"

func TestAServerTellsItsTypes(t *testing.T) {
	t.Parallel()
	files := shopFiles(t)
	atOnce := func(string) string {
		return field(1, "host") + field(4, field(1, files["orders.proto"])+field(1, files["order.proto"]))
	}
	oneByOne := func(question string) string {
		if strings.Contains(question, "order.proto") {
			return field(4, field(1, files["order.proto"]))
		}
		return field(4, field(1, files["orders.proto"]))
	}
	for name, script := range map[string]peers.Script{
		"all at once": reflecting(atOnce, reflectionV1), "one after another": reflecting(oneByOne, reflectionV1),
		"as it was before": reflecting(atOnce, reflectionAlpha),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := Config{
				Plan: planOf(peers.Listen(t, script)), Service: "shop.v1.Orders", Method: "Get", Reflected: true,
				JSON: []byte(`{"sku": "a"}`), Expect: Expectation{Message: map[string]any{"sku": "a"}},
			}
			cfg.Plan.ConnectTimeout = patience
			e := newEngine(t, cfg)
			r := do(e, patience)
			assert.Equal(t, errcode.GRPCReflection, e.Code(r))
			assert.Equal(t, errcode.PhaseQueue, r.FailedIn())
			assert.ErrorContains(t, r.Err, "has not asked the server")

			types := Reflect(t.Context(), cfg, []string{cfg.Service}, probe.Now().Add(patience))[0]
			require.NoError(t, types.Err)
			require.NoError(t, e.Describe(cfg.Service, types.Descriptors))
			for range 2 {
				again(t.Context(), e, r, patience)
				assert.Equal(t, errcode.OK, e.Code(r), textOf(r))
			}
		})
	}
}

func TestWhyAServerTellsNoTypes(t *testing.T) {
	t.Parallel()
	files := shopFiles(t)
	says := func(answer string) peers.Script {
		return reflecting(func(string) string { return answer }, reflectionV1)
	}
	for name, tt := range map[string]struct {
		script peers.Script
		code   errcode.Code
		text   string
	}{
		"no reflection":           {reflecting(nil), errcode.GRPCReflection, "the server has no reflection"},
		"no such service":         {says(field(7, "\x08\x05"+field(2, "none: s3cret-Token"))), errcode.GRPCReflection, `does not give the types of the method, but says "none:***"`},
		"nothing":                 {says(field(4, "")), errcode.GRPCReflection, "gives no types"},
		"no answer to a question": {says(""), errcode.GRPCReflection, "gives no types"},
		"garbage":                 {says("\xff\xff"), errcode.GRPCReflection, "broken"},
		"garbage for a file":      {says(field(4, field(1, "\xff"))), errcode.GRPCReflection, "is not a file of descriptors"},
		"the same file for ever":  {says(field(4, field(1, files["orders.proto"]))), errcode.GRPCReflection, "too many files"},
		"too much": {reflecting(func(string) string {
			return field(4, field(1, files["orders.proto"]+field(12345, strings.Repeat("x", 3<<20))))
		}, reflectionV1), errcode.GRPCReflection, "more than 8 MiB"},
		"a status": {playing(ending("grpc-status", "14", "grpc-message", "starting")), errcode.GRPCUnavailable, `UNAVAILABLE: "starting"`},
		"a page":   {playing(web("404", "text/html")), errcode.FromStatus(404), "its status is 404"},
		"an end":   {peers.Reset, errcode.Reset, "reset by peer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := Config{
				Plan: planOf(peers.Listen(t, tt.script)), Service: "shop.v1.Orders", Method: "Get", Reflected: true, JSON: []byte("{}"),
				Metadata: fields("authorization", "Bearer s3cret-token"),
			}
			cfg.Plan.ConnectTimeout = patience
			err := Reflect(t.Context(), cfg, []string{cfg.Service}, probe.Now().Add(patience))[0].Err
			require.Error(t, err)
			assert.ErrorContains(t, err, tt.text)
			e := newEngine(t, cfg)
			e.SetFailure(cfg.Service, err)
			_, isShared := errors.AsType[*probe.ExcerptError](e.plans[0].Load().failure)
			assert.False(t, isShared, "an excerpt belongs to one request, which may change it")
			r := do(e, patience)
			if tt.code == errcode.Reset { // chance decides how the end shows
				assert.Contains(t, []errcode.Code{errcode.Reset, errcode.Closed}, e.Code(r), textOf(r))
				return
			}
			assert.Equal(t, tt.code, e.Code(r), textOf(r))
		})
	}
}

func TestTypesThatDoNotFitChangeNothing(t *testing.T) {
	t.Parallel()
	files := shopFiles(t)
	script := reflecting(func(string) string {
		return field(4, field(1, files["orders.proto"])+field(1, files["order.proto"]))
	}, reflectionV1)
	cfg := Config{Plan: planOf(peers.Listen(t, script)), Service: "shop.v1.Orders", Method: "Get", Reflected: true, JSON: []byte(`{"sku": "a"}`)}
	cfg.Plan.ConnectTimeout = patience
	types := Reflect(t.Context(), cfg, []string{cfg.Service}, probe.Now().Add(patience))[0]
	require.NoError(t, types.Err)
	e := newEngine(t, cfg)
	require.NoError(t, e.Describe(cfg.Service, types.Descriptors))
	require.Error(t, e.Describe(cfg.Service, nil))
	e.SetFailure(cfg.Service, os.ErrClosed)
	r := do(e, patience)
	assert.Equal(t, errcode.OK, e.Code(r), textOf(r))

	cfg.JSON = []byte(`{"skuu": "s3cret"}`)
	unfit := newEngine(t, cfg)
	err := unfit.Describe(cfg.Service, types.Descriptors)
	assert.EqualError(t, err, `the types of the server do not fit: the message: shop.v1.Order has no field "skuu"`)
	unfit.SetFailure(cfg.Service, err)
	r = do(unfit, patience)
	assert.Equal(t, errcode.GRPCReflection, unfit.Code(r))
}

func TestAQuestionEndsWithItsTimeOrItsContext(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 1)
	silent := peers.Listen(t, playing(func(*peers.H2, uint32) { arrived <- struct{}{} }))
	cfg := Config{Plan: planOf(silent), Service: "shop.v1.Orders", Method: "Get"}
	cfg.Plan.ConnectTimeout = patience
	err := Reflect(t.Context(), cfg, []string{cfg.Service}, probe.Now().Add(briefly))[0].Err
	assert.Equal(t, errcode.RequestTimeout, errcode.FromError(err), err)
	<-arrived
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	err = Reflect(ctx, cfg, []string{cfg.Service}, probe.Now().Add(patience))[0].Err
	assert.Equal(t, errcode.Cancelled, errcode.FromError(err), err)
}
