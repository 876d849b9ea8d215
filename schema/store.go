// Package schema is what is stored: the tables and views, the queries that turn facts into measures, and the Store that
// implements the interfaces of run, web and the commands on ClickHouse. It knows how figures are kept; it computes no
// status, no rank and no share. Only cmd imports it.
package schema

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/pressly/goose/v3"

	"tiendo/pipeline/plan"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed queries/*.sql
var queries embed.FS

//go:embed views/*.sql
var views embed.FS

// Store is one plan's view of the database. Its methods are safe for concurrent use.
type Store struct {
	conn driver.Conn
	dsn  string
	plan string

	pending *pending
	memory  *memory // guarded by pending.mu
	settled *settled
}

// Open connects and pings; the error says which address does not answer.
func Open(ctx context.Context, dsn, planCode string) (*Store, error) {
	opt, err := options(dsn)
	if err != nil {
		return nil, err
	}
	conn, err := clickhouse.Open(opt)
	if err != nil {
		return nil, fmt.Errorf("connect to ClickHouse at %v: %w", opt.Addr, err)
	}
	if err := conn.Ping(ctx); err != nil {
		conn.Close()
		return nil, fmt.Errorf("ClickHouse at %v does not answer: %w: check that it runs and that user and password are right", opt.Addr, err)
	}
	return newStore(conn, dsn, planCode), nil
}

func options(dsn string) (*clickhouse.Options, error) {
	opt, err := clickhouse.ParseDSN(dsn)
	if scheme, _, _ := strings.Cut(dsn, "://"); err == nil && scheme != "clickhouse" && scheme != "tcp" {
		err = fmt.Errorf("%q is no native address", scheme)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the ClickHouse address: %w: write clickhouse://user:password@host:9000/database", err)
	}
	opt.DialTimeout = 5 * time.Second
	opt.MaxOpenConns, opt.MaxIdleConns = 8, 8
	if opt.Settings == nil {
		opt.Settings = clickhouse.Settings{}
	}
	// One block a batch, acknowledged when written: a batch is there or it is not.
	opt.Settings["async_insert"] = 0
	opt.Settings["max_insert_block_size"] = 1_000_000
	opt.Settings["session_timezone"] = "UTC"
	return opt, nil
}

// Close ends the connections.
func (s *Store) Close() error { return s.conn.Close() }

// Ping says whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.conn.Ping(ctx) }

// Plan is the code of the plan that the store reads and writes.
func (s *Store) Plan() string { return s.plan }

// For is the same database seen for another plan.
func (s *Store) For(planCode string) *Store { return newStore(s.conn, s.dsn, planCode) }

func newStore(conn driver.Conn, dsn, planCode string) *Store {
	return &Store{conn: conn, dsn: dsn, plan: planCode, pending: newPending(), memory: newMemory(), settled: &settled{}}
}

// CreateDatabase creates the database that the address names, if it is not there. Open needs it.
func CreateDatabase(ctx context.Context, dsn string) error {
	opt, err := options(dsn)
	if err != nil {
		return err
	}
	name := opt.Auth.Database
	opt.Auth.Database = "" // one that is not there cannot be connected to
	if name == "" {
		return nil // the server's default, which is there
	}
	conn, err := clickhouse.Open(opt)
	if err != nil {
		return fmt.Errorf("connect to ClickHouse at %v: %w", opt.Addr, err)
	}
	defer conn.Close()
	if err := conn.Exec(ctx, "CREATE DATABASE IF NOT EXISTS "+identifier(name)); err != nil {
		return fmt.Errorf("create the database %s at %v: %w: use a user that may", name, opt.Addr, err)
	}
	return nil
}

// identifier quotes a name for a statement, which has no parameters for names.
func identifier(name string) string {
	return "`" + strings.NewReplacer(`\`, `\\`, "`", "\\`").Replace(name) + "`"
}

// viewsSetting is the setting of no plan that says which edition of the views was created.
const viewsSetting = "views"

// viewsEdition is a hash over the views of this program.
func viewsEdition() (string, error) {
	all, err := viewsInOrder()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, v := range all {
		fmt.Fprintf(h, "%s %d\n%s", v.name, len(v.text), v.text)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Current says whether tables and views are those of this program, so that Migrate has nothing to do. It only reads: the
// daily work needs no right to create or drop anything.
func (s *Store) Current(ctx context.Context) (bool, error) {
	var there uint64
	if err := s.conn.QueryRow(ctx, "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name IN (?, 'setting')", goose.DefaultTablename).Scan(&there); err != nil {
		return false, fmt.Errorf("look for the tables: %w", err)
	}
	if there < 2 {
		return false, nil
	}
	have, want, err := s.Version(ctx)
	if err != nil || have != want {
		return false, err
	}
	edition, err := viewsEdition()
	if err != nil {
		return false, err
	}
	created, err := s.For("").Setting(ctx, viewsSetting)
	return created == edition, err
}

// Migrate brings the tables to the newest version and creates the views anew. It may run any number of times.
func (s *Store) Migrate(ctx context.Context) error {
	opt, err := options(s.dsn)
	if err != nil {
		return err
	}
	db := clickhouse.OpenDB(opt)
	defer db.Close()
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectClickHouse, db, dir)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if err := s.beginMigrations(ctx); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	all, err := viewsInOrder()
	if err != nil {
		return err
	}
	for _, v := range all {
		if err := s.conn.Exec(ctx, v.text); err != nil {
			return fmt.Errorf("create the view %s: %w", v.name, err)
		}
	}
	edition, err := viewsEdition()
	if err != nil {
		return err
	}
	return s.For("").SetSetting(ctx, viewsSetting, edition)
}

// beginMigrations takes away a version table that was made and not filled, because its maker was killed between the two.
func (s *Store) beginMigrations(ctx context.Context) error {
	var there, rows uint64
	err := s.conn.QueryRow(ctx, "SELECT count(), sum(ifNull(total_rows, 0)) FROM system.tables WHERE database = currentDatabase() AND name = ?", goose.DefaultTablename).Scan(&there, &rows)
	if err != nil || there == 0 || rows > 0 {
		return err
	}
	return s.conn.Exec(ctx, "DROP TABLE "+goose.DefaultTablename)
}

// Version is the number of the newest applied migration and the newest known one.
func (s *Store) Version(ctx context.Context) (have, want int64, err error) {
	opt, err := options(s.dsn)
	if err != nil {
		return 0, 0, err
	}
	db := clickhouse.OpenDB(opt)
	defer db.Close()
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return 0, 0, err
	}
	p, err := goose.NewProvider(goose.DialectClickHouse, db, dir)
	if err != nil {
		return 0, 0, err
	}
	return p.GetVersions(ctx)
}

// Setting reads a fact about the store itself; the empty string where it was never set.
func (s *Store) Setting(ctx context.Context, name string) (string, error) {
	var v string
	err := s.conn.QueryRow(ctx, "SELECT argMax(value, set_at) FROM setting WHERE plan = ? AND name = ?", s.plan, name).Scan(&v)
	if err != nil {
		return "", fmt.Errorf("read setting %s: %w", name, err)
	}
	return v, nil
}

// SetSetting states a fact about the store itself.
func (s *Store) SetSetting(ctx context.Context, name, value string) error {
	if err := s.conn.Exec(ctx, "INSERT INTO setting (plan, name, value) VALUES (?, ?, ?)", s.plan, name, value); err != nil {
		return fmt.Errorf("write setting %s: %w", name, err)
	}
	return nil
}

// openDay stands in Date32 columns for a validity without a start.
var openDay = plan.MustDay("1900-01-01")

func dayValue(d plan.Day) time.Time {
	if d == plan.NoDay {
		d = openDay
	}
	return d.Time()
}

func dayPointer(d plan.Day) *time.Time {
	if d == plan.NoDay {
		return nil
	}
	t := d.Time()
	return &t
}

func dayFrom(t time.Time) plan.Day {
	d := plan.Day(t.Unix() / 86400)
	if t.Unix() < 0 {
		d = plan.NewDay(t.Year(), t.Month(), t.Day())
	}
	if d == openDay {
		return plan.NoDay
	}
	return d
}

// instant is nil for a time that is not stated, and keeps dummy dates within what the column holds.
func instant(t time.Time) *time.Time {
	switch {
	case t.IsZero():
		return nil
	case t.Year() < 1900:
		t = time.Date(1900, 1, 1, 0, 0, 0, 0, plan.Zone)
	case t.Year() > 2299:
		t = time.Date(2299, 12, 31, 0, 0, 0, 0, plan.Zone)
	}
	return &t
}
