package protoset

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// Set is a set of descriptors. It is safe for concurrent use.
type Set struct{ files *protoregistry.Files }

// Parse reads a FileDescriptorSet as protoc and buf write it. It must include all imported files. Empty input gives a
// set with the health service alone.
func Parse(descriptors []byte) (*Set, error) {
	list := new(descriptorpb.FileDescriptorSet)
	if err := proto.Unmarshal(descriptors, list); err != nil {
		return nil, errors.New("is not a FileDescriptorSet, as protoc --include_imports --descriptor_set_out and buf build write it")
	}
	files, err := protodesc.NewFiles(list)
	if err != nil {
		return nil, fmt.Errorf("cannot be used (protoc needs --include_imports): %s", plain(err))
	}
	return &Set{files}, nil
}

// ErrNoMethod is in the error about a service without the method.
var ErrNoMethod = errors.New("has no method")

// Method finds a method. The name of its service includes the package. An error names the
// services or the methods that there are.
func (s *Set) Method(service, method string) (*Method, error) {
	found, err := s.service(service)
	if err != nil {
		return nil, err
	}
	m := found.Methods().ByName(protoreflect.Name(method))
	if m == nil {
		return nil, fmt.Errorf("the service %s %w %s; it has %s", service, ErrNoMethod, method, methodsOf(found))
	}
	return &Method{desc: m, types: dynamicpb.NewTypes(s.files)}, nil
}

func (s *Set) service(name string) (protoreflect.ServiceDescriptor, error) {
	if d, err := s.files.FindDescriptorByName(protoreflect.FullName(name)); err == nil {
		if found, ok := d.(protoreflect.ServiceDescriptor); ok {
			return found, nil
		}
	}
	if name == HealthService {
		return health()
	}
	var all []string
	s.files.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			all = append(all, string(f.Services().Get(i).FullName()))
		}
		return true
	})
	return nil, fmt.Errorf("there is no service %s in the descriptors%s", name, listed("; they have ", all))
}

func methodsOf(s protoreflect.ServiceDescriptor) string {
	var all []string
	for i := range s.Methods().Len() {
		all = append(all, string(s.Methods().Get(i).Name()))
	}
	return listed("", all)
}

// listed returns a few of the names, with words before them.
func listed(words string, names []string) string {
	const most = 5
	switch n := len(names); {
	case n == 0 && words == "":
		return "none"
	case n == 0:
		return ""
	case n > most:
		return words + strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", n-most)
	}
	return words + strings.Join(names, ", ")
}

// plain returns the text of an error of package protobuf without the parts that differ between builds.
func plain(err error) string {
	text := strings.ReplaceAll(err.Error(), "\u00a0", " ")
	return strings.TrimSpace(strings.TrimPrefix(text, "proto:"))
}
