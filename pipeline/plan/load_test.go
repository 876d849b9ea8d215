package plan

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func loadFolder(t *testing.T, folder string) *Plan {
	t.Helper()
	p, err := Load(os.DirFS(folder))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestLoadTiny(t *testing.T) {
	p := loadFolder(t, "testdata/tiny")
	if len(p.Indicators) != 1 || len(p.Units.All) != 3 || len(p.Sources) != 1 {
		t.Fatalf("got %d indicators, %d units, %d sources", len(p.Indicators), len(p.Units.All), len(p.Sources))
	}
	ind := p.Indicator("A-1")
	if got := ind.TargetAt(MustDay("2025-12-31")); *got.Value != Percent(90) || got.EffectiveFrom != NoDay {
		t.Errorf("target %+v", got)
	}
	province := p.Units.On("P", MustDay("2025-01-01"))
	if got := len(province.Children); got != 2 {
		t.Errorf("the province has %d children", got)
	}
	if !p.Holidays.Working(MustDay("2025-01-01")) {
		t.Error("a plan without holidays.csv knows weekends only")
	}
}

func TestLoadFull(t *testing.T) {
	p := loadFolder(t, "testdata/full")
	d2 := p.Units.On("D2", p.Start)
	oldC1, newC1 := p.Units.On("C1", MustDay("2024-02-29")), p.Units.On("C1", MustDay("2024-03-01"))
	if oldC1.Parent.Code != "D1" || newC1.Parent != d2 {
		t.Errorf("parents %v %v", oldC1.Parent.UnitKey, newC1.Parent.UnitKey)
	}
	if oldC1.Successors[0].Unit != newC1 || newC1.Predecessors[0].Unit != oldC1 || !newC1.Predecessors[0].Whole {
		t.Error("successors and predecessors must be tied both ways")
	}
	if got := p.Units.On("C9", MustDay("2025-07-01")).Regroup; !cmp.Equal(got, []string{"D1", "D2"}) {
		t.Errorf("regroup %v", got)
	}
	if u, err := p.Units.ByOrganCode("H99.02.01", p.Start); err != nil || u.Code != "C2" {
		t.Errorf("organ code: %v %v", u, err)
	}
	if p.Indicator("A-1").Line != 1 || p.Indicator("A-2").Line != 30 {
		t.Errorf("lines %d %d", p.Indicator("A-1").Line, p.Indicator("A-2").Line)
	}
	if got := p.Members["sector"]; !cmp.Equal(got, []Member{{"a", "Ngành A", "Sector A"}, {"b", "Ngành B", "Sector B"}}) {
		t.Errorf("members %v", got)
	}
	if !p.Holidays.Working(MustDay("2024-05-04")) || p.Holidays.Working(MustDay("2024-01-01")) {
		t.Error("holidays.csv was not read")
	}
	if p.Awards[0].Conditions[1].Factor != nil || *p.Awards[0].Conditions[0].Factor != MustValue("1.2") {
		t.Error("factor")
	}
}

func TestLoadSaysEverythingAtOnce(t *testing.T) {
	fsys := edited(t, "plan.yaml", "start: 2022-12-31\nend: 2025-12-31", "start: soon\nend: later\ncolour: red")
	_, err := Load(fsys)
	var p Problem
	if !errors.As(err, &p) || p.File != "plan.yaml" || p.Line != 8 {
		t.Errorf("the first problem is %+v", p)
	}
	for _, want := range []string{"plan.yaml:8: ", "plan.yaml:9: ", `plan.yaml:10: key "colour" is unknown here`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nlacks %q", err, want)
		}
	}
}

func TestEmptyFilesOfChoiceAreNoProblem(t *testing.T) {
	fsys := edited(t, "subjects.yaml", "", "# nothing yet\n")
	if p, err := Load(fsys); err != nil || len(p.Subjects) != 0 {
		t.Errorf("%v", err)
	}
}

// refusing is a folder of which one file cannot be read.
type refusing struct{ fs.FS }

func (r refusing) Open(name string) (fs.File, error) {
	if name == "forms.yaml" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return r.FS.Open(name)
}

func TestUnreadableFile(t *testing.T) {
	_, err := Load(refusing{os.DirFS("testdata/full")})
	if err == nil || !strings.HasPrefix(err.Error(), "forms.yaml: cannot read the file: ") {
		t.Errorf("got %v", err)
	}
}

func TestLoadOfNothing(t *testing.T) {
	_, err := Load(fstest.MapFS{})
	want := "plan.yaml: the plan's folder has no plan.yaml (missing-file)\n" +
		"indicators.yaml: the plan's folder has no indicators.yaml (missing-file)\n" +
		"units.csv: the plan's folder has no units.csv (missing-file)"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}
