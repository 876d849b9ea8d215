package table

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

// text and number build cells.
func text(s string) Cell   { return Cell{Text: s} }
func number(s string) Cell { return Cell{Text: s, Number: true} }

// workbook writes cells by address to a new workbook's first sheet.
func workbook(t testing.TB, cells map[string]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for ref, v := range cells {
		if err := f.SetCellValue("Sheet1", ref, v); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name, file string
		data       []byte
		want       []Row
	}{
		{"comma", "a.csv", []byte("Mẫu số,BM-01\n\nMã,Số\n30742,12\n"), []Row{
			{1, []Cell{text("Mẫu số"), text("BM-01")}}, {3, []Cell{text("Mã"), text("Số")}}, {4, []Cell{text("30742"), text("12")}}}},
		{"semicolon with decimal commas", "a.CSV", []byte("Mẫu số;BM-01\r\n\r\nMã;Tiền\r\n1;1,5\r\n2;2,5\r\n"), []Row{
			{1, []Cell{text("Mẫu số"), text("BM-01")}}, {3, []Cell{text("Mã"), text("Tiền")}}, {4, []Cell{text("1"), text("1,5")}}, {5, []Cell{text("2"), text("2,5")}}}},
		{"byte order mark", "a.csv", []byte("\ufeffMã,Số\n1,2\n"), []Row{{1, []Cell{text("Mã"), text("Số")}}, {2, []Cell{text("1"), text("2")}}}},
		{"separator hint", "a.csv", []byte("sep=;\nMã;Số\n"), []Row{{2, []Cell{text("Mã"), text("Số")}}}},
		{"line break in quotes", "a.csv", []byte("a,\"b\nc\"\n\nd,e\n"), []Row{{1, []Cell{text("a"), text("b\nc")}}, {3, []Cell{text("d"), text("e")}}}},
		{"separators in quotes", "a.csv", []byte("\"a;b\",1\n\"c;d\",2\n"), []Row{{1, []Cell{text("a;b"), text("1")}}, {2, []Cell{text("c;d"), text("2")}}}},
		{"empty cells at the end", "a.csv", []byte("a,,\n,,\n,b,\n"), []Row{{1, []Cell{text("a")}}, {3, []Cell{{}, text("b")}}}},
		{"typed numbers and texts", "a.xlsx", workbook(t, map[string]any{"A1": "Mã", "B1": "Số", "A3": "1.234", "B3": 1.234, "C3": 1234}), []Row{
			{1, []Cell{text("Mã"), text("Số")}}, {3, []Cell{text("1.234"), number("1.234"), number("1234")}}}},
		{"binary noise of typed numbers", "a.xlsx", workbook(t, map[string]any{"A1": 0.1 + 0.2, "B1": 12.345000000000001, "C1": 1e15}), []Row{
			{1, []Cell{number("0.3"), number("12.345"), number("1000000000000000")}}}},
		{"typed date", "a.xlsx", workbook(t, map[string]any{"A1": time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)}), []Row{{1, []Cell{text("2024-03-01")}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, err := Read("/somewhere/"+c.file, c.data)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(Grid{File: c.file, Rows: c.want}, *g); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadFails(t *testing.T) {
	whole := workbook(t, map[string]any{"A1": "x", "B2": 1})
	for _, c := range []struct {
		name, file string
		data       []byte
		want       string
	}{
		{"empty", "a.csv", []byte(" \n"), "a.csv: tệp rỗng"},
		{"old encoding", "a.csv", []byte("M\xe3,1\n"), "CSV UTF-8"},
		{"utf-16", "a.csv", []byte("\xff\xfea\x00"), "CSV UTF-8"},
		{"binary as csv", "a.csv", []byte("a\x00b"), "không phải văn bản"},
		{"open quote", "a.csv", []byte("a,\"b\nc,d\n"), "ngoặc kép"},
		{"other ending", "a.pdf", []byte("x"), ".xlsx hoặc .csv"},
		{"old excel", "a.xls", []byte("x"), "đời cũ"},
		{"password", "a.xlsx", append([]byte{0xD0, 0xCF, 0x11, 0xE0}, make([]byte, 600)...), "mật khẩu"},
		{"garbage", "a.xlsx", []byte("<html>not a workbook</html>"), "bị hỏng"},
		{"truncated", "a.xlsx", whole[:len(whole)*2/3], "bị hỏng"},
		{"no cells", "a.xlsx", workbook(t, nil), "không có dữ liệu"},
		{"too large", "a.csv", make([]byte, MaxFileBytes+1), "16 MB"},
		{"too many columns", "a.csv", []byte(strings.Repeat("a,", 70) + "a"), "64 cột"},
		{"too many rows", "a.csv", []byte(strings.Repeat("a\n", maxRows+1)), "50000 dòng"},
		{"cell far right", "a.xlsx", workbook(t, map[string]any{"XFD1": 1}), "64 cột"},
		{"cell far down", "a.xlsx", workbook(t, map[string]any{"A1048576": 1}), "50000 dòng"},
		{"zip bomb", "a.xlsx", bomb(t), "32 MB"},
		{"zip of something else", "a.xlsx", zipped(t, map[string]string{"a.txt": "x"}), "bị hỏng"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Read(c.file, c.data)
			var fe *FileError
			if !errors.As(err, &fe) {
				t.Fatalf("got %v, want a FileError", err)
			}
			if fe.File != c.file || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %q, want %q in it", err, c.want)
			}
		})
	}
}

// zipped packs files.
func zipped(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range files {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func bomb(t testing.TB) []byte {
	return zipped(t, map[string]string{"xl/worksheets/sheet1.xml": strings.Repeat("<row/>", 8<<20)})
}

// An emptied cell that only keeps a format does not make a sheet too large: people colour whole columns.
func TestFormatsFarAwayDoNotCount(t *testing.T) {
	f := excelize.NewFile()
	defer f.Close()
	style, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		t.Fatal(err)
	}
	_ = f.SetCellValue("Sheet1", "A1", "x")
	if err := f.SetCellStyle("Sheet1", "ZZ1", "ZZ1", style); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	g, err := Read("a.xlsx", b.Bytes())
	if err != nil || len(g.Rows) != 1 {
		t.Fatalf("got %v, %v", g, err)
	}
}

// A workbook as other programs write it: inline texts, no style sheet, cells without addresses, a path from the root.
func TestWorkbookOfAnotherProgram(t *testing.T) {
	data := zipped(t, map[string]string{
		"[Content_Types].xml": `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
		"_rels/.rels":         `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml": `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">` +
			`<sheets><sheet name="Báo cáo" sheetId="3" r:id="rId9"/><sheet name="Khác" sheetId="1" r:id="rId8"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
			`<Relationship Id="rId8" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>` +
			`<Relationship Id="rId9" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="/xl/worksheets/sheet2.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml": `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData/></worksheet>`,
		"xl/worksheets/sheet2.xml": `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` +
			`<row><c t="inlineStr"><is><r><t>Mã </t></r><r><t>số</t></r></is></c><c><v>12.5</v></c><c t="str"><f>A1</f><v>1.234</v></c><c t="b"><v>1</v></c></row>` +
			`<row r="4"><c r="B4"><v>1E3</v></c></row></sheetData></worksheet>`,
	})
	g, err := Read("a.xlsx", data)
	if err != nil {
		t.Fatal(err)
	}
	want := []Row{{1, []Cell{text("Mã số"), number("12.5"), text("1.234"), text("1")}}, {4, []Cell{{}, number("1000")}}}
	if diff := cmp.Diff(want, g.Rows); diff != "" {
		t.Error(diff)
	}
}

func TestTable(t *testing.T) {
	g, err := Read("a.csv", []byte("BÁO CÁO,,\nMẫu số:,BM-01,\nKỳ,,2024-03\n\nSTT,Mã đơn vị,Số hồ sơ\n1,30742,5\n"))
	if err != nil {
		t.Fatal(err)
	}
	tab, missing := g.Table([]string{"SỐ HỒ SƠ", "mã đơn vị"})
	if tab == nil {
		t.Fatalf("missing %v", missing)
	}
	if diff := cmp.Diff([]Pair{{"Mẫu số", text("BM-01"), "B2"}, {"Kỳ", text("2024-03"), "C3"}}, tab.Head); diff != "" {
		t.Error(diff)
	}
	if tab.Header.Number != 5 || len(tab.Body) != 1 || tab.Body[0].At(1).Text != "30742" || !tab.Body[0].At(9).Empty() {
		t.Errorf("got %+v", tab)
	}
	if diff := cmp.Diff(tab.Head, g.Head(10)); diff != "" {
		t.Error(diff)
	}
	if tab, missing = g.Table([]string{"Mã đơn vị", "Số tiền"}); tab != nil || fmt.Sprint(missing) != "[Số tiền]" {
		t.Errorf("got %v, missing %v", tab, missing)
	}
}

func TestRef(t *testing.T) {
	for ref, at := range map[string][2]int{"A1": {1, 0}, "C12": {12, 2}, "Z3": {3, 25}, "AA4": {4, 26}, "XFD5": {5, 16383}} {
		if got := Ref(at[0], at[1]); got != ref {
			t.Errorf("Ref(%v) = %s, want %s", at, got, ref)
		}
	}
}

func TestDateFormat(t *testing.T) {
	for format, want := range map[string]bool{
		"mmm-yy": true, "dd/mm/yyyy": true, `[$-42A]d mmmm`: true, "0.00": false, "General": false, `#,##0 "đồng/day"`: false,
		"[Red]0": false, `0\d`: false, "h:mm": false,
	} {
		if dateFormat(format) != want {
			t.Errorf("%s: want %v", format, want)
		}
	}
}

func TestCellJSON(t *testing.T) {
	in := []Cell{text("1.234"), number("1.234"), text(""), number("x"), text(`"`)}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if want := `["1.234",1.234,"","x","\""]`; string(b) != want {
		t.Fatalf("got %s, want %s", b, want)
	}
	var out []Cell
	if err := json.Unmarshal([]byte(`["1.234", 1.234 ,null,"x","\""]`), &out); err != nil {
		t.Fatal(err)
	}
	in[3].Number = false
	if diff := cmp.Diff(in, out); diff != "" {
		t.Error(diff)
	}
	if err := json.Unmarshal([]byte(`[true]`), &out); err == nil {
		t.Error("a boolean passed")
	}
}

// Whatever lies in the drop folder, reading ends in a grid inside the limits or in a FileError.
func fuzz(f *testing.F, name string) {
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := Read(name, data)
		if err != nil {
			var fe *FileError
			if !errors.As(err, &fe) || fe.Reason == "" {
				t.Fatalf("%v is no FileError with a reason", err)
			}
			return
		}
		last := 0
		for _, r := range g.Rows {
			if r.Number <= last || len(r.Cells) == 0 || len(r.Cells) > maxColumns || r.Cells[len(r.Cells)-1].Empty() {
				t.Fatalf("row %+v after row %d", r, last)
			}
			last = r.Number
		}
		b, err := json.Marshal(g.Rows)
		if err != nil {
			t.Fatal(err)
		}
		var back []Row
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		g.Table([]string{"Mã", "Số"})
	})
}

func FuzzReadCSV(f *testing.F) {
	f.Add([]byte("Mẫu số;BM-01\n\nMã;Số\n1;1,5\n"))
	f.Add([]byte("\ufeffa,\"b\nc\"\r\n\r\nd,e"))
	fuzz(f, "a.csv")
}

func FuzzReadXLSX(f *testing.F) {
	f.Add(workbook(f, map[string]any{"A1": "Mã", "B2": 1.5, "C3": true}))
	f.Add(zipped(f, map[string]string{"xl/workbook.xml": "<workbook/>"}))
	fuzz(f, "a.xlsx")
}

// The sheet's XML on its own, for a fuzzer does not get through a zip's checksums.
func FuzzSheetXML(f *testing.F) {
	parts := map[string]string{}
	whole := workbook(f, map[string]any{"A1": "Mã", "B2": 1.5, "C3": true})
	z, err := zip.NewReader(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		f.Fatal(err)
	}
	for _, part := range z.File {
		r, err := part.Open()
		if err != nil {
			f.Fatal(err)
		}
		var b bytes.Buffer
		_, _ = b.ReadFrom(r)
		parts[part.Name] = b.String()
	}
	f.Add(parts["xl/worksheets/sheet1.xml"])
	f.Add(`<worksheet><sheetData><row r="2"><c r="B2" t="inlineStr"><is><t>x</t></is></c></row><row/><row r="2"/></sheetData></worksheet>`)
	f.Add(`<worksheet><sheetData><row><c><v>1</v></c><c r="A1"><f>A1</f></c></row></sheetData></worksheet>`)
	f.Fuzz(func(t *testing.T, sheet string) {
		if len(sheet) > 4096 {
			return
		}
		files := map[string]string{}
		for k, v := range parts {
			files[k] = v
		}
		files["xl/worksheets/sheet1.xml"] = sheet
		g, err := Read("a.xlsx", zipped(t, files))
		if err == nil && len(g.Rows) == 0 {
			t.Fatal("no rows and no error")
		}
	})
}
