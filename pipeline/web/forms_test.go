package web_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/xuri/excelize/v2"

	"tiendo/collectors"
	"tiendo/collectors/reportform"
	"tiendo/pipeline/access"
	"tiendo/pipeline/draft"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/run"
	"tiendo/pipeline/web"
	"tiendo/pipeline/web/browsertest"
	"tiendo/schema"
)

// desk hands in to a store as the program's own does.
type desk struct {
	*reportform.Desk
	runner run.Runner
	broken bool // landing fails
	landed int
	mu     sync.Mutex
}

func (d *desk) Blank(_ context.Context, k draft.Key, w io.Writer) error {
	return d.Desk.Blank(k, nil, w)
}

func (d *desk) Land(ctx context.Context, k draft.Key, version uint64, body []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.broken {
		return fmt.Errorf("the store went away")
	}
	d.landed++
	_, err := d.runner.Take(ctx, run.Job{Source: "forms", Collector: d.Reader(k)}, d.Page(k, version, body))
	return err
}

// handing is a site where forms are handed in, with an account for every role.
type handing struct {
	t     *testing.T
	plan  *plan.Plan
	st    *schema.Store
	desk  *desk
	base  string
	today func() time.Time
}

var formRoles = []access.Account{
	{Name: "officer-899", Role: access.Officer, Unit: plan.UnitKey{Code: "899", From: plan.NoDay}},
	{Name: "head-899", Role: access.Head, Unit: plan.UnitKey{Code: "899", From: plan.NoDay}},
	{Name: "officer-900", Role: access.Officer, Unit: plan.UnitKey{Code: "900", From: plan.NoDay}},
	{Name: "head-900", Role: access.Head, Unit: plan.UnitKey{Code: "900", From: plan.NoDay}},
	{Name: "officer-commune", Role: access.Officer, Unit: plan.UnitKey{Code: "30730", From: plan.NoDay}}, // lies in 899
	{Name: "reviewer", Role: access.Reviewer},
	{Name: "approver", Role: access.Approver},
	{Name: "viewer", Role: access.Viewer},
	{Name: "admin", Role: access.Admin},
}

