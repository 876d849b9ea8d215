package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// The document exchange axis (SYSTEMS section 2) and the management system's statistics.

const axisTime = "2006/01/02 15:04:05"

// sentEdocs is getSentEdocList: everything sent within fromDate and toDate, keys in the headers.
func (s *Simulator) sentEdocs(out http.ResponseWriter, req *http.Request) {
	h := req.Header.Get
	fail := func(code, why string) {
		answer(out, http.StatusOK, []byte(`{"status":"FAIL","ErrorCode":"`+code+`","ErrorDesc":"`+why+`","data":[]}`))
	}
	mac := hmac.New(sha256.New, []byte(s.secret("edoc")))
	mac.Write([]byte(h("systemid") + h("timestamp") + h("messagetype")))
	switch {
	case h("systemid") != "tiendo" || h("timestamp") == "" || !same(strings.ToLower(h("signature")), hex.EncodeToString(mac.Sum(nil))):
		fail("-1", "Sai chữ ký")
		return
	case h("servicetype") != "eDoc" || h("messagetype") != "edoc":
		fail("-2", "servicetype hoặc messagetype không đúng")
		return
	}
	var bounds [2]sec
	for i, name := range []string{"fromDate", "toDate"} {
		t, err := time.Parse(axisTime, h(name))
		if err != nil {
			fail("-3", name+" không đúng định dạng")
			return
		}
		bounds[i] = sec(t.Unix())
	}
	now := s.clock()
	var list []document
	if !s.axisOut(now.day()) {
		all := s.w.documents
		from := sort.Search(len(all), func(i int) bool { return all[i].sent >= bounds[0] })
		to := sort.Search(len(all), func(i int) bool { return all[i].sent > min(bounds[1], now) })
		list = all[from:max(from, to)]
	}
	number, _ := strconv.Atoi(h("pageIndex"))
	size, _ := strconv.Atoi(h("pageSize"))
	from, to := page(len(list), max(number, 1)-1, size, pageMost)
	b := strconv.AppendInt([]byte(`{"status":"OK","ErrorCode":"0","ErrorDesc":"","total":`), int64(len(list)), 10)
	b = append(b, `,"data":[`...)
	stamp := func(t sec) string { return time.Unix(int64(t), 0).UTC().Format(axisTime) }
	for i := range list[from:to] {
		d := &list[from+i]
		if i > 0 {
			b = append(b, ',')
		}
		salt := hash(d.id())
		id, organ, sent := d.id(), s.w.organStyle(d.from, salt), stamp(d.sent)
		switch d.bad {
		case badOrgan:
			organ = s.w.unknownOrgan(salt)
		case badID:
			id = ""
		case badDate:
			sent = "2023/02/31 25:00:00"
		}
		status, got := "03", ""
		if d.received <= now {
			got = stamp(d.received)
			status = "06"
		} else {
			status = "01"
		}
		send := "06"
		if d.recalled > 0 && d.recalled <= now {
			send, status = "13", "13"
		}
		b = append(b, '{')
		b = field(b, "senderDocId", id)
		b = field(b, "receiverDocId", strconv.FormatUint(salt>>16, 10))
		b = field(b, "fromCode", organ)
		b = field(b, "toCode", s.w.organStyle(d.to, salt>>4))
		b = field(b, "notation", d.notation())
		b = field(b, "sentTime", sent)
		b = field(b, "receivedTime", got)
		b = field(b, "sendStatus", send)
		b = field(b, "receiveStatus", status)
		b = append(b, '}')
	}
	answer(out, http.StatusOK, append(b, "]}"...))
}

// statedSet finds the set of a source.
func (w *world) statedSet(source string) *dataset {
	i := slices.IndexFunc(w.sets, func(s *dataset) bool { return s.source == source })
	if i < 0 {
		return &dataset{}
	}
	return w.sets[i]
}

func momentsOf(s *dataset) []moment {
	var out []moment
	for i := range s.rows {
		for j := range s.rows[i].versions {
			out = append(out, moment{s.rows[i].versions[j].at, int32(i), int32(j)})
		}
	}
	return sortMoments(out)
}

