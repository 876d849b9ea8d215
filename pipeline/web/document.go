package web

import (
	"fmt"
	"html/template"
	"net/http"

	"tiendo/pipeline/document"
)

// documentBody is a document on a page: it prints without what stands around it.
type documentBody struct {
	Article    template.HTML
	DOCX, XLSX string // addresses; XLSX is empty where the document has no table
}

// withDocument puts a document on a page, which then has it as ?format=docx too, and its tables as ?format=xlsx. self is the
// page's address with further parameters.
func withDocument(p *page, d *document.Document, self func(pairs ...string) string) (*page, error) {
	html, err := document.HTML(d)
	if err != nil {
		return nil, err
	}
	if p.Template == "" {
		p.Template = "document"
	}
	b := &documentBody{Article: html, DOCX: self("format", "docx")}
	if d.HasTables() {
		b.XLSX = self("format", "xlsx")
	}
	p.Document, p.Body = d, b
	return p, nil
}

// documentFiles are the forms in which a document is had as a file.
var documentFiles = map[string]struct {
	write func(*document.Document) ([]byte, error)
	mime  string
}{
	"docx": {document.DOCX, document.DOCXType},
	"xlsx": {document.XLSX, document.XLSXType},
}

// documentFile answers with the page's document as a file.
func (s *site) documentFile(w http.ResponseWriter, r *http.Request, p *page, format string) {
	b, err := documentFiles[format].write(p.Document)
	if err != nil {
		s.Log.Error("document cannot be written", "path", r.URL.Path, "error", err)
		plain(w, http.StatusInternalServerError, "Văn bản bị lỗi. Đề nghị báo bộ phận kỹ thuật kèm địa chỉ của trang.\n")
		return
	}
	w.Header().Set("Content-Type", documentFiles[format].mime)
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s"`, fileName(r, p, format)))
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(b) // the reader may be gone
}
