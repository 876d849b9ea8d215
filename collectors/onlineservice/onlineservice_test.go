package onlineservice_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tiendo/collectors"
	"tiendo/collectors/onlineservice"
	"tiendo/pipeline/plan"
	"tiendo/schema/plans"
)

var fetched = time.Date(2025, 6, 29, 23, 30, 0, 0, plan.Zone)

func loadPlan(t testing.TB, name string) *plan.Plan {
	t.Helper()
	fsys, err := fs.Sub(plans.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// bare is a source with the usual names and nothing else.
func bare(resource string) string {
	return "kind: onlineservice\nresource: " + resource + "\nname: Nguồn thử\nbase_url: ${URL}\nretries: 0\nrate: -1\n"
}

func build(t testing.TB, p *plan.Plan, text, url string, now time.Time) collectors.Collector {
	t.Helper()
	src, err := collectors.DecodeSource(plan.SourceFile{Name: "x", Data: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	c, err := onlineservice.New(src, collectors.Deps{Plan: p, Now: func() time.Time { return now }, Lookup: func(n string) string {
		if strings.HasSuffix(n, "URL") {
			return url
		}
		return "secret"
	}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// read serves one answer to whatever is asked and reads it the whole way: client, landed page, batch. For statistics of
// several months each month gets the same answer; the last one's batch is returned.
func read(t *testing.T, text, answer string) collectors.Batch {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, answer) }))
	defer server.Close()
	c := build(t, loadPlan(t, kienGiang), text, server.URL, fetched)
	var batch collectors.Batch
	for p, err := range c.Pages(t.Context(), collectors.Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		if batch, err = c.Parse(p); err != nil {
			t.Fatal(err)
		}
		again, err := c.Parse(collectors.Page{Request: p.Request, Body: slices.Clone(p.Body), FetchedAt: p.FetchedAt, Records: p.Records})
		if diff := cmp.Diff(batch, again); err != nil || diff != "" {
			t.Errorf("a replay reads the page differently: %v %s", err, diff)
		}
	}
	return batch
}

func fixture(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func dossier(t *testing.T, b collectors.Batch, id string) collectors.Dossier {
	t.Helper()
	for _, d := range b.Dossiers {
		if d.ID == id {
			return d
		}
	}
	t.Fatalf("no dossier %s", id)
	return collectors.Dossier{}
}

func at(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04:05", text, plan.Zone)
	if err != nil {
		panic(err)
	}
	return t
}

func TestDossierRecord(t *testing.T) {
	b := read(t, bare("dossiers"), fixture(t, "dossiers.json"))
	want := collectors.Dossier{ID: "000.00.31.H33-250102-0001", Unit: plan.UnitKey{Code: "899", From: plan.NoDay}, Procedure: "1.002835", Channel: 2, Status: 10, FullProcess: true,
		Submitted: at("2025-01-02 08:00:00"), Received: at("2025-01-02 10:00:00"), Due: at("2025-01-14 17:00:00"), DueMoved: 2,
		Finished: at("2025-01-13 09:00:00"), Returned: at("2025-01-13 10:00:00"), HasFee: true, FeeAmount: 20000, Updated: at("2025-01-13 10:05:00")}
	if diff := cmp.Diff(want, b.Dossiers[0]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"new field DiemDanhGia"}, b.Drift); diff != "" {
		t.Error(diff)
	}
}

func TestTrapDeadlineMoves(t *testing.T) {
	b := read(t, bare("dossiers"), fixture(t, "dossiers.json"))
	if d := dossier(t, b, "000.00.31.H33-250102-0001"); !d.Due.Equal(at("2025-01-14 17:00:00")) || d.DueMoved != 2 {
		t.Errorf("due %v, moved %d times", d.Due, d.DueMoved)
	}
}

func TestTrapDeadlineMissing(t *testing.T) {
	if d := dossier(t, read(t, bare("dossiers"), fixture(t, "dossiers.json")), "twice"); !d.Due.IsZero() {
		t.Errorf("due %v out of nothing", d.Due)
	}
}

func TestTrapSameDossierTwiceInAPage(t *testing.T) {
	b := read(t, bare("dossiers"), fixture(t, "dossiers.json"))
	n := 0
	for _, d := range b.Dossiers {
		if d.ID == "twice" {
			n++
		}
	}
	if d := dossier(t, b, "twice"); n != 1 || d.Status != 9 || d.Position != 2 {
		t.Errorf("%d times, %+v", n, d)
	}
}

func TestTrapSuspectedDuplicateIsKept(t *testing.T) {
	b := read(t, bare("dossiers"), fixture(t, "dossiers.json"))
	x, y := dossier(t, b, "suspected-1"), dossier(t, b, "suspected-2")
	if diff := cmp.Diff(x, y, cmpopts.IgnoreFields(x, "ID", "Position", "Updated")); diff != "" {
		t.Error(diff)
	}
}

func TestTrapReusedUnitCode(t *testing.T) {
	b := read(t, bare("dossiers"), fixture(t, "dossiers.json"))
	before, after := dossier(t, b, "code-before").Unit, dossier(t, b, "code-after").Unit
	if before.String() != "30742" || after.String() != "30742@2024-12-01" {
		t.Errorf("finished on 30 November: %s; on 1 December: %s", before, after)
	}
}

func TestTrapMalformedDossiersAreRejectedAndTheRestGoesOn(t *testing.T) {
	b := read(t, bare("dossiers"), fixture(t, "dossiers.json"))
	var got []string
	for _, r := range b.Rejects {
		got = append(got, fmt.Sprint(r.Position, " ", r.Key, " ", r.Field, " ", r.Rule))
		if r.Reason == "" || !json.Valid(r.Record) || strings.Contains(string(r.Record), "ChuHoSo") {
			t.Errorf("reject %+v with record %s", r, r.Record)
		}
	}
	want := []string{
		"7  MaHoSo missing_id",
		"8 no-unit DonViXuLy unknown_unit",
		"9 bad-date NgayNopHoSo bad_date",
		"10 null-date NgayHenTra bad_date",
		"11 future NgayKetThucXuLy future_date",
		"12 order NgayKetThucXuLy date_order",
		"13 status TrangThaiHoSo unknown_status",
		"14 channel KenhThucHien unknown_code",
		"15 fee DanhSachLePhi.Gia ambiguous_number",
	}
	if diff := cmp.Diff(want, got); diff != "" || len(b.Dossiers) != 6 {
		t.Errorf("%d dossiers, %s", len(b.Dossiers), diff)
	}
	if r := b.Rejects[1].Reason; r != `Mã đơn vị "H33.99.99" không có đơn vị nào có hiệu lực ngày 02/01/2025: sửa mã ở hệ thống nguồn hoặc bổ sung vào danh mục mã đơn vị.` {
		t.Error(r)
	}
}

func TestTrapPersonalFieldsNeverLeave(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, fixture(t, "dossiers.json")) }))
	defer server.Close()
	for p, err := range build(t, loadPlan(t, kienGiang), bare("dossiers"), server.URL, fetched).Pages(t.Context(), collectors.Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		var land struct{ Records []map[string]any }
		if err := json.Unmarshal(p.Body, &land); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"ChuHoSo", "SoDinhDanh", "SoDienThoai", "DiaChi", "TenTTHC", "TenPhiLePhi", "NguoiYeuCau", "DiemDanhGia"} {
			if strings.Contains(string(p.Body), `"`+name+`":`) {
				t.Errorf("%s left the collector", name)
			}
		}
	}
}