// statistics serves a set of the management system: what was stated or stated anew since tuNgayCapNhat, of the days from
// tuNgay to denNgay where they are given.
func (s *Simulator) statistics(set *dataset, order []moment, row func(b []byte, r *statedRow, v *rowVersion, p period) []byte) http.HandlerFunc {
	return func(out http.ResponseWriter, req *http.Request) {
		fail := func(status int, why string) { answer(out, status, []byte(`{"thanhCong":false,"thongBao":"`+why+`"}`)) }
		if !same(req.Header.Get("X-API-Key"), s.secret("qlvb")) {
			fail(http.StatusUnauthorized, "Khóa truy cập không đúng")
			return
		}
		q := req.URL.Query()
		var limits [3]sec
		for i, name := range []string{"tuNgayCapNhat", "tuNgay", "denNgay"} {
			t, err := parseStamp(q.Get(name))
			if err != nil {
				fail(http.StatusBadRequest, name+" không đúng định dạng")
				return
			}
			limits[i] = t
		}
		now := s.clock()
		list := window(order, limits[0], now, func(thing int32) int32 {
			newest := int32(-1)
			for j, v := range set.rows[thing].versions {
				if v.at <= now {
					newest = int32(j)
				}
			}
			return newest
		})
		if limits[1] > 0 || limits[2] > 0 {
			list = slices.DeleteFunc(list, func(m moment) bool {
				end := set.periods[set.rows[m.thing].period].end
				return end < limits[1].day() || limits[2] > 0 && end > limits[2].day()
			})
		}
		number, _ := strconv.Atoi(q.Get("trang"))
		size, _ := strconv.Atoi(q.Get("soDong"))
		from, to := page(len(list), max(number, 1)-1, size, pageMost)
		b := strconv.AppendInt([]byte(`{"thanhCong":true,"tongSo":`), int64(len(list)), 10)
		b = append(b, `,"duLieu":[`...)
		for i, m := range list[from:to] {
			if i > 0 {
				b = append(b, ',')
			}
			r := &set.rows[m.thing]
			b = row(b, r, &r.versions[m.version], set.periods[r.period])
		}
		answer(out, http.StatusOK, append(b, "]}"...))
	}
}

// count appends a count as a number or, as the system does with every seventh row, as a string.
func count(b []byte, name string, n int64, asText bool) []byte {
	if asText {
		return intField(b, name, n)
	}
	return strconv.AppendInt(key(b, name), n, 10)
}

// statisticHead appends the organ, as the row has it, and says how counts are written.
func (s *Simulator) statisticHead(b []byte, r *statedRow, v *rowVersion) ([]byte, bool) {
	salt := hash(r.unit.key(), strconv.Itoa(int(r.period)))
	organ := s.w.organStyle(r.unit, salt)
	if v.bad == badOrgan {
		organ = s.w.unknownOrgan(salt)
	}
	b = append(b, '{')
	b = field(b, "maDonVi", organ)
	return field(b, "tenDonVi", r.unit.name), salt%7 == 0
}

func (s *Simulator) documentRow(b []byte, r *statedRow, v *rowVersion, p period) []byte {
	b, text := s.statisticHead(b, r, v)
	all, signed, secret := v.values[0], v.values[1], v.values[2]
	if v.bad == badOver {
		signed = all + secret + 4
	}
	b = field(b, "ngay", string(p.end.compact(nil)))
	if v.bad == badAmbiguous {
		b = field(b, "vanBanTraoDoi", "1.204")
	} else {
		b = count(b, "vanBanTraoDoi", all+secret, text)
	}
	b = count(b, "vanBanDienTu", (signed+all)/2, text)
	b = count(b, "vanBanKySo", signed, text)
	b = count(b, "vanBanMat", secret, text)
	b = stampField(b, "ngayCapNhat", v.at)
	return append(b, '}')
}

func (s *Simulator) workfileRow(b []byte, r *statedRow, v *rowVersion, p period) []byte {
	b, text := s.statisticHead(b, r, v)
	all, online, secret := v.values[0], v.values[1], v.values[2]
	if v.bad == badOver {
		online = all + secret + 3
	}
	b = field(b, "thang", string(p.end.compact(nil)[:6]))
	if v.bad == badAmbiguous {
		b = field(b, "hoSo", "1.117")
	} else {
		b = count(b, "hoSo", all+secret, text)
	}
	b = count(b, "hoSoTrucTuyen", online, text)
	b = count(b, "hoSoMat", secret, text)
	b = stampField(b, "ngayCapNhat", v.at)
	return append(b, '}')
}

// token is a client-credentials grant of one of the service buses.
func (s *Simulator) token(system string) http.HandlerFunc {
	return func(out http.ResponseWriter, req *http.Request) {
		req.Body = http.MaxBytesReader(out, req.Body, 1<<16)
		id, secret, basic := req.BasicAuth()
		if !basic {
			id, secret = req.PostFormValue("client_id"), req.PostFormValue("client_secret")
		}
		switch {
		case req.PostFormValue("grant_type") != "client_credentials":
			answer(out, http.StatusBadRequest, []byte(`{"error":"unsupported_grant_type"}`))
		case !same(id, "tiendo") || !same(secret, s.secret(system)):
			answer(out, http.StatusUnauthorized, []byte(`{"error":"invalid_client"}`))
		default:
			b, _ := json.Marshal(map[string]any{"access_token": s.secret("token " + system), "token_type": "Bearer", "expires_in": 86400})
			answer(out, http.StatusOK, b)
		}
	}
}

// bearer lets a request through that carries the system's token.
func (s *Simulator) bearer(system string, next http.HandlerFunc) http.HandlerFunc {
	return func(out http.ResponseWriter, req *http.Request) {
		if !same(req.Header.Get("Authorization"), "Bearer "+s.secret("token "+system)) {
			answer(out, http.StatusUnauthorized, []byte(`{"error":"invalid_token"}`))
			return
		}
		next(out, req)
	}
}
