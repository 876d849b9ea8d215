package simulator

import "strconv"

// SetBulk makes TraCuuHoSo answer with n dossiers that are made up while they are written, instead of the province's: for
// benches of 100,000 or 1,000,000 records, in flat memory. Each is well-formed and resolved, newer than the one before it,
// and together they fill the province's span evenly. 0 ends it.
func (s *Simulator) SetBulk(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bulk = n
}

func (s *Simulator) bulkSize() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.bulk
}

func (s *Simulator) bulkPage(n int, since sec, number, size int) []byte {
	origin := s.w.from.at(8, 0)
	step := max(1, (s.w.asOf.at(8, 0)-origin)/sec(n))
	first := 0
	if since > origin {
		first = min(n, int((since-origin+step-1)/step))
	}
	from, to := page(n-first, number, size, pageMost)
	b := append(make([]byte, 0, 900*(to-from)+64), envelope(n-first)...)
	for i := first + from; i < first+to; i++ {
		if i > first+from {
			b = append(b, ',')
		}
		b = s.bulkRow(b, i, origin+sec(i)*step)
	}
	return append(b, "]}"...)
}

func (s *Simulator) bulkRow(b []byte, i int, at sec) []byte {
	u := s.agencies[i%len(s.agencies)]
	if !u.validOn((at - 60).day()) {
		u = s.agencies[0] // one that is there all the time
	}
	number := strconv.Itoa(i)
	b = append(b, '{')
	b = append(key(b, "MaHoSo"), '"')
	b = append(b, u.oldStyle()...)
	b = append(b, '-')
	b = append(b, number...)
	b = append(b, `","MaTTHC":"1.00`...)
	b = strconv.AppendInt(b, int64(2600+i%20), 10)
	b = append(b, `","TenTTHC":"Thủ tục mô phỏng","MaLinhVuc":"LV26","TenLinhVuc":"Lĩnh vực 26","ChuHoSo":"Người nộp số `...)
	b = append(b, number...)
	b = append(b, `","SoDinhDanh":"000000000000","SoDienThoai":"0000","DiaChi":"Số 0","LoaiDoiTuong":"1","HinhThuc":"1","NoiNopHoSo":"1","DuocThanhToanTrucTuyen":"0"`...)
	b = intField(b, "KenhThucHien", int64(1+i%10/4))
	b = stampField(b, "NgayNopHoSo", at-9*secDay)
	b = stampField(b, "NgayTiepNhan", at-8*secDay)
	b = stampField(b, "NgayHenTra", at+sec(6-i%9)*secDay)
	b = stampField(b, "NgayKetThucXuLy", at-60)
	b = stampField(b, "NgayTra", at-30)
	b = append(b, `,"NgayTuChoi":"","TrangThaiHoSo":"9","MucDo":"4","DanhSachLePhi":[],"DanhSachHoSoBoSung":[]`...)
	b = field(b, "DonViXuLy", u.organ)
	b = stampField(b, "NgayCapNhat", at)
	return append(b, '}')
}
