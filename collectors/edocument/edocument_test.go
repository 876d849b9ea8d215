package edocument

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
	"tiendo/schema/plans"
)

var now = time.Date(2024, 4, 10, 9, 0, 0, 0, plan.Zone)

func loadPlan(t testing.TB) *plan.Plan {
	t.Helper()
	sub, err := fs.Sub(plans.FS, "kien-giang-2022-2025")
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Load(sub)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func source(t testing.TB, p *plan.Plan, id string) collectors.Source {
	t.Helper()
	for _, f := range p.Sources {
		if f.Name == id {
			src, err := collectors.DecodeSource(f)
			if err != nil {
				t.Fatal(err)
			}
			src.Rate, src.RetryWait = -1, collectors.Duration(time.Millisecond)
			return src
		}
	}
	t.Fatalf("the plan has no source %s", id)
	return collectors.Source{}
}

func at(t testing.TB, p *plan.Plan, src collectors.Source, url string) collectors.Collector {
	t.Helper()
	env := map[string]string{"TIENDO_EDOC_URL": url, "TIENDO_EDOC_SYSTEMID": "me", "TIENDO_EDOC_SECRET": "secret", "TIENDO_QLVB_URL": url, "TIENDO_QLVB_API_KEY": "key"}
	c, err := New(src, collectors.Deps{Plan: p, Now: func() time.Time { return now }, Lookup: func(n string) string { return env[n] }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func pull(t testing.TB, c collectors.Collector, since collectors.Cursor) (all collectors.Batch, pages []collectors.Page, err error) {
	t.Helper()
	for p, err := range c.Pages(context.Background(), since) {
		if err != nil {
			return all, pages, err
		}
		b, err := c.Parse(p)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, p)
		all.Documents = append(all.Documents, b.Documents...)
		all.Measures = append(all.Measures, b.Measures...)
		all.Rejects = append(all.Rejects, b.Rejects...)
		all.Drift = append(all.Drift, b.Drift...)
	}
	return all, pages, nil
}

// sent is a row of the sent list with one thing changed.
func sent(change string, value any) map[string]any {
	m := map[string]any{"senderDocId": "000.00.31.H33,2024/03/01,12/CV", "receiverDocId": "77", "fromCode": "000.00.31.H33", "toCode": "H33.01", "notation": "12/CV về người bí mật",
		"sentTime": "2024/03/01 09:15:00", "receivedTime": "2024/03/01 09:20:00", "sendStatus": "06", "receiveStatus": "06"}
	if change != "" {
		m[change] = value
	}
	return m
}

// axisServer checks the signature, keeps the request's headers, and serves rows two by two.
func axisServer(t testing.TB, asked *[]http.Header, rows ...map[string]any) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked != nil {
			*asked = append(*asked, r.Header.Clone())
		}
		h := r.Header.Get
		mac := hmac.New(sha256.New, []byte("secret"))
		mac.Write([]byte(h("systemid") + h("timestamp") + h("messagetype")))
		if r.Method != http.MethodPost || r.URL.Path != "/getSentEdocList" || h("signature") != hex.EncodeToString(mac.Sum(nil)) {
			fmt.Fprint(w, `{"status":"FAIL","ErrorCode":"-1","ErrorDesc":"Sai chữ ký","data":[]}`)
			return
		}
		var page int
		_, _ = fmt.Sscan(h("pageIndex"), &page)
		from, to := min(2*(page-1), len(rows)), min(2*page, len(rows))
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "OK", "ErrorCode": "0", "ErrorDesc": "", "total": len(rows), "data": rows[from:to]})
	}))
	t.Cleanup(s.Close)
	return s
}

