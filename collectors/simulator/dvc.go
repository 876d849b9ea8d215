package simulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sort"
	"strconv"
	"strings"
)

// The online public services, dossier records in the national portal's format (SYSTEMS section 1a).

const (
	dstCode  = "VN:GOV:000.00.00.%s:dvc"
	pageMost = 5000
)

func (s *Simulator) provinceOrgan() string { return strings.SplitN(s.w.plan.units[0].organ, ".", 2)[0] }

func (s *Simulator) dvcSession(out http.ResponseWriter, req *http.Request) {
	var body struct{ Username, Password string }
	err := json.NewDecoder(io.LimitReader(req.Body, 1<<16)).Decode(&body)
	switch {
	case err != nil:
		answer(out, http.StatusBadRequest, []byte(`{"error_code":"-1","error_message":"Dữ liệu không hợp lệ"}`))
	case req.Header.Get("dstcode") != fmt.Sprintf(dstCode, s.provinceOrgan()):
		answer(out, http.StatusUnauthorized, []byte(`{"error_code":"-1","error_message":"Sai dstcode"}`))
	case !same(body.Username, "tiendo") || !same(body.Password, s.secret("dvc")):
		answer(out, http.StatusUnauthorized, []byte(`{"error_code":"-1","error_message":"Sai tài khoản hoặc mật khẩu"}`))
	default:
		s.mu.Lock()
		session := s.secret("session" + strconv.Itoa(len(s.expired)))
		s.expired[session] = 0
		s.mu.Unlock()
		answer(out, http.StatusOK, append(field([]byte(`{"error_code":"0"`), "session", session), '}'))
	}
}

type dvcParams struct {
	TuNgayCapNhat string
	Page          json.Number `json:"page"`
	Size          json.Number `json:"size"`
}

func (s *Simulator) dvcCall(out http.ResponseWriter, req *http.Request) {
	fail := func(status int, code, message string) {
		answer(out, status, []byte(`{"error_code":"`+code+`","error_message":"`+message+`"}`))
	}
	var body struct {
		Session, Madonvi, Service string
		Data                      []dvcParams
	}
	if err := json.NewDecoder(io.LimitReader(req.Body, 1<<20)).Decode(&body); err != nil {
		fail(http.StatusBadRequest, "-1", "Dữ liệu không hợp lệ")
		return
	}
	s.mu.Lock()
	calls, known := s.expired[body.Session]
	if known {
		s.expired[body.Session]++
	}
	over := !known || s.faults.SessionCalls > 0 && calls >= s.faults.SessionCalls
	s.mu.Unlock()
	if over {
		fail(http.StatusOK, "401", "Phiên làm việc đã hết hạn")
		return
	}
	if body.Madonvi != "000.00.00."+s.provinceOrgan() {
		fail(http.StatusOK, "-2", "Mã đơn vị không đúng")
		return
	}
	var p dvcParams
	if len(body.Data) > 0 {
		p = body.Data[0]
	}
	number, _ := p.Page.Int64()
	size, _ := p.Size.Int64()
	switch body.Service {
	case "LayDanhSachTTHC":
		answer(out, http.StatusOK, s.catalogue(int(number), int(size)))
	case "TraCuuHoSo":
		since, err := parseStamp(p.TuNgayCapNhat)
		if err != nil {
			fail(http.StatusOK, "-3", "TuNgayCapNhat không đúng định dạng")
			return
		}
		answer(out, http.StatusOK, s.dossierPage(since, int(number), int(size)))
	default:
		fail(http.StatusOK, "-4", "Không có dịch vụ này")
	}
}

func envelope(total int) []byte {
	return append(strconv.AppendInt([]byte(`{"error_code":"00","error_message":"","total":`), int64(total), 10), `,"data":[`...)
}

