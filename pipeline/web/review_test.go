package web_test

import (
	"context"
	"encoding/csv"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/schema"
)

// stand is what is stored of one target: a status and a figure on a day, known some days after it.
type stand struct {
	indicator, unit string
	day             plan.Day
	status          progress.Status
	value           string // empty: unknown
	after           int    // days from the day to when it was known
	reason          progress.Reason
}

// reviewed is a store of two weeks with one change of every sort, saved in the order in which it became known.
func reviewed(t *testing.T, p *plan.Plan, rounds ...[]stand) *schema.Store {
	t.Helper()
	st := stored(t, p)
	for i, round := range rounds {
		var results []progress.Result
		for _, x := range round {
			u, err := p.Units.Select(x.unit, x.day)
			if err != nil {
				t.Fatal(err)
			}
			r := made(p, p.Indicator(x.indicator), u, x.day)
			r.Status, r.Value, r.PathValue, r.Reasons, r.AgeDays = x.status, nil, nil, nil, nil
			r.WeeksBehind, r.BehindSince = 0, plan.NoDay
			if x.value != "" {
				v := plan.MustValue(x.value)
				r.Value, r.PathValue = &v, &v
			}
			if x.reason != "" {
				age := 400
				r.Reasons, r.AgeDays = []progress.Reason{x.reason}, &age
			}
			r.KnownAt = (x.day + plan.Day(x.after)).Start().Add(20 * time.Hour).UnixMilli()
			results = append(results, r)
		}
		now := plan.MustDay("2025-06-30").Start().Add(time.Duration(i) * time.Minute)
		if _, err := st.SaveResults(context.Background(), p, p.VersionOn(results[0].Day), results, now); err != nil {
			t.Fatal(err)
		}
		if i > 0 { // ranks come from a whole day's results
			results = slices.DeleteFunc(results, func(r progress.Result) bool { return r.Day == lastWeek })
		}
		if err := st.SaveStandings(context.Background(), p, p.VersionOn(results[0].Day), results, now); err != nil {
			t.Fatal(err)
		}
	}
	return st
}

// owing notes reports that are late, one of which comes on the day after the review.
func owing(t *testing.T, p *plan.Plan, st *schema.Store) {
	t.Helper()
	report := func(indicator, unit, form, period string, lateFrom plan.Day) progress.Report {
		u, err := p.Units.Select(unit, thisWeek)
		if err != nil {
			t.Fatal(err)
		}
		end, err := plan.ParsePeriod(plan.Report, period)
		if err != nil {
			t.Fatal(err)
		}
		return progress.Report{Indicator: p.Indicator(indicator), Unit: u, Period: end, Due: end.End, LateFrom: lateFrom, Source: "forms", Form: form, State: progress.ReportLate}
	}
	came := report("XHS-01", "30733", "BM-XHS-01", "2025-Q2", thisWeek-4)
	came.State, came.ReportedAt = progress.ReportReceived, (thisWeek + 2).Start().UnixMilli()
	reports := []progress.Report{came, report("X-SAT", "899", "BM-CQS-03", "2025-03", plan.MustDay("2025-03-19"))}
	for _, period := range []string{"2025-03", "2025-04"} {
		reports = append(reports, report("CQS-03", "899", "BM-CQS-03", period, plan.MustDay("2025-03-19")))
	}
	if err := st.SaveReports(context.Background(), reports, thisWeek+2, (thisWeek + 2).Start()); err != nil {
		t.Fatal(err)
	}
}

var (
	thisWeek = plan.MustDay("2025-06-29")
	lastWeek = thisWeek - 7
)

