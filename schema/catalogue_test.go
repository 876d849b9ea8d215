package schema_test

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/web"
	"tiendo/pipeline/words"
	"tiendo/schema"
	"tiendo/schema/plans"
)

var update = flag.Bool("update", false, "write the golden file anew")

const builtIn = "kien-giang-2022-2025"

// withParameters says how views that take parameters are called.
var withParameters = map[string]string{
	"v_progress":     "plan='%s', as_of='2025-06-29', known_on='2099-12-31'",
	"v_rank":         "plan='%s', as_of='2025-06-29', known_on='2099-12-31'",
	"v_change":       "plan='%s', as_of='2025-06-29', known_on='2099-12-31'",
	"v_restated":     "plan='%s', as_of='2025-06-29', known_on='2099-12-31'",
	"v_dossier_open": "plan='%s', as_of='2025-06-29'",
	"v_trend":        "plan='%s', indicator='CQS-02', unit_key='899', as_of='2025-06-29', known_on='2099-12-31'",
}

func call(view, planCode string) string {
	if p, ok := withParameters[view]; ok {
		return view + "(" + fmt.Sprintf(p, planCode) + ")"
	}
	return view
}

func builtInPlan(t *testing.T, code string) *plan.Plan {
	t.Helper()
	dir, err := fs.Sub(plans.FS, code)
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func allViews(t *testing.T, c driver.Conn) []string {
	t.Helper()
	return lines(t, c, `SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'View' ORDER BY name`)
}

// catalogued is a store that holds the catalogues of the built-in plans, with the connection of boards.
func catalogued(t *testing.T) (st *schema.Store, own, board driver.Conn) {
	t.Helper()
	st, own, boardDSN := migrated(t)
	for _, code := range plans.Names() {
		if err := st.For(code).SaveCatalogue(t.Context(), builtInPlan(t, code), plan.MustDay("2025-10-20"), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	return st.For(builtIn), own, connect(t, boardDSN)
}

// One store serves all, because the making of one costs more than all the questions to it.
func TestCatalogue(t *testing.T) {
	st, own, board := catalogued(t)
	storyOf(t, own)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *schema.Store, driver.Conn, driver.Conn)
	}{
		{"columns of views", columnsOfViews},
		{"names in both languages", namesInBothLanguages},
		{"progress is what the store reads", progressIsWhatTheStoreReads},
		{"change of a week", changeOfAWeek},
		{"trend goes on to the milestone", trendGoesOnToTheMilestone},
		{"restated results", restatedResults},
		{"movement of a rank", movementOfARank},
		{"dossiers, documents, payments", domains},
		{"sources that never ran", sourcesThatNeverRan},
		{"what was refused or stated again, and sizes", refusedRestatedSizes},
		{"saved once and whole", catalogueIsSavedOnceAndWhole},
		{"weeks for a list", weeksForAList},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, st, own, board) })
	}
}

// Boards are written against these columns: a change of the golden file is a change for them.
func columnsOfViews(t *testing.T, st *schema.Store, own, board driver.Conn) {
	var got []string
	for _, v := range allViews(t, own) {
		rows, err := board.Query(t.Context(), "SELECT * FROM "+call(v, builtIn))
		if err != nil {
			t.Errorf("boards cannot read %s: %v", v, err)
			continue
		}
		for _, c := range rows.ColumnTypes() {
			got = append(got, fmt.Sprintf("%s %s %s", v, c.Name(), c.DatabaseTypeName()))
		}
		rows.Close()
	}
	const golden = "testdata/views.golden"
	text := strings.Join(got, "\n") + "\n"
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("columns of views (-golden +got); `go test ./schema -run Catalogue -update` writes the golden file:\n%s", diff)
	}
}