func TestAxis(t *testing.T) {
	p := loadPlan(t)
	var asked []http.Header
	s := axisServer(t, &asked, sent("", nil), sent("senderDocId", "b"), sent("senderDocId", "c"))
	b, pages, err := pull(t, at(t, p, source(t, p, "edoc-axis"), s.URL), collectors.Cursor{})
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) != 2 || len(b.Documents) != 3 || len(b.Rejects)+len(b.Drift) != 0 {
		t.Fatalf("got %d pages, %+v", len(pages), b)
	}
	u, err := p.Units.ByOrganCode("H33.31", plan.MustDay("2024-03-01"))
	if err != nil {
		t.Fatal(err)
	}
	when := time.Date(2024, 3, 1, 9, 15, 0, 0, plan.Zone)
	want := collectors.Document{ID: "000.00.31.H33,2024/03/01,12/CV", Unit: u.UnitKey, To: "H33.01", Sent: when, Status: "06", Updated: when}
	if diff := cmp.Diff(want, b.Documents[0]); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(string(pages[0].Body), "bí mật") {
		t.Errorf("landed %s", pages[0].Body)
	}
	if h := asked[1]; h.Get("fromDate") != "2000/01/01 00:00:00" || h.Get("toDate") != "2024/04/10 09:00:00" || h.Get("pageIndex") != "2" || h.Get("servicetype") != "eDoc" {
		t.Errorf("asked with %v", h)
	}
	// The next pull looks as far back as the lag, for recalls.
	if _, _, err = pull(t, at(t, p, source(t, p, "edoc-axis"), s.URL), pages[1].Cursor); err != nil {
		t.Fatal(err)
	}
	if got := asked[2].Get("fromDate"); got != "2024/01/31 09:15:00" {
		t.Errorf("asked from %s", got)
	}
}

func TestAxisTraps(t *testing.T) {
	p := loadPlan(t)
	for _, c := range []struct {
		name, change string
		value        any
		rule         string
		status       string
		drift        string
	}{
		{"recalled by its sender", "sendStatus", "13", "", "13", ""},
		{"recalled as the receiver sees it", "receiveStatus", "13", "", "13", ""},
		{"status nobody knows", "sendStatus", "99", "", "99", "99"},
		{"no id", "senderDocId", "", "missing_id", "", ""},
		{"unknown sender", "fromCode", "000.00.99.H33", "unknown_unit", "", ""},
		{"no such day", "sentTime", "2024/02/31 25:00:00", "bad_date", "", ""},
		{"no date", "sentTime", "", "bad_date", "", ""},
		{"sent tomorrow", "sentTime", "2024/04/11 09:00:00", "future_date", "", ""},
		{"date in the portal's form", "sentTime", "20240301091500", "", "06", ""},
		{"new field", "priority", "1", "", "06", "priority"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, _, err := pull(t, at(t, p, source(t, p, "edoc-axis"), axisServer(t, nil, sent(c.change, c.value)).URL), collectors.Cursor{})
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case c.rule == "" && (len(b.Documents) != 1 || len(b.Rejects) != 0 || b.Documents[0].Status != c.status):
				t.Errorf("got %+v, rejects %+v", b.Documents, b.Rejects)
			case c.rule != "" && (len(b.Documents) != 0 || len(b.Rejects) != 1 || b.Rejects[0].Rule != c.rule || !json.Valid(b.Rejects[0].Record)):
				t.Errorf("got %+v, rejects %+v", b.Documents, b.Rejects)
			}
			if drift := strings.Join(b.Drift, "\n"); (c.drift == "") != (drift == "") || !strings.Contains(drift, c.drift) {
				t.Errorf("got drift %q, want %q", drift, c.drift)
			}
		})
	}
}

// A document that went to several receivers counts once, and is recalled when one row says so.
func TestDocumentToSeveralReceivers(t *testing.T) {
	p := loadPlan(t)
	b, _, err := pull(t, at(t, p, source(t, p, "edoc-axis"), axisServer(t, nil, sent("receiveStatus", "13"), sent("toCode", "H33.02")).URL), collectors.Cursor{})
	if err != nil || len(b.Documents) != 1 || b.Documents[0].Status != "13" {
		t.Errorf("got %+v, %v", b.Documents, err)
	}
}

