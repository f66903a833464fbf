package errcode

// Range is the group of a code, named after the layer that failed. It is the value of the
// label range.
type Range string

// The ranges and their numbers.
const (
	RangeOK      Range = "ok"       // 0
	RangeGeneral Range = "general"  // 1000 to 1099
	RangeDNS     Range = "dns"      // 1100 to 1199
	RangeTCP     Range = "tcp"      // 1200 to 1299
	RangeTLS     Range = "tls"      // 1300 to 1399
	RangeHTTP4xx Range = "http_4xx" // 1400 to 1499
	RangeHTTP5xx Range = "http_5xx" // 1500 to 1599
	RangeHTTP2   Range = "http2"    // 1600 to 1699
	RangeContent Range = "content"  // 1700 to 1799
	RangeHTTP1   Range = "http1"    // 1800 to 1899
	RangeHTTP3   Range = "http3"    // 1900 to 1999
	RangeGRPC    Range = "grpc"     // 2000 to 2099
)

// ranges are the ranges of failures, a hundred numbers each, by their first two digits.
var ranges = [...]Range{
	10: RangeGeneral, 11: RangeDNS, 12: RangeTCP, 13: RangeTLS, 14: RangeHTTP4xx, 15: RangeHTTP5xx,
	16: RangeHTTP2, 17: RangeContent, 18: RangeHTTP1, 19: RangeHTTP3, 20: RangeGRPC,
}

// String returns the range as in the label range.
func (r Range) String() string { return string(r) }
