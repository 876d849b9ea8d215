package edocument

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
)

// Fields of a row of counts: an agency, a day or month, a whole, a part of it, and what of the whole is secret.
const (
	countUnit = iota
	countPeriod
	countWhole
	countPart
	countSecret
	countUpdated
)

// statistic is one of the two lists of counts. Secret documents and work files are taken out of the whole: the plan
// counts what is not secret.
type statistic struct {
	*reader
	monthly             bool
	whole, part, secret string // measure codes
}

func countFields(period, whole, part, secret string) []collectors.Field {
	return []collectors.Field{
		countUnit:    {Name: "unit", Default: "maDonVi", Required: true},
		countPeriod:  {Name: "period", Default: period, Required: true},
		countWhole:   {Name: "whole", Default: whole, Required: true},
		countPart:    {Name: "part", Default: part, Required: true},
		countSecret:  {Name: "secret", Default: secret}, // mapped to nothing: the system's whole is without the secret ones
		countUpdated: {Name: "updated", Default: "ngayCapNhat"},
	}
}

func newDocumentStatistics(src collectors.Source, deps collectors.Deps) (collectors.Collector, error) {
	r, err := newReader(src, deps, countFields("ngay", "vanBanTraoDoi", "vanBanKySo", "vanBanMat"), []string{"tenDonVi", "vanBanDienTu"})
	if err != nil {
		return nil, err
	}
	return &statistic{reader: r, whole: "edoc.exchanged", part: "edoc.signed", secret: "edoc.secret"}, nil
}

func newWorkfileStatistics(src collectors.Source, deps collectors.Deps) (collectors.Collector, error) {
	r, err := newReader(src, deps, countFields("thang", "hoSo", "hoSoTrucTuyen", "hoSoMat"), []string{"tenDonVi"})
	if err != nil {
		return nil, err
	}
	return &statistic{reader: r, monthly: true, whole: "workfile.total", part: "workfile.online", secret: "workfile.secret"}, nil
}

// Pages asks for what was stated or restated since the cursor.
func (c *statistic) Pages(ctx context.Context, since collectors.Cursor) iter.Seq2[collectors.Page, error] {
	return c.client.Pages(ctx, since, collectors.Listing{})
}

// counts is one row, read.
type counts struct {
	position            int
	unit                plan.UnitKey
	start, end          plan.Day
	whole, part, secret int64
	updated             time.Time
}

// Parse reads a page of counts. An agency's period that stands twice counts once, in its newest version. A month that is
// not over is left for later and reported: its figure is not the month's.
func (c *statistic) Parse(p collectors.Page) (collectors.Batch, error) {
	type key struct {
		unit plan.UnitKey
		day  plan.Day
	}
	var b collectors.Batch
	var rows []counts
	place := make(map[key]int, p.Records)
	open := map[string]int{}
	land, err := c.layout.Rows(p.Body, func(_ collectors.Land, row *collectors.Row) error {
		x, refused := c.read(row, plan.DayOf(p.FetchedAt))
		if refused != nil {
			b.Rejects = append(b.Rejects, *refused)
			return nil
		}
		if x.end > plan.DayOf(p.FetchedAt) {
			open[x.start.Time().Format("01/2006")]++
			return nil
		}
		k := key{x.unit, x.start}
		if i, twice := place[k]; !twice {
			place[k] = len(rows)
			rows = append(rows, x)
		} else if !x.updated.Before(rows[i].updated) {
			rows[i] = x
		}
		return nil
	})
	b.Measures = make([]collectors.Measure, 0, 3*len(rows))
	for _, x := range rows {
		add := func(code string, n int64) {
			b.Measures = append(b.Measures, collectors.Measure{Position: x.position, Code: code, Unit: x.unit, PeriodType: plan.Calendar, Start: x.start, End: x.end, Value: n})
		}
		add(c.whole, x.whole-x.secret)
		add(c.part, x.part)
		if c.hasSecret() {
			add(c.secret, x.secret)
		}
	}
	b.Drift = land.Drift()
	for _, month := range sorted(open) {
		b.Drift = append(b.Drift, fmt.Sprintf("tháng %s chưa kết thúc: %d dòng chưa tính", month, open[month]))
	}
	return b, err
}

func (c *statistic) hasSecret() bool { return c.layout.Name(countSecret) != "" }

func (c *statistic) read(row *collectors.Row, today plan.Day) (x counts, refused *collectors.Reject) {
	x.position = row.Position
	label := row.Text(countPeriod)
	key := short(row.Text(countUnit) + " " + label)
	at, err := row.Time(countPeriod)
	if err != nil || at.IsZero() {
		return x, c.refuse(row, countPeriod, key, "bad_date", "Kỳ %q không đọc được: sửa ở hệ thống nguồn.", short(label))
	}
	x.start = plan.DayOf(at)
	x.end = x.start
	if c.monthly {
		y, m, _ := x.start.Time().Date()
		x.start, x.end = plan.NewDay(y, m, 1), plan.NewDay(y, m+1, 1)-1
	}
	if x.start > today {
		return x, c.refuse(row, countPeriod, key, "future_date", "Kỳ %s ở tương lai so với lúc lấy số liệu: sửa ở hệ thống nguồn.", short(label))
	}
	if x.updated, err = row.Time(countUpdated); err != nil {
		return x, c.refuse(row, countUpdated, key, "bad_date", "Thời điểm cập nhật %q không đọc được: sửa ở hệ thống nguồn.", short(row.Text(countUpdated)))
	}
	if x.whole, err = row.Number(countWhole); err != nil {
		return x, c.number(row, countWhole, key, true, err)
	}
	if x.part, err = row.Number(countPart); err != nil {
		return x, c.number(row, countPart, key, false, err)
	}
	if c.hasSecret() {
		if x.secret, err = row.Number(countSecret); err != nil {
			return x, c.number(row, countSecret, key, false, err)
		}
	}
	switch {
	case x.secret > x.whole:
		return x, c.refuse(row, countSecret, key, "over_denominator", "Số mật %d lớn hơn tổng số %d: kiểm tra ở hệ thống nguồn.", x.secret, x.whole)
	case x.part > x.whole-x.secret:
		return x, c.refuse(row, countPart, key, "over_denominator", "%s là %d, lớn hơn tổng số trừ mật %d: kiểm tra ở hệ thống nguồn.", c.layout.Name(countPart), x.part, x.whole-x.secret)
	}
	// An agency that ended within the month is found on the month's first day.
	x.unit, refused = c.unit(row, countUnit, key, x.end, x.start)
	return x, refused
}

// sorted are the keys of a set in order, so that a page always reads the same.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