func changes() [][]stand {
	last := []stand{
		{"CQS-02", "91", lastWeek, progress.AtRisk, "70", 0, ""}, {"CQS-06", "91", lastWeek, progress.OnTrack, "95", 0, ""},
		{"CQS-02", "899", lastWeek, progress.AtRisk, "60", 0, ""}, {"CQS-06", "899", lastWeek, progress.Behind, "90", 0, ""}, {"CQS-09", "899", lastWeek, progress.Behind, "80", 0, ""},
		{"CQS-02", "900", lastWeek, progress.Met, "85", 0, ""}, {"CQS-09", "900", lastWeek, progress.AtRisk, "70", 0, ""},
		{"XHS-01", "30733", lastWeek, progress.AtRisk, "50", 0, ""},
	}
	now := []stand{
		{"CQS-09", "900", lastWeek, progress.AtRisk, "71.25", 3, ""}, // stated again on the Wednesday after the review
		{"CQS-02", "91", thisWeek, progress.AtRisk, "70.5", 0, ""}, {"CQS-06", "91", thisWeek, progress.Met, "100", 0, ""},
		{"CQS-02", "899", thisWeek, progress.Behind, "57.5", 0, ""}, {"CQS-06", "899", thisWeek, progress.OnTrack, "94", 0, ""}, {"CQS-09", "899", thisWeek, progress.Stale, "80", 0, ""},
		{"CQS-02", "900", thisWeek, progress.AtRisk, "84", 0, ""}, {"CQS-09", "900", thisWeek, progress.AtRisk, "71.25", 0, ""},
		{"XHS-01", "30733", thisWeek, progress.NoData, "", 0, progress.ReasonNotReported},
	}
	return [][]stand{last, now}
}

func TestReviewOfAWeek(t *testing.T) {
	p := load(t, kienGiang)
	st := reviewed(t, p, changes()...)
	h := site(t, p, st, clock(thisWeek))
	if seen := text(get(h, "/review/2025-W26").Body.String()); !strings.Contains(seen, "Kho số liệu chưa lưu đủ các kỳ báo cáo đến hạn trước ngày này, nên không biết hết báo cáo quá hạn.") {
		t.Errorf("where no report is kept, none is late: %s", seen)
	}
	owing(t, p, st)
	for _, c := range []struct {
		address   string
		says, not []string
	}{
		{"/review/2025-W26", []string{
			"Rà soát tuần 26/2025 từ 23/06/2025 đến 29/06/2025", "so với tuần liền trước. Theo số liệu mới nhất hiện có, biết lúc 20:00 29/06/2025",
			"Tính đến ngày 29/06/2025, Tỉnh Kiên Giang có 2 chỉ tiêu: 1 đạt và 1 có nguy cơ. So với tuần trước: đạt tăng 1 và đúng tiến độ giảm 1.",
			"Ở các cấp được theo dõi (tỉnh; sở, ban, ngành; huyện, thành phố), trong tuần có 1 lượt chỉ tiêu mới chậm tiến độ, 1 lượt mới đạt và 1 lượt ra khỏi diện chậm. Mới chậm tiến độ: Hồ sơ xử lý trực tuyến (CQS-02) của Thành phố Rạch Giá. Mới đạt: Văn bản điện tử ký số (CQS-06) của Tỉnh Kiên Giang.",
			"Tăng nhiều nhất: Văn bản điện tử ký số (CQS-06) của Tỉnh Kiên Giang, tăng 5,0 điểm %, lên 100,0%. Giảm nhiều nhất: Hồ sơ xử lý trực tuyến (CQS-02) của Thành phố Rạch Giá, giảm 2,5 điểm %, còn 57,5%.",
			"Còn 185 ngày đến mốc 31/12/2025.",
			"Huyện, thành phố: đứng đầu là Thành phố Rạch Giá (1/3 chỉ tiêu đạt hoặc đúng tiến độ); tăng hạng nhiều nhất là Thành phố Rạch Giá (từ hạng 2 lên hạng 1); giảm hạng nhiều nhất là Thành phố Hà Tiên (từ hạng 1 xuống hạng 2).",
			"1 kết quả của tuần trước đã được điều chỉnh sau ngày rà soát 23/06/2025.",
			"2 đơn vị còn nợ báo cáo đã quá hạn của 2 loại báo cáo, trong đó 1 lượt mới quá hạn trong tuần.",
			"Huyện, thành phố 5 0 -1 1 +1 2 1 -1 1 +1 0 Xã, phường, thị trấn 1 0 0 0 -1 0 0 1 +1",
			"▼ Mới chậm tiến độ 1 lượt chỉ tiêu", "CQS-02 Hồ sơ thủ tục hành chính xử lý hoàn toàn trực tuyến Thành phố Rạch Giá 60,0% 57,5%", "Có nguy cơ → thành ▼ Chậm tiến độ",
			"● Ra khỏi diện chậm 1 lượt chỉ tiêu", "90,0% 94,0%", "▲ Không còn đạt 1 lượt chỉ tiêu", "85,0% 84,0%", "◌ Số liệu thành cũ hoặc không còn 1 lượt chỉ tiêu",
			"so với số liệu đã biết đến hết ngày rà soát 23/06/2025", "70,0% 71,3% +1,3", "số liệu báo lại",
			"Báo cáo quá hạn đến hết ngày 30/06/2025", "CQS-03 , X-SAT 1 0 Thành phố Rạch Giá (từ 19/03/2025, 2 kỳ)", "XHS-01 1 1 Phường Vĩnh Thanh (từ 25/06/2025, mới , đã nộp sau đó)",
			"+0,23 +0,06",
			"Bản kế hoạch 243/KH-UBND", "Phiên bản phương pháp plan-1",
		}, []string{"không có bản lưu", "kết quả nào của tuần trước được điều chỉnh", "không biết hết báo cáo"}},
		// as known on the Monday before: this week is not known yet, and the page says so
		{"/review/2025-W26?known-on=2025-06-23", []string{"Kho số liệu không có kết quả nào của tuần này theo số liệu đã biết đến ngày 23/06/2025"}, []string{"Tóm tắt"}},
		{"/review/2025-W25", []string{"Chưa có tuần trước để so sánh.", "Đây là tuần đầu tiên có kết quả: chưa có tuần trước để so sánh.", "Kỳ sau", "CQS-03 , X-SAT 1 0 Thành phố Rạch Giá (từ 19/03/2025, 2 kỳ)", "không biết hết báo cáo quá hạn"}, []string{"Mới đạt", "Điều chỉnh số liệu", "Kỳ trước", "Tăng nhiều nhất", "còn nợ báo cáo"}},
		{"/review/2025-W25?known-on=2025-06-23", []string{"Theo số liệu đã biết đến ngày 23/06/2025.", "Tỉnh Kiên Giang có 2 chỉ tiêu: 1 đúng tiến độ và 1 có nguy cơ."}, nil},
	} {
		rec := get(h, c.address)
		seen := text(rec.Body.String())
		if rec.Code != http.StatusOK {
			t.Errorf("%s: status %d: %s", c.address, rec.Code, seen)
		}
		for _, s := range c.says {
			if !strings.Contains(seen, s) {
				t.Errorf("%s does not say %q", c.address, s)
			}
		}
		for _, s := range c.not {
			if strings.Contains(seen, s) {
				t.Errorf("%s says %q", c.address, s)
			}
		}
		if t.Failed() {
			t.Logf("%s", seen)
		}
	}
}

