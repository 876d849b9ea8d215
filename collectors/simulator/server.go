package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// zone is the province's time zone.
const zone = "Asia/Ho_Chi_Minh"

// Config says which province to make up.
type Config struct {
	Plan   fs.FS  // the plan's folder
	Seed   uint64 // the same seed gives the same bytes
	Size   Size
	Stalls []Stall // spells in which units stand still; none: every unit goes its own way
}

// Simulator serves the source systems of a generated province as they were at its clock. It is safe for concurrent use.
type Simulator struct {
	w            *world
	table        *recorded // set where the plan has a recorded table
	loc          *time.Location
	mux          *http.ServeMux
	order        []int32 // dossier versions by update time
	paymentOrder []moment
	agencies     []*unit // that handle dossiers
	homonym      map[*unit]bool

	mu      sync.RWMutex
	now     sec
	faults  Faults
	counts  map[string]int // requests answered, per system
	expired map[string]int // calls made with a session
	lists   map[listKey][]int32
	bulk    int
	written map[string]sec // drop folder -> up to when it is filled
	files   []dropFile
}

// New generates the province. Its clock stands at the morning after the plan's demo day.
func New(c Config) (*Simulator, error) {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	w, err := generate(c.Plan, c.Seed, c.Size, c.Stalls, loc)
	if err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	s := &Simulator{w: w, loc: loc, now: w.until, counts: map[string]int{}, expired: map[string]int{},
		lists: map[listKey][]int32{}, written: map[string]sec{}, mux: http.NewServeMux()}
	if w.plan.table != "" {
		if s.table, err = readRecorded(w.plan, loc); err != nil {
			return nil, fmt.Errorf("simulator: %w", err)
		}
	}
	s.order, s.agencies = w.byUpdate(), w.units("department", "district", "commune")
	s.homonym = homonyms(s.agencies)
	for i := range w.payments {
		for j, v := range w.payments[i].versions {
			s.paymentOrder = append(s.paymentOrder, moment{v.at, int32(i), int32(j)})
		}
	}
	sortMoments(s.paymentOrder)
	s.files = w.dropFiles()
	s.faults.Outages = defaultOutages(w)
	s.routes()
	return s, nil
}

// SetNow sets the clock.
func (s *Simulator) SetNow(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = clockOf(t, s.loc)
	clear(s.lists)
}

// Now is the clock.
func (s *Simulator) Now() time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.now.time(s.loc)
}

func (s *Simulator) clock() sec {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.now
}

// AsOf is the last day of which the province knows anything.
func (s *Simulator) AsOf() time.Time { return s.w.asOf.at(0, 0).time(s.loc) }

// FetchTimes are the instants at which a history load pulls every due source: 23:30 of the plan's first day and of every
// Sunday after it up to asOf; for a recorded table, the instants at which it was recorded.
func (s *Simulator) FetchTimes(asOf time.Time) []time.Time {
	if s.table != nil {
		return s.table.times(asOf)
	}
	steps := s.w.fetchSteps(clockOf(asOf, s.loc).day())
	out := make([]time.Time, len(steps))
	for i, t := range steps {
		out[i] = t.time(s.loc)
	}
	return out
}

// Truth yields what every figure should be on every exported day up to asOf, for each day of knowledge: rows by indicator
// (the plan's order), unit (code, valid_from), as_of, known_on. It is computed from the generated records alone.
func (s *Simulator) Truth(asOf time.Time, knownOn ...time.Time) iter.Seq[Row] {
	days := make([]day, len(knownOn))
	for i, t := range knownOn {
		days[i] = clockOf(t, s.loc).day()
	}
	slices.Sort(days)
	if s.table != nil {
		return s.table.truth(clockOf(asOf, s.loc).day(), days)
	}
	return s.w.truth(clockOf(asOf, s.loc).day(), days)
}

// Env is what a collector's source files ask the environment for, with this server at base (http://127.0.0.1:1234) and
// the drop folder.
func (s *Simulator) Env(base, drop string) map[string]string {
	base = strings.TrimRight(base, "/")
	return map[string]string{
		"TIENDO_DVC_URL": base + "/dvc", "TIENDO_DVC_USERNAME": "tiendo", "TIENDO_DVC_PASSWORD": s.secret("dvc"),
		"TIENDO_PORTAL_URL":  base + "/portal",
		"TIENDO_ONESTOP_URL": base + "/onestop", "TIENDO_ONESTOP_CLIENT_ID": "tiendo", "TIENDO_ONESTOP_CLIENT_SECRET": s.secret("onestop"),
		"TIENDO_EDOC_URL": base + "/edoc", "TIENDO_EDOC_SYSTEMID": "tiendo", "TIENDO_EDOC_SECRET": s.secret("edoc"),
		"TIENDO_QLVB_URL": base + "/qlvb", "TIENDO_QLVB_API_KEY": s.secret("qlvb"),
		"TIENDO_PAY_URL": base + "/pay", "TIENDO_PAY_CLIENT_ID": "tiendo", "TIENDO_PAY_CLIENT_SECRET": s.secret("pay"),
		"TIENDO_DROP": drop,
	}
}