func TestTrapMissingTimes(t *testing.T) {
	b := read(t, bare("dossiers"), `{"data":[
		{"MaHoSo":"a","KenhThucHien":"1","TrangThaiHoSo":"1","NgayNopHoSo":"20250102080000","DonViXuLy":"H33.31"},
		{"MaHoSo":"b","KenhThucHien":"1","TrangThaiHoSo":"1","NgayCapNhat":"20250102080000","DonViXuLy":"H33.31"},
		{"MaHoSo":"c","KenhThucHien":"1","TrangThaiHoSo":"1","NgayTiepNhan":"20250102080000","NgayCapNhat":"20250102080000","DonViXuLy":"H33.31"},
		{"MaHoSo":"d","KenhThucHien":"1","TrangThaiHoSo":"1","NgayTiepNhan":"20250102080000","NgayCapNhat":"20250102080000","DonViXuLy":null},
		{"MaHoSo":"e","KenhThucHien":"1","TrangThaiHoSo":"1","NgayNopHoSo":"20250801080000","NgayCapNhat":"20250102080000","DonViXuLy":"H33.31"},
		{"MaHoSo":"f","KenhThucHien":"1","TrangThaiHoSo":"1","NgayNopHoSo":"20250101080000","NgayTra":"20250801080000","NgayCapNhat":"20250102080000","DonViXuLy":"H33.31"},
		{"MaHoSo":"g","KenhThucHien":"1","TrangThaiHoSo":"1","MucDo":"7","NgayNopHoSo":"20250101080000","NgayCapNhat":"20250102080000","DonViXuLy":"H33.31"},
		{"MaHoSo":"h","KenhThucHien":"1","TrangThaiHoSo":"1","NgayNopHoSo":"20250101080000","NgayCapNhat":"20250102080000","DonViXuLy":"H33.31","DanhSachHoSoBoSung":[{"NgayHenTraMoi":"mai"}]}]}`)
	var got []string
	for _, r := range b.Rejects {
		got = append(got, r.Key+" "+r.Rule)
	}
	if diff := cmp.Diff([]string{"a missing_date", "b missing_date", "d unknown_unit", "e future_date", "f future_date", "g unknown_code", "h bad_date"}, got); diff != "" {
		t.Error(diff)
	}
	if d := dossier(t, b, "c"); !d.Submitted.Equal(d.Received) {
		t.Errorf("submitted %v, received %v", d.Submitted, d.Received)
	}
}

