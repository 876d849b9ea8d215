package web_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/xuri/excelize/v2"

	"tiendo/pipeline/document"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/review"
	"tiendo/pipeline/web"
	"tiendo/pipeline/web/browsertest"
	"tiendo/schema"
)

// docxText is the text of a DOCX, whose every part must be well-formed.
func docxText(t *testing.T, body []byte) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		inText := false
		for d := xml.NewDecoder(r); ; {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s is not well-formed: %v", f.Name, err)
			}
			switch x := token.(type) {
			case xml.StartElement:
				inText = f.Name == "word/document.xml" && x.Name.Local == "t"
			case xml.CharData:
				if inText {
					out.Write(x)
				}
			case xml.EndElement:
				if inText = false; x.Name.Local == "p" {
					out.WriteString(" ")
				}
			}
		}
	}
	return spaces.ReplaceAllString(out.String(), " ")
}

// TestReports holds the reports of both plans, on one store each: to fill one takes longer than to read it.
func TestReports(t *testing.T) {
	p := load(t, kienGiang)
	st, now := filled(t, p), clock(p.Demo.AsOf)
	h := site(t, p, st, now)
	t.Run("periods", func(t *testing.T) { reportPeriods(t, h) })
	t.Run("figures", func(t *testing.T) { reportFigures(t, h) })
	t.Run("none", func(t *testing.T) { noReports(t, h) })
	t.Run("stated", func(t *testing.T) { statedTables(t, h) })
	t.Run("offered", func(t *testing.T) { offeredReports(t, h) })
	t.Run("document", func(t *testing.T) { reportDocument(t, p, st, h, now) })
	t.Run("browser", func(t *testing.T) { reportInABrowser(t, h) })
	t.Run("reviews", func(t *testing.T) { reportOfReviews(t, p, st, now) })
	scores := load(t, anGiang)
	h = site(t, scores, filled(t, scores), clock(scores.Demo.AsOf))
	t.Run("scores", func(t *testing.T) { reportWithoutTargets(t, h) })
	t.Run("offered scores", func(t *testing.T) { offeredReports(t, h) })
}

