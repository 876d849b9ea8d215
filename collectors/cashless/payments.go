package cashless

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
)

// Fields of a payment message (SYSTEMS section 3).
const (
	paymentID = iota
	paymentUnit
	paymentDossier
	paymentAmount
	paymentState
	paymentPaid
	paymentUpdated
)

var paymentFields = []collectors.Field{
	paymentID:      {Name: "id", Default: "MaThamChieu", Required: true},
	paymentUnit:    {Name: "unit", Default: "ThongTinBienLai.MaDonVi", Required: true},
	paymentDossier: {Name: "dossier", Default: "ThongTinBienLai.MaHoSo", Required: true},
	paymentAmount:  {Name: "amount", Default: "SoTien", Required: true},
	paymentState:   {Name: "state", Default: "TrangThai", Required: true},
	paymentPaid:    {Name: "paid", Default: "ThoiGianGD", Required: true},
	paymentUpdated: {Name: "updated", Default: "NgayCapNhat", Required: true},
}

// paymentKnown are the usual fields that are not taken: the payer's, and what no figure needs.
var paymentKnown = []string{"LoaiBanTin", "PhienBan", "MaDoiTac", "LoaiHinhThanhToan", "MaNganHang", "ThongTinBienLai", "MaXacThuc", "NoiDung", "ThongTinGiaoDich"}

// states are the five that a payment can be in.
var states = []string{"paid", "waiting", "unpaid", "cancelled", "refunded"}

// usualStates are the platform's codes of them.
var usualStates = map[string]string{"DA_THANH_TOAN": "paid", "CHO": "waiting", "CHUA": "unpaid", "HUY": "cancelled", "HOAN_TIEN": "refunded"}

type payments struct {
	src    collectors.Source
	layout *collectors.Layout
	client *collectors.Client
	units  *collectors.UnitFinder
	states map[string]string // the source's code -> ours
}

