package grafana

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"tiendo/pipeline/words"
)

// token is a piece of SQL: a word, a literal with its quotes, a number or one sign.
type token struct {
	text string
	kind byte // 'w' word, 's' string, 'q' quoted name, 'n' number, 'p' sign
}

var sqlToken = regexp.MustCompile(`(?s)^(?:(\s+|--[^\n]*|/\*.*?\*/)|('(?:[^'\\]|\\.|'')*')|("(?:[^"\\]|\\.)*"|` + "`[^`]*`" + `)|(\$\{[^}]*\}|\$__\w+|[\pL_][\pL\d_.]*)|(\d+(?:\.\d+)?)|(<=|>=|!=|<>|\|\||->|::|.))`)

func tokens(sql string) []token {
	var out []token
	for len(sql) > 0 {
		m := sqlToken.FindStringSubmatch(sql)
		sql = sql[len(m[0]):]
		for i, kind := range []byte{0, 0, 's', 'q', 'w', 'n', 'p'} {
			if kind != 0 && m[i] != "" {
				out = append(out, token{m[i], kind})
			}
		}
	}
	return out
}

func (t token) is(words ...string) bool {
	return t.kind != 's' && slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(t.text, w) })
}

// relations lists what a query reads: the names after FROM and JOIN, without those it defines itself in WITH.
func relations(sql string) []string {
	ts := append(tokens(sql), token{}, token{})
	defined := map[string]bool{}
	for i := range len(ts) - 2 {
		if ts[i].kind == 'w' && ts[i+1].is("AS") && ts[i+2].text == "(" && (i == 0 || ts[i-1].is("WITH") || ts[i-1].text == ",") {
			defined[ts[i].text] = true
		}
	}
	var out []string
	take := func(i int) {
		if t := ts[i]; (t.kind == 'w' || t.kind == 'q') && !defined[t.text] && !slices.Contains(out, t.text) {
			out = append(out, t.text)
		}
	}
	for i, t := range ts[:len(ts)-2] {
		switch {
		case t.is("FROM"):
			take(i + 1)
			for j, depth := i+1, 0; j < len(ts) && depth >= 0; j++ { // FROM a, b
				switch {
				case ts[j].text == "(":
					depth++
				case ts[j].text == ")":
					depth--
				case depth == 0 && ts[j].text == ",":
					take(j + 1)
				case depth == 0 && ts[j].is("WHERE", "PREWHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "UNION", "JOIN", "ARRAY", "SETTINGS", "WINDOW", "LEFT", "INNER"):
					depth = -1
				}
			}
		case t.is("JOIN") && i > 0 && !ts[i-1].is("ARRAY"):
			take(i + 1)
		}
	}
	return out
}

// macros are what the ClickHouse data source puts into a query.
var macros = []string{"$__timeFilter", "$__dateFilter", "$__fromTime", "$__toTime", "$__timeInterval", "$__interval_s"}

// judged are columns that are computed in pipeline/progress only: a query may pass them on, pick one, or compare two stored ones.
var judged = []string{"status", "previous_status", "overall", "previous_overall", "outcome", "rank", "previous_rank", "weeks_behind"}

var passing = []string{"any", "anyIf", "argMax", "argMin", "argMaxIf", "min", "max", "minIf", "maxIf", "first_value", "last_value", "toNullable", "nullIf", "assumeNotNull", "toString", "toInt64", "toUInt32", "tupleElement"}

// judging says where a query works out a status, a rank or a streak of its own instead of passing on the stored one.
func judging(sql string) []string {
	ts := append(tokens(sql), token{}, token{})
	at := func(i int) token {
		if i < 0 {
			return token{}
		}
		return ts[i]
	}
	var out []string
	add := func(format string, args ...any) {
		if s := fmt.Sprintf(format, args...); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	codes := map[string]bool{}
	for _, s := range words.Statuses {
		codes["'"+string(s)+"'"] = true
	}
	for i, t := range ts[:len(ts)-2] {
		switch {
		case t.kind == 'w' && ts[i+1].text == "(" && t.is("rank", "dense_rank", "percent_rank", "row_number", "ntile"):
			add("%s() makes a rank of its own: take the stored one from v_rank", t.text)
		case t.text == "<" || t.text == ">" || t.text == "<=" || t.text == ">=":
			l, r := bare(at(i-1).text), bare(ts[i+1].text)
			if measured(l) && planned(r) || planned(l) && measured(r) {
				add("%s %s %s works out a status: take the stored one", l, t.text, r)
			}
		case codes[t.text] && !compared(ts, i):
			add("%s is made here: a status is stored, a query may only compare it", t.text)
		case t.is("AS") && slices.Contains(judged, ts[i+1].text) && !passed(ts, i-1):
			add("%s is worked out here: pass the stored one on", ts[i+1].text)
		}
	}
	return out
}

func bare(name string) string { return name[strings.LastIndex(name, ".")+1:] }

func measured(name string) bool {
	return name == "value" || name == "path_value" || name == "forecast" || name == "gap"
}
func planned(name string) bool { return name == "target" || name == "expected" }

// compared tells whether the literal at i stands in = 'x', 'x' = or IN ('x', 'y').
func compared(ts []token, i int) bool {
	equals := func(t token) bool { return t.text == "=" || t.text == "!=" || t.text == "<>" }
	if i == 0 || equals(ts[i-1]) || equals(ts[i+1]) {
		return true
	}
	for i--; i > 0 && (ts[i].kind == 's' || ts[i].text == ","); i-- {
	}
	return i > 1 && (ts[i].text == "(" && ts[i-1].is("IN") || ts[i].text == "[" && ts[i-1].text == "(" && ts[i-2].is("has", "indexOf"))
}

// passed tells whether the expression that ends at i is a column, an empty literal, or one picked by an aggregate.
func passed(ts []token, i int) bool {
	if i < 0 {
		return false
	}
	if ts[i].text != ")" {
		return ts[i].kind == 'w' && (i == 0 || !ts[i-1].is("+", "-", "*", "/", "END")) || ts[i].text == "''" || ts[i].text == "0" || ts[i].is("NULL")
	}
	depth := 0
	for ; i >= 0; i-- {
		if ts[i].text == ")" {
			depth++
		} else if ts[i].text == "(" {
			if depth--; depth == 0 {
				break
			}
		}
	}
	return i > 0 && ts[i-1].is(passing...)
}
