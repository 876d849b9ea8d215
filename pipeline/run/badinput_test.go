package run_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/run"
	"tiendo/schema/engine"
)

var (
	monday  = at("2024-03-18 01:30")
	tuesday = at("2024-03-19 01:30")
	doneOn  = plan.MustDay("2024-03-12")
	ward    = unit("30742")
)

// resolved is how many dossiers of the ward count on the day, as known when the run is over.
func resolved(t testing.TB, d db, knownOn time.Time) int64 {
	t.Helper()
	n, _ := d.figure(t, "dossier.resolved", ward, doneOn, plan.DayOf(knownOn))
	return n
}

// onlyReject is the one reject of the source, with its payload still there.
func onlyReject(t testing.TB, d db, source, rule string) (reason, field, key string) {
	t.Helper()
	all, err := d.Rejects(t.Context(), source, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 || all[0].Rule != rule {
		t.Fatalf("rejects %+v, want one by %s", all, rule)
	}
	if d.count(t, "payload", "plan = '"+d.Plan()+"' AND sha256 = '"+all[0].SHA256+"'") == 0 {
		t.Error("the page that the reject points to was not landed")
	}
	return all[0].Reason, all[0].Field, all[0].Key
}

func holds(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%q does not say %q", text, p)
		}
	}
}

// clearError is an error of one line: one thing went wrong, and it is said once.
func clearError(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("more than one error: %q", err)
	}
	if len(err.Error()) > 500 {
		t.Errorf("%d characters are nobody's message: %q", len(err.Error()), err)
	}
	holds(t, err.Error(), parts...)
}

// goesOn pulls another source, which the trouble of the first must not touch.
func goesOn(t testing.TB, s *systems, d db) {
	t.Helper()
	s.change(func() { s.payments = []map[string]any{payment("TT1", "DA_THANH_TOAN", "20240312092000")} })
	s.good(t, d, "fee-payments", monday)
	if n, _ := d.figure(t, "fee.dossiers_paid_online", ward, doneOn, plan.DayOf(monday)); n != 1 {
		t.Errorf("%d payments of the other source", n)
	}
}

// A record that cannot be counted is set aside with its place and what to do; the rest of its page counts.
func TestBadInputRecord(t *testing.T) {
	t.Parallel()
	root := open(t)
	for _, c := range []struct {
		name  string
		bad   map[string]any
		rule  string
		field string
		says  []string
	}{
		{"unknown unit", dossier(2, "DonViXuLy", "H99.77"), "unknown_unit", "DonViXuLy", []string{`"H99.77"`, "12/03/2024", "danh mục mã đơn vị"}},
		{"future date", dossier(2, "NgayKetThucXuLy", "20240401080000"), "future_date", "NgayKetThucXuLy", []string{"01/04/2024 08:00", "tương lai", "sửa ở hệ thống nguồn"}},
		{"ambiguous number 1.234", func() map[string]any {
			m := dossier(2)
			m["DanhSachLePhi"] = []map[string]any{{"Gia": "1.234"}}
			return m
		}(), "ambiguous_number", "DanhSachLePhi.Gia", []string{`"1.234"`, "hai cách", "ghi liền"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := root.sub(c.name)
			s := newSystems(t)
			s.dossiers = dossierList(5) // a page of three, a page of two
			s.dossiers[1] = c.bad
			rec := s.good(t, d, "dossiers", monday)
			if rec.Rejected != 1 || rec.Records != 5 || rec.State != run.OK {
				t.Errorf("run %+v", rec)
			}
			reason, field, key := onlyReject(t, d, "dossiers", c.rule)
			holds(t, reason, c.says...)
			if field != c.field || key != "30742-240311-0002" {
				t.Errorf("the reject is at field %q of record %q", field, key)
			}
			if n := resolved(t, d, monday); n != 4 {
				t.Errorf("%d dossiers count, want the other 4", n)
			}
			goesOn(t, s, d)

			// Mended at the source, the record counts from the day it is known, and only then.
			s.change(func() { s.dossiers = append(s.dossiers, dossier(2, "NgayCapNhat", "20240318120000")) })
			s.good(t, d.restarted(), "dossiers", tuesday)
			if before, now := resolved(t, d, monday), resolved(t, d, tuesday); before != 4 || now != 5 {
				t.Errorf("%d on Monday, %d on Tuesday, want 4 and 5", before, now)
			}
		})
	}
}

