package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"github.com/creack/pty"
	"github.com/ebitengine/purego"
)

// childEnv marks the process that is to become the engine.
const childEnv = "TIENDO_ENGINE_CHILD"

// File descriptors the child inherits beside the standard ones.
const (
	fdLife = 3 // read end of a pipe: first the childSpec, then nothing until the parent is gone
	fdLock = 4 // the data folder's lock, held by being open
)

const (
	orphanGrace  = 5 * time.Second        // for a clean end once the parent is gone
	exitInterval = 100 * time.Millisecond // between two tries to end the engine
)

// childSpec is what the parent tells the child, as one JSON value on fdLife.
type childSpec struct {
	Library  string `json:"library"`
	Tables   string `json:"tables"`
	Config   string `json:"config"`
	History  string `json:"history"`
	TCPPort  int    `json:"tcp_port"`
	HTTPPort int    `json:"http_port"`
	// What the engine may open: whole folders to write, files and folders to read.
	Writable []string `json:"writable"`
	Readable []string `json:"readable"`
	// The port it may connect to; 0: none.
	URLPort int `json:"url_port,omitempty"`
}

// arguments is the command line of the one form in which the engine was
// measured to survive hostile clients and kill -9.
func (s childSpec) arguments() []string {
	return []string{
		"clickhouse-local",
		"--path=" + s.Tables,
		"--config-file=" + s.Config,
		"--listen_host=" + loopback,
		"--http_port=" + strconv.Itoa(s.HTTPPort),
		"--tcp_port=" + strconv.Itoa(s.TCPPort),
		"--interactive",
		"--history_file=" + s.History, // a file of its own: the engine takes others' rights to it away, and /dev/null is everybody's
		"--disable_suggestion",
		"--query=SYSTEM START LISTEN TCP; SYSTEM START LISTEN HTTP",
	}
}

// IsChild tells whether this process was started to be the engine.
func IsChild() bool { return os.Getenv(childEnv) != "" }

// ChildMain does not return in a process that was started to be the engine:
// it is the engine until its end. In any other process it does nothing. Call it
// first in main and in TestMain, before flags are read.
func ChildMain() {
	if !IsChild() {
		return
	}
	code, err := runChild()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// runChild turns this process into the engine and returns its exit code.
func runChild() (int, error) {
	signal.Ignore(syscall.SIGPIPE, syscall.SIGINT, syscall.SIGHUP)
	terminate := make(chan os.Signal, 1)
	signal.Notify(terminate, syscall.SIGTERM)

	life := os.NewFile(fdLife, "life")
	var spec childSpec
	if err := json.NewDecoder(life).Decode(&spec); err != nil {
		return 1, fmt.Errorf("engine child: no instructions from the parent: %w", err)
	}
	// The library must not inherit them to anything it might start.
	syscall.CloseOnExec(fdLife)
	syscall.CloseOnExec(fdLock)

	lib, err := bind(spec.Library)
	if err != nil {
		return 1, err
	}
	actions, err := saveSignalActions()
	if err != nil {
		return 1, err
	}
	lib.setSignalHandlersEnabled(0)
	actions.restore()

	terminal, err := becomeTerminal()
	if err != nil {
		return 1, err
	}
	go func() { // an undrained terminal would block the engine's prompt
		_, _ = io.Copy(io.Discard, terminal)
	}()
	go func() { // the engine sets handlers of its own while it starts
		for !listens(spec.HTTPPort) {
			actions.restore()
			time.Sleep(20 * time.Millisecond)
		}
		actions.restore()
	}()
	go func() {
		<-terminate
		typeExit(terminal)
	}()
	go func() { // the pipe ends when the parent does, whichever of its threads started us
		_, _ = io.Copy(io.Discard, life)
		time.AfterFunc(orphanGrace, func() { os.Exit(1) })
		typeExit(terminal)
	}()

	ended := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the engine keeps state in its thread
		if err := confine(spec.Writable, spec.Readable, spec.URLPort); err != nil {
			ended <- fmt.Errorf("engine child: sandbox: %w", err)
			return
		}
		ended <- lib.run(spec.arguments())
	}()
	if err := <-ended; err != nil {
		return 1, err
	}
	return 0, nil
}

