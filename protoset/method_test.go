package protoset

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// shop returns a set of descriptors with a field of each kind.
func shop() *descriptorpb.FileDescriptorSet {
	field := func(name string, number int32, kind descriptorpb.FieldDescriptorProto_Type, typeName string, repeated bool) *descriptorpb.FieldDescriptorProto {
		label := descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL
		if repeated {
			label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED
		}
		f := &descriptorpb.FieldDescriptorProto{Name: proto.String(name), Number: proto.Int32(number), Label: &label, Type: &kind}
		if typeName != "" {
			f.TypeName = proto.String(typeName)
		}
		return f
	}
	const (
		text, number, whole = descriptorpb.FieldDescriptorProto_TYPE_STRING, descriptorpb.FieldDescriptorProto_TYPE_DOUBLE, descriptorpb.FieldDescriptorProto_TYPE_INT64
		truth, raw, enum    = descriptorpb.FieldDescriptorProto_TYPE_BOOL, descriptorpb.FieldDescriptorProto_TYPE_BYTES, descriptorpb.FieldDescriptorProto_TYPE_ENUM
		inner               = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE
	)
	order := &descriptorpb.DescriptorProto{
		Name: proto.String("Order"),
		Field: []*descriptorpb.FieldDescriptorProto{
			field("order_id", 1, whole, "", false), field("sku", 2, text, "", false), field("price", 3, number, "", false),
			field("is_paid", 4, truth, "", false), field("token", 5, raw, "", false), field("state", 6, enum, ".shop.v1.State", false),
			field("parent", 7, inner, ".shop.v1.Order", false), field("items", 8, inner, ".shop.v1.Order", true), field("tags", 9, text, "", true),
			field("counts", 10, inner, ".shop.v1.Order.CountsEntry", true),
		},
		NestedType: []*descriptorpb.DescriptorProto{{
			Name:    proto.String("CountsEntry"),
			Options: &descriptorpb.MessageOptions{MapEntry: proto.Bool(true)},
			Field:   []*descriptorpb.FieldDescriptorProto{field("key", 1, descriptorpb.FieldDescriptorProto_TYPE_INT32, "", false), field("value", 2, whole, "", false)},
		}},
	}
	return &descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{{
		Name: proto.String("shop.proto"), Package: proto.String("shop.v1"), Syntax: proto.String("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{order},
		EnumType: []*descriptorpb.EnumDescriptorProto{{Name: proto.String("State"), Value: []*descriptorpb.EnumValueDescriptorProto{
			{Name: proto.String("OPEN"), Number: proto.Int32(0)}, {Name: proto.String("SENT"), Number: proto.Int32(1)},
		}}},
		Service: []*descriptorpb.ServiceDescriptorProto{{Name: proto.String("Orders"), Method: []*descriptorpb.MethodDescriptorProto{
			{Name: proto.String("Get"), InputType: proto.String(".shop.v1.Order"), OutputType: proto.String(".shop.v1.Order")},
			{Name: proto.String("List"), InputType: proto.String(".shop.v1.Order"), OutputType: proto.String(".shop.v1.Order"), ServerStreaming: proto.Bool(true)},
		}}},
	}}}
}

func method(t *testing.T, name string) *Method {
	t.Helper()
	encoded, err := proto.Marshal(shop())
	require.NoError(t, err)
	set, err := Parse(encoded)
	require.NoError(t, err)
	m, err := set.Method("shop.v1.Orders", name)
	require.NoError(t, err)
	return m
}

func TestAMethodIsFoundWithItsShape(t *testing.T) {
	t.Parallel()
	assert.False(t, method(t, "Get").Streams())
	assert.True(t, method(t, "List").Streams())
	set, err := Parse(nil)
	require.NoError(t, err)
	check, err := set.Method(HealthService, HealthCheck)
	require.NoError(t, err)
	assert.False(t, check.Streams())
	watch, err := set.Method(HealthService, "Watch")
	require.NoError(t, err)
	assert.True(t, watch.Streams())
	encoded, err := check.Encode([]byte(`{"service": "shop"}`))
	require.NoError(t, err)
	assert.Equal(t, "\x0a\x04shop", string(encoded))
}

