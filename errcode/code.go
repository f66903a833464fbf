// Package errcode turns the failure of a network request into a stable number.
//
// The numbers are grouped in ranges that alerts can match on: 10xx general,
// 11xx DNS, 12xx TCP, 13xx TLS, 14xx and 15xx HTTP statuses, 16xx HTTP/2,
// 17xx content, 18xx HTTP/1. If k6 has a number for a failure, the number here is
// the same.
package errcode

import "strconv"

// Code is the number of one kind of failure; 0 is success. The set of codes is
// closed: [All] lists it.
type Code uint16

// The numbers of the table. A number never changes once it is released.
const (
	OK Code = 0

	General          Code = 1000
	Cancelled        Code = 1001
	LocalResources   Code = 1002
	Panic            Code = 1003
	LocalPorts       Code = 1004
	LocalDenied      Code = 1005
	QueueTimeout     Code = 1006
	Stuck            Code = 1007
	NonTCPNetwork    Code = 1010
	InvalidURL       Code = 1020
	RedirectLocation Code = 1021
	RedirectLimit    Code = 1022
	RedirectRefused  Code = 1023
	Proxy            Code = 1030
	ProxyConnect     Code = 1031
	ProxyRefused     Code = 1032
	ProxyAuth        Code = 1033
	ProxySocks       Code = 1034
	Credentials      Code = 1040
	RequestTimeout   Code = 1050

	DNS            Code = 1100
	NoSuchHost     Code = 1101
	DNSServfail    Code = 1102
	DNSRefused     Code = 1103
	DNSRcode       Code = 1104
	DNSTimeout     Code = 1105
	DNSMalformed   Code = 1106
	DNSFamily      Code = 1107
	DNSUnreachable Code = 1108
	BlockedIP      Code = 1110
	BlockedHost    Code = 1111

	TCP                Code = 1200
	BrokenPipe         Code = 1201
	TCPErrno           Code = 1202
	Aborted            Code = 1203
	ConnectionTimeout  Code = 1204
	Dial               Code = 1210
	DialTimeout        Code = 1211
	Refused            Code = 1212
	DialErrno          Code = 1213
	NetworkUnreachable Code = 1214
	HostUnreachable    Code = 1215
	DialReset          Code = 1218
	Reset              Code = 1220
	Closed             Code = 1221
	ClosedInHeaders    Code = 1222
	ClosedReused       Code = 1223

	TLS                         Code = 1300
	TLSRecord                   Code = 1301
	TLSTimeout                  Code = 1302
	TLSClosed                   Code = 1303
	TLSPlainHTTP                Code = 1304
	TLSALPN                     Code = 1305
	TLSNoOverlap                Code = 1306
	TLSSignature                Code = 1307
	CertMalformed               Code = 1308
	UnknownAuthority            Code = 1310
	HostnameMismatch            Code = 1311
	CertExpired                 Code = 1312
	CertNotYetValid             Code = 1313
	CertUsage                   Code = 1314
	CertNameConstraint          Code = 1315
	CertRevoked                 Code = 1316
	CertInvalid                 Code = 1319
	TLSAlert                    Code = 1320
	AlertUnexpectedMessage      Code = 1321
	AlertBadRecordMAC           Code = 1322
	AlertRecordOverflow         Code = 1323
	AlertHandshakeFailure       Code = 1324
	AlertBadCertificate         Code = 1325
	AlertUnsupportedCertificate Code = 1326
	AlertCertificateRevoked     Code = 1327
	AlertCertificateExpired     Code = 1328
	AlertCertificateUnknown     Code = 1329
	AlertIllegalParameter       Code = 1330
	AlertUnknownCA              Code = 1331
	AlertAccessDenied           Code = 1332
	AlertDecodeError            Code = 1333
	AlertDecryptError           Code = 1334
	AlertProtocolVersion        Code = 1335
	AlertInsufficientSecurity   Code = 1336
	AlertInternalError          Code = 1337
	AlertInappropriateFallback  Code = 1338
	AlertUserCanceled           Code = 1339
	AlertMissingExtension       Code = 1340
	AlertUnsupportedExtension   Code = 1341
	AlertUnrecognizedName       Code = 1342
	AlertBadCertificateStatus   Code = 1343
	AlertUnknownPSKIdentity     Code = 1344
	AlertCertificateRequired    Code = 1345
	AlertNoApplicationProtocol  Code = 1346

	HTTP2             Code = 1600
	HTTP2NotSpoken    Code = 1601
	HTTP2NoSettings   Code = 1602
	HTTP2FrameSize    Code = 1603
	HTTP2Closed       Code = 1604
	HTTP2HeaderList   Code = 1605
	HTTP2NoStream     Code = 1606
	HTTP2Flood        Code = 1607
	HTTP2Ping         Code = 1608
	HTTP2ClosedReused Code = 1609
	GoAway            Code = 1610
	Stream            Code = 1630
	Connection        Code = 1650

	Content            Code = 1700
	Decompression      Code = 1701
	Truncated          Code = 1702
	BodyLimit          Code = 1703
	InflatedLimit      Code = 1704
	BodyOverrun        Code = 1705
	Trailers           Code = 1706
	UnexpectedStatus   Code = 1710
	UnexpectedHeader   Code = 1711
	UnexpectedBody     Code = 1712
	UnexpectedProtocol Code = 1713
	UnexpectedTLS      Code = 1714
	TooSlow            Code = 1715

	HTTP1                 Code = 1800
	HTTP1StatusLine       Code = 1801
	HTTP1HeaderSize       Code = 1802
	HTTP1Header           Code = 1803
	HTTP1StatusRange      Code = 1804
	HTTP1ContentLength    Code = 1805
	HTTP1TransferEncoding Code = 1806
	HTTP1Chunk            Code = 1807
	HTTP1Switch           Code = 1808
	HTTP1Informational    Code = 1809
	HTTP1Desync           Code = 1810
	HTTP1Version          Code = 1811
)

// String returns the decimal number, as it stands in the label error_code.
func (c Code) String() string { return strconv.Itoa(int(c)) }

// IsFailure reports whether c stands for a failure: every code but [OK] does.
func (c Code) IsFailure() bool { return c != OK }

// IsLocal reports whether the prober itself is the cause (1001 to 1007). Such
// failures say nothing about the target and are left out of its ratios.
func (c Code) IsLocal() bool { return c >= Cancelled && c <= Stuck }
