package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// serveEnv makes this test binary a process that serves the folder it names
// until it is killed.
const serveEnv = "TIENDO_ENGINE_TEST_SERVE"

func TestMain(m *testing.M) {
	ChildMain()
	if dir := os.Getenv(serveEnv); dir != "" {
		serve(dir)
	}
	os.Exit(m.Run())
}

func serve(dir string) {
	e, err := Start(context.Background(), Options{Dir: dir})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = json.NewEncoder(os.Stdout).Encode(e.PID())
	select {}
}

func start(t *testing.T, o Options) *Engine {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	e, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, e) })
	return e
}

func stop(t *testing.T, e *Engine) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := e.Stop(ctx); err != nil {
		t.Error(err)
	}
}

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

func mustExec(t *testing.T, conn driver.Conn, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if err := conn.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func count(t *testing.T, conn driver.Conn, table string) uint64 {
	t.Helper()
	var n uint64
	if err := conn.QueryRow(t.Context(), "SELECT count() FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func insert(ctx context.Context, conn driver.Conn, values ...int64) error {
	batch, err := conn.PrepareBatch(ctx, "INSERT INTO fact")
	if err != nil {
		return err
	}
	defer batch.Close()
	for _, v := range values {
		if err := batch.Append(v); err != nil {
			return err
		}
	}
	return batch.Send()
}

const createFact = "CREATE TABLE fact (n Int64) ENGINE = MergeTree ORDER BY n"

// eventually waits for what another process does.
func eventually(t *testing.T, what string, within time.Duration, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s", what, within)
		}
	}
}

// running tells whether a process lives and is not merely unreaped.
func running(pid int) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(raw), ") ")
	return !strings.HasPrefix(after, "Z")
}

func TestRestartKeepsDataPasswordsAndPorts(t *testing.T) {
	t.Parallel()
	// A folder's name is in XML and on a command line.
	dir := filepath.Join(t.TempDir(), "dữ liệu & <tỉnh> 'một'")
	first := start(t, Options{Dir: dir})
	conn := open(t, first.DSN())
	mustExec(t, conn, createFact)
	if err := insert(t.Context(), conn, 1, 2, 3); err != nil {
		t.Fatal(err)
	}
	pid := first.PID()
	began := time.Now()
	stop(t, first)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("a clean stop with an idle client took %s", took)
	}
	if running(pid) {
		t.Error("the child outlives Stop")
	}
	select {
	case <-first.Done():
	default:
		t.Error("Done is open after Stop")
	}

	second := start(t, Options{Dir: dir, TCPPort: first.TCPPort, HTTPPort: first.HTTPPort})
	if second.DSN() != first.DSN() || second.BoardDSN() != first.BoardDSN() {
		t.Error("the connection strings changed over a restart on the same ports")
	}
	if n := count(t, open(t, second.DSN()), "fact"); n != 3 {
		t.Errorf("%d rows after the restart, want 3", n)
	}
}

