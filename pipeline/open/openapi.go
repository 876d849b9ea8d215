package open

import (
	"bytes"
	"encoding/json"
)

// Param is a parameter of the interface.
type Param struct {
	Name string
	Kind Kind
	Enum []string
	VI   string
	EN   string
}

// The limits of a page.
const (
	DefaultLimit = 100
	MostLimit    = 1000
)

// Params are the parameters that tables may name.
var Params = []Param{
	{"as_of", Day, nil, "Ngày số liệu nói đến; mặc định: tuần gần nhất đã hết", "Day that the figures speak of, one of /weeks; default: the last complete week"},
	{"known_on", Day, nil, "Theo số liệu đã biết đến hết ngày này; mặc định: mới nhất", "Only what was known by the end of this day; default: the newest"},
	{"unit", Text, nil, "Mã đơn vị: MÃ hoặc MÃ@NGÀY", "Unit, CODE or CODE@YYYY-MM-DD"},
	{"indicator", Text, nil, "Mã chỉ tiêu", "Code of an indicator"},
	{"level", Text, nil, "Mã cấp", "Code of a level"},
	{"status", Text, Statuses, "Mã trạng thái", "Status"},
	{"since", Day, nil, "Biết từ ngày này; mặc định: 35 ngày trước", "Known from this day on; default: 35 days ago"},
	{"limit", Integer, nil, "Số dòng của một trang", "Rows of a page"},
	{"cursor", Text, nil, "Vị trí trang, lấy từ next", "Place of the page, as next gives it"},
}

// ParamNamed finds a parameter; false if there is none.
func ParamNamed(name string) (Param, bool) {
	for _, p := range Params {
		if p.Name == name {
			return p, true
		}
	}
	return Param{}, false
}

// object is a piece of a JSON document.
type object = map[string]any

