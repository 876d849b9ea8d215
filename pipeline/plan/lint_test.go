package plan

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// edited is testdata/full with one text replaced; old must stand in the file. An empty old gives the whole file anew, and
// old "*" with nothing new takes the file away.
func edited(t *testing.T, file, old, new string) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	src := os.DirFS("testdata/full")
	err := fs.WalkDir(src, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(src, name)
		out[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case old == "":
		out[file] = &fstest.MapFile{Data: []byte(new)}
	case old == "*" && new == "":
		delete(out, file)
	default:
		text := string(out[file].Data)
		if !strings.Contains(text, old) {
			t.Fatalf("%s has no %q to replace", file, old)
		}
		out[file] = &fstest.MapFile{Data: []byte(strings.Replace(text, old, new, 1))}
	}
	return out
}

func TestLintFindsNothingInAGoodPlan(t *testing.T) {
	for _, name := range []string{"testdata/full", "testdata/tiny"} {
		if got := Lint(os.DirFS(name)); len(got) > 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestLint(t *testing.T) {
	tests := []struct {
		name      string
		file      string
		old, new  string
		want      []string
		readsFine bool // Load takes it: the problem is one of content
	}{
		{"a lead that is no unit", "plan.yaml", "province: P\n", "province: P\nlead: Z-1\n", []string{`plan.yaml:11: lead "Z-1" is not in units.csv (unknown-unit)`}, true},
		// reading
		{"no plan.yaml", "plan.yaml", "*", "", []string{"plan.yaml: the plan's folder has no plan.yaml (missing-file)"}, false},
		{"no YAML", "rulings.yaml", "", "- id: [", []string{"rulings.yaml:1: did not find expected node content (yaml)"}, false},
		{"unknown key", "indicators.yaml", "  min_denominator: 10", "  min_denom: 10", []string{`indicators.yaml:19: key "min_denom" is unknown here (unknown-key)`}, false},
		{"key twice", "plan.yaml", "name_en: Full plan", "name: Again", []string{`plan.yaml:3: key "name" stands twice: see line 2 (yaml)`}, false},
		{"bad date", "plan.yaml", "start: 2022-12-31\n", "start: 31/12/2022\n", []string{
			"plan.yaml:1: the plan has no start (missing)",
			`plan.yaml:8: cannot read "31/12/2022" as a date: write it as YYYY-MM-DD (yaml)`}, false},
		{"bad value", "indicators.yaml", "tolerance: 1.5", "tolerance: 1,5", []string{`indicators.yaml:20: cannot read "1,5" as a decimal with up to ten decimals (yaml)`}, false},
		{"wrong header", "holidays.csv", "date,kind,name", "day,kind,name", []string{"holidays.csv:1: the header must be date,kind,name (csv-header)"}, false},
		{"empty table", "measures.csv", "", "\n", []string{"measures.csv:1: the header must be code,name,unit,source (csv-header)"}, false},
		{"short row", "holidays.csv", "2024-05-04,work,Làm bù", "2024-05-04,work", []string{"holidays.csv:3: the row has 2 cells, the header 3 (csv-row)"}, false},
		{"open quote", "holidays.csv", "2024-05-04,work,Làm bù", `2024-05-04,work,"Làm`, []string{`holidays.csv:3: cannot read the row: extraneous or missing " in quoted-field (csv-row)`}, false},
		{"unit's date", "units.csv", "2025-07-01,,D1;D2", "2025-7-1,,D1;D2", []string{
			`successors.csv:4: unit C9@2025-07-01 is not in units.csv (unknown-unit)`,
			`units.csv:8: cannot read "2025-7-1" as a date: write it as YYYY-MM-DD (date)`}, false},
		{"unit without code", "units.csv", "C2,D2,commune", ",D2,commune", []string{
			`unit_codes.csv:4: organ code H99.02.01: unit "C2" is not in units.csv (unknown-unit)`,
			"units.csv:7: the unit has no code (unit-code)"}, false},
		{"unit ends before it begins", "units.csv", "2024-03-01,2025-06-30", "2024-03-01,2024-02-01", []string{
			"successors.csv:3: unit C1@2024-03-01 is not in units.csv (unknown-unit)",
			"successors.csv:4: unit C1@2024-03-01 is not in units.csv (unknown-unit)",
			"units.csv:6: unit C1@2024-03-01 ends on 2024-02-01, before it begins (unit-validity)"}, false},
		{"validities overlap", "units.csv", "Xã,2024-03-01,2025-06-30", "Xã,2024-02-29,2025-06-30", []string{
			"successors.csv:3: unit C1@2024-03-01 is not in units.csv (unknown-unit)",
			"successors.csv:4: unit C1@2024-03-01 is not in units.csv (unknown-unit)",
			"units.csv:6: unit C1@2024-02-29: code C1 is valid at the same time on line 5 (unit-overlap)"}, false},
		{"unknown parent", "units.csv", "C2,D2,commune", "C2,D7,commune", []string{
			`unit_codes.csv:4: organ code H99.02.01: unit "C2" is not in units.csv (unknown-unit)`,
			"units.csv:7: unit C2: no unit D7 of its time stands on an earlier line (unit-parent)"}, false},
		{"two parents in time", "units.csv", "C2,D2,commune,Xã Hai", "D1,P,district,Huyện Một,First District,Huyện,2024-03-01,2025-06-30,\nC2,D1,commune,Xã Hai", []string{
			`unit_codes.csv:4: organ code H99.02.01: unit "C2" is not in units.csv (unknown-unit)`,
			"units.csv:8: unit C2 lives under several units of code D1 (D1, D1@2024-03-01): split its row where the parent changes (unit-parent)"}, false},
		{"successor's share", "successors.csv", "D1,,D2,,full", "D1,,D2,,half", []string{`successors.csv:2: share "half": write full or partial (share)`}, false},
		{"successor's date", "successors.csv", "C1,,C1,2024-03-01,full", "C1,,C1,1/3/2024,full", []string{`successors.csv:3: cannot read "1/3/2024" as a date: write it as YYYY-MM-DD (date)`}, false},
		{"successor not in force", "successors.csv", "D1,,D2,,full", "D2,,D1,,full", []string{"successors.csv:2: unit D1 is not in force on the day after unit D2 ends (successor-time)"}, false},
		{"partial successor", "successors.csv", "D1,,D2,,full", "D1,,D2,,partial", []string{"successors.csv:2: unit D1 goes only partly into D2 and no weight is stated: roll-ups over it are refused (partial-successor)"}, true},
		{"organ code twice, in two styles", "unit_codes.csv", "H99.01,D1,", "H99.02.01,D1,", []string{"unit_codes.csv:4: organ code H99.02.01 stands on line 3 already (duplicate)"}, false},
		{"organ code of no unit", "unit_codes.csv", "H99.01,D1,", "H99.01,D8,", []string{`unit_codes.csv:3: organ code H99.01: unit "D8" is not in units.csv (unknown-unit)`}, false},
		{"holiday's date", "holidays.csv", "2024-05-04", "2024-5-4", []string{`holidays.csv:3: cannot read "2024-5-4" as a date: write it as YYYY-MM-DD (date)`}, false},
		{"holiday's kind", "holidays.csv", "2024-01-01,off", "2024-01-01,free", []string{
			"holidays.csv:2: kind \"free\": write off or work (holiday-kind)"}, false},
		{"holiday twice", "holidays.csv", "2024-05-04,work,", "2024-01-01,work,", []string{"holidays.csv:3: 2024-01-01 stands twice (duplicate)"}, false},
		{"holiday on a weekend", "holidays.csv", "2024-01-01,off", "2024-01-06,off", []string{"holidays.csv:2: 2024-01-06 is a Saturday: the row changes nothing (holiday-weekday)"}, true},
		{"member twice", "members/sector.csv", "b,Ngành B", "a,Ngành B", []string{"members/sector.csv:3: member a stands on line 2 already (duplicate)"}, false},

		// plan.yaml
		{"plan without a start", "plan.yaml", "start: 2022-12-31\n", "", []string{"plan.yaml:1: the plan has no start (missing)"}, true},
		{"plan ends too early", "plan.yaml", "\nend: 2025-12-31", "\nend: 2021-12-31", []string{"plan.yaml:9: the plan ends on 2021-12-31, before it starts on 2022-12-31 (order)"}, true},
		{"versions out of order", "plan.yaml", "effective: 2023-01-10", "effective: 2024-07-01", []string{"plan.yaml:7: version 2 takes effect on 2024-07-01, not after the one before it (order)"}, true},
		{"milestones out of order", "plan.yaml", "date: 2023-12-31, report", "date: 2025-12-31, report", []string{
			"indicators.yaml:13: target of A-1 at 2023-12-31: plan.yaml has no such milestone (unknown-milestone)",
			"indicators.yaml:42: target of A-2 at 2023-12-31: plan.yaml has no such milestone (unknown-milestone)",
			"indicators.yaml:61: target of B-1 at 2023-12-31: plan.yaml has no such milestone (unknown-milestone)",
			"indicators.yaml:134: target of B-5 at 2023-12-31: plan.yaml has no such milestone (unknown-milestone)",
			"awards.yaml:4: award BK-1: plan.yaml has no milestone 2023-12-31 (unknown-milestone)",
			"plan.yaml:16: milestone 2025-12-31 does not come after 2025-12-31 (milestone-order)"}, true},
		{"cut-off after the milestone", "plan.yaml", "report_cut_off: 2023-12-14", "report_cut_off: 2024-01-14", []string{"plan.yaml:15: the report cut-off 2024-01-14 comes after the milestone 2023-12-31 (milestone-order)"}, true},
		{"level twice", "plan.yaml", "{code: commune, name: Xã, name_en: Commune}", "{code: commune, name: Xã, name_en: Commune}\n  - {code: commune, name: Ấp, name_en: Hamlet}", []string{"plan.yaml:21: level commune stands on line 20 already (duplicate)"}, true},
		{"watched level unknown", "plan.yaml", "watch_levels: [province, district]", "watch_levels: [province, region]", []string{`plan.yaml:11: level "region" is not among the plan's levels (unknown-level)`}, true},
		{"province unknown", "plan.yaml", "province: P", "province: Q", []string{`plan.yaml:10: province "Q" is not in units.csv (unknown-unit)`}, true},
		{"recent weeks", "plan.yaml", "recent_weeks: 13", "recent_weeks: 0", []string{"plan.yaml:13: recent_weeks is 0: store at least one week (range)"}, true},
		{"defaults", "plan.yaml", "coverage_min: 80", "coverage_min: 180", []string{"plan.yaml:25: a default is out of range: min_denominator and tolerance from 0, coverage_min 0 to 100, overall_min from 1, answer_days from 0 (range)"}, true},
		{"no versions, no document", "plan.yaml", "document: Kế hoạch số 1\nversions:\n  - {id: \"1\", effective: 2023-01-10, document: Kế hoạch số 1}\n  - {id: \"2\", effective: 2024-07-01, document: Quyết định số 2}\n", "", []string{
			"indicators.yaml:15: target of A-1 at 2025-12-31 changes on 2024-07-01, but plan.yaml has no version of that day (amendment)",
			"indicators.yaml:27: indicator A-1 changes on 2024-07-01, but plan.yaml has no version of that day (amendment)",
			"indicators.yaml:104: indicator B-3 changes on 2024-07-01, but plan.yaml has no version of that day (amendment)",
			"plan.yaml:1: the plan has no document (missing)",
			"plan.yaml:1: the plan has no versions: name the act that issued it (missing)",
			"rulings.yaml:17: ruling R-1 changes on 2024-07-01, but plan.yaml has no version of that day (amendment)"}, true},
		{"demo before the start", "plan.yaml", "as_of: 2025-06-29", "as_of: 2020-06-29", []string{"plan.yaml:29: the demo's day 2020-06-29 is before the plan's start (order)"}, true},
		{"demo's table", "plan.yaml", "notice: Số", "table: data/x.csv, notice: Số", []string{"plan.yaml:29: the demo's table data/x.csv is not in the plan's folder (missing-file)"}, true},

		// indicators.yaml: wordings, comparators, targets
		{"ambiguous wording without a ruling", "indicators.yaml", "  rulings: [R-1]\n  amended:", "  amended:", []string{
			`indicators.yaml:13: "đúng hạn" may be read in more than one way (it does not say which date decides): cite a ruling that quotes it (ambiguous-wording)`,
			`indicators.yaml:14: "đúng hạn" may be read in more than one way (it does not say which date decides): cite a ruling that quotes it (ambiguous-wording)`,
			`indicators.yaml:15: "đúng hạn" may be read in more than one way (it does not say which date decides): cite a ruling that quotes it (ambiguous-wording)`}, true},
		{"over 100 per cent without a ruling that quotes it", "indicators.yaml", "  rulings: [R-2]", "  rulings: [R-1]", []string{
			`indicators.yaml:134: "trên 100" may be read in more than one way (a share cannot be over 100 %): cite a ruling that quotes it (ambiguous-wording)`,
			`indicators.yaml:134: the wording says "trên 100", the comparator of B-5 is >=: cite a ruling that quotes it or write > (comparator)`,
			`indicators.yaml:135: "trên 100" may be read in more than one way (a share cannot be over 100 %): cite a ruling that quotes it (ambiguous-wording)`,
			`indicators.yaml:135: the wording says "trên 100", the comparator of B-5 is >=: cite a ruling that quotes it or write > (comparator)`}, true},
		{"each sector, unruled", "indicators.yaml", "wording: Đạt trên 8%", "wording: Trong từng ngành đạt trên 8%", []string{
			`indicators.yaml:61: "trong từng" may be read in more than one way (it does not say which members there are, nor that the lowest decides): cite a ruling that quotes it (ambiguous-wording)`}, true},
		{"trên is strict", "indicators.yaml", "  over: sector\n  comparator: \">\"", "  over: sector\n  comparator: \">=\"", []string{
			`indicators.yaml:61: the wording says "trên 8", the comparator of B-1 is >=: cite a ruling that quotes it or write > (comparator)`,
			`indicators.yaml:62: the wording says "trên 10", the comparator of B-1 is >=: cite a ruling that quotes it or write > (comparator)`}, true},
		{"at least is not strict", "indicators.yaml", "wording: Đạt trên 8%", "wording: Đạt tối thiểu 8%", []string{
			`indicators.yaml:61: the wording says no more than "at least", the comparator of B-1 is > (comparator)`}, true},
		{"target falls", "indicators.yaml", "value: 8, wording: Đạt trên 8%", "value: 12, wording: Đạt trên 12%", []string{
			"indicators.yaml:62: target of B-1 at 2025-12-31 is 10, below the 12 of 2023-12-31 (target-falls)"}, true},
		{"target out of range", "indicators.yaml", "value: 8, wording: Đạt trên 8%", "value: -8, wording: Đạt trên -8%", []string{
			"indicators.yaml:61: target of B-1 at 2023-12-31 is -8: it must lie between 0 and 100 (range)",
			`indicators.yaml:61: the wording says no more than "at least", the comparator of B-1 is > (comparator)`,
			"indicators.yaml:61: target of B-1 at 2023-12-31 is -8, but the wording names 8 (target-wording)"}, true},
		{"target is not the wording's number", "indicators.yaml", "value: 8, wording", "value: 9, wording", []string{
			"indicators.yaml:61: target of B-1 at 2023-12-31 is 9, but the wording names 8 (target-wording)"}, true},
		{"a number the plan does not name", "indicators.yaml", "wording: 70% dịch vụ", "wording: Mọi dịch vụ", []string{
			"indicators.yaml:82: target of B-2 at 2025-12-31 is 70, but the wording names no number: cite the ruling that sets it (target-wording)"}, true},
		{"missing target", "indicators.yaml", "    - {milestone: 2025-12-31, value: 10, wording: Đạt trên 10%, section: II.1}\n", "", []string{
			"indicators.yaml:48: indicator B-1 is owed and has no target at 2025-12-31 (a target may leave out the value, not the wording) (missing-target)"}, true},
		{"missing wording and section", "indicators.yaml", "{milestone: 2025-12-31, value: 10, wording: Đạt trên 10%, section: II.1}", "{milestone: 2025-12-31, value: 10}", []string{
			"indicators.yaml:62: target of B-1 at 2025-12-31 has no section (missing)",
			"indicators.yaml:62: target of B-1 at 2025-12-31 has no wording (missing)"}, true},
		{"target twice", "indicators.yaml", "    - {milestone: 2025-12-31, value: 10, wording: Đạt trên 10%, section: II.1}", "    - {milestone: 2025-12-31, value: 10, wording: Đạt trên 10%, section: II.1}\n    - {milestone: 2025-12-31, value: 10, wording: Đạt trên 10%, section: II.1}", []string{
			"indicators.yaml:63: target at 2025-12-31 stands on line 62 already (duplicate)"}, true},
		{"target of no milestone", "indicators.yaml", "{milestone: 2025-12-31, value: 70,", "{milestone: 2024-12-31, value: 70,", []string{
			"indicators.yaml:82: target of B-2 at 2024-12-31: plan.yaml has no such milestone (unknown-milestone)"}, true},
		{"amended target without document and version", "indicators.yaml", "effective_from: 2024-07-01, document: Quyết định số 2}", "effective_from: 2024-08-01}", []string{
			"indicators.yaml:15: target of A-1 at 2025-12-31 changes on 2024-08-01 and names no document (amendment)",
			"indicators.yaml:15: target of A-1 at 2025-12-31 changes on 2024-08-01, but plan.yaml has no version of that day (amendment)"}, true},
		{"later indicator without version", "indicators.yaml", "  rhythm: month\n  effective_from: 2024-07-01", "  rhythm: month\n  effective_from: 2024-09-01", []string{
			"indicators.yaml:104: indicator B-3 changes on 2024-09-01, but plan.yaml has no version of that day (amendment)"}, true},

		// indicators.yaml: codes, formula, applicability
		{"no name for tables", "indicators.yaml", "name: Hồ sơ đúng hạn", "name: Tỷ lệ hồ sơ được giải quyết đúng hạn", []string{
			`indicators.yaml:1: indicator A-1 is called "Tỷ lệ hồ sơ được giải quyết đúng hạn" (36 letters) in tables: give it a short of at most 34 (short-name)`,
			`indicators.yaml:1: indicator A-1 is called "Tỷ lệ hồ sơ được giải quyết đúng hạn" (36 letters) in tables: give it a short_en of at most 34 (short-name)`}, true},
		{"name for tables twice", "indicators.yaml", "name: Hồ sơ đúng hạn", "name: Hồ sơ đúng hạn\n  short: Thủ tục cắt giảm", []string{
			`indicators.yaml:31: short "Thủ tục cắt giảm" stands on line 1 already (duplicate)`,
			`indicators.yaml:31: short_en "Thủ tục cắt giảm" stands on line 1 already (duplicate)`}, true},
		{"indicator twice", "indicators.yaml", "- code: B-3", "- code: B-2", []string{"indicators.yaml:88: indicator B-2 stands on line 67 already (duplicate)"}, true},
		{"unknown pillar", "indicators.yaml", "  pillar: A\n  name: Hồ sơ đúng hạn", "  pillar: Z\n  name: Hồ sơ đúng hạn", []string{`indicators.yaml:2: pillar "Z" is not among the plan's pillars (unknown-pillar)`,
			"subjects.yaml:5: district are owed A-1 by indicators.yaml, but the subject does not list it (subject-owes)"}, true},
		{"unknown owner", "indicators.yaml", "owner: D1", "owner: so-x", []string{`indicators.yaml:21: owner "so-x" is not in units.csv (unknown-unit)`}, true},
		{"unknown kind", "indicators.yaml", "kind: score", "kind: points", []string{`indicators.yaml:109: kind "points" is unknown: write one of ratio, reduction, conjunction, min_over, reported, score (unknown-kind)`}, true},
		{"no name", "indicators.yaml", "  name: Điểm\n", "", []string{"indicators.yaml:105: indicator B-4 has no name (missing)"}, true},
		{"no sources", "indicators.yaml", "  sources: [files]\n  rhythm: day\n  min", "  rhythm: day\n  min", []string{
			"indicators.yaml:1: indicator A-1 has no sources (missing)",
			"indicators.yaml:9: measure file.on_time comes from source files, which indicator A-1 does not list (measure-source)",
			"indicators.yaml:10: measure file.done comes from source files, which indicator A-1 does not list (measure-source)",
			"indicators.yaml:23: measure file.on_time_hour comes from source files, which indicator A-1 does not list (measure-source)",
			"indicators.yaml:23: measure file.done comes from source files, which indicator A-1 does not list (measure-source)"}, true},
		{"unknown source", "indicators.yaml", "  sources: [files]\n  rhythm: day\n  min", "  sources: [files, nowhere]\n  rhythm: day\n  min", []string{`indicators.yaml:17: source "nowhere" has no file sources/nowhere.yaml (unknown-source)`}, true},
		{"unknown ruling", "indicators.yaml", "  rulings: [R-1]\n  amended:", "  rulings: [R-1, R-9]\n  amended:", []string{"indicators.yaml:25: ruling R-9 is not in rulings.yaml (unknown-ruling)"}, true},
		{"unknown measure", "indicators.yaml", "numerator: score.total", "numerator: score.sum", []string{`indicators.yaml:113: measure "score.sum" is neither in measures.csv nor a column of a form (unknown-measure)`}, true},
		{"no numerator", "indicators.yaml", "  numerator: score.total\n", "", []string{"indicators.yaml:105: indicator B-4 has no numerator (missing)"}, true},
		{"unknown baseline", "indicators.yaml", "baseline: DM-GOC", "baseline: DM-CU", []string{`indicators.yaml:39: baseline "DM-CU" is neither a form nor a measure (unknown-measure)`}, true},
		{"reduction without baseline", "indicators.yaml", "  baseline: DM-GOC\n", "", []string{"indicators.yaml:30: indicator A-2 is a reduction without a baseline (reduction-baseline)"}, true},
		{"ratio without denominator", "indicators.yaml", "  denominator: tuition.all\n", "", []string{"indicators.yaml:88: indicator B-3 is a ratio over located_in: it needs a denominator, or a scope where codes are counted (formula)"}, true},
		{"conjunction without scope", "indicators.yaml", "  scope: B-2.in_scope\n", "", []string{
			"forms.yaml:29: no indicator uses measure B-2.in_scope (unused-column)",
			"indicators.yaml:67: indicator B-2 is a conjunction over distinct_catalogue: it needs a scope and features (formula)"}, true},
		{"minimum without members", "indicators.yaml", "over: sector", "over: region", []string{"indicators.yaml:48: indicator B-1 is a min_over over min_after_sum_per_sector: it needs a dimension (over) with a file members/<over>.csv (formula)"}, true},
		{"score without cap", "indicators.yaml", "  cap: 120\n", "", []string{"indicators.yaml:105: indicator B-4 is a score over reported_here: it needs a cap (formula)"}, true},
		{"own level without levels", "indicators.yaml", "  own_levels: [commune]\n", "", []string{"indicators.yaml:121: indicator B-5 is a ratio over own_level_only: it needs own_levels (formula)"}, true},
		{"located without kinds", "indicators.yaml", "  facility_kinds: [school]\n", "", []string{"indicators.yaml:88: indicator B-3 is a ratio over located_in: it needs facility_kinds (formula)"}, true},
		{"unknown facility kind", "indicators.yaml", "facility_kinds: [school]", "facility_kinds: [kindergarten]", []string{`indicators.yaml:98: facility kind "kindergarten" is not in members/facility_kind.csv (unknown-member)`}, true},
		{"feature's bit twice", "indicators.yaml", "{code: two, name: Hai, bit: 1}", "{code: two, name: Hai, bit: 0}", []string{"indicators.yaml:67: feature two of B-2: bit 0 is taken or out of range (feature 2) (feature-bit)"}, true},
		{"no such month", "indicators.yaml", "quiet_months: [6, 7, 8]", "quiet_months: [6, 13]", []string{"indicators.yaml:99: 13 is no month (range)"}, true},
		{"scale", "indicators.yaml", "scale: 2", "scale: 12", []string{"indicators.yaml:114: scale 12: a figure has 0 to 10 decimals (range)"}, true},
		{"variants without the official one's name", "indicators.yaml", "  variant: by_date\n", "", []string{"indicators.yaml:23: indicator A-1: name the official variant and give each other one a code of its own (variant)"}, true},
		{"applies to no level", "indicators.yaml", "  applies: {province: measured}\n", "", []string{"indicators.yaml:88: indicator B-3 applies to no level (missing)"}, true},
		{"applies to an unknown level", "indicators.yaml", "applies: {province: measured}", "applies: {region: measured}", []string{`indicators.yaml:101: level "region" is not among the plan's levels (unknown-level)`}, true},
		{"applies how", "indicators.yaml", "applies: {province: measured}", "applies: {province: maybe}", []string{`indicators.yaml:101: applies "maybe" is unknown: write one of owed, measured, no, ruling (unknown-applies)`}, true},
		{"applies by no ruling", "indicators.yaml", "applies: {province: measured}", "applies: {province: ruling}", []string{"indicators.yaml:101: indicator B-3 applies to province by a ruling, but cites none (applies-ruling)"}, true},
		{"entry level not applicable", "indicators.yaml", "entry_levels: [province]\n  sources: [forms]\n  rhythm: year", "entry_levels: [district]\n  sources: [forms]\n  rhythm: year", []string{"indicators.yaml:64: district enter figures of B-1, which does not apply to them (entry-level)"}, true},

		// measures, forms
		{"measure twice", "measures.csv", "tuition.all,", "tuition.cashless,", []string{
			`indicators.yaml:97: measure "tuition.all" is neither in measures.csv nor a column of a form (unknown-measure)`,
			"measures.csv:7: measure tuition.cashless stands on line 6 already (duplicate)"}, true},
		{"measure of an unknown source", "measures.csv", "điểm,files", "điểm,web", []string{
			"indicators.yaml:113: measure score.total comes from source web, which indicator B-4 does not list (measure-source)",
			`measures.csv:8: source "web" has no file sources/web.yaml (unknown-source)`}, true},
		{"form column that nobody uses", "forms.yaml", "measure: B-2.in_scope", "measure: B-2.other", []string{
			"forms.yaml:29: no indicator uses measure B-2.other (unused-column)",
			`indicators.yaml:76: measure "B-2.in_scope" is neither in measures.csv nor a column of a form (unknown-measure)`}, true},
		{"form of an unknown indicator", "forms.yaml", "indicators: [B-1]", "indicators: [B-1, B-9]", []string{"forms.yaml:4: form BM-B-1: indicator B-9 is not in indicators.yaml (unknown-indicator)"}, true},
		{"form of an unknown level", "forms.yaml", "levels: [province]", "levels: [ward]", []string{`forms.yaml:6: level "ward" is not among the plan's levels (unknown-level)`}, true},
		{"form's source", "forms.yaml", "source: forms", "source: paper", []string{
			`forms.yaml:5: source "paper" has no file sources/paper.yaml (unknown-source)`,
			"indicators.yaml:56: measure B-1.numerator comes from source paper, which indicator B-1 does not list (measure-source)",
			"indicators.yaml:57: measure B-1.denominator comes from source paper, which indicator B-1 does not list (measure-source)"}, true},
		{"form's version", "forms.yaml", "version: 1", "version: 0", []string{"forms.yaml:2: form BM-B-1: versions count from 1 (range)"}, true},
		{"key of no role", "forms.yaml", "role: service", "role: procedure", []string{`forms.yaml:25: key role "procedure" is neither unit, facility, service, indicator nor a dimension of members/ (unknown-role)`}, true},
		{"header twice", "forms.yaml", "{header: Hai,", "{header: MỘT,", []string{"forms.yaml:28: header mot stands on line 27 already (duplicate)"}, true},
		{"bit twice", "forms.yaml", "kind: flag_bit, bit: 1", "kind: flag_bit, bit: 0", []string{`forms.yaml:28: column "Hai" writes the same figure as column "Một" (duplicate)`}, true},
		{"column of nothing", "forms.yaml", "{header: Căn cứ, role: citation, kind: text}", "{header: Căn cứ, kind: text}", []string{`forms.yaml:43: column "Căn cứ" has neither a measure nor a role (unknown-role)`}, true},
		{"measure as text", "forms.yaml", "measure: B-2.in_scope, kind: not_flag", "measure: B-2.in_scope, kind: text", []string{`forms.yaml:29: column "Loại trừ" is a measure: its kind cannot be "text" (column-kind)`}, true},
		{"at most what", "forms.yaml", "at_most: B-1.denominator", "at_most: B-1.total", []string{`forms.yaml:13: column "Kinh tế số": at_most "B-1.total" is no column of the form (unknown-measure)`}, true},
		{"factor", "forms.yaml", "factor: 1000000000}\n    - {header: Toàn", "factor: -1}\n    - {header: Toàn", []string{`forms.yaml:13: column "Kinh tế số": the factor must be positive (range)`}, true},
		{"form without columns", "forms.yaml", "  columns:\n    - {header: Tử số, role: numerator, kind: count}\n    - {header: Căn cứ, role: citation, kind: text}\n", "", []string{"forms.yaml:30: form DM-GOC needs keys and columns (missing)"}, true},
		{"a figure in two forms", "forms.yaml", "{header: Tử số, role: numerator, kind: count}", "{header: Tử số, measure: B-1.numerator, kind: count}", []string{"forms.yaml:42: measure B-1.numerator is a column of form BM-B-1 already (duplicate)"}, true},

		// rulings, subjects, awards
		{"ruling's default", "rulings.yaml", "default: at_least", "default: more", []string{`rulings.yaml:26: ruling R-2: the default "more" is none of its readings (ruling-default)`}, true},
		{"ruling with one reading", "rulings.yaml", "    - {code: more_than, text: Lớn hơn mức nêu}\n", "", []string{"rulings.yaml:24: ruling R-2 has fewer than two readings (ruling-readings)"}, true},
		{"ruling without a decider", "rulings.yaml", "  default: at_least\n  decider: Chủ tịch\n", "  default: at_least\n", []string{"rulings.yaml:19: ruling R-2 has no decider (missing)"}, true},
		{"ruling settles what", "rulings.yaml", "settles: [unattainable]", "settles: [everything]", []string{
			`awards.yaml:9: condition exceeded of BK-1 cannot be met for B-5: cite a ruling that settles "unattainable" (unattainable)`,
			`rulings.yaml:22: settles "everything" is unknown: write one of unattainable (unknown-settles)`}, true},
		{"a register of two conditions", "awards.yaml", "    - {code: register, wording: có đóng góp, rule: register}", "    - {code: register, wording: có đóng góp, rule: register}\n- code: BK-2\n  name: Giấy khen\n  when: yearly\n  subjects: [xa]\n  copies: 1\n  section: IV.1\n  conditions:\n    - {code: register, wording: có đóng góp nhiều, rule: register}", []string{
			"awards.yaml:18: condition register of BK-2 has the code of another wording in BK-1: an entry for one would count for both; give it a code of its own (shared-register)"}, true},
		{"ruling twice", "rulings.yaml", "- id: R-2", "- id: R-1", []string{
			"awards.yaml:9: ruling R-2 is not in rulings.yaml (unknown-ruling)",
			`awards.yaml:9: "vượt trên" may be read in more than one way (relative or percentage points): cite a ruling that quotes it (ambiguous-wording)`,
			`awards.yaml:9: condition exceeded of BK-1 cannot be met for B-5: cite a ruling that settles "unattainable" (unattainable)`,
			"indicators.yaml:139: ruling R-2 is not in rulings.yaml (unknown-ruling)",
			`indicators.yaml:134: "trên 100" may be read in more than one way (a share cannot be over 100 %): cite a ruling that quotes it (ambiguous-wording)`,
			`indicators.yaml:134: the wording says "trên 100", the comparator of B-5 is >=: cite a ruling that quotes it or write > (comparator)`,
			`indicators.yaml:135: "trên 100" may be read in more than one way (a share cannot be over 100 %): cite a ruling that quotes it (ambiguous-wording)`,
			`indicators.yaml:135: the wording says "trên 100", the comparator of B-5 is >=: cite a ruling that quotes it or write > (comparator)`,
			"rulings.yaml:19: ruling R-1 stands on line 1 already (duplicate)"}, true},
		{"ruling that nobody cites", "rulings.yaml", "- id: R-2", "- id: R-3\n  clause: c\n  question: q\n  readings: [{code: a, text: A}, {code: b, text: B}]\n  default: a\n  decider: d\n- id: R-2", []string{"rulings.yaml:19: ruling R-3 is cited by no indicator and no award (ruling-unused)"}, true},
		{"changed ruling without document", "rulings.yaml", "  document: Quyết định số 2\n", "", []string{"rulings.yaml:9: ruling R-1 changes on 2024-07-01 and names no document (amendment)"}, true},
		{"subject twice", "subjects.yaml", "- code: xa\n", "- code: huyen\n", []string{
			`awards.yaml:5: award BK-1: subject "xa" is not in subjects.yaml (unknown-subject)`,
			"subjects.yaml:8: subject huyen stands on line 1 already (duplicate)"}, true},
		{"subject's pillar", "subjects.yaml", "[A-*]", "[A-*, Z-*]", []string{`subjects.yaml:5: "Z-*": pillar "Z" is not among the plan's pillars (unknown-pillar)`}, true},
		{"subject owes an unknown row", "subjects.yaml", "[B-5]", "[B-5, B-9]", []string{"subjects.yaml:12: subject xa: indicator B-9 is not in indicators.yaml (unknown-indicator)"}, true},
		{"subject owes what its level does not", "subjects.yaml", "[B-5]", "[B-5, B-4]", []string{"subjects.yaml:12: subject xa lists B-4, which commune do not owe by indicators.yaml (subject-owes)"}, true},
		{"subject leaves out what its level owes", "subjects.yaml", "  indicators: [B-5]\n", "", []string{"subjects.yaml:8: commune are owed B-5 by indicators.yaml, but the subject does not list it (subject-owes)"}, true},
		{"subject's level", "subjects.yaml", "level: commune", "level: hamlet", []string{
			`subjects.yaml:10: level "hamlet" is not among the plan's levels (unknown-level)`,
			"subjects.yaml:12: subject xa lists B-5, which hamlet do not owe by indicators.yaml (subject-owes)"}, true},
		{"criterion without wording", "subjects.yaml", "wording: Sử dụng nền tảng số, ", "", []string{"subjects.yaml:17: criterion E-1 has no wording (missing)"}, true},
		{"award that cannot be won", "awards.yaml", "rulings: [R-2]", "rulings: []", []string{
			`awards.yaml:9: "vượt trên" may be read in more than one way (relative or percentage points): cite a ruling that quotes it (ambiguous-wording)`,
			`awards.yaml:9: condition exceeded of BK-1 cannot be met for B-5: cite a ruling that settles "unattainable" (unattainable)`}, true},
		{"award for an unknown subject", "awards.yaml", "[huyen, xa]", "[huyen, ap]", []string{`awards.yaml:5: award BK-1: subject "ap" is not in subjects.yaml (unknown-subject)`}, true},
		{"award's milestone", "awards.yaml", "milestone: 2023-12-31", "milestone: 2024-12-31", []string{"awards.yaml:4: award BK-1: plan.yaml has no milestone 2024-12-31 (unknown-milestone)"}, true},
		{"award's copies", "awards.yaml", "copies: 1", "copies: 0", []string{"awards.yaml:6: award BK-1 needs at least one copy of the dossier (range)"}, true},
		{"award without conditions", "awards.yaml", "subjects: [huyen, xa]", "subjects: []", []string{"awards.yaml:1: award BK-1 needs subjects and conditions (missing)"}, true},
		{"condition's rule", "awards.yaml", "rule: register}", "rule: drawn_by_lot}", []string{`awards.yaml:10: rule "drawn_by_lot" is unknown: write one of targets_met, targets_exceeded, register, ruling (unknown-rule)`}, true},
		{"condition's factor", "awards.yaml", "rule: register}", "rule: register, factor: 2}", []string{"awards.yaml:10: condition register of BK-1: a factor of at least 1 goes with rule targets_exceeded only (range)"}, true},

		// units
		{"unit without a name", "units.csv", "Xã Hai,", ",", []string{"units.csv:7: unit C2 has no name (missing)"}, true},
		{"unit's level", "units.csv", "C2,D2,commune", "C2,D2,hamlet", []string{`units.csv:7: unit C2: level "hamlet" is not among the plan's levels (unknown-level)`}, true},
		{"unit outlives the one above", "units.csv", "C2,D2,commune,Xã Hai,Second,Xã,,2025-06-30,", "C2,D2,commune,Xã Hai,Second,Xã,,,", []string{"units.csv:7: unit C2 is valid outside the validity of D2 above it (unit-outlives)"}, true},
		{"former unit unknown", "units.csv", "D1;D2", "D1;D5", []string{`units.csv:8: unit C9@2025-07-01: former unit "D5" is not in units.csv (unknown-unit)`}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fsys := edited(t, tt.file, tt.old, tt.new)
			var got []string
			fatal := false
			for _, p := range Lint(fsys) {
				got = append(got, p.Error())
				fatal = fatal || !p.Warning
			}
			if diff := cmp.Diff(sorted(tt.want), sorted(got)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if _, err := Load(fsys); (err == nil) != tt.readsFine {
				t.Errorf("Load: %v, reads fine = %v", err, tt.readsFine)
			}
			if !fatal && !tt.readsFine {
				t.Error("a warning must not keep the plan from being read")
			}
		})
	}
}

func TestProblemsComeByFileAndLine(t *testing.T) {
	got := Lint(edited(t, "plan.yaml", "province: P\nwatch_levels: [province, district]", "province: Q\nwatch_levels: [region]"))
	if len(got) != 2 || got[0].Line != 10 || got[1].Line != 11 {
		t.Errorf("got %v", got)
	}
}
