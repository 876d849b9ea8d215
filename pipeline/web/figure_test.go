package web_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/run"
	"tiendo/schema"
)

// collected is a store into which two sources were pulled on the plan's demo day: dossiers, of which one was corrected a week
// later, and a form of a district. It is judged for the last two Sundays.
func collected(t testing.TB, p *plan.Plan) *schema.Store {
	t.Helper()
	st := stored(t, p)
	ctx := t.Context()
	asOf := p.Demo.AsOf
	agency, district := plan.UnitKey{Code: "so-noi-vu", From: plan.NoDay}, plan.UnitKey{Code: "899", From: plan.NoDay}
	land := func(source, id string, at time.Time, body string, b collectors.Batch) {
		t.Helper()
		landed(t, st, source, id, at, body, b)
	}
	dossier := func(position, n int, channel uint8, end plan.Day) collectors.Dossier {
		return collectors.Dossier{Position: position, ID: fmt.Sprintf("H33.01-25-%04d", n), Unit: agency, Procedure: "1.003000", Channel: channel, Status: 9,
			Received: end.Start().Add(-48 * time.Hour), Due: end.Start().Add(8 * time.Hour), Finished: end.Start().Add(9 * time.Hour), Updated: end.Start().Add(10 * time.Hour)}
	}
	var records []string
	var all []collectors.Dossier
	for i := range 60 {
		channel := uint8(1 + i%2)
		records = append(records, fmt.Sprintf(`{"MaHoSo":"H33.01-25-%04d","KenhThucHien":"%d","ThongTin":{"Ghi":"<b>"},"Ngay":["a",1]}`, i, channel))
		all = append(all, dossier(i, i, channel, asOf-10))
	}
	first := (asOf - 7).Start().Add(3 * time.Hour)
	land("dossiers", "r-1", first, `{"scope":"x","records":[`+strings.Join(records, ",")+`]}`, collectors.Batch{Dossiers: all,
		Rejects: []collectors.Reject{{Position: 60, Key: "k", Field: "NgayTra", Rule: "bad_date", Reason: "không đọc được ngày", Record: []byte(`{}`)}}})
	corrected := dossier(0, 1, 1, asOf-10) // it was said to be online, and was not
	corrected.Updated = asOf.Start()
	land("dossiers", "r-2", asOf.Start().Add(3*time.Hour), `{"records":[{"MaHoSo":"H33.01-25-0001","KenhThucHien":"1"}]}`, collectors.Batch{Dossiers: []collectors.Dossier{corrected}})
	land("forms", "f-1", first, `{"file":"bieu.csv","form":"BM-KTS-04","columns":[{"header":"Mã đơn vị","at":0},{"header":"Số hộ","at":1}],"rows":[{"row":8,"cells":["899",40]},{"row":9,"cells":["900",null]}]}`,
		collectors.Batch{Measures: []collectors.Measure{
			{Position: 8, Code: "KTS-04.numerator", Unit: district, PeriodType: plan.Report, Start: asOf - 190, End: asOf - 100, Value: 40},
			{Position: 8, Code: "KTS-04.denominator", Unit: district, PeriodType: plan.Report, Start: asOf - 190, End: asOf - 100, Value: 80, Evidence: "số 12/BC"},
			{Position: 9, Code: "CQS-08.agency", Unit: plan.UnitKey{Code: "30733", From: plan.NoDay}, PeriodType: plan.Report, Start: asOf - 400, End: asOf - 300, Value: 1},
			{Position: 9, Code: "CQS-08.agency", Unit: plan.UnitKey{Code: "30730", From: plan.NoDay}, PeriodType: plan.Report, Start: asOf - 400, End: asOf - 300, Value: 1}}})
	land("hospital-fees", "h-1", first, `{"file":"vp.csv","columns":[{"header":"Mã cơ sở","at":0}],"rows":[{"row":8,"cells":["CS1"]}]}`, collectors.Batch{
		Facilities: []collectors.Facility{{Position: 8, Code: "CS1", Name: "Bệnh viện Thử", Kind: "hospital", LocatedIn: district, ManagedBy: agency, From: asOf - 900, To: plan.NoDay}},
		Measures: []collectors.Measure{
			{Position: 8, Code: "hospital_fee.cashless_amount", Unit: plan.UnitKey{Code: "CS1", From: plan.NoDay}, PeriodType: plan.Calendar, Start: asOf - 60, End: asOf - 30, Value: 7},
			{Position: 8, Code: "hospital_fee.amount", Unit: plan.UnitKey{Code: "CS1", From: plan.NoDay}, PeriodType: plan.Calendar, Start: asOf - 60, End: asOf - 30, Value: 9}}})
	land("procedures", "p-1", first, `{"records":[{"MaTTHC":"1.000001"},{"MaTTHC":"1.000002"}]}`, collectors.Batch{Procedures: []collectors.Procedure{
		{Position: 0, Unit: agency, Code: "1.000001", Name: "Thủ tục một", Level: 4, Eligible: true, ValidFrom: asOf - 900, ValidTo: plan.NoDay},
		{Position: 1, Unit: agency, Code: "1.000002", Name: "Thủ tục hai", Level: 3, Eligible: true, ValidFrom: asOf - 900, ValidTo: plan.NoDay}}})
	if err := st.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	for _, d := range []plan.Day{asOf - 7, asOf} {
		if _, err := run.Compute(ctx, st, p, d, d); err != nil {
			t.Fatal(err)
		}
	}
	return st
}

