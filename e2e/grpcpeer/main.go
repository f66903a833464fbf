// Command grpcpeer is a gRPC server: the health service, reflection, and the service of the interoperability tests. A
// call of the latter sets its own status, the number of messages, and its duration. grpcpeer prints its listen address.
//
// On SIGUSR1 it reports that it does not serve. On SIGTERM it drains.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address")
	cert := flag.String("cert", "", "certificate, for TLS")
	key := flag.String("key", "", "its key")
	clients := flag.String("client-ca", "", "authority of the clients, who must have a certificate then")
	descriptors := flag.String("descriptors", "", "file that the descriptors are written to")
	flag.Parse()
	log.SetFlags(0)
	if *descriptors != "" {
		must(writeDescriptors(*descriptors))
	}
	ln, err := net.Listen("tcp", *listen)
	must(err)
	var options []grpc.ServerOption
	if *cert != "" {
		options = append(options, grpc.Creds(secured(*cert, *key, *clients)))
	}
	s := grpc.NewServer(options...)
	h := health.NewServer()
	h.SetServingStatus("well", healthpb.HealthCheckResponse_SERVING)
	h.SetServingStatus("sick", healthpb.HealthCheckResponse_NOT_SERVING)
	healthpb.RegisterHealthServer(s, h)
	testpb.RegisterTestServiceServer(s, service{})
	reflection.Register(s)
	go obey(s, h)
	fmt.Println(ln.Addr())
	must(s.Serve(ln))
}

func must(err error) {
	if err != nil {
		log.Fatal("grpcpeer: ", err)
	}
}

func secured(cert, key, clients string) credentials.TransportCredentials {
	pair, err := tls.LoadX509KeyPair(cert, key)
	must(err)
	cfg := &tls.Config{Certificates: []tls.Certificate{pair}}
	if clients != "" {
		pem, err := os.ReadFile(clients)
		must(err)
		cfg.ClientCAs, cfg.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		cfg.ClientCAs.AppendCertsFromPEM(pem)
	}
	return credentials.NewTLS(cfg)
}

// obey handles the signals.
func obey(s *grpc.Server, h *health.Server) {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1, syscall.SIGTERM)
	for {
		if <-asked == syscall.SIGTERM {
			s.GracefulStop()
			return
		}
		h.SetServingStatus("", healthpb.HealthCheckResponse_NOT_SERVING)
	}
}

// writeDescriptors writes the descriptors of the services, with all their imports.
func writeDescriptors(path string) error {
	set, seen := new(descriptorpb.FileDescriptorSet), map[string]bool{}
	var add func(f protoreflect.FileDescriptor)
	add = func(f protoreflect.FileDescriptor) {
		if seen[f.Path()] {
			return
		}
		seen[f.Path()] = true
		for i := range f.Imports().Len() {
			add(f.Imports().Get(i))
		}
		set.File = append(set.File, protodesc.ToFileDescriptorProto(f))
	}
	add(testpb.File_grpc_testing_test_proto)
	add(healthpb.File_grpc_health_v1_health_proto)
	text, err := proto.Marshal(set)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

type service struct {
	testpb.UnimplementedTestServiceServer
}

func (service) EmptyCall(context.Context, *testpb.Empty) (*testpb.Empty, error) {
	return new(testpb.Empty), nil
}

// UnaryCall returns the received metadata as the user name, and the requested status.
func (service) UnaryCall(ctx context.Context, q *testpb.SimpleRequest) (*testpb.SimpleResponse, error) {
	if want := q.GetResponseStatus(); want.GetCode() != 0 {
		return nil, status.Error(codes.Code(want.GetCode()), want.GetMessage())
	}
	if q.GetResponseCompressed().GetValue() {
		if err := grpc.SetSendCompressor(ctx, gzip.Name); err != nil {
			return nil, err
		}
	}
	md, _ := metadata.FromIncomingContext(ctx)
	return &testpb.SimpleResponse{
		Payload:  &testpb.Payload{Body: make([]byte, q.GetResponseSize())},
		Username: strings.Join(md.Get("x-user"), ","),
		ServerId: md.Get("user-agent")[0],
	}, nil
}

func (service) StreamingOutputCall(q *testpb.StreamingOutputCallRequest, to grpc.ServerStreamingServer[testpb.StreamingOutputCallResponse]) error {
	for _, part := range q.GetResponseParameters() {
		select {
		case <-time.After(time.Duration(part.GetIntervalUs()) * time.Microsecond):
		case <-to.Context().Done():
			return status.FromContextError(to.Context().Err()).Err()
		}
		if err := to.Send(&testpb.StreamingOutputCallResponse{Payload: &testpb.Payload{Body: make([]byte, part.GetSize())}}); err != nil {
			return err
		}
	}
	if want := q.GetResponseStatus(); want.GetCode() != 0 {
		return status.Error(codes.Code(want.GetCode()), want.GetMessage())
	}
	return nil
}

// FullDuplexCall answers each message.
func (service) FullDuplexCall(both grpc.BidiStreamingServer[testpb.StreamingOutputCallRequest, testpb.StreamingOutputCallResponse]) error {
	for {
		if _, err := both.Recv(); err != nil {
			return nil // the client has sent everything
		}
		if err := both.Send(new(testpb.StreamingOutputCallResponse)); err != nil {
			return err
		}
	}
}
