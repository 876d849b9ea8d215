package web_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/xuri/excelize/v2"

	"tiendo/pipeline/open"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/web"
)

// described is the interface's own description, found to be sound OpenAPI.
func described(t *testing.T, h http.Handler) *openapi3.T {
	t.Helper()
	rec := get(h, "/api/v1/openapi.json")
	doc, err := openapi3.NewLoader().LoadFromData(rec.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return doc
}

// asked holds an answer against the description of its address and decodes it.
func asked(t *testing.T, doc *openapi3.T, h http.Handler, address string) map[string]any {
	t.Helper()
	rec := get(h, address)
	path, query, _ := strings.Cut(address, "?")
	item := doc.Paths.Value(path)
	if item == nil { // an unknown table: what is said of any other
		item = doc.Paths.Value("/api/v1/")
	}
	for _, pair := range strings.Split(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if rec.Code == http.StatusOK && name != "" && item.Get.Parameters.GetByInAndName("query", name) == nil {
			t.Errorf("%s: parameter %s is not described", address, name)
		}
	}
	answer := item.Get.Responses.Status(rec.Code)
	if answer == nil {
		answer = item.Get.Responses.Default()
	}
	media, _, _ := strings.Cut(rec.Header().Get("Content-Type"), ";")
	content := answer.Value.Content.Get(media)
	if content == nil {
		t.Fatalf("%s: %d is answered as %s, which is not described", address, rec.Code, media)
	}
	var body map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil {
		t.Fatalf("%s: %v\n%.500s", address, err, rec.Body)
	}
	if err := content.Schema.Value.VisitJSON(body, openapi3.MultiErrors()); err != nil {
		t.Errorf("%s: the answer is not as described: %.1500v", address, err)
	}
	return body
}

func TestOpenData(t *testing.T) {
	p := load(t, kienGiang)
	st := filled(t, p)
	h := site(t, p, st, clock(p.Demo.AsOf))
	doc := described(t, h)
	asked(t, doc, h, "/api/v1/")
	for _, c := range []struct {
		address string
		total   int // -1: some
		asOf    any
	}{
		{"/api/v1/plans", 1, nil},
		{"/api/v1/indicators", len(p.Indicators), nil},
		{"/api/v1/indicators?indicator=CQS-02&known_on=2025-06-01", 1, nil},
		{"/api/v1/targets?limit=1000", -1, nil},
		{"/api/v1/targets?indicator=CQS-02", 2, nil},
		{"/api/v1/units?limit=1000", len(p.Units.All), nil},
		{"/api/v1/units?level=district&as_of=2025-06-29", 15, "2025-06-29"},
		{"/api/v1/units?unit=899", 1, nil},
		{"/api/v1/weeks", -1, nil},
		{"/api/v1/weeks?level=province", -1, nil},
		{"/api/v1/progress?limit=1000", -1, "2025-06-29"},
		{"/api/v1/progress?unit=899&indicator=CQS-02", 1, "2025-06-29"},
		{"/api/v1/progress?level=district&status=behind", -1, "2025-06-29"},
		{"/api/v1/progress?as_of=2025-06-22&known_on=2025-06-23&level=province", -1, "2025-06-22"},
		{"/api/v1/sources", len(p.Sources), nil},
		{"/api/v1/restatements?since=2025-01-01", 0, nil},
	} {
		body := asked(t, doc, h, c.address)
		total := int(body["total"].(float64))
		if c.total >= 0 && total != c.total || c.total < 0 && total < 1 {
			t.Errorf("%s: %d rows, want %d", c.address, total, c.total)
		}
		known := "2025-06-30"
		if _, day, ok := strings.Cut(c.address, "known_on="); ok {
			known = day[:10]
		}
		if body["plan"] != kienGiang || body["as_of"] != c.asOf || body["known_on"] != known || body["method_version"] != "plan-1" || body["plan_version"] != "243/KH-UBND" || body["notice"] != notice {
			t.Errorf("%s stands on %v %v %v %v %v %v", c.address, body["plan"], body["as_of"], body["known_on"], body["method_version"], body["plan_version"], body["notice"])
		}
		if items := body["items"].([]any); total > 0 && len(items) == 0 {
			t.Errorf("%s has no rows", c.address)
		}
	}

	// Figures are the stored ones, exact; what is unknown is null with a reason.
	all, err := st.Assessments(context.Background(), web.Query{AsOf: p.Demo.AsOf, Since: plan.NoDay, KnownOn: plan.NoDay, Levels: []plan.Level{"district"}})
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]map[string]any{}
	for _, x := range asked(t, doc, h, "/api/v1/progress?level=district&limit=1000")["items"].([]any) {
		r := x.(map[string]any)
		rows[r["indicator"].(string)+" "+r["unit"].(string)] = r
	}
	unknown := 0
	for _, a := range all {
		r := rows[a.Indicator+" "+a.Unit.Code]
		switch {
		case r == nil:
			t.Errorf("%s of %s is missing", a.Indicator, a.Unit)
		case a.Value == nil:
			if unknown++; r["value"] != nil || len(r["reasons"].([]any)) == 0 {
				t.Errorf("%s of %s: value %v, reasons %v", a.Indicator, a.Unit, r["value"], r["reasons"])
			}
		case r["value"] != a.Value.String() || r["status"] != string(a.Status):
			t.Errorf("%s of %s: %v %v, want %s %s", a.Indicator, a.Unit, r["value"], r["status"], a.Value, a.Status)
		}
	}
	if len(rows) != len(all) || unknown == 0 {
		t.Errorf("%d rows, %d stored, %d unknown", len(rows), len(all), unknown)
	}

	for _, c := range []struct {
		address string
		status  int
		says    string
	}{
		{"/api/v1/nothing", 404, "Không có bảng này"},
		{"/api/v1/units/899", 404, "Không có bảng này"},
		{"/api/v1/progress?unit=no", 404, "no"},
		{"/api/v1/progress?indicator=no", 404, "no"},
		{"/api/v1/progress?level=no", 404, "no"},
		{"/api/v1/progress?status=good", 400, "behind"},
		{"/api/v1/progress?as_of=29/06/2025", 400, "năm-tháng-ngày"},
		{"/api/v1/progress?as_of=2025-06-28", 404, "không có ngày 28/06/2025"},
		{"/api/v1/progress?as-of=2025-06-29", 400, "as_of"},
		{"/api/v1/progress?limit=0", 400, "limit"},
		{"/api/v1/progress?limit=1001", 400, "limit"},
		{"/api/v1/progress?cursor=x", 400, "cursor"},
		{"/api/v1/progress?unit=899&unit=900", 400, "unit"},
		{"/data/package.zip?as_of=2025-06-28", 404, "28/06/2025"},
	} {
		body := asked(t, doc, h, c.address)
		if body["status"] != float64(c.status) || !strings.Contains(body["detail"].(string), c.says) || body["instance"] != c.address {
			t.Errorf("%s: %v", c.address, body)
		}
	}
	for _, x := range []struct {
		h      http.Handler
		status int
	}{{site(t, p, failing{}, clock(p.Demo.AsOf)), 503}, {site(t, p, stored(t, p), clock(p.Demo.AsOf)), 503}} {
		if body := asked(t, doc, x.h, "/api/v1/progress"); body["status"] != float64(x.status) || strings.Contains(body["detail"].(string), "secret") {
			t.Errorf("%v", body)
		}
	}
}

