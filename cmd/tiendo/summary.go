package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"text/tabwriter"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/run"
	"tiendo/pipeline/words"
	"tiendo/schema"
)

var shownStatuses = []progress.Status{progress.Met, progress.OnTrack, progress.AtRisk, progress.Behind, progress.Stale, progress.NoData, progress.NoTarget}

// summary prints what a demo arrived at: the pillars of the province, the rank of the level below it that is watched, and
// the targets that stand worst.
func (a *app) summary(ctx context.Context, p *plan.Plan, st *schema.Store, c run.Computed) error {
	var today []progress.Result
	for _, r := range c.Results {
		if r.Day == c.AsOf {
			today = append(today, r)
		}
	}
	fmt.Fprintf(a.out, "\nTính đến ngày %s (%s)\n", words.Day(c.AsOf), words.Week(c.AsOf.Sunday()))
	counts, err := st.Counts(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "Đã thu %s trang, %s bản ghi, loại %s; %s số đo; %s kết quả, trong đó %s mới.\n\n", words.Count(int64(counts.Pages)), words.Count(int64(counts.Records)),
		words.Count(int64(counts.Rejects)), words.Count(int64(counts.Measures)), words.Count(int64(len(c.Results))), words.Count(int64(c.Written)))

	var province []progress.Result
	owed := false
	for _, r := range today {
		if r.Unit.Code == p.Province && r.Unit.Level == p.Units.All[0].Level && !r.Indicator.Monitored {
			province = append(province, r)
			owed = owed || r.Applies == plan.Owed
		}
	}
	if !owed { // a plan of scores: there is no status to count
		return progressTable(a.out, province)
	}

	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "TRỤ CỘT (toàn tỉnh)\tSỐ CHỈ TIÊU")
	for _, s := range shownStatuses {
		fmt.Fprintf(w, "\t%s %s", sign(s), words.Status(s).Short)
	}
	fmt.Fprintln(w)
	var worst []progress.Result
	for _, pillar := range p.Pillars {
		n, by := 0, map[progress.Status]int{}
		for _, r := range province {
			if r.Indicator.Pillar == pillar.Code && r.Applies == plan.Owed {
				n++
				by[r.Status]++
				if r.Gap != nil && (r.Status == progress.Behind || r.Status == progress.AtRisk) {
					worst = append(worst, r)
				}
			}
		}
		fmt.Fprintf(w, "%s\t%d", pillar.Name, n)
		for _, s := range shownStatuses {
			fmt.Fprintf(w, "\t%d", by[s])
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}

	levels := progress.Standings(p, today)
	for _, level := range p.WatchLevels {
		list := levels[level]
		if len(list) < 2 || list[0].Rank == 0 {
			continue
		}
		if len(list) > 20 {
			list = list[:20]
		}
		fmt.Fprintf(a.out, "\nXẾP HẠNG THEO DÕI - %s\n", p.LevelInfo(level).Name)
		w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "HẠNG\tĐƠN VỊ\tĐÚNG TIẾN ĐỘ TRỞ LÊN\tCHẬM\tĐÁNH GIÁ CHUNG")
		for _, s := range list {
			rank := words.Unknown
			if s.Rank > 0 {
				rank = fmt.Sprint(s.Rank)
			}
			fmt.Fprintf(w, "%s\t%s\t%d/%d\t%d\t%s %s\n", rank, s.Name, s.Good, s.Applicable, s.Behind, sign(s.Overall), viStatus(s.Overall))
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}

	slices.SortStableFunc(worst, func(x, y progress.Result) int { return cmp.Compare(*x.Gap, *y.Gap) })
	if len(worst) > 8 {
		worst = worst[:8]
	}
	if len(worst) > 0 {
		fmt.Fprintln(a.out, "\nCHỈ TIÊU CHẬM NHẤT CỦA TỈNH")
		w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "CHỈ TIÊU\tTHỰC HIỆN\tMỤC TIÊU\tSO VỚI LỘ TRÌNH (điểm %)\tDỰ BÁO\tTRẠNG THÁI\tNỘI DUNG")
		for _, r := range worst {
			fmt.Fprintf(w, "%s\t%s\t%s %s\t%s\t%s\t%s %s\t%s\n", r.Indicator.Code, viValue(r.Value), r.Indicator.Comparator, viValue(r.Target), viValue(r.Gap), viValue(r.Forecast), sign(r.Status), viStatus(r.Status), r.Indicator.Name)
		}
		return w.Flush()
	}
	return nil
}
