package document

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
)

// DOCXType is the media type of what DOCX writes.
const DOCXType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

// Measures of the page in twips (1/1440 inch): A4, margins of 30 mm left, 15 mm right, 20 mm above and below.
const (
	pageWidth, pageHeight      = 11906, 16838
	marginLeft, marginRight    = 1701, 850
	marginTop                  = 1134
	textWidth                  = pageWidth - marginLeft - marginRight
	indent                     = 567
	issuerWidth                = textWidth * 5 / 12
	wordSpace, relations       = "http://schemas.openxmlformats.org/wordprocessingml/2006/main", "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	declaration                = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	packageRelations, typeBase = "http://schemas.openxmlformats.org/package/2006/relationships", "application/vnd.openxmlformats-officedocument.wordprocessingml."
)

// DOCX is the document as Office Open XML (ECMA-376), as Word and LibreOffice read it. The same document gives the same bytes.
func DOCX(d *Document) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range []struct{ name, text string }{
		{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>` +
			`<Override PartName="/word/document.xml" ContentType="` + typeBase + `document.main+xml"/><Override PartName="/word/styles.xml" ContentType="` + typeBase + `styles+xml"/><Override PartName="/word/settings.xml" ContentType="` + typeBase + `settings+xml"/>` +
			`<Override PartName="/word/header1.xml" ContentType="` + typeBase + `header+xml"/><Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>`},
		{"_rels/.rels", `<Relationships xmlns="` + packageRelations + `"><Relationship Id="rId1" Type="` + relations + `/officeDocument" Target="word/document.xml"/>` +
			`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>`},
		{"docProps/core.xml", `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>` + escaped(d.Title()) +
			`</dc:title><dc:creator>` + escaped(d.Authority) + `</dc:creator><dc:language>vi-VN</dc:language></cp:coreProperties>`},
		{"word/_rels/document.xml.rels", `<Relationships xmlns="` + packageRelations + `"><Relationship Id="rId1" Type="` + relations + `/styles" Target="styles.xml"/>` +
			`<Relationship Id="rId2" Type="` + relations + `/header" Target="header1.xml"/><Relationship Id="rId3" Type="` + relations + `/settings" Target="settings.xml"/></Relationships>`},
		{"word/document.xml", d.wordDocument()},
		{"word/header1.xml", `<w:hdr xmlns:w="` + wordSpace + `"><w:p><w:pPr><w:pStyle w:val="Header"/></w:pPr><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> PAGE </w:instrText></w:r>` +
			`<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>2</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p></w:hdr>`},
		{"word/settings.xml", `<w:settings xmlns:w="` + wordSpace + `"><w:defaultTabStop w:val="567"/><w:compat><w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat></w:settings>`},
		{"word/styles.xml", wordStyles()},
	} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Deflate})
		if err != nil {
			return nil, fmt.Errorf("document: %s: %w", f.name, err)
		}
		if _, err := w.Write([]byte(declaration + f.text)); err != nil {
			return nil, fmt.Errorf("document: %s: %w", f.name, err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	return b.Bytes(), nil
}

// style is a paragraph style: sizes in half points, distances in twips.
type style struct {
	id, name      string
	size          int
	bold, italic  bool
	align         string
	before, after int
	first         int // indent of the first line
	outline       int // level in the outline, from 1; 0: none
	keep          bool
	extra         string // further paragraph properties, before spacing
}

// The styles of the document by their part in it.
var wordStyleList = []style{
	{id: "Normal", name: "Normal", size: 28, align: "both", after: 120, first: indent},
	{id: "Heading1", name: "heading 1", size: 26, bold: true, align: "both", before: 240, after: 120, first: indent, outline: 1, keep: true},
	{id: "Heading2", name: "heading 2", size: 28, bold: true, align: "both", before: 200, after: 120, first: indent, outline: 2, keep: true},
	{id: "Heading3", name: "heading 3", size: 28, bold: true, italic: true, align: "both", before: 160, after: 120, first: indent, outline: 3, keep: true},
	{id: "Title", name: "Title", size: 28, bold: true, align: "center", before: 280, keep: true},
	{id: "Annex", name: "Annex", size: 28, bold: true, align: "center", outline: 1, keep: true},
	{id: "Centred", name: "Centred", size: 26, align: "center"},
	{id: "Motto", name: "Motto", size: 26, bold: true, align: "center"},
	{id: "Issuer", name: "Issuer", size: 24, align: "center"},
	{id: "Address", name: "Address", size: 28, align: "center", before: 240, after: 60},
	{id: "Addressee", name: "Addressee", size: 28, align: "left"},
	{id: "Notice", name: "Notice", size: 24, bold: true, align: "center", before: 160, after: 160},
	{id: "Rule", name: "Rule", size: 4, align: "center", after: 60},
	{id: "Caption", name: "caption", size: 24, bold: true, align: "center", before: 120, after: 60, keep: true},
	{id: "Cell", name: "Cell", size: 22, align: "left"},
	{id: "Note", name: "Note", size: 24, italic: true, align: "both", after: 120},
	{id: "Blank", name: "Blank", size: 28, align: "left", after: 60, extra: fmt.Sprintf(`<w:tabs><w:tab w:val="right" w:leader="dot" w:pos="%d"/></w:tabs>`, textWidth)},
	{id: "Recipients", name: "Recipients", size: 22, align: "left"},
	{id: "Sources", name: "Sources", size: 20, align: "left"},
	{id: "Header", name: "header", size: 26, align: "center"},
}

func wordStyles() string {
	var b strings.Builder
	fmt.Fprintf(&b, `<w:styles xmlns:w="%s"><w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:eastAsia="Times New Roman" w:cs="Times New Roman"/><w:sz w:val="28"/><w:szCs w:val="28"/><w:lang w:val="vi-VN"/></w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults>`, wordSpace)
	for _, s := range wordStyleList {
		normal := ""
		if s.id == "Normal" {
			normal = ` w:default="1"`
		}
		fmt.Fprintf(&b, `<w:style w:type="paragraph"%s w:styleId="%s"><w:name w:val="%s"/>`, normal, s.id, s.name)
		if s.id != "Normal" {
			b.WriteString(`<w:basedOn w:val="Normal"/>`)
		}
		b.WriteString(`<w:qFormat/><w:pPr>`)
		if s.keep {
			b.WriteString(`<w:keepNext/>`)
		}
		b.WriteString(s.extra)
		fmt.Fprintf(&b, `<w:spacing w:before="%d" w:after="%d"/><w:ind w:firstLine="%d"/><w:jc w:val="%s"/>`, s.before, s.after, s.first, s.align)
		if s.outline > 0 {
			fmt.Fprintf(&b, `<w:outlineLvl w:val="%d"/>`, s.outline-1)
		}
		fmt.Fprintf(&b, `</w:pPr><w:rPr>%s<w:sz w:val="%d"/><w:szCs w:val="%d"/></w:rPr></w:style>`, face(s.bold, s.italic), s.size, s.size)
	}
	line := func(side string) string {
		return `<w:` + side + ` w:val="single" w:sz="4" w:space="0" w:color="000000"/>`
	}
	b.WriteString(`<w:style w:type="table" w:default="1" w:styleId="TableNormal"><w:name w:val="Normal Table"/><w:tblPr><w:tblInd w:w="0" w:type="dxa"/><w:tblCellMar><w:left w:w="60" w:type="dxa"/><w:right w:w="60" w:type="dxa"/></w:tblCellMar></w:tblPr></w:style>`)
	b.WriteString(`<w:style w:type="table" w:styleId="Grid"><w:name w:val="Table Grid"/><w:basedOn w:val="TableNormal"/><w:tblPr><w:tblBorders>` +
		line("top") + line("left") + line("bottom") + line("right") + line("insideH") + line("insideV") + `</w:tblBorders></w:tblPr></w:style></w:styles>`)
	return b.String()
}

// face are the run properties of bold and italic type.
func face(bold, italic bool) string {
	s := ""
	if bold {
		s += `<w:b/>`
	}
	if italic {
		s += `<w:i/>`
	}
	return s
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a builder takes everything
	return b.String()
}

func run(s Span) string {
	props := face(s.Bold, s.Italic)
	if props != "" {
		props = `<w:rPr>` + props + `</w:rPr>`
	}
	return `<w:r>` + props + `<w:t xml:space="preserve">` + escaped(s.Text) + `</w:t></w:r>`
}

// paragraph sets spans in a style; more are further paragraph properties.
func paragraph(style, more string, spans ...Span) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<w:p><w:pPr><w:pStyle w:val="%s"/>%s</w:pPr>`, style, more)
	for _, s := range spans {
		b.WriteString(run(s))
	}
	b.WriteString(`</w:p>`)
	return b.String()
}

