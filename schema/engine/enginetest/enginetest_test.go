package enginetest_test

import (
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"tiendo/schema/engine/enginetest"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

func open(t *testing.T, dsn string) driver.Conn {
	t.Helper()
	options, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func exec(t *testing.T, conn driver.Conn, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if err := conn.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func TestEachTestHasItsOwnEmptyDatabase(t *testing.T) {
	for _, name := range []string{"first", "second", "third"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := open(t, enginetest.Database(t))
			exec(t, conn, "CREATE TABLE fact (n Int64) ENGINE = MergeTree ORDER BY n", "INSERT INTO fact VALUES (1)")
			var n uint64
			if err := conn.QueryRow(t.Context(), "SELECT count() FROM fact").Scan(&n); err != nil || n != 1 {
				t.Fatalf("count = %d, %v; want 1", n, err)
			}
		})
	}
}

func TestBoardReadsViewsOfItsDatabase(t *testing.T) {
	dsn, board := enginetest.Databases(t)
	conn := open(t, dsn)
	exec(t, conn, "CREATE TABLE fact (n Int64) ENGINE = MergeTree ORDER BY n", "INSERT INTO fact VALUES (7)",
		"CREATE VIEW v_fact DEFINER = CURRENT_USER SQL SECURITY DEFINER AS SELECT n FROM fact")
	reader := open(t, board)
	var n int64
	if err := reader.QueryRow(t.Context(), "SELECT n FROM v_fact").Scan(&n); err != nil || n != 7 {
		t.Fatalf("v_fact = %d, %v; want 7", n, err)
	}
	if err := reader.Exec(t.Context(), "SELECT n FROM fact"); err == nil {
		t.Fatal("the board user read a table that is not a view for boards")
	}
}
