package web_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"tiendo/pipeline/access"
	"tiendo/pipeline/award"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/web"
	"tiendo/schema"
)

// staff are accounts of the roles that people has not.
func staff(t *testing.T, st *schema.Store) {
	t.Helper()
	hash := access.Hash(password)
	for name, role := range map[string]access.Role{"ra-soat": access.Reviewer, "quan-tri": access.Admin, "xem": access.Viewer} {
		if err := st.SaveAccount(t.Context(), access.Account{Name: name, Role: role, Password: hash}, access.AccountAdded, "t", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
}

func verified(t *testing.T, st *schema.Store) []access.Row {
	t.Helper()
	rows, problems, err := st.VerifyAudit(t.Context())
	if err != nil || len(problems) > 0 {
		t.Fatalf("%v: %v", problems, err)
	}
	return rows
}

// TestRegisters goes from the condition that lacks its evidence to the form, enters it, and finds the condition met; what cannot count is
// refused beside the field it stands in, and nobody but the reviewer gets that far.
func TestRegisters(t *testing.T) {
	p := load(t, kienGiang)
	st := filled(t, p)
	people(t, st)
	staff(t, st)
	base := opened(t, web.Options{Plan: p, Store: st, Access: st, Registers: st, Now: clock(p.Demo.AsOf), Notice: notice})
	in := func(name string) browser {
		b := newBrowser(t, base)
		if res, _ := b.signIn(name, password, "/"); res.StatusCode != 303 {
			t.Fatalf("%s cannot sign in: %d", name, res.StatusCode)
		}
		return b
	}
	entries := func() []award.Record {
		t.Helper()
		all, err := st.Registers(t.Context(), p.Demo.AsOf+1)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	const subject = "/awards/BK-UBND-2023/899"
	b := in("ra-soat")
	_, page := b.ask("GET", subject, nil)
	_, own, _ := strings.Cut(page, "H-PLAN")
	link := href.FindStringSubmatch(own)
	if link == nil || !strings.HasPrefix(link[1], "/registers/enter?") {
		t.Fatalf("the condition does not lead to the form: %v", link)
	}
	form := strings.ReplaceAll(link[1], "&amp;", "&")
	_, page = b.ask("GET", form, nil)
	for _, says := range []string{"H-PLAN Có kế hoạch phát động thi đua", "Thành phố Rạch Giá", "2023", "IV.3.2.2.b", "Chưa có bản ghi nào"} {
		if !strings.Contains(text(page), says) {
			t.Errorf("the form does not say %q: %s", says, text(page))
		}
	}
	token := tokenOf(t, page)
	entry := func(change ...string) url.Values {
		v := url.Values{"token": {token}, "group": {"huyen"}, "subject": {"899"}, "register": {"H-PLAN"}, "year": {"2023"}, "decision": {"yes"}, "evidence": {"Kế hoạch 12/KH-UBND"}, "date": {"2022-12-01"}, "back": {subject}}
		for i := 0; i+1 < len(change); i += 2 {
			v.Set(change[i], change[i+1])
		}
		return v
	}

	for name, c := range map[string]struct {
		change []string
		says   string
	}{
		"no evidence":            {[]string{"evidence", "  "}, "Ghi số, ký hiệu và tên văn bản"},
		"no date":                {[]string{"date", ""}, "Ghi ngày của văn bản"},
		"a date to come":         {[]string{"date", "2025-07-01"}, "không được sau hôm nay"},
		"no date at all":         {[]string{"date", "mai"}, "Ghi ngày của văn bản"},
		"no decision":            {[]string{"decision", ""}, "Chọn một kết luận"},
		"another decision":       {[]string{"decision", "maybe"}, "Chọn một kết luận"},
		"a year outside":         {[]string{"year", "2031"}, "Chưa ghi được"},
		"no year":                {[]string{"year", "x"}, "Chưa ghi được"},
		"a figure's condition":   {[]string{"register", "targets"}, "Chưa ghi được"},
		"another group's":        {[]string{"register", "X-PLAN"}, "Chưa ghi được"},
		"no such unit":           {[]string{"subject", "nowhere"}, "Chưa ghi được"},
		"a unit of other level":  {[]string{"subject", "91"}, "Chưa ghi được"},
		"no such group":          {[]string{"group", "quan"}, "Chưa ghi được"},
		"a dossier, no state":    {[]string{"register", "dossier/BK-UBND-2023"}, "Chọn trạng thái của hồ sơ"},
		"a dossier, other state": {[]string{"register", "dossier/BK-UBND-2023", "state", "lost"}, "Chọn trạng thái của hồ sơ"},
		"a dossier that is not":  {[]string{"register", "dossier/BK-UBND-2023", "state", "listed", "decision", "no"}, "Chọn một kết luận"},
		"a person without name":  {[]string{"group", "ca-nhan", "subject", "CN-1", "register", "P-INITIATIVE"}, "Ghi tên đối tượng"},
		"two lines":              {[]string{"evidence", "a\nb"}, "trên một dòng"},
	} {
		res, page := b.ask("POST", "/registers/enter", entry(c.change...))
		if res.StatusCode != 200 || !strings.Contains(text(page), c.says) || !strings.Contains(page, `role="alert"`) {
			t.Errorf("%s: %d, %s", name, res.StatusCode, text(page))
		}
	}
	for name, path := range map[string]string{"kind": "/registers/enter?group=huyen&subject=899&register=H-PLAN&year=x", "group": "/registers/enter?group=nichts", "none": "/registers/enter", "all": "/registers/enter?group=xa"} {
		if res, page := b.ask("GET", path, nil); res.StatusCode != 200 || strings.Contains(page, `method="post" action="/registers/enter"`) {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
	if got := entries(); len(got) != 0 {
		t.Fatalf("refused, and stored: %v", got)
	}

	for _, name := range []string{"lan", "minh", "xem", "quan-tri", ""} { // nobody else enters, and nobody is shown how
		other := newBrowser(t, base)
		if name != "" {
			other = in(name)
		}
		if res, _ := other.ask("GET", form, nil); res.StatusCode != 403 {
			t.Errorf("%s gets the form: %d", name, res.StatusCode)
		}
		_, page := other.ask("GET", subject, nil)
		v := entry()
		if all := tokenField.FindStringSubmatch(page); all != nil {
			v.Set("token", all[1])
		}
		if res, _ := other.ask("POST", "/registers/enter", v); res.StatusCode != 403 {
			t.Errorf("%s enters: %d", name, res.StatusCode)
		}
		if strings.Contains(page, "/registers/enter") {
			t.Errorf("%s is led to the form", name)
		}
		want := map[string]int{"lan": 200, "minh": 200, "quan-tri": 200}[name]
		if res, _ := other.ask("GET", "/registers", nil); res.StatusCode != want && (want != 0 || res.StatusCode != 403) {
			t.Errorf("%s: the registers: %d", name, res.StatusCode)
		}
	}
	if res, _ := b.ask("POST", "/registers/enter", entry("token", strings.Repeat("0", 64))); res.StatusCode != 403 {
		t.Errorf("without a token: %d", res.StatusCode)
	}
	if got := entries(); len(got) != 0 {
		t.Fatalf("refused, and stored: %v", got)
	}

	before := len(verified(t, st))
	res, _ := b.ask("POST", "/registers/enter", entry())
	if res.StatusCode != 303 || !strings.HasPrefix(res.Header.Get("Location"), "/registers/enter?") {
		t.Fatalf("not taken: %d", res.StatusCode)
	}
	if _, page := b.ask("GET", res.Header.Get("Location"), nil); !strings.Contains(text(page), "✔ Đã ghi") || !strings.Contains(page, `href="`+subject+`"`) || !strings.Contains(text(page), "đang được tính") {
		t.Errorf("after it: %s", text(page))
	}
	want := award.Record{Register: "H-PLAN", Group: "huyen", Subject: "899", Year: 2023, Decision: award.Holds, Evidence: "Kế hoạch 12/KH-UBND", Date: plan.MustDay("2022-12-01"), By: "ra-soat", At: clock(p.Demo.AsOf)().UnixMilli()}
	if got := entries(); len(got) != 1 || got[0] != want {
		t.Fatalf("stored: %+v", got)
	}
	rows := verified(t, st)
	if r := rows[len(rows)-1]; len(rows) != before+1 || r.Action != access.RegisterEntered || r.Actor != "ra-soat" || r.Subject != "huyen/899" || r.Address != "127.0.0.1" {
		t.Errorf("the log ends with %+v", r)
	}
	_, page = b.ask("GET", subject, nil)
	if _, own, _ := strings.Cut(text(page), "Tiêu chí của nhóm đối tượng"); !strings.Contains(own, "✔ Đạt") || !strings.Contains(own, "Kế hoạch 12/KH-UBND, ngày 01/12/2022") || !strings.Contains(own, "Ghi lại") {
		t.Errorf("the ledger: %s", own)
	}

	// Taken back in the same moment of a demo's clock: the newest counts, and both are in the history.
	for _, v := range []url.Values{entry("decision", "unknown", "evidence", "Công văn 3/CV"), entry("group", "doanh-nghiep", "subject", " DN-1 ", "name", "Hợp tác xã “<b>”", "register", "E-PLAN"),
		entry("register", "dossier/BK-UBND-2023", "decision", "yes", "state", "checked"), entry("subject", "900")} {
		if res, page := b.ask("POST", "/registers/enter", v); res.StatusCode != 303 {
			t.Fatalf("%v: %d %s", v, res.StatusCode, text(page))
		}
	}
	verified(t, st)
	listed := func(b browser, path string, want int, says ...string) {
		t.Helper()
		_, page := b.ask("GET", path, nil)
		if got := strings.Count(page, "<tr"); got != want+1 {
			t.Errorf("%s: %d rows, want %d: %s", path, got-1, want, text(page))
		}
		for _, s := range says {
			if !strings.Contains(text(page), s) {
				t.Errorf("%s does not say %q", path, s)
			}
		}
	}
	listed(b, "/registers", 4, "Đã rút lại", "Hợp tác xã “<b>” (DN-1)", "đã đối chiếu tiêu chuẩn", "Hồ sơ: Bằng khen")
	listed(b, "/registers?history=1", 5, "đã được thay")
	listed(b, "/registers?group=doanh-nghiep", 1)
	listed(b, "/registers?register=H-PLAN&history=1", 3)
	listed(b, "/registers?q=cong+van", 1)
	listed(in("lan"), "/registers?history=1", 3, "Rạch Giá") // the officer of 899
	if _, csv := in("minh").ask("GET", "/registers?history=1&format=csv", nil); strings.Count(csv, "\n") != 6 || !strings.Contains(csv, "H-PLAN,H-PLAN Có kế hoạch phát động thi đua,huyen,899,Thành phố Rạch Giá (đến 30/06/2025),2023,unknown,,Công văn 3/CV,2022-12-01,ra-soat,2025-06-30T00:00:00Z,true") {
		t.Errorf("CSV: %s", csv)
	}
	if res, _ := b.ask("GET", "/registers?from=9", nil); res.StatusCode != 400 {
		t.Errorf("behind the end: %d", res.StatusCode)
	}
	_, page = b.ask("GET", "/registers/enter?group=huyen&subject=899&register=H-PLAN&year=2023", nil)
	if !strings.Contains(text(page), "Công văn 3/CV") || strings.Count(page, `class="old"`) != 1 {
		t.Errorf("history: %s", text(page))
	}

	// Without accounts or without awards there are no registers.
	for name, o := range map[string]web.Options{"nobody signs in": {Registers: st}, "nothing takes entries": {Access: st}} {
		o.Plan, o.Store, o.Now = p, st, clock(p.Demo.AsOf)
		if res, _ := newBrowser(t, opened(t, o)).ask("GET", "/registers", nil); res.StatusCode != 404 {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
}
