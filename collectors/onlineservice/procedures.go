package onlineservice

import (
	"context"
	"iter"
	"time"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
)

// Fields of a procedure as one agency handles it.
const (
	procedureCode = iota
	procedureUnit
	procedureName
	procedureLevel
	procedureEligible
	procedureFrom
	procedureTo
	procedureUpdated
)

var procedureFields = []collectors.Field{
	procedureCode:     {Name: "code", Default: "MaTTHC", Required: true},
	procedureUnit:     {Name: "unit", Default: "MaDonVi", Required: true},
	procedureName:     {Name: "name", Default: "TenTTHC"},
	procedureLevel:    {Name: "level", Default: "MucDo", Required: true},
	procedureEligible: {Name: "eligible", Default: "DuDieuKienToanTrinh", Required: true},
	procedureFrom:     {Name: "valid_from", Default: "NgayHieuLuc"},
	procedureTo:       {Name: "valid_to", Default: "NgayHetHieuLuc", Required: true},
	procedureUpdated:  {Name: "updated", Default: "NgayCapNhat"},
}

var procedureKnown = []string{"MaLinhVuc", "TenLinhVuc", "TenDonVi", "CapThucHien", "QuyetDinhCongBo", "ThoiHanGiaiQuyet", "LePhi", "URL"}

type procedures struct{ *reader }

func newProcedures(src collectors.Source, deps collectors.Deps) (collectors.Collector, error) {
	r, err := newReader(src, deps, procedureFields, procedureKnown)
	if err != nil {
		return nil, err
	}
	return &procedures{r}, nil
}

// WholeSnapshot says that a procedure missing from a complete snapshot has ended.
func (c *procedures) WholeSnapshot() bool { return true }

func (c *procedures) Pages(ctx context.Context, since collectors.Cursor) iter.Seq2[collectors.Page, error] {
	return c.client.Pages(ctx, since, collectors.Listing{})
}

// Parse reads a page of the catalogue: one row per agency and procedure, agencies as they are on the day of the snapshot.
func (c *procedures) Parse(p collectors.Page) (collectors.Batch, error) {
	type key struct {
		unit plan.UnitKey
		code string
	}
	b := collectors.Batch{Procedures: make([]collectors.Procedure, 0, p.Records)}
	place := make(map[key]int, p.Records)
	land, err := c.layout.Rows(p.Body, func(_ collectors.Land, row *collectors.Row) error {
		x, refused := c.read(row, plan.DayOf(p.FetchedAt))
		if refused != nil {
			name := x.Key()
			if x.Unit.Code == "" {
				name = row.Text(procedureUnit) + " " + x.Code
			}
			b.Rejects = append(b.Rejects, c.reject(row, name, refused))
			return nil
		}
		k := key{x.Unit, x.Code}
		if i, twice := place[k]; !twice {
			place[k] = len(b.Procedures)
			b.Procedures = append(b.Procedures, x)
		} else if !x.Updated.Before(b.Procedures[i].Updated) {
			b.Procedures[i] = x
		}
		return nil
	})
	b.Drift = land.Drift()
	return b, err
}

func (c *procedures) read(row *collectors.Row, today plan.Day) (x collectors.Procedure, refused *refusal) {
	x.Position, x.Code, x.Name = row.Position, c.codes.procedure(row.Bytes(procedureCode)), row.Text(procedureName)
	if x.Code == "" {
		return x, refuse(procedureCode, "missing_id", "Thủ tục không có mã: bổ sung mã ở hệ thống nguồn.")
	}
	if x.Unit, refused = c.unit(row, procedureUnit, today); refused != nil {
		return x, refused
	}
	var ok bool
	if x.Level, ok = choice(row.Bytes(procedureLevel), lastLevel); !ok {
		return x, refuse(procedureLevel, "unknown_code", "Mức độ dịch vụ %q không thuộc 1 đến 4: sửa ở hệ thống nguồn.", short(row.Text(procedureLevel)))
	}
	switch text := row.Text(procedureEligible); text {
	case "1", "true":
		x.Eligible = true
	case "0", "false":
	default:
		return x, refuse(procedureEligible, "unknown_code", "Giá trị %q về đủ điều kiện toàn trình không phải 1 hoặc 0: sửa ở hệ thống nguồn.", short(text))
	}
	var from, to time.Time
	if from, refused = c.time(row, procedureFrom); refused != nil {
		return x, refused
	}
	if to, refused = c.time(row, procedureTo); refused != nil {
		return x, refused
	}
	if x.Updated, refused = c.time(row, procedureUpdated); refused != nil {
		return x, refused
	}
	x.ValidFrom, x.ValidTo = dayOrNone(from), dayOrNone(to)
	if x.ValidTo != plan.NoDay && x.ValidFrom != plan.NoDay && x.ValidTo < x.ValidFrom {
		return x, refuse(procedureTo, "date_order", "Thủ tục hết hiệu lực ngày %s trước khi có hiệu lực ngày %s: sửa ở hệ thống nguồn.", date(x.ValidTo), date(x.ValidFrom))
	}
	return x, nil
}

func dayOrNone(t time.Time) plan.Day {
	if t.IsZero() {
		return plan.NoDay
	}
	return plan.DayOf(t)
}