// TestOpenDataPages walks every page of every table: each row once, in the one order, whatever the size of a page.
func TestOpenDataPages(t *testing.T) {
	p := load(t, kienGiang)
	h := site(t, p, filled(t, p), clock(p.Demo.AsOf))
	for _, c := range []struct {
		table string
		limit int
	}{{"indicators", 7}, {"targets", 10}, {"units", 60}, {"weeks", 3}, {"progress", 333}, {"sources", 1}} {
		table := open.Find(c.table)
		var seen []string
		total := -1
		for next, pages := "/api/v1/"+c.table+"?limit="+strconv.Itoa(c.limit), 0; next != ""; pages++ {
			rec := get(h, next)
			var body struct {
				Total int
				Next  *string
				Items []map[string]any
			}
			if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil || len(body.Items) == 0 || len(body.Items) > c.limit || total >= 0 && body.Total != total || pages > 100 {
				t.Fatalf("%s: %v, %d rows of %d", next, err, len(body.Items), body.Total)
			}
			total = body.Total
			for _, x := range body.Items {
				var key []string
				for _, k := range table.Key {
					v, _ := x[k].(string)
					key = append(key, v)
				}
				seen = append(seen, strings.Join(key, "\x00"))
			}
			link := rec.Header().Get("Link")
			next = ""
			if body.Next != nil {
				next = *body.Next
				if link != "<"+next+`>; rel="next"` {
					t.Errorf("%s: Link is %q", next, link)
				}
			} else if link != "" {
				t.Errorf("the last page of %s has a Link %q", c.table, link)
			}
		}
		if len(seen) != total || !slices.IsSorted(seen) || len(slices.Compact(slices.Clone(seen))) != total {
			t.Errorf("%s: %d rows came, %d of them distinct, of %d", c.table, len(seen), len(slices.Compact(slices.Clone(seen))), total)
		}
	}
}

