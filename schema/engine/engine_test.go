package engine

import (
	"context"
	"testing"
	"time"
	"os"
	"fmt"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
)

func TestMain(m *testing.M) {
	ChildMain()
	os.Exit(m.Run())
}

func TestSpike(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	t0 := time.Now()
	e, err := Start(ctx, Options{Dir: dir})
	if err != nil { t.Fatal(err) }
	t.Log("ready", time.Since(t0))
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", e.PID()))
	for _, l := range strings.Split(string(raw), "\n") { if strings.HasPrefix(l, "VmRSS") || strings.HasPrefix(l, "Threads")|| strings.HasPrefix(l, "Rss") { t.Log(l) } }
	for _, dsn := range []string{e.DSN(), e.BoardDSN(), strings.Replace(strings.Replace(e.DSN(), "tiendo:"+e.Password, "default:", 1),"/tiendo","/default",1)} {
		o, err := clickhouse.ParseDSN(dsn)
		if err != nil { t.Fatal(err) }
		c, err := clickhouse.Open(o)
		if err != nil { t.Fatal(err) }
		for _, q := range []string{"SELECT toString(count()) FROM system.tables", "SELECT toString(count()) FROM file('/etc/passwd','LineAsString')", "SELECT * FROM system.macros",
			"SELECT toString(groupArray((name,value))) FROM system.server_settings WHERE name LIKE '%pool_size' or name like '%cache_size' or name = 'max_server_memory_usage'",
			"SELECT arrayStringConcat(groupArray(name||'.'||engine), ', ') FROM system.databases", "SELECT timezone()",
			"SELECT toString(groupArray((metric,value))) from system.metrics where value>0", "SELECT toString(groupArray((metric,value))) from system.asynchronous_metrics where metric like '%emory%' or metric like 'jemalloc%'"} {
			var s string
			err := c.QueryRow(ctx, q).Scan(&s)
			t.Log(q, s, err)
		}
		for _, q := range []string{"CREATE TABLE IF NOT EXISTS x (a Int32) ENGINE=MergeTree ORDER BY a", "INSERT INTO x VALUES (1)", "CREATE VIEW IF NOT EXISTS v_x AS SELECT * FROM x","CREATE VIEW IF NOT EXISTS v_y DEFINER = CURRENT_USER SQL SECURITY DEFINER AS SELECT * FROM x", "SELECT * FROM v_x", "SELECT * FROM v_y", "SELECT * FROM x", "SET max_threads=1", "CREATE DATABASE foo", "CREATE DATABASE tiendo_foo", "SYSTEM STOP LISTEN TCP",
		"BACKUP DATABASE tiendo TO File('b1.zip')"} {
			t.Log(q, c.Exec(ctx, q))
		}
	}
	t0 = time.Now()
	t.Log(e.Stop(ctx), time.Since(t0))
	b, _ := os.ReadFile(dir+"/engine/clickhouse.log")
	t.Log(string(b))
}
