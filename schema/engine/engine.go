// Package engine runs ClickHouse without a ClickHouse server: the engine as a
// library (libchdb.so), in a supervised child process of the same binary, with
// its own native and HTTP ports on the loopback.
//
// It owns one data folder: finds the library, writes the configuration, keeps
// the secrets, starts the child, restarts it after a crash, ends it, and tells
// other processes on the machine where it listens. It may not know a table, a
// view or a plan: what is stored belongs to package schema.
//
// The library takes over signals, reads its standard input as a terminal and
// may end the process it lives in. So it never shares the address space of the
// program that depends on it: main (and TestMain) call ChildMain first.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Names fixed by this package and used in connection strings and grants.
const (
	Database  = "tiendo" // the application's database, created by Start
	User      = "tiendo" // all rights on the databases named tiendo*, nothing else
	BoardUser = "board"  // reads what Options.BoardGrants names, writes nothing
)

const (
	loopback         = "127.0.0.1"
	defaultStart     = 90 * time.Second // a cold disk reads half a gigabyte of library first
	defaultStop      = 15 * time.Second
	defaultMemory    = 2 << 30
	portAttempts     = 5           // free ports may be taken between choice and use
	maxFailuresInRow = 10          // restarts without a healthy spell before giving up
	healthySpell     = time.Minute // a child that lived this long starts a new count
	restartFirst     = 100 * time.Millisecond
	restartLongest   = 15 * time.Second
	dyingHolderWait  = 10 * time.Second // a killed parent's child needs a moment to end
)

// Options say where the engine lives and what it may use. Only Dir is required.
type Options struct {
	// Dir is the data folder. It is created, with mode 0700, when absent. The
	// engine's tables are in Dir/clickhouse, its configuration, secrets and lock
	// in Dir/engine, its log in Dir/log, its backups in Dir/backups.
	Dir string
	// Library is the path of libchdb.so or of the folder that holds it; empty
	// means wherever FindLibrary finds it.
	Library string
	// Command starts the child; it must reach ChildMain. Empty means this
	// executable.
	Command []string
	// TCPPort and HTTPPort fix the ports; 0 means any free one.
	TCPPort, HTTPPort int
	// MemoryLimit bounds the child's memory, bytes; 0 means 2 GiB.
	MemoryLimit int64
	// BoardGrants are what the read-only user may read, each as in
	// "SELECT ON tiendo.v_*"; nil means exactly that one. Only SELECT is accepted.
	BoardGrants []string
	// URLPort is the port on which the application user may read pages with url().
	// 0, the default, closes url() in the engine and every outgoing connection in
	// the kernel. Only benches, which compare with url(), set it: the kernel keeps
	// to the port, but to no address.
	URLPort int
	// StartTimeout bounds one start of the child, StopTimeout a clean stop before
	// it is killed; 0 means 90 s and 15 s.
	StartTimeout, StopTimeout time.Duration
	// Log receives crashes, with what the child said last, and restarts; nil
	// discards them.
	Log *slog.Logger
}

