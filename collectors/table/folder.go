package table

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"tiendo/collectors"
)

// settle is how long a file must lie untouched before it is read: whoever copies it may not be done.
const settle = 2 * time.Second

// entry is a file of the drop folder as the listing shows it.
type entry struct {
	name  string
	size  int64
	mtime time.Time
}

// memory keeps what is known of files by what the listing shows, so that a folder of thousands of files is neither read
// nor asked about at every pull.
type memory struct {
	mu     sync.Mutex
	sum    map[entry]string // hash of the content
	landed map[string]bool  // hashes that Deps.Seen has known; it does not forget
}

func (m *memory) hash(e entry) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sum[e]
}

func (m *memory) remember(e entry, sum string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sum == nil {
		m.sum = map[entry]string{}
	}
	m.sum[e] = sum
}

func (m *memory) seen(sum string, ask func(string) bool) bool {
	if sum == "" || ask == nil {
		return false
	}
	m.mu.Lock()
	known := m.landed[sum]
	m.mu.Unlock()
	if known || !ask(sum) {
		return known
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.landed == nil {
		m.landed = map[string]bool{}
	}
	m.landed[sum] = true
	return true
}

// list gives the files that are ready at the instant, in the order in which they were handed in (mtime, then name), so
// that of two versions of a table the later one is landed later. Hidden, lock and half-copied files are left alone, and
// so is everything that is no regular file: a link could lead out of the folder.
func list(dir string, now time.Time) ([]entry, error) {
	names, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var ready []entry
	for _, e := range names {
		if !e.Type().IsRegular() || skipped(e.Name()) {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // taken away since the listing
		}
		if err != nil {
			return nil, err
		}
		if now.Sub(info.ModTime()) < settle {
			continue
		}
		ready = append(ready, entry{e.Name(), info.Size(), info.ModTime()})
	}
	slices.SortFunc(ready, func(a, b entry) int {
		return cmp.Or(a.mtime.Compare(b.mtime), cmp.Compare(a.name, b.name))
	})
	return ready, nil
}

func skipped(name string) bool {
	lower := strings.ToLower(name)
	for _, prefix := range []string{".", "~"} {
		if strings.HasPrefix(lower, prefix) {
			return true
		}
	}
	for _, ending := range []string{".tmp", ".part", ".partial", ".crdownload", ".swp", ".bak"} {
		if strings.HasSuffix(lower, ending) {
			return true
		}
	}
	return lower == "desktop.ini" || lower == "thumbs.db"
}

// Pages lands every file of the folder that Deps.Seen does not know, one page each. A file that cannot be read is landed
// with its error, to be rejected by Parse, and never stands in the way of the next. A missing folder is made where the one
// above it exists, for nothing has been handed in yet; a folder that cannot be listed ends the sequence with an error. Page.Request ends in "sha256=" and the hash of the file, which is what Seen is asked.
func (r *Reader) Pages(ctx context.Context, since collectors.Cursor) iter.Seq2[collectors.Page, error] {
	return func(yield func(collectors.Page, error) bool) {
		now := r.deps.Now()
		files, err := list(r.dir, now)
		if errors.Is(err, fs.ErrNotExist) {
			err = os.Mkdir(r.dir, 0o775)
		}
		if err != nil {
			yield(collectors.Page{}, fmt.Errorf("%s: cannot read the drop folder: create it or correct the path in %s: %w", r.source.ID, r.source.File, err))
			return
		}
		for _, e := range files {
			if err := ctx.Err(); err != nil {
				yield(collectors.Page{}, err)
				return
			}
			if r.memory.seen(r.memory.hash(e), r.deps.Seen) {
				continue
			}
			body, sum, err := r.read(e)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			r.memory.remember(e, sum)
			if r.memory.seen(sum, r.deps.Seen) {
				continue
			}
			raw, err := json.Marshal(body)
			if err != nil {
				yield(collectors.Page{}, fmt.Errorf("%s: %s: %w", r.source.ID, e.name, err))
				return
			}
			if e.mtime.After(since.Since) {
				since.Since = e.mtime
			}
			since.Token = e.name
			page := collectors.Page{
				Request:   fmt.Sprintf("%s/%s sha256=%s", r.source.ID, e.name, sum),
				Body:      raw,
				FetchedAt: now,
				Records:   max(len(body.Rows), 1),
				Cursor:    since,
			}
			if !yield(page, nil) {
				return
			}
		}
	}
}

// read turns a file into what is landed of it. Only a file that is gone is an error.
func (r *Reader) read(e entry) (body, string, error) {
	file := e.name
	data, err := readLimited(filepath.Join(r.dir, e.name))
	if errors.Is(err, fs.ErrNotExist) {
		return body{}, "", err
	}
	if err != nil {
		return body{File: file, Error: file + ": không mở được tệp: hãy kiểm tra quyền đọc và gửi lại"}, "", nil
	}
	hash := sha256.Sum256(data)
	sum := hex.EncodeToString(hash[:])
	grid, err := Read(file, data)
	if err != nil {
		var fe *FileError
		reason := err.Error()
		if errors.As(err, &fe) {
			reason = fe.File + ": " + fe.Reason
		}
		return body{File: file, SHA256: sum, Error: reason}, sum, nil
	}
	b := r.minimise(grid)
	b.SHA256 = sum
	return b, sum, nil
}

// readLimited reads one byte more than is allowed at most, so that Read sees that a file is too large.
func readLimited(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxFileBytes+1))
}
