package collectors

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseCount(t *testing.T) {
	for _, c := range []struct {
		in   string
		want int64
		err  error
	}{
		{"0", 0, nil},
		{"1234", 1234, nil},
		{" 1234 ", 1234, nil},
		{"0012", 12, nil},
		{"1.234.567", 1234567, nil},
		{"1,234,567", 1234567, nil},
		{"1 234 567", 1234567, nil},
		{"1 234", 1234, nil}, // a space is never a decimal separator
		{"1\u00a0234", 1234, nil},
		{"1\u202f234", 1234, nil},
		{"9223372036854775807", 0, ErrBadNumber}, // no count comes near it
		{"922337203685477579", 922337203685477579, nil},
		{"1.234", 0, ErrAmbiguousNumber},
		{"1,234", 0, ErrAmbiguousNumber},
		{"123.456", 0, ErrAmbiguousNumber},
		{"", 0, ErrEmptyNumber},
		{"  ", 0, ErrEmptyNumber},
		{"12.5", 0, ErrBadNumber},
		{"12,0", 0, ErrBadNumber},
		{"0.123", 0, ErrBadNumber},
		{"1234.567", 0, ErrBadNumber},
		{"1.234,567", 0, ErrBadNumber}, // decimals
		{"1.23.456", 0, ErrBadNumber},
		{"1.234,567.890", 0, ErrBadNumber},
		{"1 2345", 0, ErrBadNumber},
		{".5", 0, ErrBadNumber},
		{"5.", 0, ErrBadNumber},
		{"-5", 0, ErrBadNumber},
		{"+5", 0, ErrBadNumber},
		{"1e3", 0, ErrBadNumber},
		{"12 hồ sơ", 0, ErrBadNumber},
		{"١٢", 0, ErrBadNumber},
		{"\xff", 0, ErrBadNumber},
	} {
		got, err := ParseCount(c.in)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("ParseCount(%q) = %d, %v; want %d, %v", c.in, got, err, c.want, c.err)
		}
	}
}

func TestParseMoney(t *testing.T) {
	for _, c := range []struct {
		in     string
		factor int64
		want   int64
		err    error
	}{
		{"1250000", 1, 1250000, nil},
		{"1.250.000", 1, 1250000, nil},
		{"1.250.000,00", 1, 1250000, nil},
		{"1.234,5", 1e9, 1234500000000, nil},
		{"1,234.5", 1e9, 1234500000000, nil},
		{"1,5", 1e9, 1500000000, nil},
		{"0,125", 1e9, 125000000, nil},
		{"1234,567", 1e9, 1234567000000, nil},
		{"1 234,567", 1e9, 1234567000000, nil},
		{"0,5", 10, 5, nil},
		{"1.234", 1e9, 0, ErrAmbiguousNumber},
		{"1,5", 1, 0, ErrBadNumber},
		{"0,125", 10, 0, ErrBadNumber},
		{"0,1234", 1e9, 0, ErrBadNumber},
		{"99999999999", 1e9, 0, ErrBadNumber},
		{"1", 0, 0, ErrBadNumber},
		{"", 1, 0, ErrEmptyNumber},
	} {
		got, err := ParseMoney(c.in, c.factor)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("ParseMoney(%q, %d) = %d, %v; want %d, %v", c.in, c.factor, got, err, c.want, c.err)
		}
	}
}

func TestParseScaled(t *testing.T) {
	for _, c := range []struct {
		in   string
		want int64
		err  error
	}{
		{"18.99", 1899, nil}, {"18,99", 1899, nil}, {"10", 1000, nil}, {"74.5", 7450, nil}, {"1.500", 0, ErrAmbiguousNumber},
		{"0.125", 0, ErrBadNumber}, {"", 0, ErrEmptyNumber}, {"-1", 0, ErrBadNumber}, {strconv.Itoa(math.MaxInt64), 0, ErrBadNumber},
	} {
		got, err := ParseScaled(c.in, 2)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("ParseScaled(%q) = %d, %v; want %d, %v", c.in, got, err, c.want, c.err)
		}
	}
}

func TestNumberRule(t *testing.T) {
	for text, want := range map[string]string{"1.234": "ambiguous_number", "": "missing_number", "x": "bad_number"} {
		if _, err := ParseCount(text); NumberRule(err) != want {
			t.Errorf("rule of %q is %s, want %s", text, NumberRule(err), want)
		}
	}
}

// group writes a number with a separator between groups of three.
func group(n int64, sep string) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + sep + s[i:]
	}
	return s
}

func TestParseCountReadsItsOwnWriting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, 9e17).Draw(t, "n")
		sep := rapid.SampledFrom([]string{"", " ", ".", ",", "\u00a0"}).Draw(t, "separator")
		got, err := ParseCount(group(n, sep))
		if (sep == "." || sep == ",") && n >= 1000 && n < 1e6 {
			if !errors.Is(err, ErrAmbiguousNumber) {
				t.Fatalf("%q: %v, want ambiguous", group(n, sep), err)
			}
			return
		}
		if err != nil || got != n {
			t.Fatalf("%q: %d, %v", group(n, sep), got, err)
		}
	})
}

func FuzzParseCount(f *testing.F) {
	for _, s := range []string{"0", "1.234", "1.234.567", "1 234", "1.234,5", "", "-1", "9223372036854775807", "\u00a01", "1\xff2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseCount(s)
		if err != nil {
			if n != 0 {
				t.Errorf("%q: %d beside an error", s, n)
			}
			if len(err.Error()) > 400 {
				t.Errorf("%q: the error is %d bytes long", s, len(err.Error()))
			}
			return
		}
		// What is read is what stands there without separators.
		kept := strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, s)
		if want, err := strconv.ParseInt(kept, 10, 64); err != nil || n != want || n < 0 {
			t.Errorf("%q is read as %d", s, n)
		}
		if m, err := ParseMoney(s, 1); err != nil || m != n {
			t.Errorf("%q is %d as a count and %d, %v as money", s, n, m, err)
		}
	})
}
