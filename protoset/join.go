package protoset

import (
	"errors"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// Join makes a FileDescriptorSet of encoded files. Some files may be the same. missing are
// the names of imported files that are not among them. It fails if one of the files cannot
// be decoded.
func Join(files [][]byte) (descriptors []byte, missing []string, err error) {
	set, names := new(descriptorpb.FileDescriptorSet), map[string]bool{}
	for _, encoded := range files {
		f := new(descriptorpb.FileDescriptorProto)
		if proto.Unmarshal(encoded, f) != nil {
			return nil, nil, errors.New("is not a file of descriptors")
		}
		if !names[f.GetName()] {
			names[f.GetName()] = true
			set.File = append(set.File, f)
		}
	}
	for _, f := range set.File {
		for _, name := range f.GetDependency() {
			if !names[name] && !slices.Contains(missing, name) {
				missing = append(missing, name)
			}
		}
	}
	descriptors, err = proto.Marshal(set)
	return descriptors, missing, err
}
