package onlineservice

import (
	"context"
	"iter"
	"math"
	"time"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
)

// Fields of a dossier record (SYSTEMS section 1a).
const (
	dossierID = iota
	dossierUnit
	dossierProcedure
	dossierChannel
	dossierStatus
	dossierLevel
	dossierSubmitted
	dossierReceived
	dossierDue
	dossierNewDue
	dossierFinished
	dossierReturned
	dossierFee
	dossierUpdated
)

var dossierFields = []collectors.Field{
	dossierID:        {Name: "id", Default: "MaHoSo", Required: true},
	dossierUnit:      {Name: "unit", Default: "DonViXuLy", Required: true},
	dossierProcedure: {Name: "procedure", Default: "MaTTHC", Required: true},
	dossierChannel:   {Name: "channel", Default: "KenhThucHien", Required: true},
	dossierStatus:    {Name: "status", Default: "TrangThaiHoSo", Required: true},
	dossierLevel:     {Name: "level", Default: "MucDo"},
	dossierSubmitted: {Name: "submitted", Default: "NgayNopHoSo", Required: true},
	dossierReceived:  {Name: "received", Default: "NgayTiepNhan", Required: true},
	dossierDue:       {Name: "due", Default: "NgayHenTra", Required: true},
	dossierNewDue:    {Name: "new_due", Default: "DanhSachHoSoBoSung.NgayHenTraMoi"},
	dossierFinished:  {Name: "finished", Default: "NgayKetThucXuLy", Required: true},
	dossierReturned:  {Name: "returned", Default: "NgayTra", Required: true},
	dossierFee:       {Name: "fee", Default: "DanhSachLePhi.Gia"},
	dossierUpdated:   {Name: "updated", Default: "NgayCapNhat", Required: true},
}

// dossierKnown are the usual fields that are not taken: personal ones, and what no figure needs.
var dossierKnown = []string{"TenTTHC", "MaLinhVuc", "TenLinhVuc", "LoaiDoiTuong", "NgayTuChoi", "HinhThuc", "NoiNopHoSo", "DuocThanhToanTrucTuyen",
	"HoSoCoThanhPhanSoHoa", "TaiKhoanDuocXacThucVoiVNeID", "ChuHoSo", "SoDinhDanh", "SoDienThoai", "DiaChi", "DinhDanhCHS", "Email", "NgaySinh",
	"MaDoiTuong", "DanhSachLePhi", "DanhSachHoSoBoSung", "DanhSachTepDinhKemKhac", "DanhSachGiayToKetQua", "TaiLieuNop", "TenDonViXuLy", "URLDetail"}

// Channels and states that the national format knows.
const (
	lastChannel = 3  // 1 in person, 2 online, 3 post
	lastStatus  = 10 // 1 registered … 10 returned
	lastLevel   = 4  // 4 full process
)

type dossiers struct{ *reader }

func newDossiers(src collectors.Source, deps collectors.Deps) (collectors.Collector, error) {
	r, err := newReader(src, deps, dossierFields, dossierKnown)
	if err != nil {
		return nil, err
	}
	return &dossiers{r}, nil
}

func (d *dossiers) Pages(ctx context.Context, since collectors.Cursor) iter.Seq2[collectors.Page, error] {
	return d.client.Pages(ctx, since, collectors.Listing{})
}

// Parse reads a page of dossiers. One that stands twice in the page counts once, in its newest version.
func (d *dossiers) Parse(p collectors.Page) (collectors.Batch, error) {
	b := collectors.Batch{Dossiers: make([]collectors.Dossier, 0, p.Records)}
	place := make(map[string]int, p.Records)
	land, err := d.layout.Rows(p.Body, func(_ collectors.Land, row *collectors.Row) error {
		x, refused := d.read(row, p.FetchedAt)
		if refused != nil {
			b.Rejects = append(b.Rejects, d.reject(row, x.ID, refused))
			return nil
		}
		if i, twice := place[x.ID]; !twice {
			place[x.ID] = len(b.Dossiers)
			b.Dossiers = append(b.Dossiers, x)
		} else if !x.Updated.Before(b.Dossiers[i].Updated) {
			b.Dossiers[i] = x
		}
		return nil
	})
	b.Drift = land.Drift()
	return b, err
}

