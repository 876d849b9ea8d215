package web_test

import (
	"context"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tiendo/pipeline/access"
	"tiendo/pipeline/document"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/review"
	"tiendo/pipeline/web"
	"tiendo/pipeline/web/browsertest"
	"tiendo/schema"
)

// reviewers are accounts of every role, named after it.
func reviewers(t *testing.T, p *plan.Plan, st *schema.Store) {
	t.Helper()
	hash := access.Hash(password)
	own, err := p.Units.Select("899", thisWeek)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range access.Roles {
		a := access.Account{Name: string(r), Role: r, Password: hash}
		if r.OfUnit() {
			a.Unit = own.UnitKey
		}
		if err := st.SaveAccount(t.Context(), a, access.AccountAdded, "t", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
}

func reviewSite(t *testing.T, p *plan.Plan, st *schema.Store) string {
	t.Helper()
	return opened(t, web.Options{Plan: p, Store: st, Reviews: st, Access: st, Now: clock(thisWeek), Notice: notice})
}

// inside is a browser in which the account has signed in, and the token of its forms.
func inside(t *testing.T, base, name string) (browser, string) {
	t.Helper()
	b := newBrowser(t, base)
	if res, body := b.signIn(name, password, "/"); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s cannot sign in: %s", name, text(body))
	}
	_, page := b.ask("GET", "/reviews", nil)
	return b, tokenOf(t, page)
}

func reviewLog(t *testing.T, st *schema.Store) *review.Log {
	t.Helper()
	rows, err := st.ReviewLog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l, err := review.Read(rows)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// proven says what verification says of the reviews.
func proven(t *testing.T, st *schema.Store) {
	t.Helper()
	if _, _, found, err := st.VerifyReviews(t.Context()); err != nil || len(found) > 0 {
		t.Error(found, err)
	}
}

// Who may do what to a review: every form by every role, and nothing is written where it is refused.
func TestReviewRights(t *testing.T) {
	p := load(t, kienGiang)
	st := reviewed(t, p, changes()...)
	reviewers(t, p, st)
	base := reviewSite(t, p, st)
	const at = "/review/2025-W26"
	figure := func(unit string) url.Values {
		return url.Values{"text": {"Đề nghị xem lại"}, "indicator": {"CQS-02"}, "unit": {unit}}
	}
	action := url.Values{"text": {"Đôn đốc"}, "owner": {"899"}, "due": {"2025-07-14"}, "indicator": {"CQS-02"}, "unit": {"899"}}
	week := url.Values{"text": {"Cả tuần"}}
	type people = map[access.Role]int
	const yes, no, bad, gone = http.StatusSeeOther, http.StatusForbidden, http.StatusBadRequest, http.StatusConflict
	all := func(n int) people {
		m := people{}
		for _, r := range access.Roles {
			m[r] = n
		}
		return m
	}
	but := func(m people, pairs ...any) people {
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i].(access.Role)] = pairs[i+1].(int)
		}
		return m
	}
	browsers := map[access.Role]browser{}
	tokens := map[access.Role]string{}
	for _, r := range access.Roles {
		browsers[r], tokens[r] = inside(t, base, string(r))
	}
	written := 0 // rows of the log
	pack := func() string { return reviewLog(t, st).Course(thisWeek).Pack }
	for _, c := range []struct {
		name, path string
		form       func() url.Values
		want       people
	}{
		{"comment on the own unit", at + "/comment", func() url.Values { return figure("899") }, but(all(yes), access.Viewer, no, access.Admin, no)},
		{"comment on another unit", at + "/comment", func() url.Values { return figure("900") }, but(all(no), access.Reviewer, yes, access.Approver, yes)},
		{"comment on the week", at + "/comment", func() url.Values { return week }, but(all(no), access.Reviewer, yes, access.Approver, yes)},
		{"comment on what is no figure", at + "/comment", func() url.Values { return url.Values{"text": {"a"}, "indicator": {"X-9"}, "unit": {"899"}} }, but(all(bad), access.Viewer, no, access.Admin, no)},
		{"comment on half a figure", at + "/comment", func() url.Values { return url.Values{"text": {"a"}, "indicator": {"CQS-02"}} }, but(all(bad), access.Viewer, no, access.Admin, no)},
		{"comment without words", at + "/comment", func() url.Values { return url.Values{"text": {" "}} }, but(all(no), access.Reviewer, bad, access.Approver, bad)},
		{"comment on a week to come", "/review/2025-W27/comment", func() url.Values { return week }, all(http.StatusNotFound)},
		{"an action", at + "/action", func() url.Values { return action }, but(all(no), access.Reviewer, yes)},
		{"an action for yesterday", at + "/action", func() url.Values {
			return url.Values{"text": {"a"}, "owner": {"899"}, "due": {"2025-06-29"}}
		}, but(all(no), access.Reviewer, bad)},
		{"an action for another unit", at + "/action", func() url.Values {
			other := maps.Clone(action)
			other.Set("owner", "900")
			return other
		}, but(all(no), access.Reviewer, yes)},
		{"another unit's action done", at + "/done", func() url.Values {
			return url.Values{"action": {fmt.Sprint(reviewLog(t, st).Course(thisWeek).Actions[1].Seq)}}
		}, but(all(no), access.Reviewer, yes)},
		{"no action done", at + "/done", func() url.Values { return url.Values{"action": {"999"}} }, but(all(no), access.Head, gone, access.Reviewer, gone)},
		{"an action done", at + "/done", func() url.Values {
			return url.Values{"action": {fmt.Sprint(reviewLog(t, st).Course(thisWeek).Actions[0].Seq)}}
		}, but(all(no), access.Head, yes, access.Reviewer, gone)}, // the head of the unit that was to do it is asked first
		{"an action done again", at + "/done", func() url.Values {
			return url.Values{"action": {fmt.Sprint(reviewLog(t, st).Course(thisWeek).Actions[0].Seq)}}
		}, but(all(no), access.Head, gone, access.Reviewer, gone)},
		{"sign what is not proposed", at + "/sign", func() url.Values { return url.Values{"pack": {strings.Repeat("0", 64)}} }, but(all(no), access.Approver, gone)},
		{"propose a week without results", "/review/2020-W26/propose", func() url.Values { return url.Values{} }, but(all(no), access.Reviewer, http.StatusNotFound)},
		{"propose", at + "/propose", func() url.Values { return url.Values{} }, but(all(no), access.Reviewer, yes)},
		{"propose again", at + "/propose", func() url.Values { return url.Values{} }, but(all(no), access.Reviewer, gone)},
		{"sign another pack", at + "/sign", func() url.Values { return url.Values{"pack": {strings.Repeat("0", 64)}} }, but(all(no), access.Approver, gone)},
		{"return without a reason", at + "/return", func() url.Values { return url.Values{"pack": {pack()}} }, but(all(no), access.Approver, bad)},
		{"return", at + "/return", func() url.Values { return url.Values{"pack": {pack()}, "text": {"Thiếu giải trình"}} }, but(all(no), access.Approver, yes)},
		{"propose after the return", at + "/propose", func() url.Values { return url.Values{} }, but(all(no), access.Reviewer, yes)},
		{"sign", at + "/sign", func() url.Values { return url.Values{"pack": {pack()}} }, but(all(no), access.Approver, yes)},
		{"sign again", at + "/sign", func() url.Values { return url.Values{"pack": {pack()}} }, but(all(no), access.Approver, gone)},
		{"return what is signed", at + "/return", func() url.Values { return url.Values{"pack": {pack()}, "text": {"a"}} }, but(all(no), access.Approver, gone)},
	} {
		for _, r := range access.Roles {
			form := c.form()
			form.Set("token", tokens[r])
			res, body := browsers[r].ask("POST", c.path, form)
			if res.StatusCode != c.want[r] {
				t.Errorf("%s by %s: %d, want %d: %s", c.name, r, res.StatusCode, c.want[r], text(body))
			}
			rows, err := st.ReviewLog(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if wrote := len(rows) > written; wrote != (c.want[r] == yes) {
				t.Errorf("%s by %s: %d rows were written", c.name, r, len(rows)-written)
			}
			written = len(rows)
		}
	}
	// who proposed does not sign, even if he has become an approver meanwhile
	send := func(b browser, path, token string, want int) {
		t.Helper()
		if res, body := b.ask("POST", path, url.Values{"token": {token}, "pack": {reviewLog(t, st).Course(lastWeek).Pack}}); res.StatusCode != want {
			t.Errorf("%s: %d, want %d: %s", path, res.StatusCode, want, text(body))
		}
	}
	const before = "/review/2025-W25"
	send(browsers[access.Reviewer], before+"/propose", tokens[access.Reviewer], yes)
	if err := st.SaveAccount(t.Context(), access.Account{Name: "reviewer", Role: access.Approver, Password: access.Hash(password)}, access.AccountAdded, "t", time.Now()); err != nil {
		t.Fatal(err)
	}
	promoted, token := inside(t, base, "reviewer")
	if _, body := promoted.ask("GET", before, nil); strings.Contains(body, before+"/sign") || !strings.Contains(body, before+"/return") || !strings.Contains(body, "Người trình không ký duyệt bản mình trình.") {
		t.Error("who proposed gets the form to sign")
	}
	send(promoted, before+"/sign", token, no)
	send(browsers[access.Approver], before+"/sign", tokens[access.Approver], yes)
	if err := st.SaveAccount(t.Context(), access.Account{Name: "reviewer", Role: access.Reviewer, Password: access.Hash(password)}, access.AccountAdded, "t", time.Now()); err != nil {
		t.Fatal(err)
	}
	browsers[access.Reviewer], tokens[access.Reviewer] = inside(t, base, "reviewer")

	// nobody at all, and a form without the session's token
	if res, _ := newBrowser(t, base).ask("POST", at+"/propose", url.Values{}); res.StatusCode != no {
		t.Errorf("nobody: %d", res.StatusCode)
	}
	if res, _ := browsers[access.Reviewer].ask("POST", at+"/comment", week); res.StatusCode != no {
		t.Errorf("without the token: %d", res.StatusCode)
	}
	c := reviewLog(t, st).Course(thisWeek)
	if c.State != review.Final || c.Number != 1 || c.Signed.By != "approver" || c.Proposed.By != "reviewer" || len(c.Comments) != 8 || len(c.Actions) != 2 {
		t.Errorf("%+v", c)
	}
	proven(t, st)

	// The forms that a page shows are those that the person may send.
	for _, x := range []struct {
		role   access.Role
		shows  []string
		misses []string
	}{
		{access.Viewer, nil, []string{"/comment", "/action\"", "/propose", "/sign", "/return"}},
		{access.Officer, []string{at + "/comment"}, []string{"/action\"", "/propose", "/sign", "/return", "Thành phố Hà Tiên</option>"}},
		{access.Reviewer, []string{at + "/comment", at + "/action"}, []string{at + "/propose", at + "/sign"}},
	} {
		_, body := browsers[x.role].ask("GET", at, nil)
		for _, want := range x.shows {
			if !strings.Contains(body, `action="`+want) {
				t.Errorf("%s does not get the form %s", x.role, want)
			}
		}
		for _, not := range x.misses {
			if strings.Contains(body, not) {
				t.Errorf("%s gets %s", x.role, not)
			}
		}
	}
}