// landed is a run of one page.
func landed(t testing.TB, st *schema.Store, source, id string, at time.Time, body string, b collectors.Batch) {
	t.Helper()
	ctx := t.Context()
	key := run.PageKey{Source: source, RunID: id, Page: 1, SHA256: run.Sum([]byte(body))}
	page := collectors.Page{Request: "GET /" + source + " <trang>=1", Body: []byte(body), FetchedAt: at, Records: 3}
	loaded := 0
	err := st.Land(ctx, key, page)
	if err == nil {
		loaded, err = st.Load(ctx, key, at, b)
	}
	if err == nil {
		err = st.Commit(ctx, key, page, loaded, len(b.Rejects))
	}
	if err == nil {
		err = st.EndRun(ctx, run.Run{Source: source, RunID: id, StartedAt: at, EndedAt: at, FetchedAt: at, State: run.OK, Pages: 1, Records: 3})
	}
	if err == nil {
		err = st.Measure(ctx, source)
	}
	if err != nil {
		t.Fatal(err)
	}
}

var href = regexp.MustCompile(`href="([^"#]*)(#[^"]*)?"[^>]*>([^<]*)<`)

// follow is the address of the first link of a page whose text holds the words.
func follow(t *testing.T, body, words string) string {
	t.Helper()
	_, main, _ := strings.Cut(body, "<main")
	for _, m := range href.FindAllStringSubmatch(main, -1) {
		if strings.Contains(m[3], words) {
			return strings.ReplaceAll(m[1], "&amp;", "&")
		}
	}
	t.Fatalf("no link says %q:\n%s", words, main)
	return ""
}

