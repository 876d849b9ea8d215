package simulator

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// planData is what the simulator needs of a plan's data files.
type planData struct {
	code       string
	province   string
	start      day
	asOf       day
	table      string
	detail     map[string]bool // levels whose every weekly point is exported
	recent     int             // weekly points exported for the other levels
	minDen     int64
	milestones []day
	indicators []indicator
	forms      []form
	tables     []tableSource
	members    map[string][]member
	units      []*unit
	holidays   map[day]bool // true: off, false: a working Saturday
	files      fs.FS
}

type indicator struct {
	Code           string              `yaml:"code"`
	Kind           string              `yaml:"kind"`
	Aggregate      string              `yaml:"aggregate"`
	Window         string              `yaml:"window"`
	PeriodType     string              `yaml:"period_type"`
	Numerator      string              `yaml:"numerator"`
	Denominator    string              `yaml:"denominator"`
	Scope          string              `yaml:"scope"`
	Features       []struct{ Bit int } `yaml:"features"`
	Over           string              `yaml:"over"`
	OwnLevels      []string            `yaml:"own_levels"`
	FacilityKinds  []string            `yaml:"facility_kinds"`
	Comparator     string              `yaml:"comparator"`
	Targets        []target            `yaml:"targets"`
	Applies        map[string]string   `yaml:"applies"`
	Sources        []string            `yaml:"sources"`
	Rhythm         string              `yaml:"rhythm"`
	QuietMonths    []int               `yaml:"quiet_months"`
	MinDenominator *int64              `yaml:"min_denominator"`
	Monitored      bool                `yaml:"monitored"`
	Baseline       string              `yaml:"baseline"`
}

type target struct {
	Milestone string `yaml:"milestone"`
	Value     string `yaml:"value"` // empty: the plan names no number
	day       day
	rat       *big.Rat // nil: no number
}

type form struct {
	Fallback   bool     `yaml:"fallback"`
	Code       string   `yaml:"code"`
	Version    int      `yaml:"version"`
	Title      string   `yaml:"title"`
	Source     string   `yaml:"source"`
	Levels     []string `yaml:"levels"`
	Rhythm     string   `yaml:"rhythm"`
	PeriodType string   `yaml:"period_type"`
	Keys       []column `yaml:"keys"`
	Columns    []column `yaml:"columns"`
}

type column struct {
	Header  string `yaml:"header"`
	Role    string `yaml:"role"`
	Measure string `yaml:"measure"`
	Kind    string `yaml:"kind"`
	Bit     int    `yaml:"bit"`
	AtMost  string `yaml:"at_most"`
	Factor  int64  `yaml:"factor"`
	Empty   string `yaml:"empty"`
}

type member struct{ code, name string }

// unit is a subject of the plan in its time; both ends are inclusive.
type unit struct {
	index        int
	code         string
	from, to     day
	level        string
	name         string
	organ        string // canonical organ code, H33.31.05
	parent       *unit
	children     []*unit
	successor    *unit   // the first whole one
	predecessors []*unit // whole ones
	partial      bool    // came from a part of some unit
}

func (u *unit) validOn(d day) bool { return d >= u.from && d <= u.to }

// subtree is the unit and all its descendants of all times.
func (u *unit) subtree() []*unit {
	all := []*unit{u}
	for i := 0; i < len(all); i++ {
		all = append(all, all[i].children...)
	}
	return all
}

// key is unique and readable: CODE or CODE@YYYY-MM-DD.
func (u *unit) key() string {
	if u.from == dawn {
		return u.code
	}
	return u.code + "@" + u.from.String()
}

// on follows the unit to the one that has taken its place on the day; nil if nobody has.
func (u *unit) on(d day) *unit {
	for u != nil && d > u.to {
		u = u.successor
	}
	return u
}

// district is the unit right below the province that the unit belongs to.
func (u *unit) district() *unit {
	for u.parent != nil && u.parent.parent != nil {
		u = u.parent
	}
	return u
}