// A page that cannot be read ends its run with one error; what was committed before counts, the next run brings the rest.
func TestBadInputMalformedPage(t *testing.T) {
	t.Parallel()
	root := open(t)
	calm := root.sub("undisturbed")
	s := newSystems(t)
	s.dossiers = dossierList(8)
	s.good(t, calm, "dossiers", monday)
	want := calm.measures(t)
	for _, c := range []struct {
		name  string
		body  string
		says  []string
		tries int
	}{
		{"HTML", "<!DOCTYPE html><html><body>Bảo trì</body></html>", []string{"source dossiers", "TraCuuHoSo", "HTML page"}, 1},
		{"truncated JSON", `{"error_code":"0","data":[{"MaHoSo":"30742-24`, []string{"source dossiers", "TraCuuHoSo", "cut off"}, 5},
		{"not an object", `{"error_code":"0","data":[7]}`, []string{"source dossiers", "TraCuuHoSo", "not an object"}, 1},
		{"no list", `{"error_code":"0"}`, []string{"source dossiers", "envelope.records"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := root.sub(c.name)
			s := newSystems(t)
			s.dossiers = dossierList(8)
			s.answer = func(service string, n int, w http.ResponseWriter) bool {
				if service != "TraCuuHoSo" || n < 2 {
					return false
				}
				io.WriteString(w, c.body)
				return true
			}
			rec, err := s.pull(t, d, "dossiers", monday)
			clearError(t, err, c.says...)
			if strings.Contains(err.Error(), "Bảo trì") {
				t.Errorf("the error quotes the answer, which may hold anything: %v", err)
			}
			if rec.State != run.Failed || rec.Pages != 1 || rec.Error == "" {
				t.Errorf("run %+v", rec)
			}
			if n := s.asked("TraCuuHoSo"); n != 1+c.tries {
				t.Errorf("%d requests, want one page and %d tries of the next", n, c.tries)
			}
			if n := resolved(t, d, monday); n != 3 {
				t.Errorf("%d dossiers of the first page count, want 3", n)
			}
			state, err := d.SourceStates(t.Context(), []string{"dossiers"})
			if err != nil || state[0].State != run.Failed || !strings.Contains(state[0].Error, c.says[len(c.says)-1]) || state[0].LastComplete != nil {
				t.Errorf("state %+v, %v", state, err)
			}
			goesOn(t, s, d)

			s.change(func() { s.answer = nil })
			s.good(t, d.restarted(), "dossiers", monday)
			if diff := cmp.Diff(want, d.measures(t, "dossiers")); diff != "" {
				t.Errorf("undisturbed (-), after the outage (+):\n%s", diff)
			}
		})
	}
}

