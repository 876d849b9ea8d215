package engine

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestURLPort(t *testing.T) {
	t.Parallel()
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, `{"n":7}`) }))
	t.Cleanup(pages.Close)
	others := httptest.NewServer(pages.Config.Handler)
	t.Cleanup(others.Close)
	port := pages.Listener.Addr().(*net.TCPAddr).Port
	query := func(url string) string {
		return "SELECT * FROM url('" + url + "', 'JSONEachRow', 'n Int64') SETTINGS http_max_tries = 1"
	}

	closed := start(t, Options{})
	wantCode(t, "url() by default", open(t, closed.DSN()).Exec(t.Context(), query(pages.URL)), 497)
	if text, err := os.ReadFile(closed.paths.users); err != nil || strings.Contains(string(text), "READ ON") {
		t.Errorf("%s grants reading by default: %v", closed.paths.users, err)
	}

	e := start(t, Options{URLPort: port})
	var n int64
	if err := open(t, e.DSN()).QueryRow(t.Context(), query(pages.URL)).Scan(&n); err != nil || n != 7 {
		t.Errorf("url() on the given port: %d, %v; want 7", n, err)
	}
	if landlockVersion() >= 4 {
		wantCode(t, "url() on another port", open(t, e.DSN()).Exec(t.Context(), query(others.URL)), 1000) // permission denied, by the kernel
	}
	wantCode(t, "url() by the board user", open(t, e.BoardDSN()).Exec(t.Context(), query(pages.URL)), 497, 164)
	wantCode(t, "table over a page", open(t, e.DSN()).Exec(t.Context(), "CREATE TABLE tiendo.leak (s String) ENGINE = URL('"+pages.URL+"', LineAsString)"), 497)
	wantCode(t, "remote", open(t, e.DSN()).Exec(t.Context(), "SELECT * FROM remote('"+others.Listener.Addr().String()+"', 'system', 'one')"), 497)
}

// The kernel keeps to the port whatever the engine's own settings allow.
func TestSandboxPorts(t *testing.T) {
	if os.Getenv("TIENDO_TEST_PORTS") == "" {
		if landlockVersion() < 4 {
			t.Skip("this kernel has no rules for ports: see Sandboxed")
		}
		given, other := httptest.NewServer(http.NotFoundHandler()), httptest.NewServer(http.NotFoundHandler())
		defer given.Close()
		defer other.Close()
		port := func(s *httptest.Server) string { return strconv.Itoa(s.Listener.Addr().(*net.TCPAddr).Port) }
		for _, c := range []struct{ name, port, reach, want string }{
			{"closed", "0", port(given), "permission denied"},
			{"the given port", port(given), port(given), "connected"},
			{"another port", port(given), port(other), "permission denied"},
		} {
			t.Run(c.name, func(t *testing.T) {
				cmd := exec.Command(os.Args[0], "-test.run=^TestSandboxPorts$", "-test.v")
				cmd.Env = append(os.Environ(), "TIENDO_TEST_PORTS="+c.port+" "+c.reach)
				out, err := cmd.CombinedOutput()
				if err != nil || !strings.Contains(string(out), c.want) {
					t.Errorf("want %q: %v\n%s", c.want, err, out)
				}
			})
		}
		return
	}
	var port, reach int
	if _, err := fmt.Sscan(os.Getenv("TIENDO_TEST_PORTS"), &port, &reach); err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread()
	if err := confine(nil, nil, port); err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: reach, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("connected")
}
