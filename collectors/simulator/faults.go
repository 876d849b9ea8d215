package simulator

import (
	"net/http"
	"strconv"
	"time"
)

// Faults are what may go wrong with the systems; the zero value is a good day. Which request of a share is hit belongs to
// the seed and the number of the request, so a run with faults can be repeated.
type Faults struct {
	Latency      time.Duration      // before every answer
	Busy         map[string]float64 // system -> share of requests answered 429 or 503
	RetryAfter   int                // seconds that a 429 names, default 1
	Truncate     map[string]int     // system -> number of the request (from 1) whose answer is cut in half
	HTML         map[string]int     // system -> number of the request answered with a page of HTML
	Down         map[string]bool    // system answers 502 to everything
	SessionCalls int                // calls after which a session is over, 0: never
	Outages      []Outage           // days on which the document axis says OK and shows nothing
}

// Outage is a span of local days, both ends inclusive.
type Outage struct{ From, To time.Time }

// SetFaults replaces the faults and starts counting requests anew.
func (s *Simulator) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
	clear(s.counts)
}

// Faults are the faults in force.
func (s *Simulator) Faults() Faults {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.faults
}

// defaultOutages are two weekends of every province on which the axis is out: empty is not zero.
func defaultOutages(w *world) []Outage {
	if w.plan.table != "" {
		return nil
	}
	var out []Outage
	loc := time.UTC // days only
	for _, n := range []day{250, 620} {
		d := w.plan.start + n
		d -= day(d.weekday())
		out = append(out, Outage{(d - 1).at(0, 0).time(loc), d.at(0, 0).time(loc)})
	}
	return out
}

func (s *Simulator) axisOut(d day) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, o := range s.faults.Outages {
		if d >= clockOf(o.From, o.From.Location()).day() && d <= clockOf(o.To, o.To.Location()).day() {
			return true
		}
	}
	return false
}

// faulty lets a request through to the systems, or not.
func (s *Simulator) faulty(system string, out http.ResponseWriter, req *http.Request) {
	s.mu.Lock()
	s.counts[system]++
	n, f := s.counts[system], s.faults
	s.mu.Unlock()
	if f.Latency > 0 {
		select {
		case <-time.After(f.Latency):
		case <-req.Context().Done():
			return
		}
	}
	draw := s.w.draw("busy", system, strconv.Itoa(n))
	switch {
	case f.Down[system]:
		http.Error(out, "Bad Gateway", http.StatusBadGateway)
	case draw < f.Busy[system]/2:
		out.Header().Set("Retry-After", strconv.Itoa(max(1, f.RetryAfter)))
		http.Error(out, "Too Many Requests", http.StatusTooManyRequests)
	case draw < f.Busy[system]:
		http.Error(out, "Service Unavailable", http.StatusServiceUnavailable)
	case f.HTML[system] == n:
		out.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = out.Write([]byte("<!DOCTYPE html><html><body><h1>Hệ thống đang bảo trì</h1></body></html>"))
	case f.Truncate[system] == n:
		whole := &held{head: out.Header(), status: http.StatusOK}
		s.mux.ServeHTTP(whole, req)
		out.WriteHeader(whole.status)
		_, _ = out.Write(whole.body[:len(whole.body)/2])
	default:
		s.mux.ServeHTTP(out, req)
	}
}

// held is an answer that is kept back to be cut.
type held struct {
	head   http.Header
	status int
	body   []byte
}

func (h *held) Header() http.Header    { return h.head }
func (h *held) WriteHeader(status int) { h.status = status }
func (h *held) Write(b []byte) (int, error) {
	h.body = append(h.body, b...)
	return len(b), nil
}
