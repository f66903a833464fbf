package peers

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"net"

	"github.com/quic-go/quic-go/quicvarint"
)

// Packets answers each datagram to a UDP port of loopback until the test ends. answer makes the answer; nil means none.
// Packets returns the address of the port.
func Packets(t T, answer func(datagram []byte) []byte) string {
	t.Helper()
	return PacketsAt(t, "127.0.0.1:0", answer)
}

// PacketsAt is [Packets] at an address.
func PacketsAt(t T, address string, answer func(datagram []byte) []byte) string {
	t.Helper()
	socket, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", address)
	must(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		in := make([]byte, readSize)
		for {
			n, from, err := socket.ReadFrom(in)
			if err != nil {
				return
			}
			if out := answer(in[:n]); out != nil {
				_, _ = socket.WriteTo(out, from) // the client may be gone
			}
		}
	}()
	t.Cleanup(func() {
		_ = socket.Close()
		<-ended
	})
	return socket.LocalAddr().String()
}

// NegotiateVersion answers the first packet of a QUIC client with the versions of the peer (RFC 9000, section 17.2.1).
func NegotiateVersion(versions ...uint32) func(datagram []byte) []byte {
	return func(datagram []byte) []byte {
		to, from, ok := connectionIDs(datagram)
		if !ok {
			return nil
		}
		out := append([]byte{0x80}, 0, 0, 0, 0)
		out = appendID(appendID(out, from), to)
		for _, v := range versions {
			out = binary.BigEndian.AppendUint32(out, v)
		}
		return out
	}
}

// PingInitially answers the first packet of a QUIC client with a PING (RFC 9000, section 19.2). The client accepts it,
// and nothing follows.
func PingInitially(datagram []byte) []byte { return initially(datagram, []byte{0x1}) }

// CloseInitially answers the first packet of a QUIC client: it closes the connection with a transport error (RFC 9000,
// section 19.19) and a reason.
func CloseInitially(code uint64, reason string) func(datagram []byte) []byte {
	frame := quicvarint.Append([]byte{0x1c}, code)
	frame = quicvarint.Append(append(frame, 0), uint64(len(reason)))
	frame = append(frame, reason...)
	return func(datagram []byte) []byte { return initially(datagram, frame) }
}

// initially answers the first packet of a client with a packet of a frame and padding.
func initially(datagram, frame []byte) []byte {
	to, from, ok := connectionIDs(datagram)
	if !ok {
		return nil
	}
	return sealInitial(to, from, append(frame[:len(frame):len(frame)], make([]byte, 32)...))
}

// connectionIDs returns the connection IDs of a packet with a long header: of its receiver and of its sender.
func connectionIDs(datagram []byte) (to, from []byte, ok bool) {
	const at = 5
	if len(datagram) < at+1 || datagram[0]&0x80 == 0 {
		return nil, nil, false
	}
	rest := datagram[at:]
	for _, id := range []*[]byte{&to, &from} {
		if len(rest) == 0 {
			return nil, nil, false
		}
		end := 1 + int(rest[0])
		if len(rest) < end {
			return nil, nil, false
		}
		*id, rest = rest[1:end], rest[end:]
	}
	return to, from, true
}

func appendID(p, id []byte) []byte { return append(append(p, byte(len(id))), id...) }

// sealInitial returns an Initial packet of the server with some frames (RFC 9001, section 5). to and from are the
// connection IDs in the client's Initial packet.
func sealInitial(to, from, frames []byte) []byte {
	const version = 1
	salt := []byte{0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a}
	secret, err := hkdf.Extract(sha256.New, to, salt)
	if err != nil {
		panic(err) // the input has nothing from the peer
	}
	header := binary.BigEndian.AppendUint32([]byte{0xc0 | (numberSize - 1)}, version)
	header = appendID(appendID(header, from), []byte("prober's"))
	header = append(header, 0) // no token
	header = quicvarint.Append(header, uint64(numberSize+len(frames)+sealSize))
	return seal(header, 0, frames, expand(secret, "server in", sha256.Size))
}

// sealShort returns a packet of the server after the handshake. It has some frames and is for the connection ID of a
// client.
func sealShort(to []byte, number uint32, frames, secret []byte) []byte {
	return seal(append([]byte{0x40 | (numberSize - 1)}, to...), number, frames, secret)
}

const (
	numberSize = 4 // bytes of a packet number
	sealSize   = 16
)

// seal returns a packet with TLS_AES_128_GCM_SHA256 (RFC 9001, sections 5.3 and 5.4). Its header is complete except for
// the packet number.
func seal(header []byte, number uint32, frames, secret []byte) []byte {
	body, err := aes.NewCipher(expand(secret, "quic key", 16))
	if err != nil {
		panic(err) // the key has the right length
	}
	sealer, err := cipher.NewGCM(body)
	if err != nil {
		panic(err)
	}
	mask, err := aes.NewCipher(expand(secret, "quic hp", 16))
	if err != nil {
		panic(err)
	}
	at := len(header)
	header = binary.BigEndian.AppendUint32(header, number)
	nonce := expand(secret, "quic iv", 12)
	for i := range numberSize {
		nonce[len(nonce)-numberSize+i] ^= header[at+i]
	}
	packet := sealer.Seal(header, nonce, frames, header)
	bits := make([]byte, aes.BlockSize)
	mask.Encrypt(bits, packet[at+numberSize:at+numberSize+aes.BlockSize])
	hidden := byte(0x0f)
	if packet[0]&0x80 == 0 {
		hidden = 0x1f
	}
	packet[0] ^= bits[0] & hidden
	for i := range numberSize {
		packet[at+i] ^= bits[1+i]
	}
	return packet
}

// expand is HKDF-Expand-Label of TLS 1.3 (RFC 8446, section 7.1).
func expand(secret []byte, label string, length int) []byte {
	label = "tls13 " + label
	info := binary.BigEndian.AppendUint16(nil, uint16(length))
	info = append(append(info, byte(len(label))), label...)
	out, err := hkdf.Expand(sha256.New, secret, string(append(info, 0)), length)
	if err != nil {
		panic(err) // as above
	}
	return out
}