func TestOpenDataHeaders(t *testing.T) {
	p := load(t, kienGiang)
	st := filled(t, p)
	h := site(t, p, st, clock(p.Demo.AsOf))
	const address = "/api/v1/progress?unit=899"
	ask := func(h http.Handler, method, ifNoneMatch string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, address, nil)
		r.Header.Set("Origin", "https://example.org")
		if ifNoneMatch != "" {
			r.Header.Set("If-None-Match", ifNoneMatch)
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec
	}
	first := ask(h, "GET", "")
	tag := first.Header().Get("ETag")
	if first.Code != http.StatusOK || tag == "" || first.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Fatalf("%d %v", first.Code, first.Header())
	}
	if rec := ask(h, "GET", tag); rec.Code != http.StatusNotModified || rec.Body.Len() != 0 {
		t.Errorf("the same again: %d with %d bytes", rec.Code, rec.Body.Len())
	}
	if rec := ask(h, "HEAD", ""); rec.Code != http.StatusOK || rec.Body.Len() != 0 || rec.Header().Get("ETag") != tag || rec.Header().Get("Content-Length") != strconv.Itoa(first.Body.Len()) {
		t.Errorf("HEAD: %d %v", rec.Code, rec.Header())
	}
	if rec := ask(h, "OPTIONS", ""); rec.Code != http.StatusNoContent || !strings.Contains(rec.Header().Get("Access-Control-Allow-Methods"), "GET") {
		t.Errorf("OPTIONS: %d %v", rec.Code, rec.Header())
	}
	if rec := ask(h, "POST", ""); rec.Code != http.StatusMethodNotAllowed || !strings.HasPrefix(rec.Header().Get("Content-Type"), "application/problem+json") || rec.Header().Get("Allow") == "" {
		t.Errorf("POST: %d %v", rec.Code, rec.Header())
	}

	// Another figure is another tag.
	u := p.Units.On("899", p.Demo.AsOf)
	r := made(p, p.Indicator("CQS-02"), u, p.Demo.AsOf)
	v := plan.MustValue("12.5")
	r.Value, r.KnownAt = &v, r.KnownAt+1
	if _, err := st.SaveResults(context.Background(), p, p.VersionOn(p.Demo.AsOf), []progress.Result{r}, clock(p.Demo.AsOf)().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if rec := ask(h, "GET", tag); rec.Code != http.StatusOK || rec.Header().Get("ETag") == tag || !strings.Contains(rec.Body.String(), `"value":"12.5"`) {
		t.Errorf("after a new figure: %d %s", rec.Code, rec.Header().Get("ETag"))
	}
}

