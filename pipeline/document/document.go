// Package document is an administrative document as data: the letterhead, the text, the tables and the signature block in the
// form of Nghị định 30/2020/NĐ-CP, and three writers of it: HTML to print on A4, DOCX and, of its tables, XLSX. It knows no
// plan, no figure and no store: whoever has something to report says it once, here it is only set.
package document

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The words that every document begins with (Nghị định 30/2020/NĐ-CP, Phụ lục I, Mục II.1).
const (
	nation = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
	motto  = "Độc lập - Tự do - Hạnh phúc"
)

// Document is one document. What is empty is left out, or left to be written by hand where the form asks for it.
type Document struct {
	Superior  string // who the issuing authority is under; empty: nobody is named
	Authority string // who issues it
	Number    string // empty: left to be written
	Symbol    string // behind the number: BC-SKHCN
	Place     string // of the date: Kiên Giang
	Dated     string // from Dated or Undated
	Notice    string // stands under the letterhead, framed: what the figures are, where they are not real

	Kind    string   // BÁO CÁO; empty: a letter (công văn), whose subject stands under its number
	Subject string   // what it is about
	To      []string // Kính gửi

	Body       []Block
	Recipients []string // Nơi nhận, without the marks at the ends of the lines
	Signer     []string // KT. GIÁM ĐỐC, PHÓ GIÁM ĐỐC; the place under it stays empty
	Annexes    []Annex  // behind the signature, each on a new page

	About [][2]string // where the figures come from: name and value, in small print at the end
}

// Annex is a Phụ lục.
type Annex struct {
	Title string
	Body  []Block
}

// Dated is the date of a document: ngày 05 tháng 02 năm 2025. Months from March on have no zero (Nghị định 30, II.4.b).
func Dated(t time.Time) string {
	month := fmt.Sprint(int(t.Month()))
	if t.Month() < time.March {
		month = "0" + month
	}
	return fmt.Sprintf("ngày %02d tháng %s năm %d", t.Day(), month, t.Year())
}

// Undated leaves day and month of a date to be written by hand.
func Undated(year int) string { return fmt.Sprintf("ngày ...... tháng ...... năm %d", year) }

// Block is a piece of the text: Heading, Paragraph, Item, Table, Note or Blank.
type Block interface{ block() }

// Heading opens a section; the writers number it: I., 1., a) for the levels 1 to 3.
type Heading struct {
	Level int
	Text  string
}

// Paragraph is a paragraph of text.
type Paragraph []Span

// Item is a paragraph that begins with a dash.
type Item []Span

// Span is a piece of text in one type.
type Span struct {
	Text         string
	Bold, Italic bool
}

// Text is a paragraph's text in plain type.
func Text(text string) []Span { return []Span{{Text: text}} }

// Note is a remark under a table or a section, small and in italics.
type Note string

// Blank is so many dotted lines to be written on by hand.
type Blank int

// Table is a table, numbered by the writers if it has a caption. Its head is repeated on every page.
type Table struct {
	Caption string
	Columns []Column
	Rows    []Row
}

// Column is a column of a table. Widths are shares of their sum.
type Column struct {
	Title string
	Width int
	Align Align
}

// Align is how the cells of a column stand.
type Align int

// The ways to stand.
const (
	Left Align = iota
	Centre
	Right
)

// Row is a row of cells, one for each column; of a group its one cell spans all columns.
type Row struct {
	Cells []Cell
	Group bool // a heading between rows
	Bold  bool // a sum
}

// Cell is what a cell says. Number is what a workbook holds in the place of the text; nil: the text.
type Cell struct {
	Text   string
	Number *float64
}

// Cells are cells of text.
func Cells(texts ...string) []Cell {
	all := make([]Cell, len(texts))
	for i, t := range texts {
		all[i].Text = t
	}
	return all
}

// Number is a cell with a number: text is how people read it.
func Number(text string, n float64) Cell { return Cell{Text: text, Number: &n} }

func (Heading) block()   {}
func (Paragraph) block() {}
func (Item) block()      {}
func (Note) block()      {}
func (Blank) block()     {}
func (Table) block()     {}

