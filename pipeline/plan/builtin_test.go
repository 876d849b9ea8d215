package plan_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tiendo/pipeline/plan"
	"tiendo/schema/plans"
)

var update = flag.Bool("update", false, "write the golden files")

func builtin(t *testing.T, name string) *plan.Plan {
	t.Helper()
	folder, err := fs.Sub(plans.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestBuiltinPlansAreClean(t *testing.T) {
	if len(plans.Names()) < 2 {
		t.Fatalf("built-in plans: %v", plans.Names())
	}
	for _, name := range plans.Names() {
		folder, err := fs.Sub(plans.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range plan.Lint(folder) {
			t.Errorf("%s/%v", name, problem)
		}
		p := builtin(t, name)
		if p.Code != name {
			t.Errorf("folder %s holds plan %s", name, p.Code)
		}
		for _, ind := range p.Indicators {
			if ind.Short == "" || ind.ShortEN == "" || ind.NameEN == "" || ind.DefinitionEN == "" {
				t.Errorf("%s/indicators.yaml:%d: %s is not named in both languages: name_en, short, short_en, definition_en", name, ind.Line, ind.Code)
			}
		}
	}
}

// summary is what `plan show` tells: enough that a changed figure, word or date shows in the golden file.
func summary(p *plan.Plan) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s: %s", p.Code, p.Name)
	line("%s to %s, %s, version %s", p.Start, p.End, p.Document, p.VersionOn(p.End))
	for _, m := range p.Milestones {
		line("milestone %s (%s), report cut-off %s", m.Date, m.Name, m.ReportCutOff)
	}
	line("demo as of %s, table %q, %s", p.Demo.AsOf, p.Demo.Table, p.Demo.Notice)
	for _, d := range []plan.Day{p.Start, plan.MustDay("2024-11-30"), plan.MustDay("2024-12-01"), plan.MustDay("2025-02-28"), plan.MustDay("2025-03-01"), plan.MustDay("2025-06-30"), plan.MustDay("2025-07-01")} {
		counts := map[plan.Level]int{}
		for _, u := range p.Units.All {
			if u.ValidOn(d) {
				counts[u.Level]++
			}
		}
		line("units on %s: %v", d, counts)
	}
	for _, ind := range p.Indicators {
		line("")
		line("%s %s [%s]", ind.Code, ind.Name, ind.UnitText())
		line("  %s over %s, %s, %s by %s; %s / %s%s", ind.Kind, ind.Aggregate, ind.Window, ind.PeriodType, ind.Rhythm, ind.Numerator, ind.Denominator, ind.Scope)
		for _, v := range ind.Variants {
			line("  beside it %s: %s / %s", v.Code, v.Numerator, v.Denominator)
		}
		for _, t := range ind.Targets {
			value := "no number"
			if t.Value != nil {
				value = string(ind.Comparator) + " " + t.Value.String()
			}
			line("  %s %s: %s (%s)", t.Milestone, value, t.Wording, t.Section)
		}
		for _, l := range p.Levels {
			if a := p.Applies(&ind, &plan.Unit{Level: l.Code}); a != plan.NotApplicable {
				line("  %s: %s", l.Code, a)
			}
		}
		line("  entered by %v, sources %v, rulings %v, owner %s", ind.EntryLevels, ind.Sources, ind.Rulings, ind.Owner)
	}
	for _, f := range p.Forms {
		line("")
		line("form %s v%d %s, %s by %s, entered by %v", f.Code, f.Version, f.Title, f.PeriodType, f.Rhythm, f.Levels)
		for _, c := range append(slices.Clone(f.Keys), f.Columns...) {
			line("  %s: %s%s %s", c.Header, c.Role, c.Measure, c.Kind)
		}
	}
	for _, r := range p.Rulings {
		line("")
		line("ruling %s: %s", r.ID, r.Question)
		line("  %s: %s", r.Default, r.InForce())
	}
	for _, s := range p.Subjects {
		line("")
		line("subject %s (%s)", s.Code, s.Name)
		var codes []string
		for _, ind := range p.OwedBy(&s) {
			codes = append(codes, ind.Code)
		}
		line("  owes %v, %d criteria", codes, len(s.Criteria))
	}
	for _, a := range p.Awards {
		line("")
		line("award %s (%s): %s, %d copies, %v", a.Code, a.Name, a.When, a.Copies, a.Subjects)
		for _, c := range a.Conditions {
			line("  %s: %s %v", c.Rule, c.Wording, c.Rulings)
		}
	}
	return b.String()
}

func TestSummaryGolden(t *testing.T) {
	for _, name := range plans.Names() {
		got := summary(builtin(t, name))
		file := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-golden +got), go test -update writes it:\n%s", name, diff)
		}
	}
}