// Another province needs its own file only.
func TestAnotherProvincesSystemIsAFile(t *testing.T) {
	var records struct {
		Result struct{ Content []json.RawMessage }
	}
	if err := json.Unmarshal([]byte(fixture(t, "other-dossiers.json")), &records); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/oauth/token" {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"access_token":"t","expires_in":3600}`)
			return
		}
		if r.Method != "GET" || r.URL.Path != "/igate/v2/dossier/search" || r.Header.Get("Authorization") != "Bearer t" {
			w.WriteHeader(400)
			return
		}
		skip, _ := strconv.Atoi(r.URL.Query().Get("skip"))
		limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
		all := records.Result.Content
		page, _ := json.Marshal(all[skip:min(skip+limit, len(all))])
		fmt.Fprintf(w, `{"success":true,"result":{"totalElements":%d,"content":%s}}`, len(all), page)
	}))
	defer server.Close()
	c := build(t, loadPlan(t, kienGiang), fixture(t, "other-dossiers.yaml"), server.URL, fetched)
	var all collectors.Batch
	pages := 0
	for p, err := range c.Pages(t.Context(), collectors.Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(p.Body), "mẫu") || strings.Contains(string(p.Body), "phone") {
			t.Errorf("a personal field left the collector: %s", p.Body)
		}
		b, err := c.Parse(p)
		if err != nil {
			t.Fatal(err)
		}
		pages++
		all.Dossiers, all.Rejects, all.Drift = append(all.Dossiers, b.Dossiers...), append(all.Rejects, b.Rejects...), append(all.Drift, b.Drift...)
	}
	want := []collectors.Dossier{
		{ID: "A-1", Unit: plan.UnitKey{Code: "899", From: plan.NoDay}, Procedure: "1.000105", Channel: 2, Status: 9, FullProcess: true, Submitted: at("2025-01-02 08:00:00"), Received: at("2025-01-02 09:00:00"),
			Due: at("2025-01-12 00:00:00"), DueMoved: 1, Finished: at("2025-01-08 10:00:00"), HasFee: true, FeeAmount: 12000, Updated: at("2025-01-08 10:00:05")},
		{Position: 1, ID: "A-2", Unit: plan.UnitKey{Code: "905", From: plan.NoDay}, Procedure: "1.000106", Channel: 1, Status: 4, Submitted: at("2025-01-03 08:00:00"), Updated: at("2025-01-03 08:00:05")},
		{ID: "A-3", Unit: plan.UnitKey{Code: "so-noi-vu", From: plan.NoDay}, Procedure: "1.000107", Channel: 3, Status: 2, Submitted: at("2025-01-04 08:00:00"), Updated: at("2025-01-04 08:00:05")},
	}
	if diff := cmp.Diff(want, all.Dossiers); diff != "" || pages != 2 || len(all.Rejects) > 0 {
		t.Errorf("%d pages, rejects %+v: %s", pages, all.Rejects, diff)
	}
	if diff := cmp.Diff([]string{"new field rating"}, all.Drift); diff != "" {
		t.Error(diff)
	}
}

