package simulator

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/xuri/excelize/v2"
)

// xlsxEvery: every so many-th file is handed in as a workbook, the others as CSV.
const xlsxEvery = 20

// dropFile is one file that somebody handed in.
type dropFile struct {
	at     sec
	source string
	name   string
	head   [][]string // label/value rows
	header []string
	rows   func() [][]string
}

// dropFiles lists every file ever handed in, oldest first.
func (w *world) dropFiles() []dropFile {
	var out []dropFile
	for _, s := range w.sets {
		if s.keys == nil {
			continue // served by a system
		}
		type fileKey struct {
			period int32
			at     sec
			group  string
		}
		type ref struct{ row, version int }
		parts := map[fileKey][]ref{}
		for i := range s.rows {
			for j := range s.rows[i].versions {
				v := &s.rows[i].versions[j]
				k := fileKey{s.rows[i].period, v.at, v.group}
				parts[k] = append(parts[k], ref{i, j})
			}
		}
		for k, refs := range parts {
			p := s.periods[k.period]
			slices.SortFunc(refs, func(a, b ref) int { return cmp.Or(a.row-b.row, a.version-b.version) })
			out = append(out, dropFile{at: k.at, source: s.source, name: fmt.Sprintf("%s_%s_%s", s.code, p.label, k.group),
				head:   formHead(s.code, s.version, s.report, p.label),
				header: headers(s.keys, s.columns),
				rows: func() [][]string {
					lines := make([][]string, 0, len(refs))
					for _, r := range refs {
						lines = append(lines, w.cells(s, &s.rows[r.row], &s.rows[r.row].versions[r.version]))
					}
					return lines
				}})
		}
	}
	out = append(out, w.registryFiles()...)
	slices.SortFunc(out, func(a, b dropFile) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.source, b.source), cmp.Compare(a.name, b.name))
	})
	return out
}

func formHead(code string, version int, report bool, label string) [][]string {
	kind := "lịch"
	if report {
		kind = "báo cáo"
	}
	return [][]string{{"Mẫu số", code}, {"Phiên bản", strconv.Itoa(version)}, {"Loại kỳ", kind}, {"Kỳ", label}, {"Ghi chú", "Số liệu mô phỏng"}}
}

// headers leaves out columns that have no cell.
func headers(keys, columns []column) []string {
	var out []string
	for _, c := range slices.Concat(keys, columns) {
		if c.Kind != "one" && c.Kind != "positive" { // 1 by being there, or read off another column's cell
			out = append(out, c.Header)
		}
	}
	return out
}

// cells writes a stated row as people write it.
func (w *world) cells(s *dataset, r *statedRow, v *rowVersion) []string {
	var who string
	switch {
	case r.facility != nil:
		who = r.facility.code
	case hash(s.code, r.unit.key())%11 == 0:
		who = r.unit.organ
	default:
		who = r.unit.code
	}
	var out []string
	for _, k := range s.keys {
		switch k.Role {
		case "unit", "facility":
			cell := who
			if v.bad == badOrgan {
				cell = "99999"
			}
			if v.bad == badOrgan && k.Role == "facility" {
				cell = "" // a register could name any code: only a missing one is surely wrong
			}
			out = append(out, cell)
		default:
			out = append(out, r.dims)
		}
	}
	value := func(m string) int64 { return v.values[slices.Index(s.measures, m)] }
	attested := false
	for _, c := range s.columns {
		if c.Kind == "one" || c.Kind == "positive" {
			continue
		}
		switch c.Kind {
		case "yesno":
			attested = value(c.Measure) == 1
			out = append(out, answerCell(v.bad, attested))
		case "flag_bit":
			out = append(out, answerCell(v.bad, value(c.Measure)>>c.Bit&1 == 1))
		case "not_flag":
			out = append(out, answerCell(good, value(c.Measure) == 0))
		case "text":
			text := ""
			if attested {
				text = fmt.Sprintf("Văn bản số %d/BC-UBND", 1+hash(who, strconv.Itoa(int(r.period)))%200)
			}
			out = append(out, text)
		default:
			n := value(c.Measure)
			if v.bad == badOver && c.AtMost != "" {
				n = value(c.AtMost) + max(1, c.Factor)
			}
			cell := number(n, c.Factor, hash(who, c.Measure, strconv.Itoa(int(r.period))))
			switch {
			case v.bad == badAmbiguous:
				cell = fmt.Sprintf("%d.%03d", 1+n%9, n%1000)
			case v.bad == badMissing && c.AtMost == "":
				cell = ""
			}
			out = append(out, cell)
		}
	}
	return out
}