const kienGiang = "kien-giang-2022-2025"

// TestTargets holds the plan's section II.2 against the data: every row, both milestones, the sign.
func TestTargets(t *testing.T) {
	rows := []struct {
		code     string
		cmp      plan.Comparator
		mid, end int64
	}{
		{"CQS-01", plan.AtLeast, 100, 100}, {"CQS-02", plan.AtLeast, 60, 80}, {"CQS-03", plan.AtLeast, 80, 90}, {"CQS-04", plan.AtLeast, 10, 20},
		{"CQS-05", plan.AtLeast, 100, 100}, {"CQS-06", plan.AtLeast, 100, 100}, {"CQS-07T", plan.AtLeast, 100, 100}, {"CQS-07H", plan.AtLeast, 90, 100},
		{"CQS-07X", plan.AtLeast, 70, 80}, {"CQS-08", plan.AtLeast, 100, 100}, {"CQS-09", plan.AtLeast, 80, 100},
		{"KTS-01", plan.AtLeast, 12, 20}, {"KTS-02", plan.AtLeast, 8, 10}, {"KTS-03", plan.MoreThan, 8, 10}, {"KTS-04", plan.MoreThan, 60, 80},
		{"KTS-05", plan.MoreThan, 35, 50}, {"KTS-06", plan.MoreThan, 1, 2}, {"KTS-07", plan.AtLeast, 40, 50}, {"KTS-08", plan.AtLeast, 40, 50},
		{"XHS-01", plan.AtLeast, 75, 80}, {"XHS-02", plan.AtLeast, 70, 80}, {"XHS-03", plan.MoreThan, 60, 70}, {"XHS-04", plan.AtLeast, 70, 80},
		{"XHS-05", plan.MoreThan, 60, 70}, {"XHS-06", plan.MoreThan, 40, 50}, {"XHS-07", plan.MoreThan, 20, 30}, {"XHS-08", plan.AtLeast, 80, 90},
		{"XHS-09", plan.AtLeast, 60, 80}, {"XHS-10", plan.AtLeast, 70, 70},
	}
	p := builtin(t, kienGiang)
	for i, want := range rows {
		ind := p.Indicators[i]
		if ind.Code != want.code {
			t.Fatalf("row %d is %s, want %s", i, ind.Code, want.code)
		}
		for day, value := range map[string]int64{"2023-12-31": want.mid, "2025-12-31": want.end} {
			if got := ind.TargetAt(plan.MustDay(day)); got == nil || *got.Value != plan.Percent(value) || ind.Comparator != want.cmp {
				t.Errorf("%s at %s: %s %v, want %s %d", want.code, day, ind.Comparator, got, want.cmp, value)
			}
		}
	}
	var rest []string
	for _, ind := range p.Indicators[len(rows):] {
		rest = append(rest, ind.Code)
		if m := ind.Code == "M-FEE"; ind.Monitored != m {
			t.Errorf("%s monitored: %v", ind.Code, ind.Monitored)
		}
	}
	if !slices.Equal(rest, []string{"X-SAT", "X-CASH", "M-FEE"}) {
		t.Errorf("after the 29 rows: %v", rest)
	}
	if got := p.Indicator("X-SAT").TargetAt(plan.MustDay("2025-12-31")); got.Value != nil || got.Wording == "" {
		t.Errorf("X-SAT names no number: %+v", got)
	}
}

