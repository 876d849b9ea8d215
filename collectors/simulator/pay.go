package simulator

import (
	"net/http"
	"strconv"
)

// The payment platform (SYSTEMS section 3).

func (s *Simulator) transactions(out http.ResponseWriter, req *http.Request) {
	q := req.URL.Query()
	since, err := parseStamp(q.Get("tuNgayCapNhat"))
	if err != nil {
		answer(out, http.StatusBadRequest, []byte(`{"MaLoi":"03","MoTaLoi":"tuNgayCapNhat không đúng định dạng"}`))
		return
	}
	now := s.clock()
	w := s.w
	list := window(s.paymentOrder, since, now, func(thing int32) int32 {
		newest := int32(-1)
		for j, v := range w.payments[thing].versions {
			if v.at <= now {
				newest = int32(j)
			}
		}
		return newest
	})
	number, _ := strconv.Atoi(q.Get("page"))
	size, _ := strconv.Atoi(q.Get("size"))
	from, to := page(len(list), number, size, pageMost)
	b := []byte(`{"MaLoi":"00","MoTaLoi":"","content":[`)
	for i, m := range list[from:to] {
		if i > 0 {
			b = append(b, ',')
		}
		b = s.paymentRow(b, &w.payments[m.thing], w.payments[m.thing].versions[m.version])
	}
	answer(out, http.StatusOK, pageTail(b, len(list), number, size, to))
}

// pageTail closes content[] with its page object.
func pageTail(b []byte, total, number, size, to int) []byte {
	if size <= 0 || size > pageMost {
		size = pageMost
	}
	b = append(b, `],"totalElements":`...)
	b = strconv.AppendInt(b, int64(total), 10)
	b = append(b, `,"totalPages":`...)
	b = strconv.AppendInt(b, int64((total+size-1)/size), 10)
	b = append(b, `,"number":`...)
	b = strconv.AppendInt(b, int64(number), 10)
	b = append(b, `,"size":`...)
	b = strconv.AppendInt(b, int64(size), 10)
	b = append(b, `,"last":`...)
	return append(strconv.AppendBool(b, to >= total), '}')
}

func (s *Simulator) paymentRow(b []byte, p *payment, v paymentVersion) []byte {
	w := s.w
	d := &w.dossiers[p.dossier]
	proc := &w.procedures[d.procedure]
	salt := hash(p.reference())
	unit := d.agency.on(p.paid.day())
	organ, reference, amount := w.organStyle(unit, salt), p.reference(), strconv.FormatInt(p.amount, 10)
	switch p.bad {
	case badOrgan:
		organ = w.unknownOrgan(salt)
	case badID:
		reference = ""
	case badAmbiguous:
		amount = "12.500"
	}
	paid := p.paid
	if p.hour12 {
		paid -= 12 * secHour
	}
	b = append(b, '{')
	b = field(b, "LoaiBanTin", "100")
	b = field(b, "PhienBan", "1.0.6")
	b = field(b, "MaDoiTac", "DVC"+s.provinceOrgan())
	b = field(b, "MaThamChieu", reference)
	b = field(b, "SoTien", amount)
	b = intField(b, "LoaiHinhThanhToan", int64(1+salt%3))
	b = field(b, "MaNganHang", []string{"970415", "970436", "970418", ""}[salt>>8%4])
	b = stampField(b, "ThoiGianGD", paid)
	b = field(b, "TrangThai", v.state)
	b = append(key(b, "ThongTinBienLai"), '{')
	b = field(b, "MaTTHC", s.longCode(proc.code, salt))
	b = field(b, "MaDonVi", organ)
	b = field(b, "MaHoSo", string(d.id(nil)))
	b = field(b, "TenNguoiNop", "Người nộp số "+strconv.Itoa(int(p.dossier)))
	b = append(key(b, "PhiLePhi"), `[{"LoaiPhiLePhi":"2","MaPhiLePhi":"LP`...)
	b = append(b, proc.code[4:]...)
	b = append(b, `","SoTien":"`...)
	b = append(b, amount...)
	b = append(b, `"}]}`...)
	b = stampField(b, "NgayCapNhat", v.at)
	return append(b, '}')
}