// TestFromAFigureToItsPayload follows figures of a small collected world down to the records that they rest on, now and as
// known before a correction.
func TestFromAFigureToItsPayload(t *testing.T) {
	p := load(t, kienGiang)
	asOf := p.Demo.AsOf
	h := site(t, p, collected(t, p), clock(asOf))
	read := func(address string, says ...string) string {
		t.Helper()
		rec := get(h, address)
		body := rec.Body.String()
		seen := text(body)
		if rec.Code != http.StatusOK || len(body) > most {
			t.Fatalf("%s: status %d, %d bytes: %.500s", address, rec.Code, len(body), seen)
		}
		for _, s := range says {
			if !strings.Contains(seen, s) {
				t.Errorf("%s does not say %q:\n%s", address, s, seen)
			}
		}
		for _, bad := range []string{"%!", "ZgotmplZ", "<nil>", "<b>\"", "<trang>"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s holds %q", address, bad)
			}
		}
		return body
	}

	// Counted from records: indicator, figure, records, payload, one click each.
	body := read("/indicator/CQS-02?unit=91", "Nguồn của số")
	body = read(follow(t, body, "Nguồn của số"), "29 Mẫu số", "Công thức 100 × tử số / mẫu số", "R-ONLINE", "kế hoạch 243/KH-UBND", "Sở Nội vụ", "Hồ sơ nộp trực tuyến đã giải quyết Hồ sơ dịch vụ công trực tuyến 1 1 29")
	read(follow(t, body, "Sở Nội vụ"), "Mẫu số Hồ sơ đã giải quyết 60")
	online := read(follow(t, body, "Bản ghi: Hồ sơ nộp trực tuyến"), "1 đến 29 trong 29", "H33.01-25-0003")
	if strings.Contains(online, "H33.01-25-0001") {
		t.Error("a corrected record still counts")
	}
	body = read(follow(t, body, "Bản ghi: Hồ sơ đã giải quyết"), "1 đến 50 trong 60", "trang 1, lấy")
	later := read(follow(t, body, "Phần sau"), "51 đến 60 trong 60", "1 bản ghi của trang bị loại")
	read(follow(t, later, "Phần trước"), "1 đến 50 trong 60")
	body = read(follow(t, later, "trang 1, lấy"), "▶ 50 bản ghi được hỏi H33.01-25-0050 1 <b> [\"a\",1]", "ThongTin.Ghi", "GET /dossiers <trang>=1", "Bản ghi bị loại 1", "không đọc được ngày")
	if !strings.Contains(body, `<tr id="r50" class="here">`) {
		t.Error("the record asked for is not marked")
	}
	if raw := get(h, follow(t, body, "Tải nguyên văn")); raw.Header().Get("Content-Type") != "application/json; charset=utf-8" || !strings.HasPrefix(raw.Body.String(), `{"scope":"x","records":[{"MaHoSo":"H33.01-25-0000"`) || !strings.HasPrefix(raw.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("the body as it was landed: %v %.80s", raw.Header(), raw.Body)
	}

	if table := get(h, follow(t, body, "Tải bảng (CSV)")); !strings.Contains(table.Header().Get("Content-Disposition"), "-"+(asOf-7).String()+".csv") || !strings.Contains(table.Body.String(), "50,H33.01-25-0050,1,<b>,") {
		t.Errorf("the body as a table: %v %.200s", table.Header(), table.Body)
	}

	// The same as known before the correction.
	old := fmt.Sprintf("?as-of=%s&known-on=%s", asOf-7, asOf-7)
	body = read("/figure/CQS-02/91"+old, "30 Mẫu số", "theo số liệu đã biết đến ngày")
	body = read(follow(t, body, "Bản ghi: Hồ sơ nộp trực tuyến"), "trong 30", "H33.01-25-0001")
	if !strings.Contains(body, "known-on=") {
		t.Error("the links forget what was known")
	}

	// Stated by a form: the page stands beside the figure.
	body = read("/figure/KTS-04/899", "40 Mẫu số", "80", "minh chứng: số 12/BC", "trang 1, lấy")
	read(follow(t, body, "trang 1, lấy"), "Mã đơn vị Số hộ", "▶ 8 bản ghi được hỏi 899 40", "bieu.csv")

	// Institutions count where they are; a procedure counts by its newest entry in the catalogue.
	body = read("/figure/KTS-07/899", "Bệnh viện Thử")
	read(follow(t, body, "trang 1, lấy"), "▶ 8 bản ghi được hỏi CS1")
	body = read("/figure/CQS-01/so-noi-vu", "1 Mẫu số", "1.000002")
	body = read(follow(t, body, "Bản ghi: Thủ tục cung cấp toàn trình"), "1 đến 1 trong 1", "1.000001 Thủ tục một")
	read(follow(t, body, "trang 1, lấy"), "▶ 0 bản ghi được hỏi 1.000001")

	// What a unit stated that has ended since counts no more.
	if _, used, _ := strings.Cut(text(read("/figure/CQS-08/899")), "Số liệu đã dùng"); !strings.Contains(used, "Phường Vĩnh Thanh ") || strings.Contains(used, "Phường Vĩnh Thanh Vân") {
		t.Error("the figure of an ended unit stands among those that count")
	}

	// Figures and records for a spreadsheet.
	if csv := get(h, "/figure/CQS-02/91?list=dossier.resolved&format=csv").Body.String(); strings.Count(csv, "\n") != 61 || !strings.Contains(csv, "H33.01-25-0059,so-noi-vu,Sở Nội vụ,") {
		t.Errorf("the table of the records: %d lines: %.300s", strings.Count(csv, "\n"), csv)
	}
	for _, c := range []struct {
		address string
		status  int
	}{
		{"/figure/NONE/91", 404}, {"/figure/CQS-02/none", 404}, {"/figure/CQS-02/91?list=edoc.signed", 404}, {"/figure/CQS-02/899?of=so-noi-vu", 404},
		{"/figure/CQS-02/91?day=x", 400}, {"/figure/CQS-02/91?page=0", 400}, {"/figure/CQS-02/91?page=-1", 400}, {"/figure/CQS-02/91?page=900", 200},
		{"/payload/dossiers/none", 404}, {"/payload/none/none/body", 404}, {"/payload/dossiers/" + run.Sum([]byte("x")), 404},
		{"/payload/dossiers/" + run.Sum([]byte(`{"records":[{"MaHoSo":"H33.01-25-0001","KenhThucHien":"1"}]}`)) + "?at=-1", 400},
		{"/payload/dossiers/" + run.Sum([]byte(`{"records":[{"MaHoSo":"H33.01-25-0001","KenhThucHien":"1"}]}`)) + "?at=900&from=900", 200},
	} {
		if rec := get(h, c.address); rec.Code != c.status {
			t.Errorf("%s: status %d, want %d: %.300s", c.address, rec.Code, c.status, text(rec.Body.String()))
		}
	}
}