// later saves the figure of the week anew, known days after it.
func later(t *testing.T, p *plan.Plan, st *schema.Store, indicator, unit, value string, status progress.Status, change func(*progress.Result)) {
	t.Helper()
	u, err := p.Units.Select(unit, thisWeek)
	if err != nil {
		t.Fatal(err)
	}
	r := made(p, p.Indicator(indicator), u, thisWeek)
	v := plan.MustValue(value)
	r.Status, r.Value, r.PathValue, r.Reasons = status, &v, &v, nil
	r.KnownAt = (thisWeek + 3).Start().UnixMilli()
	if change != nil {
		change(&r)
	}
	if _, err := st.SaveResults(t.Context(), p, p.VersionOn(thisWeek), []progress.Result{r}, (thisWeek + 3).Start()); err != nil {
		t.Fatal(err)
	}
}

// A reviewer and an approver do the week's work in a real browser; a figure that is stated anew afterwards changes nothing that
// was signed, and stands beside it.
func TestReviewIsSignedInABrowser(t *testing.T) {
	ctx, cancel := context.WithTimeout(browsertest.Tab(t), 2*time.Minute)
	defer cancel()
	p := load(t, kienGiang)
	st := reviewed(t, p, changes()...)
	reviewers(t, p, st)
	base := reviewSite(t, p, st)
	const at = "/review/2025-W26"
	do := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatal(err)
		}
	}
	read := func() string {
		t.Helper()
		s, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector("main").innerText.replace(/\s+/g, " ")`))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	says := func(step string, wants ...string) {
		t.Helper()
		seen := read()
		for _, w := range wants {
			if !strings.Contains(seen, w) {
				t.Errorf("%s: the page does not say %q: %s", step, w, seen)
			}
		}
	}
	enter := func(name, next string) {
		do(chromedp.Navigate(base+"/login?next="+url.QueryEscape(next)), chromedp.SendKeys(`.signin input[name=name]`, name), chromedp.SendKeys(`.signin input[name=password]`, password), chromedp.Click(`.signin button`), chromedp.WaitVisible(`#course`))
	}
	enter("reviewer", at)
	says("read", "Kỳ rà soát – Chưa lập", "60,0% 57,5%", "Chưa có ý kiến nào.")
	do(chromedp.Click(`#write > summary`), chromedp.SetValue(`#say-indicator`, "CQS-02"), chromedp.SetValue(`#say-unit`, "899"), chromedp.SendKeys(`#say-text`, "Đề nghị giải trình số giảm"), chromedp.Click(`#write button`), chromedp.WaitVisible(`.said li`))
	says("comment", "reviewer 07:00 30/06/2025 · CQS-02", "Đề nghị giải trình số giảm")
	do(chromedp.Click(`.forms details summary`), chromedp.Click(`form[action$="/propose"] button`), chromedp.WaitVisible(`.way li:nth-child(2).past`))
	says("proposed", "Đã trình", "Không có kết quả nào của tuần được điều chỉnh sau khi chốt.", "Số liệu đã chốt lúc 07:00 30/06/2025")
	do(chromedp.Click(`form.who button`), chromedp.WaitVisible(`.signin`))
	enter("approver", at)
	do(chromedp.Click(`.forms details:first-child summary`), chromedp.Click(`form[action$="/sign"] button`), chromedp.WaitVisible(`.way li:nth-child(3).past`))
	says("signed", "✔ Đã ký duyệt bản ký số 1", "các số dưới đây là số đã chốt")
	signed := read()

	later(t, p, st, "CQS-02", "899", "61", progress.AtRisk, nil)
	do(chromedp.Navigate(base + at))
	says("restated", "Khác với số liệu hiện nay 1 kết quả", "Thành phố Rạch Giá 57,5% 61,0% +3,5", "số liệu báo lại, trạng thái thay đổi", "60,0% 57,5%", "giảm 2,5 điểm %, còn 57,5%")
	// apart from the difference beside it the page says what it said
	cut := func(s string) string { _, s, _ = strings.Cut(s, "Tóm tắt"); return s }
	if now := read(); cut(now) != cut(signed) || cut(now) == "" {
		t.Errorf("the signed page says something else:\n%s\n%s", cut(signed), cut(now))
	}
	do(chromedp.Navigate(base + at + "?known-on=2025-07-09"))
	says("the numbers of today", "60,0% 61,0%")
	proven(t, st)
}

