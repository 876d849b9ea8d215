package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	readyInterval = 10 * time.Millisecond
	askTimeout    = time.Second
	stderrKept    = 8 << 10
)

// child is one started engine process, seen from its parent.
type child struct {
	pid  int
	life *os.File // its end tells the child that the parent is gone
	gone chan struct{}

	waitErr error // written before gone is closed, read after
	stderr  tail
}

// startChild starts a child for info's ports; it is not ready yet.
func startChild(o Options, library string, p paths, info Info, lock *lockFile) (*child, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	defer read.Close()
	c := &child{life: write, gone: make(chan struct{}), stderr: tail{limit: stderrKept}}

	cmd := exec.Command(o.Command[0], o.Command[1:]...)
	// The rest of this process's environment may hold secrets, and the child's is
	// a file that a query could read.
	cmd.Env = []string{childEnv + "=1", "HOME=" + p.tables, "LC_ALL=C.UTF-8", "TERM=dumb"}
	cmd.Dir = p.tables
	cmd.Stderr = &c.stderr
	cmd.ExtraFiles = []*os.File{fdLife - 3: read, fdLock - 3: lock.f}
	// A session of its own: an interrupt typed at the parent's terminal is the
	// parent's to answer, which ends the engine after its own work.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	endWithParent(cmd.SysProcAttr)

	started := make(chan error, 1)
	go func() {
		// The parent-death signal follows the thread that forked, so this thread
		// lives as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		c.waitErr = cmd.Wait()
		c.life.Close()
		close(c.gone)
	}()
	if err := <-started; err != nil {
		write.Close()
		return nil, fmt.Errorf("engine: start child %s: %w", o.Command[0], err)
	}
	c.pid = cmd.Process.Pid

	spec := childSpec{
		Library: library, Tables: p.tables, Config: p.config, History: p.history, TCPPort: info.TCPPort, HTTPPort: info.HTTPPort,
		Writable: []string{p.tables, p.backups, p.logs},
		Readable: []string{p.config, p.users},
		URLPort:  o.URLPort,
	}
	if err := json.NewEncoder(write).Encode(spec); err != nil {
		c.stop(0)
		return nil, fmt.Errorf("engine: instruct child: %w: %w", err, c.failure())
	}
	return c, nil
}

// ready waits until this child, and no other process, answers on its ports.
func (c *child) ready(ctx context.Context, info Info) error {
	tick := time.NewTicker(readyInterval)
	defer tick.Stop()
	for {
		err := c.answers(ctx, info)
		if err == nil {
			return nil
		}
		// At an error of the start statement, a taken port for one, the engine
		// prints it and waits at its prompt.
		if strings.Contains(c.said(), "DB::Exception") {
			c.stop(0)
			return c.failure()
		}
		select {
		case <-c.gone:
			return c.failure()
		case <-ctx.Done():
			c.stop(0)
			return fmt.Errorf("engine: child %d did not get ready: %w (last answer: %w; it said: %q)", c.pid, context.Cause(ctx), err, c.said())
		case <-tick.C:
		}
	}
}

// answers asks once, for a short time: another process on the port may take the
// connection and say nothing.
func (c *child) answers(ctx context.Context, info Info) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if err := ping(ctx, info); err != nil {
		return err
	}
	if err := info.verify(ctx); err != nil {
		return err
	}
	if !listens(info.TCPPort) {
		return fmt.Errorf("port %d does not listen", info.TCPPort)
	}
	return nil
}

func ping(ctx context.Context, info Info) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, info.HTTPURL()+"/ping", nil)
	if err != nil {
		return err
	}
	resp, err := loopbackClient().Do(req)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("ping: %s", resp.Status)
	}
	return nil
}

// stop ends the child cleanly, or by force after grace, and waits for its end.
func (c *child) stop(grace time.Duration) {
	if grace > 0 {
		_ = syscall.Kill(c.pid, syscall.SIGTERM) // gone already is as good
		select {
		case <-c.gone:
			return
		case <-time.After(grace):
		}
	}
	select {
	case <-c.gone: // its number may be another's by now
	default:
		_ = syscall.Kill(c.pid, syscall.SIGKILL)
		<-c.gone
	}
}

// failure tells how the child ended and what it said last. It waits for the end.
func (c *child) failure() error {
	<-c.gone
	how := "exit status 0"
	if c.waitErr != nil {
		how = c.waitErr.Error()
	}
	if said := c.said(); said != "" {
		return fmt.Errorf("engine: child %d ended (%s): %s", c.pid, how, said)
	}
	return fmt.Errorf("engine: child %d ended (%s)", c.pid, how)
}

// said is the end of what the child wrote to standard error.
func (c *child) said() string {
	var kept []string
	for line := range strings.Lines(c.stderr.String()) {
		if !strings.HasPrefix(line, "Logging ") { // where the log is: not news
			kept = append(kept, line)
		}
	}
	return strings.TrimSpace(strings.Join(kept, ""))
}

// tail keeps the last bytes written to it.
type tail struct {
	limit int

	mu   sync.Mutex
	kept bytes.Buffer
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept.Write(p)
	if over := t.kept.Len() - t.limit; over > 0 {
		t.kept.Next(over)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.kept.String()
}
