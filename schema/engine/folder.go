package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// paths are the files and folders of one data folder.
type paths struct {
	root    string
	own     string // configuration, secrets, lock
	tables  string // the engine's --path
	backups string
	logs    string
	config  string
	users   string
	secrets string
	lock    string
	serving string
	log     string
	history string
}

func pathsOf(dir string) paths {
	own := filepath.Join(dir, "engine")
	return paths{
		root:    dir,
		own:     own,
		tables:  filepath.Join(dir, "clickhouse"),
		backups: filepath.Join(dir, "backups"),
		logs:    filepath.Join(dir, "log"),
		config:  filepath.Join(own, "config.xml"),
		users:   filepath.Join(own, "users.xml"),
		secrets: filepath.Join(own, "secrets.json"),
		lock:    filepath.Join(own, "lock"),
		serving: filepath.Join(own, "serving.json"),
		log:     filepath.Join(dir, "log", "clickhouse.log"),
		history: filepath.Join(dir, "log", "history"),
	}
}

func (p paths) create() error {
	for _, dir := range []string{p.root, p.own, p.tables, p.backups, p.logs} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("engine: data folder: %w", err)
		}
	}
	return nil
}

// secrets are the generated passwords; they outlive a restart so that what was
// configured with them (boards, open clients) goes on working.
type secrets struct {
	User  string `json:"user"`
	Board string `json:"board"`
}

func loadSecrets(path string) (secrets, error) {
	var s secrets
	raw, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s = secrets{User: randomToken(), Board: randomToken()}
		return s, writePrivate(path, s)
	case err != nil:
		return s, fmt.Errorf("engine: read passwords: %w", err)
	}
	if err := json.Unmarshal(raw, &s); err != nil || s.User == "" || s.Board == "" {
		return s, fmt.Errorf("engine: %s is damaged: delete it and new passwords are made at the next start", path)
	}
	return s, nil
}

// randomToken returns 128 random bits as 32 hex digits, safe in XML, URLs and SQL.
func randomToken() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: it ends the program instead
	return hex.EncodeToString(b[:])
}

// writePrivate replaces path by v as JSON, readable by the owner only.
func writePrivate(path string, v any) error {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("engine: %s: %w", path, err)
	}
	return replaceFile(path, append(raw, '\n'))
}

// replaceFile writes a file with mode 0600 in one step, so that a reader sees
// the old or the new one.
func replaceFile(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // created with mode 0600
	if err != nil {
		return fmt.Errorf("engine: write %s: %w", path, err)
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("engine: write %s: %w", path, err)
	}
	return nil
}

// HeldError says that another process serves the data folder.
type HeldError struct {
	Dir string
	PID int // of the process that started the engine; 0 when unknown
}

func (e *HeldError) Error() string {
	who := "another process"
	if e.PID != 0 {
		who = fmt.Sprintf("process %d", e.PID)
	}
	return fmt.Sprintf("engine: %s already serves the data folder %s: stop it, or give another folder", who, e.Dir)
}

// lockFile is the hold on a data folder. The child inherits the same open file,
// so the folder is free only when supervisor and child are both gone.
type lockFile struct{ f *os.File }

// acquireLock takes the folder. When the recorded holder is dead, its child is
// about to end too and is waited for.
//
// Errors: *HeldError.
func acquireLock(ctx context.Context, p paths) (*lockFile, error) {
	f, err := os.OpenFile(p.lock, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("engine: lock: %w", err)
	}
	deadline := time.Now().Add(dyingHolderWait)
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			f.Close()
			return nil, fmt.Errorf("engine: lock %s: %w", p.lock, err)
		}
		pid := holderPID(f)
		if alive(pid) || time.Now().After(deadline) {
			f.Close()
			return nil, &HeldError{Dir: p.root, PID: pid}
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("engine: lock %s: %w", p.lock, context.Cause(ctx))
		case <-time.After(50 * time.Millisecond):
		}
	}
	err = f.Truncate(0)
	if err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("engine: lock %s: %w", p.lock, err)
	}
	return &lockFile{f}, nil
}

// release frees the folder at once. Closing alone would not: any process that is just being started holds a copy of every
// open file until it runs its own program.
func (l *lockFile) release() {
	_ = syscall.Flock(int(l.f.Fd()), syscall.LOCK_UN)
	l.f.Close()
}

func holderPID(f *os.File) int {
	raw, err := io.ReadAll(io.NewSectionReader(f, 0, 32))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil {
		return 0
	}
	return pid
}

func alive(pid int) bool {
	return pid > 0 && !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
