package web_test

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"
	"time"

	"tiendo/pipeline/access"
	"tiendo/pipeline/award"
	"tiendo/pipeline/plan"
)

// TestAwards reads the ledger from a real store: a subject for which every register speaks qualifies, one of whom nothing is
// known is open and lacks everything, and every link of the pages leads to a page.
func TestAwards(t *testing.T) {
	p := load(t, kienGiang)
	st := filled(t, p)
	now := clock(p.Demo.AsOf)
	h := site(t, p, st, now)
	const district = "899"
	read := func(address string, says ...string) string {
		t.Helper()
		rec := get(h, address)
		body := rec.Body.String()
		if rec.Code != http.StatusOK || len(body) > most {
			t.Fatalf("%s: %d, %d bytes: %.300s", address, rec.Code, len(body), text(body))
		}
		for _, s := range says {
			if !strings.Contains(text(body), s) {
				t.Errorf("%s does not say %q: %s", address, s, text(body))
			}
		}
		return body
	}

	read("/awards", "Huân chương Lao động hạng Ba", "Theo mốc 31/12/2025", "Hằng năm", "2024")
	read("/awards/BK-TTG-2023-DG", "Chưa xác định được", "0 / ", "sổ đăng ký")
	read("/proposal/BK-TTG-2023-DG", "TỜ TRÌNH", "chưa có đối tượng nào trong", "đủ mọi điều kiện")
	g := p.Subject("huyen")
	for _, register := range award.RegistersOf(p, g) {
		r := award.Record{Register: register, Group: g.Code, Subject: district, Decision: award.Holds, Evidence: "Quyết định 12/QĐ <b>", Date: plan.MustDay("2023-11-01"), By: "thu", At: now().UnixMilli() - 1000}
		if strings.HasPrefix(register, award.RegisterDossier+"/") {
			r.Value = "listed"
		}
		if err := st.SaveRegister(t.Context(), r, access.Event{At: time.Now(), Actor: "t"}); err != nil {
			t.Fatal(err)
		}
	}
	eligible := read("/awards/BK-TTG-2023-DG?verdict=yes", "Đủ điều kiện", "1 / ", "Hồ sơ đã lập danh sách")
	read("/proposal/BK-TTG-2023-DG", "TỜ TRÌNH", "Danh sách đề nghị tặng Bằng khen", "Quyết định 12/QĐ <b>, ngày 01/11/2023", "cho 1 đối tượng (danh sách kèm theo), mỗi đối tượng 2 bộ hồ sơ", "Kiểm tra thành phần hồ sơ", "đủ 2 bản", "Sở Khoa học và Công nghệ", "Phiên bản phương pháp")
	if rec := get(h, "/proposal/BK-TTG-2023-DG?format=docx"); rec.Code != http.StatusOK || !strings.HasPrefix(rec.Body.String(), "PK") || !strings.HasSuffix(rec.Header().Get("Content-Disposition"), `.docx"`) {
		t.Errorf("the proposal as DOCX: %d %v", rec.Code, rec.Header())
	}
	own := follow(t, eligible, p.Units.Key(plan.UnitKey{Code: district, From: plan.NoDay}).Name)
	read(own, "Không còn thiếu điều kiện nào", "2 bộ", "Đủ 3 loại văn bản", "Văn bản đề nghị khen thưởng của cấp trình khen (kèm danh sách)", "Biên bản họp", "Báo cáo thành tích", "▶ đã lập danh sách")
	read("/awards/BK-TTG-2023-DG/900", "Còn thiếu 3 trong 3 loại văn bản", "mục V.1.c")
	exceeded := read("/awards/BK-TTG-2023/"+district, "R-20", "R-UNATT", "đang áp dụng", "Còn thiếu", "CQS-02", "Địa giới ngày xét")
	for _, address := range []string{"/awards/BK-UBND-NAM?year=2024", "/awards/BK-UBND-NAM?year=2024&group=xa", "/awards/BK-UBND-NAM/" + district + "?year=2023", "/awards/HCLD-2025?boundaries=now", "/awards/HCLD-2025/" + district, "/awards/BK-TTG-2025/" + district, "/awards?known-on=2025-06-01"} {
		exceeded += read(address)
	}
	read("/rulings", "R-ONLINE", "đang áp dụng", "CQS-02", "Hội đồng Thi đua - Khen thưởng tỉnh")
	impact := read("/rulings/BK-TTG-2023", "R-UNATT", "R-ONLINE", "Đạt mục tiêu là đủ", "Kho số liệu không lưu số theo cách hiểu này", "đổi kết luận")
	if rec := get(h, "/rulings/BK-TTG-2023?format=csv"); !strings.Contains(rec.Body.String(), "BK-TTG-2023,2023,then,R-UNATT,met_enough") {
		t.Errorf("CSV of the readings: %.500s", rec.Body.String())
	}
	read("/rulings/BK-UBND-NAM?year=2024&boundaries=now", "R-YEAR")
	exceeded += impact
	followed := map[string]bool{}
	_, main, _ := strings.Cut(exceeded+eligible, "<main")
	for _, m := range href.FindAllStringSubmatch(main, -1) {
		to := strings.ReplaceAll(m[1], "&amp;", "&")
		if to == "" || followed[to] || len(followed) > 150 || !strings.HasPrefix(to, "/awards") && !strings.HasPrefix(to, "/figure") && !strings.HasPrefix(to, "/rulings") && !strings.HasPrefix(to, "/proposal") && !strings.HasPrefix(to, "/unit") {
			continue
		}
		followed[to] = true
		if rec := get(h, to); rec.Code != http.StatusOK {
			t.Errorf("%s leads nowhere: %d %.200s", to, rec.Code, text(rec.Body.String()))
		}
	}
	for to := range followed {
		if strings.Count(to, "year=") > 1 || strings.Count(to, "boundaries=") > 1 || strings.Count(to, "group=") > 1 || strings.Count(to, "verdict=") > 1 {
			t.Errorf("%s asks twice", to)
		}
	}
	if len(followed) < 20 {
		t.Errorf("only %d links", len(followed))
	}

	for _, address := range []string{"/awards/BK-TTG-2023-DG?verdict=yes", "/awards/BK-TTG-2023/" + district, "/proposal/BK-TTG-2023-DG"} {
		join := "?"
		if strings.Contains(address, "?") {
			join = "&"
		}
		rec := get(h, address+join+"format=csv")
		lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(rec.Body.String(), "\uFEFF"))).ReadAll()
		if err != nil || len(lines) < 2 || !strings.Contains(address, "/"+lines[1][0]) {
			t.Errorf("%s: %v %v", address, err, lines)
		}
		if rec := get(h, address+join+"format=xlsx"); rec.Code != http.StatusOK || !strings.HasPrefix(rec.Body.String(), "PK") {
			t.Errorf("%s: no workbook: %d", address, rec.Code)
		}
	}
	for address, status := range map[string]int{
		"/awards/NICHTS": 404, "/awards/BK-TTG-2023/0": 404, "/awards/BK-TTG-2023?group=x": 404, "/awards/BK-TTG-2023?verdict=x": 400,
		"/awards/BK-TTG-2023?boundaries=x": 400, "/awards/BK-UBND-NAM?year=1999": 400, "/awards/BK-TTG-2023?as-of=2031-01-01": 400,
	} {
		if rec := get(h, address); rec.Code != status {
			t.Errorf("%s: %d", address, rec.Code)
		}
	}
}

// TestAwardsOfAPlanWithoutAny has nothing to lead to.
func TestAwardsOfAPlanWithoutAny(t *testing.T) {
	p := load(t, anGiang)
	h := site(t, p, filled(t, p), clock(p.Demo.AsOf))
	if rec := get(h, "/rulings"); rec.Code != http.StatusNotFound {
		t.Errorf("rulings of a plan without any: %d", rec.Code)
	}
	if rec := get(h, "/awards"); rec.Code != http.StatusNotFound || strings.Contains(rec.Body.String(), `href="/awards"`) {
		t.Errorf("%d: %s", rec.Code, text(rec.Body.String()))
	}
}
