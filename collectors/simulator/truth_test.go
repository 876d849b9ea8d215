package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPercent(t *testing.T) {
	for _, x := range []struct {
		num, den int64
		want     string
	}{
		{0, 7, "0"}, {1, 1, "100"}, {1, 3, "33.3333333333"}, {2, 3, "66.6666666667"}, {-1, 8, "-12.5"}, {1, 200_000_000_000, "0.0000000005"},
		{1, 2_000_000_000_000, "0"}, {3, 2_000_000_000_000, "0.0000000002"}, {1_000_000_000_000_000, 3_000_000_000_000_000, "33.3333333333"}, {5, 4, "125"},
	} {
		if got := percent(x.num, x.den); got != x.want {
			t.Errorf("%d / %d is %s, want %s", x.num, x.den, got, x.want)
		}
	}
}

func TestPeriods(t *testing.T) {
	for _, x := range []struct {
		rhythm     string
		report     bool
		label      string
		start, end string
	}{
		{"month", true, "2024-01", "2023-12-15", "2024-01-14"}, {"month", false, "2024-02", "2024-02-01", "2024-02-29"},
		{"quarter", true, "2024-Q3", "2024-06-15", "2024-09-14"}, {"half_year", true, "2024-H2", "2024-06-15", "2024-12-14"},
		{"year", true, "2024", "2023-12-15", "2024-12-14"}, {"quarter", false, "2024-Q4", "2024-10-01", "2024-12-31"},
	} {
		list, err := periods(x.rhythm, x.report, newDay(2023, 1, 1), newDay(2025, 12, 31))
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(list, func(p period) bool { return p.label == x.label })
		if i < 0 || list[i].start.String() != x.start || list[i].end.String() != x.end {
			t.Errorf("%s: %v", x.label, list[max(i, 0)])
		}
	}
	for _, x := range [][3]string{{"2023-12-31", "2022-12-15", "2023-12-14"}, {"2024-01-13", "2022-12-15", "2023-12-14"}, {"2024-01-14", "2023-12-15", "2024-01-14"}} {
		d, _ := parseDay(x[0])
		if from, to := reportYear(d); from.String() != x[1] || to.String() != x[2] {
			t.Errorf("%s counts %s to %s, want %s to %s", x[0], from, to, x[1], x[2])
		}
	}
}

func TestTruthRows(t *testing.T) {
	s := small()
	w := s.w
	early, late := time.Date(2024, 6, 30, 0, 0, 0, 0, s.loc), s.AsOf()
	var previous string
	order := map[string]int{}
	for i, ind := range w.plan.indicators {
		order[ind.Code] = i
	}
	kinds := map[string]string{}
	for _, ind := range w.plan.indicators {
		kinds[ind.Code] = ind.Kind
	}
	n := map[string]int{}
	restated := 0
	var before Row
	for r := range s.Truth(late, late, early) {
		n[r.Indicator]++
		key := fmt.Sprintf("%03d %s %s %s %s", order[r.Indicator], r.Unit, r.UnitValidFrom, r.AsOf, r.KnownOn)
		if key <= previous {
			t.Fatalf("%s comes after %s", key, previous)
		}
		previous = key
		if r.Known && r.Denominator <= 0 {
			t.Fatalf("a pair without cases: %+v", r)
		}
		if !r.Known && (r.Value != "" || r.Met != "") || r.Value == "" && r.Met != "" {
			t.Fatalf("unknown, and yet: %+v", r)
		}
		if kinds[r.Indicator] != "reduction" && r.Known && (r.Numerator < 0 || r.Numerator > r.Denominator) {
			t.Fatalf("more than all: %+v", r)
		}
		if r.Value != "" {
			v, _ := new(big.Rat).SetString(r.Value)
			x := big.NewRat(100*r.Numerator, r.Denominator)
			if d := x.Sub(x, v); d.Abs(d).Cmp(big.NewRat(1, 20_000_000_000)) > 0 {
				t.Fatalf("value is not 100 x %d / %d: %s", r.Numerator, r.Denominator, r.Value)
			}
		}
		// The row known early comes right before the same one known late.
		if r.KnownOn == late.Format(time.DateOnly) {
			if before.Indicator == r.Indicator && before.Unit == r.Unit && before.AsOf == r.AsOf && r.AsOf <= early.Format(time.DateOnly) {
				if before.Known && !r.Known {
					t.Fatalf("knowledge is lost: %+v then %+v", before, r)
				}
				if before.Known && before.Numerator != r.Numerator {
					restated++
				}
			}
		}
		before = r
	}
	for _, ind := range w.plan.indicators {
		if !ind.Monitored && n[ind.Code] == 0 {
			t.Errorf("%s has no row", ind.Code)
		}
	}
	if restated < 100 {
		t.Errorf("only %d figures were restated between %s and %s", restated, early, late)
	}
}

