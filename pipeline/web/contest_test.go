package web_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tiendo/pipeline/access"
	"tiendo/pipeline/document"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/web"
	"tiendo/pipeline/web/browsertest"
	"tiendo/schema"
)

// TestContest goes the whole way: a unit's officer objects to a figure, everybody sees the sign and only those who sign in
// the words, another unit can do nothing, the figure is stated anew, the approver accepts, the sign is gone.
func TestContest(t *testing.T) {
	p := load(t, kienGiang)
	st := filled(t, p)
	people(t, st)
	for _, x := range []access.Account{{Name: "huyen-khac", Role: access.Officer, Unit: plan.UnitKey{Code: "900", From: plan.NoDay}}, {Name: "lanh-dao", Role: access.Head, Unit: plan.UnitKey{Code: "899", From: plan.NoDay}}, {Name: "nguoi-xem", Role: access.Viewer}, {Name: "ra-soat", Role: access.Reviewer}} {
		x.Password = access.Hash(password)
		if err := st.SaveAccount(t.Context(), x, access.AccountAdded, "t", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	now := clock(p.Demo.AsOf)
	base := opened(t, web.Options{Plan: p, Store: st, Access: st, Contests: st, Now: func() time.Time { return now() }, Notice: notice})
	as := func(name string) browser {
		b := newBrowser(t, base)
		if res, _ := b.signIn(name, password, "/"); res.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s cannot sign in: %d", name, res.StatusCode)
		}
		return b
	}
	lan, minh, other, nobody, viewer, reviewer := as("lan"), as("minh"), as("huyen-khac"), newBrowser(t, base), as("nguoi-xem"), as("ra-soat")
	see := func(who browser, address string) string {
		_, body := who.ask("GET", address, nil)
		return text(body)
	}
	const figure, post = "/figure/CQS-02/899", "/figure/CQS-02/899/contest"
	const why, proof, hint = "Chưa tính 12 hồ sơ của bộ phận một cửa", "Công văn 12/UBND-VX", "Giải trình số liệu này"
	for name, b := range map[string]browser{"another unit": other, "nobody": nobody, "viewer": viewer, "reviewer": reviewer, "approver": minh} {
		if seen := see(b, figure); strings.Contains(seen, hint) {
			t.Errorf("%s is offered to object", name)
		}
	}
	_, body := lan.ask("GET", figure, nil)
	if !strings.Contains(text(body), hint) || !strings.Contains(text(body), "hết ngày 07/07/2025 (5 ngày làm việc)") {
		t.Fatalf("the unit is not offered to object: %s", text(body))
	}
	form := url.Values{"token": {tokenOf(t, body)}, "known": {between(body, `name="known" value="`, `"`)}, "reason": {why}, "evidence": {proof}}
	with := func(v url.Values, key, value string) url.Values {
		out := url.Values{}
		for k := range v {
			out.Set(k, v.Get(k))
		}
		out.Set(key, value)
		return out
	}
	mine := func(b browser, form url.Values) url.Values {
		_, body := b.ask("GET", "/", nil)
		return with(form, "token", tokenOf(t, body))
	}
	for _, c := range []struct {
		name   string
		who    browser
		form   url.Values
		status int
		says   string
	}{
		{"another unit", other, mine(other, form), 403, "Không có quyền"},
		{"an approver", minh, mine(minh, form), 403, "Không có quyền"},
		{"nobody", nobody, form, 403, "Cần đăng nhập"},
		{"another's token", lan, mine(other, form), 403, "Yêu cầu không hợp lệ"},
		{"no reason", lan, with(form, "reason", " "), 200, "Lý do: cần ghi rõ"},
		{"no evidence", lan, with(form, "evidence", ""), 200, "Minh chứng: cần ghi rõ"},
		{"a version that is replaced", lan, with(form, "known", "1"), 200, "Số liệu vừa được cập nhật"},
	} {
		if res, body := c.who.ask("POST", post, c.form); res.StatusCode != c.status || !strings.Contains(text(body), c.says) {
			t.Errorf("%s: %d, want %d and %q in %.300s", c.name, res.StatusCode, c.status, c.says, text(body))
		}
	}
	if _, body := lan.ask("POST", post, with(form, "evidence", "")); !strings.Contains(body, why) {
		t.Error("what was written is lost with the refusal")
	}
	if all, err := st.Contests(t.Context()); err != nil || len(all) != 0 {
		t.Fatalf("refused, and yet stored: %v %v", all, err)
	}

	res, _ := lan.ask("POST", post, form)
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/contests/1" {
		t.Fatalf("filed: %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	if res, body := lan.ask("POST", post, form); res.StatusCode != http.StatusConflict {
		t.Errorf("a second one of the same figure: %d %s", res.StatusCode, text(body))
	}
	for _, address := range []string{figure, "/figure/CQS-02/91", "/indicator/CQS-02?unit=899", "/indicator/CQS-02?level=district", "/unit/899", "/compare?unit=900&unit=899", "/map?indicator=CQS-02", "/heat?level=district"} {
		for name, b := range map[string]browser{"nobody": nobody, "another unit": other} {
			seen := see(b, address)
			if !strings.Contains(strings.ToLower(seen), "đang giải trình") {
				t.Errorf("%s: %s does not see the sign", address, name)
			}
			if strings.Contains(seen, why) || strings.Contains(seen, proof) {
				t.Errorf("%s: %s sees the words", address, name)
			}
		}
	}
	for _, address := range []string{"/indicator/CQS-09?unit=899", "/unit/900", "/figure/CQS-02/900", "/indicator/CQS-02?unit=899&level=district&as-of=2025-06-22", "/compare?unit=900&unit=901", "/map", "/map?indicator=CQS-09", "/heat?level=district&as-of=2025-06-22"} {
		if strings.Contains(strings.ToLower(see(nobody, address)), "đang giải trình") {
			t.Errorf("%s bears the sign of another figure or a later day", address)
		}
	}
	for _, address := range []string{"/indicator/CQS-02?unit=899&level=district&format=csv", "/heat?level=district&format=csv", "/compare?unit=900&unit=899&format=csv", "/map?indicator=CQS-02&format=csv",
		"/unit/899?format=csv"} {
		_, body := nobody.ask("GET", address, nil)
		if told := objections(t, body); !slices.Equal(told, []string{"CQS-02 899"}) {
			t.Errorf("%s says that %q are objected to", address, told)
		}
	}
	_, zipped := nobody.ask("GET", "/data/package.zip", nil)
	_, of, _ := strings.Cut(unzipped(t, []byte(zipped)), "\nindicator,unit,unit_valid_from,level,")
	if told := objections(t, "indicator,unit,unit_valid_from,level,"+of); !slices.Equal(told, []string{"CQS-02 899"}) {
		t.Errorf("the data package says that %q are objected to", told)
	}
	for address, want := range map[string]int{"/api/v1/progress?unit=899": 1, "/api/v1/progress?unit=900": 0, "/api/v1/progress?unit=899&as_of=2025-06-22": 0} {
		if _, body := nobody.ask("GET", address, nil); strings.Count(body, `"contested":true`) != want || !strings.Contains(body, `"contested":false`) {
			t.Errorf("%s: not %d figures are objected to: %.400s", address, want, body)
		}
	}
	for _, address := range []string{"/contests", "/contests/1", "/contests?format=csv"} {
		if res, body := nobody.ask("GET", address, nil); res.StatusCode != http.StatusForbidden || strings.Contains(body, why) {
			t.Errorf("%s without signing in: %d", address, res.StatusCode)
		}
		if !strings.Contains(see(viewer, address), why) {
			t.Errorf("%s does not tell who signed in: %s", address, see(viewer, address))
		}
	}
	contestedInReports(t, p, st, nobody, viewer, why)
	if seen := see(viewer, "/contests/2"); !strings.Contains(seen, "Không có giải trình này") {
		t.Errorf("a contest that is not there: %s", seen)
	}
	if seen := see(viewer, "/contests"); !strings.Contains(seen, "còn 5 ngày làm việc") || strings.Contains(seen, "quá hạn trả lời") {
		t.Errorf("the list: %s", seen)
	}
	real := now
	now = func() time.Time { return plan.MustDay("2025-07-09").Start().Add(7 * time.Hour) }
	if seen := see(viewer, "/contests"); !strings.Contains(seen, "quá hạn 2 ngày làm việc") || !strings.Contains(seen, "1 quá hạn trả lời") {
		t.Errorf("the list on the second working day behind the deadline: %s", seen)
	}
	now = real

	// The figure is stated anew: what was objected to stands beside it as it was.
	u, _ := p.Units.Select("899", p.Demo.AsOf)
	was := see(viewer, "/contests/1")
	again := made(p, p.Indicator("CQS-02"), u, p.Demo.AsOf)
	moved := *again.Value + plan.One
	again.Value, again.KnownAt = &moved, again.KnownAt+1000
	if _, err := st.SaveResults(t.Context(), p, p.VersionOn(p.Demo.AsOf), []progress.Result{again}, now()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(was, "không thay đổi") || !strings.Contains(see(viewer, "/contests/1"), "đã thay đổi sau khi giải trình") {
		t.Errorf("before: %s\nafter: %s", was, see(viewer, "/contests/1"))
	}

	verdict := url.Values{"outcome": {"accept"}, "reason": {"Đúng là thiếu"}, "done": {"Nguồn đã gửi lại 12 hồ sơ"}}
	for name, b := range map[string]browser{"the unit": lan, "reviewer": reviewer, "viewer": viewer} {
		if res, _ := b.ask("POST", "/contests/1/settle", mine(b, verdict)); res.StatusCode != 403 {
			t.Errorf("%s decides: %d", name, res.StatusCode)
		}
	}
	if res, _ := other.ask("POST", "/contests/1/withdraw", mine(other, url.Values{"reason": {"không cần nữa"}})); res.StatusCode != 403 {
		t.Errorf("another unit withdraws: %d", res.StatusCode)
	}
	for _, c := range []struct{ key, value, says string }{{"outcome", "", "Chưa chọn kết luận"}, {"reason", "", "Lý do: cần ghi rõ"}, {"done", "", "Nội dung đã xử lý: cần ghi rõ"}} {
		if res, body := minh.ask("POST", "/contests/1/settle", mine(minh, with(verdict, c.key, c.value))); res.StatusCode != 200 || !strings.Contains(text(body), c.says) {
			t.Errorf("without %s: %d %.300s", c.key, res.StatusCode, text(body))
		}
	}
	if res, _ := minh.ask("POST", "/contests/1/settle", mine(minh, verdict)); res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/contests/1" {
		t.Errorf("settled: %d", res.StatusCode)
	}
	if res, _ := minh.ask("POST", "/contests/1/settle", mine(minh, with(verdict, "outcome", "refuse"))); res.StatusCode != http.StatusConflict {
		t.Errorf("settled twice: %d", res.StatusCode)
	}
	if res, _ := lan.ask("POST", "/contests/1/withdraw", mine(lan, url.Values{"reason": {"không cần nữa"}})); res.StatusCode != http.StatusConflict {
		t.Errorf("withdrawn behind the decision: %d", res.StatusCode)
	}
	if seen := strings.ToLower(see(nobody, figure)); strings.Contains(seen, "giải trình") {
		t.Error("the sign is there behind the decision")
	}
	if seen := see(viewer, "/contests/1"); !strings.Contains(seen, "Nguồn đã gửi lại 12 hồ sơ") || !strings.Contains(seen, "Chấp nhận") {
		t.Errorf("the decision: %s", seen)
	}
	if seen := see(lan, figure); !strings.Contains(seen, "Giải trình đã kết thúc") || !strings.Contains(seen, hint) {
		t.Errorf("the figure behind the decision: %s", seen)
	}
	for _, address := range []string{"/report/2025-W26", "/report/2025-06?unit=899", "/review/2025-W26"} {
		if seen := see(viewer, address); !strings.Contains(seen, "Chấp nhận") || strings.Contains(seen, "đang giải trình)") || strings.Contains(seen, "◐ đang giải trình") {
			t.Errorf("%s behind the decision: %s", address, between(seen, "Giải trình số liệu", "quá hạn"))
		}
	}
	if seen := see(viewer, "/report/2025-06"); !strings.Contains(seen, "Nguồn đã gửi lại 12 hồ sơ") || !strings.Contains(seen, "Không có số liệu nào đang được giải trình; 1 giải trình đã kết thúc.") {
		t.Errorf("the report behind the decision: %s", between(seen, "Giải trình số liệu", "Khen thưởng"))
	}
	if seen := see(viewer, "/report/2025-06?unit=900"); strings.Contains(seen, "đang được đơn vị giải trình") {
		t.Error("the report of another unit tells of it")
	}
	rows, err := st.Audit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, r := range rows {
		if strings.HasPrefix(r.Action, "contest_") {
			told = append(told, r.Actor+" "+r.Action+" "+r.Subject)
		}
	}
	if got := strings.Join(told, "; "); got != "lan contest_filed CQS-02 899; minh contest_accepted CQS-02 899" {
		t.Errorf("the audit log tells of %s", got)
	}
}

// objections are the figures that a table of results says are objected to.
func objections(t *testing.T, table string) (told []string) {
	t.Helper()
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(table, "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatalf("%v: %.300s", err, table)
	}
	at := func(name string) int { return slices.Index(lines[0], name) }
	for _, l := range lines[1:] {
		switch said := l[at("contested")]; said {
		case "true":
			told = append(told, l[at("indicator")]+" "+l[at("unit")])
		case "false":
		case "": // no result is stored
			if l[at("status")] != "" {
				t.Errorf("a result that does not say whether it is objected to: %q", l)
			}
		default:
			t.Errorf("contested is %q", said)
		}
	}
	return told
}

// contestedInReports: the figure bears the sign in every form of the reports that show it, and stands in their list; the reasons are
// for those who have signed in, and for the command.
func contestedInReports(t *testing.T, p *plan.Plan, st *schema.Store, nobody, viewer browser, why string) {
	t.Helper()
	const sign, list = "(◐ đang giải trình)", "1 số liệu đang được đơn vị giải trình"
	for _, c := range []struct {
		address     string
		sign, other bool // the report shows the figure; it is none of the report's
	}{{"/report/2025-W26?unit=899", true, false}, {"/report/2025-06?unit=899", true, false}, {"/report/2025-06", false, false}, {"/report/final-2025", false, false}, {"/report/2025-06?unit=900", false, true}, {"/report/2025-W25?unit=899", false, true}} {
		for who, b := range map[string]browser{"nobody": nobody, "a viewer": viewer} {
			_, body := b.ask("GET", c.address, nil)
			seen := text(body)
			if strings.Contains(seen, list) == c.other || c.sign && !strings.Contains(seen, sign) || c.other && strings.Contains(seen, sign) {
				t.Errorf("%s for %s: %s", c.address, who, between(seen, "Giải trình số liệu", "Kiến nghị"))
			}
			if reasons := strings.Contains(seen, why); reasons != (who == "a viewer" && !c.other) {
				t.Errorf("%s tells %s the reasons: %t", c.address, who, reasons)
			}
		}
	}
	for _, format := range []string{"docx", "xlsx"} {
		_, body := viewer.ask("GET", "/report/2025-06?unit=899&format="+format, nil)
		if inside := unzipped(t, []byte(body)); !strings.Contains(inside, sign) || !strings.Contains(inside, why) {
			t.Errorf("the %s does not say that the figure is contested", format)
		}
	}
	d, err := web.ReportDocument(t.Context(), web.Options{Plan: p, Store: st, Contests: st, Now: clock(p.Demo.AsOf)}, "2025-06", plan.Calendar, "899", plan.NoDay)
	if err != nil {
		t.Fatal(err)
	}
	if page, err := document.Page(d); err != nil || !strings.Contains(string(page), why) {
		t.Errorf("the command's report does not say why: %v", err)
	}
	for who, b := range map[string]browser{"nobody": nobody, "a viewer": viewer} {
		_, body := b.ask("GET", "/review/2025-W26", nil)
		if part := between(body, `id="contested"`, "</section>"); !strings.Contains(part, "/unit/899") || !strings.Contains(part, "07/07/2025") || strings.Contains(part, why) != (who == "a viewer") {
			t.Errorf("the week's review for %s: %s", who, text(part))
		}
	}
	if _, body := viewer.ask("GET", "/review/2025-W25", nil); strings.Contains(body, `id="contested"`) {
		t.Error("the review of the week before tells of it")
	}
}

// unzipped is all that an office document holds.
func unzipped(t *testing.T, body []byte) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&all, r); err != nil {
			t.Fatal(err)
		}
		r.Close()
	}
	return all.String()
}

