package grafana

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"tiendo/pipeline/words"
)

const (
	timezone   = "Asia/Ho_Chi_Minh"
	kioskUnits = 27 // of height on a screen of 1920x1080
	gridWidth  = 24
	languageEN = "en"
	schema     = 37 // classic: what Grafana 9.4 wrote, and every later one reads
)

var placeholder = regexp.MustCompile(`\$?\{[a-z_]+\}`)

type object = map[string]any

var (
	clickhouse = object{"type": "grafana-clickhouse-datasource", "uid": "${datasource}"}
	prometheus = object{"type": "prometheus", "uid": "${prometheus}"}
)

// UID is the uid of a board in a language: the definition's in Vietnamese, with -en in English.
func UID(uid, lang string) string {
	if lang == languageEN {
		return uid + "-en"
	}
	return uid
}

// File is where a board is kept below the folder of the definitions: language/audience/uid.json.
func File(b *Board, lang string) string {
	return path.Join(lang, b.Folder, UID(b.UID, lang)+".json")
}

// Render gives the boards of those uids, or all, in every language by their file names. The same definitions give the same
// bytes. The error says which uid is none.
func (s *Set) Render(uids ...string) (map[string][]byte, error) {
	for _, uid := range uids {
		if s.board(uid) == nil {
			return nil, fmt.Errorf("no board %q is defined", uid)
		}
	}
	files := map[string][]byte{}
	for _, b := range s.Boards {
		if len(uids) > 0 && !slices.Contains(uids, b.UID) {
			continue
		}
		for _, lang := range Languages {
			var out bytes.Buffer
			e := json.NewEncoder(&out)
			e.SetEscapeHTML(false)
			e.SetIndent("", "  ")
			if err := e.Encode(s.render(b, lang)); err != nil {
				return nil, fmt.Errorf("board %s: %w", b.UID, err)
			}
			files[File(b, lang)] = out.Bytes()
		}
	}
	return files, nil
}

func (s *Set) render(b *Board, lang string) object {
	r := renderer{s, b, lang}
	panels, annotations, variables := []any{}, []any{}, []any{}
	for _, p := range b.Panels {
		panels = append(panels, r.panel(p))
	}
	for _, name := range b.Annotations {
		a := s.Shared.Annotations[name]
		annotations = append(annotations, object{
			"name": a.Title.In(lang), "datasource": clickhouse, "enable": true, "hide": false, "iconColor": r.colour(a.Colour),
			"target": object{"refId": "Annotation", "datasource": clickhouse, "editorType": "sql", "queryType": "table", "format": 1, "rawSql": s.query(a.SQL, lang)},
		})
	}
	for _, u := range b.Variables {
		variables = append(variables, r.variable(u))
	}
	other := Languages[0]
	if lang == other {
		other = languageEN
	}
	return object{
		"uid": UID(b.UID, lang), "title": b.Title.In(lang), "description": b.Description.In(lang),
		"tags": tags(b, lang), "schemaVersion": schema, "version": 1, "editable": false,
		"timezone": timezone, "weekStart": "monday", "graphTooltip": 1, "fiscalYearStartMonth": 0, "liveNow": false, "style": "light",
		"time": object{"from": or(b.From, "now-4y/y"), "to": or(b.To, "now/y")}, "timepicker": object{}, "refresh": or(b.Refresh, "1h"),
		"annotations": object{"list": annotations}, "templating": object{"list": variables}, "panels": panels,
		"links": []any{
			object{
				"type": "dashboards", "tags": []string{"tiendo", lang}, "title": Text{"Bảng khác", "Other boards"}.In(lang), "tooltip": "", "url": "",
				"asDropdown": true, "keepTime": true, "includeVars": true, "icon": "external link", "targetBlank": false,
			},
			object{
				"type": "link", "tags": []string{}, "title": Text{"English", "Tiếng Việt"}.In(lang), "tooltip": b.Title.In(other), "url": "/d/" + UID(b.UID, other),
				"asDropdown": false, "keepTime": true, "includeVars": true, "icon": "external link", "targetBlank": false,
			},
		},
	}
}