func answerCell(bad badKind, yes bool) string {
	switch {
	case bad == badAnswer:
		return "chưa rõ"
	case yes:
		return "Có"
	}
	return "Không"
}

// number writes a figure in units of factor: plain, or grouped where grouping leaves no doubt.
func number(n, factor int64, salt uint64) string {
	if factor > 1 {
		whole, rest := n/factor, n%factor
		if rest == 0 {
			return strconv.FormatInt(whole, 10)
		}
		return fmt.Sprintf("%d,%d", whole, rest*10/factor)
	}
	s := strconv.FormatInt(n, 10)
	if len(s) > 6 && salt%3 == 0 {
		var b []byte
		for i := range len(s) {
			if i > 0 && (len(s)-i)%3 == 0 {
				b = append(b, '.')
			}
			b = append(b, s[i])
		}
		return string(b)
	}
	return s
}

// WriteFiles writes the files that units had handed in by an instant into dir, one folder per source: each whole (written
// beside and renamed) and with the instant of handing in as its time. A file that is there already is left alone, so
// calling it again, or for a later instant, adds what is new.
func (s *Simulator) WriteFiles(dir string, upTo time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	to := clockOf(upTo, s.loc)
	from, seen := s.written[dir]
	if !seen {
		from = -1
	}
	for i, f := range s.files {
		if f.at > to {
			break
		}
		if f.at <= from {
			continue
		}
		if err := s.writeFile(dir, f, i); err != nil {
			return fmt.Errorf("simulator: write %s: %w", f.name, err)
		}
	}
	s.written[dir] = max(from, to)
	return nil
}

func (s *Simulator) writeFile(dir string, f dropFile, index int) error {
	folder := filepath.Join(dir, f.source)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	ext, write := ".csv", f.csv
	if hash(f.source, f.name)%xlsxEvery == 0 {
		ext, write = ".xlsx", f.xlsx
	}
	name := filepath.Join(folder, f.name+ext)
	if _, err := os.Stat(name); err == nil {
		return nil
	}
	b, err := write()
	if err != nil {
		return err
	}
	tmp := filepath.Join(folder, "."+f.name+".tmp")
	if err := os.WriteFile(tmp, b, 0o644); err != nil {
		return err
	}
	at := f.at.time(s.loc)
	if err := os.Chtimes(tmp, at, at); err != nil {
		return err
	}
	return os.Rename(tmp, name)
}

func (f dropFile) csv() ([]byte, error) {
	var b bytes.Buffer
	c := csv.NewWriter(&b)
	if hash(f.name)%3 == 0 { // as a Vietnamese spreadsheet writes it
		b.WriteString("\ufeff")
		c.Comma = ';'
	}
	lines := slices.Concat(f.head, [][]string{{""}, f.header}, f.rows())
	if err := c.WriteAll(lines); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (f dropFile) xlsx() ([]byte, error) {
	book := excelize.NewFile()
	defer book.Close()
	const sheet = "Sheet1"
	w, err := book.NewStreamWriter(sheet)
	if err != nil {
		return nil, err
	}
	for i, line := range slices.Concat(f.head, [][]string{nil, f.header}, f.rows()) {
		cells := make([]any, len(line))
		for j, text := range line {
			cells[j] = text
			if n, err := strconv.ParseInt(text, 10, 64); err == nil && strconv.FormatInt(n, 10) == text && i > len(f.head)+1 && j > 0 {
				cells[j] = n
			}
		}
		if err := w.SetRow("A"+strconv.Itoa(i+1), cells); err != nil {
			return nil, err
		}
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = book.Write(&b)
	return b.Bytes(), err
}