// What is said of a figure leads from the figure's pages to the review, and the verdict of a signed review is final.
func TestFiguresKnowTheirReviews(t *testing.T) {
	p := load(t, kienGiang)
	st := reviewed(t, p, changes()...)
	reviewers(t, p, st)
	base := reviewSite(t, p, st)
	ask := func(b browser, path string, want int) string {
		t.Helper()
		res, body := b.ask("GET", path, nil)
		if res.StatusCode != want {
			t.Fatalf("%s: %d: %s", path, res.StatusCode, text(body))
		}
		return text(body)
	}
	says := func(b browser, path string, want []string, not ...string) {
		t.Helper()
		seen := ask(b, path, http.StatusOK)
		for _, w := range want {
			if !strings.Contains(seen, w) {
				t.Errorf("%s does not say %q: %s", path, w, seen)
			}
		}
		for _, n := range not {
			if strings.Contains(seen, n) {
				t.Errorf("%s says %q", path, n)
			}
		}
	}
	reviewer, token := inside(t, base, "reviewer")
	approver, token2 := inside(t, base, "approver")
	viewer, _ := inside(t, base, "viewer")
	nobody := newBrowser(t, base)
	send := func(b browser, path string, form url.Values) {
		t.Helper()
		if res, body := b.ask("POST", path, form); res.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s: %d: %s", path, res.StatusCode, text(body))
		}
	}
	says(nobody, "/reviews", []string{"0 kỳ đã ký duyệt", "Tuần 26/2025", "– Chưa lập", "1 tuần trước đó có kết quả nhưng chưa lập"})
	says(viewer, "/indicator/CQS-02?unit=899", nil, "Rà soát tuần:", "chính thức")
	says(reviewer, "/indicator/CQS-02?unit=899", []string{"Rà soát tuần: Ghi ý kiến về số này"})
	says(reviewer, "/review/2025-W26?indicator=CQS-02&unit=899", []string{"Ghi ý kiến"})
	send(reviewer, "/review/2025-W26/comment", url.Values{"token": {token}, "text": {"Đề nghị xem lại"}, "indicator": {"CQS-02"}, "unit": {"899"}})
	send(reviewer, "/review/2025-W25/action", url.Values{"token": {token}, "text": {"Đôn đốc\nhằng ngày"}, "owner": {"900"}, "due": {"2025-06-30"}, "indicator": {"CQS-02"}, "unit": {"899"}})
	send(reviewer, "/review/2025-W26/action", url.Values{"token": {token}, "text": {"Họp giao ban"}, "owner": {"899"}, "due": {"2025-07-30"}})
	for _, path := range []string{"/indicator/CQS-02?unit=899", "/figure/CQS-02/899"} {
		says(viewer, path, []string{"Rà soát tuần: 1 ý kiến · 1 việc đang làm"}, "Ghi ý kiến")
	}
	says(viewer, "/indicator/CQS-02?unit=900", nil, "1 ý kiến")
	// an action of last week is measured by what is stored of both weeks, one of this week is not yet
	says(viewer, "/actions", []string{"Đang làm (2)", "Giá trị theo dõi 60,0% → 57,5% ( -2,50 điểm % )", "Có nguy cơ → thành ▼ Chậm tiến độ", "đến tuần 26/2025", "không gắn với số liệu", "giao tại rà soát Tuần 25/2025"}, "Ghi đã xong")
	says(viewer, "/actions?indicator=CQS-02&unit=899", []string{"Đang làm (1)", "CQS-02 - Thành phố Rạch Giá"}, "Họp giao ban")
	says(viewer, "/review/2025-W26", []string{"Họp giao ban", "Đôn đốc", "Ý kiến 1"})
	says(viewer, "/review/2025-W25", []string{"Đôn đốc"}, "Họp giao ban")
	// who has not signed in reads how far a review is, not what was written and by whom
	says(nobody, "/review/2025-W26", []string{"Chưa lập", "3 mục: đăng nhập để đọc"}, "Họp giao ban", "Đề nghị xem lại", "reviewer", "có ý kiến")
	ask(nobody, "/actions", http.StatusForbidden)
	says(viewer, "/review/2025-W26", []string{"Thành phố Rạch Giá có ý kiến 60,0% 57,5%"})
	res, csv := viewer.ask("GET", "/actions?format=csv", nil)
	if res.StatusCode != http.StatusOK || !strings.Contains(csv, "900,Thành phố Hà Tiên,2025-06-30,open,,,,CQS-02,899,Thành phố Rạch Giá,60,57.5,") {
		t.Errorf("%d %s", res.StatusCode, csv)
	}
	send(reviewer, "/review/2025-W25/done", url.Values{"token": {token}, "action": {fmt.Sprint(reviewLog(t, st).Course(lastWeek).Actions[0].Seq)}, "text": {"Đã nhắc"}, "from": {"actions"}})
	says(viewer, "/actions?state=done", []string{"Đã xong (1)", "Đã xong, reviewer ghi lúc 07:00 30/06/2025: Đã nhắc"})
	ask(viewer, "/actions?state=x", http.StatusBadRequest)
	ask(viewer, "/actions?unit=nowhere", http.StatusNotFound)

	// the outcome of 2023 is final when a review that contains it is signed, and stays
	was := ask(viewer, "/indicator/CQS-02?unit=899", http.StatusOK)
	if !strings.Contains(was, "Mốc 31/12/2023: ✔ Đạt 97,6%") {
		t.Fatalf("no outcome: %s", was)
	}
	send(reviewer, "/review/2025-W26/propose", url.Values{"token": {token}})
	says(viewer, "/indicator/CQS-02?unit=899", nil, "chính thức")
	says(viewer, "/figure/CQS-02/899", []string{"Mốc 31/12/2023: ✔ Đạt 97,6% tạm tính"}, "chính thức")
	says(viewer, "/unit/899", []string{"3 kết quả tạm tính , chưa có trong bản rà soát đã ký duyệt: CQS-02, CQS-06, CQS-09"}, "chính thức")
	u := p.Units.Key(plan.UnitKey{Code: "899", From: plan.NoDay})
	then := []progress.Result{made(p, p.Indicator("CQS-02"), u, plan.MustDay("2023-12-31"))}
	if _, err := st.SaveResults(t.Context(), p, p.VersionOn(thisWeek), then, clock(thisWeek)()); err != nil {
		t.Fatal(err)
	}
	if err := st.SaveStandings(t.Context(), p, p.VersionOn(thisWeek), then, clock(thisWeek)()); err != nil {
		t.Fatal(err)
	}
	says(viewer, "/report/midterm-2023?unit=899", []string{"Đạt (tạm tính)"}, "(chính thức)")
	says(viewer, "/report/2025-W26?unit=899", []string{"Bản rà soát tuần của ngày này chưa ký duyệt: các số liệu dưới đây là tạm tính."})
	send(approver, "/review/2025-W26/sign", url.Values{"token": {token2}, "pack": {reviewLog(t, st).Course(thisWeek).Pack}})
	says(viewer, "/indicator/CQS-02?unit=899", []string{"Mốc 31/12/2023: ✔ Đạt 97,6%", "chính thức theo bản rà soát đã ký duyệt tuần 26/2025"}, "số liệu điều chỉnh sau đó")
	says(viewer, "/indicator/XHS-01?unit=30733", []string{"Mốc 31/12/2023:", "chính thức theo bản rà soát đã ký duyệt tuần 26/2025"}) // of a commune, whose targets the page only counts
	says(viewer, "/figure/CQS-02/899", []string{"Mốc 31/12/2023: ✔ Đạt 97,6% chính thức theo bản rà soát đã ký duyệt tuần 26/2025"}, "tạm tính")
	says(viewer, "/unit/899", []string{"3 kết quả chính thức theo bản rà soát đã ký duyệt tuần 26/2025"}, "tạm tính")
	says(viewer, "/unit/899?known-on=2025-06-29", nil, "chính thức") // it was signed a day later
	says(viewer, "/report/midterm-2023?unit=899", []string{"97,6% Đạt (chính thức)"}, "(tạm tính)", "số liệu điều chỉnh sau đó")
	says(viewer, "/report/2025-W26?unit=899", []string{"Bản rà soát tuần của ngày này đã ký duyệt (bản ký số 1)", "Bản rà soát tuần của ngày này: đã ký duyệt, bản ký số 1"}, "tạm tính")
	late := plan.MustValue("50")
	later(t, p, st, "CQS-02", "899", "57.5", progress.Behind, func(r *progress.Result) {
		r.Outcomes = slices.Clone(r.Outcomes)
		r.Outcomes[0].Outcome, r.Outcomes[0].Value = progress.OutcomeMissed, &late
	})
	says(viewer, "/indicator/CQS-02?unit=899", []string{"Mốc 31/12/2023: ✔ Đạt 97,6%", "số liệu điều chỉnh sau đó: không đạt 50,0%"})
	says(viewer, "/report/midterm-2023?unit=899", []string{"97,6% Đạt (chính thức); số liệu điều chỉnh sau đó: không đạt 50,0%"})
	if d, err := web.ReportDocument(t.Context(), web.Options{Plan: p, Store: st, Reviews: st, Now: clock(thisWeek)}, "midterm-2023", plan.Calendar, "899", plan.NoDay); err != nil {
		t.Error(err)
	} else if page, err := document.Page(d); err != nil || !strings.Contains(string(page), "Đạt (chính thức); số liệu điều chỉnh sau đó: không đạt 50,0%") {
		t.Errorf("the command's report does not say what is final: %v", err)
	}
	says(viewer, "/reviews", []string{"1 kỳ đã ký duyệt", "✔ Đã ký duyệt 1", "07:00 30/06/2025, approver"})
	says(nobody, "/reviews", []string{"1 kỳ đã ký duyệt"}, "approver")
	if _, csv := nobody.ask("GET", "/review/2025-W26?format=csv", nil); !strings.Contains(csv, ",57.5,") || !strings.Contains(csv, ","+p.Code+",2025-06-30\n") {
		t.Errorf("the table of the signed week: %.2000s", csv)
	}
	for _, path := range []string{"/review/2025-W26", "/review/2025-W25", "/reviews", "/actions?state=all"} { // no dead link among the reviews
		_, body := reviewer.ask("GET", path, nil)
		for _, m := range regexp.MustCompile(`href="(/(?:review/|reviews|actions|figure|unit)[^"#]*)`).FindAllStringSubmatch(body, 8) {
			ask(reviewer, html.UnescapeString(m[1]), http.StatusOK)
		}
	}
	res, csv = viewer.ask("GET", "/reviews?format=csv", nil)
	if res.StatusCode != http.StatusOK || !strings.Contains(csv, "2025-W26,2025-06-29,signed,1,") {
		t.Errorf("%d %s", res.StatusCode, csv)
	}
	proven(t, st)
}