// typeExit ends the engine's prompt. It repeats itself because what is typed
// while the prompt is being set up is lost.
func typeExit(terminal io.Writer) {
	for {
		if _, err := io.WriteString(terminal, "exit\n"); err != nil {
			return
		}
		time.Sleep(exitInterval)
	}
}

// becomeTerminal makes standard input a pseudo-terminal and returns its other
// side. With a pipe or a file there, a client's network error ends the engine.
func becomeTerminal() (*os.File, error) {
	master, slave, err := pty.Open()
	if err != nil {
		return nil, fmt.Errorf("engine child: open a pseudo-terminal: %w", err)
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("engine child: %w", err)
	}
	for _, to := range []struct {
		from *os.File
		fd   int
	}{{slave, 0}, {null, 1}} {
		if err := dup2(int(to.from.Fd()), to.fd); err != nil {
			return nil, fmt.Errorf("engine child: standard stream %d: %w", to.fd, err)
		}
	}
	return master, nil
}

func listens(port int) bool {
	c, err := net.DialTimeout("tcp", address(port), time.Second)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// library is the part of libchdb this package calls.
type library struct {
	setSignalHandlersEnabled func(enabled int32)
	queryCmdline             func(argc int32, argv **byte) uintptr
	resultError              func(result uintptr) string
}

func bind(path string) (lib *library, err error) {
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, fmt.Errorf("engine child: load %s (it needs glibc and package version %s): %w", path, LibraryVersion, err)
	}
	lib = &library{}
	for name, fn := range map[string]any{
		"chdb_set_signal_handlers_enabled": &lib.setSignalHandlersEnabled,
		"chdb_query_cmdline":               &lib.queryCmdline,
		"chdb_result_error":                &lib.resultError,
	} {
		symbol, err := purego.Dlsym(handle, name)
		if err != nil {
			return nil, fmt.Errorf("engine child: %s is not version %s: %w", path, LibraryVersion, err)
		}
		purego.RegisterFunc(fn, symbol)
	}
	return lib, nil
}

// run is the engine's whole life on the calling thread.
func (l *library) run(arguments []string) error {
	argv := make([]*byte, len(arguments)+1)
	for i, a := range arguments {
		argv[i] = &append([]byte(a), 0)[0]
	}
	var pins runtime.Pinner
	defer pins.Unpin()
	for _, p := range argv[:len(arguments)] {
		pins.Pin(p)
	}
	pins.Pin(&argv[0])
	result := l.queryCmdline(int32(len(arguments)), &argv[0])
	runtime.KeepAlive(argv)
	if result == 0 {
		return errors.New("engine child: the engine gave no result")
	}
	if text := l.resultError(result); text != "" {
		return errors.New("engine child: " + text)
	}
	return nil
}

// signalActions are the process's signal actions as the C library sees them,
// opaque and larger than any platform's struct sigaction.
type signalActions struct {
	sigaction func(sig int32, act, old unsafe.Pointer) int32
	saved     map[int32]*[256]byte
}

func saveSignalActions() (*signalActions, error) {
	libc, err := purego.Dlopen(libcName, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, fmt.Errorf("engine child: load %s: %w", libcName, err)
	}
	a := &signalActions{saved: map[int32]*[256]byte{}}
	purego.RegisterLibFunc(&a.sigaction, libc, "sigaction")
	for sig := int32(1); sig <= lastSignal; sig++ {
		var old [256]byte
		if a.sigaction(sig, nil, unsafe.Pointer(&old)) == 0 {
			a.saved[sig] = &old
		}
	}
	return a, nil
}

// restore sets the saved actions; those the system refuses (SIGKILL, SIGSTOP)
// cannot have changed.
func (a *signalActions) restore() {
	for sig, action := range a.saved {
		a.sigaction(sig, unsafe.Pointer(action), nil)
	}
}
