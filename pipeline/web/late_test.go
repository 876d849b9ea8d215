package web_test

import (
	"net/http"
	"strings"
	"testing"

	"tiendo/pipeline/plan"
)

func TestDeadlinesOnThePage(t *testing.T) {
	p := load(t, kienGiang)
	st := stored(t, p)
	h := site(t, p, st, clock(thisWeek))
	if seen := text(get(h, "/late").Body.String()); !strings.Contains(seen, "không biết hết báo cáo quá hạn") || strings.Contains(seen, "không có báo cáo nào quá hạn. ") {
		t.Errorf("where no report is kept, nobody is said to be in time: %s", seen)
	}
	owing(t, p, st) // 899 owes two months of BM-CQS-03 from 19 March on; 30733 was late with a quarter from 25 June to 1 July
	for _, c := range []struct {
		address   string
		says, not []string
	}{
		{"/late", []string{"2 đơn vị còn nợ báo cáo", "tính đến hết ngày 30/06/2025", "BM-CQS-03 Đánh giá hài lòng", "CQS-03 , X-SAT", "1 - 3 trong 3 báo cáo thiếu",
			"Thành phố Rạch Giá Tỉnh Kiên Giang BM-CQS-03 Đánh giá hài lòng về giải quyết thủ tục hành chính tháng 3/2025 18/03/2025 19/03/2025 71 CQS-03 , X-SAT", "quý II/2025 24/06/2025 25/06/2025 4 XHS-01",
			"CQS-07H Hồ sơ công việc cấp huyện được xử lý trên môi trường mạng tháng 6/2025 01/06/2025 - 30/06/2025 30/06/2025 02/07/2025 còn 2 ngày làm việc 15 đơn vị"}, nil},
		{"/late?level=commune", []string{"1 - 1 trong 1 báo cáo thiếu; cấp Xã, phường, thị trấn", "Bỏ lọc"}, []string{"19/03/2025 71"}},
		{"/late?unit=899", []string{"1 - 3 trong 3", "Thành phố Rạch Giá và đơn vị trực thuộc"}, nil},
		{"/late?unit=900", []string{"Không có báo cáo nào quá hạn với lựa chọn này"}, nil},
		{"/late?form=BM-CQS-03&period=2025-03", []string{"1 - 1 trong 1 báo cáo thiếu; BM-CQS-03, kỳ 2025-03"}, []string{"25/06/2025 4"}},
		{"/late?as-of=2025-06-24", []string{"tính đến hết ngày 24/06/2025", "1 đơn vị còn nợ"}, []string{"25/06/2025 4"}},
		{"/late?known-on=2025-06-25", []string{"2 đơn vị còn nợ", "25/06/2025 1 XHS-01"}, nil},
	} {
		rec := get(h, c.address)
		seen := text(rec.Body.String())
		for _, s := range c.says {
			if !strings.Contains(seen, s) {
				t.Errorf("%s: status %d, does not say %q:\n%s", c.address, rec.Code, s, seen)
			}
		}
		for _, s := range c.not {
			if strings.Contains(seen, s) {
				t.Errorf("%s says %q", c.address, s)
			}
		}
	}
	for address, status := range map[string]int{"/late?as-of=2025-07-01": http.StatusBadRequest, "/late?form=BM-0": http.StatusNotFound, "/late?unit=0": http.StatusNotFound, "/late?part=2": http.StatusNotFound, "/late?part=x": http.StatusNotFound} {
		if rec := get(h, address); rec.Code != status {
			t.Errorf("%s: %d, want %d", address, rec.Code, status)
		}
	}
	if rows := strings.Split(strings.TrimSpace(get(h, "/late?level=district&format=csv").Body.String()), "\n"); len(rows) != 3 || !strings.Contains(rows[1], ",899,,Thành phố Rạch Giá,2025-03,2025-02-15,2025-03-14,2025-03-18,2025-03-19,71,,2025-06-30,") {
		t.Errorf("the table: %q", rows)
	}
	later := site(t, p, st, clock(plan.MustDay("2025-07-01")))
	if seen := text(get(later, "/late").Body.String()); strings.Contains(seen, "25/06/2025") && strings.Contains(seen, "2 đơn vị còn nợ") {
		t.Errorf("what came in is not late any more: %s", seen)
	}
}