// TestTruthIsWhatTheSystemShows counts the dossiers of the served list, with no use of how they were generated.
func TestTruthIsWhatTheSystemShows(t *testing.T) {
	truthIsServed(t, newSim(t, 9, Size{Dossiers: 8000, Documents: 100}))
}

func truthIsServed(t *testing.T, s *Simulator) {
	t.Helper()
	step := time.Date(2024, 12, 29, 23, 30, 0, 0, s.loc)
	s.SetNow(step)
	c := newClient(t, s)
	type dossier struct {
		MaHoSo, DonViXuLy, KenhThucHien, TrangThaiHoSo, NgayCapNhat string
		NgayNopHoSo, NgayTiepNhan, NgayHenTra, NgayKetThucXuLy      string
		DanhSachHoSoBoSung                                          []struct{ NgayHenTraMoi string }
	}
	newest := map[string]dossier{}
	for n := 0; ; n++ {
		rows := records(t, c.dvc("TraCuuHoSo", map[string]any{"page": n, "size": 2000}), "data")
		for _, raw := range rows {
			var d dossier
			if err := json.Unmarshal(raw, &d); err != nil {
				t.Fatal(err)
			}
			if d.MaHoSo != "" && d.NgayCapNhat >= newest[d.MaHoSo].NgayCapNhat {
				newest[d.MaHoSo] = d
			}
		}
		if len(rows) < 2000 {
			break
		}
	}
	codes := map[string]string{} // organ code, either style -> unit
	for _, u := range s.w.plan.units {
		codes[u.organ], codes[u.oldStyle()] = u.code, u.code
	}
	type tally struct{ resolved, online, due, onTime int64 }
	counts := map[string]*tally{}
	for _, d := range newest {
		finished, err := time.Parse("20060102150405", d.NgayKetThucXuLy)
		_, err2 := time.Parse("20060102150405", d.NgayTiepNhan)
		code, known := codes[d.DonViXuLy]
		if err != nil || err2 != nil || !known || d.NgayKetThucXuLy < d.NgayNopHoSo || finished.Year() != 2024 ||
			d.TrangThaiHoSo != "7" && d.TrangThaiHoSo != "9" && d.TrangThaiHoSo != "10" {
			continue
		}
		due := d.NgayHenTra
		for _, m := range d.DanhSachHoSoBoSung {
			due = m.NgayHenTraMoi
		}
		var u *unit
		for _, x := range s.w.plan.units {
			if x.code == code && x.validOn(day(finished.Unix()/86400)) {
				u = x
			}
		}
		for ; u != nil; u = u.parent {
			x := counts[u.code]
			if x == nil {
				x = &tally{}
				counts[u.code] = x
			}
			x.resolved++
			if d.KenhThucHien == "2" {
				x.online++
			}
			if due != "" {
				x.due++
				if d.NgayKetThucXuLy[:8] <= due[:8] {
					x.onTime++
				}
			}
		}
	}
	checked := 0
	for r := range s.Truth(step, step) {
		if r.AsOf != "2024-12-29" || !r.Known {
			continue
		}
		x := counts[r.Unit]
		if x == nil || r.Unit == "30742" { // a reused code: two units in one tally
			continue
		}
		switch r.Indicator {
		case "CQS-02":
			if r.Numerator != x.online || r.Denominator != x.resolved {
				t.Errorf("%s %s: %d / %d, counted %d / %d", r.Indicator, r.Unit, r.Numerator, r.Denominator, x.online, x.resolved)
			}
			checked++
		case "CQS-09":
			if r.Numerator != x.onTime || r.Denominator != x.due {
				t.Errorf("%s %s: %d / %d, counted %d / %d", r.Indicator, r.Unit, r.Numerator, r.Denominator, x.onTime, x.due)
			}
			checked++
		}
	}
	if checked < 150 {
		t.Errorf("only %d figures checked", checked)
	}
}

