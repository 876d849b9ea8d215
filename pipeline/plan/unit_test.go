package plan

import (
	"strings"
	"testing"
)

func TestNormalCode(t *testing.T) {
	for in, want := range map[string]string{
		"H33.12": "H33.12", "000.00.12.H33": "H33.12", "000.00.00.H37": "H37", "H37": "H37", "h05": "H05", " H05 ": "H05",
		"000.05.31.H33": "H33.31.05", "005.31.12.H33": "H33.12.31.005", "30742": "30742", "so-noi-vu": "SO-NOI-VU", "": "", "a.b": "A.B", ".H1": "H1",
	} {
		if got := NormalCode(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"Xã Hoà Bình": "xa hoa binh", "Xã Hòa  Bình": "xa hoa binh", "ĐẶC KHU Phú Quốc": "dac khu phu quoc", "Sở Lao động - Thương binh": "so lao dong thuong binh", "": "", " - ": "", "Nguơn": "nguon",
	} {
		if got := Fold(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"UBND xã Bình An": "binh an", "Ủy ban nhân dân Thành phố Rạch Giá": "rach gia", "Xã": "xa", "Bình An": "binh an"} {
		if got := ShortName(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestUnitsFind(t *testing.T) {
	us := loadFolder(t, "testdata/full").Units
	d := MustDay
	for _, c := range []struct{ in, on, want, err string }{
		{"C1", "2024-02-29", "C1", ""},
		{"C1", "2024-03-01", "C1@2024-03-01", ""},
		{"C1", "2026-01-01", "C1@2024-03-01", ""}, // the latest ended one
		{"C1@2023-01-01", "2026-01-01", "C1", ""},
		{"C1@2026-01-01", "2024-01-01", "", "no unit C1 is valid on 2026-01-01"},
		{"C1@soon", "2024-01-01", "", "cannot read"},
		{"C9", "2024-01-01", "", `the plan has no unit "C9" on 2024-01-01`},
		{"nowhere", "2024-01-01", "", `the plan has no unit "nowhere"`},
	} {
		u, err := us.Select(c.in, d(c.on))
		checkUnit(t, "Select "+c.in+" on "+c.on, u, err, c.want, c.err)
	}
	for _, c := range []struct{ in, on, want, err string }{
		{"H99", "2024-01-01", "P", ""}, {"000.01.02.H99", "2024-01-01", "C2", ""}, {"h99.02.01", "2024-01-01", "C2", ""}, {" D1 ", "2024-01-01", "D1", ""},
		{"H99.01", "2024-03-01", "", `unit code "H99.01" is not valid on 2024-03-01`}, {"H98", "2024-01-01", "", `unit code "H98" is unknown`},
	} {
		u, err := us.ByOrganCode(c.in, d(c.on))
		checkUnit(t, "ByOrganCode "+c.in, u, err, c.want, c.err)
	}
	if us.Key(UnitKey{"C1", d("2024-03-01")}) != us.On("C1", d("2024-06-01")) {
		t.Error("Key")
	}
	if got := len(us.On("P", d("2024-01-01")).Subtree()); got != 6 {
		t.Errorf("the province's subtree of all times has %d units", got)
	}
}

func TestUnitsByName(t *testing.T) {
	d := MustDay("2024-01-01")
	top := &Unit{UnitKey: UnitKey{"1", NoDay}, Name: "Huyện Châu Thành"}
	other := &Unit{UnitKey: UnitKey{"2", NoDay}, Name: "Huyện Giồng Riềng"}
	a := &Unit{UnitKey: UnitKey{"3", NoDay}, Name: "Xã Bình An", Parent: top}
	b := &Unit{UnitKey: UnitKey{"4", NoDay}, Name: "Xã Bình An", Parent: other}
	c := &Unit{UnitKey: UnitKey{"5", NoDay}, Name: "Thị trấn Hoà Bình", Parent: top}
	ended := &Unit{UnitKey: UnitKey{"6", NoDay}, To: MustDay("2020-01-01"), Name: "Xã Cũ", Parent: top}
	us, err := NewUnits([]*Unit{top, other, a, b, c, ended}, nil)
	for _, u := range us.All {
		if u != ended {
			u.To = NoDay
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ name, within, want, err string }{
		{"xã bình an", "Châu Thành", "3", ""},
		{"Bình An", "Huyện Giồng Riềng", "4", ""},
		{"Xã Bình An", "", "", `unit name "Xã Bình An" is ambiguous (3, 4)`},
		{"UBND thị trấn Hòa Bình", "", "5", ""},
		{"Hoa Binh", "", "5", ""},
		{"Xã Cũ", "", "", `unit name "Xã Cũ" is unknown on 2024-01-01`},
		{"Xã Bình An", "Huyện Khác", "", "is unknown"},
	} {
		u, err := us.ByName(x.name, x.within, d)
		checkUnit(t, x.name+" in "+x.within, u, err, x.want, x.err)
	}
}

func checkUnit(t *testing.T, what string, u *Unit, err error, want, wantErr string) {
	t.Helper()
	switch {
	case wantErr != "" && (err == nil || !strings.Contains(err.Error(), wantErr)):
		t.Errorf("%s: error %v, want %q", what, err, wantErr)
	case wantErr == "" && (err != nil || u.UnitKey.String() != want):
		t.Errorf("%s: %v %v, want %s", what, u, err, want)
	}
}

func TestNewUnitsRefuses(t *testing.T) {
	unit := func(code, from, to string) *Unit {
		return &Unit{UnitKey: UnitKey{code, MustDay(from)}, To: MustDay(to)}
	}
	for name, c := range map[string]struct {
		all  []*Unit
		want string
	}{
		"same key":     {[]*Unit{unit("1", "", "2020-01-01"), unit("1", "", "")}, "unit 1 stands twice"},
		"overlap":      {[]*Unit{unit("1", "2020-01-01", "2022-01-01"), unit("1", "2022-01-01", "")}, "unit code 1 is valid twice on 2022-01-01"},
		"never ending": {[]*Unit{unit("1", "2022-01-01", ""), unit("1", "2021-01-01", "")}, "unit code 1 is valid twice on 2022-01-01"},
	} {
		if _, err := NewUnits(c.all, nil); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzNormalCode(f *testing.F) {
	for _, s := range []string{"", "H33.12", "000.00.12.H33", ".", "..H", "H..", "000.H33"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := NormalCode(s)
		if twice := NormalCode(once); twice != once {
			t.Errorf("%q: %q, then %q", s, once, twice)
		}
	})
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"", "Xã Hoà Bình", "ĐẶC KHU", "ʼ", "\xff", "İ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := Fold(s)
		if twice := Fold(once); twice != once {
			t.Errorf("%q: %q, then %q", s, once, twice)
		}
		if strings.TrimSpace(once) != once || strings.Contains(once, "  ") {
			t.Errorf("%q keeps stray spaces: %q", s, once)
		}
		ShortName(s)
	})
}