func line(style, text string) string { return paragraph(style, "", Span{Text: text}) }

// rule is a short line across the middle of so wide a place.
func rule(width, length int) string {
	side := (width - length) / 2
	return paragraph("Rule", fmt.Sprintf(`<w:pBdr><w:top w:val="single" w:sz="6" w:space="1" w:color="000000"/></w:pBdr><w:ind w:left="%d" w:right="%d" w:firstLine="0"/>`, side, side))
}

// columns are two places side by side without lines.
func columns(left, right string, width int) string {
	cell := func(w int, content string) string {
		if content == "" {
			content = line("Cell", "")
		}
		return fmt.Sprintf(`<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/></w:tcPr>%s</w:tc>`, w, content)
	}
	return fmt.Sprintf(`<w:tbl><w:tblPr><w:tblW w:w="%d" w:type="dxa"/><w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid><w:gridCol w:w="%d"/><w:gridCol w:w="%d"/></w:tblGrid><w:tr><w:trPr><w:cantSplit/></w:trPr>%s%s</w:tr></w:tbl>`,
		textWidth, width, textWidth-width, cell(width, left), cell(textWidth-width, right))
}

func (d *Document) wordDocument() string {
	var b strings.Builder
	fmt.Fprintf(&b, `<w:document xmlns:w="%s" xmlns:r="%s"><w:body>`, wordSpace, relations)
	left := ""
	if d.Superior != "" {
		left = line("Issuer", strings.ToUpper(d.Superior))
	}
	left += paragraph("Issuer", "", Span{Text: strings.ToUpper(d.Authority), Bold: true}) + rule(issuerWidth, issuerWidth*2/5) + line("Centred", d.numberLine())
	if d.Kind == "" {
		left += line("Issuer", "V/v "+d.Subject)
	}
	right := paragraph("Issuer", "", Span{Text: nation, Bold: true}) + line("Motto", motto) + rule(textWidth-issuerWidth, (textWidth-issuerWidth)*3/5) + paragraph("Centred", "", Span{Text: d.dateLine(), Italic: true})
	b.WriteString(columns(left, right, issuerWidth))
	if d.Notice != "" {
		b.WriteString(line("Notice", d.Notice))
	}
	if d.Kind != "" {
		b.WriteString(line("Title", d.Kind))
		b.WriteString(paragraph("Title", `<w:spacing w:before="0"/>`, Span{Text: d.Subject}))
		b.WriteString(rule(textWidth, textWidth/5))
	}
	if len(d.To) > 0 {
		b.WriteString(line("Address", "Kính gửi: "+d.to()))
		for _, l := range d.addressees() {
			b.WriteString(paragraph("Addressee", fmt.Sprintf(`<w:ind w:left="%d" w:firstLine="0"/>`, textWidth/3), Span{Text: l}))
		}
	}
	closed := false
	for _, p := range d.parts() {
		if p.Annex != "" && !closed {
			b.WriteString(d.wordClose())
			closed = true
		}
		b.WriteString(p.word())
		if p.Annex != "" {
			b.WriteString(paragraph("Centred", `<w:spacing w:after="160"/>`, Span{Text: d.attached(), Italic: true}))
		}
	}
	if !closed {
		b.WriteString(d.wordClose())
	}
	for i, l := range d.About {
		border := ""
		if i == 0 {
			border = `<w:pBdr><w:top w:val="single" w:sz="4" w:space="4" w:color="000000"/></w:pBdr><w:spacing w:before="240"/>`
		}
		b.WriteString(paragraph("Sources", border, Span{Text: l[0] + ": ", Bold: true}, Span{Text: l[1]}))
	}
	fmt.Fprintf(&b, `<w:sectPr><w:headerReference w:type="default" r:id="rId2"/><w:pgSz w:w="%d" w:h="%d"/><w:pgMar w:top="%d" w:right="%d" w:bottom="%d" w:left="%d" w:header="567" w:footer="567" w:gutter="0"/><w:titlePg/></w:sectPr></w:body></w:document>`,
		pageWidth, pageHeight, marginTop, marginRight, marginTop, marginLeft)
	return b.String()
}

