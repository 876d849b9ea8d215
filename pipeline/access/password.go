package access

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// What a password must be. Long ones are good ones; nothing asks for digits or signs, which make people write it down
// (NIST SP 800-63B, 3.1.1.2).
const (
	leastRunes = 12
	mostBytes  = 256
)

// CheckPassword says what is wrong with a new password. Its text stands in no error.
func CheckPassword(name, password string) error {
	password = norm.NFC.String(password)
	switch runes := utf8.RuneCountInString(password); {
	case !utf8.ValidString(password):
		return errors.New("the password is not UTF-8 text")
	case runes < leastRunes:
		return fmt.Errorf("the password is too short: take at least %d characters, several words are easy to remember", leastRunes)
	case len(password) > mostBytes:
		return fmt.Errorf("the password is too long: take at most %d bytes", mostBytes)
	case strings.Contains(strings.ToLower(password), name):
		return errors.New("the password holds the account's name: take another one")
	case different(password) < 5:
		return errors.New("the password repeats a few characters: take another one")
	}
	return nil
}

// FreshPassword is 80 random bits in a form that can be read out, four groups of four letters and digits, which accounts of these
// names may have.
func FreshPassword(names ...string) string {
	for {
		text := strings.ToLower(rand.Text())
		password := strings.Join([]string{text[:4], text[4:8], text[8:12], text[12:16]}, "-")
		if !slices.ContainsFunc(names, func(name string) bool { return CheckPassword(name, password) != nil }) {
			return password
		}
	}
}

func different(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}

// cost is what a guess costs. It stands in every hash, so that it can be raised without locking anybody out.
type cost struct {
	memoryKiB, passes uint32
	threads           uint8
}

// costNow is the second of the settings that OWASP's password storage cheat sheet calls equal, 19 MiB and two passes.
var costNow = cost{memoryKiB: 19 * 1024, passes: 2, threads: 1}

const (
	saltBytes = 16
	keyBytes  = 32
)

// Hash is the password as it is kept: argon2id with its parameters and a fresh salt, in the PHC string format.
func Hash(password string) string {
	salt := make([]byte, saltBytes)
	rand.Read(salt) // never fails, says crypto/rand
	return costNow.hash(password, salt)
}

func (c cost) key(password string, salt []byte, n uint32) []byte {
	return argon2.IDKey([]byte(norm.NFC.String(password)), salt, c.passes, c.memoryKiB, c.threads, n)
}

func (c cost) hash(password string, salt []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memoryKiB, c.passes, c.threads, b64.EncodeToString(salt), b64.EncodeToString(c.key(password, salt, keyBytes)))
}

// Matches says whether this is the password of the hash. A hash that cannot be read, or whose parameters would be beyond
// reason, matches nothing. It takes as long for a wrong password as for the right one.
func Matches(hash, password string) bool {
	if len(password) > mostBytes {
		return false
	}
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return false
	}
	var c cost
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memoryKiB, &c.passes, &c.threads); n != 3 || err != nil ||
		c.memoryKiB < 8 || c.memoryKiB > 1<<20 || c.passes < 1 || c.passes > 16 || c.threads < 1 || c.threads > 16 {
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil || len(salt) < 8 {
		return false
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(want) != keyBytes {
		return false
	}
	return subtle.ConstantTimeCompare(c.key(password, salt, keyBytes), want) == 1
}

// nobody is a hash that no password has: a name that is not there costs as much time as one that is.
var nobody = costNow.hash("", make([]byte, saltBytes))

// SpendTime does the work of a Matches, for a name without an account.
func SpendTime(password string) { Matches(nobody, password+"\x00") }