// What people read is there in both languages, for every plan that is built in.
func namesInBothLanguages(t *testing.T, st *schema.Store, own, board driver.Conn) {
	for _, v := range []string{"v_plan", "v_level", "v_pillar", "v_milestone", "v_unit", "v_indicator", "v_status", "v_reason", "v_part"} {
		columns := lines(t, own, fmt.Sprintf(`SELECT name FROM system.columns WHERE database = currentDatabase() AND table = '%s' AND (endsWith(name, '_vi') OR endsWith(name, '_en'))`, v))
		if len(columns) < 2 {
			t.Errorf("%s has no names: %v", v, columns)
		}
		for _, column := range columns {
			where := "1"
			switch {
			case strings.HasPrefix(column, "denominator_"):
				where = "unit = 'percent' AND indicator != 'X-CASH'" // a score and an attestation are no shares
			case strings.HasPrefix(column, "owner_"):
				where = "owner != ''"
			case strings.HasPrefix(column, "note_"):
				continue
			}
			want(t, board, fmt.Sprintf(`SELECT concat('%s.%s is empty ', toString(count())) FROM %s WHERE %s AND %s = '' HAVING count() > 0`, v, column, v, where, column))
		}
	}
	for v, n := range map[string]string{"v_indicator": "47", "v_plan": "2", "v_status": "13", "v_target": "62"} {
		want(t, board, "SELECT toString(count()) FROM "+v, n)
	}
	want(t, board, `SELECT concat(plan, ' ', indicator, ' ', short_en) FROM v_indicator WHERE lengthUTF8(short_vi) > 34 OR lengthUTF8(short_en) > 34`)
	want(t, board, `SELECT concat(kind, ' ', part, ' ', name_vi, ' ', name_en) FROM v_part WHERE indicator IN ('CQS-03', 'CQS-05', 'KTS-02') AND position = 1 ORDER BY indicator`,
		"variant satisfied Tỷ lệ hài lòng trong số người đánh giá Share of the satisfied among those who rated",
		"feature identity Định danh, xác thực một lần, hợp nhất từ Trung ương đến địa phương One sign-on identity from the centre to the communes",
		"member nong-nghiep Nông nghiệp, lâm nghiệp và thủy sản Agriculture, forestry and fishing")
	want(t, board, `SELECT concat(unit_key, '|', parent_key, '|', district_key, '|', short_vi, '|', short_en, '|', toString(watched)) FROM v_unit WHERE plan = 'kien-giang-2022-2025' AND unit IN ('91', '899', '30751', 'so-noi-vu') ORDER BY unit_key`,
		"30751|899|899|An Bình|An Binh|false", "899|91|899|Rạch Giá|Rach Gia|true", "91|||Kiên Giang|Kien Giang|true", "so-noi-vu|91||Sở Nội vụ|Department of Home Affairs|true")
	want(t, board, `SELECT concat(ancestor_key, ' ', toString(depth)) FROM v_unit_tree WHERE plan = 'kien-giang-2022-2025' AND unit_key = '30751' ORDER BY depth`, "30751 0", "899 1", "91 2")
	want(t, board, `SELECT short_vi FROM v_unit WHERE plan = 'kien-giang-2022-2025' AND level = 'district' ORDER BY position LIMIT 3`, "An Biên", "An Minh", "Châu Thành")
	want(t, board, `SELECT concat(toString(target), comparator, ' ', wording_vi) FROM v_target WHERE indicator = 'KTS-03' ORDER BY milestone`,
		"8> Tỷ trọng thương mại điện tử trong tổng mức bán lẻ đạt trên 8%", "10> Tỷ trọng thương mại điện tử trong tổng mức bán lẻ đạt trên 10%")
}

func refusedRestatedSizes(t *testing.T, st *schema.Store, own, board driver.Conn) {
	exec(t, own,
		`INSERT INTO page (plan, source, run_id, page) VALUES ('kien-giang-2022-2025', 's', 'r1', 1), ('kien-giang-2022-2025', 's', 'r2', 1)`,
		`INSERT INTO reject (plan, source, run_id, page, position, rule) VALUES ('kien-giang-2022-2025', 's', 'r1', 1, 1, 'unknown_unit'), ('kien-giang-2022-2025', 's', 'r1', 1, 2, 'no_words'), ('kien-giang-2022-2025', 's', 'cut short', 1, 1, 'bad_date')`,
		`INSERT INTO measure (plan, source, measure, unit, unit_from, period_type, day, value, known_at, run_id, page) VALUES
			('kien-giang-2022-2025', 's', 'portal.db_total', '91', '2025-07-01', 'calendar', '2025-08-31', 90, '2025-09-01 00:00:00', 'r1', 1),
			('kien-giang-2022-2025', 's', 'portal.db_total', '91', '2025-07-01', 'calendar', '2025-08-31', 95, '2025-09-08 00:00:00', 'r2', 1),
			('kien-giang-2022-2025', 's', 'without a name', '899', '1900-01-01', 'calendar', '2025-05-31', 1, '2025-06-01 00:00:00', 'r1', 1),
			('kien-giang-2022-2025', 's', 'without a name', '899', '1900-01-01', 'calendar', '2025-05-31', 2, '2025-06-08 00:00:00', 'r2', 1)`)
	want(t, board, `SELECT concat(rule_vi, '|', rule_en) FROM v_reject ORDER BY position`, "Mã đơn vị ngoài danh mục|Unknown unit code", "no_words|no_words")
	want(t, board, `SELECT concat(unit_key, ' ', measure_vi, ' ', counted_vi, ' ', toString(previous_value), ' ', toString(value)) FROM v_restatement WHERE source = 's' AND measure IN ('portal.db_total', 'without a name') ORDER BY unit_key`,
		"899 without a name  1 2", "91@2025-07-01 Hồ sơ đã đồng bộ hồ sơ 90 95")
	want(t, board, `SELECT concat(name, ' ', toString(rows >= 4), ' ', toString(bytes > 0), ' ', toString(raw_bytes > 0)) FROM v_table_size WHERE name = 'measure'`, "measure 1 1 1")
	want(t, board, `SELECT toString(count() > 0 AND min(free_bytes) > 0 AND min(total_bytes - free_bytes) > 0) FROM v_disk`, "1")
}