func handingIn(t *testing.T, p *plan.Plan, st *schema.Store) *handing {
	t.Helper()
	hash := access.Hash(password)
	for _, a := range formRoles {
		a.Password = hash
		if err := st.SaveAccount(t.Context(), a, access.AccountAdded, "t", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	now := clock(p.Demo.AsOf)
	d, err := reportform.NewDesk([]collectors.Source{{ID: "forms", Kind: "reportform", File: "forms.yaml", Path: "-"}}, collectors.Deps{Plan: p, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	h := &handing{t: t, plan: p, st: st, desk: &desk{Desk: d, runner: run.Runner{Store: st, Catalogue: st, Now: now}}, today: now}
	h.base = opened(t, web.Options{Plan: p, Store: st, Access: st, Forms: h.desk, Drafts: st, Now: now, Notice: notice})
	return h
}

// as is a browser in which the account is signed in.
func (h *handing) as(name string) browser {
	h.t.Helper()
	b := newBrowser(h.t, h.base)
	if res, body := b.signIn(name, password, "/"); res.StatusCode != http.StatusSeeOther {
		h.t.Fatalf("%s cannot sign in: %s", name, text(body))
	}
	return b
}

// upload sends a file to an entry and follows to the preview.
func (b browser) upload(path, name string, data []byte) (int, string, string) {
	b.t.Helper()
	_, page := b.ask("GET", "/runbook", nil) // the header has the token
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	m.WriteField("token", tokenOf(b.t, page))
	if name != "" {
		w, err := m.CreateFormFile("file", name)
		if err != nil {
			b.t.Fatal(err)
		}
		w.Write(data)
	}
	m.Close()
	r, err := http.NewRequestWithContext(b.t.Context(), "POST", b.base+path+"/upload", &body)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", m.FormDataContentType())
	res, err := b.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if to := res.Header.Get("Location"); to != "" {
		_, shown := b.ask("GET", to, nil)
		return res.StatusCode, to, shown
	}
	return res.StatusCode, "", string(said)
}

// send posts to an entry with the version that its page shows.
func (b browser) send(path, do string, form url.Values) (*http.Response, string) {
	b.t.Helper()
	_, page := b.ask("GET", "/runbook", nil) // the header has the token
	form.Set("token", tokenOf(b.t, page))
	return b.ask("POST", path+"/"+do, form)
}

var versionField = regexp.MustCompile(`name="version" value="(\d+)"`)

func versionOf(t *testing.T, page string) string {
	t.Helper()
	m := versionField.FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no version in: %s", text(page))
	}
	return m[1]
}

// events are the actions done to a draft.
func (h *handing) events(form, unit, period string) (all []string) {
	h.t.Helper()
	key := plan.UnitKey{Code: unit, From: plan.NoDay}
	events, err := h.st.Drafts(h.t.Context(), draft.Query{Form: form, Unit: &key, Period: period})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, e := range events {
		all = append(all, string(e.Action))
	}
	return all
}

// counted is what counts of a measure for a unit's period, and the payload that it came with.
func (h *handing) counted(measure, unit, period string) (value int64, sha string) {
	h.t.Helper()
	p, err := plan.ParsePeriod(plan.Report, period)
	if err != nil {
		h.t.Fatal(err)
	}
	all, _, err := h.st.Inputs(h.t.Context(), web.InputQuery{Measures: []string{measure}, Sources: []string{"forms"}, Units: []plan.UnitKey{{Code: unit, From: plan.NoDay}}, From: p.End, To: p.End, KnownOn: plan.NoDay, Most: 10})
	if err != nil {
		h.t.Fatal(err)
	}
	if len(all) == 0 {
		return -1, ""
	}
	return all[0].Value, all[0].SHA256
}

// fillForm writes figures into the open cells of a template's only row, in the order of the columns.
func fillForm(t *testing.T, workbook []byte, figures ...any) []byte {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(workbook))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sheet := f.GetSheetList()[0]
	rows, err := f.GetRows(sheet)
	if err != nil {
		t.Fatal(err)
	}
	n := slices.IndexFunc(rows, func(r []string) bool { return len(r) > 2 && r[0] == "Mã đơn vị" }) + 2
	for i, v := range figures {
		ref, err := excelize.CoordinatesToCellName(i+3, n)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.SetCellValue(sheet, ref, v); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const kts04 = "/forms/BM-KTS-04/899/2025-Q2"

// TestForms hands forms in beside figures that are shown.
func TestForms(t *testing.T) {
	p := load(t, kienGiang)
	h := handingIn(t, p, filled(t, p))
	t.Run("from the template to the figure", func(t *testing.T) { fromTemplateToFigure(t, h) })
	t.Run("rights", func(t *testing.T) { formRights(t, h) })
}

// From the empty form to the figure that counts and the page that it leads to; then again with a reason.
func fromTemplateToFigure(t *testing.T, h *handing) {
	h.t = t
	officer, head := h.as("officer-899"), h.as("head-899")

	if res, body := officer.ask("GET", "/forms", nil); res.StatusCode != 200 || !strings.Contains(body, `href="`+kts04+`"`) || !strings.Contains(text(body), "Quá hạn") {
		t.Fatalf("the officer's list: %d %s", res.StatusCode, text(body))
	}
	res, template := officer.ask("GET", kts04+".xlsx", nil)
	if res.StatusCode != 200 || !strings.Contains(res.Header.Get("Content-Disposition"), "bm-kts-04-899-2025-q2.xlsx") {
		t.Fatalf("template: %d %v", res.StatusCode, res.Header)
	}
	status, preview, shown := officer.upload(kts04, "Báo cáo.xlsx", fillForm(t, []byte(template), 40, 80))
	if status != http.StatusSeeOther || !strings.Contains(text(shown), "2 ô mới") || strings.Contains(text(shown), "Lý do điều chỉnh") {
		t.Fatalf("preview %d: %s", status, text(shown))
	}
	if v, _ := h.counted("KTS-04.numerator", "899", "2025-Q2"); v != -1 || len(h.events("BM-KTS-04", "899", "2025-Q2")) != 0 {
		t.Fatalf("a preview counts: %d, or is a draft", v)
	}
	sha := preview[strings.LastIndex(preview, "/")+1:]
	if res, body := officer.send(kts04, "save", url.Values{"sha256": {sha}, "version": {versionOf(t, shown)}}); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("save: %d %s", res.StatusCode, text(body))
	}
	_, page := officer.ask("GET", kts04, nil)
	if s := text(page); !strings.Contains(s, "Nháp") || strings.Contains(s, "Xác nhận số liệu") {
		t.Fatalf("the draft: %s", s)
	}
	_, seen := head.ask("GET", kts04, nil)
	if res, body := head.send(kts04, "confirm", url.Values{"version": {"1"}}); res.StatusCode != http.StatusConflict {
		t.Errorf("a draft that was not submitted is confirmed: %d %s", res.StatusCode, text(body))
	}
	if strings.Contains(text(seen), "Trình xác nhận") || strings.Contains(text(seen), "Nộp biểu") {
		t.Errorf("the head is offered what only the officer may: %s", text(seen))
	}
	if res, _ := officer.send(kts04, "submit", url.Values{"version": {versionOf(t, page)}}); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("submit: %d", res.StatusCode)
	}
	if res, _ := head.send(kts04, "return", url.Values{"version": {"2"}, "reason": {" "}}); res.StatusCode != http.StatusBadRequest {
		t.Errorf("returned without a reason: %d", res.StatusCode)
	}
	if res, _ := head.send(kts04, "return", url.Values{"version": {"2"}, "reason": {"Thiếu doanh nghiệp mới"}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("return: %d", res.StatusCode)
	}
	if _, page := officer.ask("GET", kts04, nil); !strings.Contains(text(page), "Lý do trả lại: Thiếu doanh nghiệp mới") {
		t.Errorf("the reason is not shown: %s", text(page))
	}
	if res, _ := officer.send(kts04, "submit", url.Values{"version": {"3"}}); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("submit again: %d", res.StatusCode)
	}
	if v, _ := h.counted("KTS-04.numerator", "899", "2025-Q2"); v != -1 {
		t.Fatalf("a draft counts: %d", v)
	}

	// Landing that is cut short is done again, and confirming twice changes nothing.
	h.desk.broken = true
	if res, _ := head.send(kts04, "confirm", url.Values{"version": {"4"}}); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("confirmed without a store: %d", res.StatusCode)
	}
	h.desk.broken = false
	_, page = head.ask("GET", kts04, nil)
	if !strings.Contains(text(page), "Nạp lại") || versionOf(t, page) != "5" {
		t.Fatalf("cut short: %s", text(page))
	}
	if _, page := officer.ask("GET", kts04, nil); strings.Contains(page, `type="file"`) {
		t.Error("a new file is taken while the confirmed one is landed")
	}
	for range 2 {
		if res, body := head.send(kts04, "confirm", url.Values{"version": {"5"}}); res.StatusCode != http.StatusSeeOther {
			t.Fatalf("confirm: %d %s", res.StatusCode, text(body))
		}
	}
	value, payload := h.counted("KTS-04.numerator", "899", "2025-Q2")
	if value != 40 || h.desk.landed != 1 {
		t.Fatalf("value %d, landed %d times", value, h.desk.landed)
	}
	if got := strings.Join(h.events("BM-KTS-04", "899", "2025-Q2"), " "); got != "saved submitted returned submitted confirmed landed" {
		t.Errorf("events %s", got)
	}
	_, page = officer.ask("GET", kts04, nil)
	if s := text(page); !strings.Contains(s, "Đã xác nhận") || !strings.Contains(page, "/payload/forms/"+payload) {
		t.Errorf("the entry: %s", s)
	}
	res, body := officer.ask("GET", "/payload/forms/"+payload, nil)
	if res.StatusCode != 200 || !strings.Contains(text(body), "forms/BM-KTS-04/899/2025-Q2 draft 5") || strings.Contains(body, "Báo cáo.xlsx") || strings.Contains(text(body), "head-899") && !strings.Contains(text(body), "Đăng xuất") {
		t.Errorf("payload %d: %s", res.StatusCode, text(body))
	}
	if res, body := officer.ask("GET", "/figure/KTS-04/899", nil); res.StatusCode != 200 || !strings.Contains(body, payload) {
		t.Errorf("the figure does not lead to the payload: %d", res.StatusCode)
	}

	// Again, with other figures: a restatement, which needs a reason, by the department on the unit's behalf.
	reviewer, approver := h.as("reviewer"), h.as("approver")
	_, preview, shown = reviewer.upload(kts04, "a.xlsx", fillForm(t, []byte(template), 50, 80))
	if s := text(shown); !strings.Contains(s, "1 ô thay đổi") || !strings.Contains(s, "trước: 40") || !strings.Contains(s, "sẽ là: 50") || !strings.Contains(s, "Lý do điều chỉnh") {
		t.Fatalf("preview of a restatement: %s", s)
	}
	again := url.Values{"sha256": {preview[strings.LastIndex(preview, "/")+1:]}, "version": {versionOf(t, shown)}, "then": {"submit"}}
	if res, body := reviewer.send(kts04, "save", again); res.StatusCode != http.StatusBadRequest || !strings.Contains(text(body), "lý do") {
		t.Fatalf("a restatement without a reason: %d %s", res.StatusCode, text(body))
	}
	again.Set("reason", "Rà soát lại danh sách\ndoanh nghiệp")
	if res, body := reviewer.send(kts04, "save", again); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("save: %d %s", res.StatusCode, text(body))
	}
	if res, _ := reviewer.send(kts04, "confirm", url.Values{"version": {"8"}}); res.StatusCode != http.StatusForbidden {
		t.Errorf("the reviewer confirms what he entered: %d", res.StatusCode)
	}
	if res, body := approver.send(kts04, "confirm", url.Values{"version": {"8"}}); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("confirm: %d %s", res.StatusCode, text(body))
	}
	value, second := h.counted("KTS-04.numerator", "899", "2025-Q2")
	if value != 50 || second == payload {
		t.Errorf("the restatement does not count: %d from %.8s", value, second)
	}
	z, err := h.st.Payload(t.Context(), "forms", second)
	if err != nil || z == nil || !bytes.Contains(z.Body, []byte(`"reason":"Rà soát lại danh sách doanh nghiệp"`)) {
		t.Errorf("the reason is not landed: %v %s", err, z.Body)
	}
	if all, n, err := h.st.Restatements(t.Context(), time.Time{}, 10); err != nil || n != 1 || all[0].Was != 40 || all[0].Now != 50 {
		t.Errorf("restatements: %v %v", all, err)
	}

	// The audit log tells of all of it, and is whole.
	rows, err := h.st.Audit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, r := range rows {
		if strings.HasPrefix(r.Action, "draft_") && r.Subject == "BM-KTS-04 899 2025-Q2" {
			told = append(told, r.Actor+" "+strings.TrimPrefix(r.Action, "draft_"))
		}
	}
	want := "officer-899 uploaded,officer-899 saved,officer-899 submitted,head-899 returned,officer-899 submitted,head-899 confirmed,head-899 landed,reviewer uploaded,reviewer saved,reviewer submitted,approver confirmed,approver landed"
	if got := strings.Join(told, ","); got != want {
		t.Errorf("the log tells\n%s, want\n%s", got, want)
	}
	if p := access.Verify(h.plan.Code, rows, nil); len(p) > 0 {
		t.Error(p)
	}
}