// part is a block as all writers set it: numbered, with one field that is not empty.
type part struct {
	Annex   string // a new page with this title over it
	Heading string
	Level   int // of the heading
	Spans   []Span
	Item    bool
	Note    string
	Blank   []struct{} // lines
	Table   *Table
	Caption string // of the table, numbered
	Sheet   string // of the table in a workbook
}

// parts numbers headings and tables, those of the annexes too.
func (d *Document) parts() []part {
	var all []part
	tables := 0
	add := func(body []Block) {
		var at [3]int
		for _, b := range body {
			var p part
			switch b := b.(type) {
			case Heading:
				level := min(max(b.Level, 1), len(at))
				at[level-1]++
				clear(at[level:])
				p.Level, p.Heading = level, numeral(level, at[level-1])+" "+b.Text
			case Paragraph:
				p.Spans = b
			case Item:
				p.Spans, p.Item = append([]Span{{Text: "- "}}, b...), true
			case Note:
				p.Note = string(b)
			case Blank:
				p.Blank = make([]struct{}, b)
			case Table:
				tables++
				p.Table, p.Sheet = &b, fmt.Sprintf("Bảng %d", tables)
				if b.Caption != "" {
					p.Caption = p.Sheet + ". " + b.Caption
				}
			}
			all = append(all, p)
		}
	}
	add(d.Body)
	for i, x := range d.Annexes {
		name := "PHỤ LỤC"
		if len(d.Annexes) > 1 {
			name += " " + roman(i+1)
		}
		all = append(all, part{Annex: name, Heading: x.Title})
		add(x.Body)
	}
	return all
}

func numeral(level, n int) string {
	switch level {
	case 1:
		return roman(n) + "."
	case 2:
		return fmt.Sprintf("%d.", n)
	}
	letters := []rune("abcdđeghiklmnopqrstuvxy")
	return string(letters[(n-1)%len(letters)]) + ")"
}

func roman(n int) string {
	var b strings.Builder
	for _, x := range []struct {
		n int
		s string
	}{{50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"}} {
		for ; n >= x.n; n -= x.n {
			b.WriteString(x.s)
		}
	}
	return b.String()
}

// numberLine is the line of number and symbol.
func (d *Document) numberLine() string {
	number := d.Number
	if number == "" {
		number = "........"
	}
	if d.Symbol == "" {
		return "Số: " + number
	}
	return "Số: " + number + "/" + d.Symbol
}

// dateLine is the line of place and date.
func (d *Document) dateLine() string {
	if d.Place == "" || d.Dated == "" {
		return d.Place + d.Dated
	}
	return d.Place + ", " + d.Dated
}

// attached says which document an annex belongs to.
func (d *Document) attached() string {
	kind := "Công văn"
	if d.Kind != "" {
		runes := []rune(strings.ToLower(d.Kind))
		kind = strings.ToUpper(string(runes[:1])) + string(runes[1:])
	}
	return fmt.Sprintf("(Kèm theo %s %s %s của %s)", kind, strings.Replace(d.numberLine(), "Số:", "số", 1), d.Dated, d.Authority)
}

// recipients are the lines of Nơi nhận with the marks that end them.
func (d *Document) recipients() []string { return ended(d.Recipients) }

// addressees are the lines of Kính gửi; a single one stands on the line of the word itself.
func (d *Document) addressees() []string {
	if len(d.To) < 2 {
		return nil
	}
	return ended(d.To)
}

func ended(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		end := ";"
		if i == len(lines)-1 {
			end = "."
		}
		out[i] = "- " + l + end
	}
	return out
}

// to is what stands behind Kính gửi.
func (d *Document) to() string {
	if len(d.To) == 1 {
		return d.To[0]
	}
	return ""
}

// Title is what the document is called in a list or a window: kind and subject.
func (d *Document) Title() string { return strings.TrimSpace(d.Kind + " " + d.Subject) }

// HasTables says whether there is anything to put into a workbook.
func (d *Document) HasTables() bool {
	return slices.ContainsFunc(d.parts(), func(p part) bool { return p.Table != nil })
}
