package run_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/run"
	"tiendo/pipeline/web"
)

// knows lets the plan know an organ code of the ward, or a commune more.
func (s *systems) knows(t *testing.T, organ, commune string) {
	t.Helper()
	all := s.plan.Units.All
	if commune != "" {
		ward := *s.plan.Units.Key(ward)
		ward.UnitKey, ward.Name = plan.UnitKey{Code: commune, From: plan.NoDay}, "Xã Mới"
		all = append(all[:len(all):len(all)], &ward)
	}
	units, err := plan.NewUnits(all, map[string]string{organ: ward.Code})
	if err != nil {
		t.Fatal(err)
	}
	p := *s.plan
	p.Units = units
	s.plan = &p
}

// fates are the rejects of a source by rule: still missing, and what settled the others.
func fates(t *testing.T, d db, source string) string {
	t.Helper()
	all, total, err := d.RejectList(t.Context(), web.RejectQuery{Source: source, Most: 100})
	if err != nil || int(total) != len(all) {
		t.Fatalf("%d rejects of %d: %v", len(all), total, err)
	}
	var out []string
	open := map[string]uint64{}
	for i := range all {
		x := all[len(all)-1-i] // the oldest first
		out = append(out, strings.TrimSpace(x.Key+" "+x.Rule+" "+x.Settled))
		if x.Settled == "" {
			open[x.Rule]++
		}
	}
	counts, err := d.RejectCounts(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range counts {
		if c.Open != open[c.Rule] || c.Name == c.Rule || c.Reason == "" {
			t.Errorf("counted %+v, listed %d open", c, open[c.Rule])
		}
	}
	return strings.Join(out, "\n")
}

func redriven(t *testing.T, s *systems, d db, source string) run.Redriven {
	t.Helper()
	r, err := run.Redrive(t.Context(), d.Store, s.job(t, d, source, tuesday))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A record that was refused because the plan did not know its unit counts once when the plan knows it, from the time it was
// fetched, as after a replay; trying again changes nothing, and what must be mended at the source stays refused.
func TestRedrive(t *testing.T) {
	t.Parallel()
	d := open(t)
	s := newSystems(t)
	s.dossiers = dossierList(8) // pages of three, three and two
	s.dossiers[1] = dossier(2, "DonViXuLy", "H99.77")
	s.dossiers[2] = dossier(3, "NgayKetThucXuLy", "20240401080000")
	s.dossiers[6] = dossier(7, "DonViXuLy", "H99.77")
	s.dossiers[7] = dossier(8, "DonViXuLy", "H99.78")
	s.good(t, d, "dossiers", monday)
	if n := resolved(t, d, monday); n != 4 {
		t.Fatalf("%d dossiers count, want 4", n)
	}
	if diff := cmp.Diff("30742-240311-0002 unknown_unit\n30742-240311-0003 future_date\n30742-240311-0007 unknown_unit\n30742-240311-0008 unknown_unit", strings.Join(sorted(fates(t, d, "dossiers")), "\n")); diff != "" {
		t.Error(diff)
	}
	before := d.measures(t)
	if r := redriven(t, s, d, "dossiers"); r.Tried != 4 || r.Accepted != 0 || r.Refused != 4 || d.measures(t) != before {
		t.Errorf("with the plan as it was: %+v", r)
	}

	s.knows(t, "H99.77", "")
	for _, who := range []db{d, d.restarted()} { // a process that remembers everything, and one that remembers nothing
		r := redriven(t, s, who, "dossiers")
		if who == d && (r.Tried != 4 || r.Accepted != 2 || r.Refused != 2) {
			t.Errorf("the first time: %+v", r)
		} else if who != d && (r.Tried != 2 || r.Accepted != 0) {
			t.Errorf("the second time: %+v", r)
		}
		if n := resolved(t, who, monday); n != 6 {
			t.Errorf("%d dossiers count, as known when they were fetched; want 6", n)
		}
	}
	want := "30742-240311-0002 unknown_unit redriven\n30742-240311-0003 future_date\n30742-240311-0007 unknown_unit redriven\n30742-240311-0008 unknown_unit"
	if diff := cmp.Diff(want, strings.Join(sorted(fates(t, d, "dossiers")), "\n")); diff != "" {
		t.Error(diff)
	}
	s.good(t, d.restarted(), "dossiers", tuesday) // the same records once more
	if n := resolved(t, d, tuesday); n != 6 {
		t.Errorf("pulled again, %d dossiers count", n)
	}
	once := d.measures(t)
	if err := run.Replay(t.Context(), d.Store, []run.Job{s.job(t, d, "dossiers", tuesday)}, nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(once, d.measures(t)); diff != "" {
		t.Errorf("a replay with the plan as it is now gives something else: %s", diff)
	}
}

func sorted(lines string) []string {
	return slices.Sorted(strings.SplitSeq(lines, "\n"))
}

// Mended at the source, a reject is settled by what came later: the same record, or the row of a form that was handed in again.
func TestRejectsSettledBySource(t *testing.T) {
	t.Parallel()
	root := open(t)
	t.Run("records", func(t *testing.T) {
		d, s := root.sub("records"), newSystems(t)
		s.dossiers = dossierList(5)
		s.dossiers[1] = dossier(2, "DonViXuLy", "H99.77")
		s.good(t, d, "dossiers", monday)
		s.change(func() { s.dossiers = append(s.dossiers, dossier(2, "NgayCapNhat", "20240318120000")) })
		s.good(t, d, "dossiers", tuesday)
		if got := fates(t, d, "dossiers"); got != "30742-240311-0002 unknown_unit later" {
			t.Errorf("rejects %s", got)
		}
		s.knows(t, "H99.77", "")
		if r := redriven(t, s, d, "dossiers"); r.Tried != 0 || resolved(t, d, monday) != 4 || resolved(t, d, tuesday) != 5 {
			t.Errorf("what is settled is not tried: %+v", r)
		}
	})
	t.Run("forms", func(t *testing.T) {
		d, s := root.sub("forms"), newSystems(t)
		quarter, err := plan.ParsePeriod(plan.Report, "2024-Q1")
		if err != nil {
			t.Fatal(err)
		}
		s.file(t, "a.csv", form("1", "2024-Q1", "30745,11,10", "99999,3,30", "30733,7,70"), monday.Add(-time.Hour))
		s.good(t, d, "forms", monday)
		s.file(t, "b.csv", form("1", "2024-Q1", "30745,10,100"), tuesday.Add(-time.Hour))
		s.good(t, d, "forms", tuesday)
		if got := strings.Join(sorted(fates(t, d, "forms")), "\n"); got != "30745 over_denominator later\n99999 unknown_unit" {
			t.Errorf("rejects %s", got)
		}
		s.knows(t, "H99.77", "99999")
		for _, accepted := range []int{1, 0} {
			if r := redriven(t, s, d.restarted(), "forms"); r.Tried != accepted || r.Accepted != accepted {
				t.Errorf("%+v, want %d", r, accepted)
			}
			if n, _ := d.figure(t, "XHS-06.numerator", unit("99999"), quarter.End, plan.DayOf(monday)); n != 3 {
				t.Errorf("the new commune's figure is %d", n)
			}
		}
		if got := strings.Join(sorted(fates(t, d, "forms")), "\n"); got != "30745 over_denominator later\n99999 unknown_unit redriven" {
			t.Errorf("rejects %s", got)
		}
	})
}

// A source whose landed page cannot be read any more says so and changes nothing.
func TestRedriveOfAnUnreadablePage(t *testing.T) {
	t.Parallel()
	d := open(t)
	s := newSystems(t)
	s.dossiers = dossierList(1)
	s.dossiers[0] = dossier(1, "DonViXuLy", "H99.77")
	s.good(t, d, "dossiers", monday)
	job := s.job(t, d, "dossiers", tuesday)
	job.Collector = &scripted{}
	if err := d.conn.Exec(t.Context(), fmt.Sprintf("INSERT INTO payload SELECT plan, source, sha256, 'no JSON' FROM payload WHERE plan = '%s'", d.Plan())); err != nil {
		t.Fatal(err)
	}
	if err := d.conn.Exec(t.Context(), "OPTIMIZE TABLE payload FINAL"); err != nil {
		t.Fatal(err)
	}
	_, err := run.Redrive(t.Context(), d.Store, job)
	clearError(t, err, "source dossiers", "re-drive", "payload")
}