// catalogue is LayDanhSachTTHC: one row per agency and procedure.
func (s *Simulator) catalogue(number, size int) []byte {
	d := s.clock().day()
	type line struct {
		u *unit
		p *procedure
	}
	var lines []line
	s.w.catalogueOn(d, func(u *unit, p *procedure) { lines = append(lines, line{u, p}) })
	from, to := page(len(lines), number, size, pageMost)
	b := envelope(len(lines))
	for i, l := range lines[from:to] {
		if i > 0 {
			b = append(b, ',')
		}
		salt := hash(l.u.key(), l.p.code)
		organ, code := s.w.organStyle(l.u, salt), s.longCode(l.p.code, salt)
		starts := l.p.from.at(0, 0)
		if l.p.from == dawn {
			starts = newDay(2019, 1, 1+int(salt%300)).at(0, 0)
		}
		var ends sec
		if l.p.to != dusk {
			ends = l.p.to.at(0, 0)
		}
		b = append(b, '{')
		switch l.p.bad {
		case badOrgan:
			organ = s.w.unknownOrgan(salt)
		case badID:
			code = ""
		}
		b = field(b, "MaTTHC", code)
		b = field(b, "TenTTHC", "Thủ tục "+l.p.code+" (mô phỏng)")
		b = field(b, "MaLinhVuc", "LV"+l.p.code[4:6])
		b = intField(b, "MucDo", int64(l.p.level(d)))
		b = field(b, "DuDieuKienToanTrinh", map[bool]string{true: "1", false: "0"}[l.p.eligible])
		b = field(b, "MaDonVi", organ)
		if l.p.bad == badDate {
			b = field(b, "NgayHieuLuc", "20221345000000")
		} else {
			b = stampField(b, "NgayHieuLuc", starts)
		}
		b = stampField(b, "NgayHetHieuLuc", ends)
		updated := max(starts, s.w.from.at(0, 0))
		if l.p.fullFrom != dusk && l.p.fullFrom <= d {
			updated = max(updated, l.p.fullFrom.at(6, 0))
		}
		b = stampField(b, "NgayCapNhat", updated)
		b = append(b, '}')
	}
	return append(b, "]}"...)
}

// longCode writes half of the codes in the long form.
func (s *Simulator) longCode(code string, salt uint64) string {
	if salt%2 == 0 {
		return code
	}
	return code + ".000.00.00." + s.provinceOrgan()
}

type listKey struct{ since, now sec }

// dossierList is the versions that a list since an instant holds at the clock: what is current, and for some dossiers the
// version before it too.
func (s *Simulator) dossierList(since sec) []int32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := listKey{since, s.now}
	if l, ok := s.lists[k]; ok {
		return l
	}
	w := s.w
	stamp := func(i int) sec { return w.changes[s.order[i]].stamp }
	from := sort.Search(len(s.order), func(i int) bool { return stamp(i) >= since })
	to := sort.Search(len(s.order), func(i int) bool { return stamp(i) > s.now })
	var out []int32
	for _, v := range s.order[min(from, to):to] {
		if w.changes[v].at > s.now {
			continue
		}
		d := &w.dossiers[w.changes[v].dossier]
		newest := v
		for newest+1 < d.last && w.changes[newest+1].at <= s.now {
			newest++
		}
		if v == newest || d.twice && v == newest-1 {
			out = append(out, v)
		}
	}
	if len(s.lists) > 4 {
		clear(s.lists)
	}
	s.lists[k] = out
	return out
}

func (s *Simulator) dossierPage(since sec, number, size int) []byte {
	if n := s.bulkSize(); n > 0 {
		return s.bulkPage(n, since, number, size)
	}
	list := s.dossierList(since)
	from, to := page(len(list), number, size, pageMost)
	b := envelope(len(list))
	for i, v := range list[from:to] {
		if i > 0 {
			b = append(b, ',')
		}
		b = s.dossierRow(b, v)
	}
	return append(b, "]}"...)
}

