package open

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/review"
)

// Origin names a source of the figures.
type Origin struct{ ID, Name string }

// rights is said in the place of a licence: who publishes the figures chooses it, no program can.
const rights = "Gói dữ liệu chưa nêu giấy phép: cơ quan công bố chọn giấy phép và ghi vào đây trước khi công bố. | No licence is stated: the authority that publishes the figures names one before it does."

// packed is a file of a data package.
type packed struct {
	name string
	body []byte
}

// Package is a Frictionless Data Package (a zip of datapackage.json and CSV files) of the plan and the progress to its
// targets on a day. in is the plan as in force for what was known. Equal inputs give equal bytes.
func Package(basis Basis, in *plan.Plan, origins []Origin, results []review.Assessment, contested Objected) ([]byte, error) {
	if basis.AsOf == plan.NoDay {
		return nil, fmt.Errorf("data package of plan %s: the day that the figures speak of must be given", basis.Plan.Code)
	}
	resources := []object{}
	var files []packed
	for _, x := range []struct {
		table *Table
		rows  []Row
	}{{Plan, PlanRows(in, basis.KnownOn)}, {Indicators, IndicatorRows(in)}, {Targets, TargetRows(in)}, {Units, UnitRows(in, in.Units.All)}, {Progress, ProgressRows(results, contested)}} {
		body, err := x.table.CSV(x.rows)
		if err != nil {
			return nil, err
		}
		name := "data/" + x.table.Name + ".csv"
		sum := sha256.Sum256(body)
		files = append(files, packed{name, body})
		resources = append(resources, object{
			"name": x.table.Name, "title": x.table.VI, "description": x.table.EN, "path": name, "profile": "tabular-data-resource", "format": "csv", "mediatype": "text/csv", "encoding": "utf-8",
			"bytes": len(body), "hash": "sha256:" + hex.EncodeToString(sum[:]), "rows": len(x.rows), "dialect": object{"delimiter": ",", "lineTerminator": "\n", "header": true}, "schema": x.table.frictionless(),
		})
	}
	sources := []object{{"title": in.Name + " (" + in.Document + ")"}}
	for _, o := range origins {
		sources = append(sources, object{"title": o.Name, "source": o.ID})
	}
	description := fmt.Sprintf("Tiến độ thực hiện %s tính đến ngày %s, theo số liệu đã biết đến ngày %s. Ô trống là chưa biết, không phải là số 0. | Progress to the plan's targets as of %[2]s, as known on %[3]s. Empty is unknown, never zero.",
		in.Name, basis.AsOf, basis.KnownOn)
	if basis.Notice != "" {
		description = basis.Notice + ". " + description
	}
	about := object{
		"profile": "tabular-data-package", "name": in.Code, "title": in.Name, "description": description, "version": basis.Version(), "rights": rights, "sources": sources,
		"plan": in.Code, "plan_version": basis.Version(), "method_version": progress.MethodVersion, "as_of": basis.AsOf.String(), "known_on": basis.KnownOn.String(), "notice": basis.Notice,
		"resources": resources,
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(about); err != nil {
		return nil, err
	}
	return zipped(append([]packed{{"datapackage.json", b.Bytes()}}, files...))
}

// noTime stands in the archive in the place of the time of writing, which would make every archive another one.
var noTime = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

func zipped(files []packed) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: noTime})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(f.body); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// frictionless is the table's Table Schema.
func (t *Table) frictionless() object {
	var fields []object
	for _, f := range t.Fields {
		x := object{"name": f.Name, "title": f.VI, "description": f.EN, "type": "string"}
		switch f.Kind {
		case Integer:
			x["type"] = "integer"
		case Decimal:
			x["type"] = "number"
		case Day:
			x["type"] = "date"
		case Instant:
			x["type"] = "datetime"
		case Bool:
			x["type"] = "boolean"
		case List:
			x["description"] = f.EN + " (separated by ;)"
		}
		constraints := object{}
		if !f.Null && f.Kind != List {
			constraints["required"] = true
		}
		if f.Enum != nil {
			constraints["enum"] = f.Enum
		}
		if len(constraints) > 0 {
			x["constraints"] = constraints
		}
		fields = append(fields, x)
	}
	out := object{"fields": fields, "missingValues": []string{""}}
	if !slices.ContainsFunc(t.Fields, func(f Field) bool { return f.Null && slices.Contains(t.Key, f.Name) }) { // a primary key holds no null
		out["primaryKey"] = t.Key
	}
	return out
}
