package access

import (
	"sync"
	"time"
)

// How often a sign-in may fail before the next attempt has to wait, how long then, and when it is forgotten. An address
// may be a whole office's.
const (
	failuresOfName    = 5
	failuresOfAddress = 20
	firstWait         = 30 * time.Second
	longestWait       = 15 * time.Minute
	forgotten         = time.Hour
	mostTracked       = 20_000
)

// Throttle limits sign-in attempts per name and per address. Its memory is bounded: of too many, those that failed least
// recently are forgotten. Safe for concurrent use.
type Throttle struct {
	now func() time.Time

	mu   sync.Mutex
	seen map[throttleKey]*failures
}

type throttleKey struct{ kind, value string }

type failures struct {
	n    int
	last time.Time
	told bool // that it had to wait, since the last attempt
}

// NewThrottle takes its clock from outside.
func NewThrottle(now func() time.Time) *Throttle {
	return &Throttle{now: now, seen: map[throttleKey]*failures{}}
}

// Attempt says how long this name or address has to wait, and whether it is the first to be told so since the last attempt that
// was let through. Zero: it may try, and the attempt counts as failed until Succeeded takes it back, so that attempts at the same
// time do not slip through together.
func (t *Throttle) Attempt(name, address string) (wait time.Duration, first bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	keys := []throttleKey{{"name", name}, {"address", address}}
	for i, k := range keys {
		if f := t.seen[k]; f != nil {
			if now.Sub(f.last) > forgotten {
				delete(t.seen, k)
				continue
			}
			if w := f.last.Add(delay(f.n, []int{failuresOfName, failuresOfAddress}[i])).Sub(now); w > 0 {
				wait, first, f.told = max(wait, w), first || !f.told, true
			}
		}
	}
	if wait > 0 {
		return wait, first
	}
	for _, k := range keys {
		f := t.seen[k]
		if f == nil {
			t.makeRoom(now)
			f = &failures{}
			t.seen[k] = f
		}
		f.n, f.last, f.told = f.n+1, now, false
	}
	return 0, false
}

// delay is nothing up to the limit, then doubles with every failure.
func delay(n, limit int) time.Duration {
	if n < limit {
		return 0
	}
	d := firstWait
	for range n - limit {
		if d *= 2; d >= longestWait {
			return longestWait
		}
	}
	return d
}

// Succeeded forgets the failures of the name, and takes one from the address.
func (t *Throttle) Succeeded(name, address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.seen, throttleKey{"name", name})
	k := throttleKey{"address", address}
	if f := t.seen[k]; f != nil {
		if f.n--; f.n <= 0 {
			delete(t.seen, k)
		}
	}
}

// makeRoom forgets what is old, and where nothing is, the oldest tenth.
func (t *Throttle) makeRoom(now time.Time) {
	if len(t.seen) < mostTracked {
		return
	}
	for age := forgotten; len(t.seen) > mostTracked*9/10; age /= 2 {
		for k, f := range t.seen {
			if now.Sub(f.last) > age || age == 0 && len(t.seen) > mostTracked*9/10 {
				delete(t.seen, k)
			}
		}
	}
}