func TestWhatIsNotThereIsSaid(t *testing.T) {
	t.Parallel()
	encoded, err := proto.Marshal(shop())
	require.NoError(t, err)
	set, err := Parse(encoded)
	require.NoError(t, err)
	_, err = set.Method("shop.v1.Order", "Get")
	assert.EqualError(t, err, "there is no service shop.v1.Order in the descriptors; they have shop.v1.Orders")
	_, err = set.Method("shop.v1.Orders", "Put")
	assert.EqualError(t, err, "the service shop.v1.Orders has no method Put; it has Get, List")
	_, err = set.Method(HealthService, "Ask")
	assert.EqualError(t, err, "the service grpc.health.v1.Health has no method Ask; it has Check, Watch")

	_, err = Parse([]byte("no descriptors"))
	assert.ErrorContains(t, err, "is not a FileDescriptorSet")
	lacking := shop()
	lacking.File[0].Dependency = []string{"google/protobuf/timestamp.proto"}
	encoded, err = proto.Marshal(lacking)
	require.NoError(t, err)
	_, err = Parse(encoded)
	assert.ErrorContains(t, err, `(protoc needs --include_imports): could not resolve import "google/protobuf/timestamp.proto"`)
}

func TestAMessageInJSONIsEncoded(t *testing.T) {
	t.Parallel()
	m := method(t, "Get")
	encoded, err := m.Encode([]byte(`{"order_id": "9007199254740993", "sku": "a", "state": "SENT", "items": [{"isPaid": true}]}`))
	require.NoError(t, err)
	require.NoError(t, m.CheckEncoded(encoded))
	msg, err := m.decode(encoded)
	require.NoError(t, err)
	assert.Equal(t, int64(9007199254740993), msg.Get(msg.Descriptor().Fields().ByName("order_id")).Int())
	assert.ErrorContains(t, m.CheckEncoded([]byte("\xff")), "is neither JSON nor an encoded shop.v1.Order")
}