// TestEverySituationOccurs: the default province must hold everything that a board, a review or an alert can show.
func TestEverySituationOccurs(t *testing.T) {
	s := newSim(t, 1, Size{})
	w := s.w
	byCode := map[string]*indicator{}
	for i := range w.plan.indicators {
		byCode[w.plan.indicators[i].Code] = &w.plan.indicators[i]
	}
	last := w.asOf.String()
	seen := map[string]int{}
	for r := range s.Truth(s.AsOf(), s.AsOf()) {
		if r.AsOf != last {
			continue
		}
		i := slices.IndexFunc(w.plan.units, func(u *unit) bool { return u.code == r.Unit && u.validOn(w.asOf) })
		ind, u := byCode[r.Indicator], w.plan.units[i]
		if ind.Applies[u.level] != "owed" || u.level != "district" && u.level != "department" {
			continue
		}
		if r.Value == "" {
			if r.Known {
				seen[u.level+" too few"]++
			} else {
				seen[u.level+" unknown"]++
			}
			continue
		}
		v, _ := new(big.Rat).SetString(r.Value)
		f, _ := v.Float64()
		switch path := w.pathAt(ind, w.asOf); {
		case r.Met == "true":
			seen[u.level+" met"]++
		case f >= path:
			seen[u.level+" on the path"]++
		case f >= path-2:
			seen[u.level+" just under the path"]++
		default:
			seen[u.level+" far under the path"]++
		}
	}
	for _, k := range []string{"district met", "district on the path", "district just under the path", "district far under the path", "district unknown",
		"department met", "department far under the path", "department unknown"} {
		if seen[k] < 3 {
			t.Errorf("%s: %d", k, seen[k])
		}
	}
	t.Log(seen)

	bads, things := map[badKind]int{}, map[string]int{}
	for i := range w.dossiers {
		d := &w.dossiers[i]
		bads[d.bad]++
		if d.bad != good && d.fixed < d.last {
			things["malformed and put right"]++
		}
		if d.twice {
			things["twice in a list"]++
		}
		if d.suspect {
			things["suspected duplicate"]++
		}
		v := &w.changes[d.last-1]
		if v.finished > 0 && v.finished.day() > d.agency.to {
			things["finished by a successor"]++
			if d.bad == good && !strings.Contains(string(s.dossierRow(nil, d.last-1)), `"DonViXuLy":"`+s.w.organStyle(d.handler(v), hash(d.agency.key(), fmt.Sprint(int(d.submitted)), fmt.Sprint(d.serial)))) {
				t.Error("a dossier of an ended unit does not carry its successor's code")
			}
		}
		if v.moved > 0 {
			things["moved deadline"]++
		}
		if v.finished > 0 && v.finished == v.due {
			things["finished on the deadline's second"]++
		}
		if v.due == 0 {
			things["no deadline"]++
		}
		if first := &w.changes[d.first]; first.at.day() > d.received.day()+5 && first.at%secDay < 5*secHour {
			things["entered late at night"]++
		}
		for j := d.first + 1; j < d.last; j++ {
			if a, b := &w.changes[j-1], &w.changes[j]; a.resolved() && (a.finished != b.finished || a.due != b.due) {
				things["restated"]++
			}
		}
	}
	for _, k := range []badKind{badOrgan, badDate, badFuture, badID, badOrder, badStatus} {
		if bads[k] < 10 {
			t.Errorf("malformed dossiers of kind %d: %d", k, bads[k])
		}
	}
	for _, set := range w.sets {
		newest := map[*unit]day{}
		for i := range set.rows {
			r := &set.rows[i]
			for _, v := range r.versions {
				if v.bad != good {
					things[fmt.Sprintf("malformed row %d", v.bad)]++
				}
				if v.group == "bo-sung" {
					things["handed in late"]++
				}
			}
			if len(r.versions) > 1 {
				things["stated anew"]++
			}
			if d := r.place().district(); r.newest(w.until) != nil {
				newest[d] = max(newest[d], set.periods[r.period].end)
			}
		}
		for d, end := range newest {
			if d.level == "district" && end < w.asOf-200 && len(set.rows) > 500 {
				things["a whole district stopped"]++
			}
		}
	}
	for i := range w.payments {
		p := &w.payments[i]
		things[p.versions[len(p.versions)-1].state]++
		if p.hour12 {
			things["12-hour clock"]++
		}
	}
	for i := range w.documents {
		if w.documents[i].recalled > 0 {
			things["recalled"]++
		}
	}
	for _, k := range []string{"malformed and put right", "twice in a list", "suspected duplicate", "finished by a successor", "moved deadline", "finished on the deadline's second",
		"no deadline", "entered late at night", "restated", "handed in late", "stated anew", "a whole district stopped", "12-hour clock", "recalled",
		statePaid, stateWaiting, stateUnpaid, stateCancelled, stateRefunded,
		fmt.Sprintf("malformed row %d", badOrgan), fmt.Sprintf("malformed row %d", badAmbiguous), fmt.Sprintf("malformed row %d", badOver),
		fmt.Sprintf("malformed row %d", badMissing), fmt.Sprintf("malformed row %d", badAnswer)} {
		if things[k] < 2 {
			t.Errorf("%s: %d", k, things[k])
		}
	}
	t.Log(things)
}