// Every kind of period, of both types, as a page, a DOCX and a workbook that say the same.
func reportPeriods(t *testing.T, h http.Handler) {
	ended, open := "ngày cuối của kỳ;", "Kỳ báo cáo chưa kết thúc"
	for _, c := range []struct {
		address string
		file    string
		says    []string
		not     string
	}{
		{"/report/2025-W26", "report-2025-W26", []string{"tuần 26 năm 2025", "Số liệu tính đến ngày 29/06/2025, " + ended, "so với ngày 22/06/2025"}, open},
		{"/report/2025-W25", "report-2025-W25", []string{"Số liệu tính đến ngày 22/06/2025, " + ended}, open},
		{"/report/2025-06", "report-2025-06", []string{"tháng 6/2025 (từ ngày 01/06/2025 đến ngày 30/06/2025)", "Số liệu tính đến ngày 29/06/2025", "so với ngày 25/05/2025", open}, ""},
		{"/report/2025-06?type=report", "report-2025-06-report", []string{"(từ ngày 15/05/2025 đến ngày 14/06/2025, kỳ báo cáo)", "Số liệu tính đến ngày 08/06/2025", "so với ngày 11/05/2025"}, open},
		{"/report/2025-05", "report-2025-05", []string{"tháng 5/2025", "Số liệu tính đến ngày 25/05/2025"}, open},
		{"/report/2025-Q2", "report-2025-Q2", []string{"quý II/2025", "so với ngày 31/12/2023", open}, ""},
		{"/report/2025-Q2?type=report", "report-2025-Q2-report", []string{"quý II/2025", "Số liệu tính đến ngày 08/06/2025"}, open},
		{"/report/2025-H1", "report-2025-H1", []string{"6 tháng đầu năm 2025", open}, ""},
		{"/report/2025-H1?type=report", "report-2025-H1-report", []string{"6 tháng đầu năm 2025"}, open},
		{"/report/2023", "report-2023", []string{"năm 2023", "Số liệu tính đến ngày 31/12/2023, " + ended, "chưa có số liệu của kỳ trước để so sánh"}, open},
		{"/report/2025?type=report", "report-2025-report", []string{"(từ ngày 15/12/2024 đến ngày 14/12/2025, kỳ báo cáo)", open}, ""},
		{"/report/midterm-2023", "report-midterm-2023", []string{"Sơ kết năm 2023: kết quả thực hiện", "Kết luận tại mốc 31/12/2023", "Bằng khen", "Chưa xác định được"}, open},
		{"/report/final-2025", "report-final-2025", []string{"Tổng kết năm 2025: kết quả thực hiện", open, "so với ngày 31/12/2023"}, ""},
		{"/report/2025-06?unit=899", "report-2025-06-899", []string{"Ủy ban nhân dân thành phố Rạch Giá", "UBND TỈNH KIÊN GIANG", "TM. ỦY BAN NHÂN DÂN", "Sở Khoa học và Công nghệ (để tổng hợp)", "cùng cấp"}, "Huyện An Biên"},
		{"/report/2025-06?unit=so-noi-vu", "report-2025-06-so-noi-vu", []string{"BC-SNV", "GIÁM ĐỐC", "kết quả của Sở Nội vụ"}, "Kinh tế số"},
		{"/report/midterm-2023?unit=899", "report-midterm-2023-899", []string{"KHEN THƯỞNG"}, ""},
		{"/report/2025-06?known-on=2025-06-30", "report-2025-06", []string{"Theo số liệu đã biết đến ngày: 30/06/2025"}, ""},
	} {
		t.Run(c.address, func(t *testing.T) {
			rec := get(h, c.address)
			if rec.Code != http.StatusOK || rec.Body.Len() > most {
				t.Fatalf("%d, %d byte: %.300s", rec.Code, rec.Body.Len(), text(rec.Body.String()))
			}
			more := "?"
			if strings.Contains(c.address, "?") {
				more = "&"
			}
			docx, xlsx := get(h, c.address+more+"format=docx"), get(h, c.address+more+"format=xlsx")
			if got := docx.Header().Get("Content-Disposition"); docx.Code != http.StatusOK || !strings.Contains(got, `"`+c.file+`.docx"`) {
				t.Errorf("DOCX: %d, %s", docx.Code, got)
			}
			said := strings.NewReplacer("\u00a0", " ", " :", ":").Replace
			for kind, have := range map[string]string{"page": said(text(rec.Body.String())), "DOCX": said(docxText(t, docx.Body.Bytes()))} {
				for _, want := range append(c.says, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Kế hoạch số 243/KH-UBND", "Phiên bản phương pháp", notice, "Kiến nghị, đề xuất") {
					if !strings.Contains(strings.ToLower(have), strings.ToLower(want)) {
						t.Errorf("the %s does not say %q", kind, want)
					}
				}
				if c.not != "" && strings.Contains(have, c.not) {
					t.Errorf("the %s says %q", kind, c.not)
				}
			}
			f, err := excelize.OpenReader(bytes.NewReader(xlsx.Body.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			about, err := f.GetRows("Thông tin")
			if err != nil {
				t.Fatal(err)
			}
			names := map[string]string{}
			for _, line := range about {
				if len(line) > 1 {
					names[line[0]] = line[1]
				}
			}
			for _, name := range []string{"Kế hoạch", "Kỳ", "Tính đến ngày", "Theo số liệu đã biết đến ngày", "Bản kế hoạch", "Phiên bản phương pháp"} {
				if names[name] == "" {
					t.Errorf("the workbook does not say %s: %q", name, about)
				}
			}
			if len(f.GetSheetList()) < 3 {
				t.Errorf("the workbook has the sheets %q", f.GetSheetList())
			}
		})
	}
}

// A line that was copied out of a table still tells of which plan it is, what was known, of which day and by which method.
func statedTables(t *testing.T, h http.Handler) {
	for address, want := range map[string][]string{
		"/": {"plan", "known_on", "as_of", "method_version"}, "/heat": {"plan", "known_on", "as_of", "method_version"}, "/indicator/CQS-02": {"plan", "known_on", "as_of", "method_version"},
		"/review/2025-W26": {"plan", "known_on", "as_of", "method_version"}, "/awards/BK-TTG-2023": {"plan", "known_on", "as_of", "method_version"}, "/figure/CQS-02/91": {"plan", "known_on", "as_of", "method_version"},
		"/freshness": {"plan", "known_on", "as_of", "method_version"}, "/awards": {"plan", "known_on", "as_of", "method_version"},
	} {
		lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(get(h, address+"?format=csv").Body.String(), "\uFEFF"))).ReadAll()
		if err != nil || len(lines) == 0 {
			t.Fatalf("%s: %v", address, err)
		}
		for _, name := range want {
			n := 0
			for _, have := range lines[0] {
				if have == name {
					n++
				}
			}
			if n != 1 {
				t.Errorf("%s has %d columns %s: %q", address, n, name, lines[0])
			}
		}
	}
}

