package web_test

import (
	"context"
	"hash/fnv"
	"io/fs"
	"testing"
	"time"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/run"
	"tiendo/pipeline/web"
	"tiendo/schema"
	"tiendo/schema/engine/enginetest"
	"tiendo/schema/plans"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

const (
	kienGiang = "kien-giang-2022-2025"
	anGiang   = "an-giang-766-2025"
	notice    = "Số liệu mô phỏng"
)

func load(t testing.TB, code string) *plan.Plan {
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

// stored is a migrated store without results.
func stored(t testing.TB, p *plan.Plan) *schema.Store {
	t.Helper()
	st, err := schema.Open(context.Background(), enginetest.Database(t), p.Code)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	if err := st.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return st
}

// clock is the Monday morning after a day.
func clock(asOf plan.Day) func() time.Time {
	return func() time.Time { return (asOf + 1).Start().Add(7 * time.Hour) }
}

func site(t testing.TB, p *plan.Plan, st web.Reader, now func() time.Time) *web.Site {
	t.Helper()
	h, err := web.New(web.Options{Plan: p, Store: st, Now: now, Notice: notice})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// filled is a store with results for the province, a few departments, all districts and the communes of one, judged by
// the plan's own rule from made-up figures, and with the runs of some sources.
func filled(t testing.TB, p *plan.Plan) *schema.Store {
	t.Helper()
	st := stored(t, p)
	fill(t, p, st)
	return st
}

func fill(t testing.TB, p *plan.Plan, st *schema.Store) {
	t.Helper()
	ctx := context.Background()
	asOf := p.Demo.AsOf
	var results []progress.Result
	departments := 0
	for _, u := range p.Units.All {
		switch {
		case !u.ValidOn(asOf):
			continue
		case u.Level == "department":
			if departments++; departments > 3 {
				continue
			}
		case u.Level == "commune" && u.Parent != nil && u.Parent.Level == "district" && u.Parent.Code != "899":
			continue
		}
		days := []plan.Day{asOf}
		for d := asOf - 7; d > asOf-7*9; d -= 7 {
			days = append(days, d)
		}
		for _, m := range p.Milestones {
			if m.Date < asOf {
				days = append(days, m.Date)
			}
		}
		for i := range p.Indicators {
			if p.Applies(&p.Indicators[i], u).Counts() {
				for _, d := range days {
					results = append(results, made(p, &p.Indicators[i], u, d))
				}
			}
		}
	}
	now := clock(asOf)()
	if _, err := st.SaveResults(ctx, p, p.VersionOn(asOf), results, now); err != nil {
		t.Fatal(err)
	}
	if err := st.SaveStandings(ctx, p, p.VersionOn(asOf), results, now); err != nil {
		t.Fatal(err)
	}
	for i, s := range p.Sources {
		r := run.Run{Source: s.Name, RunID: s.Name + "-1", StartedAt: now, EndedAt: now, FetchedAt: asOf.Start(), State: run.OK}
		if i == 0 {
			r.State, r.Error = run.Failed, "source <"+s.Name+"> page 1: no answer"
		}
		if i == 1 {
			continue // never ran
		}
		if err := st.EndRun(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
}

// made judges a made-up figure that depends on nothing but its key.
func made(p *plan.Plan, ind *plan.Indicator, u *plan.Unit, d plan.Day) progress.Result {
	h := fnv.New32a()
	h.Write([]byte(ind.Code + u.UnitKey.String()))
	seed := int64(h.Sum32())
	point := func(d plan.Day) progress.Point {
		if ind.Kind == plan.Score {
			return progress.ScorePoint(plan.Value(seed%1800) * plan.One / 100)
		}
		return progress.SharePoint(min(1000, 300+seed%650+int64(d-p.Start)/12), 1000)
	}
	in := progress.Input{AsOf: d, UnitFrom: u.From, UnitTo: u.To, Applies: p.Applies(ind, u), Comparator: ind.Comparator, Window: ind.Window, PeriodType: ind.PeriodType,
		Tolerance: p.ToleranceOf(ind), Cap: ind.Most(), Official: point(d), Path: point(d),
		Baseline:  progress.Baseline{Known: true, Day: p.Start, Value: point(p.Start).Value},
		Freshness: progress.Freshness{Known: true, Age: 3, Rhythm: ind.Rhythm.Days()}}
	for i := range 12 {
		w := d - plan.Day(7*i)
		in.Weekly = append(in.Weekly, progress.WeekPoint{Day: w, Known: true, Value: point(w).Value})
	}
	for _, m := range p.Milestones {
		target := progress.Target{Milestone: m.Date, CutOff: m.Date, Deadline: m.Date + 3, AtCutOff: point(m.Date)}
		if x := ind.TargetAt(m.Date); x != nil {
			target.Value = x.Value
		}
		in.Targets = append(in.Targets, target)
	}
	switch {
	case seed%13 == 0:
		in.Official, in.Path = progress.UnknownPoint(progress.ReasonNotReported, 0, 0), progress.UnknownPoint(progress.ReasonNotReported, 0, 0)
	case seed%11 == 0:
		in.Freshness.Age = 1000
	}
	r := progress.Result{Assessment: progress.Assess(in), Indicator: ind, Unit: u, Day: d, Applies: in.Applies, KnownAt: (d + 1).Start().UnixMilli(), BehindSince: plan.NoDay}
	age := in.Freshness.Age
	r.AgeDays = &age
	if r.Status == progress.Behind {
		r.WeeksBehind, r.BehindSince = 3, d.Sunday()-14
	}
	return r
}
