package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

const attachWait = 10 * time.Second // an engine that restarts is away for a moment

// Info is how to reach a running engine. It holds passwords: never log it whole.
type Info struct {
	Dir           string `json:"-"`
	SupervisorPID int    `json:"supervisor_pid"`
	PID           int    `json:"pid"` // the child's, when this was read; of an Engine ask PID()
	TCPPort       int    `json:"tcp_port"`
	HTTPPort      int    `json:"http_port"`
	Nonce         string `json:"nonce"` // of that start of the child; empty in an Engine
	Password      string `json:"-"`     // of User
	BoardPassword string `json:"-"`     // of BoardUser
}

// DSN is the native-protocol connection string of the application user, for the
// application's database.
func (i Info) DSN() string { return i.DatabaseDSN(Database) }

// DatabaseDSN is DSN for another database.
func (i Info) DatabaseDSN(database string) string {
	return i.dsn(User, i.Password, database)
}

// BoardDSN is the connection string of the read-only user.
func (i Info) BoardDSN() string { return i.BoardDatabaseDSN(Database) }

// BoardDatabaseDSN is BoardDSN for another database.
func (i Info) BoardDatabaseDSN(database string) string {
	return i.dsn(BoardUser, i.BoardPassword, database)
}

func (i Info) dsn(user, password, database string) string {
	u := url.URL{Scheme: "clickhouse", User: url.UserPassword(user, password), Host: address(i.TCPPort), Path: "/" + database}
	return u.String()
}

// HTTPURL is the root of the HTTP interface, without user and password.
func (i Info) HTTPURL() string { return "http://" + address(i.HTTPPort) }

func address(port int) string { return net.JoinHostPort(loopback, strconv.Itoa(port)) }

// NotServedError says that no engine serves a data folder.
type NotServedError struct {
	Dir string
	Err error // why the engine once announced there does not count; nil when none was
}

func (e *NotServedError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("engine: nobody serves the data folder %s: %v", e.Dir, e.Err)
	}
	return fmt.Sprintf("engine: nobody serves the data folder %s", e.Dir)
}

func (e *NotServedError) Unwrap() error { return e.Err }

// Attach tells how to reach the engine that another process of the same user
// serves on dir, after making sure that it is that engine that answers. An
// engine that is just restarting is waited for up to 10 s.
//
// Errors: *NotServedError when nobody serves dir.
func Attach(ctx context.Context, dir string) (*Info, error) {
	o, err := Options{Dir: dir}.withDefaults()
	if err != nil {
		return nil, err
	}
	p := pathsOf(o.Dir)
	ctx, cancel := context.WithTimeout(ctx, attachWait)
	defer cancel()
	for {
		info, err := readServing(p)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &NotServedError{Dir: o.Dir}
		}
		if err == nil {
			err = info.verify(ctx)
		}
		if !alive(info.SupervisorPID) { // its child may answer for a last moment
			return nil, &NotServedError{Dir: o.Dir, Err: err}
		}
		if err == nil {
			return &info, nil
		}
		select {
		case <-ctx.Done():
			return nil, &NotServedError{Dir: o.Dir, Err: err}
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func announce(path string, info Info) error { return writePrivate(path, info) }

func readServing(p paths) (Info, error) {
	var info Info
	raw, err := os.ReadFile(p.serving)
	if err != nil {
		return info, err
	}
	if err := json.Unmarshal(raw, &info); err != nil {
		return info, fmt.Errorf("%s: %w", p.serving, err)
	}
	s, err := loadSecrets(p.secrets)
	if err != nil {
		return info, err
	}
	info.Dir, info.Password, info.BoardPassword = p.root, s.User, s.Board
	return info, nil
}

// verify returns nil when the announced start of the child, and no other
// process, answers on the announced port.
func (i Info) verify(ctx context.Context) error {
	got, err := i.query(ctx, "SELECT getMacro('"+nonceMacro+"')")
	if err != nil {
		return err
	}
	if strings.TrimSpace(got) != i.Nonce {
		return fmt.Errorf("another engine answers on %s", i.HTTPURL())
	}
	return nil
}

// Exec runs one statement without a result as the application user, over HTTP:
// for set-up and shell-like work; data goes through the native protocol.
func (i Info) Exec(ctx context.Context, statement string) error {
	_, err := i.query(ctx, statement)
	return err
}

// query runs one statement over HTTP as the application user.
func (i Info) query(ctx context.Context, statement string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, i.HTTPURL(), strings.NewReader(statement))
	if err != nil {
		return "", err
	}
	req.Header.Set("X-ClickHouse-User", User)
	req.Header.Set("X-ClickHouse-Key", i.Password)
	resp, err := loopbackClient().Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s on %s: %s", resp.Status, i.HTTPURL(), strings.TrimSpace(string(body)))
	}
	return string(body), nil
}

// loopbackClient leaves out the proxy of the environment, which has no business
// on the loopback, and keeps no connection that a stop would wait for.
func loopbackClient() *http.Client {
	return &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
}

func createDatabase(ctx context.Context, info Info) error {
	err := info.Exec(ctx, "CREATE DATABASE IF NOT EXISTS "+Database+" ENGINE = Atomic")
	if err != nil {
		return fmt.Errorf("engine: create database %s: %w", Database, err)
	}
	return nil
}
