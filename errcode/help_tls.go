package errcode

var tlsHelp = [...]explained{
	{TLS, Help{
		"TLS failed in a way that no other code stands for, in the handshake or later.",
		"The peer broke the protocol, flooded the prober with session tickets, key updates or empty records, or crypto/tls has only a text for the reason.",
		"Read the error text of the target's last failures; run `openssl s_client -connect HOST:PORT -servername HOST`.",
	}},
	{TLSRecord, Help{
		"What the peer sent is no TLS.",
		"The port serves another protocol (SSH, a database, plain text), the load balancer expects the PROXY protocol, or the connection ends at the wrong service.",
		"Run `openssl s_client -connect HOST:PORT` and `nc HOST PORT`, and see what greets you.",
	}},
	{TLSTimeout, Help{
		"The TLS handshake was not finished within tls_timeout. TCP had been connected.",
		"The server is overloaded, waits for something while choosing its certificate, or accepts connections without reading them; large handshake packets are lost (path MTU).",
		"Time `openssl s_client -connect HOST:PORT -servername HOST`. If it hangs for everyone, look at the server's CPU and its TLS terminator; if only from here, look at the MTU of tunnels.",
	}},
	{TLSClosed, Help{
		"The peer closed or reset the connection during the TLS handshake, without an alert.",
		"A load balancer without a backend, a middlebox that blocks the name in SNI, a server that wants another SNI or TLS version, or a plain service on that port.",
		"Run `openssl s_client -connect HOST:PORT -servername HOST`, then without -servername. If they differ, look at the SNI rules.",
	}},
	{TLSPlainHTTP, Help{
		"The peer answered plain HTTP where the prober spoke TLS.",
		"The URL has https with the port of plain HTTP, or TLS was switched off on the server or its load balancer.",
		"Run `curl -v http://HOST:PORT/`. If that is intended, change the URL; otherwise look at the listener's TLS configuration.",
	}},
	{TLSALPN, Help{
		"The protocol that was negotiated (ALPN) is not the one that http_version requires.",
		"The server or a load balancer before it does not offer HTTP/2, or no longer does.",
		"Run `openssl s_client -alpn h2 -connect HOST:PORT -servername HOST` and read the line with ALPN.",
	}},
	{TLSNoOverlap, Help{
		"The prober gave the handshake up: the server chose a TLS version or cipher suite that the prober does not accept.",
		"The server speaks nothing but an old version, or min_version and max_version of the target exclude what it speaks.",
		"Try `openssl s_client -tls1_2` and `-tls1_3` against the server, and compare with min_version and max_version.",
	}},
	{TLSSignature, Help{
		"The server's signature is wrong, or its key or algorithm is not accepted.",
		"The certificate was replaced without its key, or the certificate is signed with SHA-1 or has too small a key.",
		"Compare the public keys of certificate and private key on the server; read the signature algorithm with `openssl x509 -noout -text`.",
	}},
	{CertMalformed, Help{
		"The server's certificate could not be parsed.",
		"A broken file was deployed, or a tool made a certificate that violates the standard (negative serial number, invalid names).",
		"Fetch it with `openssl s_client -showcerts -connect HOST:PORT` and read it with `openssl x509 -noout -text`; look who issued it.",
	}},
	{UnknownAuthority, Help{
		"The certificate's issuer is not among the trusted authorities. A self-signed certificate gives this too.",
		"The server does not send its intermediate certificate, an internal CA is missing in ca_file, the container has no CA certificates, or a proxy that inspects TLS answers instead of the server.",
		"Run `openssl s_client -showcerts -connect HOST:PORT -servername HOST`: one certificate only means that the intermediate is missing; an unexpected issuer means a middlebox or the wrong server.",
	}},
	{HostnameMismatch, Help{
		"The certificate is valid, but not for this host name.",
		"A new name was not added to the certificate, the default certificate of an ingress answers because no rule matches, or the URL has an IP address.",
		"Read the names with `openssl s_client -connect HOST:PORT -servername HOST </dev/null | openssl x509 -noout -ext subjectAltName`. A default certificate means: look at the ingress rule or SNI.",
	}},
	{CertExpired, Help{
		"The certificate, or one above it, has expired. Users see this too.",
		"The renewal failed (ACME challenge, permission, rate limit), the server was not reloaded after it, one of several servers still has the old file, or the prober's clock is wrong.",
		"Run `openssl s_client -connect HOST:PORT -servername HOST </dev/null | openssl x509 -noout -dates`, and look at the renewal's log. prober_tls_certificate_not_after_timestamp_seconds shows which date, and would have warned weeks ago.",
	}},
	{CertNotYetValid, Help{
		"The certificate is not valid yet.",
		"The prober's clock is behind, or a certificate was deployed before its time.",
		"Check the clock of the prober's host first, then the certificate's notBefore.",
	}},
	{CertUsage, Help{
		"The certificate may not be used for this purpose.",
		"A client certificate on a server, a certificate that is no CA used as one, or a path longer than the CA allows.",
		"Read `X509v3 Extended Key Usage` and `Basic Constraints` with `openssl x509 -noout -text` for each certificate of the chain.",
	}},
	{CertNameConstraint, Help{
		"A CA in the chain may not issue certificates for this name.",
		"An internal CA with name constraints was used for a name outside its domains.",
		"Read `X509v3 Name Constraints` of the CA certificates in the chain and compare with the host name.",
	}},
	{CertRevoked, Help{
		"The certificate was revoked: the OCSP response stapled by the server says so.",
		"The key was compromised, or the CA withdrew a wrongly issued certificate.",
		"Ask the owner of the certificate, and replace it. Treat the private key as lost until you know better.",
	}},
	{CertInvalid, Help{
		"The certificate is invalid for another reason.",
		"An extension that is marked critical but not understood, or names of issuer and CA that do not match.",
		"Read the error text of the target's last failures; read the chain with `openssl x509 -noout -text`.",
	}},
}