// The values of a message may be secret.
func TestAMistakeInAMessageNamesTheFieldAndNotTheValue(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"skuu": "s3cret"}`:                          `shop.v1.Order has no field "skuu"`,
		`{"order_id": "s3cret"}`:                      `the field "orderId" of shop.v1.Order cannot have that value`,
		`{"is_paid": "s3cret"}`:                       `the field "isPaid" of shop.v1.Order cannot have that value`,
		`{"state": "s3cret"}`:                         `the field "state" of shop.v1.Order cannot have that value`,
		`{"items": "s3cret"}`:                         "is not a shop.v1.Order in JSON",
		`{"s3cret s3cret": "s3cret"}`:                 "is not a shop.v1.Order in JSON",
		`s3cret`:                                      "is not a shop.v1.Order in JSON",
		`{"sku": "s3cret", "sku": "s3cret"}`:          "is not a shop.v1.Order in JSON",
		`{"parent": {"order_id": "s3cret"}}`:          `the field "orderId" of shop.v1.Order cannot have that value`,
		`{"counts": {"s3cret": 1}}`:                   "is not a shop.v1.Order in JSON",
		`{"(line 1:2): unknown field \"s3cret\"": 1}`: "is not a shop.v1.Order in JSON",
		`{"counts": {"(line 1:2): invalid value for x field s3cret:": 1}}`: "is not a shop.v1.Order in JSON",
	} {
		_, err := method(t, "Get").Encode([]byte(text))
		assert.EqualError(t, err, want, text)
	}
}

func TestValuesAreExpectedAtPlaces(t *testing.T) {
	t.Parallel()
	m := method(t, "Get")
	answer, err := m.Encode([]byte(`{
		"order_id": "9007199254740993", "sku": "a", "price": 1.5, "is_paid": true, "token": "AAE=", "state": "SENT",
		"parent": {"sku": "b", "order_id": 7}, "items": [{}, {"sku": "c"}], "tags": ["x", "y"], "counts": {"1": 12}
	}`))
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		values map[string]any
		fault  string
		found  string
	}{
		"all of them": {values: map[string]any{
			"order_id": "9007199254740993", "sku": "a", "price": 1.5, "isPaid": true, "token": "AAE=", "state": "SENT",
			"parent.sku": "b", "parent.order_id": 7.0, "items.1.sku": "c", "tags.0": "x", "counts.1": 12.0,
		}},
		"a number of an enum":      {values: map[string]any{"state": 1.0}},
		"a default":                {values: map[string]any{"items.0.sku": "", "items.0.order_id": 0.0, "items.0.is_paid": false, "items.0.state": "OPEN"}},
		"nothing":                  {values: map[string]any{"items.2": nil, "items.0.parent": nil, "counts.2": nil, "counts.x": nil}},
		"nothing, and there is":    {values: map[string]any{"parent": nil}, fault: `at "parent" is not that of expect.message, but`, found: "a shop.v1.Order"},
		"another text":             {values: map[string]any{"sku": "b"}, fault: `at "sku" is not that of expect.message, but`, found: "a"},
		"another number":           {values: map[string]any{"parent.order_id": 8.0}, fault: `at "parent.order_id" is not that of expect.message, but`, found: "7"},
		"a fraction of an integer": {values: map[string]any{"parent.order_id": 7.5}, fault: `at "parent.order_id" is not that of expect.message, but`, found: "7"},
		"another enum":             {values: map[string]any{"state": "OPEN"}, fault: `at "state" is not that of expect.message, but`, found: "SENT"},
		"another truth":            {values: map[string]any{"is_paid": false}, fault: `at "is_paid" is not that of expect.message, but`, found: "true"},
		"a text for a truth":       {values: map[string]any{"is_paid": "true"}, fault: `at "is_paid" is not that of expect.message, but`, found: "true"},
		"beyond a list":            {values: map[string]any{"items.2.sku": "c"}, fault: `has nothing at "items.2.sku"`},
		"no message":               {values: map[string]any{"items.0.parent.sku": "c"}, fault: `has nothing at "items.0.parent.sku"`},
		"a list":                   {values: map[string]any{"tags": "x"}, fault: `at "tags" is not that of expect.message, but`, found: "a list of 2"},
		"a map":                    {values: map[string]any{"counts": 1.0}, fault: `at "counts" is not that of expect.message, but`, found: "a map of 1"},
		"the first by its name":    {values: map[string]any{"sku": "b", "price": 2.0}, fault: `at "price" is not that of expect.message, but`, found: "1.5"},
		"a key that is not there":  {values: map[string]any{"counts.2": 1.0}, fault: `has nothing at "counts.2"`},
	} {
		x, err := m.Expect(tt.values)
		require.NoError(t, err, name)
		err = x.Check(answer)
		if tt.fault == "" {
			assert.NoError(t, err, name)
			continue
		}
		assert.ErrorContains(t, err, tt.fault, name)
		var fault *ValueError
		require.ErrorAs(t, err, &fault, name)
		assert.Equal(t, tt.found, fault.Found, name)
	}
	x, err := m.Expect(map[string]any{"sku": "a"})
	require.NoError(t, err)
	assert.EqualError(t, x.Check([]byte("\xff")), "the message cannot be decoded as a shop.v1.Order")
}

func TestAPlaceThatNoAnswerHasIsAMistake(t *testing.T) {
	t.Parallel()
	for place, want := range map[string]string{
		"skuu":           `skuu: shop.v1.Order has no field "skuu"`,
		"parent.skuu":    `parent.skuu: shop.v1.Order has no field "skuu"`,
		"items.0.skuu":   `items.0.skuu: shop.v1.Order has no field "skuu"`,
		"sku.length":     `sku.length: there is no "length": the key before it has a single value`,
		"tags.0.x":       `tags.0.x: there is no "x": the key before it has a single value`,
		"counts.1.value": `counts.1.value: there is no "value": the key before it has a single value`,
	} {
		_, err := method(t, "Get").Expect(map[string]any{place: 1.0})
		assert.EqualError(t, err, want)
	}
}
