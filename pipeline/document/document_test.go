package document_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"tiendo/pipeline/document"
)

var update = flag.Bool("update", false, "write the golden files anew")

// report has every kind of block, and letters that XML and HTML must escape.
func report() *document.Document {
	return &document.Document{
		Superior: "Ủy ban nhân dân tỉnh", Authority: "Sở Thử nghiệm & Mẫu", Symbol: "BC-STN", Place: "Tỉnh Mẫu", Dated: document.Dated(time.Date(2025, 2, 5, 0, 0, 0, 0, time.UTC)),
		Notice: "Số liệu mô phỏng", Kind: "BÁO CÁO", Subject: "Kết quả thực hiện chỉ tiêu <quý I>",
		Body: []document.Block{
			document.Heading{Level: 1, Text: "Kết quả chung"},
			document.Paragraph{{Text: "Tính đến ngày 30/6/2025, tỉnh có "}, {Text: "29 chỉ tiêu", Bold: true}, {Text: ", trong đó 12 đạt.", Italic: true}},
			document.Heading{Level: 2, Text: "Theo trụ cột"}, document.Item(document.Text("Chính quyền số: 5 chỉ tiêu.")),
			document.Heading{Level: 2, Text: "Theo đơn vị"}, document.Heading{Level: 3, Text: "Sở"}, document.Heading{Level: 3, Text: "Huyện"},
			document.Table{Caption: "Kết quả & mục tiêu", Columns: []document.Column{{Title: "TT", Width: 1, Align: document.Centre}, {Title: "Chỉ tiêu", Width: 6}, {Title: "Thực hiện", Width: 2, Align: document.Right}},
				Rows: []document.Row{{Cells: document.Cells("Chính quyền số"), Group: true}, {Cells: []document.Cell{{Text: "1"}, {Text: "Hồ sơ < 15 ngày"}, document.Number("1.234,5", 1234.5)}},
					{Cells: []document.Cell{{}, {Text: "Tổng"}, document.Number("7", 7)}, Bold: true}, {Cells: document.Cells("2", "Chưa có số liệu", "–")}}},
			document.Note("Dấu – là chưa có số liệu."),
			document.Heading{Level: 1, Text: "Kiến nghị"}, document.Blank(2),
		},
		Recipients: []string{"Ủy ban nhân dân tỉnh", "Lưu: VT"}, Signer: []string{"KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC"},
		Annexes: []document.Annex{{Title: "Danh sách đơn vị", Body: []document.Block{document.Heading{Level: 1, Text: "Các sở"}, document.Table{Columns: []document.Column{{Title: "Đơn vị"}}, Rows: []document.Row{{Cells: document.Cells("Sở Y tế")}}}}}},
		About:   [][2]string{{"Kế hoạch", "mau-2025"}, {"Tính đến ngày", "30/06/2025"}},
	}
}

// letter is a công văn to two offices.
func letter() *document.Document {
	return &document.Document{
		Authority: "Sở Thử nghiệm", Number: "15", Symbol: "STN-VP", Place: "Tỉnh Mẫu", Dated: document.Undated(2025), Subject: "đôn đốc báo cáo quý II năm 2025", To: []string{"Sở Y tế", "Ủy ban nhân dân huyện Mẫu"},
		Body: []document.Block{document.Paragraph(document.Text("Đề nghị các đơn vị gửi báo cáo./."))}, Recipients: []string{"Như trên"}, Signer: []string{"GIÁM ĐỐC"},
	}
}

var samples = []struct {
	name string
	made func() *document.Document
}{{"report", report}, {"letter", letter}}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	name = "testdata/" + name
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got), `go test -update` writes it anew:\n%s", name, diff)
	}
}

func TestHTML(t *testing.T) {
	for _, s := range samples {
		html, err := document.HTML(s.made())
		if err != nil {
			t.Fatal(err)
		}
		golden(t, s.name+".html", []byte(html))
		page, err := document.Page(s.made())
		if err != nil {
			t.Fatal(err)
		}
		if text := string(page); !strings.HasPrefix(text, "<!doctype html>") || !strings.Contains(text, string(html)) || !strings.Contains(text, "size: A4") {
			t.Errorf("%s: the page is no document of its own:\n%.400s", s.name, text)
		}
		if strings.Contains(string(html), " style=") {
			t.Errorf("%s: the element has a style of its own, which a page with a content policy refuses", s.name)
		}
	}
}

// parts reads the files of a package and holds every one to be well-formed.
func parts(t *testing.T, body []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all[f.Name] = string(b)
		for d := xml.NewDecoder(bytes.NewReader(b)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s is not well-formed: %v", f.Name, err)
			}
		}
	}
	return all
}

// word is what the tests read of a word/document.xml.
type word struct {
	Body struct {
		Paragraphs []wordParagraph `xml:"p"`
		Tables     []struct {
			Grid []struct{} `xml:"tblGrid>gridCol"`
			Rows []struct {
				Head  *struct{} `xml:"trPr>tblHeader"`
				Cells []struct {
					Span *struct {
						N int `xml:"val,attr"`
					} `xml:"tcPr>gridSpan"`
					Paragraphs []wordParagraph `xml:"p"`
				} `xml:"tc"`
			} `xml:"tr"`
		} `xml:"tbl"`
		Page struct {
			W int `xml:"w,attr"`
			H int `xml:"h,attr"`
		} `xml:"sectPr>pgSz"`
	} `xml:"body"`
}

type wordParagraph struct {
	Style struct {
		ID string `xml:"val,attr"`
	} `xml:"pPr>pStyle"`
	Text []string `xml:"r>t"`
}