// wordClose are the recipients and the signature.
func (d *Document) wordClose() string {
	left, right := "", ""
	if len(d.Recipients) > 0 {
		left = paragraph("Recipients", "", Span{Text: "Nơi nhận:", Bold: true, Italic: true})
		for _, l := range d.recipients() {
			left += line("Recipients", l)
		}
	}
	for _, l := range d.Signer {
		right += paragraph("Centred", "", Span{Text: strings.ToUpper(l), Bold: true})
	}
	for range 5 { // the place of the signature
		right += line("Centred", "")
	}
	return line("Cell", "") + columns(left, right, textWidth/2) + line("Cell", "")
}

func (p part) word() string {
	switch {
	case p.Annex != "":
		return paragraph("Annex", `<w:pageBreakBefore/>`, Span{Text: p.Annex}) + line("Annex", p.Heading)
	case p.Level == 1:
		return line("Heading1", strings.ToUpper(p.Heading))
	case p.Level > 1:
		return line(fmt.Sprintf("Heading%d", p.Level), p.Heading)
	case p.Note != "":
		return line("Note", p.Note)
	case p.Blank != nil:
		return strings.Repeat(`<w:p><w:pPr><w:pStyle w:val="Blank"/></w:pPr><w:r><w:tab/></w:r></w:p>`, len(p.Blank))
	case p.Table != nil:
		s := ""
		if p.Caption != "" {
			s = line("Caption", p.Caption)
		}
		return s + p.Table.word() + line("Cell", "")
	}
	return paragraph("Normal", "", p.Spans...)
}

