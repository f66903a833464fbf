package option

import "strconv"

// GRPCStatus is the status of a gRPC call.
type GRPCStatus uint64

// GRPCStatuses is how many statuses a call can have: 0, which is OK, to 16.
const GRPCStatuses = 17

var grpcStatusNames = [GRPCStatuses]string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
	"PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
	"INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
}

// String returns the name of the status, or its number if it has none.
func (s GRPCStatus) String() string {
	if s < GRPCStatuses {
		return grpcStatusNames[s]
	}
	return strconv.FormatUint(uint64(s), 10)
}

// ParseGRPCStatus returns the status with that name or number, false if there is none.
func ParseGRPCStatus(text string) (GRPCStatus, bool) {
	if n, err := strconv.ParseUint(text, 10, 8); err == nil {
		return GRPCStatus(n), n < GRPCStatuses
	}
	for i, name := range grpcStatusNames {
		if name == text {
			return GRPCStatus(i), true
		}
	}
	return 0, false
}
