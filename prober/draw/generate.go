package draw

import (
	"math/rand/v2"
	"strconv"
	"time"

	"example.com/prober/option"
)

const (
	hexDigits    = "0123456789abcdef"
	alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// generate appends a generated value of d; number is the number of the draw among all
// shards.
func generate(dst []byte, d *option.Data, number uint64) []byte {
	switch d.Generate {
	case option.GenerateUUID:
		return appendUUID(dst)
	case option.GenerateSequence:
		return strconv.AppendInt(dst, d.From+int64(number), 10)
	case option.GenerateInt:
		return strconv.AppendInt(dst, d.From+int64(below(uint64(d.To-d.From)+1)), 10)
	case option.GenerateString:
		for range d.Length {
			dst = append(dst, alphanumeric[rand.IntN(len(alphanumeric))])
		}
		return dst
	case option.GenerateTimestamp:
		return appendTime(dst, d.Format)
	}
	return dst
}

// below returns a random number below n, any at all if n is 0.
func below(n uint64) uint64 {
	if n == 0 {
		return rand.Uint64()
	}
	return rand.Uint64N(n)
}

func appendTime(dst []byte, format option.TimeFormat) []byte {
	now := time.Now()
	switch format {
	case option.TimeUnixMillis:
		return strconv.AppendInt(dst, now.UnixMilli(), 10)
	case option.TimeRFC3339:
		return now.UTC().AppendFormat(dst, time.RFC3339)
	}
	return strconv.AppendInt(dst, now.Unix(), 10)
}

// appendUUID appends a random UUID: version 4, variant 10 (RFC 9562, section 5.4). It has
// to differ from others, and need not be a secret: random numbers of the system would cost
// more.
func appendUUID(dst []byte) []byte {
	high, low := rand.Uint64(), rand.Uint64()
	high = high&^0xf000 | 0x4000
	low = low&^(3<<62) | 1<<63
	for i := range 32 {
		switch i {
		case 8, 12, 16, 20:
			dst = append(dst, '-')
		}
		half := high
		if i >= 16 {
			half = low
		}
		dst = append(dst, hexDigits[half>>(60-4*(i%16))&0xf])
	}
	return dst
}
