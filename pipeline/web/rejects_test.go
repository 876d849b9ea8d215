package web_test

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tiendo/collectors"
	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/run"
	"tiendo/pipeline/web"
)

// understands reads any page as one dossier at the place of the reject.
type understands struct{ dossier collectors.Dossier }

func (understands) Pages(context.Context, collectors.Cursor) iter.Seq2[collectors.Page, error] {
	return nil
}

func (u understands) Parse(collectors.Page) (collectors.Batch, error) {
	return collectors.Batch{Dossiers: []collectors.Dossier{u.dossier}}, nil
}

func TestRejectsOnThePage(t *testing.T) {
	p := load(t, kienGiang)
	st := collected(t, p) // a dossier is refused
	people(t, st)
	if err := st.SaveAccount(t.Context(), access.Account{Name: "ra-soat", Role: access.Reviewer, Password: access.Hash(password)}, access.AccountAdded, "t", time.Now()); err != nil {
		t.Fatal(err)
	}
	asOf := p.Demo.AsOf
	dossier := collectors.Dossier{Position: 3, ID: "H33.01-25-9999", Unit: plan.UnitKey{Code: "so-noi-vu", From: plan.NoDay}, Procedure: "1.003000", Channel: 2, Status: 9,
		Received: asOf.Start(), Due: asOf.Start(), Finished: asOf.Start(), Updated: asOf.Start()}
	sent := dossier
	sent.Position, sent.ID = 7, "H33.01-25-9997"
	landed(t, st, "dossiers", "r-9", asOf.Start().Add(5*time.Hour), `{"records":["x"]}`, collectors.Batch{Rejects: []collectors.Reject{{Position: 3, Key: "H33.01-25-9999", Field: "DonViXuLy", Rule: "unknown_unit", Reason: `Mã đơn vị "H99" <lạ>`, Record: []byte(`{}`)},
		{Position: 5, Key: "H33.01-25-9998", Field: "NgayTra", Rule: "bad_date", Reason: "không đọc được ngày", Record: []byte(`{}`)},
		{Position: 7, Key: sent.ID, Field: "NgayTra", Rule: "bad_date", Reason: "không đọc được ngày", Record: []byte(`{}`)}}, Dossiers: []collectors.Dossier{sent}}) // its place has one that is not refused
	one := understands{dossier}
	o := web.Options{Plan: p, Store: st, Upkeep: st, Access: st, Now: clock(asOf), Notice: notice, Redrive: func(ctx context.Context, source string) (web.Redriven, error) {
		r, err := run.Redrive(ctx, st, run.Job{Source: source, Collector: one})
		return web.Redriven{Tried: r.Tried, Accepted: r.Accepted}, err
	}}
	h, err := web.New(o)
	if err != nil {
		t.Fatal(err)
	}
	says(t, h, []pageCase{
		{"/rejects", 0, []string{"3 còn thiếu", "1 đã xử lý", "Mã đơn vị ngoài danh mục", "Ngày không đọc được", `Mã đơn vị "H99" <lạ>`, "trang 1, vị trí 3", "1 - 3 trong 3", "Bổ sung đơn vị, mã vào danh mục của kế hoạch rồi nạp lại", "Cơ quan quản lý hệ thống nguồn sửa bản ghi"}, []string{"Việc cần làm", "Nạp lại "}},
		{"/rejects?source=dossiers&rule=bad_date", 0, []string{"1 - 2 trong 2", "Việc cần làm:", "sửa trường “NgayTra”"}, []string{"vị trí 3"}},
		{"/rejects?source=forms", 0, []string{"Không có bản ghi nào với lựa chọn này"}, nil},
		{"/rejects?source=x", http.StatusNotFound, nil, nil},
		{"/rejects?part=2", http.StatusNotFound, nil, nil},
		{"/rejects?part=x", http.StatusBadRequest, nil, nil},
		{"/source/dossiers", 0, []string{"Xem, nạp lại"}, nil},
	})
	if rec := get(h, "/rejects"); strings.Contains(rec.Body.String(), "<lạ>") || !strings.Contains(rec.Body.String(), "/payload/dossiers/") {
		t.Error("a reason is taken for markup, or a record has no way back")
	}

	base := opened(t, o)
	for _, who := range []string{"lan", "minh"} {
		b := newBrowser(t, base)
		b.signIn(who, password, "/")
		_, body := b.ask("GET", "/rejects", nil)
		if res, _ := b.ask("POST", "/rejects/redrive", url.Values{"token": {tokenOf(t, body)}, "source": {"dossiers"}}); res.StatusCode != http.StatusForbidden || strings.Contains(body, "/rejects/redrive") {
			t.Errorf("%s tries again: %d", who, res.StatusCode)
		}
	}
	b := newBrowser(t, base)
	b.signIn("ra-soat", password, "/")
	_, body := b.ask("GET", "/rejects", nil)
	form := url.Values{"token": {tokenOf(t, body)}, "source": {"dossiers"}}
	if !strings.Contains(body, `action="/rejects/redrive"`) {
		t.Fatalf("no button: %s", text(body))
	}
	for _, want := range []string{"/rejects?source=dossiers&tried=3&accepted=1", "/rejects?source=dossiers&tried=2&accepted=0"} { // twice is as once
		res, _ := b.ask("POST", "/rejects/redrive", form)
		if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != want {
			t.Errorf("tried again: %d to %q, want %q", res.StatusCode, res.Header.Get("Location"), want)
		}
	}
	if _, body := b.ask("GET", "/rejects?source=dossiers&tried=3&accepted=1&settled=all", nil); !strings.Contains(text(body), "1 được nhận, 2 vẫn bị loại") || !strings.Contains(text(body), "Đã nạp lại") {
		t.Errorf("behind it: %s", text(body))
	}
	if res, _ := b.ask("POST", "/rejects/redrive", url.Values{"token": form["token"], "source": {"x"}}); res.StatusCode != http.StatusNotFound {
		t.Errorf("a source that is not there: %d", res.StatusCode)
	}
	rows, err := st.Audit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if last := rows[len(rows)-1]; last.Action != access.RejectsRedriven || last.Subject != "dossiers" || last.Actor != "ra-soat" {
		t.Errorf("the log ends with %+v", last)
	}
}
