package web_test

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestReminderToLateUnits(t *testing.T) {
	p := load(t, kienGiang)
	st := stored(t, p)
	h := site(t, p, st, clock(thisWeek))
	if rec := get(h, "/letter/late"); rec.Code != http.StatusNotFound || strings.Contains(get(h, "/late").Body.String(), "/letter/late") {
		t.Errorf("nobody to remind: %d", rec.Code)
	}
	owing(t, p, st)
	says(t, h, []pageCase{
		{"/late?form=BM-CQS-03", 0, []string{"Công văn đôn đốc"}, nil},
		{"/letter/late", 0, []string{"đôn đốc gửi báo cáo", "còn 2 đơn vị chưa gửi 3 báo cáo đã quá hạn", "Ủy ban nhân dân thành phố Rạch Giá", "Ủy ban nhân dân phường Vĩnh Thanh", "trước hết ngày 07/07/2025",
			"Thành phố Rạch Giá BM-CQS-03: tháng 3/2025, tháng 4/2025 18/03/2025 71", "Nơi nhận"}, nil},
		{"/letter/late?form=BM-XHS-01&period=2025-Q2", 0, []string{"quý II/2025", "còn 1 đơn vị chưa gửi 1 báo cáo", "Phường Vĩnh Thanh BM-XHS-01 quý II/2025 24/06/2025 4"}, []string{"Rạch Giá BM"}},
		{"/letter/late?level=province", http.StatusNotFound, []string{"Không có đơn vị nào để đôn đốc"}, nil},
		{"/letter/late?form=x", http.StatusNotFound, nil, nil},
	})
	rec := get(h, "/letter/late?format=docx")
	z, err := zip.NewReader(bytes.NewReader(rec.Body.Bytes()), int64(rec.Body.Len()))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open("word/document.xml")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	body, err := io.ReadAll(f)
	if err != nil || !strings.Contains(text(string(body)), "Thành phố Rạch Giá") || !strings.Contains(text(string(body)), "71") {
		t.Errorf("the document: %v %.500s", err, text(string(body)))
	}
}