// TestApplicability holds the matrix of RULES section 3 against the data.
func TestApplicability(t *testing.T) {
	levels := []plan.Level{"province", "department", "mass_organisation", "district", "commune"}
	signs := map[byte]plan.Applicability{'O': plan.Owed, 'm': plan.Measured, '-': plan.NotApplicable, 'R': plan.ByRuling}
	p := builtin(t, kienGiang)
	checked := 0
	for codes, row := range map[string]string{
		"CQS-01 CQS-09":               "OO-OO",
		"CQS-02 CQS-03 CQS-04 CQS-05": "OO-Om",
		"CQS-06":                      "OOOOO",
		"CQS-07T":                     "OOO--",
		"CQS-07H":                     "O--O-",
		"CQS-07X":                     "O--Om",
		"CQS-08":                      "OO-Om",
		"KTS-01 KTS-02 KTS-03 KTS-06": "O--R-",
		"KTS-04 KTS-05 KTS-07 KTS-08": "O--O-",
		"XHS-01 XHS-02 XHS-03 XHS-04 XHS-06 XHS-07 XHS-08": "O--OO",
		"XHS-05 XHS-10": "O--Om",
		"XHS-09":        "O--O-",
		"X-SAT":         "mm-mO",
		"X-CASH":        "----O",
	} {
		for _, code := range strings.Fields(codes) {
			checked++
			for i, level := range levels {
				if got := p.Applies(p.Indicator(code), &plan.Unit{Level: level}); got != signs[row[i]] {
					t.Errorf("%s for %s: %s, want %s", code, level, got, signs[row[i]])
				}
			}
		}
	}
	if checked != 31 {
		t.Errorf("%d rows checked", checked)
	}
}

func TestKienGiangUnitsInTime(t *testing.T) {
	p := builtin(t, kienGiang)
	us, d := p.Units, plan.MustDay
	for _, c := range []struct{ code, on, want string }{
		{"30742", "2024-11-30", "Phường Vĩnh Bảo"}, {"30742", "2024-12-01", "Phường Vĩnh Thanh Vân"}, {"30742", "2025-07-01", "Phường Rạch Giá"},
		{"91", "2025-06-30", "Tỉnh Kiên Giang"}, {"so-tttt", "2025-02-28", "Sở Thông tin và Truyền thông"},
	} {
		if u := us.On(c.code, d(c.on)); u == nil || u.Name != c.want {
			t.Errorf("%s on %s: %v, want %s", c.code, c.on, u, c.want)
		}
	}
	if us.On("91", d("2025-07-01")) != nil || us.On("so-tttt", d("2025-03-01")) != nil {
		t.Error("ended units are still in force")
	}
	for in, want := range map[string]string{"H33": "91", "000.00.00.H33": "91", "H33.01": "so-noi-vu", "000.00.30.H33": "hoi-ccb", "H33.31": "899", "H33.45": "914", "H33.31.05": "30742", "H01.155": "30742"} {
		day := d("2024-01-01")
		if in == "H01.155" {
			day = d("2025-08-01")
		}
		if u, err := us.ByOrganCode(in, day); err != nil || u.Code != want {
			t.Errorf("%s: %v %v, want %s", in, u, err, want)
		}
	}
	if _, err := us.ByName("Xã Bình An", "", d("2024-01-01")); err == nil || !strings.Contains(err.Error(), "ambiguous") {
		t.Errorf("two communes are called Bình An: %v", err)
	}
	if u, err := us.ByName("Xã Bình An", "Huyện Châu Thành", d("2024-01-01")); err != nil || u.Parent.Code != "905" {
		t.Errorf("Bình An of Châu Thành: %v %v", u, err)
	}
	for day, want := range map[string]string{"2024-06-30": "so-tttt", "2025-06-29": "so-khcn", "2025-10-01": "so-khcn"} { // the last one, once the province has ended
		if lead := p.LeadOn(d(day)); lead == nil || lead.Code != want {
			t.Errorf("on %s %v sums up, want %s", day, lead, want)
		}
	}
	if owner := p.OwnerOn(p.Indicator("CQS-06"), d("2025-06-29")); owner == nil || owner.Code != "so-khcn" {
		t.Errorf("the information department was merged in March 2025: %v", owner)
	}
	// Every unit in force on the last day of the districts went somewhere, whole.
	for _, u := range us.All {
		if u.Level == "commune" && u.To == d("2025-06-30") && (len(u.Successors) != 1 || !u.Successors[0].Whole) {
			t.Errorf("%s has no whole successor", u.UnitKey)
		}
		if u.Level == "commune" && u.From == d("2025-07-01") && (u.Parent != nil || len(u.Regroup) == 0 || len(u.Predecessors) == 0) {
			t.Errorf("%s: parent %v, former districts %v, %d predecessors", u.UnitKey, u.Parent, u.Regroup, len(u.Predecessors))
		}
	}
	if got := us.On("30760", d("2025-07-01")).Regroup; !slices.Equal(got, []string{"899", "903"}) {
		t.Errorf("30760 straddles two former districts: %v", got)
	}
	deadline := p.Holidays.AddWorking(p.Milestones[0].Date, 2)
	if deadline != d("2024-01-03") {
		t.Errorf("two working days after the mid-term milestone: %s", deadline)
	}
}