// oldStyle is the organ code in the older style: 000.05.31.H33 for H33.31.05.
func (u *unit) oldStyle() string {
	parts := strings.Split(u.organ, ".")
	places := []string{"000", "00", "00"}
	for i, p := range parts[1:] {
		places[len(places)-1-i] = p
	}
	return strings.Join(append(places, parts[0]), ".")
}

func loadPlan(files fs.FS) (*planData, error) {
	p := &planData{files: files, members: map[string][]member{}, holidays: map[day]bool{}, detail: map[string]bool{}, minDen: 30, recent: 13}
	var head struct {
		Code         string   `yaml:"code"`
		Province     string   `yaml:"province"`
		Start        string   `yaml:"start"`
		DetailLevels []string `yaml:"detail_levels"`
		RecentWeeks  int      `yaml:"recent_weeks"`
		Milestones   []struct {
			Date string `yaml:"date"`
		} `yaml:"milestones"`
		Defaults struct {
			MinDenominator *int64 `yaml:"min_denominator"`
		} `yaml:"defaults"`
		Demo struct {
			AsOf  string `yaml:"as_of"`
			Table string `yaml:"table"`
		} `yaml:"demo"`
	}
	if err := p.yaml("plan.yaml", &head); err != nil {
		return nil, err
	}
	p.code, p.province, p.table = head.Code, head.Province, head.Demo.Table
	if head.RecentWeeks > 0 {
		p.recent = head.RecentWeeks
	}
	if head.Defaults.MinDenominator != nil {
		p.minDen = *head.Defaults.MinDenominator
	}
	for _, l := range head.DetailLevels {
		p.detail[l] = true
	}
	var err error
	if p.start, err = parseDay(head.Start); err != nil {
		return nil, fmt.Errorf("plan.yaml start: %w", err)
	}
	if p.asOf, err = parseDay(head.Demo.AsOf); err != nil {
		return nil, fmt.Errorf("plan.yaml demo.as_of: %w", err)
	}
	for _, m := range head.Milestones {
		d, err := parseDay(m.Date)
		if err != nil {
			return nil, fmt.Errorf("plan.yaml milestones: %w", err)
		}
		p.milestones = append(p.milestones, d)
	}
	if err := p.loadUnits(); err != nil {
		return nil, err
	}
	if p.table != "" { // a recorded table needs no more
		return p, nil
	}
	if err := p.list("indicators.yaml", "indicators", &p.indicators); err != nil {
		return nil, err
	}
	for i := range p.indicators {
		for j := range p.indicators[i].Targets {
			t := &p.indicators[i].Targets[j]
			if t.day, err = parseDay(t.Milestone); err != nil {
				return nil, fmt.Errorf("indicator %s target: %w", p.indicators[i].Code, err)
			}
			if t.Value != "" {
				var ok bool
				if t.rat, ok = new(big.Rat).SetString(t.Value); !ok {
					return nil, fmt.Errorf("indicator %s target: cannot read %q as a decimal", p.indicators[i].Code, t.Value)
				}
			}
		}
	}
	if err := p.list("forms.yaml", "forms", &p.forms); err != nil {
		return nil, err
	}
	if err := p.loadTables(); err != nil {
		return nil, err
	}
	err = p.rows("holidays.csv", func(r map[string]string) error {
		d, err := parseDay(r["date"])
		p.holidays[d] = r["kind"] == "off"
		return err
	})
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(files, "members/*.csv")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		dim := strings.TrimSuffix(path.Base(name), ".csv")
		err := p.rows(name, func(r map[string]string) error {
			p.members[dim] = append(p.members[dim], member{r["code"], r["name"]})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *planData) yaml(name string, into any) error {
	b, err := fs.ReadFile(p.files, name)
	if err != nil {
		return fmt.Errorf("plan data: %w", err)
	}
	if err := yaml.Unmarshal(b, into); err != nil {
		return fmt.Errorf("plan data %s: %w", name, err)
	}
	return nil
}

// list reads a file that is a list, or a mapping that holds it under key.
func (p *planData) list(name, key string, into any) error {
	var n yaml.Node
	if err := p.yaml(name, &n); err != nil {
		return err
	}
	root := &n
	if root.Kind == yaml.DocumentNode {
		root = root.Content[0]
	}
	if root.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(root.Content); i += 2 {
			if root.Content[i].Value == key {
				root = root.Content[i+1]
				break
			}
		}
	}
	if err := root.Decode(into); err != nil {
		return fmt.Errorf("plan data %s: %w", name, err)
	}
	return nil
}

// rows calls f with every row of a CSV file as header -> cell. A plan may do without a file, but not without units.
func (p *planData) rows(name string, f func(map[string]string) error) error {
	b, err := fs.ReadFile(p.files, name)
	if errors.Is(err, fs.ErrNotExist) && name != "units.csv" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("plan data: %w", err)
	}
	all, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\ufeff")))).ReadAll()
	if err != nil {
		return fmt.Errorf("plan data %s: %w", name, err)
	}
	for i, line := range all[min(1, len(all)):] {
		r := map[string]string{}
		for j, h := range all[0] {
			r[h] = line[j]
		}
		if err := f(r); err != nil {
			return fmt.Errorf("plan data %s line %d: %w", name, i+2, err)
		}
	}
	return nil
}