// Files stand for themselves: a bad one is set aside as a whole or by row, and the good ones beside it count.
func TestBadInputForms(t *testing.T) {
	t.Parallel()
	root := open(t)
	good := "30742,40,200"
	whole := workbook(t)
	for _, c := range []struct {
		name string
		file string
		data []byte
		rule string
		says []string
		rows bool // the file's good row counts
	}{
		{"unknown unit", "a.csv", form("1", "2024-Q1", "99999,1,2", good), "unknown_unit", []string{"a.csv", "A7", `"99999"`, "danh mục đơn vị"}, true},
		{"missing denominator", "a.csv", form("1", "2024-Q1", "30745,10,", good), "missing_denominator", []string{"a.csv", "C7", "thiếu mẫu số", "hãy ghi đủ"}, true},
		{"numerator over denominator", "a.csv", form("1", "2024-Q1", "30745,11,10", good), "over_denominator", []string{"a.csv", "B7", "11 lớn hơn 10", "hãy kiểm tra"}, true},
		{"ambiguous number 1.234", "a.csv", form("1", "2024-Q1", "30745,10,1.234", good), "ambiguous_number", []string{"a.csv", "C7", "1.234"}, true},
		{"future date", "a.csv", form("1", "2024-Q3", good), "future_date", []string{"14/09/2024", "hãy gửi sau"}, false},
		{"wrong form version", "a.csv", form("2", "2024-Q1", good), "form_version", []string{`"2"`, "phiên bản 1", "hãy dùng mẫu mới"}, false},
		{"truncated XLSX", "a.xlsx", whole[:len(whole)*2/3], "unreadable_file", []string{"a.xlsx", "hỏng"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := root.sub(c.name)
			s := newSystems(t)
			s.file(t, c.file, c.data, monday.Add(-2*time.Hour))
			s.file(t, "b.csv", form("1", "2024-Q1", "30733,7,70"), monday.Add(-time.Hour))
			rec := s.good(t, d, "forms", monday)
			if rec.Pages != 2 || rec.Rejected != 1 {
				t.Errorf("run %+v", rec)
			}
			reason, _, _ := onlyReject(t, d, "forms", c.rule)
			holds(t, reason, c.says...)
			end := plan.MustDay("2024-03-14")
			if n, ok := d.figure(t, "XHS-06.denominator", unit("30733"), end, plan.DayOf(monday)); !ok || n != 70 {
				t.Errorf("the file beside it gives %d, %v", n, ok)
			}
			if n, ok := d.figure(t, "XHS-06.denominator", ward, end, plan.DayOf(monday)); ok != c.rows || ok && n != 200 {
				t.Errorf("the good row of the file gives %d, %v", n, ok)
			}
			if _, ok := d.figure(t, "XHS-06.numerator", unit("30745"), end, plan.DayOf(monday)); ok {
				t.Error("half of a bad row counts")
			}

			// The file corrected under the same name counts, once, and is read once.
			s.file(t, "a.csv", form("1", "2024-Q1", "30745,10,100", good), tuesday.Add(-time.Hour))
			if err := os.Remove(filepath.Join(s.drop, "forms", "a.xlsx")); err != nil && c.file == "a.xlsx" {
				t.Fatal(err)
			}
			d = d.restarted()
			if rec := s.good(t, d, "forms", tuesday); rec.Pages != 1 || rec.Rejected != 0 {
				t.Errorf("the corrected file: %+v", rec)
			}
			if n, ok := d.figure(t, "XHS-06.denominator", unit("30745"), end, plan.DayOf(tuesday)); !ok || n != 100 {
				t.Errorf("the corrected row gives %d, %v", n, ok)
			}
			if rec := s.good(t, d, "forms", tuesday); rec.Pages != 0 {
				t.Errorf("read again: %+v", rec)
			}
		})
	}
}

// workbook is a zip of some size, as any XLSX is one.
func workbook(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range []string{"[Content_Types].xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml"} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, "<x>"+strings.Repeat(name, 50)+"</x>")
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A refused login is asked once: trying again would only lock the account.
func TestBadInputWrongSecret(t *testing.T) {
	t.Parallel()
	d := open(t)
	s := newSystems(t)
	s.dossiers = dossierList(3)
	s.good(t, d, "dossiers", monday)
	before, logins := d.measures(t), s.asked("session")
	s.change(func() { s.password = "khác" })
	rec, err := s.pull(t, d, "dossiers", tuesday)
	clearError(t, err, "source dossiers", "login", "HTTP 401", "check the source's auth")
	if strings.Contains(err.Error(), password) {
		t.Errorf("the error shows the secret: %v", err)
	}
	if n := s.asked("session") - logins; n != 1 {
		t.Errorf("%d logins, want one", n)
	}
	if rec.State != run.Failed || rec.Pages != 0 {
		t.Errorf("run %+v", rec)
	}
	if diff := cmp.Diff(before, d.measures(t)); diff != "" {
		t.Errorf("what was known changed: %s", diff)
	}
	goesOn(t, s, d)

	// A secret that is not set is said at start.
	src, err := collectors.DecodeSource(s.plan.Sources[0])
	if err != nil {
		t.Fatal(err)
	}
	src.BaseURL = s.url
	if _, err = collectors.NewClient(src, nil, collectors.Deps{Plan: s.plan, Now: time.Now}); err == nil {
		t.Fatal("a client without its secret")
	}
	holds(t, err.Error(), src.File, "is not set")
}

