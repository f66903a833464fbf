package config

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"example.com/prober/config/form"
	"example.com/prober/option"
)

// readColumn returns the values of a column of a file: CSV with a header line (RFC 4180), or JSON lines if the
// extension of the file says so. Errors name the file and the line.
func readColumn(content []byte, file, column string) (option.Texts, error) {
	var all option.Texts
	err := eachRow(content, file, column, func(line int, value string) error {
		if all.Len() == maxDataRows {
			return fmt.Errorf("%s:%d: there are more than %d rows", file, line, maxDataRows)
		}
		all.Append(value)
		return nil
	})
	if err == nil && all.Len() == 0 {
		err = fmt.Errorf("%s has no rows", file)
	}
	all.Clip()
	return all, err
}

// lineOfRow returns the line of the file at which a row of a column begins. It reads the
// file once more: lines are needed for mistakes alone, and to keep one for each value would
// take memory.
func lineOfRow(content []byte, file, column string, row int) int {
	at := 0
	_ = eachRow(content, file, column, func(line int, _ string) error {
		if row == 0 {
			at = line
			return io.EOF
		}
		row--
		return nil
	})
	return at
}

func eachRow(content []byte, file, column string, each func(line int, value string) error) error {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".jsonl", ".ndjson":
		return eachObject(content, file, column, each)
	}
	return eachRecord(content, file, column, each)
}

func eachRecord(content []byte, file, column string, each func(line int, value string) error) error {
	// Spreadsheets begin a file with a byte order mark. It would be a part of the first
	// column's name.
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(content, []byte("\ufeff"))))
	r.ReuseRecord = true
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%s is empty: the first line must name the columns", file)
	}
	at := -1
	if err == nil {
		if at, err = indexOf(header, file, column); err != nil {
			return err
		}
	}
	for err == nil {
		var record []string
		if record, err = r.Read(); err == nil {
			line, _ := r.FieldPos(at)
			if err := each(line, record[at]); err != nil {
				return err
			}
		}
	}
	if mistake, ok := errors.AsType[*csv.ParseError](err); ok {
		return fmt.Errorf("%s:%d: %w", file, mistake.Line, mistake.Err)
	}
	return nil
}

func indexOf(header []string, file, column string) (int, error) {
	for i, name := range header {
		if name == column {
			return i, nil
		}
	}
	const few = 10
	switch best := form.Closest(column, header, 2); {
	case best != "":
		return 0, fmt.Errorf("%s:1: there is no column %q, did you mean %q?", file, column, best)
	case len(header) > few:
		return 0, fmt.Errorf("%s:1: there is no column %q among its %d", file, column, len(header))
	}
	return 0, fmt.Errorf("%s:1: there is no column %q; there are %q", file, column, header)
}

func eachObject(content []byte, file, column string, each func(line int, value string) error) error {
	line := 0
	for text := range bytes.Lines(content) {
		line++
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		var object map[string]json.RawMessage
		if json.Unmarshal(text, &object) != nil {
			return fmt.Errorf("%s:%d: is not a JSON object", file, line)
		}
		value, ok := object[column]
		if !ok || string(value) == "null" {
			return fmt.Errorf("%s:%d: has no %q", file, line, column)
		}
		var s string
		if json.Unmarshal(value, &s) != nil {
			s = string(value)
		}
		if err := each(line, s); err != nil {
			return err
		}
	}
	return nil
}
