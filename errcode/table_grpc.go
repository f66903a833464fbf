package errcode

// The codes of gRPC, 20xx: 2000 plus the status of a call from 1 to 16, and other faults of
// its answer.
const (
	GRPC               Code = 2000
	GRPCCancelled      Code = 2001
	GRPCUnknown        Code = 2002
	GRPCDeadline       Code = 2004
	GRPCNotFound       Code = 2005
	GRPCUnimplemented  Code = 2012
	GRPCUnavailable    Code = 2014
	GRPCNoStatus       Code = 2030
	GRPCFraming        Code = 2031
	GRPCMessageSize    Code = 2032
	GRPCDecompression  Code = 2033
	GRPCContentType    Code = 2034
	GRPCReflection     Code = 2035
	GRPCNotServing     Code = 2040
	GRPCServiceUnknown Code = 2041
)

// FromGRPCStatus returns the code of the status of a gRPC call: [OK] for 0, 2000+status for
// 1 to 16, and [GRPC] for any other number.
func FromGRPCStatus(status uint64) Code {
	const last = 16
	switch {
	case status == 0:
		return OK
	case status <= last:
		return GRPC + Code(status)
	}
	return GRPC
}

var grpcTable = [...]entry{
	{GRPC, "grpc", "a gRPC status outside 0 to 16", Help{
		"The call ended with a grpc-status that is not a number from 0 to 16, or with two grpc-status fields.",
		"An application that makes up numbers of its own, or a proxy that sets the field once more.",
		"Read the error text, which quotes the status; call the method with `grpcurl -v`, directly and through each proxy.",
	}},
	{GRPCCancelled, "grpc_cancelled", "the call has the gRPC status 1, CANCELLED", Help{
		"The server ended the call with status CANCELLED. It was not the prober that cancelled it.",
		"The server passes on that it cancelled a call to a server behind it, it is shutting down, or a proxy on the way gave the call up.",
		"Find the call in the log of the server, and look which of its own calls ended at that time.",
	}},
	{GRPCUnknown, "grpc_unknown", "the call has the gRPC status 2, UNKNOWN", Help{
		"The server ended the call with status UNKNOWN.",
		"The application returned an error without a status, or its handler threw an exception.",
		"Read the message in the error text, and find the call in the log of the application.",
	}},
	{2003, "grpc_invalid_argument", "the call has the gRPC status 3, INVALID_ARGUMENT", Help{
		"The server ended the call with status INVALID_ARGUMENT.",
		"The message of the target lacks a field, or has a value that the application refuses.",
		"Read the message in the error text; compare grpc.message with what the method wants now.",
	}},
	{GRPCDeadline, "grpc_deadline_exceeded", "the call has the gRPC status 4, DEADLINE_EXCEEDED, as the server says", Help{
		"The server ended the call with status DEADLINE_EXCEEDED, before the prober's own time was over (that is 1050).",
		"The application, or a server behind it, ran out of the time that the call had: the prober sends its timeout as grpc-timeout. A proxy may have a shorter one.",
		"Compare the latency of the call with the target's timeout, and with the time-outs that the server sets for its own calls.",
	}},
	{GRPCNotFound, "grpc_not_found", "the call has the gRPC status 5, NOT_FOUND", Help{
		"The server ended the call with status NOT_FOUND. The health service says this about a service that it does not know.",
		"The thing that grpc.message asks for is not there, or the health service does not know the service that is asked for.",
		"Compare grpc.message with what the server has; for the health service look which names the server registers.",
	}},
	{2006, "grpc_already_exists", "the call has the gRPC status 6, ALREADY_EXISTS", Help{
		"The server ended the call with status ALREADY_EXISTS.",
		"The call makes something that an earlier call of the prober has made.",
		"Look whether the method can be called again with the same message; pick one that can.",
	}},
	{2007, "grpc_permission_denied", "the call has the gRPC status 7, PERMISSION_DENIED", Help{
		"The server knows who calls, and ended the call with status PERMISSION_DENIED.",
		"The account lacks a right, or a proxy or mesh lets only some callers through.",
		"Look at the rights of the account, and at the rules of the mesh for this method.",
	}},
	{2008, "grpc_resource_exhausted", "the call has the gRPC status 8, RESOURCE_EXHAUSTED", Help{
		"The server ended the call with status RESOURCE_EXHAUSTED.",
		"A rate limit or a quota was reached, the message is larger than the server takes, or the server lacks memory.",
		"Read the message in the error text; compare the rate of the target with the limits of the server.",
	}},
	{2009, "grpc_failed_precondition", "the call has the gRPC status 9, FAILED_PRECONDITION", Help{
		"The server ended the call with status FAILED_PRECONDITION.",
		"The system is not in the state that the method needs.",
		"Read the message in the error text; it mostly names the state.",
	}},
	{2010, "grpc_aborted", "the call has the gRPC status 10, ABORTED", Help{
		"The server ended the call with status ABORTED.",
		"The call ran into another one: a transaction or a lock.",
		"Look whether the calls of the prober run into each other, or into those of others.",
	}},
	{2011, "grpc_out_of_range", "the call has the gRPC status 11, OUT_OF_RANGE", Help{
		"The server ended the call with status OUT_OF_RANGE.",
		"The message asks for something beyond the end, such as a page that is not there any more.",
		"Compare grpc.message with what the server has.",
	}},
	{GRPCUnimplemented, "grpc_unimplemented", "the call has the gRPC status 12, UNIMPLEMENTED", Help{
		"The server ended the call with status UNIMPLEMENTED: it has no such service or method, or cannot decompress the message.",
		"A wrong name in grpc.service or grpc.method, a server without the health service, or a proxy that leads to the wrong server.",
		"List the services with `grpcurl HOST:PORT list`, and compare the names.",
	}},
	{2013, "grpc_internal", "the call has the gRPC status 13, INTERNAL", Help{
		"The server ended the call with status INTERNAL.",
		"Something is broken in the server: an invariant, a message that it could not encode or decode.",
		"Read the message in the error text, and find the call in the log of the application.",
	}},
	{GRPCUnavailable, "grpc_unavailable", "the call has the gRPC status 14, UNAVAILABLE", Help{
		"The server, or a proxy before it, ended the call with status UNAVAILABLE.",
		"The service is starting, draining or overloaded, or a proxy has no healthy server behind it.",
		"Read the message in the error text: a proxy mostly says what it could not reach. Then look at the readiness and the restarts of the servers.",
	}},
	{2015, "grpc_data_loss", "the call has the gRPC status 15, DATA_LOSS", Help{
		"The server ended the call with status DATA_LOSS.",
		"Data is lost or corrupt, and cannot be recovered.",
		"Find the call in the log of the application, and look at its storage.",
	}},
	{2016, "grpc_unauthenticated", "the call has the gRPC status 16, UNAUTHENTICATED", Help{
		"The server wants credentials, or other credentials: it ended the call with status UNAUTHENTICATED.",
		"A token has expired or was rotated, or the metadata of the target lacks it.",
		"Look at the age of the file of the secret, and compare the metadata with what the server wants.",
	}},
	{GRPCNoStatus, "grpc_no_status", "a complete gRPC answer without grpc-status", Help{
		"The gRPC answer is complete, but its trailers have no grpc-status.",
		"A proxy that drops the trailers, or that ends the answer itself when the server behind it is gone.",
		"Call the method with `grpcurl -v`, directly and through each proxy; look whether the proxy speaks HTTP/2 to the server behind it.",
	}},
	{GRPCFraming, "grpc_framing", "messages with wrong gRPC framing, or too many or too few messages", Help{
		"A message is malformed: its flag is neither 0 nor 1, or its end is missing. Or the answer does not have exactly the one message that the method answers with.",
		"A proxy that changes or cuts the content, a server that is killed while it answers, or a server whose method now has another form.",
		"Call the method with `grpcurl -v`, directly and through each proxy; compare the descriptors with those of the server.",
	}},
	{GRPCMessageSize, "grpc_message_size", "a gRPC message above max_body_size", Help{
		"A message of the answer is longer than expect.max_body_size, as it is sent or decompressed, or it decompresses to more than 8 MiB, or above 64 KiB to more than 100 times its size.",
		"The answer grew, the message asks for more than it should, or the answer repeats itself endlessly.",
		"Look at the size of the answer with `grpcurl`. If it is intended, raise expect.max_body_size.",
	}},
	{GRPCDecompression, "grpc_decompression", "a gRPC message that cannot be decompressed", Help{
		"A message is marked as compressed, and cannot be decompressed as grpc-encoding says.",
		"A server that compresses with what the prober does not accept (it accepts gzip), a missing grpc-encoding, or a proxy that changes the content.",
		"Call the method with `grpcurl -v` and read grpc-encoding, directly and through each proxy.",
	}},
	{GRPCContentType, "grpc_content_type", "the answer is HTTP and not gRPC", Help{
		"The answer has a status of HTTP below 400, and a content-type that is not application/grpc. With a status of 400 or above, the code is the code of that status.",
		"A web server or a gateway answers at this address: a wrong port, a login page, a default backend.",
		"Run `curl -v --http2-prior-knowledge http://HOST:PORT/` (or https) and see what answers.",
	}},
	{GRPCReflection, "grpc_reflection", "the types of the method are not known: the server does not give them by reflection, or they do not fit", Help{
		"The call was not made. The prober asked the server for the types of the method by reflection, outside the bursts. The server did not give them, or the message does not fit them.",
		"The server has no reflection (it says UNIMPLEMENTED), cannot be reached, lacks the service, or now has other types than the target was written for.",
		"Read the error text of the target's last failures, which says what the server answered. Run `grpcurl HOST:PORT describe SERVICE`; or give the types by grpc.descriptor_file.",
	}},
	{GRPCNotServing, "grpc_not_serving", "the health service says that the service is not serving", Help{
		"The health service answered, and says NOT_SERVING, or UNKNOWN.",
		"The server is starting or draining, or one of its own checks fails.",
		"Look at the log of the server, and at what its health depends on.",
	}},
	{GRPCServiceUnknown, "grpc_service_unknown", "the health service says SERVICE_UNKNOWN", Help{
		"The health service answered, and does not know the service that was asked for. Watch says this; Check says NOT_FOUND (2005).",
		"A wrong name in grpc.message, or a server that does not register the service.",
		"Compare the name with those that the server registers at its health service.",
	}},
}