func catalogueIsSavedOnceAndWhole(t *testing.T, st *schema.Store, own, board driver.Conn) {
	ctx := t.Context()
	p := builtInPlan(t, builtIn)
	on, now := plan.MustDay("2025-10-20"), time.Now()
	save := func() {
		t.Helper()
		if err := st.SaveCatalogue(ctx, p, on, now); err != nil {
			t.Fatal(err)
		}
	}
	count := func(table string) string {
		return lines(t, own, `SELECT toString(count()) FROM `+table+` WHERE plan = 'kien-giang-2022-2025'`)[0]
	}
	units := count("catalogue_unit")
	save()
	if got := count("catalogue_unit"); got != units || count("catalogue_edition") != "1" {
		t.Errorf("saved again unchanged: %s units, then %s", units, got)
	}
	name := `SELECT name_vi FROM v_indicator WHERE plan = 'kien-giang-2022-2025' AND indicator = 'CQS-02'`
	was := lines(t, board, name)[0]
	p.Indicator("CQS-02").Name = "Tên khác"
	now = now.Add(-time.Hour) // the clock was set back
	save()
	want(t, board, name, "Tên khác")
	want(t, board, `SELECT toString(count()) FROM v_indicator WHERE plan = 'kien-giang-2022-2025'`, "32")
	if got := count("catalogue_edition"); got != "2" {
		t.Errorf("%s editions, want the old one and the new", got)
	}
	// Who answers for an indicator is who does on the day; of a province that has ended, who did last.
	for _, x := range []struct{ on, owner string }{{"2025-02-28", "Sở Thông tin và Truyền thông"}, {"2025-03-01", "Sở Khoa học và Công nghệ"}, {"2025-10-20", "Sở Khoa học và Công nghệ"}} {
		on = plan.MustDay(x.on)
		save()
		want(t, board, `SELECT owner_vi FROM v_indicator WHERE plan = 'kien-giang-2022-2025' AND indicator = 'XHS-03'`, x.owner)
	}
	// An edition that was cut short has no row of its own.
	exec(t, own, `INSERT INTO catalogue_indicator (plan, saved_at, indicator, name_vi) VALUES ('kien-giang-2022-2025', '2099-01-01 00:00:00', 'CQS-02', 'cut short')`)
	want(t, board, name, "Tên khác")
	p.Indicator("CQS-02").Name = was
	save()
	want(t, board, name, was)
	want(t, board, `SELECT toString(count()) FROM v_unit WHERE plan = 'an-giang-766-2025'`, "151") // the other plan's stays
}

func weeksForAList(t *testing.T, st *schema.Store, own, board driver.Conn) {
	first := plan.MustDay("2024-12-15")
	exec(t, own, `TRUNCATE TABLE standing`)
	var labels, rows []string
	for i := range plan.Day(20) { // over the turn of the year, more weeks than are kept for all levels
		d := first + 7*i
		rows = append(rows, fmt.Sprintf(`('kien-giang-2022-2025', 'district', '899', '1900-01-01', '%s'), ('kien-giang-2022-2025', 'district', '899', '1900-01-01', '%s')`, d, d-1))
		labels = append(labels, words.Week(d))
	}
	exec(t, own, `INSERT INTO standing (plan, level, unit, unit_from, as_of) VALUES `+strings.Join(rows, ", "))
	slices.Reverse(labels)
	want(t, board, `SELECT label_vi FROM v_week WHERE plan = 'kien-giang-2022-2025' ORDER BY as_of DESC`, labels[:13]...)
	exec(t, own, `TRUNCATE TABLE standing`)
	for _, d := range []string{"2024-12-29", "2025-01-05"} {
		exec(t, own, fmt.Sprintf(`INSERT INTO standing (plan, level, unit, unit_from, as_of) VALUES ('kien-giang-2022-2025', 'district', '899', '1900-01-01', '%s')`, d))
	}
	want(t, board, `SELECT concat(label_vi, '|', label_en, '|', text_vi, '|', week) FROM v_week ORDER BY as_of`,
		words.Week(plan.MustDay("2024-12-29"))+"|Week 52/2024 (23 Dec - 29 Dec)|29/12/2024|2024-W52",
		words.Week(plan.MustDay("2025-01-05"))+"|Week 1/2025 (30 Dec - 05 Jan)|05/01/2025|2025-W01")
	want(t, board, `SELECT toString(last_as_of) FROM v_plan WHERE plan = 'kien-giang-2022-2025'`, "2025-01-05")
}

