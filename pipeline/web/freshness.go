package web

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/words"
)

// restatementDays is how far back the page looks for restated figures.
const restatementDays = 35

type freshnessBody struct {
	Tabs         []link
	Sources      []sourceRow
	Rejects      []rejectRow
	Drift        []driftRow
	Missing      []missingRow
	Restatements []restatementRow
	Restated     string
	Days         int
}

type sourceRow struct {
	ID, Name, Rhythm string
	LastOK, Age      string
	LastRun          string
	State            words.StatusWord
	Error, Whole     string // the error's first line, and all of it
	Runs, Records    string
	Rejected, Share  string
}

// rejectRow is what is still missing of a source by a rule; Source is empty where the page is about one source.
type rejectRow struct{ Source, Name, URL, Field, Reason, Open, Settled, Last string }

// driftRow is the newest of what differs only in its numbers; More is how many others there are, empty for none.
type driftRow struct{ Source, What, More, Seen string }

// missingRow is an indicator that expected units have not reported.
type missingRow struct {
	Code, Name, URL string
	Rhythm          string
	Expected        int
	Missing         int
	Coverage        string // of the province
	Units           []missingUnit
	More            int // not listed
}

// listedMissing is how many units a row lists; the page of the indicator has them all.
const listedMissing = 40

type missingUnit struct{ Name, URL, Why string }

type restatementRow struct{ Source, Measure, Unit, UnitURL, Day, Was, Now, KnownAt string }