// "OK" with an empty list where documents are expected is an outage, not a zero; set empty: ok for a source where none is right.
func TestEmptyIsNotZero(t *testing.T) {
	p := loadPlan(t)
	s := axisServer(t, nil)
	src := source(t, p, "edoc-axis")
	before := collectors.Cursor{Since: now.Add(-7 * 24 * time.Hour)}
	if _, _, err := pull(t, at(t, p, src, s.URL), before); !errors.Is(err, collectors.ErrEmptyAnswer) {
		t.Errorf("got %v", err)
	}
	src.Empty = "ok"
	if _, pages, err := pull(t, at(t, p, src, s.URL), before); err != nil || !pages[0].Cursor.Since.Equal(before.Since) {
		t.Errorf("got %v, %v", pages, err)
	}
}

func TestWrongSignatureIsPermanent(t *testing.T) {
	p := loadPlan(t)
	src := source(t, p, "edoc-axis")
	src.Auth.Sign = []string{"systemid"}
	_, _, err := pull(t, at(t, p, src, axisServer(t, nil, sent("", nil)).URL), collectors.Cursor{})
	var lasting *collectors.PermanentError
	if !errors.As(err, &lasting) || !strings.Contains(err.Error(), "Sai chữ ký") {
		t.Errorf("got %v", err)
	}
}

// statistics serves rows to whoever has the key.
func statistics(t testing.TB, path string, rows ...map[string]any) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path || r.Header.Get("X-API-Key") != "key" || r.URL.Query().Get("trang") != "1" {
			http.Error(w, `{"thanhCong":false}`, http.StatusBadRequest)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"thanhCong": true, "tongSo": len(rows), "duLieu": rows})
	}))
	t.Cleanup(s.Close)
	return s
}

func with(m map[string]any, pairs ...any) map[string]any {
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	return m
}

func documents(pairs ...any) map[string]any {
	return with(map[string]any{"maDonVi": "H33.31", "tenDonVi": "Huyện", "ngay": "20240301", "vanBanTraoDoi": 100, "vanBanDienTu": 95, "vanBanKySo": 90, "vanBanMat": 4, "ngayCapNhat": "20240302070000"}, pairs...)
}

func workfiles(pairs ...any) map[string]any {
	return with(map[string]any{"maDonVi": "000.00.31.H33", "thang": "202403", "hoSo": "1250", "hoSoTrucTuyen": "800", "hoSoMat": "50", "ngayCapNhat": "20240402070000"}, pairs...)
}