func (p *planData) loadUnits() error {
	parents := map[*unit]string{}
	bound := func(s string, none day) (day, error) {
		if s == "" {
			return none, nil
		}
		return parseDay(s)
	}
	err := p.rows("units.csv", func(r map[string]string) (err error) {
		u := &unit{index: len(p.units), code: r["code"], level: r["level"], name: r["name"]}
		if u.from, err = bound(r["valid_from"], dawn); err != nil {
			return err
		}
		if u.to, err = bound(r["valid_to"], dusk); err != nil {
			return err
		}
		parents[u] = r["parent"]
		p.units = append(p.units, u)
		return nil
	})
	if err != nil {
		return err
	}
	for _, u := range p.units {
		for _, q := range p.units {
			if parents[u] != "" && q.code == parents[u] && q.from <= u.to && u.from <= q.to {
				u.parent = q
				q.children = append(q.children, u)
				break
			}
		}
	}
	err = p.rows("successors.csv", func(r map[string]string) error {
		of, err := bound(r["old_valid_from"], dawn)
		if err != nil {
			return err
		}
		nf, err := bound(r["new_valid_from"], dawn)
		if err != nil {
			return err
		}
		old, heir := p.unit(r["old_code"], of), p.unit(r["new_code"], nf)
		switch {
		case old == nil || heir == nil:
			return fmt.Errorf("no unit %s or %s", r["old_code"], r["new_code"])
		case r["share"] != "full":
			heir.partial = true
			return nil
		}
		heir.predecessors = append(heir.predecessors, old)
		if old.successor == nil {
			old.successor = heir
		}
		return nil
	})
	if err != nil {
		return err
	}
	organ := map[string]string{}
	err = p.rows("unit_codes.csv", func(r map[string]string) error {
		if organ[r["unit"]] == "" {
			organ[r["unit"]] = r["code"]
		}
		return nil
	})
	for _, u := range p.units {
		u.organ = cmp.Or(organ[u.code], u.code)
	}
	return err
}

func (p *planData) unit(code string, from day) *unit {
	i := slices.IndexFunc(p.units, func(u *unit) bool { return u.code == code && u.from == from })
	if i < 0 {
		return nil
	}
	return p.units[i]
}

// sorted is the units by (code, valid_from), the order of an export.
func (p *planData) sorted() []*unit {
	return slices.SortedFunc(slices.Values(p.units), func(a, b *unit) int {
		return cmp.Or(strings.Compare(a.code, b.code), cmp.Compare(a.from, b.from))
	})
}

// working says whether people work on the day.
func (p *planData) working(d day) bool {
	if off, stated := p.holidays[d]; stated {
		return !off
	}
	return d.weekday() != 0 && d.weekday() != 6
}

// after is the n-th working day after d.
func (p *planData) after(d day, n int) day {
	for n > 0 {
		d++
		if p.working(d) {
			n--
		}
	}
	return d
}