func TestAnGiangTable(t *testing.T) {
	p := builtin(t, "an-giang-766-2025")
	for in, want := range map[string]string{"H01": "91", "000.00.00.H37": "H37", "H01.15": "H01.15", "H01.155": "30742"} {
		if u, err := p.Units.ByOrganCode(in, p.Demo.AsOf); err != nil || u.Code != want {
			t.Errorf("%s: %v %v, want %s", in, u, err, want)
		}
	}
	data, err := fs.ReadFile(p.Files, p.Demo.Table)
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range strings.Split(strings.TrimSpace(string(data)), "\n")[1:] {
		code := strings.Split(row, ",")[4]
		if _, err := p.Units.ByOrganCode(code, p.Demo.AsOf); err != nil {
			t.Errorf("row %d: %v", i+2, err)
		}
	}
	if _, ok := p.NextMilestone(p.Demo.AsOf); ok {
		t.Error("the scores have no milestones")
	}
	for _, ind := range p.Indicators {
		if ind.Kind != plan.Score || ind.Cap == nil || ind.Scale != 2 || len(ind.Targets) != 0 {
			t.Errorf("%s: %+v", ind.Code, ind)
		}
	}
}

// TestNoPlanInCode keeps plans data: the same binary runs another plan with no line of Go changed. Comments and the
// examples of a command's help may name a plan's codes; no other text of the program may.
func TestNoPlanInCode(t *testing.T) {
	root := filepath.Join("..", "..")
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatal(err)
	}
	words := []string{"CQS-0", "KTS-0", "XHS-0", "XHS-1", "X-SAT", "X-CASH", "M-FEE", "R-UNATT", "R-ONTIME", "BM-"}
	for _, name := range plans.Names() {
		words = append(words, name, name[:strings.LastIndex(name, "-")])
	}
	words = append(words, "kien-giang")
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && name != root || d.Name() == "node_modules" || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if kv, ok := n.(*ast.KeyValueExpr); ok {
				if key, ok := kv.Key.(*ast.Ident); ok && key.Name == "Example" {
					return false
				}
			}
			if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
				for _, word := range words {
					if strings.Contains(text.Value, word) {
						t.Errorf("%s names %s: plans are data", files.Position(text.Pos()), word)
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