// freshness is the page about the figures' origin: how the sources ran, what was refused, who has not reported.
func (s *site) freshness(ctx context.Context, a *ask) (*page, error) {
	stored, err := s.Store.Days(ctx)
	if err != nil {
		return nil, err
	}
	pl, placeErr := s.resolve(stored, a, s.Plan.Province)
	if placeErr != nil && a.asOf != plan.NoDay {
		return nil, placeErr
	}
	var sources []Source
	var quality Quality
	var rejects []RejectCount
	var results []Assessment
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		sources, err = s.Store.Sources(gctx)
		return
	})
	g.Go(func() (err error) {
		quality, err = s.Store.Quality(gctx, (a.today - restatementDays).Start())
		return
	})
	g.Go(func() (err error) {
		rejects, err = s.Store.RejectCounts(gctx, "")
		return
	})
	if placeErr == nil {
		g.Go(func() (err error) {
			results, err = s.Store.Assessments(gctx, Query{AsOf: pl.day, Since: plan.NoDay, KnownOn: a.knownOn})
			return
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	b := &freshnessBody{Tabs: s.careTabs(ctx, a, "/freshness"), Sources: s.sourceRows(a, sources), Rejects: s.rejectRows(rejects, true), Drift: s.driftRows(quality.Drift, ""), Missing: s.missing(a, pl, results), Restated: words.Count(int64(quality.Restated)), Days: restatementDays}
	for _, x := range quality.Restatements {
		r := restatementRow{Source: s.sourceName(x.Source), Measure: x.Measure, Unit: x.Unit.Code, Day: words.Day(x.Day), Was: words.Count(x.Was), Now: words.Count(x.Now), KnownAt: words.Instant(x.KnownAt)}
		if m, ok := s.Plan.Measure(x.Measure); ok && m.Name != "" {
			r.Measure = m.Name
		}
		if u := s.Plan.Units.Key(x.Unit); u != nil {
			r.Unit, r.UnitURL = u.Name, s.unitURL(a, u)
		}
		b.Restatements = append(b.Restatements, r)
	}
	p := s.newPage("freshness", "Độ cập nhật của số liệu")
	if placeErr == nil {
		s.dated(p, a, "/freshness", pl)
	} else {
		p.Nav = s.nav(a, "/freshness")
	}
	p.Fresh, p.Body = s.freshLine(a, sources), b
	p.Table = sourceTable(s, sources)
	return p, nil
}

// rejectRows are the rules by which something is still missing.
func (s *site) rejectRows(counts []RejectCount, named bool) (rows []rejectRow) {
	for _, x := range counts {
		if x.Open == 0 {
			continue
		}
		r := rejectRow{Name: x.Name, Field: x.Field, Reason: x.Reason, Open: words.Count(int64(x.Open)), Settled: words.Count(int64(x.Settled)), Last: words.Instant(x.Last)}
		if named {
			r.Source = s.sourceName(x.Source)
		}
		if s.Upkeep != nil {
			r.URL = "/rejects?source=" + url.QueryEscape(x.Source) + "&rule=" + url.QueryEscape(x.Rule) + "#list"
		}
		rows = append(rows, r)
	}
	return rows
}

var numbers = regexp.MustCompile(`[0-9]+([.,][0-9]+)*`)

// driftRows are the changes of a source, or of all: a check that fails on every page says it of each with other numbers.
func (s *site) driftRows(all []Drift, source string) (rows []driftRow) {
	alike := map[[2]string][]Drift{}
	var keys [][2]string
	for _, x := range all {
		k := [2]string{x.Source, numbers.ReplaceAllString(x.What, "#")}
		switch {
		case source != "" && x.Source != source:
			continue
		case alike[k] == nil:
			keys = append(keys, k)
		}
		alike[k] = append(alike[k], x)
	}
	for _, k := range keys {
		newest := slices.MaxFunc(alike[k], func(x, y Drift) int { return x.Seen.Compare(y.Seen) })
		r := driftRow{Source: s.sourceName(newest.Source), What: newest.What, Seen: words.Instant(newest.Seen)}
		if n := len(alike[k]) - 1; n > 0 {
			r.More = words.Count(int64(n))
		}
		rows = append(rows, r)
	}
	return rows
}

func (s *site) sourceName(id string) string {
	if info, ok := s.sources[id]; ok {
		return info.Name
	}
	return id
}

// sourceRows lists the plan's sources, also those that never ran, and behind them others that the store knows.
func (s *site) sourceRows(a *ask, all []Source) []sourceRow {
	have := map[string]Source{}
	for _, x := range all {
		have[x.Source] = x
	}
	var ids []string
	for _, f := range s.Plan.Sources {
		ids = append(ids, f.Name)
	}
	for _, x := range all {
		if !slices.Contains(ids, x.Source) {
			ids = append(ids, x.Source)
		}
	}
	var rows []sourceRow
	for _, id := range ids {
		x, ran := have[id]
		r := sourceRow{ID: id, Name: s.sourceName(id), Rhythm: rhythm(s.sources[id].Rhythm), LastOK: words.Instant(x.LastOK), LastRun: words.Instant(x.LastRun), Age: words.Unknown,
			Runs: words.Count(int64(x.Runs)), Records: words.Count(int64(x.Records)), Rejected: words.Count(int64(x.Rejected)), Whole: x.Error, Error: firstLine(x.Error, 160)}
		switch {
		case !ran:
			r.State = words.StatusWord{Name: "Chưa chạy lần nào", Sign: words.Unknown, Class: "no-data"}
		case x.State == okState:
			r.State = words.StatusWord{Name: "Đầy đủ", Sign: "✔", Class: "met"}
		default:
			r.State = words.StatusWord{Name: "Lỗi", Sign: "✖", Class: "missed"}
		}
		if !x.LastOK.IsZero() {
			switch d := int(a.today - plan.DayOf(x.LastOK)); {
			case d <= 0:
				r.Age = "hôm nay"
			default:
				r.Age = fmt.Sprintf("%d ngày trước", d)
			}
		}
		if x.Records > 0 {
			if v, err := plan.Share(int64(x.Rejected), int64(x.Records)); err == nil {
				r.Share = words.Percent(&v)
			}
		}
		rows = append(rows, r)
	}
	return rows
}

func firstLine(text string, most int) string {
	line, _, more := strings.Cut(text, "\n")
	if utf8.RuneCountInString(line) > most {
		line, more = string([]rune(line)[:most]), true
	}
	if more {
		line += " …"
	}
	return line
}

// missing lists, for every indicator that units report themselves, the expected units whose stored result says that
// nothing came in or that it is too old.
func (s *site) missing(a *ask, pl place, results []Assessment) []missingRow {
	in := s.known(a)
	by := map[string][]Assessment{}
	for _, x := range results {
		by[x.Indicator] = append(by[x.Indicator], x)
	}
	var rows []missingRow
	for i := range in.Indicators {
		ind := &in.Indicators[i]
		if len(ind.EntryLevels) == 0 {
			continue
		}
		r := missingRow{Code: ind.Code, Name: ind.Name, Rhythm: rhythm(ind.Rhythm), Coverage: words.Unknown}
		for _, x := range by[ind.Code] {
			u := s.Plan.Units.Key(x.Unit)
			if u == nil {
				continue
			}
			if u == pl.unit {
				r.URL = s.indicatorURL(a, ind.Code, u)
				if x.Coverage != nil {
					r.Coverage = words.Percent(x.Coverage)
				}
			}
			if !slices.Contains(ind.EntryLevels, u.Level) || x.Status == progress.NotApplicable || x.Status == progress.NoTarget { // without a target nothing is judged, age neither
				continue
			}
			r.Expected++
			for _, why := range splitReasons(x.Reason) {
				if why == progress.ReasonNotReported || why == progress.ReasonOldInput {
					r.Missing++
					if r.More = r.Missing - listedMissing; r.More <= 0 {
						r.Units = append(r.Units, missingUnit{u.Name, s.indicatorURL(a, ind.Code, u), words.Reason(why)})
						r.More = 0
					}
					break
				}
			}
		}
		if r.Expected > 0 {
			rows = append(rows, r)
		}
	}
	slices.SortStableFunc(rows, func(x, y missingRow) int { return y.Missing - x.Missing })
	return rows
}

func sourceTable(s *site, all []Source) [][]string {
	out := [][]string{{"source", "name", "last_complete", "last_run", "state", "error", "runs", "failed", "records", "rejected"}}
	for _, x := range all {
		out = append(out, []string{x.Source, s.sourceName(x.Source), instantISO(x.LastOK), instantISO(x.LastRun), x.State, x.Error, fmt.Sprint(x.Runs), fmt.Sprint(x.Failed), fmt.Sprint(x.Records), fmt.Sprint(x.Rejected)})
	}
	return out
}

// instantISO is an instant for programs, in provincial time; empty for the zero time.
func instantISO(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(plan.Zone).Format(time.RFC3339)
}
