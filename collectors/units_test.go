package collectors

import (
	"testing"

	"tiendo/pipeline/plan"
)

// district units: two districts with homonym communes, names that only a tone tells apart, one that ended.
func someUnits(t *testing.T) *plan.Units {
	t.Helper()
	unit := func(code, name string, parent *plan.Unit, from, to plan.Day) *plan.Unit {
		u := &plan.Unit{UnitKey: plan.UnitKey{Code: code, From: from}, To: to, Name: name, Parent: parent}
		if parent != nil {
			parent.Children = append(parent.Children, u)
		}
		return u
	}
	end, start := plan.MustDay("2025-06-30"), plan.MustDay("2025-07-01")
	p := unit("91", "Tỉnh Kiên Giang", nil, plan.NoDay, end)
	a, b := unit("905", "Huyện Châu Thành", p, plan.NoDay, end), unit("906", "Huyện Giồng Riềng", p, plan.NoDay, end)
	us, err := plan.NewUnits([]*plan.Unit{
		p, a, b,
		unit("1", "Xã Bình An", a, plan.NoDay, end), unit("2", "Xã Bình An", b, plan.NoDay, end),
		unit("3", "Xã Tân Thành", a, plan.NoDay, end), unit("4", "Xã Tân Thạnh", a, plan.NoDay, end),
		unit("5", "Xã Hòa Thuận", b, plan.NoDay, end),
		unit("6", "Sở Lao động - Thương binh và Xã hội", p, plan.NoDay, end),
		unit("91", "Tỉnh An Giang", nil, start, plan.NoDay), unit("1", "Xã Bình An", nil, start, plan.NoDay),
	}, map[string]string{"H33.31": "905", "H33": "91"})
	if err != nil {
		t.Fatal(err)
	}
	return us
}

func TestUnitsByName(t *testing.T) {
	f := NewUnitFinder(someUnits(t))
	then, now := plan.MustDay("2025-06-30"), plan.MustDay("2025-07-01")
	for _, c := range []struct {
		name string
		on   plan.Day
		want string
		rule string
	}{
		{"Xã Bình An - Huyện Châu Thành", then, "1", ""},
		{"Xã Bình An – huyện Giồng Riềng", then, "2", ""},
		{"UBND xã Bình An - H. Châu Thành", then, "", "ambiguous_name"},
		{"Xã Bình An", then, "", "ambiguous_name"},
		{"Xã Bình An", now, "1@2025-07-01", ""},
		{"Xã Bình An - Tỉnh Kiên Giang", then, "", "ambiguous_name"},
		{"Xã Tân Thành", then, "3", ""},
		{"XÃ TÂN THẠNH", then, "4", ""},
		{"Xa Tan Thanh", then, "", "ambiguous_name"},
		{"Xã Hoà Thuận", then, "5", ""},
		{"Xa Hoa Thuan - Giong Rieng", then, "5", ""},
		{"UBND Xã Hòa Thuận - Huyện Giồng Riềng", then, "5", ""},
		{"Sở Lao động - Thương binh và Xã hội", then, "6", ""},
		{"Xã Không Có", then, "", "unknown_unit"},
		{"Xã Hòa Thuận - Huyện Châu Thành", then, "", "unknown_unit"},
		{"", then, "", "unknown_unit"},
	} {
		u, rule := f.ByName(c.name, c.on)
		got := ""
		if u != nil {
			got = u.UnitKey.String()
		}
		if got != c.want || rule != c.rule {
			t.Errorf("%q on %s: %q %q, want %q %q", c.name, c.on, got, rule, c.want, c.rule)
		}
	}
}

func TestUnitsByCodeInTime(t *testing.T) {
	f := NewUnitFinder(someUnits(t))
	for range 2 { // the second time from memory
		for code, want := range map[string]string{"H33.31": "905", "000.00.31.H33": "905", "H33": "91", "000.00.00.H33": "91"} {
			if u, err := f.ByCode([]byte(code), plan.MustDay("2025-06-30")); err != nil || u.Code != want {
				t.Errorf("%s: %v, %v", code, u, err)
			}
		}
		if u, err := f.ByCode([]byte("H33"), plan.MustDay("2025-07-01")); err != nil || u.Name != "Tỉnh An Giang" {
			t.Errorf("a code that was given to another unit: %v, %v", u, err)
		}
		if u, err := f.ByCode([]byte("H33.31"), plan.MustDay("2025-07-01")); err == nil {
			t.Errorf("an ended unit is found: %v", u)
		}
	}
}