// TestFormsBeforeAnyFigure hands forms in where nothing counts yet.
func TestFormsBeforeAnyFigure(t *testing.T) {
	p := load(t, kienGiang)
	h := handingIn(t, p, stored(t, p))
	t.Run("refused", func(t *testing.T) { formThatIsRefused(t, h) })
	t.Run("templates", func(t *testing.T) { everyFormHasATemplate(t, h) })
	t.Run("two at once", func(t *testing.T) { twoAtOnce(t, h) })
	t.Run("in a browser", func(t *testing.T) { formsInABrowser(t, h) })
}

// What is wrong with a file is said in Vietnamese with what to do, and nothing is kept of it.
func formThatIsRefused(t *testing.T, h *handing) {
	h.t = t
	officer := h.as("officer-899")
	csv := func(form, version, kind, period string, rows ...string) []byte {
		return []byte("Mẫu số," + form + "\nPhiên bản," + version + "\nLoại kỳ," + kind + "\nKỳ," + period + "\n\nMã đơn vị,Tên đơn vị,Số doanh nghiệp sử dụng hợp đồng điện tử,Số doanh nghiệp đang hoạt động\n" + strings.Join(rows, "\n") + "\n")
	}
	good := "899,Rạch Giá,40,80"
	_, template := officer.ask("GET", kts04+".xlsx", nil)
	for _, c := range []struct {
		name, file string
		data       []byte
		want       []string
		kept       bool // rows beside are taken
	}{
		{"text in a number", "a.xlsx", fillForm(t, []byte(template), "bốn mươi", 80), []string{"ô C10", "“bốn mươi” không phải là số", "hãy ghi số nguyên không âm"}, false},
		{"over the denominator", "a.csv", csv("BM-KTS-04", "1", "báo cáo", "2025-Q2", "899,x,90,80"), []string{"90 lớn hơn 80", "hãy kiểm tra hai ô"}, false},
		{"unknown unit", "a.csv", csv("BM-KTS-04", "1", "báo cáo", "2025-Q2", "12345,x,40,80", good), []string{"mã đơn vị “12345” không có trong kỳ", "2 ô mới", "dòng 8 của tệp"}, true},
		{"another unit", "a.csv", csv("BM-KTS-04", "1", "báo cáo", "2025-Q2", "900,x,40,80", good), []string{"dòng của Thành phố Hà Tiên: mỗi đơn vị chỉ gửi số liệu của mình"}, true},
		{"another unit alone", "a.csv", csv("BM-KTS-04", "1", "báo cáo", "2025-Q2", "900,x,40,80"), []string{"Không nhận được tệp", "mỗi đơn vị chỉ gửi số liệu của mình"}, false},
		{"an empty denominator", "a.csv", csv("BM-KTS-04", "1", "báo cáo", "2025-Q2", "899,x,40,"), []string{"thiếu mẫu số"}, false},
		{"old version", "a.csv", csv("BM-KTS-04", "0", "báo cáo", "2025-Q2", good), []string{"hiện hành là phiên bản 1: hãy dùng mẫu mới"}, false},
		{"wrong period", "a.csv", csv("BM-KTS-04", "1", "báo cáo", "2025-Q1", good), []string{"tệp ghi kỳ 2025-Q1, trang này nhận kỳ 2025-Q2"}, false},
		{"wrong kind of period", "a.csv", csv("BM-KTS-04", "1", "lịch", "2025-Q2", good), []string{"hãy sửa loại kỳ"}, false},
		{"wrong form", "a.csv", csv("BM-KTS-05", "1", "báo cáo", "2025-Q2", good), []string{"tệp là biểu BM-KTS-05", "trang này nhận biểu BM-KTS-04"}, false},
		{"no form", "a.csv", []byte("a,b,c\n1,2,3\n"), []string{"hãy dùng mẫu do hệ thống phát hành"}, false},
		{"untouched", "a.xlsx", []byte(template), []string{"tệp chưa điền số liệu nào"}, false},
		{"not a workbook", "a.xlsx", []byte("%PDF-1.7 and so on"), []string{"tệp Excel bị hỏng"}, false},
		{"an old workbook", "a.xls", []byte{0xD0, 0xCF, 0x11, 0xE0}, []string{"lưu lại dạng .xlsx"}, false},
		{"a picture", "a.png", []byte("x"), []string{"không phải tệp .xlsx hoặc .csv"}, false},
		{"empty", "a.csv", nil, []string{"tệp rỗng"}, false},
		{"unpacks to a flood", "a.xlsx", flood(t), []string{"tệp bung ra lớn hơn 32 MB"}, false},
		{"no file", "", nil, []string{"Chưa chọn tệp"}, false},
		{"too large", "a.csv", bytes.Repeat([]byte("1,2\n"), 9<<18), []string{"không được vượt quá 8 MB"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			officer.t = t
			status, preview, shown := officer.upload(kts04, c.file, c.data)
			said := strings.NewReplacer(`"`, "“").Replace(text(shown))
			said = regexp.MustCompile(`“([^“]*)“`).ReplaceAllString(said, "“$1”")
			for _, w := range c.want {
				if !strings.Contains(said, w) {
					t.Errorf("%d: no %q in: %s", status, w, said)
				}
			}
			if c.kept != (preview != "") {
				t.Errorf("kept: %q", preview)
			}
			if strings.Contains(shown, "button name=\"then\"") != c.kept {
				t.Error("a button to save where there is nothing to save, or none")
			}
		})
	}
	officer.t = t
	if got := h.events("BM-KTS-04", "899", "2025-Q2"); len(got) > 0 {
		t.Errorf("drafts: %v", got)
	}
	if rejects, err := h.st.Rejects(t.Context(), "forms", 10); err != nil || len(rejects) > 0 {
		t.Errorf("what was only previewed is stored: %v %v", rejects, err)
	}
	if res, body := officer.send(kts04, "save", url.Values{"sha256": {strings.Repeat("0", 64)}, "version": {"0"}}); res.StatusCode != http.StatusNotFound {
		t.Errorf("what was not uploaded is saved: %d %s", res.StatusCode, text(body))
	}
	for _, path := range []string{"/forms/BM-KTS-04/899/2025-Q3", "/forms/BM-KTS-04/899/2026-Q4", "/forms/BM-KTS-04/899/2025-06", "/forms/BM-KTS-04/30730/2025-Q2", "/forms/BM-KTS-04/91/2025-Q2", "/forms/DM-COSO/91/2025-06-29", "/forms/XX/899/2025-Q2", "/forms/BM-KTS-04/899/2022-Q1"} {
		if res, body := officer.ask("GET", path, nil); res.StatusCode != http.StatusNotFound || strings.Contains(body, `type="file"`) {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}

// flood is a small workbook that unpacks to more than a form may have.
func flood(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	for range 40 {
		w.Write(make([]byte, 1<<20))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Every address of a draft, asked and sent by every role: a draft belongs to one unit.
func formRights(t *testing.T, h *handing) {
	h.t = t
	const at = "/forms/BM-KTS-05/899/2025-Q2"
	officer := h.as("officer-899")
	_, template := officer.ask("GET", at+".xlsx", nil)
	const secret = 123_457
	_, preview, shown := officer.upload(at, "a.xlsx", fillForm(t, []byte(template), secret, 200_003))
	sha := preview[strings.LastIndex(preview, "/")+1:]
	if res, body := officer.send(at, "save", url.Values{"sha256": {sha}, "version": {versionOf(t, shown)}, "then": {"submit"}}); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %s", res.StatusCode, text(body))
	}
	before := h.events("BM-KTS-05", "899", "2025-Q2")
	last, err := h.st.Drafts(t.Context(), draft.Query{Form: "BM-KTS-05"})
	if err != nil {
		t.Fatal(err)
	}
	held := last[len(last)-1].SHA256
	reads := []string{at, at + ".xlsx", at + "?format=csv", at + "?format=xlsx", at + "/preview/" + sha, at + "/preview/" + held, at + "/preview/" + sha + "?format=csv"}
	writes := []struct {
		do  string
		may string // roles, by their letter below
	}{
		{"save", "o r"}, {"submit", "o r"}, {"withdraw", "o r"}, {"return", "h a"}, {"confirm", "h a"},
	}
	who := map[string]struct {
		reads, owns bool
		letter      string
	}{
		"officer-899": {true, true, "o"}, "head-899": {true, true, "h"}, "reviewer": {true, false, "r"}, "approver": {true, false, "a"},
		"officer-900": {}, "head-900": {}, "officer-commune": {}, "viewer": {}, "admin": {}, "": {},
	}
	shows := func(body string) bool { return strings.Contains(body, "123.457") || strings.Contains(body, "123457") }
	for name, is := range who {
		t.Run("by "+name, func(t *testing.T) {
			b := newBrowser(t, h.base)
			if name != "" {
				b = h.as(name)
				b.t = t
			}
			for _, path := range reads {
				res, body := b.ask("GET", path, nil)
				if want := map[bool]int{true: 200, false: 403}[is.reads]; res.StatusCode != want {
					t.Errorf("GET %s: %d, want %d", path, res.StatusCode, want)
				}
				if !is.reads && shows(body) {
					t.Errorf("GET %s shows the draft", path)
				}
			}
			// the same hash below another unit's address is nothing
			for _, other := range []string{"/forms/BM-KTS-05/900/2025-Q2/preview/" + sha, "/forms/BM-KTS-04/899/2025-Q2/preview/" + sha, "/payload/forms/" + sha, "/payload/forms/" + held, "/payload/forms/" + held + "/body"} {
				if res, body := b.ask("GET", other, nil); res.StatusCode != 404 && res.StatusCode != 403 || shows(body) {
					t.Errorf("GET %s: %d", other, res.StatusCode)
				}
			}
			for _, list := range []string{"/forms", "/forms?unit=899", "/forms?form=BM-KTS-05"} {
				res, body := b.ask("GET", list, nil)
				allowed := is.reads || list != "" && strings.HasPrefix(name, "officer") || strings.HasPrefix(name, "head")
				if want := map[bool]int{true: 200, false: 403}[allowed]; res.StatusCode != want {
					t.Errorf("GET %s: %d, want %d", list, res.StatusCode, want)
				}
				if !is.reads && (strings.Contains(body, "/899/") || strings.Contains(text(body), "Chờ xác nhận")) {
					t.Errorf("GET %s tells of the unit's drafts: %s", list, text(body))
				}
			}
			// no page and no table for programs has it
			for _, open := range []string{"/figure/KTS-05/899", "/indicator/KTS-05?unit=899", "/unit/899", "/freshness", "/api/v1/progress?unit=899", "/api/v1/restatements"} {
				if _, body := b.ask("GET", open, nil); shows(body) {
					t.Errorf("GET %s shows the draft", open)
				}
			}
			for _, w := range writes {
				form := url.Values{"version": {"999"}, "sha256": {sha}, "reason": {"x"}}
				var status int
				if name == "" {
					res, _ := b.ask("POST", at+"/"+w.do, form)
					status = res.StatusCode
				} else {
					res, _ := b.send(at, w.do, form)
					status = res.StatusCode
				}
				allowed := is.letter != "" && strings.Contains(w.may, is.letter)
				if want := map[bool]int{true: http.StatusConflict, false: http.StatusForbidden}[allowed]; status != want {
					t.Errorf("POST %s: %d, want %d", w.do, status, want)
				}
			}
			if name != "" {
				status, to, body := b.upload(at, "a.csv", []byte("x"))
				if allowed := strings.Contains("o r", is.letter) && is.letter != ""; allowed != (status == 200) || !allowed && (status != 403 || to != "" || shows(body)) {
					t.Errorf("upload: %d", status)
				}
				// with the token of nobody's session
				if res, _ := b.ask("POST", at+"/confirm", url.Values{"version": {"2"}, "token": {strings.Repeat("a", 64)}}); res.StatusCode != http.StatusForbidden {
					t.Errorf("without the token: %d", res.StatusCode)
				}
			}
			if got := h.events("BM-KTS-05", "899", "2025-Q2"); !slices.Equal(got, before) {
				t.Fatalf("the draft was changed: %v", got)
			}
		})
	}
	if v, _ := h.counted("KTS-05.numerator", "899", "2025-Q2"); v != -1 {
		t.Errorf("it counts: %d", v)
	}
}

// Two who confirm at the same moment land it once; so do two who save: the second is told to look again.
func twoAtOnce(t *testing.T, h *handing) {
	h.t = t
	const at = "/forms/BM-KTS-05/899/2025-Q2"
	officer := h.as("officer-899")
	_, template := officer.ask("GET", at+".xlsx", nil)
	_, preview, shown := officer.upload(at, "a.xlsx", fillForm(t, []byte(template), 40, 80))
	save := func(b browser) int {
		res, _ := b.send(at, "save", url.Values{"sha256": {preview[strings.LastIndex(preview, "/")+1:]}, "version": {versionOf(t, shown)}})
		return res.StatusCode
	}
	both := func(a, b func() int) []int {
		got := make([]int, 2)
		var wg sync.WaitGroup
		wg.Go(func() { got[0] = a() })
		wg.Go(func() { got[1] = b() })
		wg.Wait()
		slices.Sort(got)
		return got
	}
	reviewer := h.as("reviewer")
	if got := both(func() int { return save(officer) }, func() int { return save(reviewer) }); !slices.Equal(got, []int{http.StatusSeeOther, http.StatusConflict}) {
		t.Fatalf("two save: %v", got)
	}
	if res, _ := officer.send(at, "submit", url.Values{"version": {"1"}}); res.StatusCode != http.StatusSeeOther {
		t.Fatal(res.StatusCode)
	}
	head, approver := h.as("head-899"), h.as("approver")
	confirm := func(b browser) func() int {
		return func() int {
			res, _ := b.send(at, "confirm", url.Values{"version": {"2"}})
			return res.StatusCode
		}
	}
	if got := both(confirm(head), confirm(approver)); !slices.Equal(got, []int{http.StatusSeeOther, http.StatusSeeOther}) {
		t.Errorf("two confirm: %v", got)
	}
	if got := strings.Join(h.events("BM-KTS-05", "899", "2025-Q2"), " "); got != "saved submitted confirmed landed" || h.desk.landed != 1 {
		t.Errorf("%s; landed %d times", got, h.desk.landed)
	}
}

// Every form that units hand in: the empty form of a unit for the newest closed period opens and has the form's version. So do the
// registers, which are kept by the day, for those who see all units.
func everyFormHasATemplate(t *testing.T, h *handing) {
	h.t = t
	reviewer := h.as("reviewer")
	_, list := reviewer.ask("GET", "/forms", nil)
	n := 0
	for _, m := range regexp.MustCompile(`href="(/forms\?form=[^"]+)"`).FindAllStringSubmatch(list, -1) {
		n++
		_, units := reviewer.ask("GET", m[1], nil)
		link := regexp.MustCompile(`href="(/forms/[^"]+\.xlsx)"`).FindStringSubmatch(units)
		if link == nil {
			t.Errorf("%s leads to no template", m[1])
			continue
		}
		res, body := reviewer.ask("GET", link[1], nil)
		f, err := excelize.OpenReader(strings.NewReader(body))
		if res.StatusCode != 200 || err != nil {
			t.Errorf("%s: %d %v", link[1], res.StatusCode, err)
			continue
		}
		if v, err := f.GetCellValue(f.GetSheetList()[0], "B3"); err != nil || v == "" {
			t.Errorf("%s has no version: %v", link[1], err)
		}
		f.Close()
	}
	want := 0
	for _, f := range h.plan.Forms {
		if f.Rhythm != plan.Daily {
			want++
		}
	}
	if n != want {
		t.Errorf("%d forms are listed, the plan has %d", n, want)
	}
	officer := h.as("officer-899")
	if _, own := officer.ask("GET", "/forms", nil); strings.Contains(own, "DM-COSO") {
		t.Error("a unit's officer is shown the registers of the province")
	}
	for _, c := range []struct{ address, code, day, row string }{{"/forms/DM-COSO/91/2025-06-30.xlsx", "DM-COSO", "2025-06-30", "Mã xã nơi đặt cơ sở"}, {"/forms/DM-GOC/91/2022-06-30.xlsx", "DM-GOC", "2022-06-30", "XHS-10"}} {
		if !strings.Contains(list, `href="`+c.address+`"`) {
			t.Errorf("the list does not lead to %s", c.address)
		}
		if res, _ := officer.ask("GET", c.address, nil); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s for a unit's officer: %d", c.address, res.StatusCode)
		}
		res, body := reviewer.ask("GET", c.address, nil)
		f, err := excelize.OpenReader(strings.NewReader(body))
		if res.StatusCode != http.StatusOK || err != nil {
			t.Errorf("%s: %d %v", c.address, res.StatusCode, err)
			continue
		}
		rows, err := f.GetRows(f.GetSheetList()[0])
		if said := fmt.Sprint(rows); err != nil || !strings.Contains(said, c.code) || !strings.Contains(said, c.day) || !strings.Contains(said, c.row) {
			t.Errorf("%s: %v %s", c.address, err, said)
		}
		f.Close()
		if res, _ := reviewer.ask("GET", strings.TrimSuffix(c.address, ".xlsx"), nil); res.StatusCode != http.StatusNotFound {
			t.Errorf("a register has a page of drafts: %d", res.StatusCode)
		}
	}
}

// A good form and a bad one in a real browser, by the one who enters and the one who confirms.
func formsInABrowser(t *testing.T, h *handing) {
	h.t = t
	ctx := browsertest.Tab(t)
	dir := t.TempDir()
	file := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	_, template := h.as("officer-899").ask("GET", kts04+".xlsx", nil)
	good, bad := file("good.xlsx", fillForm(t, []byte(template), 40, 80)), file("bad.xlsx", fillForm(t, []byte(template), 90, 80))
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	says := func(want string) {
		t.Helper()
		said := ""
		for range 100 { // the click has been sent, the next page may be on its way
			var err error
			if said, err = chromedp.Run(ctx, chromedp.Text("main")); err == nil && strings.Contains(said, want) {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Fatalf("the page does not say %q: %s", want, said)
	}
	in := func(name string) {
		t.Helper()
		do(chromedp.Navigate(h.base+"/login?next="+kts04), chromedp.SendKeys("#name", name), chromedp.SendKeys("#password", password), chromedp.Click(".signin button"))
		says("Doanh nghiệp sử dụng hợp đồng điện tử")
	}
	in("officer-899")
	do(chromedp.SetUploadFiles("#file", []string{bad}), chromedp.Click(`form[action$="/upload"] button`))
	says("90 lớn hơn 80")
	do(chromedp.Navigate(h.base+kts04), chromedp.SetUploadFiles("#file", []string{good}), chromedp.Click(`form[action$="/upload"] button`))
	says("2 ô mới")
	do(chromedp.Click(`button[value="submit"]`))
	says("Chờ xác nhận")
	do(chromedp.Click(`form.who button`))
	says("Tên tài khoản")
	in("head-899")
	do(chromedp.Click(`form[action$="/confirm"] button`))
	says("Đã xác nhận")
	if v, _ := h.counted("KTS-04.numerator", "899", "2025-Q2"); v != 40 {
		t.Errorf("the store has %d", v)
	}
}