func TestStatistics(t *testing.T) {
	p := loadPlan(t)
	for _, c := range []struct {
		name    string
		rows    []map[string]any
		want    string // code=value start..end, joined
		rejects string // rule@field
		drift   string
	}{
		{"documents, secret ones taken out", []map[string]any{documents()}, "edoc.exchanged=96 edoc.signed=90 edoc.secret=4 2024-03-01..2024-03-01", "", ""},
		{"strings for numbers", []map[string]any{documents("vanBanTraoDoi", "100", "vanBanKySo", "90", "vanBanMat", "4")}, "edoc.exchanged=96 edoc.signed=90 edoc.secret=4 2024-03-01..2024-03-01", "", ""},
		{"no documents on a day", []map[string]any{documents("vanBanTraoDoi", 0, "vanBanKySo", 0, "vanBanMat", 0)}, "edoc.exchanged=0 edoc.signed=0 edoc.secret=0 2024-03-01..2024-03-01", "", ""},
		{"work files of a month", []map[string]any{workfiles()}, "workfile.total=1200 workfile.online=800 workfile.secret=50 2024-03-01..2024-03-31", "", ""},
		{"closed month restated", []map[string]any{workfiles(), workfiles("hoSoTrucTuyen", "900", "ngayCapNhat", "20240405070000")}, "workfile.total=1200 workfile.online=900 workfile.secret=50 2024-03-01..2024-03-31", "", ""},
		{"older version behind the newer", []map[string]any{workfiles("ngayCapNhat", "20240405070000"), workfiles("hoSoTrucTuyen", "1")}, "workfile.total=1200 workfile.online=800 workfile.secret=50 2024-03-01..2024-03-31", "", ""},
		{"month that is not over", []map[string]any{workfiles("thang", "202404")}, "", "", "04/2024"},
		{"month to come", []map[string]any{workfiles("thang", "202405")}, "", "future_date@thang", ""},
		{"day to come", []map[string]any{documents("ngay", "20240411")}, "", "future_date@ngay", ""},
		{"no such month", []map[string]any{workfiles("thang", "202413")}, "", "bad_date@thang", ""},
		{"missing whole", []map[string]any{documents("vanBanTraoDoi", nil)}, "", "missing_denominator@vanBanTraoDoi", ""},
		{"missing part", []map[string]any{documents("vanBanKySo", "")}, "", "missing_number@vanBanKySo", ""},
		{"missing secret", []map[string]any{documents("vanBanMat", "")}, "", "missing_number@vanBanMat", ""},
		{"ambiguous number", []map[string]any{documents("vanBanTraoDoi", "1.204")}, "", "ambiguous_number@vanBanTraoDoi", ""},
		{"number in words", []map[string]any{documents("vanBanTraoDoi", "trăm")}, "", "bad_number@vanBanTraoDoi", ""},
		{"more signed than exchanged", []map[string]any{documents("vanBanKySo", 97)}, "", "over_denominator@vanBanKySo", ""},
		{"more secret than exchanged", []map[string]any{documents("vanBanMat", 101)}, "", "over_denominator@vanBanMat", ""},
		{"unknown agency", []map[string]any{documents("maDonVi", "H33.99")}, "", "unknown_unit@maDonVi", ""},
		{"bad update time", []map[string]any{documents("ngayCapNhat", "hôm qua")}, "", "bad_date@ngayCapNhat", ""},
		{"new field", []map[string]any{documents("vanBanGiay", 3)}, "edoc.exchanged=96 edoc.signed=90 edoc.secret=4 2024-03-01..2024-03-01", "", "vanBanGiay"},
	} {
		t.Run(c.name, func(t *testing.T) {
			id, path := "edoc-statistics", "/api/thong-ke/van-ban"
			if c.rows[0]["thang"] != nil {
				id, path = "workfile-statistics", "/api/thong-ke/ho-so-cong-viec"
			}
			b, _, err := pull(t, at(t, p, source(t, p, id), statistics(t, path, c.rows...).URL), collectors.Cursor{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range b.Measures {
				got = append(got, fmt.Sprintf("%s=%d", m.Code, m.Value))
				if m.PeriodType != plan.Calendar || m.Unit.Code == "" {
					t.Errorf("got %+v", m)
				}
			}
			if len(b.Measures) > 0 {
				got = append(got, b.Measures[0].Start.String()+".."+b.Measures[0].End.String())
			}
			if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
			var rejects []string
			for _, r := range b.Rejects {
				rejects = append(rejects, r.Rule+"@"+r.Field)
			}
			if diff := cmp.Diff(c.rejects, strings.Join(rejects, " ")); diff != "" {
				t.Error(diff)
			}
			if drift := strings.Join(b.Drift, "\n"); (c.drift == "") != (drift == "") || !strings.Contains(drift, c.drift) {
				t.Errorf("got drift %q, want %q", drift, c.drift)
			}
		})
	}
}

// A system whose whole is already without the secret ones says so in its source file.
func TestSystemWithoutSecretField(t *testing.T) {
	p := loadPlan(t)
	src := source(t, p, "edoc-statistics")
	src.Fields = map[string]string{"secret": ""}
	b, _, err := pull(t, at(t, p, src, statistics(t, "/api/thong-ke/van-ban", documents()).URL), collectors.Cursor{})
	if err != nil || len(b.Measures) != 2 || b.Measures[0].Value != 100 {
		t.Errorf("got %+v, %v", b.Measures, err)
	}
}

// An agency that ended within the month still has its figure of the month.
func TestAgencyThatEndedWithinTheMonth(t *testing.T) {
	old := &plan.Unit{UnitKey: plan.UnitKey{Code: "H33.99", From: plan.NoDay}, To: plan.MustDay("2024-03-10"), Name: "Sở Cũ", Level: "department"}
	units, err := plan.NewUnits([]*plan.Unit{old}, nil)
	if err != nil {
		t.Fatal(err)
	}
	src := source(t, loadPlan(t), "workfile-statistics")
	for month, want := range map[string]int{"202403": 3, "202402": 3, "202401": 3, "202404": 0} {
		s := statistics(t, "/api/thong-ke/ho-so-cong-viec", workfiles("maDonVi", "H33.99", "thang", month))
		b, _, err := pull(t, at(t, &plan.Plan{Units: units}, src, s.URL), collectors.Cursor{})
		if err != nil || len(b.Measures) != want {
			t.Errorf("%s: got %+v, %+v, %v", month, b.Measures, b.Rejects, err)
		}
	}
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	p := loadPlan(t)
	src := source(t, p, "edoc-axis")
	full := collectors.Deps{Plan: p, Now: time.Now, Lookup: func(string) string { return "" }}
	if _, err := New(src, full); err == nil || !strings.Contains(err.Error(), "TIENDO_EDOC_URL") {
		t.Errorf("got %v", err)
	}
	if _, err := New(src, collectors.Deps{}); err == nil {
		t.Error("no plan, no error")
	}
	src.Resource = "pigeons"
	if _, err := New(src, full); err == nil || !strings.Contains(err.Error(), "axis, document_statistics, workfile_statistics") {
		t.Errorf("got %v", err)
	}
	src = source(t, p, "edoc-statistics")
	src.Fields = map[string]string{"whole": "", "hole": "x"}
	if _, err := New(src, full); err == nil || !strings.Contains(err.Error(), "fields.whole is not mapped") || !strings.Contains(err.Error(), "fields.hole is no field") {
		t.Errorf("got %v", err)
	}
}

func FuzzParseAxis(f *testing.F) {
	p := loadPlan(f)
	c := at(f, p, source(f, p, "edoc-axis"), "http://127.0.0.1:1")
	for _, change := range []string{"", "sentTime", "sendStatus", "fromCode"} {
		row, err := json.Marshal(map[string]any{"records": []any{sent(change, "13")}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(row)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		b, err := c.Parse(collectors.Page{Body: body, FetchedAt: now})
		if err != nil {
			return
		}
		for _, x := range b.Documents {
			if x.ID == "" || x.Unit.Code == "" || x.Sent.IsZero() || x.Sent.After(now) {
				t.Fatalf("document %+v", x)
			}
		}
	})
}

func FuzzParseStatistics(f *testing.F) {
	p := loadPlan(f)
	c := at(f, p, source(f, p, "edoc-statistics"), "http://127.0.0.1:1")
	for _, value := range []any{5, "5", "1.204", nil, -1, 1e30} {
		row, err := json.Marshal(map[string]any{"records": []any{documents("vanBanKySo", value)}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(row)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		b, err := c.Parse(collectors.Page{Body: body, FetchedAt: now})
		if err != nil {
			return
		}
		for i, m := range b.Measures {
			if m.Value < 0 || m.Unit.Code == "" || m.Start > m.End || m.End > plan.DayOf(now) {
				t.Fatalf("measure %+v", m)
			}
			if m.Code == "edoc.signed" && m.Value > b.Measures[i-1].Value {
				t.Fatalf("%d signed of %d", m.Value, b.Measures[i-1].Value)
			}
		}
	})
}
