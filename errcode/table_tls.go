package errcode

// The codes of the handshake and of certificates: 13xx. The codes of alerts have a table of their
// own.
const (
	TLS                Code = 1300
	TLSRecord          Code = 1301
	TLSTimeout         Code = 1302
	TLSClosed          Code = 1303
	TLSPlainHTTP       Code = 1304
	TLSALPN            Code = 1305
	TLSNoOverlap       Code = 1306
	TLSSignature       Code = 1307
	CertMalformed      Code = 1308
	UnknownAuthority   Code = 1310
	HostnameMismatch   Code = 1311
	CertExpired        Code = 1312
	CertNotYetValid    Code = 1313
	CertUsage          Code = 1314
	CertNameConstraint Code = 1315
	CertRevoked        Code = 1316
	CertInvalid        Code = 1319
)

var tlsTable = [...]entry{
	{TLS, "tls", "a TLS failure without a code of its own", Help{
		"TLS failed in a way that has no other code, in the handshake or later.",
		"The peer broke the protocol, flooded the prober with session tickets, key updates or empty records, or crypto/tls has only a text for the reason.",
		"Read the error text of the target's last failures; run `openssl s_client -connect HOST:PORT -servername HOST`.",
	}},
	{TLSRecord, "tls_record", "the peer does not speak TLS", Help{
		"What the peer sent is not TLS.",
		"The port serves another protocol (SSH, a database, plain text), the load balancer expects the PROXY protocol, or the connection ends at the wrong service.",
		"Run `openssl s_client -connect HOST:PORT` and `nc HOST PORT`, and see what answers.",
	}},
	{TLSTimeout, "tls_timeout", "the TLS handshake was not finished in time", Help{
		"The TLS handshake was not finished within tls_timeout. TCP had been connected.",
		"The server is overloaded, waits for something while choosing its certificate, or accepts connections without reading them; large handshake packets are lost (path MTU).",
		"Time `openssl s_client -connect HOST:PORT -servername HOST`. If it hangs for everyone, look at the server's CPU and its TLS terminator; if only from here, look at the MTU of tunnels.",
	}},
	{TLSClosed, "tls_closed", "closed or reset by the peer during the TLS handshake", Help{
		"The peer closed or reset the connection during the TLS handshake, without an alert.",
		"A load balancer without a backend, a middlebox that blocks the name in SNI, a server that wants another SNI or TLS version, or a plain service on that port.",
		"Run `openssl s_client -connect HOST:PORT -servername HOST`, then without -servername. If they differ, look at the SNI rules.",
	}},
	{TLSPlainHTTP, "tls_plain_http", "the peer answers plain HTTP on the TLS port", Help{
		"The peer answered plain HTTP where the prober spoke TLS.",
		"The URL has https with the port of plain HTTP, or TLS was switched off on the server or its load balancer.",
		"Run `curl -v http://HOST:PORT/`. If that is intended, change the URL; otherwise look at the listener's TLS configuration.",
	}},
	{TLSALPN, "tls_alpn", "the negotiated protocol is not the one required", Help{
		"The protocol that was negotiated (ALPN) is not the one that http_version requires.",
		"The server or a load balancer before it does not offer HTTP/2, or no longer does.",
		"Run `openssl s_client -alpn h2 -connect HOST:PORT -servername HOST` and read the line with ALPN.",
	}},
	{TLSNoOverlap, "tls_no_overlap", "no TLS version or cipher suite in common, decided on our side", Help{
		"The prober gave the handshake up: the server chose a TLS version or cipher suite that the prober does not accept.",
		"The server speaks nothing but an old version, or min_version and max_version of the target exclude what it speaks.",
		"Try `openssl s_client -tls1_2` and `-tls1_3` against the server, and compare with min_version and max_version.",
	}},
	{TLSSignature, "tls_signature", "a bad handshake signature, a key that does not fit the certificate, or a key or algorithm too weak", Help{
		"The server's signature is wrong, or its key or algorithm is not accepted.",
		"The certificate was replaced without its key, or the certificate is signed with SHA-1 or has too small a key.",
		"Compare the public keys of certificate and private key on the server; read the signature algorithm with `openssl x509 -noout -text`.",
	}},
	{CertMalformed, "cert_malformed", "the certificate cannot be parsed", Help{
		"The server's certificate could not be parsed.",
		"A broken file was deployed, or a tool made a certificate that violates the standard (negative serial number, invalid names).",
		"Fetch it with `openssl s_client -showcerts -connect HOST:PORT` and read it with `openssl x509 -noout -text`; look who issued it.",
	}},
	{UnknownAuthority, "unknown_authority", "the certificate's issuer is unknown (self-signed included)", Help{
		"The certificate's issuer is not among the trusted authorities. A self-signed certificate gives this too.",
		"The server does not send its intermediate certificate, an internal CA is missing in ca_file, the container has no CA certificates, or a proxy that inspects TLS answers instead of the server.",
		"Run `openssl s_client -showcerts -connect HOST:PORT -servername HOST`: one certificate only means that the intermediate is missing; an unexpected issuer means a middlebox or the wrong server.",
	}},
	{HostnameMismatch, "hostname_mismatch", "the certificate is not valid for the host name", Help{
		"The certificate is valid, but not for this host name.",
		"A new name was not added to the certificate, the default certificate of an ingress answers because no rule matches, or the URL has an IP address.",
		"Read the names with `openssl s_client -connect HOST:PORT -servername HOST </dev/null | openssl x509 -noout -ext subjectAltName`. A default certificate means: look at the ingress rule or SNI.",
	}},
	{CertExpired, "cert_expired", "the certificate has expired", Help{
		"The certificate, or one above it, has expired. Users see this too.",
		"The renewal failed (ACME challenge, permission, rate limit), the server was not reloaded after it, one of several servers still has the old file, or the prober's clock is wrong.",
		"Run `openssl s_client -connect HOST:PORT -servername HOST </dev/null | openssl x509 -noout -dates`, and look at the renewal's log. prober_tls_certificate_not_after_timestamp_seconds shows which date, and would have warned weeks ago.",
	}},
	{CertNotYetValid, "cert_not_yet_valid", "the certificate is not valid yet", Help{
		"The certificate is not valid yet.",
		"The prober's clock is behind, or a certificate was deployed before its time.",
		"Check the clock of the prober's host first, then the certificate's notBefore.",
	}},
	{CertUsage, "cert_usage", "the certificate may not be used for this purpose (key usage, CA flag, path length)", Help{
		"The certificate may not be used for this purpose.",
		"A client certificate on a server, a certificate that is no CA used as one, or a path longer than the CA allows.",
		"Read `X509v3 Extended Key Usage` and `Basic Constraints` with `openssl x509 -noout -text` for each certificate of the chain.",
	}},
	{CertNameConstraint, "cert_name_constraint", "a CA's name constraints exclude this name", Help{
		"A CA in the chain may not issue certificates for this name.",
		"An internal CA with name constraints was used for a name outside its domains.",
		"Read `X509v3 Name Constraints` of the CA certificates in the chain and compare with the host name.",
	}},
	{CertRevoked, "cert_revoked", "the certificate is revoked (stapled OCSP)", Help{
		"The certificate was revoked: the OCSP response stapled by the server says so.",
		"The key was compromised, or the CA withdrew a wrongly issued certificate.",
		"Ask the owner of the certificate, and replace it. Treat the private key as lost until you know better.",
	}},
	{CertInvalid, "cert_invalid", "the certificate is invalid for another reason", Help{
		"The certificate is invalid for another reason.",
		"An extension that is marked critical but not understood, or names of issuer and CA that do not match.",
		"Read the error text of the target's last failures; read the chain with `openssl x509 -noout -text`.",
	}},
}