func (d *dossiers) read(row *collectors.Row, fetched time.Time) (x collectors.Dossier, refused *refusal) {
	x.Position, x.ID = row.Position, row.Text(dossierID)
	if x.ID == "" {
		return x, refuse(dossierID, "missing_id", "Hồ sơ không có mã hồ sơ: bổ sung mã ở hệ thống nguồn.")
	}
	for _, t := range []struct {
		slot int
		into *time.Time
	}{{dossierSubmitted, &x.Submitted}, {dossierReceived, &x.Received}, {dossierDue, &x.Due}, {dossierFinished, &x.Finished},
		{dossierReturned, &x.Returned}, {dossierUpdated, &x.Updated}} {
		if *t.into, refused = d.time(row, t.slot); refused != nil {
			return x, refused
		}
	}
	if refused = d.deadline(row, &x); refused != nil {
		return x, refused
	}
	if x.Submitted.IsZero() {
		x.Submitted = x.Received
	}
	switch {
	case x.Updated.IsZero():
		return x, refuse(dossierUpdated, "missing_date", "Hồ sơ không có thời điểm cập nhật nên không biết bản nào mới nhất: kiểm tra hệ thống nguồn.")
	case x.Submitted.IsZero():
		return x, refuse(dossierSubmitted, "missing_date", "Hồ sơ không có ngày nộp và ngày tiếp nhận: bổ sung ở hệ thống nguồn.")
	case x.Submitted.After(fetched):
		return x, refuse(dossierSubmitted, "future_date", "Ngày nộp %s ở tương lai so với lúc lấy số liệu: sửa ở hệ thống nguồn.", stamp(x.Submitted))
	case x.Finished.After(fetched):
		return x, refuse(dossierFinished, "future_date", "Ngày kết thúc xử lý %s ở tương lai so với lúc lấy số liệu: sửa ở hệ thống nguồn.", stamp(x.Finished))
	case x.Returned.After(fetched):
		return x, refuse(dossierReturned, "future_date", "Ngày trả kết quả %s ở tương lai so với lúc lấy số liệu: sửa ở hệ thống nguồn.", stamp(x.Returned))
	case !x.Finished.IsZero() && x.Finished.Before(x.Submitted):
		return x, refuse(dossierFinished, "date_order", "Ngày kết thúc xử lý %s trước ngày nộp %s: sửa ở hệ thống nguồn.", stamp(x.Finished), stamp(x.Submitted))
	}

	var ok bool
	if x.Status, ok = choice(row.Bytes(dossierStatus), lastStatus); !ok {
		return x, refuse(dossierStatus, "unknown_status", "Trạng thái hồ sơ %q không thuộc 1 đến 10: sửa ở hệ thống nguồn.", short(row.Text(dossierStatus)))
	}
	if x.Channel, ok = choice(row.Bytes(dossierChannel), lastChannel); !ok {
		return x, refuse(dossierChannel, "unknown_code", "Kênh thực hiện %q không thuộc 1 (trực tiếp), 2 (trực tuyến), 3 (bưu chính): sửa ở hệ thống nguồn.", short(row.Text(dossierChannel)))
	}
	if level := row.Bytes(dossierLevel); len(level) > 0 {
		n, ok := choice(level, lastLevel)
		if !ok {
			return x, refuse(dossierLevel, "unknown_code", "Mức độ dịch vụ %q không thuộc 1 đến 4: sửa ở hệ thống nguồn.", short(string(level)))
		}
		x.FullProcess = n == lastLevel
	}

	fees, err := row.Numbers(dossierFee)
	if err != nil {
		return x, d.badNumber(row, dossierFee, err)
	}
	for _, f := range fees {
		if f > math.MaxInt64-x.FeeAmount {
			return x, refuse(dossierFee, "bad_number", "Tổng lệ phí quá lớn: kiểm tra ở hệ thống nguồn.")
		}
		x.FeeAmount += f
	}
	x.HasFee = x.FeeAmount > 0

	// The day on which the code speaks: codes are reused, and a unit that ended hands its work over.
	at := x.Finished
	if at.IsZero() {
		at = x.Received
	}
	if at.IsZero() {
		at = x.Submitted
	}
	x.Unit, refused = d.unit(row, dossierUnit, plan.DayOf(at))
	x.Procedure = d.codes.procedure(row.Bytes(dossierProcedure))
	return x, refused
}

// deadline puts the last moved deadline in the place of the first one (SYSTEMS section 1a: the deadline can move).
func (d *dossiers) deadline(row *collectors.Row, x *collectors.Dossier) *refusal {
	n := row.Count(dossierNewDue)
	if n == 0 {
		return nil
	}
	moved, refused := d.time(row, dossierNewDue)
	if refused != nil || moved.IsZero() {
		return refused
	}
	x.Due, x.DueMoved = moved, uint8(min(n, math.MaxUint8))
	return nil
}

// choice reads a code from 1 to last.
func choice(text []byte, last int) (uint8, bool) {
	n := 0
	for _, c := range text {
		if c < '0' || c > '9' || n > 99 {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return uint8(n), n >= 1 && n <= last
}

func stamp(t time.Time) string { return t.In(plan.Zone).Format("02/01/2006 15:04") }