// TestReviewWithoutWhatWasKnown: what had no version on the Monday of the last review is not called unchanged.
func TestReviewWithoutWhatWasKnown(t *testing.T) {
	p := load(t, kienGiang)
	late := changes()
	for i := range late[0] {
		late[0][i].after = 4
	}
	seen := text(get(site(t, p, reviewed(t, p, late...), clock(thisWeek)), "/review/2025-W26").Body.String())
	if !strings.Contains(seen, "7 kết quả của tuần trước không có bản lưu theo số liệu đã biết đến ngày 23/06/2025, nên không so sánh được.") || strings.Contains(seen, "được điều chỉnh") {
		t.Errorf("%s", seen)
	}
}

// TestReviewAfterAMilestone: when the next milestone's targets begin to count, nothing has got worse by that.
func TestReviewAfterAMilestone(t *testing.T) {
	p := load(t, kienGiang)
	last := plan.MustDay("2023-12-31")
	h := site(t, p, reviewed(t, p, []stand{
		{"CQS-02", "91", last, progress.Met, "70", 0, ""}, {"CQS-02", "899", last, progress.Met, "60", 0, ""}, {"XHS-01", "30733", last, progress.Met, "60", 0, ""},
		{"CQS-02", "91", last + 7, progress.AtRisk, "70.5", 0, ""}, {"CQS-02", "899", last + 7, progress.Behind, "60", 0, ""},
	}), clock(last+7))
	for _, c := range []struct {
		address   string
		says, not []string
	}{
		{"/review/2023-W52", []string{"Đã đến mốc 31/12/2023; kết quả của mốc được chốt sau hai ngày làm việc."}, []string{"Nếu giữ tốc độ"}},
		{"/review/2024-W01", []string{"Từ tuần này các chỉ tiêu được xét theo mốc 31/12/2025, không còn theo mốc 31/12/2023, nên trạng thái của hai tuần không so sánh được.", "Tăng nhiều nhất", "70,0% 70,5% +0,5", "Xã, phường, thị trấn – – – – – – –"},
			[]string{"Mới chậm tiến độ", "Không còn đạt", "đạt giảm"}},
	} {
		seen := text(get(h, c.address).Body.String())
		for _, s := range c.says {
			if !strings.Contains(seen, s) {
				t.Errorf("%s does not say %q: %s", c.address, s, seen)
			}
		}
		for _, s := range c.not {
			if strings.Contains(seen, s) {
				t.Errorf("%s says %q", c.address, s)
			}
		}
	}
}

