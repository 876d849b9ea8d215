// Package enginetest gives tests a real ClickHouse: one embedded engine per test
// binary, started by the first test that asks, and a fresh database per test.
// There is no mock of ClickHouse anywhere; where the engine's library is
// missing, tests fail with the command that gets it.
//
// It may not know a table: a test brings its own schema or runs the migrations.
package enginetest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"tiendo/schema/engine"
)

// databases is how many tests of one package can hold a database at once: the
// board user's grants name each, as in production, and are fixed at the start.
const databases = 128

const startTimeout = 2 * time.Minute

// shared is the engine of this test binary. It is a global because TestMain and
// the tests have no other way to hand each other anything.
var shared struct {
	sync.Mutex
	prepared bool // Main runs
	engine   *engine.Engine
	err      error
	dir      string
	free     []string
}

// Main runs the package's tests and ends the engine after them. It does not
// return. Use it as the whole of TestMain:
//
//	func TestMain(m *testing.M) { enginetest.Main(m) }
func Main(m *testing.M) {
	engine.ChildMain()
	shared.Lock()
	shared.prepared = true
	shared.Unlock()
	code := m.Run()
	if err := end(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// Engine returns the shared engine, starting it on the first call. Do not stop it.
func Engine(t testing.TB) *engine.Engine {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if !shared.prepared {
		t.Fatal("enginetest: this package needs func TestMain(m *testing.M) { enginetest.Main(m) }")
	}
	if shared.engine == nil && shared.err == nil {
		shared.err = start()
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.engine
}

func start() error {
	dir, err := os.MkdirTemp("", "tiendo-engine-")
	if err != nil {
		return fmt.Errorf("enginetest: %w", err)
	}
	shared.dir = dir
	var grants []string
	for i := range databases {
		name := fmt.Sprintf("%s_test_%03d", engine.Database, i+1)
		shared.free = append(shared.free, name)
		grants = append(grants, "SELECT ON "+name+".v_*")
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	shared.engine, err = engine.Start(ctx, engine.Options{Dir: dir, BoardGrants: grants})
	return err
}

func end() error {
	shared.Lock()
	defer shared.Unlock()
	if shared.dir != "" {
		defer os.RemoveAll(shared.dir)
	}
	if shared.engine == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := shared.engine.Stop(ctx); err != nil {
		return err
	}
	if n := shared.engine.Restarts(); n > 0 {
		return fmt.Errorf("enginetest: the engine crashed %d times under these tests", n)
	}
	return nil
}

// Database creates an empty database for one test and returns the connection
// string of the application user for it. The database is dropped after the test.
func Database(t testing.TB) (dsn string) {
	t.Helper()
	dsn, _ = Databases(t)
	return dsn
}

// Databases is Database with the board user's connection string too: it may
// read the views named v_* and nothing else.
func Databases(t testing.TB) (dsn, board string) {
	t.Helper()
	e := Engine(t)
	name := take(t)
	statement(t, e, "CREATE DATABASE "+name+" ENGINE = Atomic")
	t.Cleanup(func() {
		statement(t, e, "DROP DATABASE "+name+" SYNC")
		shared.Lock()
		defer shared.Unlock()
		shared.free = append(shared.free, name)
	})
	return e.DatabaseDSN(name), e.BoardDatabaseDSN(name)
}

func take(t testing.TB) string {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if len(shared.free) == 0 {
		t.Fatalf("enginetest: more than %d databases are in use at once", databases)
	}
	name := shared.free[0]
	shared.free = shared.free[1:]
	return name
}

func statement(t testing.TB, e *engine.Engine, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := e.Exec(ctx, text); err != nil {
		t.Fatalf("enginetest: %s: %v", text, err)
	}
}