func TestProcedureCodes(t *testing.T) {
	for in, want := range map[string]string{"1.002835.000.00.00.H56": "1.002835", "1.002835": "1.002835", " 2.000123.H33 ": "2.000123", "TTHC-7": "TTHC-7", "": "", "1.x": "1.x", "a.1": "a.1", "1": "1"} {
		if got := onlineservice.ProcedureCode(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func TestProcedures(t *testing.T) {
	b := read(t, bare("procedures"), `{"data":[
		{"MaTTHC":"1.002835.000.00.00.H33","TenTTHC":"Thủ tục mẫu","MucDo":"4","DuDieuKienToanTrinh":"1","MaDonVi":"000.00.31.H33","NgayHieuLuc":"20200101000000","NgayHetHieuLuc":"","NgayCapNhat":"20250101080000"},
		{"MaTTHC":"1.002836","TenTTHC":"Thủ tục mẫu","MucDo":2,"DuDieuKienToanTrinh":false,"MaDonVi":"H33.31","NgayHieuLuc":"","NgayHetHieuLuc":"20240630000000","NgayCapNhat":""},
		{"MaTTHC":"1.002835","TenTTHC":"Thủ tục mẫu, bản mới","MucDo":"3","DuDieuKienToanTrinh":"1","MaDonVi":"H33.31","NgayHieuLuc":"20200101000000","NgayHetHieuLuc":"","NgayCapNhat":"20250201080000"},
		{"MaTTHC":"","MucDo":"4","DuDieuKienToanTrinh":"1","MaDonVi":"H33.31","NgayHetHieuLuc":""},
		{"MaTTHC":"b","MucDo":"","DuDieuKienToanTrinh":"1","MaDonVi":"H33.31","NgayHetHieuLuc":""},
		{"MaTTHC":"c","MucDo":"4","DuDieuKienToanTrinh":"","MaDonVi":"H33.31","NgayHetHieuLuc":""},
		{"MaTTHC":"d","MucDo":"4","DuDieuKienToanTrinh":"0","MaDonVi":"H33.31","NgayHieuLuc":"x","NgayHetHieuLuc":""},
		{"MaTTHC":"e","MucDo":"4","DuDieuKienToanTrinh":"0","MaDonVi":"H33.31","NgayHetHieuLuc":"x"},
		{"MaTTHC":"f","MucDo":"4","DuDieuKienToanTrinh":"0","MaDonVi":"H33.31","NgayHetHieuLuc":"","NgayCapNhat":"x"},
		{"MaTTHC":"g","MucDo":"4","DuDieuKienToanTrinh":"0","MaDonVi":"H33.31","NgayHieuLuc":"20250101000000","NgayHetHieuLuc":"20241231000000"},
		{"MaTTHC":"h","MucDo":"4","DuDieuKienToanTrinh":"0","MaDonVi":"H33.98","NgayHetHieuLuc":""},
		{"MaTTHC":"i","MucDo":"4","DuDieuKienToanTrinh":"0","MaDonVi":"H33.04","NgayHetHieuLuc":""}]}`)
	rachGia := plan.UnitKey{Code: "899", From: plan.NoDay}
	want := []collectors.Procedure{
		{Position: 2, Unit: rachGia, Code: "1.002835", Name: "Thủ tục mẫu, bản mới", Level: 3, Eligible: true, ValidFrom: plan.MustDay("2020-01-01"), ValidTo: plan.NoDay, Updated: at("2025-02-01 08:00:00")},
		{Position: 1, Unit: rachGia, Code: "1.002836", Name: "Thủ tục mẫu", Level: 2, ValidFrom: plan.NoDay, ValidTo: plan.MustDay("2024-06-30")},
	}
	if diff := cmp.Diff(want, b.Procedures); diff != "" {
		t.Error(diff)
	}
	var got []string
	for _, r := range b.Rejects {
		got = append(got, r.Key+" "+r.Rule)
	}
	// The last one's department ended before the snapshot.
	if diff := cmp.Diff([]string{"H33.31  missing_id", "899 b unknown_code", "899 c unknown_code", "899 d bad_date", "899 e bad_date", "899 f bad_date",
		"899 g date_order", "H33.98 h unknown_unit", "H33.04 i unknown_unit"}, got); diff != "" {
		t.Error(diff)
	}
	c := build(t, loadPlan(t, kienGiang), bare("procedures"), "http://127.0.0.1:1", fetched)
	if w, ok := c.(collectors.Whole); !ok || !w.WholeSnapshot() {
		t.Error("the catalogue's snapshot is whole")
	}
}

// values are a batch's measures as text, for comparison.
func values(b collectors.Batch) (out []string) {
	for _, m := range b.Measures {
		out = append(out, fmt.Sprintf("%s %s %s..%s %d", m.Code, m.Unit, m.Start, m.End, m.Value))
	}
	return out
}

func problems(b collectors.Batch) (out []string) {
	for _, r := range b.Rejects {
		out = append(out, r.Key+" "+r.Field+" "+r.Rule)
	}
	return out
}

const portalMonth = `"HS_TOTAL":"%s","DB_TOTAL":"%s","HTN_TRUCTUYEN":"700","HTN_TRUCTUYEN_KHONGCHUAN":"10","HTN_TRUCTIEP":"250","HTN_BUUCHINH":"50","HTDH":"900","HTQH":"30","DXLTH":"60","DXLQH":"10","GDTT_TOTAL":"5"`

func portal(total, synced, more string) string {
	return "[{" + fmt.Sprintf(portalMonth, total, synced) + more + "}]"
}

func TestPortalStatistics(t *testing.T) {
	b := read(t, bare("portal_statistics")+"envelope: {records: ''}\n", portal("1000", "970", `,"THANG":"2025-05","TILE_DB":"97.00"`))
	p := " 91 2025-05-01..2025-05-31 "
	want := []string{"portal.hs_total" + p + "1000", "portal.db_total" + p + "970", "portal.online" + p + "700", "portal.online_nonstandard" + p + "10", "portal.in_person" + p + "250",
		"portal.post" + p + "50", "portal.done_on_time" + p + "900", "portal.done_late" + p + "30", "portal.open_on_time" + p + "60", "portal.open_late" + p + "10", "portal.resolved" + p + "930"}
	if diff := cmp.Diff(want, values(b)); diff != "" || len(b.Drift) > 0 {
		t.Errorf("drift %v: %s", b.Drift, diff)
	}
}

func TestStatisticTraps(t *testing.T) {
	portalSource := bare("portal_statistics") + "envelope: {records: ''}\n"
	for name, c := range map[string]struct {
		answer, reject, drift string
	}{
		"numerator over denominator":      {portal("1000", "1001", ""), "2025-05 DB_TOTAL over_denominator", ""},
		"missing denominator":             {portal("", "970", ""), "2025-05 HS_TOTAL missing_denominator", ""},
		"missing number":                  {portal("1000", "", ""), "2025-05 DB_TOTAL missing_number", ""},
		"ambiguous number":                {portal("1.000", "970", ""), "2025-05 HS_TOTAL ambiguous_number", ""},
		"no number":                       {portal("1000", "khoảng 970", ""), "2025-05 DB_TOTAL bad_number", ""},
		"scope changed to year to date":   {portal("1000", "970", `,"THANG":"2025-06"`), "2025-05 THANG wrong_period", ""},
		"month written shortly":           {portal("1000", "970", `,"THANG":"5"`), "", ""},
		"grouped number":                  {portal("1.000.000", "970", ""), "", ""},
		"printed percentage wrong":        {portal("1000", "970", `,"TILE_DB":"8,02 %"`), "", "tỷ lệ in sẵn TILE_DB là 8.02, tính lại từ DB_TOTAL / HS_TOTAL là 97.00"},
		"printed percentage rounded":      {portal("1000", "970", `,"TILE_DB":"97"`), "", ""},
		"printed percentage is no number": {portal("1000", "970", `,"TILE_DB":"-"`), "", ""},
		"new field":                       {portal("1000", "970", `,"CHI_TIEU_MOI":"1"`), "", "new field CHI_TIEU_MOI"},
	} {
		t.Run(name, func(t *testing.T) {
			b := read(t, portalSource, c.answer)
			if got := strings.Join(problems(b), ";"); got != c.reject {
				t.Errorf("rejects %q, want %q", got, c.reject)
			}
			if got := strings.Join(b.Drift, ";"); got != c.drift {
				t.Errorf("drift %q, want %q", got, c.drift)
			}
			if (len(b.Measures) == 0) != (c.reject != "") {
				t.Errorf("%d measures", len(b.Measures))
			}
		})
	}
}

func TestOneStopStatistics(t *testing.T) {
	source := bare("onestop_statistics") + "envelope: {records: content}\n"
	b := read(t, source, `{"content":[
		{"agency":{"code":"000.00.31.H33","name":"UBND thành phố Rạch Giá"},"received":"6 000","resolved":5998,"receivedOnline":4000.0,"receivedDirect":2000,"resolvedOverdue":"1481","resolvedOverduePercent":"8.02"},
		{"agency":{"code":"H33.31","name":"lặp"},"received":1,"resolved":1,"receivedOnline":1,"receivedDirect":0,"resolvedOverdue":0},
		{"agency":{"code":"H33.36","name":"x"},"received":10,"resolved":9,"receivedOnline":11,"receivedDirect":0,"resolvedOverdue":0},
		{"agency":{"code":"H33.42","name":"x"},"received":10,"resolved":9,"receivedOnline":1,"receivedDirect":0,"resolvedOverdue":10},
		{"agency":{"code":"H33.01","name":"x"},"received":10,"receivedOnline":1,"receivedDirect":0,"resolvedOverdue":0},
		{"agency":{"code":"","name":"Tổng cộng"},"received":10,"resolved":9,"receivedOnline":1,"receivedDirect":0,"resolvedOverdue":0},
		{"agency":{"code":"","name":"x"},"received":10,"resolved":9,"receivedOnline":1,"receivedDirect":0,"resolvedOverdue":0}]}`)
	p := " 899 2025-05-01..2025-05-31 "
	if diff := cmp.Diff([]string{"onestop.received" + p + "6000", "onestop.resolved" + p + "5998", "onestop.received_online" + p + "4000", "onestop.received_direct" + p + "2000", "onestop.resolved_overdue" + p + "1481"}, values(b)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"H33.31/2025-05 agency.code duplicate_row", "H33.36/2025-05 receivedOnline over_denominator", "H33.42/2025-05 resolvedOverdue over_denominator",
		"H33.01/2025-05 resolved missing_denominator", "2025-05 agency.code unknown_unit"}, problems(b)); diff != "" {
		t.Error(diff)
	}
	// The printed 8.02 % of SYSTEMS section 6 is 24.7 %.
	if diff := cmp.Diff([]string{"tỷ lệ in sẵn resolvedOverduePercent là 8.02, tính lại từ resolvedOverdue / resolved là 24.69"}, b.Drift); diff != "" {
		t.Error(diff)
	}
}

func TestOneStopOnlineJoinsByName(t *testing.T) {
	row := func(name string) string {
		return fmt.Sprintf(`{"agency_name":%q,"phatsinh_1phan_quantity":"1","phatsinh_toanphan_quantity":"2","hoanthanh_quantity":"9","tuchoi_quantity":"0","onlinepaid_quantity":"1","total":"3"}`, name)
	}
	names := []string{"Xã Bình An - Huyện Châu Thành", "Xã Bình An", "Xã Hoà Thuận", "UBND Xã Tân Thành", "Xã Tân Thạnh", "Sở Lao động - Thương binh và Xã hội", "Xã Lạ", "Tổng cộng"}
	var rows []string
	for _, n := range names {
		rows = append(rows, row(n))
	}
	b := read(t, bare("onestop_online")+"envelope: {records: content}\n", `{"content":[`+strings.Join(rows, ",")+`]}`)
	var units []string
	for _, m := range b.Measures {
		if m.Code == "onestop.total" {
			units = append(units, m.Unit.String())
		}
	}
	if diff := cmp.Diff([]string{"30898", "30949", "30856", "31031"}, units); diff != "" {
		t.Error(diff)
	}
	// The department ended in February: its name is nobody's in May.
	if diff := cmp.Diff([]string{"Xã Bình An/2025-05 agency_name ambiguous_name", "Sở Lao động - Thương binh và Xã hội/2025-05 agency_name unknown_unit", "Xã Lạ/2025-05 agency_name unknown_unit"}, problems(b)); diff != "" {
		t.Error(diff)
	}
}

func TestTrapClosedMonthsAreAskedForAgain(t *testing.T) {
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.PostFormValue("params"))
		fmt.Fprint(w, portal("1000", "970", ""))
	}))
	defer server.Close()
	source := bare("portal_statistics") + "envelope: {records: ''}\nrequest: {in: form_json, params: {type: ref}}\nperiod: {months: 3, year: p_nam, month: p_thang}\n"
	c := build(t, loadPlan(t, kienGiang), source, server.URL, at("2025-02-03 06:00:00"))
	var months []string
	for p, err := range c.Pages(t.Context(), collectors.Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		b, err := c.Parse(p)
		if err != nil {
			t.Fatal(err)
		}
		months = append(months, b.Measures[0].End.String())
	}
	if diff := cmp.Diff([]string{"2024-11-30", "2024-12-31", "2025-01-31"}, months); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{`{"p_nam":"2024","p_thang":"11","type":"ref"}`, `{"p_nam":"2024","p_thang":"12","type":"ref"}`, `{"p_nam":"2025","p_thang":"1","type":"ref"}`}, asked); diff != "" {
		t.Error(diff)
	}
}