// dossierRow appends one dossier as the version shows it.
func (s *Simulator) dossierRow(b []byte, index int32) []byte {
	w := s.w
	v := &w.changes[index]
	d := &w.dossiers[v.dossier]
	bad := d.bad
	if index >= d.fixed {
		bad = good
	}
	p := &w.procedures[d.procedure]
	salt := hash(d.agency.key(), strconv.Itoa(int(d.submitted)), strconv.Itoa(int(d.serial)))
	organ := w.organStyle(d.handler(v), salt)
	finished, status := v.finished, int64(v.status)
	switch bad {
	case badOrgan:
		organ = w.unknownOrgan(salt)
	case badFuture:
		finished = newDay(2052, 1, 1).at(9, 0)
	case badOrder:
		finished = d.submitted - 3*secDay
	case badStatus:
		status = 27
	}
	id := string(d.id(nil))
	b = append(b, '{')
	if bad == badID {
		b = field(b, "MaHoSo", "")
	} else {
		b = field(b, "MaHoSo", id)
	}
	b = field(b, "MaTTHC", s.longCode(p.code, salt>>3))
	b = field(b, "TenTTHC", "Thủ tục "+p.code+" (mô phỏng)")
	b = field(b, "MaLinhVuc", "LV"+p.code[4:6])
	b = field(b, "TenLinhVuc", "Lĩnh vực "+p.code[4:6])
	b = intField(b, "KenhThucHien", int64(d.channel))
	number := strconv.Itoa(int(v.dossier))
	b = field(b, "ChuHoSo", "Người nộp số "+number) // personal fields: nobody's, and never to leave a collector
	b = field(b, "SoDinhDanh", "000000"+number)
	b = field(b, "DinhDanhCHS", "000000"+number)
	b = field(b, "SoDienThoai", "0000"+number)
	b = field(b, "DiaChi", "Số "+number)
	b = field(b, "Email", "nguoi.nop."+number+"@example.invalid")
	b = intField(b, "LoaiDoiTuong", int64(d.person))
	b = stampField(b, "NgayNopHoSo", d.submitted)
	if bad == badDate {
		b = field(b, "NgayTiepNhan", "20229931256199")
	} else {
		b = stampField(b, "NgayTiepNhan", d.received)
	}
	b = stampField(b, "NgayHenTra", d.due)
	b = stampField(b, "NgayKetThucXuLy", finished)
	b = stampField(b, "NgayTra", v.returned)
	var refused sec
	if v.status == 3 {
		refused = min(v.at, d.received+2*secDay)
	}
	b = stampField(b, "NgayTuChoi", refused)
	b = intField(b, "TrangThaiHoSo", status)
	b = intField(b, "HinhThuc", int64(d.channel&1))
	b = field(b, "DonViXuLy", organ)
	b = intField(b, "NoiNopHoSo", int64(1+d.channel&1))
	b = intField(b, "MucDo", map[bool]int64{true: 4, false: 3}[d.full])
	b = intField(b, "DuocThanhToanTrucTuyen", int64(salt>>7&1))
	b = intField(b, "HoSoCoThanhPhanSoHoa", int64(salt>>8&1))
	b = intField(b, "TaiKhoanDuocXacThucVoiVNeID", int64(salt>>9&1))
	b = append(key(b, "DanhSachLePhi"), '[')
	if p.hasFee {
		b = append(b, '{')
		b = field(b, "TenPhiLePhi", "Lệ phí "+p.code)
		b = field(b, "MaPhiLePhi", "LP"+p.code[4:])
		b = field(b, "HinhThucThu", "1")
		b = intField(b, "Gia", p.fee)
		b = field(b, "LoaiPhiLePhi", "2")
		b = append(b, '}')
	}
	b = append(b, ']')
	b = append(key(b, "DanhSachHoSoBoSung"), '[')
	before := d.due
	for i := range v.moved {
		next := before + secDay
		if i == v.moved-1 {
			next = v.due
		}
		b = append(b, map[bool]string{true: "{", false: ",{"}[i == 0]...)
		b = stampField(b, "NgayHenTraTruoc", before)
		b = stampField(b, "NgayHenTraMoi", next)
		b = append(b, '}')
		before = next
	}
	b = append(b, ']')
	b = stampField(b, "NgayCapNhat", v.stamp)
	return append(b, '}')
}