func TestDOCX(t *testing.T) {
	for _, s := range samples {
		body, err := document.DOCX(s.made())
		if err != nil {
			t.Fatal(err)
		}
		again, err := document.DOCX(s.made())
		if err != nil || !bytes.Equal(body, again) {
			t.Errorf("%s: the same document gives other bytes (%v)", s.name, err)
		}
		files := parts(t, body)
		golden(t, s.name+".document.xml", []byte(strings.ReplaceAll(files["word/document.xml"], "</w:p>", "</w:p>\n")))
		for name := range files {
			if name != "[Content_Types].xml" && !strings.HasSuffix(name, ".rels") && !strings.Contains(files["[Content_Types].xml"], `PartName="/`+name+`"`) {
				t.Errorf("%s: the content types do not name %s", s.name, name)
			}
		}
		var styles struct {
			Styles []struct {
				ID string `xml:"styleId,attr"`
			} `xml:"style"`
		}
		var w word
		if err := errors.Join(xml.Unmarshal([]byte(files["word/styles.xml"]), &styles), xml.Unmarshal([]byte(files["word/document.xml"]), &w)); err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, x := range styles.Styles {
			ids = append(ids, x.ID)
		}
		look := func(all []wordParagraph) {
			for _, p := range all {
				if !slices.Contains(ids, p.Style.ID) {
					t.Errorf("%s: style %q of %q is not there", s.name, p.Style.ID, p.Text)
				}
			}
		}
		look(w.Body.Paragraphs)
		for i, table := range w.Body.Tables {
			for j, r := range table.Rows {
				width := 0
				for _, c := range r.Cells {
					look(c.Paragraphs)
					if n := len(c.Paragraphs); n == 0 {
						t.Errorf("%s: table %d has a cell without a paragraph, which Word refuses", s.name, i)
					}
					if c.Span != nil {
						width += c.Span.N - 1
					}
					width++
				}
				if width != len(table.Grid) {
					t.Errorf("%s: row %d of table %d is %d columns wide, its grid %d", s.name, j, i, width, len(table.Grid))
				}
			}
		}
		if w.Body.Page.W != 11906 || w.Body.Page.H != 16838 {
			t.Errorf("%s: the page is %+v, not A4", s.name, w.Body.Page)
		}
	}
}

func TestDOCXSaysWhatIsReported(t *testing.T) {
	body, err := document.DOCX(report())
	if err != nil {
		t.Fatal(err)
	}
	var w word
	if err := xml.Unmarshal([]byte(parts(t, body)["word/document.xml"]), &w); err != nil {
		t.Fatal(err)
	}
	var headings []string
	for _, p := range w.Body.Paragraphs {
		if strings.HasPrefix(p.Style.ID, "Heading") || p.Style.ID == "Annex" || p.Style.ID == "Caption" {
			headings = append(headings, strings.Join(p.Text, ""))
		}
	}
	if diff := cmp.Diff([]string{"I. KẾT QUẢ CHUNG", "1. Theo trụ cột", "2. Theo đơn vị", "a) Sở", "b) Huyện", "Bảng 1. Kết quả & mục tiêu", "II. KIẾN NGHỊ", "PHỤ LỤC", "Danh sách đơn vị", "I. CÁC SỞ"}, headings); diff != "" {
		t.Error(diff)
	}
	table := w.Body.Tables[1] // behind the letterhead
	if table.Rows[0].Head == nil || strings.Join(table.Rows[2].Cells[1].Paragraphs[0].Text, "") != "Hồ sơ < 15 ngày" {
		t.Errorf("the table: %+v", table)
	}
}

func TestXLSX(t *testing.T) {
	body, err := document.XLSX(report())
	if err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if diff := cmp.Diff([]string{document.AboutSheet, "Bảng 1", "Bảng 2"}, f.GetSheetList()); diff != "" {
		t.Error(diff)
	}
	rows, err := f.GetRows("Bảng 1", excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"Bảng 1. Kết quả & mục tiêu"}, {"TT", "Chỉ tiêu", "Thực hiện"}, {"Chính quyền số"}, {"1", "Hồ sơ < 15 ngày", "1234.5"}, {"", "Tổng", "7"}, {"2", "Chưa có số liệu", "–"}}
	for i := range rows {
		for n := len(rows[i]); n > 0 && rows[i][n-1] == ""; n = len(rows[i]) {
			rows[i] = rows[i][:n-1]
		}
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
	if kind, err := f.GetCellType("Bảng 1", "C4"); err != nil || kind == excelize.CellTypeInlineString || kind == excelize.CellTypeSharedString {
		t.Errorf("the number is kept as %v (%v)", kind, err)
	}
	about, err := f.GetRows(document.AboutSheet)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range [][]string{{"Kế hoạch", "mau-2025"}, {"Tính đến ngày", "30/06/2025"}, {"Lưu ý", "Số liệu mô phỏng"}} {
		if !slices.ContainsFunc(about, func(have []string) bool { return slices.Equal(have, line) }) {
			t.Errorf("the first sheet does not say %q: %q", line, about)
		}
	}
}

func TestDates(t *testing.T) {
	for _, c := range []struct {
		on   time.Time
		want string
	}{{time.Date(2025, 2, 5, 0, 0, 0, 0, time.UTC), "ngày 05 tháng 02 năm 2025"}, {time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC), "ngày 31 tháng 12 năm 2025"}, {time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), "ngày 01 tháng 3 năm 2026"}} {
		if got := document.Dated(c.on); got != c.want {
			t.Errorf("%s: %q, want %q", c.on, got, c.want)
		}
	}
}