// The engine makes its history file private; as root it could do so to a device that every program needs.
func TestDevicesStayEverybodys(t *testing.T) {
	mode := func() os.FileMode {
		info, err := os.Stat(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode()
	}
	before := mode()
	if before.Perm()&0o022 != 0o022 {
		t.Skipf("%s is already %s, so nothing would show: chmod 666 %s", os.DevNull, before, os.DevNull)
	}
	stop(t, start(t, Options{}))
	if after := mode(); after != before {
		t.Errorf("%s was %s, is %s after an engine ran", os.DevNull, before, after)
	}
}

func TestKilledChildIsRestartedAndKeepsWhatWasAcknowledged(t *testing.T) {
	t.Parallel()
	e := start(t, Options{})
	mustExec(t, open(t, e.DSN()), createFact)

	const rounds, block = 3, 1000
	acknowledged := uint64(0)
	for round := range rounds {
		pid := e.PID()
		var sent atomic.Int32
		killed := make(chan struct{})
		go func() {
			defer close(killed)
			for sent.Load() < 10 {
				time.Sleep(time.Millisecond)
			}
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}()
		conn := open(t, e.DSN())
		for {
			values := make([]int64, block)
			if err := insert(t.Context(), conn, values...); err != nil {
				break
			}
			sent.Add(1)
			acknowledged += block
		}
		<-killed
		eventually(t, "restart", 20*time.Second, func() bool { return e.Restarts() == round+1 })
		if e.PID() == pid {
			t.Fatal("the same process id after a restart")
		}
	}
	got := count(t, open(t, e.DSN()), "fact")
	// The batch in flight at each kill may be there although nobody was told.
	if got < acknowledged || got > acknowledged+rounds*block {
		t.Errorf("%d rows, want %d to %d", got, acknowledged, acknowledged+rounds*block)
	}
	if err := e.Err(); err != nil {
		t.Error(err)
	}
}

func TestOneFolderHasOneEngine(t *testing.T) {
	t.Parallel()
	e := start(t, Options{})
	_, err := Start(t.Context(), Options{Dir: e.Dir})
	held, ok := errors.AsType[*HeldError](err)
	if !ok || held.PID != os.Getpid() || held.Dir != e.Dir {
		t.Fatalf("second Start: %v; want *HeldError naming process %d", err, os.Getpid())
	}
	for _, want := range []string{fmt.Sprintf("process %d", os.Getpid()), e.Dir, "stop it"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	if err := e.Exec(t.Context(), "SELECT 1"); err != nil {
		t.Errorf("the first engine suffered: %v", err)
	}
}

func TestParentsDeathEndsTheChild(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := Attach(t.Context(), dir); !isNotServed(err) {
		t.Fatalf("Attach to a folder never served: %v; want *NotServedError", err)
	}
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), serveEnv+"="+dir)
	parent.Stderr = os.Stderr
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	defer parent.Process.Kill()
	var pid int
	if err := json.NewDecoder(out).Decode(&pid); err != nil {
		t.Fatalf("the serving process did not get ready: %v", err)
	}

	info, err := Attach(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if info.PID != pid || info.SupervisorPID != parent.Process.Pid {
		t.Errorf("attached to child %d of %d, want %d of %d", info.PID, info.SupervisorPID, pid, parent.Process.Pid)
	}
	conn := open(t, info.DSN())
	mustExec(t, conn, createFact, "INSERT INTO fact VALUES (1)")

	_, err = Start(t.Context(), Options{Dir: dir})
	if held, ok := errors.AsType[*HeldError](err); !ok || held.PID != parent.Process.Pid {
		t.Fatalf("Start beside another process: %v; want *HeldError naming process %d", err, parent.Process.Pid)
	}

	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	// Start waits for the orphan to leave the folder.
	e := start(t, Options{Dir: dir})
	if running(pid) {
		t.Error("the folder was taken over while the orphan still runs")
	}
	if n := count(t, open(t, e.DSN()), "fact"); n != 1 {
		t.Errorf("%d rows after the parent was killed, want 1", n)
	}
	stop(t, e)
	if _, err := Attach(t.Context(), dir); !isNotServed(err) {
		t.Errorf("Attach after the stop: %v; want *NotServedError", err)
	}
}

func TestAttachAfterAKilledServerAndBesideARestart(t *testing.T) {
	t.Parallel()
	e := start(t, Options{})
	if err := syscall.Kill(e.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	info, err := Attach(t.Context(), e.Dir)
	if err != nil {
		t.Fatalf("Attach while the engine restarts: %v", err)
	}
	if err := info.verify(t.Context()); err != nil {
		t.Error(err)
	}

	// What a killed supervisor leaves: an announcement nobody stands behind.
	ghost := exec.Command("true")
	if err := ghost.Run(); err != nil {
		t.Fatal(err)
	}
	left := *info
	left.SupervisorPID = ghost.Process.Pid
	left.Nonce = randomToken()
	p := pathsOf(t.TempDir())
	if err := p.create(); err != nil {
		t.Fatal(err)
	}
	if err := announce(p.serving, left); err != nil {
		t.Fatal(err)
	}
	if _, err := Attach(t.Context(), p.root); !isNotServed(err) {
		t.Errorf("Attach to a dead server's announcement: %v; want *NotServedError", err)
	}
}

func isNotServed(err error) bool {
	_, ok := errors.AsType[*NotServedError](err)
	return ok
}

func TestRights(t *testing.T) {
	t.Parallel()
	e := start(t, Options{})
	app := open(t, e.DSN())
	mustExec(t, app, createFact, "INSERT INTO fact VALUES (7)",
		"CREATE VIEW v_fact DEFINER = CURRENT_USER SQL SECURITY DEFINER AS SELECT n FROM fact",
		"CREATE DATABASE tiendo_other", "DROP DATABASE tiendo_other",
		"SELECT count() FROM system.parts", "SELECT count() FROM system.metrics")
	if err := os.WriteFile(filepath.Join(e.Dir, "clickhouse", "user_file.csv"), []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	board := open(t, e.BoardDSN())
	mustExec(t, board, "SELECT n FROM v_fact", "SELECT n FROM v_fact SETTINGS max_execution_time = 5",
		"SELECT name FROM system.columns WHERE table = 'v_fact'")
	conns := map[string]driver.Conn{"app": app, "board": board}
	both, reader := []string{"app", "board"}, []string{"board"}
	for _, c := range []struct {
		name, statement string
		users           []string
	}{
		{"file", "SELECT * FROM file('/etc/passwd', 'LineAsString')", both},
		{"file beside the tables", "SELECT * FROM file('user_file.csv', 'CSV', 'a Int8')", both},
		{"write a file", "INSERT INTO FUNCTION file('stolen.csv', 'CSV', 'a Int8') VALUES (1)", both},
		{"page", "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')", both},
		{"program", "SELECT * FROM executable('id', 'LineAsString', 's String')", reader},
		{"other server", "SELECT * FROM remote('127.0.0.1:1', 'system', 'one')", both},
		{"table over a file", "CREATE TABLE tiendo.leak (s String) ENGINE = File(LineAsString, '/etc/passwd')", both},
		{"table over a page", "CREATE TABLE tiendo.leak (s String) ENGINE = URL('http://127.0.0.1:1/', LineAsString)", both},
		{"table over a program", "CREATE TABLE tiendo.leak (s String) ENGINE = Executable('id', LineAsString)", both},
		{"dictionary over a program", "CREATE DICTIONARY tiendo.leak (k UInt64, s String) PRIMARY KEY k SOURCE(EXECUTABLE(command 'id' format 'CSV')) LAYOUT(FLAT()) LIFETIME(0)", both},
		{"other database", "CREATE DATABASE elsewhere", both},
		{"close the ports", "SYSTEM STOP LISTEN TCP", both},
		{"end the process", "SYSTEM SHUTDOWN", both},
		{"read a table", "SELECT n FROM tiendo.fact", reader},
		{"insert", "INSERT INTO tiendo.fact VALUES (1)", reader},
		{"drop", "DROP VIEW tiendo.v_fact", reader},
		{"create", "CREATE TABLE tiendo.mine (n Int8) ENGINE = Memory", reader},
		{"alter", "ALTER TABLE tiendo.fact DELETE WHERE 1", reader},
		{"queries of others", "SELECT * FROM system.processes", reader},
		{"stop being read-only", "SET readonly = 0", reader},
	} {
		for _, user := range c.users {
			t.Run(c.name+"/"+user, func(t *testing.T) {
				err := conns[user].Exec(t.Context(), c.statement)
				wantCode(t, c.statement, err, 497, 164) // ACCESS_DENIED, READONLY
			})
		}
	}
	if n := count(t, app, "fact"); n != 1 {
		t.Errorf("%d rows after the refused statements, want 1", n)
	}
}

func wantCode(t *testing.T, what string, err error, codes ...int32) {
	t.Helper()
	exception, ok := errors.AsType[*clickhouse.Exception](err)
	if !ok {
		t.Errorf("%s: %v; want a refusal by the engine", what, err)
	} else if !slices.Contains(codes, exception.Code) {
		t.Errorf("%s: refused for another reason: %v", what, err)
	}
}

// The scalar function file() has no right of its own and, in the engine as a
// library, no folder of its own: only the kernel can keep it away from files.
func TestSandbox(t *testing.T) {
	t.Parallel()
	if !Sandboxed() {
		t.Skip("this kernel has no Landlock: see Sandboxed")
	}
	e := start(t, Options{})
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	for user, dsn := range map[string]string{"app": e.DSN(), "board": e.BoardDSN()} {
		conn := open(t, dsn)
		for _, path := range []string{"/etc/passwd", "/etc/hostname", outside, e.paths.secrets, e.paths.serving,
			fmt.Sprintf("/proc/%d/environ", os.Getpid()), fmt.Sprintf("/proc/%d/mem", os.Getpid())} {
			err := conn.Exec(t.Context(), "SELECT length(file('"+path+"'))")
			wantCode(t, user+" reads "+path, err, 107, 76, 75) // FILE_DOESNT_EXIST (its code for open), CANNOT_OPEN_FILE, CANNOT_READ...
		}
	}
	// What the engine needs of the machine it still has.
	if log, err := os.ReadFile(e.paths.log); err == nil && strings.Contains(string(log), "ermission denied: /proc") {
		t.Errorf("the sandbox keeps the engine from its own files:\n%s", log)
	}
	environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", e.PID()))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(string(environment), "\x00"); got != 4 {
		t.Errorf("the child got %d variables, want the 4 it needs: %q", got, environment)
	}
}

func TestWrongPasswords(t *testing.T) {
	t.Parallel()
	e := start(t, Options{})
	for _, c := range []struct{ name, user, password string }{
		{"application user without password", User, ""},
		{"application user with a wrong one", User, "wrong"},
		{"application user with the board's", User, e.BoardPassword},
		{"board user without password", BoardUser, ""},
		{"unknown user", "admin", "admin"},
		{"the engine's own user, who has none", "default", ""},
		{"the engine's own user with one", "default", "x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := open(t, e.dsn(c.user, c.password, "default")).Ping(t.Context())
			wantCode(t, "native", err, 516, 700) // AUTHENTICATION_FAILED, USER_SESSION_LIMIT_EXCEEDED
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.HTTPURL()+"/?query=SELECT+1", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.SetBasicAuth(c.user, c.password)
			resp, err := loopbackClient().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			code := resp.Header.Get("X-ClickHouse-Exception-Code")
			if resp.StatusCode == http.StatusOK || !slices.Contains([]string{"194", "516", "700"}, code) {
				t.Errorf("http: %s, code %q", resp.Status, code)
			}
		})
	}
	if e.Restarts() != 0 {
		t.Error("a wrong password ended the engine")
	}
}

func TestHostileClientsDoNotEndTheEngine(t *testing.T) {
	t.Parallel()
	e := start(t, Options{})
	pid := e.PID()
	garbage := strings.Repeat("\xff\x00\x80tiendo\r\n", 4096)
	for _, port := range []int{e.TCPPort, e.HTTPPort} {
		for _, c := range []struct{ name, sent string }{
			{"nothing", ""},
			{"half a hello", "\x00\x05click"},
			{"hello with a length beyond memory", "\x00\xff\xff\xff\xff\xff\xff\xff\xff\x7f"},
			{"half a request line", "POST /?query=INS"},
			{"half a header", "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Le"},
			{"half a body", "POST /?user=tiendo&password=" + e.Password + "&query=INSERT+INTO+fact+FORMAT+TSV HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n1\n2\n"},
			{"half a chunk", "POST /?user=tiendo&password=" + e.Password + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nSELECT"},
			{"slow answer unread", "GET /?user=tiendo&password=" + e.Password + "&query=SELECT+number+FROM+numbers(10000000) HTTP/1.1\r\nHost: x\r\n\r\n"},
			{"garbage", garbage},
		} {
			for _, end := range []string{"close", "reset", "half-close"} {
				t.Run(fmt.Sprintf("%d/%s/%s", port, c.name, end), func(t *testing.T) {
					for range 3 {
						hostile(t, port, c.sent, end)
					}
				})
			}
		}
	}
	if e.PID() != pid || e.Restarts() != 0 || !running(pid) {
		t.Fatalf("the engine was ended %d times", e.Restarts())
	}
	conn := open(t, e.DSN())
	mustExec(t, conn, createFact, "INSERT INTO fact VALUES (1)")
	if n := count(t, conn, "fact"); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}

// hostile sends and leaves; that the engine cuts the connection first is its right.
func hostile(t *testing.T, port int, sent, end string) {
	t.Helper()
	c, err := net.Dial("tcp", address(port))
	if err != nil {
		t.Fatalf("the engine takes no connection any more: %v", err)
	}
	defer c.Close()
	_, _ = c.Write([]byte(sent))
	time.Sleep(5 * time.Millisecond) // let the engine begin to read
	switch end {
	case "reset":
		_ = c.(*net.TCPConn).SetLinger(0)
	case "half-close":
		_ = c.(*net.TCPConn).CloseWrite()
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		_, _ = c.Read(make([]byte, 512))
	}
}

func TestMemoryLimitFailsTheQueryOnly(t *testing.T) {
	t.Parallel()
	e := start(t, Options{MemoryLimit: 512 << 20})
	conn := open(t, e.DSN())
	err := conn.Exec(t.Context(), "SELECT length(groupArray(number)) FROM numbers(1000000000) SETTINGS max_memory_usage = 0")
	wantCode(t, "a query beyond the limit", err, 241) // MEMORY_LIMIT_EXCEEDED
	mustExec(t, conn, "SELECT 1")
	if e.Restarts() != 0 {
		t.Error("the limit ended the engine")
	}
}

func TestStopDoesNotWaitForAQuery(t *testing.T) {
	t.Parallel()
	e := start(t, Options{})
	asked := make(chan error, 1)
	conn := open(t, e.DSN())
	mustExec(t, conn, "SELECT 1")
	go func() {
		asked <- conn.Exec(context.Background(), "SELECT sleepEachRow(1) FROM numbers(120) SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0")
	}()
	time.Sleep(200 * time.Millisecond)
	began := time.Now()
	stop(t, e)
	if took := time.Since(began); took > defaultStop+2*time.Second {
		t.Errorf("stopped after %s", took)
	} else {
		t.Logf("stopped after %s", took)
	}
	if err := <-asked; err == nil {
		t.Error("the query ended well before its time")
	}
}

func TestPrivateFiles(t *testing.T) {
	t.Parallel()
	e := start(t, Options{})
	for _, path := range []string{e.paths.secrets, e.paths.serving, e.paths.config, e.paths.users, e.paths.lock} {
		st, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if st.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %s: others can read it", path, st.Mode())
		}
	}
	for _, dir := range []string{e.paths.own, e.paths.tables, e.paths.backups} {
		if st, err := os.Stat(dir); err != nil || st.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v; want mode 0700", dir, st.Mode(), err)
		}
	}
	command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", e.PID()))
	if err == nil && (strings.Contains(string(command), e.Password) || strings.Contains(string(command), e.BoardPassword)) {
		t.Error("a password is on the command line")
	}
	stop(t, e)
	if _, err := os.Stat(e.paths.serving); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the announcement outlives Stop: %v", err)
	}
}