// TestOpenDataBelowAPath: behind a proxy that shows the site below a path, every address that is told has that path.
func TestOpenDataBelowAPath(t *testing.T) {
	p := load(t, anGiang)
	h, err := web.New(web.Options{Plan: p, Store: filled(t, p), Now: clock(p.Demo.AsOf), Site: "https://so.example/tien-do/"})
	if err != nil {
		t.Fatal(err)
	}
	doc := described(t, h)
	if len(doc.Servers) != 1 || doc.Servers[0].URL != "/tien-do" {
		t.Errorf("servers: %v", doc.Servers)
	}
	index := asked(t, doc, h, "/api/v1/")
	for name, address := range index["tables"].(map[string]any) {
		if rec := get(h, address.(string)); address != "/tien-do/api/v1/"+name || rec.Code != http.StatusOK {
			t.Errorf("%s is at %s: %d", name, address, rec.Code)
		}
	}
	for _, key := range []string{"openapi", "package"} {
		if rec := get(h, index[key].(string)); rec.Code != http.StatusOK {
			t.Errorf("%s is at %s: %d", key, index[key], rec.Code)
		}
	}
	next := asked(t, doc, h, "/api/v1/units?limit=2")["next"].(string)
	if rec := get(h, next); !strings.HasPrefix(next, "/tien-do/") || rec.Code != http.StatusOK {
		t.Errorf("the next page is at %s: %d", next, rec.Code)
	}
	rec := get(h, "/?format=xlsx")
	f, err := excelize.OpenReader(bytes.NewReader(rec.Body.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows("Thông tin")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(rows, func(r []string) bool { return strings.HasPrefix(r[1], "https://so.example/tien-do/?as-of=") }) {
		t.Errorf("the workbook does not say where it is from: %q", rows)
	}
}

// TestDataPackage reads the package back as a stranger would: by what datapackage.json says.
func TestDataPackage(t *testing.T) {
	p := load(t, kienGiang)
	st := filled(t, p)
	h := site(t, p, st, clock(p.Demo.AsOf))
	rec := get(h, "/data/package.zip")
	if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "application/zip" || rec.Header().Get("Content-Disposition") != `attachment; filename="`+kienGiang+`-2025-06-29.zip"` {
		t.Fatalf("%d %v", rec.Code, rec.Header())
	}
	if again := get(site(t, p, st, clock(p.Demo.AsOf)), "/data/package.zip"); !bytes.Equal(again.Body.Bytes(), rec.Body.Bytes()) {
		t.Error("the same figures give another package")
	}
	if past := get(h, "/data/package.zip?as_of=2025-06-22"); past.Code != http.StatusOK || bytes.Equal(past.Body.Bytes(), rec.Body.Bytes()) {
		t.Errorf("of another day: %d, the same bytes", past.Code)
	}
	z, err := zip.NewReader(bytes.NewReader(rec.Body.Bytes()), int64(rec.Body.Len()))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	var about struct {
		Profile, Name, Description, Rights string
		AsOf                               string `json:"as_of"`
		KnownOn                            string `json:"known_on"`
		PlanVersion                        string `json:"plan_version"`
		MethodVersion                      string `json:"method_version"`
		Sources                            []struct{ Title string }
		Resources                          []struct {
			Name, Path, Hash, Encoding string
			Bytes, Rows                int
			Schema                     struct {
				Fields []struct {
					Name, Type  string
					Constraints struct {
						Required bool
						Enum     []string
					}
				}
				PrimaryKey []string
			}
		}
	}
	if err := json.Unmarshal(files["datapackage.json"], &about); err != nil {
		t.Fatal(err)
	}
	if about.Profile != "tabular-data-package" || about.Name != kienGiang || !strings.Contains(about.Description, notice) || !strings.Contains(about.Rights, "giấy phép") || len(about.Sources) != len(p.Sources)+1 ||
		about.AsOf != "2025-06-29" || about.KnownOn != "2025-06-30" || about.PlanVersion != "243/KH-UBND" || about.MethodVersion != "plan-1" {
		t.Errorf("the package says %+v", about)
	}
	results, err := st.Assessments(context.Background(), web.Query{AsOf: p.Demo.AsOf, Since: plan.NoDay, KnownOn: plan.NoDay})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"plans": 1, "indicators": len(p.Indicators), "targets": 0, "units": len(p.Units.All), "progress": len(results)}
	for _, ind := range p.Indicators {
		want["targets"] += len(ind.Targets)
	}
	if len(about.Resources) != len(want) || len(files) != len(want)+1 {
		t.Errorf("%d resources, %d files", len(about.Resources), len(files))
	}
	for _, r := range about.Resources {
		body := files[r.Path]
		sum := sha256.Sum256(body)
		if r.Hash != "sha256:"+hex.EncodeToString(sum[:]) || r.Bytes != len(body) || r.Encoding != "utf-8" {
			t.Errorf("%s: hash %s, %d bytes of %d", r.Path, r.Hash, r.Bytes, len(body))
		}
		lines, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if n := len(lines) - 1; n != want[r.Name] || r.Rows != n {
			t.Errorf("%s has %d rows and says %d, want %d", r.Path, n, r.Rows, want[r.Name])
		}
		for j, f := range r.Schema.Fields {
			if lines[0][j] != f.Name {
				t.Fatalf("%s: column %d is %s, said to be %s", r.Path, j, lines[0][j], f.Name)
			}
			for i, line := range lines[1:] {
				if bad := unfit(line[j], f.Type, f.Constraints.Required, f.Constraints.Enum); bad != "" {
					t.Fatalf("%s line %d, %s: %q %s", r.Path, i+2, f.Name, line[j], bad)
				}
			}
		}
	}
}

// unfit says what is wrong with a cell of a type of Table Schema.
func unfit(cell, kind string, required bool, enum []string) string {
	if cell == "" {
		if required {
			return "is empty, but required"
		}
		return ""
	}
	var err error
	switch kind {
	case "string":
	case "integer":
		_, err = strconv.ParseInt(cell, 10, 64)
	case "number":
		_, err = plan.ParseValue(cell)
	case "date":
		_, err = time.Parse(time.DateOnly, cell)
	case "datetime":
		_, err = time.Parse("2006-01-02T15:04:05Z", cell)
	case "boolean":
		_, err = strconv.ParseBool(cell)
	default:
		return "is of an unknown type " + kind
	}
	if err != nil {
		return err.Error()
	}
	if enum != nil && !slices.Contains(enum, cell) {
		return "is none of " + strings.Join(enum, ", ")
	}
	return ""
}