// A source that is down is tried as often as its settings say; the others go on, and nothing of it is lost.
func TestBadInputSourceDown(t *testing.T) {
	t.Parallel()
	d := open(t)
	s := newSystems(t)
	s.dossiers = dossierList(5)
	s.good(t, d, "dossiers", monday)
	before := d.measures(t)
	nobody := httptest.NewServer(http.NotFoundHandler())
	nobody.Close()
	up := s.url
	s.url = nobody.URL
	begun := time.Now()
	rec, err := s.pull(t, d, "dossiers", tuesday)
	clearError(t, err, "source dossiers", "connection refused")
	if time.Since(begun) > 5*time.Second {
		t.Errorf("gave up after %s", time.Since(begun))
	}
	if rec.State != run.Failed {
		t.Errorf("run %+v", rec)
	}
	if diff := cmp.Diff(before, d.measures(t)); diff != "" {
		t.Errorf("what was known changed: %s", diff)
	}
	s.url = up
	goesOn(t, s, d)
	s.change(func() { s.dossiers = append(s.dossiers, dossier(6, "NgayCapNhat", "20240318120000")) })
	s.good(t, d.restarted(), "dossiers", tuesday)
	if n := resolved(t, d, tuesday); n != 6 {
		t.Errorf("%d dossiers when it is back, want 6", n)
	}
	if n := resolved(t, d, monday); n != 5 {
		t.Errorf("%d dossiers as known on Monday, want 5", n)
	}
}

// bulk is a source of so many dossiers that they are written in several batches.
func bulk(t testing.TB, id string, pages, perPage int, now time.Time) *scripted {
	t.Helper()
	c := &scripted{}
	for p := range pages {
		var b collectors.Batch
		for i := range perPage {
			b.Dossiers = append(b.Dossiers, collectors.Dossier{Position: i, ID: fmt.Sprintf("%s%05d", id, p*perPage+i), Unit: unit(fmt.Sprintf("U%d", i%7)), Status: 10,
				Channel: 2, Finished: doneOn.Start().Add(time.Duration(i) * time.Second), Due: doneOn.End(), Updated: doneOn.End()})
		}
		x := page(t, now, b)
		x.Cursor.Token = fmt.Sprint(p + 1)
		c.pages = append(c.pages, x)
	}
	return c
}

