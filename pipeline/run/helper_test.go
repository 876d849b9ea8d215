package run_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/run"
	"tiendo/schema"
	"tiendo/schema/engine"
	"tiendo/schema/engine/enginetest"
	"tiendo/schema/plans"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

const kienGiang = "kien-giang-2022-2025"

// db is a migrated database with a plain connection for questions that no reader of the store asks.
type db struct {
	*schema.Store
	conn driver.Conn
}

// shared is the database of all tests of this package: each has a plan of its own in it.
var shared struct {
	sync.Mutex
	db
}

// open is a store of a plan that is named like the test.
func open(t testing.TB) db {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.Store == nil {
		e := enginetest.Engine(t)
		const name = engine.Database + "_run"
		if err := e.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
			t.Fatal(err)
		}
		st, conn, err := connect(e.DatabaseDSN(name), "-")
		if err != nil {
			t.Fatal(err)
		}
		shared.db = db{st, conn} // it lives as long as the engine
	}
	return db{shared.For(t.Name()), shared.conn}
}

// sub is the same database for another plan.
func (d db) sub(name string) db { return db{d.For(d.Plan() + " " + name), d.conn} }

func openAt(t testing.TB, dsn, planCode string) db {
	t.Helper()
	st, conn, err := connect(dsn, planCode)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close(); conn.Close() })
	return db{st, conn}
}

// connect opens and migrates.
func connect(dsn, planCode string) (*schema.Store, driver.Conn, error) {
	ctx := context.Background()
	st, err := schema.Open(ctx, dsn, planCode)
	if err != nil {
		return nil, nil, err
	}
	if err := st.Migrate(ctx); err != nil {
		return nil, nil, err
	}
	opt, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		return nil, nil, err
	}
	conn, err := clickhouse.Open(opt)
	return st, conn, err
}

// restarted is the same database seen by a process that remembers nothing.
func (d db) restarted() db { return db{d.For(d.Plan()), d.conn} }

// lines reads a query of one column of texts.
func (d db) lines(t testing.TB, query string) []string {
	t.Helper()
	rows, err := d.conn.Query(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func (d db) count(t testing.TB, table, where string) int {
	t.Helper()
	var n uint64
	if err := d.conn.QueryRow(t.Context(), "SELECT count() FROM "+table+" WHERE "+where).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return int(n)
}

// measures dumps the measure table, of all sources or of those named, in a stable order; what a repetition writes anew
// stands there once.
func (d db) measures(t testing.TB, sources ...string) string {
	t.Helper()
	only := ""
	if len(sources) > 0 {
		only = " AND source IN ('" + strings.Join(sources, "', '") + "')"
	}
	return strings.Join(d.lines(t, `SELECT DISTINCT toString((source, measure, unit, unit_from, dims, period_type, start, day, value, evidence, known_at, run_id, page, position)) AS row
		FROM measure FINAL WHERE plan = '`+d.Plan()+`'`+only+` AND (run_id = '' OR (run_id, page) IN (SELECT run_id, page FROM page)) ORDER BY row`), "\n")
}

// known is what is known on a day of the measures.
func (d db) known(t testing.TB, knownOn plan.Day, measures ...string) progress.Knowledge {
	t.Helper()
	k, err := d.Knowledge(t.Context(), reads(measures...), knownOn)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// stated is the figure of a unit on a day, of all sources; ok is false where nothing is known.
func stated(k progress.Knowledge, measure string, unit plan.UnitKey, day plan.Day) (value int64, ok bool) {
	for _, r := range k.Rows { // in the order of known_at
		if r.Measure == measure && r.Unit == unit && r.End == day {
			value, ok = r.Value, true
		}
	}
	return value, ok
}

// figure is one measure of one unit on one day, as known on a day.
func (d db) figure(t testing.TB, measure string, unit plan.UnitKey, day, knownOn plan.Day) (value int64, ok bool) {
	t.Helper()
	return stated(d.known(t, knownOn, measure), measure, unit, day)
}

// reads is a plan whose indicators rest on the measures.
func reads(measures ...string) *plan.Plan {
	p := &plan.Plan{}
	for _, m := range measures {
		p.Indicators = append(p.Indicators, plan.Indicator{Numerator: m})
	}
	return p
}

// scripted is a source whose pages hold typed batches: what the store does with them is what is tested.
type scripted struct {
	pages []collectors.Page
	whole bool
	fails error
	asked []collectors.Cursor
}

// page makes a page of a batch; the cursor goes on behind its fetch.
func page(t testing.TB, at time.Time, b collectors.Batch) collectors.Page {
	t.Helper()
	body, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	n := len(b.Dossiers) + len(b.Procedures) + len(b.Documents) + len(b.Payments) + len(b.Facilities) + len(b.Measures) + len(b.Baselines) + len(b.Rejects)
	return collectors.Page{Request: "GET /", Body: body, FetchedAt: at, Records: n, Cursor: collectors.Cursor{Since: at}}
}

func (s *scripted) Pages(_ context.Context, since collectors.Cursor) iter.Seq2[collectors.Page, error] {
	s.asked = append(s.asked, since)
	return func(yield func(collectors.Page, error) bool) {
		for _, p := range s.pages {
			if !yield(p, nil) {
				return
			}
		}
		if s.fails != nil {
			yield(collectors.Page{}, s.fails)
		}
	}
}

func (s *scripted) Parse(p collectors.Page) (collectors.Batch, error) {
	var b collectors.Batch
	return b, json.Unmarshal(p.Body, &b)
}

func (s *scripted) WholeSnapshot() bool { return s.whole }

// runner pulls at a stated time.
func runner(d db, at time.Time) *run.Runner {
	return &run.Runner{Store: d.Store, Catalogue: d.Store, Now: func() time.Time { return at }}
}

// collect runs a source whose pages are fetched at the time, and fails the test if the run fails.
func collect(t testing.TB, d db, source string, at time.Time, pages ...collectors.Batch) run.Run {
	t.Helper()
	c := &scripted{}
	for _, b := range pages {
		c.pages = append(c.pages, page(t, at, b))
	}
	rec, err := runner(d, at).Collect(t.Context(), run.Job{Source: source, Collector: c})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// replay rebuilds the sources from what was landed.
func replay(t testing.TB, d db, sources ...string) {
	t.Helper()
	var jobs []run.Job
	for _, s := range sources {
		jobs = append(jobs, run.Job{Source: s, Collector: &scripted{}})
	}
	if err := run.Replay(t.Context(), d.Store, jobs, nil); err != nil {
		t.Fatal(err)
	}
}

func at(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", text, plan.Zone)
	if err != nil {
		panic(fmt.Sprint("a test's literal: ", err))
	}
	return t
}

func unit(code string) plan.UnitKey { return plan.UnitKey{Code: code, From: plan.NoDay} }

// province is the built-in plan of districts and communes.
func province(t testing.TB) *plan.Plan {
	t.Helper()
	fsys, err := fs.Sub(plans.FS, kienGiang)
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
