package main

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
)

// Every export says of which plan its figures are, of which day, what was known, and by which method: here each is opened and
// read for that, so that what was copied out of the program still tells.

// statedNames are the four facts as columns and fields, and as people read them.
var (
	statedColumns = []string{"plan", "as_of", "known_on", "method_version"}
	statedWords   = []string{"kế hoạch", "tính đến ngày", "theo số liệu đã biết đến ngày", "phiên bản phương pháp", "kien-giang-2022-2025", progress.MethodVersion}
)

// lacks names the facts that an export does not state. kind is csv, json, zip (a data package), xlsx, docx, html or text.
func lacks(kind string, body []byte) ([]string, error) {
	switch kind {
	case "csv":
		return csvLacks(body)
	case "json":
		return jsonLacks(body)
	case "zip":
		descriptor, err := inArchive(body, "datapackage.json")
		if err != nil {
			return nil, err
		}
		return jsonLacks(descriptor)
	}
	text := string(body)
	switch kind {
	case "xlsx":
		f, err := excelize.OpenReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		defer f.Close()
		var cells []string
		for _, sheet := range f.GetSheetList() {
			rows, err := f.GetRows(sheet)
			if err != nil {
				return nil, err
			}
			for _, r := range rows {
				cells = append(cells, r...)
			}
		}
		text = strings.Join(cells, "\n")
	case "docx":
		document, err := inArchive(body, "word/document.xml")
		if err != nil {
			return nil, err
		}
		text = string(document)
	case "html", "text":
	default:
		return nil, fmt.Errorf("no export is read as %q", kind)
	}
	var missing []string
	text = strings.ToLower(text)
	for _, w := range statedWords {
		if !strings.Contains(text, w) {
			missing = append(missing, w)
		}
	}
	return missing, nil
}

// csvLacks wants every fact in one column, and in every line.
func csvLacks(body []byte) (missing []string, err error) {
	lines, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(body, []byte("\uFEFF")))).ReadAll()
	if err != nil || len(lines) == 0 {
		return nil, fmt.Errorf("no table: %w", err)
	}
	for _, name := range statedColumns {
		i := slices.Index(lines[0], name)
		if i < 0 || slices.Contains(lines[0][i+1:], name) || slices.ContainsFunc(lines[1:], func(l []string) bool { return l[i] == "" }) {
			missing = append(missing, name)
		}
	}
	return missing, nil
}