func (o Options) withDefaults() (Options, error) {
	if o.Dir == "" {
		return o, errors.New("engine: no data folder given")
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return o, fmt.Errorf("engine: data folder %s: %w", o.Dir, err)
	}
	o.Dir = dir
	if len(o.Command) == 0 {
		exe, err := os.Executable()
		if err != nil {
			return o, fmt.Errorf("engine: cannot tell which program to start as child: %w", err)
		}
		o.Command = []string{exe}
	}
	if o.MemoryLimit == 0 {
		o.MemoryLimit = defaultMemory
	}
	if o.BoardGrants == nil {
		o.BoardGrants = []string{"SELECT ON " + Database + ".v_*"}
	}
	for _, g := range o.BoardGrants {
		if err := checkBoardGrant(g); err != nil {
			return o, err
		}
	}
	if o.StartTimeout == 0 {
		o.StartTimeout = defaultStart
	}
	if o.StopTimeout == 0 {
		o.StopTimeout = defaultStop
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

// Engine is a running, supervised engine. Its methods are safe for concurrent
// use. The connection data of Info stay the same across restarts, except the
// child's process id: use PID.
type Engine struct {
	Info

	options Options
	library string
	paths   paths
	lock    *lockFile

	stopping chan struct{} // closed by Stop
	stopOnce sync.Once
	done     chan struct{} // closed when no child will be started any more

	mu       sync.Mutex
	child    *child
	restarts int
	err      error
}

// Start starts the engine on Options.Dir and returns when it answers queries
// and the database exists. ctx bounds the start only; Stop ends the engine, and
// so does the end of this process, however it comes.
//
// Errors: *MissingLibraryError when there is no library, *HeldError when another
// process serves the folder, *PortError when a fixed port is taken.
func Start(ctx context.Context, options Options) (*Engine, error) {
	if IsChild() {
		// A child that reaches this line has a main that does not call ChildMain;
		// going on would start children without end.
		return nil, fmt.Errorf("engine: started inside an engine child: main or TestMain must call engine.ChildMain first")
	}
	o, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	library, err := FindLibrary(o.Library)
	if err != nil {
		return nil, err
	}
	p := pathsOf(o.Dir)
	if err := p.create(); err != nil {
		return nil, err
	}
	lock, err := acquireLock(ctx, p)
	if err != nil {
		return nil, err
	}
	e := &Engine{options: o, library: library, paths: p, lock: lock,
		stopping: make(chan struct{}), done: make(chan struct{})}
	if err := e.first(ctx); err != nil {
		lock.release()
		return nil, err
	}
	go e.supervise()
	return e, nil
}

// first starts the first child and creates the database.
func (e *Engine) first(ctx context.Context) error {
	secrets, err := loadSecrets(e.paths.secrets)
	if err != nil {
		return err
	}
	e.Info = Info{Dir: e.options.Dir, SupervisorPID: os.Getpid(), Password: secrets.User, BoardPassword: secrets.Board}
	for attempt := 1; ; attempt++ {
		if e.Info.TCPPort, e.Info.HTTPPort, err = choosePorts(e.options.TCPPort, e.options.HTTPPort); err != nil {
			return err
		}
		err = e.launch(ctx)
		if err == nil {
			return nil
		}
		free := e.options.TCPPort == 0 || e.options.HTTPPort == 0
		if !free || attempt == portAttempts || !isAddressInUse(err) {
			return err
		}
	}
}

// launch starts one child on the chosen ports, waits until it answers and
// announces it.
func (e *Engine) launch(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, e.options.StartTimeout,
		fmt.Errorf("no answer within %s", e.options.StartTimeout))
	defer cancel()

	info := e.Info
	info.Nonce = randomToken()
	if err := writeConfig(e.paths, e.options, info); err != nil {
		return err
	}
	c, err := startChild(e.options, e.library, e.paths, info, e.lock)
	if err != nil {
		return err
	}
	info.PID = c.pid
	err = c.ready(ctx, info)
	if err == nil {
		err = createDatabase(ctx, info)
	}
	if err == nil {
		err = announce(e.paths.serving, info)
	}
	if err != nil {
		c.stop(0)
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.child = c
	return nil
}

// supervise restarts the child until Stop, or until it fails too often in a row.
func (e *Engine) supervise() {
	defer close(e.done)
	defer e.lock.release()
	defer os.Remove(e.paths.serving)

	log := e.options.Log
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = restartFirst, restartLongest
	failures := 0
	for {
		c := e.current()
		began := time.Now() // the life of a process, no figure's time
		select {
		case <-e.stopping:
			c.stop(e.options.StopTimeout)
			return
		case <-c.gone:
		}
		cause := c.failure()
		log.Error("engine ended, restarting", "pid", c.pid, "cause", cause)
		if time.Since(began) > healthySpell {
			failures = 0
			pause.Reset()
		}
		for cause != nil {
			if failures++; failures > maxFailuresInRow {
				e.fail(fmt.Errorf("engine: gave up on %s after %d failures in a row; the engine's log is %s: %w",
					e.options.Dir, maxFailuresInRow, e.paths.log, cause))
				return
			}
			select {
			case <-e.stopping:
				return
			case <-time.After(pause.NextBackOff()):
			}
			if cause = e.relaunch(); cause != nil {
				log.Error("engine restart failed", "cause", cause)
			}
		}
		log.Info("engine restarted", "pid", e.PID(), "restarts", e.Restarts())
	}
}

func (e *Engine) relaunch() error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-e.stopping:
			cancel()
		case <-ctx.Done():
		}
	}()
	if err := e.launch(ctx); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.restarts++
	return nil
}

func (e *Engine) current() *child {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.child
}

func (e *Engine) fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.err = err
}

// Stop ends the engine cleanly and returns when its process is gone and the
// folder is free. If ctx ends first, Stop returns its cause while the end goes
// on; a child that does not end within Options.StopTimeout is killed.
func (e *Engine) Stop(ctx context.Context) error {
	e.stopOnce.Do(func() { close(e.stopping) })
	select {
	case <-e.done:
		return e.Err()
	case <-ctx.Done():
		return fmt.Errorf("engine: stop of %s: %w", e.options.Dir, context.Cause(ctx))
	}
}

// Done is closed when the engine has ended for good: after Stop, or when
// restarting it was given up.
func (e *Engine) Done() <-chan struct{} { return e.done }

// Err tells why the engine ended for good; nil while it runs and after Stop.
func (e *Engine) Err() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

// PID is the process id of the present child.
func (e *Engine) PID() int { return e.current().pid }

// Restarts counts how often the child was started again after a crash.
func (e *Engine) Restarts() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.restarts
}

// PortError says that a fixed port is taken.
type PortError struct {
	Port int
	Err  error
}

func (e *PortError) Error() string {
	return fmt.Sprintf("engine: port %d on %s is not free (%v): choose another, or 0 for any free one", e.Port, loopback, e.Err)
}

func (e *PortError) Unwrap() error { return e.Err }

// choosePorts returns a TCP and an HTTP port that are free now: the wanted ones,
// or any where 0 is wanted. Both are held while choosing, so they differ.
func choosePorts(tcp, http int) (int, int, error) {
	chosen := [2]int{tcp, http}
	for i, port := range chosen {
		l, err := net.Listen("tcp", net.JoinHostPort(loopback, fmt.Sprint(port)))
		if err != nil {
			return 0, 0, &PortError{Port: port, Err: err}
		}
		defer l.Close()
		chosen[i] = l.Addr().(*net.TCPAddr).Port
	}
	return chosen[0], chosen[1], nil
}

func isAddressInUse(err error) bool {
	return strings.Contains(err.Error(), "Address already in use")
}