func newPayments(src collectors.Source, deps collectors.Deps) (collectors.Collector, error) {
	settings := struct {
		States map[string]string `yaml:"states"`
	}{States: maps.Clone(usualStates)}
	layout, mapping := src.Layout(paymentFields, paymentKnown...)
	errs := []error{mapping, src.DecodeSettings(&settings)}
	for code, state := range settings.States {
		if !slices.Contains(states, state) {
			errs = append(errs, fmt.Errorf("%s: settings.states: %s is %q: use %s", src.File, code, state, strings.Join(states, ", ")))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	client, err := collectors.NewClient(src, layout, deps)
	if err != nil {
		return nil, err
	}
	return &payments{src, layout, client, collectors.NewUnitFinder(deps.Plan.Units), settings.States}, nil
}

func (c *payments) Pages(ctx context.Context, since collectors.Cursor) iter.Seq2[collectors.Page, error] {
	return c.client.Pages(ctx, since, collectors.Listing{})
}

// Parse reads a page of payments. A reference that stands twice counts once, in its newest version: so a refund, which
// comes under the reference of the payment, takes it out.
func (c *payments) Parse(p collectors.Page) (collectors.Batch, error) {
	b := collectors.Batch{Payments: make([]collectors.Payment, 0, p.Records)}
	place := make(map[string]int, p.Records)
	wrongClock := 0
	land, err := c.layout.Rows(p.Body, func(_ collectors.Land, row *collectors.Row) error {
		x, clock, refused := c.read(row, p.FetchedAt)
		if refused != nil {
			refused.Position, refused.Key, refused.Record = row.Position, x.ID, row.Raw()
			b.Rejects = append(b.Rejects, *refused)
			return nil
		}
		if !clock {
			wrongClock++
		}
		if i, twice := place[x.ID]; !twice {
			place[x.ID] = len(b.Payments)
			b.Payments = append(b.Payments, x)
		} else if !x.Updated.Before(b.Payments[i].Updated) {
			b.Payments[i] = x
		}
		return nil
	})
	b.Drift = land.Drift()
	if wrongClock > 0 {
		b.Drift = append(b.Drift, fmt.Sprintf("%s lệch 12 giờ so với %s ở %d giao dịch: chỉ dùng ngày thanh toán",
			c.layout.Name(paymentPaid), c.layout.Name(paymentUpdated), wrongClock))
	}
	return b, err
}

// read reads one payment. clock is false where the time of payment contradicts the update time. The time of day is not
// kept: sources write the hours of the afternoon as those of the morning, so only the date can be trusted.
func (c *payments) read(row *collectors.Row, fetched time.Time) (x collectors.Payment, clock bool, refused *collectors.Reject) {
	refuse := func(slot int, rule, format string, a ...any) (collectors.Payment, bool, *collectors.Reject) {
		return x, true, &collectors.Reject{Field: c.layout.Name(slot), Rule: rule, Reason: fmt.Sprintf(format, a...)}
	}
	x.Position, x.ID, x.Dossier = row.Position, row.Text(paymentID), row.Text(paymentDossier)
	switch {
	case x.ID == "":
		return refuse(paymentID, "missing_id", "Giao dịch không có mã tham chiếu: bổ sung ở hệ thống thanh toán.")
	case x.Dossier == "":
		return refuse(paymentDossier, "missing_id", "Giao dịch không gắn với mã hồ sơ nào: bổ sung ở hệ thống thanh toán.")
	}
	var known bool
	if x.State, known = c.states[row.Text(paymentState)]; !known {
		return refuse(paymentState, "unknown_status", "Trạng thái giao dịch %q chưa được khai báo: bổ sung vào settings.states của %s.", short(row.Text(paymentState)), c.src.File)
	}
	n, err := row.Number(paymentAmount)
	if err != nil {
		return refuse(paymentAmount, collectors.NumberRule(err), "Số tiền %q không đọc được: ghi số đồng liền, không có dấu phân cách.", short(row.Text(paymentAmount)))
	}
	x.Amount = n
	if x.Updated, err = row.Time(paymentUpdated); err != nil || x.Updated.IsZero() {
		return refuse(paymentUpdated, "bad_date", "Thời điểm cập nhật %q không đọc được nên không biết bản nào mới nhất: sửa ở hệ thống thanh toán.", short(row.Text(paymentUpdated)))
	}
	at, err := row.Time(paymentPaid)
	switch {
	case err != nil:
		return refuse(paymentPaid, "bad_date", "Thời gian giao dịch %q không đọc được: sửa ở hệ thống thanh toán.", short(row.Text(paymentPaid)))
	case at.IsZero() && (x.State == "paid" || x.State == "refunded"):
		return refuse(paymentPaid, "missing_date", "Giao dịch đã thanh toán nhưng không có thời gian giao dịch: bổ sung ở hệ thống thanh toán.")
	case !at.IsZero() && plan.DayOf(at) > plan.DayOf(fetched):
		return refuse(paymentPaid, "future_date", "Ngày giao dịch %s ở tương lai so với lúc lấy số liệu: sửa ở hệ thống thanh toán.", date(plan.DayOf(at)))
	}
	day := plan.DayOf(x.Updated)
	if !at.IsZero() {
		day = plan.DayOf(at)
		x.Paid = day.Start()
	}
	code := row.Bytes(paymentUnit)
	u, err := c.units.ByCode(code, day)
	if err != nil {
		return refuse(paymentUnit, "unknown_unit", "Mã đơn vị %q không có đơn vị nào có hiệu lực ngày %s: sửa mã ở hệ thống thanh toán hoặc bổ sung vào danh mục mã đơn vị.", short(string(code)), date(day))
	}
	x.Unit = u.UnitKey
	return x, !halfDayOff(at, x.Updated), nil
}

// halfDayOff says that a time of payment is the update time on a 12-hour clock: the same day, an hour of the morning, and
// the update within an hour of twelve hours later.
func halfDayOff(paid, updated time.Time) bool {
	if paid.IsZero() || plan.DayOf(paid) != plan.DayOf(updated) {
		return false
	}
	if h := paid.In(plan.Zone).Hour(); h < 1 || h > 12 {
		return false
	}
	late := updated.Sub(paid) - 12*time.Hour
	return late >= 0 && late < time.Hour
}

func date(d plan.Day) string { return d.Time().Format("02/01/2006") }

// short keeps a source's text short inside a reason.
func short(s string) string {
	const limit = 40
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}
