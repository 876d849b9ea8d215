package table

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// cellType is what the sheet says of a cell beside its value.
type cellType struct {
	number bool
	style  int
}

type cellAt struct{ row, column int }

// readXLSX reads the first sheet. Values come raw, so that a typed number is what it is and not what its format shows;
// which cells are typed numbers is read from the sheet itself, for the library's row stream does not say.
func readXLSX(data []byte) (rows []Row, reason string, err error) {
	const broken = "tệp Excel bị hỏng hoặc bị cắt ngang: hãy mở, lưu lại và gửi lại"
	defer func() { // a hostile file must not end the process, whatever it finds in the library
		if p := recover(); p != nil {
			rows, reason, err = nil, broken, fmt.Errorf("reading the workbook: %v", p)
		}
	}()
	if bytes.HasPrefix(data, []byte{0xD0, 0xCF, 0x11, 0xE0}) {
		return nil, "tệp có mật khẩu hoặc là Excel đời cũ: hãy bỏ mật khẩu và lưu lại dạng .xlsx", nil
	}
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: maxUnzipBytes, UnzipXMLSizeLimit: maxUnzipBytes,
	})
	if err != nil {
		if strings.Contains(err.Error(), "unzip size exceeds") {
			return nil, fmt.Sprintf("tệp bung ra lớn hơn %d MB: hãy xóa định dạng và trang thừa rồi lưu lại", maxUnzipBytes>>20), err
		}
		return nil, broken, err
	}
	defer f.Close()
	sheets := f.GetSheetList()
	if len(sheets) == 0 {
		return nil, broken, errors.New("the workbook has no sheet")
	}
	types, reason, err := cellTypes(f)
	if reason != "" || err != nil {
		if reason == "" {
			reason = broken
		}
		return nil, reason, err
	}
	stream, err := f.Rows(sheets[0])
	if err != nil {
		return nil, broken, err
	}
	defer stream.Close()
	dates := map[int]bool{}
	for number := 1; stream.Next(); number++ {
		texts, err := stream.Columns()
		if err != nil {
			return nil, broken, err
		}
		cells := make([]Cell, min(len(texts), maxColumns))
		for i := range cells {
			cells[i] = typed(f, texts[i], types[cellAt{number, i}], dates)
		}
		if row, ok := trimmed(number, cells); ok {
			rows = append(rows, row)
		}
	}
	if err := stream.Error(); err != nil {
		return nil, broken, err
	}
	return rows, "", nil
}

// typed makes a cell of a raw value. Spreadsheets compute with 15 digits and store 17: the last two are noise.
func typed(f *excelize.File, raw string, t cellType, dates map[int]bool) Cell {
	if !t.number {
		return Cell{Text: raw}
	}
	v, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return Cell{Text: raw}
	}
	isDate, known := dates[t.style]
	if !known {
		isDate = dateStyle(f, t.style)
		dates[t.style] = isDate
	}
	if isDate {
		if at, err := excelize.ExcelDateToTime(v, date1904(f)); err == nil {
			return Cell{Text: at.Format("2006-01-02")}
		}
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 15, 64), 64)
	if err != nil {
		return Cell{Text: raw}
	}
	return Cell{Text: strconv.FormatFloat(rounded, 'f', -1, 64), Number: true}
}

func date1904(f *excelize.File) bool {
	props, err := f.GetWorkbookProps()
	return err == nil && props.Date1904 != nil && *props.Date1904
}

// dateStyle says whether a cell style shows a number as a date: Excel turns a typed 2024-03 into one.
func dateStyle(f *excelize.File, style int) bool {
	s, err := f.GetStyle(style)
	if err != nil || s == nil {
		return false
	}
	if s.CustomNumFmt != nil {
		return dateFormat(*s.CustomNumFmt)
	}
	n := s.NumFmt // built-in ids, ECMA-376 18.8.30; 45 to 47 are durations, no dates
	return n >= 14 && n <= 17 || n == 22 || n >= 27 && n <= 31 || n == 36 || n >= 50 && n <= 54 || n == 57 || n == 58
}

// dateFormat says whether a number format names a year or a day outside quotes and brackets.
func dateFormat(format string) bool {
	quoted, bracket := false, false
	for i := 0; i < len(format); i++ {
		switch c := format[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' || c == '_' || c == '*':
			i++
		case c == '[':
			bracket = true
		case c == ']':
			bracket = false
		case quoted || bracket:
		case c == 'y' || c == 'Y' || c == 'd' || c == 'D':
			return true
		}
	}
	return false
}

// cellTypes scans the first sheet for the types of its filled cells and refuses one that is too large, before the
// library makes room for it: an empty workbook of a few bytes can name row 1048576 and column XFD in every row.
func cellTypes(f *excelize.File) (map[cellAt]cellType, string, error) {
	data, err := firstSheet(f)
	if err != nil {
		return nil, "", err
	}
	types := map[cellAt]cellType{}
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = f.CharsetReader
	var at cellAt
	var t cellType
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil, "", errors.New("the sheet ends before its end")
		}
		if err != nil {
			return nil, "", err
		}
		if end, ok := token.(xml.EndElement); ok && (end.Name.Local == "sheetData" || end.Name.Local == "worksheet") {
			return types, "", nil
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "row":
			at.row, at.column = at.row+1, -1
			if r, ok := attribute(start, "r"); ok {
				n, err := strconv.Atoi(r)
				if err != nil || n < at.row {
					return nil, "", fmt.Errorf("row %q stands out of order", r)
				}
				at.row = n
			}
		case "c":
			at.column++
			t = cellType{number: true}
			for _, a := range start.Attr {
				switch a.Name.Local {
				case "r":
					column, _, err := excelize.CellNameToCoordinates(a.Value)
					if err != nil {
						return nil, "", err
					}
					at.column = column - 1
				case "t":
					t.number = a.Value == "n"
				case "s":
					if t.style, err = strconv.Atoi(a.Value); err != nil {
						return nil, "", err
					}
				}
			}
		case "v", "is", "f":
			if at.row > maxRows {
				return nil, fmt.Sprintf("trang tính có hơn %d dòng: hãy xóa dòng thừa ở cuối rồi lưu lại", maxRows), nil
			}
			if at.column >= maxColumns {
				return nil, fmt.Sprintf("trang tính có hơn %d cột: hãy xóa cột thừa rồi lưu lại", maxColumns), nil
			}
			types[at] = t
		}
	}
}

func attribute(e xml.StartElement, name string) (string, bool) {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value, true
		}
	}
	return "", false
}

// firstSheet finds the XML part of the workbook's first sheet through the workbook's relationships.
func firstSheet(f *excelize.File) ([]byte, error) {
	var rels struct {
		Relationship []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	part, ok := f.Pkg.Load("xl/_rels/workbook.xml.rels")
	if !ok || f.WorkBook == nil || len(f.WorkBook.Sheets.Sheet) == 0 {
		return nil, errors.New("the workbook names no sheet")
	}
	if err := xml.Unmarshal(part.([]byte), &rels); err != nil {
		return nil, fmt.Errorf("workbook relationships: %w", err)
	}
	for _, rel := range rels.Relationship {
		if rel.ID != f.WorkBook.Sheets.Sheet[0].ID {
			continue
		}
		name := path.Clean(strings.ReplaceAll(rel.Target, "\\", "/"))
		if strings.HasPrefix(name, "/") {
			name = name[1:]
		} else {
			name = path.Join("xl", name)
		}
		if sheet, ok := f.Pkg.Load(name); ok {
			return sheet.([]byte), nil
		}
	}
	return nil, errors.New("the workbook's first sheet is missing")
}
