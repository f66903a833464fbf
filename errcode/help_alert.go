package errcode

var alertHelp = [...]explained{
	{TLSAlert, Help{
		"The server ended the TLS handshake or connection with an alert that has no code of its own.",
		"A rare or a future alert.",
		"Read the error text of the target's last failures, and the server's TLS log.",
	}},
	{AlertUnexpectedMessage, Help{
		"The server did not expect the message it got (alert unexpected_message).",
		"A defect or a middlebox in the handshake, or a server that wants to renegotiate.",
		"Look whether the server's TLS library or a device before it was changed; try with max_version: 1.2.",
	}},
	{AlertBadRecordMAC, Help{
		"The server could not decrypt what it got (alert bad_record_mac).",
		"Bytes changed on the way: a defective device or offload engine, a proxy that mixes connections up, or a mismatch of session keys between servers.",
		"Look whether one path, node or network card shows it alone.",
	}},
	{AlertRecordOverflow, Help{
		"The server got a TLS record longer than allowed (alert record_overflow).",
		"Bytes changed on the way, or a defect of the server's TLS library.",
		"Look whether one path or node shows it alone, and which TLS library the server has.",
	}},
	{AlertHandshakeFailure, Help{
		"The server found no acceptable set of parameters (alert handshake_failure).",
		"No cipher suite in common (an RSA-only or ECDSA-only certificate, old ciphers only), or the server demands a client certificate (TLS 1.2).",
		"Compare the server's list of ciphers with `openssl s_client -connect HOST:PORT -servername HOST`; look whether it asks for a client certificate.",
	}},
	{AlertBadCertificate, Help{
		"The server did not accept the prober's client certificate: it is corrupt or its signature is wrong, or none was given (alert bad_certificate).",
		"No cert_file in the target, a key that does not fit the certificate, or a server that rejects it in its own check.",
		"Compare cert_file and key_file with what the server expects; read the server's TLS log, which knows the reason.",
	}},
	{AlertUnsupportedCertificate, Help{
		"The server does not support the kind of the prober's client certificate (alert unsupported_certificate).",
		"The certificate lacks the client authentication usage, or has a key type that the server does not know.",
		"Read `X509v3 Extended Key Usage` of cert_file with `openssl x509 -noout -text`.",
	}},
	{AlertCertificateRevoked, Help{
		"The server says that the prober's client certificate was revoked (alert certificate_revoked).",
		"The certificate was withdrawn and not replaced in the prober.",
		"Issue a new one and set cert_file and key_file.",
	}},
	{AlertCertificateExpired, Help{
		"The server says that the prober's client certificate has expired (alert certificate_expired).",
		"The renewal failed or did not reach the prober, or the server's clock is wrong.",
		"Read the dates of our client certificate with `openssl x509 -noout -dates -in FILE`, where FILE is the target's connection.tls.cert_file.",
	}},
	{AlertCertificateUnknown, Help{
		"The server did not accept the prober's client certificate for a reason it does not tell (alert certificate_unknown).",
		"A server that maps certificates to accounts does not know this one; Java servers send this for most failures.",
		"Read the server's TLS log.",
	}},
	{AlertIllegalParameter, Help{
		"The server found a contradiction in the handshake (alert illegal_parameter).",
		"A defect of the server's TLS library, or a middlebox that changes the handshake.",
		"Look whether the server's TLS library or a device before it was changed; try with max_version: 1.2.",
	}},
	{AlertUnknownCA, Help{
		"The server does not know the authority that issued the prober's client certificate (alert unknown_ca).",
		"The CA is not in the server's list of client authorities, or cert_file lacks the intermediate certificates.",
		"Compare the issuer of cert_file with the server's client CA file; append the intermediates to cert_file.",
	}},
	{AlertAccessDenied, Help{
		"The server accepts the prober's client certificate but not its owner (alert access_denied).",
		"The server's access rules do not list the certificate's name.",
		"Look at the server's access rules for the subject of cert_file.",
	}},
	{AlertDecodeError, Help{
		"The server could not parse a handshake message (alert decode_error).",
		"A server or middlebox that does not understand a newer extension, or a message changed on the way.",
		"Look whether a device between them inspects TLS; try with max_version: 1.2.",
	}},
	{AlertDecryptError, Help{
		"A cryptographic check of the handshake failed on the server (alert decrypt_error).",
		"The client certificate does not fit its key, or the server verifies with the wrong key.",
		"Compare the public keys of cert_file and key_file.",
	}},
	{AlertProtocolVersion, Help{
		"The server does not support any TLS version that the prober offers (alert protocol_version).",
		"An old server (TLS 1.0 or 1.1 only), or min_version above what it speaks; or a new policy of the server with max_version below it.",
		"Try `openssl s_client -tls1_2` and `-tls1_3` against the server, and compare with min_version and max_version.",
	}},
	{AlertInsufficientSecurity, Help{
		"The server demands stronger ciphers than the prober offers (alert insufficient_security).",
		"A strict cipher list on the server.",
		"Compare the server's cipher list with those of crypto/tls.",
	}},
	{AlertInternalError, Help{
		"The server failed for reasons of its own (alert internal_error).",
		"No certificate for this name in SNI, an unreadable key or a key service that is down, or a lack of memory.",
		"Read the server's or load balancer's TLS log at that time; check that a certificate exists for the name.",
	}},
	{AlertInappropriateFallback, Help{
		"The server saw a retry with an older TLS version than needed (alert inappropriate_fallback).",
		"A middlebox that downgrades the handshake. The prober never retries with an older version.",
		"Look for a device between them that ends or changes TLS.",
	}},
	{AlertUserCanceled, Help{
		"The server cancelled the handshake for a reason that is no failure of the protocol (alert user_canceled).",
		"The server was shutting down.",
		"Look at the server's restarts at that time.",
	}},
	{AlertMissingExtension, Help{
		"The server misses an extension in the handshake (alert missing_extension).",
		"The server demands SNI and the URL has an IP address, or a middlebox drops extensions.",
		"Set tls.server_name if the URL has an IP address.",
	}},
	{AlertUnsupportedExtension, Help{
		"The server got an extension it did not ask for (alert unsupported_extension).",
		"A defect of the server's TLS library, or a middlebox that changes the handshake.",
		"Look whether the server's TLS library or a device before it was changed.",
	}},
	{AlertUnrecognizedName, Help{
		"The server has no certificate for the name in SNI (alert unrecognized_name).",
		"The host was removed from the server or ingress, or never configured; tls.server_name is wrong.",
		"Look at the server's list of hosts; compare with the target's url and tls.server_name.",
	}},
	{AlertBadCertificateStatus, Help{
		"The server did not accept an OCSP response (alert bad_certificate_status_response).",
		"A server that checks the revocation of client certificates got no good answer from the CA.",
		"Look at the CA's OCSP responder and the server's way to it.",
	}},
	{AlertUnknownPSKIdentity, Help{
		"The server does not know the pre-shared key (alert unknown_psk_identity).",
		"A server that speaks TLS with pre-shared keys only.",
		"Look whether this port is meant for such clients.",
	}},
	{AlertCertificateRequired, Help{
		"The server demands a client certificate and got none (alert certificate_required, TLS 1.3).",
		"cert_file and key_file are missing in the target, or the server no longer takes clients without one.",
		"Set tls.cert_file and tls.key_file, or look at the server's client authentication.",
	}},
	{AlertNoApplicationProtocol, Help{
		"The server speaks none of the protocols that the prober offered (alert no_application_protocol).",
		"http_version: 2 against a server without HTTP/2, or a port of another protocol (gRPC only, databases).",
		"Run `openssl s_client -alpn h2,http/1.1 -connect HOST:PORT -servername HOST`, and compare with http_version.",
	}},
}