// TestVersionsAreInOrder: no version shows a finish, a return or a submission that lies ahead of it.
func TestVersionsAreInOrder(t *testing.T) {
	w := small().w
	for i := range w.dossiers {
		d := &w.dossiers[i]
		for j := d.first; j < d.last; j++ {
			v := &w.changes[j]
			if v.dossier != int32(i) {
				t.Fatalf("version %d is of dossier %d, not %d", j, v.dossier, i)
			}
			if j > d.first && v.at <= w.changes[j-1].at || v.finished > v.at || v.returned > v.at || v.finished > 0 && v.finished < d.submitted || d.received > v.at || v.at > w.until {
				t.Fatalf("dossier %d version %d: %+v of %+v", i, j, v, d)
			}
			if u := d.handler(v); u == nil || !u.validOn(v.day(d)) {
				t.Fatalf("dossier %d: its unit does not exist on %s", i, v.day(d))
			}
		}
	}
	for _, s := range w.sets {
		for i := range s.rows {
			r := &s.rows[i]
			for j, v := range r.versions {
				if v.at.day() < s.periods[r.period].end || j > 0 && v.at <= r.versions[j-1].at+8*secDay {
					t.Fatalf("%s: version %d of a row for the period to %s is from %s", s.code, j, s.periods[r.period].end, v.at.day())
				}
			}
		}
	}
}

func (v *dossierVersion) day(d *dossier) day {
	if v.finished > 0 {
		return v.finished.day()
	}
	return d.received.day()
}

func TestWriteCSV(t *testing.T) {
	var b bytes.Buffer
	err := WriteCSV(&b, slices.Values([]Row{
		{Indicator: "A", Unit: "1", AsOf: "2024-01-07", KnownOn: "2024-01-07", Known: true, Numerator: 1, Denominator: 3, Value: "33.3333333333", Met: "false"},
		{Indicator: "A", Unit: "2", UnitValidFrom: "2023-01-01", AsOf: "2024-01-07", KnownOn: "2024-01-07"},
	}))
	want := "indicator,unit,unit_valid_from,as_of,known_on,numerator,denominator,value,met\nA,1,,2024-01-07,2024-01-07,1,3,33.3333333333,false\nA,2,2023-01-01,2024-01-07,2024-01-07,,,,\n"
	if err != nil || b.String() != want {
		t.Errorf("%v\n%s", err, b.String())
	}
}

func BenchmarkTruth(b *testing.B) {
	s := newSim(b, 1, Size{})
	for b.Loop() {
		for range s.Truth(s.AsOf(), s.AsOf()) {
		}
	}
}