// jsonLacks wants every fact in the object, or in every object of a list. A table that speaks of no day says null.
func jsonLacks(body []byte) (missing []string, err error) {
	var all []map[string]any
	if err := json.Unmarshal(body, &all); err != nil {
		var one map[string]any
		if err := json.Unmarshal(body, &one); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	for _, x := range all {
		for _, name := range statedColumns {
			v, ok := x[name]
			if empty := v == nil || v == ""; (!ok || empty && name != "as_of") && !slices.Contains(missing, name) {
				missing = append(missing, name)
			}
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("an empty list says nothing")
	}
	return missing, nil
}

func inArchive(body []byte, name string) ([]byte, error) {
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return nil, err
	}
	f, err := z.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// TestLacks: an export without a fact is found out.
func TestLacks(t *testing.T) {
	for _, c := range []struct{ kind, body, want string }{
		{"csv", "plan,as_of,known_on,method_version\np,d,k,m\n", ""},
		{"csv", "plan,as_of,known_on,method_version\np,d,,m\n", "known_on"},
		{"csv", "plan,as_of,plan\np,d,p\n", "plan known_on method_version"},
		{"json", `{"plan":"p","as_of":null,"known_on":"d","method_version":"m"}`, ""},
		{"json", `[{"plan":"p","as_of":"d","known_on":"d","method_version":"m"},{"plan":"p","known_on":"d"}]`, "as_of method_version"},
		{"text", "Kế hoạch kien-giang-2022-2025, tính đến ngày 1, theo số liệu đã biết đến ngày 2; phiên bản phương pháp " + progress.MethodVersion, ""},
		{"html", "Kế hoạch kien-giang-2022-2025, tính đến ngày 1; phương pháp " + progress.MethodVersion, "theo số liệu đã biết đến ngày,phiên bản phương pháp"},
	} {
		got, err := lacks(c.kind, []byte(c.body))
		if have := strings.Join(got, map[bool]string{true: ",", false: " "}[c.kind == "html"]); err != nil || have != c.want {
			t.Errorf("%s %s: %q lacks, want %q (%v)", c.kind, c.body, have, c.want, err)
		}
	}
}

// TestCommandsSayTheirBasis: what the commands write.
func TestCommandsSayTheirBasis(t *testing.T) {
	out, dir := t.TempDir(), *demoFolder
	if dir == "" {
		dir = demoDir(t)
	}
	for _, c := range []struct{ kind, command string }{
		{"csv", "export progress --csv --as-of 2022-08-28"},
		{"zip", "export package --out FILE"},
		{"json", "progress --json --unit 899"},
		{"text", "progress --unit 899"},
		{"json", "awards --milestone 2023 --award BK-UBND-2023 --json"},
		{"text", "awards --milestone 2023 --award BK-UBND-2023"},
		{"text", "awards --milestone 2023 --unit 899"},
		{"text", "awards --milestone 2023 --award BK-UBND-2023 --rulings"},
		{"html", "report 2025-W26 --out FILE --format html"},
		{"docx", "report 2025-W26 --out FILE --format docx"},
		{"xlsx", "report midterm-2023 --unit 899 --out FILE --format xlsx"},
	} {
		t.Run(c.command, func(t *testing.T) {
			file := filepath.Join(out, "written")
			body := []byte(mustTiendo(t, append(strings.Fields(strings.ReplaceAll(c.command, "FILE", file)), "--data", dir)...))
			if strings.Contains(c.command, "FILE") {
				var err error
				if body, err = os.ReadFile(file); err != nil {
					t.Fatal(err)
				}
			}
			if missing, err := lacks(c.kind, body); err != nil || len(missing) > 0 {
				t.Errorf("it does not say %q (%v):\n%.600s", missing, err, body)
			}
		})
	}
	t.Run("form", func(t *testing.T) { // an empty form has no figures: it says its plan, its period and its own version
		file := filepath.Join(out, "form.xlsx")
		mustTiendo(t, "form", "BM-KTS-04", "--period", "2025-Q2", "--unit", "899", "--out", file)
		f, err := excelize.OpenFile(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		rows, err := f.GetRows("Hướng dẫn")
		if err != nil {
			t.Fatal(err)
		}
		said := fmt.Sprint(rows)
		for _, want := range []string{"(BM-KTS-04, phiên bản 1)", "(kien-giang-2022-2025)", "bản 243/KH-UBND", "Kỳ 2025-Q2"} {
			if !strings.Contains(said, want) {
				t.Errorf("the form does not say %q: %s", want, said)
			}
		}
	})
}

var exported = regexp.MustCompile(`href="(/[^"#]*[?&](?:amp;)?format=(csv|xlsx|docx)[^"#]*)"`)

// statedByPages opens every export that a page of the walk offers, one of each kind from each address, and what programs read.
func statedByPages(t *testing.T, base string, site *addresses, pages []walked) {
	t.Helper()
	open := func(client *http.Client, kind, address string) {
		t.Helper()
		res, err := client.Get(base + address)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if missing, err := lacks(kind, body); res.StatusCode != http.StatusOK || err != nil || len(missing) > 0 {
			t.Errorf("%s answers %s and does not say %q (%v)", address, res.Status, missing, err)
		}
	}
	seen := map[string]bool{}
	for _, p := range pages {
		for _, m := range exported.FindAllStringSubmatch(p.main, -1) {
			address := html.UnescapeString(m[1])
			if key := site.pattern(t, address) + " " + m[2]; !seen[key] {
				seen[key] = true
				open(p.client, m[2], address)
			}
		}
	}
	if len(seen) < 40 {
		t.Errorf("only %d exports are offered: how do pages link to them?", len(seen))
	}
	for _, name := range []string{"plans", "indicators", "targets", "units?limit=5", "weeks", "progress?unit=899", "sources", "restatements?limit=5"} {
		open(http.DefaultClient, "json", "/api/v1/"+name)
	}
	open(http.DefaultClient, "zip", "/data/package.zip?as_of="+plan.MustDay("2025-06-22").String())
	t.Logf("%d exports of pages say what they rest on", len(seen))
}
