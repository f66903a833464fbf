// Package errcode turns the failure of a network request into a stable number.
//
// The numbers are grouped in ranges for alerts to match on: 10xx general, 11xx DNS, 12xx TCP, 13xx TLS,
// 14xx and 15xx HTTP statuses, 16xx HTTP/2, 17xx content, 18xx HTTP/1, 19xx HTTP/3, 20xx gRPC. If k6 has
// a number for a failure, the number here is the same.
package errcode

import "strconv"

// Code is the number of one kind of failure; 0 is success. The set of codes is
// closed: [All] lists it. A number never changes once it is released.
type Code uint16

// OK is success.
const OK Code = 0

// String returns the decimal number, as in the label error_code.
func (c Code) String() string { return strconv.Itoa(int(c)) }

// IsFailure reports whether c stands for a failure: every code but [OK] does.
func (c Code) IsFailure() bool { return c != OK }

// IsLocal reports whether the prober itself is the cause (1001 to 1007). Such
// failures say nothing about the target and are left out of its ratios.
func (c Code) IsLocal() bool { return c >= Cancelled && c <= Stuck }

// IsOwn reports whether the cause lies on the prober's side: [Code.IsLocal], or the prober could not get
// its credentials or put the request together. Nothing was sent in the latter two cases. The ratios of
// the metrics count both, because nothing is known of the target then; but it is not the target that
// fails.
func (c Code) IsOwn() bool { return c.IsLocal() || c == Credentials || c == Template }
