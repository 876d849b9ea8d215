package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"sync"

	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/review"
)

// Site is the pages as they are served.
type Site struct {
	http.Handler
	site *site
	mu   sync.Mutex
	warm string // edition of the store that the pages were last read of
	seen string // edition of the store when Warm was last called
}

// Warm reads the pages that take longest when they are read first after something was written, so that nobody waits for them.
// It is to be called now and then: it reads them only where the store is no longer what it was, and still what it was at the
// call before, so not after every piece of a collection.
func (x *Site) Warm(ctx context.Context) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	edition, err := x.site.Store.(*memory).Edition(ctx)
	if err != nil {
		return err
	}
	still := edition == x.seen
	x.seen = edition
	if !still || edition == x.warm {
		return nil
	}
	x.warm = edition
	everything := context.WithValue(ctx, whoKey{}, &who{Account: access.Account{Role: access.Admin}})
	for _, address := range x.site.slowest() {
		r, err := http.NewRequestWithContext(everything, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		x.site.mux.ServeHTTP(&unread{}, r) // a page that fails says so in the log
	}
	return nil
}

// slowest are the addresses of pages that ask much of the store: lists of all units, of all that was ever refused or restated,
// documents, and the ledgers of awards.
func (s *site) slowest() []string {
	week := plan.LastWeeklyPoint(s.Now())
	all := []string{"/", "/heat", "/heat?level=district", "/heat?level=commune", "/review/" + review.WeekName(week), "/freshness", "/rejects", "/restatements", "/late", "/forms"}
	for i := range s.Plan.Pillars {
		all = append(all, "/pillar/"+url.PathEscape(s.Plan.Pillars[i].Code))
	}
	for _, name := range milestoneNames(s.Plan) {
		all = append(all, "/report/"+name)
	}
	for i := range s.Plan.Awards {
		address := "/awards/" + url.PathEscape(s.Plan.Awards[i].Code)
		if s.Plan.Awards[i].Milestone != plan.NoDay {
			all = append(all, address)
			continue
		}
		for y, to := s.awardYears(); y <= to; y++ {
			all = append(all, address+"?year="+strconv.Itoa(y))
		}
	}
	return all
}

// unread is an answer that nobody reads.
type unread struct{ header http.Header }

func (u *unread) Header() http.Header {
	if u.header == nil {
		u.header = http.Header{}
	}
	return u.header
}

func (*unread) Write(b []byte) (int, error) { return len(b), nil }

func (*unread) WriteHeader(int) {}
