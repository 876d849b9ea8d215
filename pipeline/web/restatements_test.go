package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/run"
	"tiendo/pipeline/web"
)

// says asks for pages and looks for words on them.
func says(t *testing.T, h http.Handler, cases []pageCase) {
	t.Helper()
	for _, c := range cases {
		rec := get(h, c.address)
		seen := text(rec.Body.String())
		status := c.status
		if status == 0 {
			status = http.StatusOK
		}
		if rec.Code != status {
			t.Errorf("%s: status %d, want %d", c.address, rec.Code, status)
		}
		for _, s := range c.says {
			if !strings.Contains(seen, s) {
				t.Errorf("%s does not say %q:\n%s", c.address, s, seen)
			}
		}
		for _, s := range c.not {
			if strings.Contains(seen, s) {
				t.Errorf("%s says %q", c.address, s)
			}
		}
	}
}

type pageCase struct {
	address   string
	status    int
	says, not []string
}

func TestRestatementsAndSources(t *testing.T) {
	p := load(t, kienGiang)
	st := collected(t, p)
	ctx, asOf := t.Context(), p.Demo.AsOf
	figure := func(value int64) collectors.Batch {
		return collectors.Batch{Measures: []collectors.Measure{{Position: 8, Code: "KTS-04.numerator", Unit: plan.UnitKey{Code: "899", From: plan.NoDay}, PeriodType: plan.Report, Start: asOf - 190, End: asOf - 100, Value: value}}}
	}
	for i, value := range []int64{44, 44, 52} { // the second says nothing new
		landed(t, st, "forms", []string{"f-2", "f-3", "f-4"}[i], asOf.Start().Add(time.Duration(4+i)*time.Hour), strings.Repeat(" ", i)+"{}", figure(value))
	}
	if err := st.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := run.Compute(ctx, st, p, asOf, asOf); err != nil {
		t.Fatal(err)
	}
	h, err := web.New(web.Options{Plan: p, Store: st, Upkeep: st, Now: clock(asOf), Notice: notice})
	if err != nil {
		t.Fatal(err)
	}
	says(t, h, []pageCase{
		{"/restatements", 0, []string{"1 - 1 trong 1", "Thành phố Rạch Giá", "44 52 06:00 29/06/2025", "KTS-04 29/06/2025: 50,0% → 65,0%"}, []string{"40 44"}},
		{"/restatements?source=forms&indicator=KTS-04&unit=899", 0, []string{"1 - 1 trong 1", "44 52", "Bỏ lọc"}, nil},
		{"/restatements?source=dossiers", 0, []string{"Không có số liệu nào được báo lại với lựa chọn này"}, nil},
		{"/restatements?unit=900", 0, []string{"Không có số liệu nào được báo lại"}, nil},
		{"/restatements?indicator=CQS-08", 0, []string{"Không có số liệu nào được báo lại"}, nil},
		{"/restatements?view=results&unit=899", 0, []string{"KTS-04", "50,0% 65,0%", "nguồn báo lại số liệu"}, []string{"CQS-02 Hồ sơ thủ tục hành chính xử lý hoàn toàn trực tuyến Sở Nội vụ"}},
		{"/restatements?view=results", 0, []string{"CQS-02 Hồ sơ thủ tục hành chính xử lý hoàn toàn trực tuyến Sở Nội vụ 22/06/2025 50,0% 48,3%"}, nil},
		{"/restatements?view=results&source=hospital-fees", 0, []string{"Không có kết quả nào thay đổi"}, nil},
		{"/restatements?view=results&cause=rules", 0, []string{"Không có kết quả nào thay đổi"}, nil},
		{"/restatements?part=2", http.StatusNotFound, []string{"Không có phần này"}, nil},
		{"/restatements?part=0", http.StatusBadRequest, nil, nil},
		{"/restatements?unit=0", http.StatusNotFound, nil, nil},
		{"/restatements?source=x", http.StatusNotFound, nil, nil},
		{"/restatements?indicator=x", http.StatusNotFound, nil, nil},
		{"/restatements?cause=x", http.StatusNotFound, nil, nil},
		{"/restatements?view=x", http.StatusNotFound, nil, nil},
		{"/restatements?days=x", http.StatusBadRequest, nil, nil},
		{"/sources", 0, []string{"Hồ sơ dịch vụ công trực tuyến dossiers API dịch vụ công trực tuyến hằng ngày 01:30 hằng ngày CQS-02 , CQS-09", "15 phút một lần", "Chưa chạy lần nào"}, nil},
		{"/source/dossiers", 0, []string{"mới nhất 03:00 29/06/2025", "không đọc được ngày", "GET /dossiers <trang>=1", "CQS-02 Hồ sơ thủ tục hành chính", "r-1, trang 1", "1 bản ghi của trang bị loại"}, []string{"GET /forms"}},
		{"/source/edoc-axis", 0, []string{"Nguồn chưa chạy lần nào"}, nil},
		{"/source/x", http.StatusNotFound, []string{"Không có nguồn này"}, nil},
	})
	if rows := strings.Split(strings.TrimSpace(get(h, "/restatements?format=csv").Body.String()), "\n"); len(rows) != 2 || !strings.Contains(rows[1], "forms,KTS-04.numerator,") || !strings.Contains(rows[1], ",899,,Thành phố Rạch Giá,2025-03-21,44,52,2025-06-29T06:00:00+07:00") {
		t.Errorf("the table: %q", rows)
	}
	bare := site(t, p, st, clock(asOf))
	if rec := get(bare, "/restatements"); rec.Code != http.StatusNotFound || strings.Contains(get(bare, "/late").Body.String(), `href="/restatements"`) {
		t.Errorf("where nothing keeps them there is no page and no link: %d", rec.Code)
	}
}
