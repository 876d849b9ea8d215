package open_test

import (
	"bytes"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"tiendo/pipeline/open"
	"tiendo/pipeline/plan"
)

var update = flag.Bool("update", false, "write the golden file anew")

// TestDocumentIsAContract: what the interface says to programs changes only on purpose, and is seen in a review.
func TestDocumentIsAContract(t *testing.T) {
	const name = "testdata/openapi.golden.json"
	got, err := open.Document("")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the interface's description is not the one of %s: a field that went or changed breaks its readers; if it may, run the test with -update", name)
	}
}

func TestTablesAreSound(t *testing.T) {
	for _, table := range open.Tables {
		seen := map[string]bool{}
		for _, f := range table.Fields {
			if seen[f.Name] || f.VI == "" || f.EN == "" {
				t.Errorf("%s: field %q stands twice or is not described", table.Name, f.Name)
			}
			seen[f.Name] = true
		}
		for _, k := range table.Key {
			if !seen[k] {
				t.Errorf("%s: its key names %q, which is no field", table.Name, k)
			}
		}
		for _, p := range table.Params {
			if _, ok := open.ParamNamed(p); !ok {
				t.Errorf("%s: parameter %q is not described", table.Name, p)
			}
		}
		if !slices.Contains(table.Params, "limit") || !slices.Contains(table.Params, "cursor") {
			t.Errorf("%s has no pages", table.Name)
		}
	}
}

// table is a small one with a cell of every kind.
var table = &open.Table{Name: "t", Key: []string{"code", "day"}, Fields: []open.Field{
	{Name: "code", Kind: open.Text}, {Name: "day", Kind: open.Day, Null: true}, {Name: "n", Kind: open.Integer, Null: true}, {Name: "v", Kind: open.Decimal, Null: true},
	{Name: "at", Kind: open.Instant, Null: true}, {Name: "ok", Kind: open.Bool}, {Name: "list", Kind: open.List}, {Name: "note", Kind: open.Text, Null: true},
}}

func TestCells(t *testing.T) {
	n, v := int64(1_250_000_000_000_000), plan.MustValue("37.3000000001")
	rows := []open.Row{
		{"b", plan.NoDay, (*int64)(nil), (*plan.Value)(nil), time.Time{}, false, []string(nil), ""},
		{"a", plan.MustDay("2025-06-29"), &n, &v, time.Date(2025, 6, 30, 1, 2, 3, 4e6, plan.Zone), true, []string{"x", "y"}, `<tỷ lệ> "80%"`},
	}
	table.Sort(rows)
	got, err := table.CSV(rows)
	if want := "code,day,n,v,at,ok,list,note\na,2025-06-29,1250000000000000,37.3000000001,2025-06-29T18:02:03Z,true,x;y,\"<tỷ lệ> \"\"80%\"\"\"\nb,,,,,false,,\n"; err != nil || string(got) != want {
		t.Errorf("CSV:\n%s\nwant\n%s%v", got, want, err)
	}
	answer, err := table.Answer(open.Basis{Plan: &plan.Plan{Code: "p", Versions: []plan.Version{{ID: "1/KH"}}}, AsOf: plan.NoDay, KnownOn: plan.MustDay("2025-06-30")}, 2, rows, "/next?a=1&b=2")
	want := `{"plan":"p","plan_version":"1/KH","method_version":"plan-1","as_of":null,"known_on":"2025-06-30","notice":null,"total":2,"next":"/next?a=1&b=2","items":[
{"code":"a","day":"2025-06-29","n":1250000000000000,"v":"37.3000000001","at":"2025-06-29T18:02:03Z","ok":true,"list":["x","y"],"note":"<tỷ lệ> \"80%\""},
{"code":"b","day":null,"n":null,"v":null,"at":null,"ok":false,"list":[],"note":null}
]}
`
	if err != nil || string(answer) != want {
		t.Errorf("JSON:\n%s\nwant\n%s%v", answer, want, err)
	}
}

// TestCellsThatDoNotFit: a row that the table does not describe is an error, never a wrong column.
func TestCellsThatDoNotFit(t *testing.T) {
	good := open.Row{"a", plan.NoDay, int64(1), plan.One, time.Time{}, false, []string{}, ""}
	if _, err := table.CSV([]open.Row{good}); err != nil {
		t.Fatal(err)
	}
	for what, bad := range map[string]open.Row{
		"too short":   good[:7],
		"a float":     {"a", plan.NoDay, 1.5, plan.One, time.Time{}, false, []string{}, ""},
		"a shift":     {"a", int64(1), plan.NoDay, plan.One, time.Time{}, false, []string{}, ""},
		"a null code": {nil, plan.NoDay, int64(1), plan.One, time.Time{}, false, []string{}, ""},
	} {
		if _, err := table.CSV([]open.Row{bad}); err == nil {
			t.Errorf("%s is written as CSV", what)
		}
		if _, err := table.Answer(open.Basis{Plan: &plan.Plan{}}, 1, []open.Row{bad}, ""); err == nil {
			t.Errorf("%s is written as JSON", what)
		}
	}
}

// TestACursorOutlivesItsRow: rows that come and go between two pages make no other row come twice or not at all.
func TestACursorOutlivesItsRow(t *testing.T) {
	of := func(codes string) (rows []open.Row) {
		for _, c := range strings.Split(codes, "") {
			rows = append(rows, open.Row{c, plan.NoDay, int64(1), plan.One, time.Time{}, false, []string{}, ""})
		}
		table.Sort(rows)
		return rows
	}
	codes := func(rows []open.Row) (all string) {
		for _, r := range rows {
			all += r[0].(string)
		}
		return all
	}
	first, cursor, err := table.Page(of("gecab"), "", 2)
	if err != nil || codes(first) != "ab" || cursor == "" {
		t.Fatalf("%s %q %v", codes(first), cursor, err)
	}
	for all, want := range map[string]string{"abceg": "ce", "aceg": "ce", "abbceg": "ce", "a0bdg": "dg", "ab": "", "xyz": "xy"} {
		if page, _, err := table.Page(of(all), cursor, 2); err != nil || codes(page) != want {
			t.Errorf("behind b in %s comes %q, want %q (%v)", all, codes(page), want, err)
		}
	}
	for _, bad := range []string{"!", "YQ", "YQ==", cursor + "AA"} {
		if _, _, err := table.Page(of("abc"), bad, 2); err == nil {
			t.Errorf("cursor %q is taken", bad)
		}
	}
}
