package document

import (
	"bytes"
	_ "embed"
	"html/template"
)

//go:embed document.html
var page string

// CSS is the style sheet of documents, on a screen and on A4. It touches nothing but what HTML writes.
//
//go:embed document.css
var CSS string

var pages = template.Must(template.New("document").Funcs(template.FuncMap{
	"nation": func() string { return nation }, "motto": func() string { return motto },
	"column": func(t *Table, i int) Column {
		if i < len(t.Columns) {
			return t.Columns[i]
		}
		return Column{}
	},
	"share": func(t *Table, width int) int {
		sum := 0
		for _, c := range t.Columns {
			sum += max(c.Width, 1)
		}
		return max(width, 1) * 100 / sum
	},
	"style": func() template.CSS { return template.CSS(CSS) },
}).Parse(page))

// view is a document as the template reads it.
type view struct {
	*Document
	Parts                                    []part
	NumberLine, DateLine, Attached, SingleTo string
	RecipientLines, ToLines                  []string
}

func (d *Document) view() view {
	return view{Document: d, Parts: d.parts(), NumberLine: d.numberLine(), DateLine: d.dateLine(), Attached: d.attached(), SingleTo: d.to(), RecipientLines: d.recipients(), ToLines: d.addressees()}
}

// HTML is the document as an element to be put into a page that has CSS.
func HTML(d *Document) (template.HTML, error) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, "article", d.view()); err != nil {
		return "", err
	}
	return template.HTML(b.String()), nil
}

// Page is the document as a file of its own, with its style in it.
func Page(d *Document) ([]byte, error) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, "page", d.view()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
