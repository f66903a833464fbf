package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"example.com/prober/option"
)

// shopDescriptors returns a service with two methods, as protoc would write it.
func shopDescriptors(t *testing.T) []byte {
	t.Helper()
	label := descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL
	field := func(name string, number int32, kind descriptorpb.FieldDescriptorProto_Type) *descriptorpb.FieldDescriptorProto {
		return &descriptorpb.FieldDescriptorProto{Name: proto.String(name), Number: proto.Int32(number), Label: &label, Type: &kind}
	}
	order := proto.String(".shop.v1.Order")
	encoded, err := proto.Marshal(&descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{{
		Name: proto.String("shop.proto"), Package: proto.String("shop.v1"), Syntax: proto.String("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{{Name: proto.String("Order"), Field: []*descriptorpb.FieldDescriptorProto{
			field("sku", 1, descriptorpb.FieldDescriptorProto_TYPE_STRING), field("count", 2, descriptorpb.FieldDescriptorProto_TYPE_INT64),
		}}},
		Service: []*descriptorpb.ServiceDescriptorProto{{Name: proto.String("Orders"), Method: []*descriptorpb.MethodDescriptorProto{
			{Name: proto.String("Get"), InputType: order, OutputType: order},
			{Name: proto.String("List"), InputType: order, OutputType: order, ServerStreaming: proto.Bool(true)},
		}}},
	}}})
	require.NoError(t, err)
	return encoded
}

func TestACallIsReadyToBeSent(t *testing.T) {
	t.Parallel()
	folder := workspace(t, "testdata/good")
	c, err := Load(filepath.Join(folder, "grpc.yml"))
	require.NoError(t, err)
	health, get, list, binary, raw := c.Targets[0], c.Targets[1], c.Targets[2], c.Targets[3], c.Targets[4]

	assert.Equal(t, GRPC{Service: "grpc.health.v1.Health", Method: "Check", Metadata: []Header{{"x-team", []string{"data"}}}}, health.GRPC)
	assert.Equal(t, int64(4<<20), health.Expect.MaxBodySize)
	assert.Zero(t, health.Connection.HTTPVersion)
	assert.Zero(t, health.Connection.TLS)

	assert.Equal(t, "\x0a\x01a\x10\xff\xff\xff\xff\xff\xff\xff\xff\x7f", string(get.GRPC.Message), "no digit of a long number is lost")
	assert.Equal(t, shopDescriptors(t), get.GRPC.Descriptors)
	assert.Equal(t, []Header{{"x-team", []string{"shop"}}, {"x-trace-bin", []string{"AAE="}}}, get.GRPC.Metadata)
	assert.Equal(t, []option.GRPCStatus{0, 5, 7}, get.Expect.GRPCStatus)
	assert.Equal(t, map[string]any{"sku": "a", "count": 3.0}, get.Expect.Message)
	assert.Equal(t, "shop.internal:1", get.Request.Host)
	assert.True(t, get.Request.Traceparent)
	assert.Equal(t, "Bearer", get.Request.Authorization.Type)
	assert.Equal(t, defaultTLSTimeout, get.Connection.TLSTimeout)

	assert.Equal(t, "\x0a\x01b", string(list.GRPC.Message), "a text in JSON")
	assert.Equal(t, "\x0a\x04file", string(binary.GRPC.Message), "a file in JSON")
	text, encoded := c.Targets[5].GRPC.JSON()
	assert.JSONEq(t, `{"skuu":"a"}`, string(text), "what fits is known when the server has told its types")
	assert.Nil(t, encoded)
	text, encoded = raw.GRPC.JSON()
	assert.Nil(t, text)
	assert.Equal(t, "\x0a\x03raw", string(encoded))

	assert.Equal(t, "message.bin", raw.GRPC.MessageFile)
	assert.Equal(t, "\x0a\x03raw", string(raw.GRPC.Message), "what nobody has the types of is sent as it is")
}

func TestAMessageIsNeverShown(t *testing.T) {
	t.Parallel()
	folder := workspace(t, "testdata/good")
	c, err := Load(filepath.Join(folder, "grpc.yml"))
	require.NoError(t, err)
	shown, err := c.Redacted()
	require.NoError(t, err)
	assert.Contains(t, string(shown), "message: <redacted>\n")
	assert.Contains(t, string(shown), "x-trace-bin: [<redacted>]\n")
	assert.NotContains(t, string(shown), "AAE=")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "<redacted>"), []byte("secret"), 0o600))
	_, err = Parse(shown, filepath.Join(folder, "again.yml"))
	assert.NoError(t, err, "what is shown can be read again")
}

func TestAMessageInAFileMustFitTheMethod(t *testing.T) {
	t.Parallel()
	folder := workspace(t, "testdata/good")
	for content, want := range map[string]string{
		`{"skuu": "a"}`: `has no field "skuu"`,
		"\xff":          "is neither JSON nor an encoded shop.v1.Order",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, "odd"), []byte(content), 0o600))
		_, err := Parse([]byte("targets: [{name: a, url: 'grpc://h:1', grpc: {service: shop.v1.Orders, method: Get, "+
			"descriptor_file: shop.protoset, message_file: odd}}]"), filepath.Join(folder, "prober.yml"))
		assert.ErrorContains(t, err, `prober.yml:1: targets[0] "a": grpc.message_file: `)
		assert.ErrorContains(t, err, want)
	}
}