// secret is a system's secret; it belongs to the seed and opens nothing but this simulator.
func (s *Simulator) secret(system string) string {
	h := sha256.Sum256([]byte("simulator " + system + strconv.FormatUint(s.w.seed, 10)))
	return hex.EncodeToString(h[:12])
}

func same(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }

func (s *Simulator) routes() {
	s.mux.HandleFunc("POST /_sim/now", s.setNow)
	s.mux.HandleFunc("POST /portal/jsp/rest.jsp", s.portal)
	if s.table != nil {
		return // nothing else was recorded
	}
	s.mux.HandleFunc("POST /dvc/api/session", s.dvcSession)
	s.mux.HandleFunc("POST /dvc/api/call", s.dvcCall)
	s.mux.HandleFunc("POST /onestop/token", s.token("onestop"))
	s.mux.HandleFunc("GET /onestop/pa/dossier-statistic/--statistic-agency-kgg", s.bearer("onestop", s.agencyStatistic(s.agencyRow)))
	s.mux.HandleFunc("GET /onestop/pa/kgg-dossier-statistic/--kgg-dossier-report-online", s.bearer("onestop", s.agencyStatistic(s.onlineRow)))
	s.mux.HandleFunc("GET /onestop/ba/agency/name+code", s.bearer("onestop", s.agencyList))
	s.mux.HandleFunc("POST /edoc/getSentEdocList", s.sentEdocs)
	documents, workfiles := s.w.statedSet("edoc-statistics"), s.w.statedSet("workfile-statistics")
	s.mux.HandleFunc("GET /qlvb/api/thong-ke/van-ban", s.statistics(documents, momentsOf(documents), s.documentRow))
	s.mux.HandleFunc("GET /qlvb/api/thong-ke/ho-so-cong-viec", s.statistics(workfiles, momentsOf(workfiles), s.workfileRow))
	s.mux.HandleFunc("POST /pay/token", s.token("pay"))
	s.mux.HandleFunc("GET /pay/api/giao-dich", s.bearer("pay", s.transactions))
}

// ServeHTTP answers as the systems do, faults included.
func (s *Simulator) ServeHTTP(out http.ResponseWriter, req *http.Request) {
	system, _, _ := strings.Cut(strings.TrimPrefix(req.URL.Path, "/"), "/")
	if system == "_sim" {
		s.mux.ServeHTTP(out, req)
		return
	}
	s.faulty(system, out, req)
}

func (s *Simulator) setNow(out http.ResponseWriter, req *http.Request) {
	var body struct {
		Now time.Time `json:"now"`
	}
	if err := json.NewDecoder(io.LimitReader(req.Body, 1<<12)).Decode(&body); err != nil || body.Now.IsZero() {
		http.Error(out, `send {"now":"2025-06-30T07:00:00+07:00"}`, http.StatusBadRequest)
		return
	}
	s.SetNow(body.Now)
	out.WriteHeader(http.StatusNoContent)
}

// answer writes a JSON body.
func answer(out http.ResponseWriter, status int, body []byte) {
	out.Header().Set("Content-Type", "application/json;charset=UTF-8")
	out.WriteHeader(status)
	_, _ = out.Write(body) // the client may be gone: that is its business
}

// quote appends a JSON string.
func quote(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			q, _ := json.Marshal(s)
			return append(b, q...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// field appends ,"name":"value" or the first one without the comma.
func field(b []byte, name, value string) []byte {
	return quote(key(b, name), value)
}

func key(b []byte, name string) []byte {
	if n := len(b); n > 0 && b[n-1] != '{' && b[n-1] != '[' {
		b = append(b, ',')
	}
	b = append(b, '"')
	b = append(b, name...)
	return append(b, '"', ':')
}

func stampField(b []byte, name string, t sec) []byte {
	b = append(key(b, name), '"')
	return append(t.stamp(b), '"')
}

func intField(b []byte, name string, n int64) []byte {
	b = append(key(b, name), '"')
	return append(strconv.AppendInt(b, n, 10), '"')
}

// page cuts [from, to) out of n records.
func page(n, number, size, most int) (from, to int) {
	if size <= 0 || size > most {
		size = most
	}
	from = min(max(number, 0)*size, n)
	return from, min(from+size, n)
}