func TestReviewLeadsToAWeek(t *testing.T) {
	p := load(t, kienGiang)
	st := filled(t, p)
	for _, c := range []struct {
		now           plan.Day // a Sunday; the clock stands on the morning after
		address, want string
	}{
		{thisWeek, "/review", "/review/2025-W26"},
		{thisWeek - 14, "/review", "/review/2025-W24"}, // later weeks are stored, but not over
		{thisWeek + 70, "/review", "/review/2025-W26"},
		{thisWeek, "/review?as-of=2025-06-29", "/review/2025-W26"},
		{thisWeek, "/review?as-of=2025-06-22", "/review/2025-W25"},
		{thisWeek, "/review?as-of=2025-06-16&known-on=2025-06-29", "/review/2025-W25?known-on=2025-06-29"},
		{thisWeek, "/review?as-of=2024-08-01", "/review/2023-W52"}, // not stored: the one before
		{thisWeek, "/review?as-of=2020-01-01", "/review/2023-W52"},
		{thisWeek, "/review?as-of=2030-01-01", "/review/2025-W26"},
		{thisWeek, "/review?format=csv", "/review/2025-W26?format=csv"},
	} {
		rec := get(site(t, p, st, clock(c.now)), c.address)
		if got := rec.Header().Get("Location"); rec.Code != http.StatusFound || got != c.want {
			t.Errorf("%s on %s: %d %s, want %s", c.address, c.now, rec.Code, got, c.want)
		}
	}
}

func TestReviewAsATable(t *testing.T) {
	p := load(t, kienGiang)
	rec := get(site(t, p, reviewed(t, p, changes()...), clock(thisWeek)), "/review/2025-W26?format=csv")
	if got := rec.Header().Get("Content-Disposition"); got != `attachment; filename="review-2025-W26-2025-06-29.csv"` {
		t.Errorf("file name: %s", got)
	}
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(rec.Body.String(), "\uFEFF"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	columns := []string{"unit", "indicator", "as_of", "change", "status_before", "status", "path_value_before", "path_value", "moved", "reviewed_status", "reviewed_path_value", "plan_version"}
	var got []string
	for _, l := range lines[1:] {
		var cells []string
		for _, name := range columns {
			cells = append(cells, l[slices.Index(lines[0], name)])
		}
		got = append(got, strings.Join(cells, " "))
	}
	want := []string{
		"91 CQS-02 2025-06-29 same at_risk at_risk 70 70.5 0.5   243/KH-UBND",
		"91 CQS-06 2025-06-29 newly_met on_track met 95 100 5   243/KH-UBND",
		"899 CQS-02 2025-06-29 newly_behind at_risk behind 60 57.5 -2.5   243/KH-UBND",
		"899 CQS-06 2025-06-29 recovered behind on_track 90 94 4   243/KH-UBND",
		"899 CQS-09 2025-06-29 lost behind stale 80 80 0   243/KH-UBND",
		"900 CQS-02 2025-06-29 no_longer_met met at_risk 85 84 -1   243/KH-UBND",
		"900 CQS-09 2025-06-29 same at_risk at_risk 71.25 71.25 0 at_risk 70 243/KH-UBND",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
