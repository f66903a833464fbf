package grpc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
	"example.com/prober/protoset"
)

// reflections are the reflection services, the newest first.
var reflections = [...]string{"grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"}

// Numbers of fields in the request and response messages of reflection.proto.
const (
	askFile, askSymbol   = 3, 4
	answerFiles          = 4
	answerError          = 7
	filesFile, errorText = 1, 2
)

// maxQuestions is how many questions are asked for the types of one service. maxTypes is how
// long all the answers may be together, in bytes. Most servers send all files at once.
const (
	maxQuestions = 100
	maxTypes     = mostKept
)

// Types is the answer of a server about a service by reflection.
type Types struct {
	// Descriptors are a FileDescriptorSet. If there is none, Err says why, with the code of the
	// question.
	Descriptors []byte
	Err         error
}

// Reflect asks the server of cfg for the types of services by reflection, over one
// connection, until the given time. It does not send VaryingMetadata. There is one result
// for each service, in the same order. A failure of one does not end the questions for the
// others.
func Reflect(ctx context.Context, cfg Config, services []string, until probe.Instant) []Types {
	for _, reflection := range reflections {
		if all, isSpoken := reflect(ctx, cfg, reflection, services, until); isSpoken {
			return all
		}
	}
	return repeated(len(services), errcode.New(errcode.GRPCReflection, "the server has no reflection"))
}

// reflect asks by one version of reflection. It returns false if the server does not have the
// version.
func reflect(ctx context.Context, cfg Config, reflection string, services []string, until probe.Instant) (all []Types, isSpoken bool) {
	q, err := newQuestioner(cfg, reflection, until)
	if err != nil {
		return repeated(len(services), err), true
	}
	defer q.end()
	for _, service := range services {
		descriptors, err := q.types(ctx, service)
		// An older server has the older version of the service alone, with the same
		// messages.
		if errcode.FromError(err) == errcode.GRPCUnimplemented {
			return nil, false
		}
		all = append(all, Types{descriptors, err})
	}
	return all, true
}

// repeated returns the same failure for n services.
func repeated(n int, err error) []Types { return slices.Repeat([]Types{{Err: err}}, n) }

// questioner asks one server.
type questioner struct {
	engine *Engine
	until  probe.Instant
	answer []byte // to the last question
}

func newQuestioner(cfg Config, service string, until probe.Instant) (*questioner, error) {
	cfg.Service, cfg.Method = service, "ServerReflectionInfo"
	cfg.Message, cfg.JSON, cfg.Descriptors, cfg.Reflected = nil, nil, nil, false
	cfg.VaryingMetadata, cfg.VaryingMessage = nil, nil
	cfg.Expect, cfg.MaxMessageBytes, cfg.RequestsPerConnection = Expectation{}, mostKept, 0
	e, err := New(cfg)
	if err != nil {
		return nil, err
	}
	return &questioner{engine: e, until: until}, nil
}

func (q *questioner) end() {
	q.engine.CloseIdle()
	q.engine.Wait()
}

// types returns the file with the symbol, and all files it imports.
func (q *questioner) types(ctx context.Context, symbol string) ([]byte, error) {
	// A call under way does not look at ctx, so its end has to be an Abort.
	stop := context.AfterFunc(ctx, q.engine.Abort)
	defer stop()
	files, err := q.ask(ctx, askSymbol, symbol)
	// Each file may import another, and the server decides which: without a bound it could
	// go on for ever.
	for range maxQuestions {
		if err != nil {
			return nil, err
		}
		descriptors, missing, err := protoset.Join(files)
		if err != nil {
			return nil, errcode.Wrap(errcode.GRPCReflection, "what the server gives by reflection", err)
		}
		if len(missing) == 0 {
			return descriptors, nil
		}
		more, err := q.ask(ctx, askFile, missing[0])
		if err != nil {
			return nil, err
		}
		if files = append(files, more...); sizeOf(files) > maxTypes {
			return nil, errcode.New(errcode.GRPCReflection, "the types of the service take more than 8 MiB")
		}
	}
	return nil, errcode.New(errcode.GRPCReflection, "the types of the service lie in too many files")
}

func sizeOf(files [][]byte) (n int) {
	for _, file := range files {
		n += len(file)
	}
	return n
}

// ask asks one question, and returns the files of the answer.
func (q *questioner) ask(ctx context.Context, kind protowire.Number, what string) ([][]byte, error) {
	e := q.engine
	cfg := e.cfgs[0]
	cfg.Message = protowire.AppendString(protowire.AppendTag(nil, kind, protowire.BytesType), what)
	p, err := newPlan(&cfg)
	if err != nil {
		return nil, err
	}
	q.answer = nil
	// The message is valid during the call only.
	p.judge.looks, p.judge.take = true, func(msg []byte) { q.answer = bytes.Clone(msg) }
	e.plans[0].Store(p)
	var r probe.Result
	r.Reset(probe.Now(), q.until)
	e.Do(ctx, &r)
	if code := e.Code(&r); code != errcode.OK {
		return nil, errcode.Wrap(code, "the question for the types of the method", errors.Join(r.Err, r.Unmet))
	}
	files, err := filesIn(q.answer)
	r.Conceal(err)
	return files, err
}

// filesIn returns the files in an answer, or the error in it.
func filesIn(answer []byte) (files [][]byte, err error) {
	err = eachBytes(answer, func(number protowire.Number, value []byte) error {
		switch number {
		case answerFiles:
			return eachBytes(value, func(number protowire.Number, file []byte) error {
				if number == filesFile {
					files = append(files, file)
				}
				return nil
			})
		case answerError:
			return refused(value)
		}
		return nil
	})
	if err == nil && len(files) == 0 {
		err = errNoFiles
	}
	return files, err
}

var (
	errNoFiles = errcode.New(errcode.GRPCReflection, "the server gives no types by reflection")
	errRefused = errors.New("the server does not give the types of the method, but says")
)

// refused returns the server's error.
func refused(answer []byte) error {
	var text []byte
	err := eachBytes(answer, func(number protowire.Number, value []byte) error {
		if number == errorText {
			text = value
		}
		return nil
	})
	if err != nil {
		return err
	}
	return errcode.Wrap(errcode.GRPCReflection, "reflection", probe.NewExcerpt(errRefused, text))
}

// eachBytes calls use with each length-delimited field of a message, until use returns an
// error.
func eachBytes(msg []byte, use func(protowire.Number, []byte) error) error {
	for len(msg) > 0 {
		number, kind, n := protowire.ConsumeTag(msg)
		if n < 0 {
			return errBroken(n)
		}
		msg = msg[n:]
		if kind != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(number, kind, msg); n < 0 {
				return errBroken(n)
			}
			msg = msg[n:]
			continue
		}
		value, n := protowire.ConsumeBytes(msg)
		if n < 0 {
			return errBroken(n)
		}
		if err := use(number, value); err != nil {
			return err
		}
		msg = msg[n:]
	}
	return nil
}

func errBroken(n int) error {
	return errcode.Wrap(errcode.GRPCReflection, "what the server gives by reflection", fmt.Errorf("broken: %w", protowire.ParseError(n)))
}