// When ClickHouse goes away in the middle, pulling stops with one error, what was committed stays, and the next run goes on
// behind it: the table is that of an undisturbed run.
func TestBadInputClickHouseDown(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tcp, http := freePort(t), freePort(t)
	start := func() *engine.Engine {
		t.Helper()
		e, err := engine.Start(t.Context(), engine.Options{Dir: dir, TCPPort: tcp, HTTPPort: http})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	stop := func(e *engine.Engine) {
		t.Helper()
		if err := e.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	e := start()
	const pages, perPage = 9, 5000 // written after every fourth page
	calm := openAt(t, e.DSN(), "calm")
	c := bulk(t, "d", pages, perPage, monday)
	if _, err := runner(calm, monday).Collect(t.Context(), run.Job{Source: "s", Collector: c}); err != nil {
		t.Fatal(err)
	}
	want := calm.measures(t)

	d := db{calm.For("disturbed"), calm.conn}
	r := runner(d, monday)
	pulled := 0
	down := &interrupted{scripted: c, before: func(n int) {
		pulled = n
		if n == 6 {
			stop(e)
		}
	}}
	rec, err := r.Collect(t.Context(), run.Job{Source: "s", Collector: down})
	clearError(t, err, "source s", "ClickHouse does not answer", "connection refused", "collect again")
	if rec.State != run.Failed || pulled > 8 {
		t.Errorf("pulling went on to page %d: %+v", pulled, rec)
	}
	_, err = r.Collect(t.Context(), run.Job{Source: "s", Collector: down})
	clearError(t, err, "source s", "read the cursor", "ClickHouse does not answer")

	e = start()
	defer func() { stop(e) }()
	calm = openAt(t, e.DSN(), "calm")
	d = db{calm.For("disturbed"), calm.conn}
	if n := d.count(t, "page", "plan = 'disturbed'"); n != 4 {
		t.Errorf("%d pages were committed before it went down, want 4", n)
	}
	rest := &interrupted{scripted: c}
	if _, err := runner(d, monday).Collect(t.Context(), run.Job{Source: "s", Collector: rest}); err != nil {
		t.Fatal(err)
	}
	if rest.since.Token != "4" {
		t.Errorf("the next run began behind page %q, want 4", rest.since.Token)
	}
	if diff := cmp.Diff(want, d.measures(t)); diff != "" {
		t.Errorf("undisturbed (-), disturbed (+):\n%s", diff)
	}

	// Sources share what waits to be written. When one of them finds ClickHouse gone, the others lost pages too: none may go
	// on behind the gap, even if ClickHouse is back at once.
	d = db{calm.For("shared"), calm.conn}
	small, large := bulk(t, "s", 3, 5, monday), bulk(t, "l", 4, perPage, monday)
	var fails error
	between := &interrupted{scripted: small, before: func(n int) {
		if n != 3 { // two pages of this source wait
			return
		}
		if err := syscall.Kill(e.PID(), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		_, fails = runner(d, monday).Collect(t.Context(), run.Job{Source: "large", Collector: large})
		answers(t, d)
	}}
	rec, err = runner(d, monday).Collect(t.Context(), run.Job{Source: "small", Collector: between})
	if fails == nil {
		t.Fatal("the other source noticed nothing")
	}
	clearError(t, err, "source small", "given up")
	if rec.State != run.Failed {
		t.Errorf("run %+v", rec)
	}
	d = d.restarted()
	if n := d.count(t, "page", "plan = 'shared' AND source = 'small'"); n != 0 {
		t.Errorf("%d pages were committed behind lost ones", n)
	}
	for name, c := range map[string]*scripted{"small": small, "large": large} {
		again := &interrupted{scripted: c}
		if _, err := runner(d, monday).Collect(t.Context(), run.Job{Source: name, Collector: again}); err != nil {
			t.Fatal(err)
		}
	}
	if n := d.count(t, "(SELECT DISTINCT id FROM dossier WHERE plan = 'shared' AND source = 'large' AND (run_id, page) IN (SELECT run_id, page FROM page))", "1"); n != 4*perPage {
		t.Errorf("%d dossiers of the large source, want %d", n, 4*perPage)
	}
}

// answers waits until the engine, which is started again by itself, answers.
func answers(t testing.TB, d db) {
	t.Helper()
	for range 200 {
		if d.Ping(t.Context()) == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the engine did not come back")
}

// interrupted is a source that goes on behind its cursor's page, and lets a test do something between pages.
type interrupted struct {
	*scripted
	before func(page int)
	since  collectors.Cursor
}

func (c *interrupted) Pages(ctx context.Context, since collectors.Cursor) iter.Seq2[collectors.Page, error] {
	c.since = since
	return func(yield func(collectors.Page, error) bool) {
		n := 0
		for p := range c.scripted.Pages(ctx, since) {
			n++
			var behind int
			_, _ = fmt.Sscan(since.Token, &behind)
			if n <= behind {
				continue
			}
			if c.before != nil {
				c.before(n)
			}
			if !yield(p, nil) {
				return
			}
		}
	}
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
