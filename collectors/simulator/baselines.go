package simulator

import (
	"slices"
	"strconv"
)

// baseline is a frozen figure of the plan's first day.
type baseline struct {
	indicator *indicator
	unit      *unit
	num, den  int64 // den 0: num alone, a count
}

// frozen is when the baselines and the first registry were handed in: on the plan's first day, before its fetch.
func (w *world) frozen() sec { return w.plan.start.at(16, 0) }

// makeBaselines freezes most units' figures of the plan's first day; some are left out, so that derived ones occur.
func (w *world) makeBaselines() {
	step := w.fetchSteps(w.plan.start)[0]
	cat := newCatalogueCache(w)
	for i := range w.plan.indicators {
		ind := &w.plan.indicators[i]
		if ind.Monitored {
			continue
		}
		fig := w.figureOf(ind, step, cat)
		for _, u := range w.plan.units {
			a := ind.Applies[u.level]
			if a != "owed" && a != "measured" || !u.validOn(w.plan.start) || !w.inProvince(u) ||
				u.parent != nil && w.draw("nobaseline", ind.Code, u.key())*100 < noBaselinePercent {
				continue
			}
			b := baseline{indicator: ind, unit: u}
			if ind.Kind == "reduction" {
				b.num = cat.count(step, w.plan.start)[u].inForce
			} else if p := fig(u, w.plan.start); p.known && !p.unsaid && p.den > 0 {
				b.num, b.den = p.num, p.den
			}
			if b.den > 0 || ind.Kind == "reduction" && b.num > 0 {
				w.baseline = append(w.baseline, b)
			}
		}
	}
}

// baselines are the frozen counts of an indicator as known at a step.
func (w *world) baselines(code string, step sec) map[*unit]int64 {
	out := map[*unit]int64{}
	for _, b := range w.baseline {
		if b.indicator.Code == code && w.frozen() <= step {
			out[b.unit] = b.num
		}
	}
	return out
}

// registryFiles are the editions of the registry of facilities and the sheet of baselines.
func (w *world) registryFiles() []dropFile {
	var out []dropFile
	for i := range w.plan.forms {
		f := &w.plan.forms[i]
		if f.Fallback {
			continue // the source systems show every unit here
		}
		edition := func(at sec, rows func() [][]string) {
			label := at.day().String()
			out = append(out, dropFile{at: at, source: f.Source, name: f.Code + "_" + label, head: formHead(f.Code, f.Version, f.PeriodType == "report", label),
				header: headers(f.Keys, f.Columns), rows: rows})
		}
		switch {
		case f.has("facility_kind"):
			edition(w.frozen(), func() [][]string { return w.registry(f, w.frozen()) })
			if again := w.registryAgain(); again > w.frozen() && again <= w.until {
				edition(again, func() [][]string { return w.registry(f, again) })
			}
		case f.keyed("indicator"):
			edition(w.frozen(), func() [][]string { return w.baselineRows(f) })
		}
	}
	return out
}

func (w *world) registry(f *form, at sec) [][]string {
	var out [][]string
	for i := range w.facilities {
		x := &w.facilities[i]
		if x.from != dawn && x.from > at.day()+60 {
			continue // nobody knows of it yet
		}
		var line []string
		for _, c := range slices.Concat(f.Keys, f.Columns) {
			cell := ""
			switch c.Role {
			case "facility":
				cell = x.code
			case "name":
				cell = x.name
			case "facility_kind":
				cell = x.kind
			case "located_in":
				cell = x.located.code
			case "managed_by":
				cell = x.managed.code
			case "from":
				if x.from != dawn {
					cell = x.from.String()
				}
			case "to":
				if x.to != dusk && x.toKnown <= at {
					cell = x.to.String()
				}
			}
			line = append(line, cell)
		}
		out = append(out, line)
	}
	return out
}

func (w *world) baselineRows(f *form) [][]string {
	var out [][]string
	for _, b := range w.baseline {
		var line []string
		for _, c := range slices.Concat(f.Keys, f.Columns) {
			cell := ""
			switch c.Role {
			case "indicator":
				cell = b.indicator.Code
			case "unit":
				cell = b.unit.code
			case "numerator":
				cell = strconv.FormatInt(b.num, 10)
			case "denominator":
				if b.den > 0 {
					cell = strconv.FormatInt(b.den, 10)
				}
			case "citation":
				cell = "Số liệu gốc ngày " + w.plan.start.String() + " (mô phỏng)"
			}
			line = append(line, cell)
		}
		out = append(out, line)
	}
	return out
}
