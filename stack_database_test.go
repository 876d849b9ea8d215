package tiendo_test

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"golang.org/x/sync/errgroup"

	"tiendo/schema"
	"tiendo/schema/engine"
)

// The database of the stack: its users and their rights, its settings, backup and daily work, on the embedded engine.

// server is a ClickHouse with the users and the settings of the stack's server, its backups in a folder of the test.
type server struct {
	engine *engine.Engine
	env    map[string]string
}

func newServer(t *testing.T) *server {
	t.Helper()
	_, env := settings(t)
	dir := t.TempDir()
	// The engine reads its configuration as a server does, with what lies in the folders beside it; it may only open what is
	// below its own folders, so the files lie there.
	for from, to := range map[string]string{"schema/server/users.xml": "users.d", "schema/server/config.d/tiendo.xml": "config.d"} {
		content := strings.ReplaceAll(read(t, from), "/backups/", filepath.Join(dir, "backups")+"/")
		if err := errors.Join(
			os.MkdirAll(filepath.Join(dir, "log", to), 0o700), os.MkdirAll(filepath.Join(dir, "engine"), 0o700),
			os.WriteFile(filepath.Join(dir, "log", to, "stack.xml"), []byte(content), 0o600),
			os.Symlink(filepath.Join("..", "log", to), filepath.Join(dir, "engine", to)),
		); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := []string{"env"}
	for name, value := range env {
		if strings.HasPrefix(name, "TIENDO_DB_") {
			command = append(command, name+"="+value)
		}
	}
	e, err := engine.Start(t.Context(), engine.Options{Dir: dir, Command: append(command, self)})
	if err != nil {
		t.Fatalf("ClickHouse does not take the configuration: %v", err)
	}
	t.Cleanup(func() {
		if err := e.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return &server{e, env}
}

// dsn is the address for one of the users of users.xml, as docker-compose.yml writes it.
func (s *server) dsn(user string) string {
	u := url.URL{Scheme: "clickhouse", Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.engine.TCPPort)), Path: "/tiendo",
		User: url.UserPassword(user, s.env["TIENDO_DB_"+strings.ToUpper(user)+"_PASSWORD"])}
	return u.String()
}

func (s *server) connect(t *testing.T, user string) clickhouse.Conn {
	t.Helper()
	opt, err := clickhouse.ParseDSN(s.dsn(user))
	if err != nil {
		t.Fatal(err)
	}
	opt.Auth.Database = "" // it may not be there
	c, err := clickhouse.Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func (s *server) store(t *testing.T, user string) *schema.Store {
	t.Helper()
	st, err := schema.Open(t.Context(), s.dsn(user), "kien-giang-2022-2025")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

const notAllowed = 497

func TestDatabaseUsers(t *testing.T) {
	s := newServer(t)
	ctx := t.Context()
	if err := schema.CreateDatabase(ctx, s.dsn("migrator")); err != nil {
		t.Fatal(err)
	}
	migrator := s.store(t, "migrator")
	if current, err := migrator.Current(ctx); err != nil || current {
		t.Fatalf("an empty database: current %v, %v", current, err)
	}
	if err := errors.Join(migrator.Migrate(ctx), migrator.Migrate(ctx)); err != nil {
		t.Fatal(err)
	}

	// The daily work: no table is made, everything is read and written, a replay empties what it makes again.
	writer := s.store(t, "writer")
	if current, err := writer.Current(ctx); err != nil || !current {
		t.Fatalf("after the migration, seen by the writer: current %v, %v", current, err)
	}
	if err := errors.Join(writer.SetSetting(ctx, "a", "b"), writer.Reset(ctx), writer.Rebuilt(ctx)); err != nil {
		t.Error(err)
	}
	var clickhouseError *clickhouse.Exception
	if err := writer.Migrate(ctx); !errors.As(err, &clickhouseError) || clickhouseError.Code != notAllowed {
		t.Errorf("the writer may make views: %v", err)
	}

	conn := map[string]clickhouse.Conn{}
	for _, user := range []string{"migrator", "writer", "boards"} {
		conn[user] = s.connect(t, user)
	}
	for _, c := range []struct {
		user, statement string
		code            int32 // 0: it may
	}{
		{"migrator", "CREATE TABLE tiendo.x (a UInt8) ENGINE = MergeTree ORDER BY a", 0},
		{"migrator", "INSERT INTO tiendo.x SELECT 1", 0},
		{"migrator", "CREATE TABLE tiendo.y (a String) ENGINE = File(CSV)", notAllowed},
		{"migrator", "CREATE DATABASE other", notAllowed},
		{"migrator", "CREATE USER other", notAllowed},
		{"migrator", "SELECT * FROM file('/etc/passwd', LineAsString)", notAllowed},
		{"migrator", "SELECT * FROM url('http://127.0.0.1/', LineAsString)", notAllowed},
		{"writer", "INSERT INTO tiendo.x SELECT 2", 0},
		{"writer", "SELECT * FROM tiendo.x", 0},
		{"writer", "ALTER TABLE tiendo.x DELETE WHERE a = 2 SETTINGS mutations_sync = 1", 0},
		{"writer", "ALTER TABLE tiendo.x ADD COLUMN b UInt8", notAllowed},
		{"writer", "CREATE TABLE tiendo.y (a UInt8) ENGINE = MergeTree ORDER BY a", notAllowed},
		{"writer", "CREATE VIEW tiendo.v_y AS SELECT 1", notAllowed},
		{"writer", "DROP TABLE tiendo.x", notAllowed},
		{"writer", "TRUNCATE TABLE tiendo.x", notAllowed},
		{"writer", "DROP DATABASE tiendo", notAllowed},
		{"writer", "BACKUP DATABASE tiendo TO File('w.zip')", notAllowed},
		{"writer", "SELECT * FROM file('/etc/passwd', LineAsString)", notAllowed},
		{"writer", "SELECT * FROM system.users", notAllowed},
		{"boards", "SELECT * FROM tiendo.v_setting", 0},
		{"boards", "SELECT * FROM tiendo.v_source", 0},
		{"boards", "SELECT * FROM tiendo.v_setting SETTINGS max_execution_time = 30", 0}, // as the data source asks
		{"boards", "SELECT * FROM tiendo.v_setting SETTINGS max_execution_time = 600", 452},
		{"boards", "SELECT * FROM tiendo.v_setting SETTINGS readonly = 0", 164},
		{"boards", "SELECT * FROM tiendo.setting", notAllowed},
		{"boards", "SELECT * FROM tiendo.payload", notAllowed},
		{"boards", "INSERT INTO tiendo.setting (plan, name, value) VALUES ('p', 'a', 'b')", notAllowed},
		{"boards", "DROP VIEW tiendo.v_setting", notAllowed},
		{"boards", "SELECT * FROM file('/etc/passwd', LineAsString)", notAllowed},
		{"boards", "SELECT * FROM system.users", notAllowed},
		{"boards", "SELECT * FROM system.processes", notAllowed},
	} {
		err := conn[c.user].Exec(ctx, c.statement)
		switch e := (*clickhouse.Exception)(nil); {
		case c.code == 0 && err != nil:
			t.Errorf("%s, %s: %v", c.user, c.statement, err)
		case c.code != 0 && (!errors.As(err, &e) || e.Code != c.code):
			t.Errorf("%s, %s: %v, want error %d", c.user, c.statement, err, c.code)
		}
	}

	// Every view is read by the boards with the rights of the migrator, which must do for whatever it reads.
	views, err := conn["boards"].Query(ctx, "SELECT name, create_table_query FROM system.tables WHERE database = 'tiendo'")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for views.Next() {
		var name, text string
		if err := views.Scan(&name, &text); err != nil {
			t.Fatal(err)
		}
		n++
		if !strings.Contains(text, "DEFINER = migrator SQL SECURITY DEFINER") {
			t.Errorf("%s does not read with the migrator's rights", name)
		}
		values := map[string]string{}
		for _, m := range regexp.MustCompile(`\{(\w+):(\w+)\}`).FindAllStringSubmatch(text, -1) {
			values[m[1]] = m[1] + " = '" + map[string]string{"Date32": "2025-06-29"}[m[2]] + "'"
		}
		from := "tiendo." + name
		if len(values) > 0 {
			from += "(" + strings.Join(slices.Sorted(maps.Values(values)), ", ") + ")"
		}
		if err := conn["boards"].Exec(ctx, "SELECT * FROM "+from+" FORMAT Null"); err != nil {
			t.Errorf("boards, %s: %v", from, err)
		}
	}
	if err := views.Err(); err != nil || n < 20 {
		t.Errorf("the boards see %d views: %v", n, err)
	}
	wrong, err := clickhouse.ParseDSN(strings.Replace(s.dsn("writer"), s.env["TIENDO_DB_WRITER_PASSWORD"], "", 1))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := clickhouse.Open(wrong); err != nil || c.Ping(ctx) == nil {
		t.Errorf("the writer gets in without a password: %v", err)
	}
}

// statements are the SQL that the documentation hands to clickhouse-client, in order.
func statements(t *testing.T) (out []string) {
	t.Helper()
	for _, block := range regexp.MustCompile("(?s)<<'SQL'\n(.*?)\nSQL\n").FindAllStringSubmatch(read(t, "docs/STACK.md"), -1) {
		for s := range strings.SplitSeq(block[1], ";") {
			if s = strings.TrimSpace(s); s != "" {
				out = append(out, s)
			}
		}
	}
	return out
}

// TestBackupAndRestore does what docs/STACK.md says, on tables full of rows: after a full backup, a day's work, a backup of
// that day, and the loss of everything, all of it is there again, cursors too, and the boards read it.
func TestBackupAndRestore(t *testing.T) {
	s := newServer(t)
	ctx := t.Context()
	if err := schema.CreateDatabase(ctx, s.dsn("migrator")); err != nil {
		t.Fatal(err)
	}
	if err := s.store(t, "migrator").Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	migrator := s.connect(t, "migrator")
	tables := map[string]string{} // name -> structure
	rows, err := migrator.Query(ctx, `SELECT t.name, arrayStringConcat(groupArray(concat('\x60', c.name, '\x60 ', c.type)), ', ') FROM
		(SELECT name FROM system.tables WHERE database = 'tiendo' AND engine LIKE '%MergeTree' AND name != 'goose_db_version') AS t
		INNER JOIN (SELECT * FROM system.columns WHERE database = 'tiendo' AND default_kind NOT IN ('MATERIALIZED', 'ALIAS')) AS c ON c.table = t.name GROUP BY t.name`)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var name, structure string
		if err := rows.Scan(&name, &structure); err != nil {
			t.Fatal(err)
		}
		tables[name] = structure
	}
	if err := rows.Err(); err != nil || len(tables) < 15 {
		t.Fatalf("only %d tables: %v", len(tables), err)
	}
	fill := func(only ...string) {
		var all errgroup.Group
		all.SetLimit(8)
		for name, structure := range tables {
			if len(only) > 0 && !slices.Contains(only, name) {
				continue
			}
			columns := regexp.MustCompile("`[^`]+`").FindAllString(structure, -1)
			// The server's own users may not make up rows; the engine's may.
			all.Go(func() error {
				err := s.engine.Exec(ctx, fmt.Sprintf("INSERT INTO tiendo.%s (%s) SELECT * FROM generateRandom('%s', NULL, 8, 3) LIMIT 5 SETTINGS max_partitions_per_insert_block = 0, max_threads = 1",
					name, strings.Join(columns, ", "), strings.ReplaceAll(structure, "'", `\'`)))
				if err != nil {
					err = fmt.Errorf("fill %s: %w", name, err)
				}
				return err
			})
		}
		if err := all.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	cursor := func(at int) {
		if err := s.connect(t, "writer").Exec(ctx, `INSERT INTO tiendo.page (plan, source, run_id, page, sha256, fetched_at, cursor, committed_at)
			VALUES ('kien-giang-2022-2025', 'dossiers', 'r', ?, 'x', now64(), ?, now64())`, at, fmt.Sprintf(`{"since":"2025-06-0%dT00:00:00Z"}`, at)); err != nil {
			t.Fatal(err)
		}
	}
	content := func() map[string]string {
		all := map[string]string{}
		for name := range tables {
			var n, sum uint64
			if err := migrator.QueryRow(ctx, "SELECT count(), sum(cityHash64(toString(tuple(*)))) FROM tiendo."+name).Scan(&n, &sum); err != nil {
				t.Fatalf("read %s: %v", name, err)
			}
			if n < 5 {
				t.Fatalf("%s has %d rows", name, n)
			}
			all[name] = fmt.Sprintf("%d rows, sum %d", n, sum)
		}
		c, err := s.store(t, "writer").Cursor(ctx, "dossiers")
		if err != nil {
			t.Fatal(err)
		}
		all["cursor"] = c.Since.String()
		return all
	}

	said := statements(t)
	if len(said) != 4 {
		t.Fatalf("docs/STACK.md has %d statements, want full backup, day's backup, drop, restore: %q", len(said), said)
	}
	do := func(statement string) {
		if err := migrator.Exec(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	fill()
	cursor(1)
	do(said[0])
	fill("measure", "assessment", "payload") // a day's work
	cursor(2)
	want := content()
	do(said[1])
	cursor(3) // lost
	do(said[2])
	do(said[3])
	got := content()
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: restored %s, want %s", name, got[name], want[name])
		}
	}
	if !strings.Contains(got["cursor"], "2025-06-02") {
		t.Errorf("the restored cursor is %s", got["cursor"])
	}
	if current, err := s.store(t, "writer").Current(ctx); err != nil || !current {
		t.Errorf("after the restore: current %v, %v", current, err)
	}
	var n uint64
	if err := s.connect(t, "boards").QueryRow(ctx, "SELECT count() FROM tiendo.v_page").Scan(&n); err != nil || n == 0 {
		t.Errorf("after the restore the boards read %d pages: %v", n, err)
	}
}

// Every setting of the server's file is one that ClickHouse of this version knows; the engine as a library takes any.
func TestServerSettings(t *testing.T) {
	s := newServer(t)
	known := map[string]bool{ // sections, and what is no setting of its own in system.server_settings
		"logger": true, "timezone": true, "access_control_improvements": true, "backups": true, "mysql_port": true,
		"postgresql_port": true, "interserver_http_port": true, "mlock_executable": true,
	}
	opt, err := clickhouse.ParseDSN(s.engine.DSN()) // the server's own users have no right to look
	if err != nil {
		t.Fatal(err)
	}
	c, err := clickhouse.Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	var names []string
	if err := c.QueryRow(t.Context(), "SELECT groupArray(name) FROM system.server_settings").Scan(&names); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		known[name] = true
	}
	var file struct {
		Elements []struct {
			XMLName xml.Name
			Remove  string `xml:"remove,attr"`
		} `xml:",any"`
	}
	if err := xml.Unmarshal([]byte(read(t, "schema/server/config.d/tiendo.xml")), &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Elements) < 20 {
		t.Errorf("only %d settings were looked at", len(file.Elements))
	}
	for _, e := range file.Elements {
		if name := e.XMLName.Local; !known[name] && !strings.HasSuffix(name, "_log") {
			t.Errorf("ClickHouse %s has no setting %s", engine.LibraryVersion, name)
		}
	}
	for _, must := range []string{"<allowed_path>/backups/</allowed_path>", "<table_engines_require_grant>true<", "<select_from_system_db_requires_grant>true<"} {
		if !strings.Contains(read(t, "schema/server/config.d/tiendo.xml"), must) {
			t.Errorf("the server's configuration has no %s", must)
		}
	}
	if users := read(t, "schema/server/users.xml"); strings.Contains(users, "<default>\n                <password") || strings.Contains(users, "<password/>") || strings.Count(users, "<password from_env=") != 3 {
		t.Error("want exactly three users, whose passwords come from the environment")
	}
}

// TestDailyWork runs the commands of docker-compose.yml as its users: the migrator makes the tables, after which the writer
// collects, computes and reads without a right to make or drop any.
func TestDailyWork(t *testing.T) {
	s := newServer(t)
	tiendo := filepath.Join(t.TempDir(), "tiendo")
	build := exec.Command("go", "build", "-o", tiendo, "./cmd/tiendo")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, out)
	}
	data := t.TempDir()
	run := func(user string, args ...string) (string, error) {
		cmd := exec.Command(tiendo, append(args, "--plan", "an-giang-766-2025", "--data", data)...)
		cmd.Env = []string{"TIENDO_CLICKHOUSE=" + s.dsn(user), "PATH=" + os.Getenv("PATH")}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run("writer", "status"); err == nil {
		t.Errorf("status before anything was migrated: %s", out)
	}
	for _, c := range []struct {
		user string
		args []string
		want string
	}{
		{"migrator", []string{"migrate"}, "tables are at version"},
		{"writer", []string{"demo", "--exit"}, "Từ khi khởi động đến bảng tổng hợp"},
		{"writer", []string{"status"}, "score-766"},
		{"writer", []string{"progress", "--indicator", "T-TONG", "--as-of", "2025-08-31", "--known-on", "2025-10-15"}, "80,2"},
	} {
		if out, err := run(c.user, c.args...); err != nil || !strings.Contains(out, c.want) {
			t.Errorf("tiendo %v as %s: %v: %s", c.args, c.user, err, out)
		}
	}
	if entries, err := os.ReadDir(filepath.Join(data, "engine")); err == nil {
		t.Errorf("an engine was started beside the server: %v", entries)
	}
}
