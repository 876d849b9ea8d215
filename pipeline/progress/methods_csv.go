package progress

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// methodColumns are the columns of a table of cases; only the first two must be there, the others may stay away or empty.
var methodColumns = []string{"case_id", "method", "base_value", "base_year", "current_value", "current_year", "target", "target_year", "direction", "limit"}

// EvalCSV reads cases (a header row with the columns case_id, method, base_value, base_year, current_value, current_year,
// target, target_year, direction, limit in any order; empty = none) and writes case_id, progress_value, score, status with
// full precision, empty = null, a row per case in the same order. The first row that cannot be read ends it with an error
// that names line and column.
func EvalCSV(r io.Reader, w io.Writer) error {
	in := csv.NewReader(r)
	header, err := in.Read()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("methods: the table is empty: it needs a header row with %s", strings.Join(methodColumns, ","))
	}
	if err != nil {
		return fmt.Errorf("methods: header row: %w", err)
	}
	at, err := columnsOf(header)
	if err != nil {
		return err
	}
	out := csv.NewWriter(w)
	write := func(cells ...string) error {
		if err := out.Write(cells); err != nil {
			return fmt.Errorf("methods: writing results: %w", err)
		}
		return nil
	}
	if err := write("case_id", "progress_value", "score", "status"); err != nil {
		return err
	}
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("methods: %w", err)
		}
		line, _ := in.FieldPos(0)
		id, res, err := evalRow(row, at)
		if err != nil {
			return fmt.Errorf("methods: line %d, %w", line, err)
		}
		if err := write(id, formatNumber(res.ProgressValue), formatNumber(res.Score), res.Status); err != nil {
			return err
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("methods: writing results: %w", err)
	}
	return nil
}

func columnsOf(header []string) (map[string]int, error) {
	at := make(map[string]int, len(header))
	for i, h := range header {
		name := strings.TrimSpace(strings.TrimPrefix(h, "\ufeff"))
		if !slices.Contains(methodColumns, name) {
			return nil, fmt.Errorf("methods: line 1, column %d: unknown column %q: use %s", i+1, name, strings.Join(methodColumns, ","))
		}
		if _, twice := at[name]; twice {
			return nil, fmt.Errorf("methods: line 1, column %s stands twice", name)
		}
		at[name] = i
	}
	for _, must := range methodColumns[:2] {
		if _, ok := at[must]; !ok {
			return nil, fmt.Errorf("methods: line 1: column %s is missing: the header row names the columns %s", must, strings.Join(methodColumns, ","))
		}
	}
	return at, nil
}

// evalRow runs one case; its errors begin with the column.
func evalRow(row []string, at map[string]int) (id string, res MethodResult, err error) {
	cell := func(name string) string {
		if i, ok := at[name]; ok {
			return strings.TrimSpace(row[i])
		}
		return ""
	}
	id = cell("case_id")
	method := Method(cell("method"))
	if !slices.Contains(Methods, method) {
		return id, res, fmt.Errorf("column method: unknown method %q: use %s", method, methodNames())
	}
	var in MethodInput
	direction, err := parseNumber(cell("direction"))
	if err != nil {
		return id, res, fmt.Errorf("column direction: %w", err)
	}
	d, ok := directionOf(direction)
	if !ok || (d == 0 && method != UNSD) {
		return id, res, fmt.Errorf("column direction: %q: write 1 where up is good, -1 where down is good", cell("direction"))
	}
	in.Direction = d
	for _, c := range methodColumns[2:] {
		v, err := parseNumber(cell(c))
		if err != nil {
			return id, res, fmt.Errorf("column %s: %w", c, err)
		}
		switch c {
		case "base_value":
			in.BaseValue = v
		case "base_year":
			in.BaseYear = v
		case "current_value":
			in.CurrentValue = v
		case "current_year":
			in.CurrentYear = v
		case "target":
			in.Target = v
		case "target_year":
			in.TargetYear = v
		case "limit":
			in.Limit = v
		}
	}
	res, err = Eval(method, in)
	return id, res, err
}