// Document is the OpenAPI 3 description of the interface, made from the same tables as its answers. below is the path
// under which a proxy shows the site; empty: none.
func Document(below string) ([]byte, error) {
	parameters := object{}
	for _, p := range Params {
		schema := kindSchema(p.Kind, p.Enum)
		if p.Name == "limit" {
			schema["minimum"], schema["maximum"], schema["default"] = 1, MostLimit, DefaultLimit
		}
		parameters[p.Name] = object{"name": p.Name, "in": "query", "required": false, "description": p.VI + " | " + p.EN, "schema": schema}
	}
	schemas := object{"problem": object{
		"type": "object", "additionalProperties": false, "required": []string{"title", "status", "detail", "instance"},
		"description": "RFC 9457",
		"properties":  object{"title": object{"type": "string"}, "status": object{"type": "integer"}, "detail": object{"type": "string"}, "instance": object{"type": "string"}},
	}, "index": object{
		"type": "object", "additionalProperties": false, "required": []string{"plan", "name", "notice", "tables", "openapi", "package"},
		"properties": object{"plan": object{"type": "string"}, "name": object{"type": "string"}, "notice": object{"type": "string", "nullable": true},
			"tables": object{"type": "object", "additionalProperties": object{"type": "string"}}, "openapi": object{"type": "string"}, "package": object{"type": "string"}},
	}}
	problem := object{"description": "Nói điều gì sai và cần làm gì | what is wrong and what to do", "content": object{"application/problem+json": object{"schema": ref("schemas", "problem")}}}
	answers := func(description, media string, schema object, headers object) object {
		return object{"200": object{"description": description, "headers": headers, "content": object{media: object{"schema": schema}}},
			"304": object{"description": "Không đổi so với If-None-Match | not changed"}, "default": object{"$ref": "#/components/responses/problem"}}
	}
	tag := object{"ETag": object{"description": "Dấu của nội dung | mark of the content", "schema": object{"type": "string"}}}
	paths := object{
		"/api/v1/":             object{"get": object{"operationId": "index", "summary": "Các bảng | The tables", "responses": answers("Địa chỉ các bảng | addresses of the tables", "application/json", ref("schemas", "index"), tag)}},
		"/api/v1/openapi.json": object{"get": object{"operationId": "openapi", "summary": "Văn bản này | This document", "responses": answers("OpenAPI 3", "application/json", object{"type": "object"}, tag)}},
		"/data/package.zip": object{"get": object{"operationId": "package", "summary": "Gói dữ liệu | Data package (Frictionless)",
			"parameters": []any{ref("parameters", "as_of"), ref("parameters", "known_on")},
			"responses":  answers("datapackage.json, CSV", "application/zip", object{"type": "string", "format": "binary"}, tag)}},
	}
	for _, t := range Tables {
		schemas[t.Name] = t.schema()
		schemas[t.Name+"_answer"] = object{
			"type": "object", "additionalProperties": false, "required": []string{"plan", "plan_version", "method_version", "as_of", "known_on", "notice", "total", "next", "items"},
			"properties": object{
				"plan":           object{"type": "string"},
				"plan_version":   object{"type": "string"},
				"method_version": object{"type": "string", "description": "Phiên bản phương pháp của chương trình | version of the program's method"},
				"as_of":          object{"type": "string", "format": "date", "nullable": true},
				"known_on":       object{"type": "string", "format": "date"},
				"notice":         object{"type": "string", "nullable": true, "description": "Nguồn gốc số liệu, nếu không phải số liệu thật | where the figures come from, if they are not real"},
				"total":          object{"type": "integer", "minimum": 0},
				"next":           object{"type": "string", "nullable": true},
				"items":          object{"type": "array", "maxItems": MostLimit, "items": ref("schemas", t.Name)},
			},
		}
		var params []any
		for _, name := range t.Params {
			params = append(params, ref("parameters", name))
		}
		headers := object{"ETag": tag["ETag"], "Link": object{"description": "Trang sau, rel=next | the next page", "schema": object{"type": "string"}}}
		paths["/api/v1/"+t.Name] = object{"get": object{"operationId": t.Name, "summary": t.VI + " | " + t.EN, "parameters": params,
			"responses": answers(t.VI+" | "+t.EN, "application/json", ref("schemas", t.Name+"_answer"), headers)}}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	doc := object{
		"openapi": "3.0.3",
		"info": object{"title": "tiendo", "version": "1",
			"description": "Số liệu mở của kế hoạch: chỉ đọc, không cần đăng ký. Số thập phân là chuỗi để giữ đúng từng chữ số; null là chưa biết, không phải là số 0. | Open data of the plan: read only. Decimals are strings, so that no digit is lost; null is unknown, never zero."},
		"paths":      paths,
		"components": object{"schemas": schemas, "parameters": parameters, "responses": object{"problem": problem}},
	}
	if below != "" {
		doc["servers"] = []object{{"url": below}}
	}
	err := e.Encode(doc)
	return b.Bytes(), err
}

func ref(where, name string) object { return object{"$ref": "#/components/" + where + "/" + name} }

func kindSchema(k Kind, enum []string) object {
	out := object{"type": "string"}
	switch k {
	case Integer:
		out = object{"type": "integer", "format": "int64"}
	case Decimal:
		out["pattern"] = `^-?\d+(\.\d{1,10})?$`
	case Day:
		out["format"] = "date"
	case Instant:
		out["format"] = "date-time"
	case Bool:
		out["type"] = "boolean"
	case List:
		return object{"type": "array", "items": object{"type": "string"}}
	}
	if enum != nil {
		out["enum"] = enum
	}
	return out
}

func (t *Table) schema() object {
	properties, required := object{}, []string{}
	for _, f := range t.Fields {
		schema := kindSchema(f.Kind, f.Enum)
		if f.Null {
			schema["nullable"] = true
			if f.Enum != nil { // null must be among what it may be
				all := []any{nil}
				for _, x := range f.Enum {
					all = append(all, x)
				}
				schema["enum"] = all
			}
		}
		schema["description"] = f.VI + " | " + f.EN
		properties[f.Name] = schema
		required = append(required, f.Name)
	}
	return object{"type": "object", "additionalProperties": false, "required": required, "properties": properties}
}
