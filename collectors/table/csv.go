package table

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// readCSV reads comma- or semicolon-separated UTF-8. A reason says that the file cannot be read. Quoting is strict: a
// quote that is never closed would otherwise swallow the rows behind it without a word.
func readCSV(data []byte) (rows []Row, reason string, err error) {
	if bytes.HasPrefix(data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(data, []byte{0xFE, 0xFF}) || !utf8.Valid(data) {
		return nil, "tệp CSV không ở bảng mã UTF-8: trong Excel hãy chọn Lưu thành > CSV UTF-8", nil
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if bytes.IndexByte(data, 0) >= 0 {
		return nil, "tệp không phải văn bản CSV: hãy lưu lại dạng CSV UTF-8", nil
	}
	number := 0
	if line, rest, _ := bytes.Cut(data, []byte("\n")); strings.HasPrefix(string(line), "sep=") { // a hint that only Excel reads
		data, number = rest, 1
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma = separator(data)
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	for offset := int64(0); ; {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, "", nil
		}
		if err != nil {
			return nil, "tệp CSV sai dấu ngoặc kép: hãy kiểm tra dòng được nêu rồi lưu lại", err
		}
		// The reader skips empty lines; a spreadsheet counts them.
		number += blankLines(data[offset:]) + 1
		offset = r.InputOffset()
		if number > maxRows {
			return nil, fmt.Sprintf("tệp có hơn %d dòng: hãy tách thành nhiều tệp", maxRows), nil
		}
		cells := make([]Cell, len(record))
		for i, text := range record {
			cells[i].Text = text
		}
		row, ok := trimmed(number, cells)
		if len(row.Cells) > maxColumns {
			return nil, fmt.Sprintf("dòng %d có hơn %d cột: hãy kiểm tra dấu phân cách", number, maxColumns), nil
		}
		if ok {
			rows = append(rows, row)
		}
	}
}

// blankLines counts the lines that hold nothing at the beginning of the text.
func blankLines(text []byte) int {
	n := 0
	for {
		if rest, ok := bytes.CutPrefix(text, []byte("\r\n")); ok {
			text, n = rest, n+1
		} else if rest, ok := bytes.CutPrefix(text, []byte("\n")); ok {
			text, n = rest, n+1
		} else {
			return n
		}
	}
}

// separator is the sign that more lines hold outside quotes: a semicolon file has commas in some figures only, a comma
// file has semicolons in some texts only.
func separator(data []byte) rune {
	var lines [2]int
	var seen [2]bool
	quoted := false
	for n, c := range data {
		switch c {
		case '"':
			quoted = !quoted
		case ',':
			seen[0] = seen[0] || !quoted
		case ';':
			seen[1] = seen[1] || !quoted
		}
		if c == '\n' && !quoted || n == len(data)-1 {
			for i := range seen {
				if seen[i] {
					lines[i]++
				}
			}
			seen = [2]bool{}
		}
	}
	if lines[1] > lines[0] {
		return ';'
	}
	return ','
}