// A log that was tampered with is said to be so, and does not keep the figures from being read; a pack that was is not shown.
func TestReviewThatWasTamperedWith(t *testing.T) {
	p := load(t, kienGiang)
	st := reviewed(t, p, changes()...)
	reviewers(t, p, st)
	base := reviewSite(t, p, st)
	reviewer, token := inside(t, base, "reviewer")
	if res, body := reviewer.ask("POST", "/review/2025-W26/propose", url.Values{"token": {token}}); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d: %s", res.StatusCode, text(body))
	}
	opened := reviewSite(t, p, st) // nothing is in its memory
	for _, x := range []struct {
		name string
		st   web.Reviews
		code int
		says string
	}{
		{"whole", st, http.StatusOK, "Đã trình"},
		{"log", tampered{Store: st, log: true}, http.StatusOK, "Nhật ký rà soát không nguyên vẹn."},
		{"pack", tampered{Store: st}, http.StatusServiceUnavailable, "Kho số liệu chưa trả lời"},
	} {
		base := opened
		if x.name != "whole" {
			h, err := web.New(web.Options{Plan: p, Store: st, Reviews: x.st, Access: st, Now: clock(thisWeek)})
			if err != nil {
				t.Fatal(err)
			}
			rec := get(h, "/review/2025-W26")
			if seen := text(rec.Body.String()); rec.Code != x.code || !strings.Contains(seen, x.says) {
				t.Errorf("%s: %d: %s", x.name, rec.Code, seen)
			}
			continue
		}
		if res, body := newBrowser(t, base).ask("GET", "/review/2025-W26", nil); res.StatusCode != x.code || !strings.Contains(text(body), x.says) {
			t.Errorf("%s: %d: %s", x.name, res.StatusCode, text(body))
		}
	}
}

// tampered gives what somebody changed in the store.
type tampered struct {
	*schema.Store
	log bool
}

func (x tampered) ReviewLog(ctx context.Context) ([]access.Row, error) {
	rows, err := x.Store.ReviewLog(ctx)
	if x.log {
		rows = rows[1:]
	}
	return rows, err
}

func (x tampered) ReviewPack(ctx context.Context, sha256 string) ([]byte, error) {
	body, err := x.Store.ReviewPack(ctx, sha256)
	return append(body, ' '), err
}