// tags lead from board to board of the same language. A definition's own tags carry the language, so that whoever asks Grafana for
// one tag, as a playlist does, has the boards of one language.
func tags(b *Board, lang string) []string {
	out := []string{"tiendo", lang, b.Folder}
	for _, t := range b.Tags {
		out = append(out, t+"-"+lang)
	}
	return out
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

// renderer writes one board in one language.
type renderer struct {
	*Set
	board *Board
	lang  string
}

func (r renderer) variable(u Use) object {
	v := r.Shared.Variables[u.Use]
	hide := 0
	if v.Hide || u.Hide {
		hide = 2
	}
	out := object{"name": u.Name, "label": v.Label.In(r.lang), "hide": hide, "current": object{}, "options": []any{}, "skipUrlSync": false, "multi": false, "includeAll": false}
	if v.DataSource != "" {
		out["type"], out["query"], out["refresh"], out["regex"] = "datasource", v.DataSource, 1, ""
		return out
	}
	sql := r.query(v.SQL, r.lang)
	refresh := 1 // when the board is opened, and when a variable it names changes
	if strings.Contains(sql, "$__") {
		refresh = 2 // the time range changes it too
	}
	out["type"], out["datasource"], out["query"], out["definition"], out["refresh"], out["sort"], out["regex"] = "query", clickhouse, sql, sql, refresh, 0, ""
	return out
}

// preset is what a type of panel is in Grafana, before the definition's own words.
type preset struct {
	grafana string
	format  string // of the query's answer: table or timeseries; none: no query
	options object
	custom  object // field defaults
}

var presets = map[string]preset{
	"stat": {"stat", "table", object{
		"colorMode": "background", "graphMode": "none", "textMode": "value", "justifyMode": "center", "orientation": "auto",
		"reduceOptions": object{"calcs": []string{"lastNotNull"}, "fields": "/.*/", "values": false},
	}, nil},
	"tiles": {"stat", "table", object{
		"colorMode": "background", "graphMode": "none", "textMode": "value_and_name", "justifyMode": "center", "orientation": "auto",
		"reduceOptions": object{"calcs": []string{"lastNotNull"}, "fields": "/.*/", "values": true, "limit": 50},
	}, nil},
	"table": {"table", "table", object{"showHeader": true, "cellHeight": "sm", "footer": object{"show": false}},
		object{"align": "auto", "displayMode": "auto", "filterable": false}},
	"heat": {"table", "table", object{"showHeader": true, "cellHeight": "sm", "footer": object{"show": false}},
		object{"align": "center", "displayMode": "color-background-solid", "filterable": false}},
	"trend": {"timeseries", "timeseries", object{
		"legend": object{"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{}}, "tooltip": object{"mode": "multi", "sort": "none"},
	}, object{
		"drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 2, "fillOpacity": 0, "showPoints": "never", "spanNulls": true, "pointSize": 5,
		"axisPlacement": "auto", "axisLabel": "", "axisSoftMin": 0, "scaleDistribution": object{"type": "linear"}, "stacking": object{"mode": "none", "group": "A"},
		"hideFrom": object{"legend": false, "tooltip": false, "viz": false}, "thresholdsStyle": object{"mode": "off"},
	}},
	"bars": {"bargauge", "table", object{
		"orientation": "horizontal", "displayMode": "basic", "showUnfilled": true, "valueMode": "color", "minVizHeight": 10, "minVizWidth": 0,
		"reduceOptions": object{"calcs": []string{"lastNotNull"}, "fields": "", "values": true, "limit": 200},
	}, nil},
	"columns": {"barchart", "table", object{
		"orientation": "auto", "xTickLabelRotation": 0, "xTickLabelSpacing": 100, "showValue": "never", "stacking": "normal", "groupWidth": 0.8, "barWidth": 0.9, "barRadius": 0, "fullHighlight": false,
		"legend": object{"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{}}, "tooltip": object{"mode": "multi", "sort": "none"},
	}, object{
		"lineWidth": 1, "fillOpacity": 85, "gradientMode": "none", "axisPlacement": "auto", "axisLabel": "", "axisSoftMin": 0, "scaleDistribution": object{"type": "linear"},
		"hideFrom": object{"legend": false, "tooltip": false, "viz": false}, "thresholdsStyle": object{"mode": "off"},
	}},
	"map":  {"geomap", "table", object{}, nil},
	"text": {"text", "", object{"mode": "markdown"}, nil},
	"row":  {"row", "", nil, nil},
}

func (r renderer) panel(p *Panel) object {
	kind := presets[p.Type]
	out := object{
		"id": p.ID, "type": kind.grafana, "title": p.Title.In(r.lang),
		"gridPos": object{"x": p.At[0], "y": p.At[1], "w": p.At[2], "h": p.At[3]},
	}
	if p.Type == "row" {
		out["collapsed"], out["panels"] = false, []any{}
		return out
	}
	out["description"] = strings.TrimSpace(p.Description.In(r.lang))
	out["transparent"] = false
	out["links"] = r.links(p.Links)
	options := merge(kind.options, nil)
	switch p.Type {
	case "text":
		options["content"] = strings.TrimSpace(p.Content.In(r.lang))
	case "map":
		options = r.mapOptions(p)
	case "stat":
		if p.Colour == "" && len(p.Steps) == 0 {
			options["colorMode"] = "none"
		}
		if len(p.PromQL) > 0 {
			options = merge(options, object{"reduceOptions": object{"fields": ""}}) // the value, not the time beside it
		}
		if p.At[3] == 2 {
			options["text"] = object{"valueSize": 26} // what is left under the title
		}
	}
	out["options"] = merge(options, p.Options)
	if kind.format == "" {
		return out
	}
	out["datasource"], out["targets"] = clickhouse, []any{r.target(p, kind.format)}
	if len(p.PromQL) > 0 {
		out["datasource"], out["targets"] = prometheus, r.expressions(p, kind.format)
	}
	out["fieldConfig"] = object{"defaults": r.defaults(p, kind), "overrides": r.overrides(p)}
	if m := p.Matrix; m != nil {
		steps := []any{object{"id": "groupingToMatrix", "options": object{"rowField": m.Row, "columnField": m.Column, "valueField": m.Value}}}
		if m.Rename != "" {
			steps = append(steps, object{"id": "renameByRegex", "options": object{"regex": m.Rename, "renamePattern": m.As}})
		}
		out["transformations"] = steps
	}
	return out
}

func (r renderer) target(p *Panel, format string) object {
	t := object{"refId": "A", "datasource": clickhouse, "editorType": "sql", "queryType": format, "rawSql": r.query(p.SQL, r.lang), "format": 1}
	if format == "timeseries" {
		t["format"] = 0
	}
	return t
}

func (r renderer) expressions(p *Panel, format string) []any {
	var out []any
	for i, e := range p.PromQL {
		t := object{
			"refId": string(rune('A' + i)), "datasource": prometheus, "editorMode": "code", "expr": e.Expr, "legendFormat": or(e.Legend.In(r.lang), "__auto"),
			"range": !e.Instant, "instant": e.Instant, "format": "time_series",
		}
		if e.Instant && format == "table" {
			t["format"] = "table"
		}
		out = append(out, t)
	}
	return out
}

// links lead to other boards of the same language with the time range and every variable that both boards have.
func (r renderer) links(links []Link) []any {
	out := []any{}
	for _, l := range links {
		title := l.Title.In(r.lang)
		if l.URL != "" {
			out = append(out, object{"title": title, "url": "${site:raw}" + l.URL, "targetBlank": true})
			continue
		}
		to := r.Set.board(l.Board)
		query := []string{"${__url_time_range}"}
		if to != nil {
			if title == "" {
				title = to.Title.In(r.lang)
			}
			for _, u := range to.Variables {
				if from, ok := l.Set[u.Name]; ok {
					if !strings.HasPrefix(from, "$") {
						from = "${__data.fields." + from + "}"
					}
					query = append(query, "var-"+u.Name+"="+from)
				} else if r.board.has(u.Name) {
					query = append(query, "${"+u.Name+":queryparam}")
				}
			}
		}
		out = append(out, object{"title": title, "url": "/d/" + UID(l.Board, r.lang) + "?" + strings.Join(query, "&"), "targetBlank": false})
	}
	return out
}

func (r renderer) unit(name string) Unit { return r.Shared.Units[or(name, "count")] }

func (r renderer) defaults(p *Panel, kind preset) object {
	unit := r.unit(p.Unit)
	d := object{
		"unit": unit.Grafana.In(r.lang), "noValue": or(p.NoValue.In(r.lang), words.Unknown), "mappings": []any{}, "links": []any{},
		"color": object{"mode": "thresholds"}, "thresholds": r.thresholds(p.Steps), "custom": merge(kind.custom, nil),
	}
	if unit.Decimals != nil {
		d["decimals"] = *unit.Decimals
	}
	switch {
	case p.Colour != "":
		d["color"] = object{"mode": "fixed", "fixedColor": r.colour(p.Colour)}
	case kind.grafana == "timeseries" || kind.grafana == "barchart":
		d["color"] = object{"mode": "palette-classic"}
	}
	if m := p.Matrix; m != nil {
		cell, _ := r.Column(r.board, p.Column(m.Value))
		for k, v := range r.shown(cell) {
			if strings.HasPrefix(k, "custom.") {
				d["custom"].(object)[strings.TrimPrefix(k, "custom.")] = v
			} else {
				d[k] = v
			}
		}
		if m.Width > 0 {
			d["custom"].(object)["width"] = m.Width
		}
		d["links"] = r.links(cell.Links)
	}
	if len(d["custom"].(object)) == 0 {
		delete(d, "custom")
	}
	return merge(d, p.Field)
}

func (r renderer) thresholds(steps []Step) object {
	out := []any{}
	for _, s := range steps {
		var from any
		if s.From != nil {
			from = *s.From
		}
		out = append(out, object{"color": r.colour(s.Colour), "value": from})
	}
	if len(out) == 0 {
		out = append(out, object{"color": r.colour("text"), "value": nil})
	}
	return object{"mode": "absolute", "steps": out}
}

// Column is the panel's own word on a column of its query.
func (p *Panel) Column(key string) Column {
	if i := slices.IndexFunc(p.Columns, func(c Column) bool { return c.Key == key }); i >= 0 {
		return p.Columns[i]
	}
	return Column{Key: key}
}

// overrides say of every column how it is shown.
func (r renderer) overrides(p *Panel) []any {
	out := []any{}
	for _, c := range p.Columns {
		full, _ := r.Column(r.board, c)
		name := full.Key
		if p.Matrix != nil && name == p.Matrix.Value {
			continue // every column of the matrix: the defaults
		}
		if p.Matrix != nil {
			if name != p.Matrix.Row {
				continue
			}
			name = p.Matrix.Row + `\` + p.Matrix.Column
		}
		props := []any{}
		add := func(id string, value any) { props = append(props, object{"id": id, "value": value}) }
		unit := r.unit(or(full.Unit, p.Unit))
		// A value a row is called what its row says: a title would be said of every row.
		if title := full.Title.In(r.lang); title != "" && name != "time" && p.Type != "bars" && p.Type != "tiles" {
			add("displayName", title+unit.Suffix.In(r.lang))
		}
		if p.NoValue != (Text{}) && presets[p.Type].grafana == "table" {
			add("noValue", words.Unknown) // a cell without a value is not why the whole table may be empty
		}
		if full.Unit != "" {
			add("unit", unit.Grafana.In(r.lang))
			if full.Decimals == nil {
				full.Decimals = unit.Decimals
			}
		}
		if full.Decimals != nil {
			add("decimals", *full.Decimals)
		}
		if full.Width > 0 && presets[p.Type].grafana == "table" {
			add("custom.width", full.Width)
		}
		if full.Align != "" && presets[p.Type].grafana == "table" {
			add("custom.align", full.Align)
		}
		if full.Min != nil {
			add("min", *full.Min)
		}
		if full.Max != nil {
			add("max", *full.Max)
		}
		if full.Steps != nil {
			add("thresholds", r.thresholds(full.Steps))
		}
		shown := r.shown(full)
		if p.Matrix != nil {
			shown = object{"mappings": []any{}, "custom.displayMode": "auto", "color": object{"mode": "fixed", "fixedColor": r.colour("text")}}
			if full.Align == "" {
				add("custom.align", "left")
			}
		}
		if presets[p.Type].grafana != "table" {
			maps.DeleteFunc(shown, func(k string, _ any) bool { return k == "custom.displayMode" || k == "custom.align" })
			if full.Show == "hidden" {
				delete(shown, "custom.hidden")
				shown["custom.hideFrom"] = object{"legend": true, "tooltip": true, "viz": true}
			}
		}
		for _, id := range slices.Sorted(maps.Keys(shown)) {
			add(id, shown[id])
		}
		if l := full.Line; l != nil && (p.Type == "trend" || p.Type == "columns") {
			r.line(p, *l, add)
		}
		if links := r.links(full.Links); len(links) > 0 || p.Matrix != nil { // the names of a matrix have not the links of its cells
			add("links", links)
		}
		if len(props) > 0 {
			out = append(out, object{"matcher": object{"id": "byName", "options": name}, "properties": props})
		}
	}
	return out
}

func (r renderer) line(p *Panel, l Line, add func(string, any)) {
	if p.Type == "trend" {
		switch l.Style {
		case "dash":
			add("custom.lineStyle", object{"fill": "dash", "dash": []int{10, 8}})
		case "dot":
			add("custom.lineStyle", object{"fill": "dash", "dash": []int{3, 5}})
		case "points":
			add("custom.drawStyle", "points")
			add("custom.showPoints", "always")
			add("custom.pointSize", 10)
		case "bars":
			add("custom.drawStyle", "bars")
			add("custom.fillOpacity", 70)
		}
		if l.Width > 0 {
			add("custom.lineWidth", l.Width)
		}
		if l.Fill > 0 {
			add("custom.fillOpacity", l.Fill)
		}
		if l.Stack != "" {
			add("custom.stacking", object{"mode": "normal", "group": l.Stack})
		}
	}
	if l.Axis == "right" {
		add("custom.axisPlacement", "right")
	}
}

// shown is how a column's values are made visible. Where a colour says something, a sign or a word says it too.
func (r renderer) shown(c Column) object {
	out := object{}
	if c.Colour != "" {
		out["color"] = object{"mode": "fixed", "fixedColor": r.colour(c.Colour)}
	}
	if c.Fill != "" {
		out["color"] = object{"mode": "fixed", "fixedColor": r.colour(c.Fill)}
		out["custom.displayMode"] = "color-background-solid"
		out["mappings"] = []any{object{"type": "value", "options": object{"0": object{"text": "0", "color": "transparent", "index": 0}}}}
	}
	switch c.Show {
	case "hidden":
		out["custom.hidden"] = true
	case "status", "sign", "outcome", "outcome_sign":
		out["mappings"] = []any{r.mapping(c.Show)}
		out["custom.displayMode"] = "color-background-solid"
		out["thresholds"] = r.thresholds([]Step{{nil, "transparent"}}) // of no status
		if strings.HasSuffix(c.Show, "sign") {
			out["custom.align"] = "center"
		}
	case "delta": // its minus says it too
		out["custom.displayMode"] = "color-text"
		out["thresholds"] = r.thresholds([]Step{{nil, "behind"}, {new(float64), "text"}})
	case "movement": // ▲ 2, ▼ 1, – as text: the arrow says it too
		out["custom.displayMode"] = "color-text"
		out["mappings"] = []any{
			object{"type": "regex", "options": object{"pattern": "/^▲/", "result": object{"color": r.colour("on_track"), "index": 0}}},
			object{"type": "regex", "options": object{"pattern": "/^▼/", "result": object{"color": r.colour("behind"), "index": 1}}},
		}
	case "bar":
		out["custom.displayMode"] = "basic"
		if c.Colour == "" {
			out["color"] = object{"mode": "fixed", "fixedColor": r.colour("value")}
		}
	}
	return out
}

// mapping turns stored codes into signs, words and colours, all of them from pipeline/words.
func (r renderer) mapping(show string) object {
	options := object{}
	put := func(index int, code string, w words.StatusWord) {
		text := w.Sign
		if !strings.HasSuffix(show, "sign") {
			text += " " + Text{w.Short, w.NameEN}.In(r.lang)
		}
		options[code] = object{"text": text, "color": w.Colour, "index": index}
	}
	if strings.HasPrefix(show, "outcome") {
		for i, o := range words.Outcomes {
			put(i, string(o), words.Outcome(string(o)))
		}
	} else {
		for i, s := range words.Statuses {
			put(i, string(s), words.Status(s))
		}
	}
	return object{"type": "value", "options": options}
}

// colour is a colour by name: a status, an outcome, or one of shared.yaml. text is the theme's own.
func (r renderer) colour(name string) string {
	if c := r.Set.colour(name); c != "" {
		return c
	}
	return "text"
}

func (s *Set) colour(name string) string {
	if c, ok := s.Shared.Colours[name]; ok {
		return c
	}
	for _, o := range words.Outcomes {
		if name == string(o) {
			return words.Outcome(name).Colour
		}
	}
	for _, st := range words.Statuses {
		if name == string(st) {
			return words.Status(st).Colour
		}
	}
	if name == "text" || name == "transparent" {
		return name
	}
	return ""
}

// mapOptions draws shipped GeoJSON, with no tiles. The layer never colours the first row of the answer (it takes index 0 for
// "not found"), so a map's query puts an empty row first.
func (r renderer) mapOptions(p *Panel) object {
	m := p.Map
	if m == nil {
		m = &Map{}
	}
	src := "public/maps/" + m.File
	return object{
		"view":     object{"id": "coords", "lat": m.Lat, "lon": m.Lon, "zoom": m.Zoom, "shared": false},
		"controls": object{"showZoom": false, "showAttribution": false, "mouseWheelZoom": false, "showScale": false, "showDebug": false},
		"tooltip":  object{"mode": "details"},
		"basemap": object{"type": "geojson", "name": "base", "config": object{
			"src": src, "style": object{"color": object{"fixed": "#d9d9d9"}, "opacity": 0.25, "lineWidth": 1}, "rules": []any{},
		}},
		"layers": []any{object{
			"type": "dynamic-geojson", "name": "units", "tooltip": true,
			"config": object{
				"src": src, "idField": m.ID, "dataStyle": object{}, "rules": []any{},
				"style": object{"color": object{"field": m.Colour, "fixed": "#d9d9d9"}, "opacity": 0.9, "lineWidth": 1, "size": object{"fixed": 5, "min": 2, "max": 15}},
			},
		}},
	}
}

// merge lays the second over a copy of the first, key by key.
func merge(a, b object) object {
	out := object{}
	for k, v := range a {
		if o, ok := v.(object); ok {
			v = merge(o, nil)
		}
		out[k] = v
	}
	for k, v := range b {
		under, isObject := out[k].(object)
		if over, ok := v.(object); ok && isObject {
			v = merge(under, over)
		}
		out[k] = v
	}
	return out
}
