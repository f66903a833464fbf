package web

import (
	"encoding/binary"
	"io"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"
)

// protobuf writes families of metrics as delimited protocol buffers. Concatenated
// messages of one type are one message, so a family is encoded in parts. Due goroutines
// run between the parts. All parts go into the same memory.
type protobuf struct {
	w       io.Writer
	giveWay func()
	buffer  []byte
	length  [binary.MaxVarintLen64]byte
}

// Encode implements expfmt.Encoder.
func (p *protobuf) Encode(f *dto.MetricFamily) error {
	const part = 64 // series
	p.buffer = p.buffer[:0]
	if err := p.add(&dto.MetricFamily{Name: f.Name, Help: f.Help, Type: f.Type, Unit: f.Unit}); err != nil {
		return err
	}
	for series := f.Metric; len(series) > 0; {
		n := min(len(series), part)
		if err := p.add(&dto.MetricFamily{Metric: series[:n]}); err != nil {
			return err
		}
		series = series[n:]
		p.giveWay()
	}
	if _, err := p.w.Write(binary.AppendUvarint(p.length[:0], uint64(len(p.buffer)))); err != nil {
		return err
	}
	_, err := p.w.Write(p.buffer)
	return err
}

func (p *protobuf) add(part *dto.MetricFamily) (err error) {
	p.buffer, err = proto.MarshalOptions{}.MarshalAppend(p.buffer, part)
	return err
}