func TestStartRefusals(t *testing.T) {
	taken, err := net.Listen("tcp", address(0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	port := taken.Addr().(*net.TCPAddr).Port
	notALibrary := filepath.Join(t.TempDir(), "libchdb.so")
	if err := os.WriteFile(notALibrary, []byte("not a library"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		options Options
		want    []string
	}{
		{"no folder", Options{}, []string{"no data folder"}},
		{"folder is a file", Options{Dir: file}, []string{"data folder", file}},
		{"native port taken", Options{Dir: t.TempDir(), TCPPort: port}, []string{fmt.Sprint(port), "is not free", "choose another"}},
		{"http port taken", Options{Dir: t.TempDir(), HTTPPort: port}, []string{fmt.Sprint(port), "is not free", "choose another"}},
		{"no such library", Options{Dir: t.TempDir(), Library: "/nowhere"}, []string{"npm ci", "/nowhere", LibraryEnv}},
		{"library is something else", Options{Dir: t.TempDir(), Library: notALibrary}, []string{"load " + notALibrary, LibraryVersion}},
		{"child is another program", Options{Dir: t.TempDir(), Command: []string{"false"}}, []string{"child"}},
		{"no such program", Options{Dir: t.TempDir(), Command: []string{"/nowhere/tiendo"}}, []string{"/nowhere/tiendo"}},
		{"child never answers", Options{Dir: t.TempDir(), Command: []string{"sleep", "60"}, StartTimeout: 200 * time.Millisecond}, []string{"did not get ready", "no answer within 200ms"}},
		{"board may write", Options{Dir: t.TempDir(), BoardGrants: []string{"INSERT ON tiendo.*"}}, []string{"board grant", "INSERT ON tiendo.*"}},
		{"board grant for another", Options{Dir: t.TempDir(), BoardGrants: []string{"SELECT ON tiendo.v_x TO default"}}, []string{"board grant"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e, err := Start(t.Context(), c.options)
			if err == nil {
				stop(t, e)
				t.Fatal("started")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestStartInsideAChildIsRefused(t *testing.T) {
	t.Setenv(childEnv, "1")
	if _, err := Start(t.Context(), Options{Dir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "ChildMain") {
		t.Errorf("Start in a child: %v", err)
	}
}

// A port may be taken between its choice and its use: the child has to end and
// say so, or Start could not try another.
func TestTakenPortIsToldByTheChild(t *testing.T) {
	t.Parallel()
	for _, which := range []string{"native", "http"} {
		t.Run(which, func(t *testing.T) {
			t.Parallel()
			o, err := Options{Dir: t.TempDir()}.withDefaults()
			if err != nil {
				t.Fatal(err)
			}
			p := pathsOf(o.Dir)
			if err := p.create(); err != nil {
				t.Fatal(err)
			}
			lock, err := acquireLock(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			defer lock.release()
			library, err := FindLibrary("")
			if err != nil {
				t.Fatal(err)
			}
			e := &Engine{options: o, library: library, paths: p, lock: lock}
			if e.TCPPort, e.HTTPPort, err = choosePorts(0, 0); err != nil {
				t.Fatal(err)
			}
			port := map[string]int{"native": e.TCPPort, "http": e.HTTPPort}[which]
			taken, err := net.Listen("tcp", address(port))
			if err != nil {
				t.Fatal(err)
			}
			defer taken.Close()
			began := time.Now()
			if err := e.launch(t.Context()); err == nil || !isAddressInUse(err) {
				t.Errorf("launch on a taken port: %v", err)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("told after %s", took)
			}
		})
	}
}