// storyOf stores three weeks of some results: known in time, known late, restated, gone missing.
func storyOf(t *testing.T, own driver.Conn) {
	t.Helper()
	var rows []string
	row := func(indicator, unit, asOf, known, status, value string, weeks int) {
		rows = append(rows, fmt.Sprintf(`('kien-giang-2022-2025', 'v', 'm', '%s', 'CQS', '%s', '1900-01-01', 'district', '%s', '%s', 'owed', %s, %[5]s, '>=', '2025-12-31', 80, 70, 1, 85, '%s', %d, 'too_few,no_path', '[]', '[]', now())`,
			indicator, unit, asOf, known, value, status, weeks))
	}
	// Rạch Giá goes from on track to behind; the first week is restated, later.
	row("CQS-02", "899", "2025-06-15", "2025-06-15 16:30:00", "on_track", "71", 0)
	row("CQS-02", "899", "2025-06-22", "2025-06-22 16:30:00", "on_track", "72", 0)
	row("CQS-02", "899", "2025-06-15", "2025-06-29 16:30:00", "at_risk", "69.5", 0)
	row("CQS-02", "899", "2025-06-29", "2025-06-29 16:30:00", "behind", "60", 1)
	// Hà Tiên is known only late, is met at last, and its report of the week before came after the review.
	row("CQS-02", "900", "2025-06-22", "2025-06-22 16:30:00", "no_data", "NULL", 0)
	row("CQS-02", "900", "2025-06-22", "2025-06-30 18:00:00", "on_track", "75", 0) // local: 1 July
	row("CQS-02", "900", "2025-06-29", "2025-06-29 16:30:00", "met", "82", 0)
	// others for the kinds of change
	row("CQS-02", "902", "2025-06-22", "2025-06-22 16:30:00", "behind", "50", 3)
	row("CQS-02", "902", "2025-06-29", "2025-06-29 16:30:00", "stale", "50", 3)
	row("CQS-02", "903", "2025-06-22", "2025-06-22 16:30:00", "stale", "50", 3)
	row("CQS-02", "903", "2025-06-29", "2025-06-29 16:30:00", "behind", "50", 4)
	row("CQS-02", "904", "2025-06-22", "2025-06-22 16:30:00", "at_risk", "50", 0)
	row("CQS-02", "904", "2025-06-29", "2025-06-29 16:30:00", "on_track", "58.5", 0)
	row("CQS-02", "905", "2025-06-29", "2025-06-29 16:30:00", "behind", "50", 9)
	row("CQS-02", "906", "2025-06-22", "2025-06-22 16:30:00", "met", "90", 0)
	row("CQS-02", "906", "2025-06-29", "2025-06-29 16:30:00", "on_track", "79", 0)
	row("CQS-02", "907", "2025-06-22", "2025-06-22 16:30:00", "no_data", "NULL", 0)
	row("CQS-02", "907", "2025-06-29", "2025-06-29 16:30:00", "stale", "79", 0)
	exec(t, own, `INSERT INTO assessment (plan, plan_version, method_version, indicator, pillar, unit, unit_from, level, as_of, known_at, applicability, value, path_value, comparator, milestone, target, expected, gap, forecast,
		status, weeks_behind, reason, outcomes, parts, computed_at) VALUES `+strings.Join(rows, ", "))
}