// What is not known is said to be unknown, in words, and the rows stand with the figures that are stored.
func reportFigures(t *testing.T, h http.Handler) {
	rec := get(h, "/report/2025-W26?format=xlsx")
	f, err := excelize.OpenReader(rec.Body)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sums, err := f.GetRows("Bảng 1", excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := sums[len(sums)-1]; got[0] != "Tổng số" || got[1] != "29" {
		t.Errorf("the province has 29 targets: %q", got)
	}
	rows, unknown := 0, 0
	for _, sheet := range []string{"Bảng 2", "Bảng 3", "Bảng 4"} {
		lines, err := f.GetRows(sheet, excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lines[2:] {
			rows++
			switch value, status := l[3], l[7]; {
			case value == "0":
				t.Errorf("%q is said to be 0", l[1])
			case value == "chưa có số liệu":
				unknown++
				if status != "Chưa có số liệu" {
					t.Errorf("%q is unknown and %s", l[1], status)
				}
			}
		}
	}
	if rows != 29 || unknown == 0 {
		t.Errorf("%d rows, %d unknown: want the 29 of the plan, and the unknown ones of the fixture", rows, unknown)
	}
}

func noReports(t *testing.T, h http.Handler) {
	for _, c := range []struct {
		address string
		status  int
		says    string
	}{
		{"/report/2026", http.StatusNotFound, "số liệu mới nhất là của ngày 29/06/2025"},
		{"/report/2024-02", http.StatusNotFound, "chưa có số liệu"},
		{"/report/2025-W60", http.StatusNotFound, "không phải là kỳ báo cáo"},
		{"/report/2025-06-30", http.StatusNotFound, "không phải là kỳ báo cáo"},
		{"/report/midterm-2024", http.StatusNotFound, "midterm-2023, final-2025"},
		{"/report/2025-06?type=lunar", http.StatusBadRequest, "loại kỳ báo cáo"},
		{"/report/2025-06?unit=nobody", http.StatusNotFound, "không có đơn vị mã “nobody”"},
		{"/report/2025-06?format=pdf", http.StatusBadRequest, "không có định dạng"},
		{"/report/2025-06?known-on=2025-06-29", http.StatusOK, "Tỉnh Kiên Giang chưa có số liệu nào của kỳ này."}, // not known before the day after
		{"/reports?unit=nobody", http.StatusNotFound, "không có đơn vị mã “nobody”"},
	} {
		if rec := get(h, c.address); rec.Code != c.status || !strings.Contains(text(rec.Body.String()), c.says) {
			t.Errorf("%s: %d %.300s", c.address, rec.Code, text(rec.Body.String()))
		}
	}
}

func TestNoReportsOfAnEmptyStore(t *testing.T) {
	p := load(t, kienGiang)
	empty := site(t, p, stored(t, p), clock(p.Demo.AsOf))
	for _, address := range []string{"/reports", "/report/2025-06", "/report/final-2025?format=docx"} {
		if rec := get(empty, address); rec.Code != http.StatusServiceUnavailable || !strings.Contains(text(rec.Body.String()), "Chưa có kết quả tính toán") {
			t.Errorf("%s of an empty store: %d %.200s", address, rec.Code, text(rec.Body.String()))
		}
	}
}

var hrefs = regexp.MustCompile(`href="(/report/[^"]*)"`)

// Every report that the site offers is there.
func offeredReports(t *testing.T, h http.Handler) {
	seen := map[string]bool{}
	for _, address := range []string{"/reports", "/reports?type=report"} {
		rec := get(h, address)
		links := hrefs.FindAllStringSubmatch(rec.Body.String(), -1)
		if rec.Code != http.StatusOK || len(links) < 10 {
			t.Fatalf("%s: %d, offers %d reports", address, rec.Code, len(links))
		}
		for i, l := range links {
			to := strings.ReplaceAll(l[1], "&amp;", "&")
			if seen[to] || strings.Contains(to, "-W") && i%4 > 0 { // weeks are alike
				continue
			}
			seen[to] = true
			if rec := get(h, to); rec.Code != http.StatusOK || rec.Body.Len() > most {
				t.Errorf("%s: %d, %d byte, %.200s", to, rec.Code, rec.Body.Len(), text(rec.Body.String()))
			}
		}
	}
	if rec := get(h, "/reports?period=2025-08&type=report&unit=91"); rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/report/2025-08?type=report" {
		t.Errorf("a period that is written: %d %s", rec.Code, rec.Header().Get("Location"))
	}
}

// A plan of scores has no targets: its report says so and holds none.
func reportWithoutTargets(t *testing.T, h http.Handler) {
	have := text(get(h, "/report/2025-10").Body.String())
	for _, want := range []string{"kế hoạch không đặt mục tiêu bằng số", "SỞ KHOA HỌC VÀ CÔNG NGHỆ", "UBND TỈNH AN GIANG", "Quyết định số 766/QĐ-TTg"} {
		if !strings.Contains(strings.ToLower(have), strings.ToLower(want)) {
			t.Errorf("it does not say %q", want)
		}
	}
	for _, not := range []string{"chậm tiến độ", "Mục tiêu ", "Trạng thái"} {
		if strings.Contains(have, not) {
			t.Errorf("it says %q", not)
		}
	}
}

func reportDocument(t *testing.T, p *plan.Plan, st web.Reader, h http.Handler, now func() time.Time) {
	d, err := web.ReportDocument(t.Context(), web.Options{Plan: p, Store: st, Now: now, Notice: notice}, "2025-06", plan.Report, "899", plan.NoDay)
	if err != nil {
		t.Fatal(err)
	}
	page := text(get(h, "/report/2025-06?type=report&unit=899").Body.String())
	for _, line := range d.About {
		if !strings.Contains(page, line[1]) {
			t.Errorf("the page does not say %s: %s", line[0], line[1])
		}
	}
	if _, err := web.ReportDocument(t.Context(), web.Options{Plan: p, Store: st, Now: now}, "2026", plan.Calendar, "", plan.NoDay); err == nil {
		t.Error("there is a report of a year without figures")
	}
}

// What was said and given to do in the weekly reviews stands in the report of whoever may read it there.
func reportOfReviews(t *testing.T, p *plan.Plan, st *schema.Store, now func() time.Time) {
	week, due := p.Demo.AsOf, p.Demo.AsOf-3
	figure, owner := plan.UnitKey{Code: "899", From: plan.NoDay}, plan.UnitKey{Code: "so-noi-vu", From: plan.NoDay}
	for _, e := range []struct {
		kind string
		review.Entry
	}{
		{review.Commented, review.Entry{Text: "Thiếu máy quét <ở bộ phận một cửa>", Indicator: "CQS-02", Unit: &figure}},
		{review.ActionAdded, review.Entry{Text: "Trang bị máy quét", Owner: &owner, Due: &due}},
		{review.ActionAdded, review.Entry{Text: "Tập huấn số hóa hồ sơ", Owner: &owner, Due: &due}},
		{review.ActionDone, review.Entry{Text: "Đã mở lớp", Action: 3}},
	} {
		if err := st.AppendReview(t.Context(), review.Step{At: now(), By: "ra-soat", Kind: e.kind, Week: week, Entry: e.Entry}); err != nil {
			t.Fatal(err)
		}
	}
	reviewers(t, p, st)
	base := reviewSite(t, p, st)
	in, _ := inside(t, base, "viewer")
	out := newBrowser(t, base)
	said := []string{"Thiếu máy quét <ở bộ phận một cửa>", "Trang bị máy quét", "Quá hạn", "Tập huấn số hóa hồ sơ", "Đã xong ngày", "đã giao 2 việc: 1 đã xong, 1 quá hạn, 0 đang thực hiện"}
	_, signed := in.ask("GET", "/report/2025-W26", nil)
	_, open := out.ask("GET", "/report/2025-W26", nil)
	_, earlier := in.ask("GET", "/report/2025-W25", nil)
	d, err := web.ReportDocument(t.Context(), web.Options{Plan: p, Store: st, Reviews: st, Now: now}, "2025-06", plan.Calendar, "", plan.NoDay)
	if err != nil {
		t.Fatal(err)
	}
	written, err := document.Page(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range said {
		if !strings.Contains(text(signed), want) || !strings.Contains(text(string(written)), want) {
			t.Errorf("the report of whoever has signed in, or the command's, does not say %q", want)
		}
		if strings.Contains(text(open), want) || strings.Contains(text(earlier), want) {
			t.Errorf("a report says %q to whoever may not read it, or of another week", want)
		}
	}
}

// In a browser: a report is chosen, printed on A4 without what stands around it, and had as a file.
func reportInABrowser(t *testing.T, h http.Handler) {
	ctx := browsertest.Tab(t)
	server := httptest.NewServer(h)
	defer server.Close()
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1366, 768), chromedp.Navigate(server.URL+"/reports"), chromedp.SendKeys(`input[name=period]`, "2025-06"), chromedp.Click(`.reports button`), chromedp.WaitVisible(".document h1")); err != nil {
		t.Fatal(err)
	}
	link, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector(".document-tools a").getAttribute("href")`))
	if err != nil {
		t.Fatal(err)
	}
	if have := docxText(t, get(h, link).Body.Bytes()); !strings.Contains(have, "I. KẾT QUẢ CHUNG") {
		t.Errorf("%s: %.200s", link, have)
	}
	pdf, err := chromedp.Run(ctx, chromedp.PrintToPDF(chromedp.PDFPreferCSSPageSize()))
	if err != nil {
		t.Fatal(err)
	}
	boxes := regexp.MustCompile(`/MediaBox ?\[ ?0 0 ([0-9.]+) ([0-9.]+) ?\]`).FindAllStringSubmatch(string(pdf), -1)
	if len(boxes) < 2 {
		t.Fatalf("the report prints on %d pages", len(boxes))
	}
	for _, b := range boxes {
		if !strings.HasPrefix(b[1], "59") || !strings.HasPrefix(b[2], "84") { // 595 x 842 points
			t.Errorf("a page is %s x %s points, not A4 upright", b[1], b[2])
		}
	}
	if err := chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, page *chromedp.Target) error {
		return page.Call(ctx, "Emulation.setEmulatedMedia", map[string]string{"media": "print"}, nil)
	})); err != nil {
		t.Fatal(err)
	}
	shown, err := chromedp.Run(ctx, chromedp.Evaluate[string](`[".top", "footer", ".document-tools", ".crumbs"].filter(s => { const e = document.querySelector(s); return e && e.getClientRects().length > 0 }).join()`))
	if err != nil || shown != "" {
		t.Errorf("printed with the report: %q (%v)", shown, err)
	}
}
