package protoset

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// The health service. Many servers have it.
const (
	HealthService = "grpc.health.v1.Health"
	HealthCheck   = "Check"
)

// health returns the health service as defined by its protocol.
func health() (protoreflect.ServiceDescriptor, error) {
	f, err := protodesc.NewFile(healthFile(), nil)
	if err != nil {
		return nil, err
	}
	return f.Services().ByName("Health"), nil
}

func healthFile() *descriptorpb.FileDescriptorProto {
	const request, response = ".grpc.health.v1.HealthCheckRequest", ".grpc.health.v1.HealthCheckResponse"
	one := descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL
	return &descriptorpb.FileDescriptorProto{
		Name:    proto.String("grpc/health/v1/health.proto"),
		Package: proto.String("grpc.health.v1"),
		Syntax:  proto.String("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{
			{
				Name: proto.String("HealthCheckRequest"),
				Field: []*descriptorpb.FieldDescriptorProto{{
					Name: proto.String("service"), JsonName: proto.String("service"), Number: proto.Int32(1),
					Label: &one, Type: descriptorpb.FieldDescriptorProto_TYPE_STRING.Enum(),
				}},
			},
			{
				Name: proto.String("HealthCheckResponse"),
				Field: []*descriptorpb.FieldDescriptorProto{{
					Name: proto.String("status"), JsonName: proto.String("status"), Number: proto.Int32(1),
					Label: &one, Type: descriptorpb.FieldDescriptorProto_TYPE_ENUM.Enum(),
					TypeName: proto.String(response + ".ServingStatus"),
				}},
				EnumType: []*descriptorpb.EnumDescriptorProto{{
					Name: proto.String("ServingStatus"),
					Value: []*descriptorpb.EnumValueDescriptorProto{
						{Name: proto.String("UNKNOWN"), Number: proto.Int32(0)},
						{Name: proto.String("SERVING"), Number: proto.Int32(1)},
						{Name: proto.String("NOT_SERVING"), Number: proto.Int32(2)},
						{Name: proto.String("SERVICE_UNKNOWN"), Number: proto.Int32(3)},
					},
				}},
			},
		},
		Service: []*descriptorpb.ServiceDescriptorProto{{
			Name: proto.String("Health"),
			Method: []*descriptorpb.MethodDescriptorProto{
				{Name: proto.String("Check"), InputType: proto.String(request), OutputType: proto.String(response)},
				{Name: proto.String("Watch"), InputType: proto.String(request), OutputType: proto.String(response), ServerStreaming: proto.Bool(true)},
			},
		}},
	}
}