func progressIsWhatTheStoreReads(t *testing.T, st *schema.Store, own, board driver.Conn) {
	for _, asOf := range []plan.Day{plan.MustDay("2025-06-15"), plan.MustDay("2025-06-22"), plan.MustDay("2025-06-29")} {
		for _, known := range []plan.Day{plan.MustDay("2025-06-16"), plan.MustDay("2025-06-29"), plan.MustDay("2025-06-30"), plan.MustDay("2025-07-01"), plan.MustDay("2099-12-31")} {
			q := web.Query{AsOf: asOf, Since: plan.NoDay, KnownOn: known}
			if known == plan.MustDay("2099-12-31") {
				q.KnownOn = plan.NoDay
			}
			all, err := st.Assessments(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			var expect []string
			for _, a := range all {
				v := "unknown"
				if a.Value != nil {
					v = a.Value.String()
				}
				expect = append(expect, fmt.Sprintf("%s %s %s %s %d", a.Indicator, a.Unit, v, a.Status, a.KnownAt.Unix()))
			}
			want(t, board, fmt.Sprintf(`SELECT concat(indicator, ' ', unit_key, ' ', ifNull(toString(value), 'unknown'), ' ', status, ' ', toString(toUnixTimestamp(known_at)))
				FROM v_progress(plan='%s', as_of='%s', known_on='%s') ORDER BY indicator, unit`, builtIn, asOf, known), expect...)
		}
	}
	want(t, board, `SELECT concat(unit_vi, '|', unit_short_en, '|', indicator_short_vi, '|', pillar_vi, '|', level_vi, '|', status_vi, '|', status_sign, '|', reason_vi, '|', reason_en, '|', value_unit, '|', owner_vi)
		FROM v_progress(plan='kien-giang-2022-2025', as_of='2025-06-29', known_on='2099-12-31') WHERE unit_key = '899'`,
		"Thành phố Rạch Giá|Rach Gia|Hồ sơ xử lý trực tuyến|Chính quyền số|Huyện, thành phố|"+words.Status(progress.Behind).Name+"|▼|"+words.Reason(progress.ReasonTooFew)+"|too few cases for a share|percent|Văn phòng Ủy ban nhân dân tỉnh")
}

func changeOfAWeek(t *testing.T, st *schema.Store, own, board driver.Conn) {
	list := `SELECT concat(unit, ' ', kind, ' ', previous_status, '>', status, ' ', ifNull(toString(moved), '-')) FROM v_change(plan='kien-giang-2022-2025', as_of='%s', known_on='%s') ORDER BY unit`
	want(t, board, fmt.Sprintf(list, "2025-06-29", "2099-12-31"),
		"899 newly_behind on_track>behind -12", "900 newly_met on_track>met 7", "902 lost behind>stale 0", "903 returned stale>behind 0", "904 better at_risk>on_track 8.5", "905 first >behind -",
		"906 worse met>on_track -11", "907 same no_data>stale -")
	// On the day of the review Hà Tiên's week before was unknown.
	if got := lines(t, board, fmt.Sprintf(list, "2025-06-29", "2025-06-30")); !slices.Contains(got, "900 returned no_data>met -") {
		t.Errorf("as known on 30 June: %v", got)
	}
	want(t, board, fmt.Sprintf(list, "2025-06-15", "2025-06-20"), "899 first >on_track -")
	// A milestone between two weeks: what was met is held against the next target, which is no worsening.
	exec(t, own, `INSERT INTO assessment (plan, indicator, unit, unit_from, level, as_of, known_at, path_value, milestone, status, computed_at) VALUES
		('kien-giang-2022-2025', 'CQS-02', '908', '1900-01-01', 'district', '2023-12-31', '2024-01-01 00:00:00', 61, '2023-12-31', 'met', now()),
		('kien-giang-2022-2025', 'CQS-02', '908', '1900-01-01', 'district', '2024-01-07', '2024-01-08 00:00:00', 61, '2025-12-31', 'at_risk', now())`)
	want(t, board, fmt.Sprintf(list, "2024-01-07", "2099-12-31"), "908 new_target met>at_risk 0")
}

func restatedResults(t *testing.T, st *schema.Store, own, board driver.Conn) {
	list := `SELECT concat(unit_short_vi, ' ', toString(as_of), ' ', toString(first_value), ' ', first_status, ' > ', toString(now_value), ' ', now_status_en, ' ', toString(known_at), ' ', toString(previous_known_at), ' ', toString(rules_changed))
		FROM v_restated(plan='kien-giang-2022-2025', as_of='%s', known_on='%s') ORDER BY unit`
	once := "Rạch Giá 2025-06-15 71 on_track > 69.5 At risk 2025-06-29 16:30:00.000 2025-06-15 16:30:00.000 0"
	want(t, board, fmt.Sprintf(list, "2025-06-29", "2099-12-31"), once) // Hà Tiên's figure came late, and was no other before
	want(t, board, fmt.Sprintf(list, "2025-06-29", "2025-06-28"))
	want(t, board, fmt.Sprintf(list, "2025-06-14", "2099-12-31"))
	// Stated again with the same value, under another method: since when it holds does not change.
	exec(t, own, `INSERT INTO assessment SELECT * REPLACE ('m2' AS method_version, toDateTime64('2025-07-05 00:00:00', 3, 'UTC') AS known_at) FROM assessment WHERE unit = '899' AND as_of = '2025-06-15' AND status = 'at_risk'`)
	want(t, board, fmt.Sprintf(list, "2025-06-29", "2099-12-31"), strings.TrimSuffix(once, "0")+"1")
	// Back to what was first said: nothing is restated any more.
	exec(t, own, `INSERT INTO assessment SELECT * REPLACE (toDateTime64('2025-07-06 00:00:00', 3, 'UTC') AS known_at) FROM assessment WHERE unit = '899' AND as_of = '2025-06-15' AND status = 'on_track'`)
	want(t, board, fmt.Sprintf(list, "2025-06-29", "2099-12-31"))
}

func trendGoesOnToTheMilestone(t *testing.T, st *schema.Store, own, board driver.Conn) {
	list := `SELECT concat(toString(time), ' ', ifNull(toString(value), '-'), ' ', toString(expected), ' ', ifNull(toString(forecast), '-'), ' ', status) FROM v_trend(plan='kien-giang-2022-2025', indicator='CQS-02', unit_key='899', as_of='%s', known_on='%s')`
	want(t, board, fmt.Sprintf(list, "2025-06-29", "2099-12-31"),
		"2025-06-15 17:00:00 69.5 70 - at_risk", "2025-06-22 17:00:00 72 70 - on_track", "2025-06-29 17:00:00 60 70 60 behind", "2025-12-31 17:00:00 - 80 85 ")
	want(t, board, fmt.Sprintf(list, "2025-06-22", "2025-06-23"),
		"2025-06-15 17:00:00 71 70 - on_track", "2025-06-22 17:00:00 72 70 72 on_track", "2025-12-31 17:00:00 - 80 85 ")
	want(t, board, fmt.Sprintf(strings.Replace(list, "'899'", "'899@2025-07-01'", 1), "2025-06-29", "2099-12-31"))
}

func movementOfARank(t *testing.T, st *schema.Store, own, board driver.Conn) {
	exec(t, own, `INSERT INTO standing (plan, level, unit, unit_from, as_of, known_at, computed_at, rank, of, overall) VALUES
		('kien-giang-2022-2025', 'district', '899', '1900-01-01', '2025-06-22', '2025-06-22 16:30:00', now(), 5, 15, 'behind'),
		('kien-giang-2022-2025', 'district', '899', '1900-01-01', '2025-06-22', '2025-06-29 16:30:00', now(), 4, 15, 'at_risk'),
		('kien-giang-2022-2025', 'district', '899', '1900-01-01', '2025-06-29', '2025-06-29 16:30:00', now(), 1, 15, 'met'),
		('kien-giang-2022-2025', 'district', '900', '1900-01-01', '2025-06-29', '2025-06-29 16:30:00', now(), 2, 15, 'met'),
		('kien-giang-2022-2025', 'commune', '30751', '1900-01-01', '2025-06-22', '2025-06-22 16:30:00', now(), 3, 144, 'met'),
		('kien-giang-2022-2025', 'commune', '30751', '1900-01-01', '2025-06-29', '2025-06-29 16:30:00', now(), 0, 144, 'not_applicable')`)
	list := `SELECT concat(unit_short_vi, ' ', toString(rank), ' ', ifNull(toString(previous_rank), '-'), ' ', ifNull(toString(movement), '-'), ' ', previous_overall, '>', overall_en) FROM v_rank(plan='kien-giang-2022-2025', as_of='%s', known_on='%s') ORDER BY unit`
	want(t, board, fmt.Sprintf(list, "2025-06-29", "2099-12-31"), "An Bình 0 3 - met>Not applicable", "Rạch Giá 1 4 3 at_risk>Met", "Hà Tiên 2 - - >Met")
	want(t, board, fmt.Sprintf(list, "2025-06-22", "2025-06-28"), "An Bình 3 - - >Met", "Rạch Giá 5 - - >Behind")
}

func domains(t *testing.T, _ *schema.Store, own, board driver.Conn) {
	const at = "2025-06-29 16:30:00"
	dossier := func(id, unit string, channel, status int, received, due, finished, run string) string {
		return fmt.Sprintf("('%s', 's', '%s', '%s', '1900-01-01', %d, %d, true, %s, %s, %s, true, 20000, '%s', '%s', 1)", builtIn, id, unit, channel, status, received, due, finished, at, run)
	}
	exec(t, own, `INSERT INTO setting (plan, name, value) VALUES ('kien-giang-2022-2025', 'demo_now', '2025-06-30T07:00:00+07:00')`,
		`INSERT INTO page (plan, source, run_id, page, fetched_at) VALUES ('kien-giang-2022-2025', 's', 'a', 1, '`+at+`')`,
		`INSERT INTO dossier (plan, source, id, unit, unit_from, channel, status, full_process, received, due, finished, has_fee, fee_amount, fetched_at, run_id, page) VALUES `+strings.Join([]string{
			dossier("1", "899", 2, 10, "'2025-06-02 08:00:00'", "'2025-06-05 17:00:00'", "'2025-06-05 17:00:00'", "a"),
			dossier("2", "899", 1, 9, "'2025-06-02 08:00:00'", "'2025-06-04 17:00:00'", "'2025-06-05 09:00:00'", "a"),
			dossier("3", "899", 3, 9, "'2025-06-02 08:00:00'", "NULL", "'2025-06-05 23:59:00'", "a"),
			dossier("4", "30751", 2, 4, "'2025-06-02 08:00:00'", "'2025-06-30 17:00:00'", "NULL", "a"),  // today
			dossier("5", "30751", 2, 4, "'2025-06-02 08:00:00'", "'2025-06-29 17:00:00'", "NULL", "a"),  // yesterday
			dossier("6", "30751", 1, 2, "'2025-06-02 08:00:00'", "'2025-06-23 17:00:00'", "NULL", "a"),  // a week
			dossier("7", "30751", 1, 4, "'2025-04-02 08:00:00'", "'2025-05-30 17:00:00'", "NULL", "a"),  // 31 days
			dossier("8", "30751", 1, 5, "'2025-06-02 08:00:00'", "'2025-06-03 17:00:00'", "NULL", "a"),  // waits for the applicant
			dossier("9", "30751", 1, 4, "'2025-06-02 08:00:00'", "NULL", "NULL", "a"),                   // no deadline
			dossier("10", "30751", 1, 3, "'2025-06-02 08:00:00'", "'2025-06-03 17:00:00'", "NULL", "a"), // refused
			dossier("11", "899", 2, 10, "'2025-06-02 08:00:00'", "NULL", "'2025-06-05 10:00:00'", "cut short"),
		}, ", "),
		`INSERT INTO document (plan, source, id, unit, unit_from, sent, status, fetched_at, run_id, page) VALUES
			('kien-giang-2022-2025', 's', '1', '899', '1900-01-01', '2025-06-05 08:00:00', '06', '`+at+`', 'a', 1),
			('kien-giang-2022-2025', 's', '2', '899', '1900-01-01', '2025-06-05 08:00:00', '06', '2025-06-08 16:30:00', 'a', 1),
			('kien-giang-2022-2025', 's', '2', '899', '1900-01-01', '2025-06-05 08:00:00', '13', '`+at+`', 'a', 1)`,
		`INSERT INTO payment (plan, source, id, unit, unit_from, amount, state, paid, fetched_at, run_id, page) VALUES
			('kien-giang-2022-2025', 's', '1', '899', '1900-01-01', 20000, 'paid', '2025-06-05 08:00:00', '`+at+`', 'a', 1),
			('kien-giang-2022-2025', 's', '2', '899', '1900-01-01', 30000, 'refunded', '2025-06-05 08:00:00', '`+at+`', 'a', 1),
			('kien-giang-2022-2025', 's', '3', '899', '1900-01-01', 40000, 'unpaid', NULL, '`+at+`', 'a', 1)`,
		`INSERT INTO measure (plan, source, measure, unit, unit_from, dims, period_type, start, day, value, known_at, run_id, page) VALUES
			('kien-giang-2022-2025', 's', 'edoc.exchanged', '899', '1900-01-01', '', 'calendar', '2025-06-05', '2025-06-05', 7, '2025-06-08 00:00:00', 'a', 1),
			('kien-giang-2022-2025', 's', 'edoc.exchanged', '899', '1900-01-01', '', 'calendar', '2025-06-05', '2025-06-05', 9, '2025-06-15 00:00:00', 'a', 1),
			('kien-giang-2022-2025', 's', 'edoc.signed', '899', '1900-01-01', '', 'calendar', '2025-06-05', '2025-06-05', 8, '2025-06-08 00:00:00', 'a', 1),
			('kien-giang-2022-2025', 's', 'procedure.full', '899', '1900-01-01', 'x', 'calendar', '2025-06-05', '2025-06-05', 1, '2025-06-08 00:00:00', 'a', 1),
			('kien-giang-2022-2025', 's', 'procedure.full', '899', '1900-01-01', 'y', 'calendar', '2025-06-05', '2025-06-05', 1, '2025-06-08 00:00:00', 'a', 1)`,
		`INSERT INTO procedure (plan, source, id, unit, unit_from, code, level, eligible, in_force, valid_to, fetched_at, run_id, page) VALUES
			('kien-giang-2022-2025', 's', '899 1.1', '899', '1900-01-01', '1.1', 3, true, true, NULL, '2025-06-08 16:30:00', 'a', 1),
			('kien-giang-2022-2025', 's', '899 1.1', '899', '1900-01-01', '1.1', 4, true, true, NULL, '`+at+`', 'a', 1),
			('kien-giang-2022-2025', 's', '899 1.2', '899', '1900-01-01', '1.2', 3, true, true, '2025-06-30', '`+at+`', 'a', 1),
			('kien-giang-2022-2025', 's', '899 1.3', '899', '1900-01-01', '1.3', 4, true, true, '2025-06-29', '`+at+`', 'a', 1),
			('kien-giang-2022-2025', 's', '899 1.4', '899', '1900-01-01', '1.4', 2, false, true, NULL, '`+at+`', 'a', 1),
			('kien-giang-2022-2025', 's', '899 1.5', '899', '1900-01-01', '1.5', 3, true, false, NULL, '`+at+`', 'a', 1)`,
		`INSERT INTO facility (plan, source, id, name, kind, located_in, located_from, managed_by, managed_from, fetched_at, run_id, page) VALUES
			('kien-giang-2022-2025', 's', 'CS1', 'Trung tâm y tế', 'hospital', '30751', '1900-01-01', '30742', '2025-07-01', '`+at+`', 'a', 1)`)

	want(t, board, `SELECT concat(unit_key, ' ', toString(day), ': ', arrayStringConcat(arrayMap(x -> toString(x), [resolved, online, direct, post, on_time, late, no_deadline, at_deadline, full_process, full_process_online, has_fee]), ' '), ' ', toString(fee_amount)) FROM v_dossier_day`,
		"899 2025-06-05: 3 1 1 1 1 1 1 1 2 1 3 60000")
	want(t, board, `SELECT concat(unit_key, ' ', toString(day), ': ', arrayStringConcat(arrayMap(x -> toString(x), [received, online, direct, post]), ' ')) FROM v_dossier_received_day ORDER BY 1`,
		"30751 2025-04-02: 1 0 1 0", "30751 2025-06-02: 6 2 4 0", "899 2025-06-02: 3 1 1 1")
	want(t, board, `SELECT concat(unit_key, ' ', toString(bucket_position), ' ', bucket_vi, ' ', toString(overdue), ' ', toString(open)) FROM v_dossier_open(plan='kien-giang-2022-2025', as_of='2025-06-30') ORDER BY bucket_position`,
		"30751 1 Còn hạn false 1", "30751 2 Quá hạn 1-3 ngày true 1", "30751 3 Quá hạn 4-7 ngày true 1", "30751 5 Quá hạn trên 30 ngày true 1", "30751 6 Chờ bổ sung, nộp lệ phí false 1", "30751 7 Không có thời hạn false 1")
	want(t, board, `SELECT concat(unit_key, ' ', toString(bucket_position), ' ', toString(open), ' ', toString(longest_days)) FROM v_dossier_open(plan='kien-giang-2022-2025', as_of='2025-06-04') ORDER BY unit_key, bucket_position`,
		"30751 1 3 -19", "30751 3 1 5", "30751 6 1 1", "30751 7 1 0", "899 1 2 0", "899 7 1 0")
	want(t, board, `SELECT concat(unit_key, ' ', toString(day), ': ', arrayStringConcat(arrayMap(x -> toString(x), [exchanged, signed, secret, sent, recalled]), ' ')) FROM v_document_day`, "899 2025-06-05: 9 8 0 1 1")
	want(t, board, `SELECT concat(unit_key, ' ', toString(day), ': ', arrayStringConcat(arrayMap(x -> toString(x), [toInt64(paid), amount, toInt64(refunded), refunded_amount, toInt64(cancelled)]), ' ')) FROM v_payment_day`, "899 2025-06-05: 1 20000 1 30000 0")
	want(t, board, `SELECT concat(measure_vi, ' ', counted_vi, ' ', unit_key, ' ', toString(value)) FROM v_measure_total WHERE plan = 'kien-giang-2022-2025' ORDER BY measure`,
		"Văn bản trao đổi, trừ văn bản mật văn bản 899 9", "Văn bản điện tử được ký số chuyên dùng văn bản 899 8", "Thủ tục cung cấp toàn trình thủ tục 899 2")
	want(t, board, `SELECT concat(unit_key, ' ', procedure, ' ', toString(in_force), ' ', toString(eligible), ' ', toString(full)) FROM v_procedure ORDER BY procedure`,
		"899 1.1 true true true", "899 1.2 true true false", "899 1.3 false false true", "899 1.4 true false false", "899 1.5 false false false")
	want(t, board, `SELECT concat(facility, ' ', kind_vi, ' ', located_key, ' ', managed_key) FROM v_facility`, "CS1 Bệnh viện, trung tâm y tế 30751 30742@2025-07-01")
}

func sourcesThatNeverRan(t *testing.T, st *schema.Store, own, board driver.Conn) {
	exec(t, own, `INSERT INTO run (plan, source, run_id, fetched_at, ended_at, state) VALUES ('kien-giang-2022-2025', 'dossiers', 'a', '2025-06-29 16:30:00', '2025-06-29 16:31:00', 'ok'), ('kien-giang-2022-2025', 'gone', 'a', '2025-06-29 16:30:00', '2025-06-29 16:31:00', 'ok')`)
	want(t, board, `SELECT concat(source, '|', name_vi, '|', rhythm_vi, '|', toString(runs), '|', ifNull(toString(last_run), 'never')) FROM v_source WHERE plan = 'kien-giang-2022-2025' AND source IN ('dossiers', 'gone', 'tuition') ORDER BY source`,
		"dossiers|Hồ sơ dịch vụ công trực tuyến|hằng ngày|1|2025-06-29 16:30:00.000", "gone|gone||1|2025-06-29 16:30:00.000", "tuition|Học phí không dùng tiền mặt|hằng tháng|0|never")
	if all, err := st.Sources(t.Context()); err != nil || len(all) != 2 {
		t.Errorf("sources that ran: %+v, %v", all, err)
	}
}
