package table

import (
	"fmt"
	"math"
	"regexp"
	"strings"

	"github.com/shopspring/decimal"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
)

// yesNo reads an answer. An empty cell is unknown, not no: it is not ok.
func yesNo(c Cell) (yes, ok bool) {
	switch c.Text {
	case "✓", "✔", "☑", "√", "Có", "có", "1", "x":
		return true, true
	case "Không", "không", "0":
		return false, true
	}
	switch plan.Fold(c.Text) {
	case "co", "x", "1", "yes", "y", "true", "dat":
		return true, true
	case "khong", "0", "no", "n", "false", "chua", "khong dat":
		return false, true
	}
	return false, false
}

// amount reads a count, or an amount in units of the column's factor, as a whole number. A typed number is exact; a
// text goes by the grammar shared with the other sources.
func amount(c Cell, col plan.Column) (int64, error) {
	factor := max(col.Factor, 1)
	if !c.Number {
		if col.Kind == "money" || factor > 1 {
			return collectors.ParseMoney(c.Text, factor)
		}
		return collectors.ParseCount(c.Text)
	}
	d, err := decimal.NewFromString(c.Text)
	if err != nil {
		return 0, fmt.Errorf("%w: %q", collectors.ErrBadNumber, clip(c.Text))
	}
	d = d.Mul(decimal.NewFromInt(factor))
	switch {
	case d.IsNegative():
		return 0, fmt.Errorf("%w: %s is negative", collectors.ErrBadNumber, clip(c.Text))
	case !d.IsInteger():
		return 0, fmt.Errorf("%w: %s has too many decimals", collectors.ErrBadNumber, clip(c.Text))
	case d.GreaterThan(decimal.NewFromInt(math.MaxInt64)):
		return 0, fmt.Errorf("%w: %s is too large", collectors.ErrBadNumber, clip(c.Text))
	}
	return d.IntPart(), nil
}

var (
	spokenMonth = regexp.MustCompile(`^(?:thang )?(\d{1,2}) (?:nam )?(\d{4})$`)
	spokenQtr   = regexp.MustCompile(`^quy (i{1,3}|iv|[1-4]) (?:nam )?(\d{4})$`)
	spokenHalf  = regexp.MustCompile(`^6 thang (dau|cuoi) (?:nam )?(\d{4})$`)
	spokenYear  = regexp.MustCompile(`^nam (\d{4})$`)
	spokenDay   = regexp.MustCompile(`^(?:ngay )?(\d{1,2}) (\d{1,2}) (\d{4})$`)
)

// readPeriod reads a period as the form prints it (2024-Q3) or as people write it (Quý III/2024). Where a month is asked
// for, the first of a month is that month: a spreadsheet turns a typed 2024-03 into a date.
func readPeriod(t plan.PeriodType, r plan.Rhythm, text string) (plan.Period, error) {
	label := strings.ToUpper(strings.TrimSpace(text))
	f := plan.Fold(text)
	if m := spokenMonth.FindStringSubmatch(f); m != nil {
		label = fmt.Sprintf("%s-%02s", m[2], m[1])
	} else if m := spokenQtr.FindStringSubmatch(f); m != nil {
		label = m[2] + "-Q" + map[string]string{"i": "1", "ii": "2", "iii": "3", "iv": "4"}[m[1]]
		if m[1][0] <= '9' {
			label = m[2] + "-Q" + m[1]
		}
	} else if m := spokenHalf.FindStringSubmatch(f); m != nil {
		label = m[2] + "-H" + map[string]string{"dau": "1", "cuoi": "2"}[m[1]]
	} else if m := spokenYear.FindStringSubmatch(f); m != nil {
		label = m[1]
	} else if m := spokenDay.FindStringSubmatch(f); m != nil {
		label = fmt.Sprintf("%s-%02s-%02s", m[3], m[2], m[1])
	}
	p, err := plan.ParsePeriod(t, label)
	if err == nil && p.Rhythm == plan.Daily && r == plan.Monthly && p.Start.Time().Day() == 1 {
		return plan.ParsePeriod(t, label[:7])
	}
	return p, err
}

// readDate reads a day: 2024-03-31, or 31/03/2024 as people write it. Empty is NoDay.
func readDate(text string) (plan.Day, error) {
	if m := spokenDay.FindStringSubmatch(plan.Fold(text)); m != nil {
		text = fmt.Sprintf("%s-%02s-%02s", m[3], m[2], m[1])
	}
	return plan.ParseDay(text)
}

var longProcedure = regexp.MustCompile(`^(\d\.\d{6})\.[0-9A-Z.]+$`)

// procedureCode brings the two forms of a procedure's code to one: 1.002835.000.00.00.H56 is 1.002835. A code that a
// spreadsheet took for a number has lost its last zeros.
func procedureCode(c Cell) string {
	code := strings.ToUpper(c.Text)
	if c.Number {
		if d, err := decimal.NewFromString(c.Text); err == nil {
			return d.StringFixed(6)
		}
	}
	if m := longProcedure.FindStringSubmatch(code); m != nil {
		return m[1]
	}
	return code
}