func TestScores(t *testing.T) {
	lists := map[string]string{
		"report_tinh_766_service 0 2025 ":    `[{"ID":"1","MA_COQUAN":"000.00.00.H37","TEN":"x","TDGQ":"18.99","MDHL":"17.86","MDSH":"20.73","TTTT":"10","CLGQ":"8.42","CKMB":"15.64","TONG_SCORE":"91.64","ROW_STT":"1"},{"MA_COQUAN":"H01","TDGQ":"20.01","MDHL":"1","MDSH":"1","TTTT":"1","CLGQ":"1","CKMB":"1","TONG_SCORE":"25"},{"MA_COQUAN":"H05","TDGQ":"1","MDHL":"1","MDSH":"1","TTTT":"1","CLGQ":"1","CKMB":"","TONG_SCORE":"5"},{"MA_COQUAN":"H99","TDGQ":"1"}]`,
		"report_tinh_766_service 1 2025 10":  `[{"MA_COQUAN":"H01.15","TDGQ":"20","MDHL":"18","MDSH":"16.44","TTTT":"10","CLGQ":"10","CKMB":"18","TONG_SCORE":"95.44"}]`,
		"report_by_month_sum_service  2025 ": `[{"THANG":"2025-08","MA_COQUAN":"H01","TONG_SCORE":"80.2"},{"THANG":"2025-10","MA_COQUAN":"H01","TONG_SCORE":"80.6"},{"THANG":"2025-Q3","MA_COQUAN":"H01","TONG_SCORE":"84.1"},{"THANG":"năm nay","MA_COQUAN":"H01","TONG_SCORE":"84.1"}]`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q map[string]string
		_ = json.Unmarshal([]byte(r.PostFormValue("params")), &q)
		answer := lists[strings.Join([]string{q["service"], q["loaichitieu"], q["p_nam"], q["p_thang"]}, " ")]
		if answer == "" {
			answer = "[]"
		}
		fmt.Fprint(w, answer)
	}))
	defer server.Close()
	source := bare("portal_scores") + "envelope: {records: ''}\nrequest: {in: form_json}\nempty: ok\n"
	c := build(t, loadPlan(t, "an-giang-766-2025"), source, server.URL, at("2025-10-15 08:47:57"))
	var all collectors.Batch
	for p, err := range c.Pages(t.Context(), collectors.Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		b, err := c.Parse(p)
		if err != nil {
			t.Fatal(err)
		}
		all.Measures, all.Rejects, all.Drift = append(all.Measures, b.Measures...), append(all.Rejects, b.Rejects...), append(all.Drift, b.Drift...)
	}
	ytd, month := " H37 2025-01-01..2025-10-15 ", " H01.15@2025-07-01 2025-10-01..2025-10-15 "
	want := []string{
		"score.tdgq" + ytd + "1899", "score.mdhl" + ytd + "1786", "score.mdsh" + ytd + "2073", "score.tttt" + ytd + "1000", "score.clgq" + ytd + "842", "score.ckmb" + ytd + "1564", "score.total" + ytd + "9164",
		"score.month.tdgq" + month + "2000", "score.month.mdhl" + month + "1800", "score.month.mdsh" + month + "1644", "score.month.tttt" + month + "1000", "score.month.clgq" + month + "1000", "score.month.ckmb" + month + "1800", "score.month.total" + month + "9544",
		"score.month.total 91@2025-07-01 2025-08-01..2025-08-31 8020", "score.quarter.total 91@2025-07-01 2025-07-01..2025-09-30 8410",
	}
	if diff := cmp.Diff(want, values(all)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"H01/2025 TDGQ over_maximum", "H05/2025 CKMB missing_number", "H99/2025 MA_COQUAN unknown_unit", "H01/năm nay THANG wrong_period"}, problems(all)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"TONG_SCORE of H01.15 is 95.44, its parts sum up to 92.44"}, all.Drift); diff != "" {
		t.Error(diff)
	}
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	p := loadPlan(t, kienGiang)
	for text, want := range map[string]string{
		bare("colours"): `sources/x.yaml: resource "colours" is unknown: use dossiers, onestop_online, onestop_statistics, portal_scores, portal_statistics, procedures`,
		bare("dossiers") + "fields: {due: '', colour: x}\n":                                "sources/x.yaml: fields.due is not mapped: write the source's name of it\nsources/x.yaml: fields.colour is no field of onlineservice/dossiers",
		bare("portal_scores") + "settings: {colour: x}\n":                                  "field colour not found",
		bare("dossiers") + "auth: {type: session, username: {env: A}, secret: {env: B}}\n": "sources/x.yaml: auth.secret: environment variable B is not set: set it to the secret",
	} {
		src, err := collectors.DecodeSource(plan.SourceFile{Name: "x", Data: []byte(text)})
		if err != nil {
			t.Fatal(err)
		}
		_, err = onlineservice.New(src, collectors.Deps{Plan: p, Now: time.Now, Lookup: func(n string) string { return map[string]string{"URL": "http://127.0.0.1:1"}[n] }})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestUnreadableLandedPagesAreErrors(t *testing.T) {
	p := loadPlan(t, kienGiang)
	for _, resource := range []string{"dossiers", "procedures", "portal_statistics", "portal_scores", "onestop_statistics", "onestop_online"} {
		c := build(t, p, bare(resource), "http://127.0.0.1:1", fetched)
		for _, body := range []string{``, `[]`, `{"records":[1]}`, `{"records":[{}`} {
			if _, err := c.Parse(collectors.Page{Body: []byte(body), FetchedAt: fetched}); err == nil {
				t.Errorf("%s reads %s", resource, body)
			}
		}
		_, err := c.Parse(collectors.Page{Body: []byte(`{"scope":"year/soon","records":[{}]}`), FetchedAt: fetched})
		if statistic := resource != "dossiers" && resource != "procedures"; (err != nil) != statistic {
			t.Errorf("%s with a scope that is none: %v", resource, err)
		}
	}
}
