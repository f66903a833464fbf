package errcode

// The codes of the alerts of TLS: 1320 and above.
const (
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
)

var alertTable = [...]entry{
	{TLSAlert, "tls_alert", "a TLS alert from the peer without a code of its own", Help{
		"The server ended the TLS handshake or connection with an alert that has no code of its own.",
		"A rare or a future alert.",
		"Read the error text of the target's last failures, and the server's TLS log.",
	}},
	{AlertUnexpectedMessage, "alert_unexpected_message", "alert 10 from the peer", Help{
		"The server did not expect the message it got (alert unexpected_message).",
		"A defect or a middlebox in the handshake, or a server that wants to renegotiate.",
		"Look whether the server's TLS library or a device before it was changed; try with max_version: 1.2.",
	}},
	{AlertBadRecordMAC, "alert_bad_record_mac", "alert 20 from the peer", Help{
		"The server could not decrypt what it got (alert bad_record_mac).",
		"Bytes changed on the way: a defective device or offload engine, a proxy that mixes connections up, or a mismatch of session keys between servers.",
		"Look whether one path, node or network card shows it alone.",
	}},
	{AlertRecordOverflow, "alert_record_overflow", "alert 22 from the peer", Help{
		"The server got a TLS record longer than allowed (alert record_overflow).",
		"Bytes changed on the way, or a defect of the server's TLS library.",
		"Look whether one path or node shows it alone, and which TLS library the server has.",
	}},
	{AlertHandshakeFailure, "alert_handshake_failure", "alert 40 from the peer", Help{
		"The server found no acceptable set of parameters (alert handshake_failure).",
		"No cipher suite in common (an RSA-only or ECDSA-only certificate, old ciphers only), or the server demands a client certificate (TLS 1.2).",
		"Compare the server's list of ciphers with `openssl s_client -connect HOST:PORT -servername HOST`; look whether it asks for a client certificate.",
	}},
	{AlertBadCertificate, "alert_bad_certificate", "alert 42 from the peer", Help{
		"The server did not accept the prober's client certificate: it is corrupt or its signature is wrong, or none was given (alert bad_certificate).",
		"No cert_file in the target, a key that does not fit the certificate, or a server that rejects it in its own check.",
		"Compare cert_file and key_file with what the server expects; read the server's TLS log, which knows the reason.",
	}},
	{AlertUnsupportedCertificate, "alert_unsupported_certificate", "alert 43 from the peer", Help{
		"The server does not support the kind of the prober's client certificate (alert unsupported_certificate).",
		"The certificate lacks the client authentication usage, or has a key type that the server does not know.",
		"Read `X509v3 Extended Key Usage` of cert_file with `openssl x509 -noout -text`.",
	}},
	{AlertCertificateRevoked, "alert_certificate_revoked", "alert 44 from the peer", Help{
		"The server says that the prober's client certificate was revoked (alert certificate_revoked).",
		"The certificate was withdrawn and not replaced in the prober.",
		"Issue a new one and set cert_file and key_file.",
	}},
	{AlertCertificateExpired, "alert_certificate_expired", "alert 45 from the peer", Help{
		"The server says that the prober's client certificate has expired (alert certificate_expired).",
		"The renewal failed or did not reach the prober, or the server's clock is wrong.",
		"Read the dates of the client certificate with `openssl x509 -noout -dates -in FILE`, where FILE is the target's connection.tls.cert_file.",
	}},
	{AlertCertificateUnknown, "alert_certificate_unknown", "alert 46 from the peer", Help{
		"The server did not accept the prober's client certificate without giving a reason (alert certificate_unknown).",
		"A server that maps certificates to accounts does not know this one; Java servers send this for most failures.",
		"Read the server's TLS log.",
	}},
	{AlertIllegalParameter, "alert_illegal_parameter", "alert 47 from the peer", Help{
		"The server found a contradiction in the handshake (alert illegal_parameter).",
		"A defect of the server's TLS library, or a middlebox that changes the handshake.",
		"Look whether the server's TLS library or a device before it was changed; try with max_version: 1.2.",
	}},
	{AlertUnknownCA, "alert_unknown_ca", "alert 48 from the peer", Help{
		"The server does not know the authority that issued the prober's client certificate (alert unknown_ca).",
		"The CA is not in the server's list of client authorities, or cert_file lacks the intermediate certificates.",
		"Compare the issuer of cert_file with the server's client CA file; append the intermediates to cert_file.",
	}},
	{AlertAccessDenied, "alert_access_denied", "alert 49 from the peer", Help{
		"The server accepts the prober's client certificate but not its owner (alert access_denied).",
		"The server's access rules do not list the certificate's name.",
		"Look at the server's access rules for the subject of cert_file.",
	}},
	{AlertDecodeError, "alert_decode_error", "alert 50 from the peer", Help{
		"The server could not parse a handshake message (alert decode_error).",
		"A server or middlebox that does not understand a newer extension, or a message changed on the way.",
		"Look whether a device between them inspects TLS; try with max_version: 1.2.",
	}},
	{AlertDecryptError, "alert_decrypt_error", "alert 51 from the peer", Help{
		"A cryptographic check of the handshake failed on the server (alert decrypt_error).",
		"The client certificate does not fit its key, or the server verifies with the wrong key.",
		"Compare the public keys of cert_file and key_file.",
	}},
	{AlertProtocolVersion, "alert_protocol_version", "alert 70 from the peer", Help{
		"The server does not support any TLS version that the prober offers (alert protocol_version).",
		"An old server (TLS 1.0 or 1.1 only), or min_version above what it speaks; or a new policy of the server with max_version below it.",
		"Try `openssl s_client -tls1_2` and `-tls1_3` against the server, and compare with min_version and max_version.",
	}},
	{AlertInsufficientSecurity, "alert_insufficient_security", "alert 71 from the peer", Help{
		"The server demands stronger ciphers than the prober offers (alert insufficient_security).",
		"A strict cipher list on the server.",
		"Compare the server's cipher list with those of crypto/tls.",
	}},
	{AlertInternalError, "alert_internal_error", "alert 80 from the peer", Help{
		"The server failed for reasons of its own (alert internal_error).",
		"No certificate for this name in SNI, an unreadable key or a key service that is down, or a lack of memory.",
		"Read the server's or load balancer's TLS log at that time; check that a certificate exists for the name.",
	}},
	{AlertInappropriateFallback, "alert_inappropriate_fallback", "alert 86 from the peer", Help{
		"The server saw a retry with an older TLS version than needed (alert inappropriate_fallback).",
		"A middlebox that downgrades the handshake. The prober never retries with an older version.",
		"Look for a device between them that ends or changes TLS.",
	}},
	{AlertUserCanceled, "alert_user_canceled", "alert 90 from the peer", Help{
		"The server cancelled the handshake for a reason that is not a failure of the protocol (alert user_canceled).",
		"The server was shutting down.",
		"Look at the server's restarts at that time.",
	}},
	{AlertMissingExtension, "alert_missing_extension", "alert 109 from the peer", Help{
		"The server misses an extension in the handshake (alert missing_extension).",
		"The server demands SNI and the URL has an IP address, or a middlebox drops extensions.",
		"Set tls.server_name if the URL has an IP address.",
	}},
	{AlertUnsupportedExtension, "alert_unsupported_extension", "alert 110 from the peer", Help{
		"The server got an extension it did not ask for (alert unsupported_extension).",
		"A defect of the server's TLS library, or a middlebox that changes the handshake.",
		"Look whether the server's TLS library or a device before it was changed.",
	}},
	{AlertUnrecognizedName, "alert_unrecognized_name", "alert 112 from the peer", Help{
		"The server has no certificate for the name in SNI (alert unrecognized_name).",
		"The host was removed from the server or ingress, or never configured; tls.server_name is wrong.",
		"Look at the server's list of hosts; compare with the target's url and tls.server_name.",
	}},
	{AlertBadCertificateStatus, "alert_bad_certificate_status", "alert 113 from the peer", Help{
		"The server did not accept an OCSP response (alert bad_certificate_status_response).",
		"A server that checks the revocation of client certificates got no good answer from the CA.",
		"Look at the CA's OCSP responder and the server's way to it.",
	}},
	{AlertUnknownPSKIdentity, "alert_unknown_psk_identity", "alert 115 from the peer", Help{
		"The server does not know the pre-shared key (alert unknown_psk_identity).",
		"A server that speaks TLS with pre-shared keys only.",
		"Look whether this port is meant for such clients.",
	}},
	{AlertCertificateRequired, "alert_certificate_required", "alert 116 from the peer", Help{
		"The server demands a client certificate and got none (alert certificate_required, TLS 1.3).",
		"cert_file and key_file are missing in the target, or the server no longer takes clients without one.",
		"Set tls.cert_file and tls.key_file, or look at the server's client authentication.",
	}},
	{AlertNoApplicationProtocol, "alert_no_application_protocol", "alert 120 from the peer", Help{
		"The server speaks none of the protocols that the prober offered (alert no_application_protocol).",
		"http_version: 2 against a server without HTTP/2, or a port of another protocol (gRPC only, databases).",
		"Run `openssl s_client -alpn h2,http/1.1 -connect HOST:PORT -servername HOST`, and compare with http_version.",
	}},
}
