package web

import (
	"bytes"
	"context"
	"fmt"
	"html/template"
	"strconv"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"tiendo/pipeline/plan"
)

// runbook is what to do about each alert, ready to be shown.
type runbook struct {
	Title    string
	Sections []link
	Text     template.HTML
}

// readRunbook turns the runbook into a page: its first heading is the title, and an alert's section is found under the
// alert's name in small letters, which is where messages link to. Markup in the text is shown, not taken over.
func readRunbook(markdown []byte) (*runbook, error) {
	md := goldmark.New(goldmark.WithExtensions(extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute))), goldmark.WithParserOptions(parser.WithAutoHeadingID()))
	doc := md.Parser().Parse(text.NewReader(markdown), parser.WithContext(parser.NewContext(parser.WithIDs(anchors{}))))
	b := &runbook{}
	for n := doc.FirstChild(); n != nil; {
		next := n.NextSibling()
		if h, ok := n.(*ast.Heading); ok {
			switch said := string(h.Lines().Value(markdown)); {
			case h.Level == 1 && b.Title == "":
				b.Title = said
				doc.RemoveChild(doc, h)
			case h.Level == 2:
				id, _ := h.AttributeString("id")
				b.Sections = append(b.Sections, link{Text: said, URL: fmt.Sprintf("#%s", id)})
			}
		}
		n = next
	}
	if b.Title == "" {
		return nil, fmt.Errorf("the runbook has no heading of the first level: begin it with one")
	}
	var out bytes.Buffer
	if err := md.Renderer().Render(&out, markdown, doc); err != nil {
		return nil, fmt.Errorf("render the runbook: %w", err)
	}
	b.Text = template.HTML(out.String())
	return b, nil
}

// anchors names headings by their first word in small letters, counted where it stands again.
type anchors map[string]bool

// Generate is the name of a heading.
func (a anchors) Generate(heading []byte, _ ast.NodeKind) []byte {
	word, _, _ := strings.Cut(strings.TrimSpace(string(heading)), " ")
	name := strings.ReplaceAll(plan.Fold(word), " ", "-")
	id := name
	for n := 2; a[id]; n++ {
		id = name + "-" + strconv.Itoa(n)
	}
	a[id] = true
	return []byte(id)
}

// Put takes a name that a heading has already.
func (a anchors) Put(id []byte) { a[string(id)] = true }

// runbookPage shows what to do about each alert.
func (s *site) runbookPage(_ context.Context, a *ask) (*page, error) {
	p := s.newPage("runbook", s.runbook.Title)
	p.Nav, p.Body = s.nav(a, ""), s.runbook
	return p, nil
}