// between is what stands behind a and before b.
func between(text, a, b string) string {
	_, rest, _ := strings.Cut(text, a)
	found, _, _ := strings.Cut(rest, b)
	return found
}

// TestContestInABrowser files by hand, withdraws, and finds the pages within the window.
func TestContestInABrowser(t *testing.T) {
	p := load(t, kienGiang)
	st := filled(t, p)
	people(t, st)
	base := opened(t, web.Options{Plan: p, Store: st, Access: st, Contests: st, Now: clock(p.Demo.AsOf), Notice: notice})
	ctx, cancel := context.WithTimeout(browsertest.Tab(t), time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(360, 740), chromedp.Navigate(base+"/login?next="+url.QueryEscape("/figure/CQS-02/899")),
		chromedp.SendKeys("#name", "lan"), chromedp.SendKeys("#password", password+"\r"), chromedp.WaitVisible("#contest summary"), chromedp.Click("#contest summary"),
		chromedp.SendKeys("#contest-reason", "Chưa tính 12 hồ sơ"), chromedp.SendKeys("#contest-evidence", "Công văn 12/UBND"), chromedp.Click("#contest button"), chromedp.WaitVisible("#withdraw")); err != nil {
		t.Fatal(err)
	}
	if wide := number(t, ctx, `document.documentElement.scrollWidth`); wide > 360 {
		t.Errorf("the contest's page is %d wide", wide)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(base+"/contests"), chromedp.WaitVisible(".contests")); err != nil {
		t.Fatal(err)
	}
	if wide := number(t, ctx, `document.documentElement.scrollWidth`); wide > 360 {
		t.Errorf("the list is %d wide", wide)
	}
	if err := chromedp.Do(ctx, chromedp.Click(".contests th a"), chromedp.WaitVisible("#withdraw summary"), chromedp.Click("#withdraw summary"), chromedp.SendKeys("#withdraw-reason", "Đã đối chiếu lại"),
		chromedp.Click("#withdraw button"), chromedp.WaitNotPresent("#withdraw")); err != nil {
		t.Fatal(err)
	}
	if all, err := st.Contests(t.Context()); err != nil || len(all) != 1 || all[0].State != "withdrawn" {
		t.Errorf("stored: %+v %v", all, err)
	}
}