var wordAlign = map[Align]string{Left: "left", Centre: "center", Right: "right"}

func (t *Table) word() string {
	sum := 0
	for _, c := range t.Columns {
		sum += max(c.Width, 1)
	}
	widths := make([]int, len(t.Columns))
	rest := textWidth
	for i, c := range t.Columns {
		widths[i] = textWidth * max(c.Width, 1) / sum
		rest -= widths[i]
	}
	if len(widths) > 0 {
		widths[len(widths)-1] += rest
	}
	cell := func(width, span int, align Align, text string, bold bool) string {
		spans := ""
		if span > 1 {
			spans = fmt.Sprintf(`<w:gridSpan w:val="%d"/>`, span)
		}
		return fmt.Sprintf(`<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/>%s<w:vAlign w:val="center"/></w:tcPr>%s</w:tc>`, width, spans,
			paragraph("Cell", `<w:jc w:val="`+wordAlign[align]+`"/>`, Span{Text: text, Bold: bold}))
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<w:tbl><w:tblPr><w:tblStyle w:val="Grid"/><w:tblW w:w="%d" w:type="dxa"/><w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>`, textWidth)
	for _, w := range widths {
		fmt.Fprintf(&b, `<w:gridCol w:w="%d"/>`, w)
	}
	b.WriteString(`</w:tblGrid><w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>`)
	for i, c := range t.Columns {
		b.WriteString(cell(widths[i], 1, Centre, c.Title, true))
	}
	b.WriteString(`</w:tr>`)
	for _, r := range t.Rows {
		b.WriteString(`<w:tr><w:trPr><w:cantSplit/></w:trPr>`)
		if r.Group {
			text := ""
			for _, c := range r.Cells {
				text += c.Text
			}
			b.WriteString(cell(textWidth, len(t.Columns), Left, text, true))
		} else {
			for i, c := range t.Columns {
				text := ""
				if i < len(r.Cells) {
					text = r.Cells[i].Text
				}
				b.WriteString(cell(widths[i], 1, c.Align, text, r.Bold))
			}
		}
		b.WriteString(`</w:tr>`)
	}
	b.WriteString(`</w:tbl>`)
	return b.String()
}
