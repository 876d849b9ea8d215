package simulator

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// TestAnotherPlan: a plan of another place, with other indicators, is data only.
func TestAnotherPlan(t *testing.T) {
	files := fstest.MapFS{}
	for name, text := range map[string]string{
		"plan.yaml": `
code: other
province: "T"
start: 2024-01-10
detail_levels: [province, district]
milestones: [{date: 2024-12-31}]
demo: {as_of: 2024-09-29}
`,
		"units.csv": `code,parent,level,name,name_en,type,valid_from,valid_to,regroup
T,,province,Tỉnh T,T,Tỉnh,,,
T1,T,district,Huyện Một,One,Huyện,,,
T2,T,district,Huyện Hai,Two,Huyện,,2024-05-31,
T3,T,district,Huyện Ba,Three,Huyện,2024-06-01,,
T11,T1,commune,Xã Một,One,Xã,,,
`,
		"successors.csv": "old_code,old_valid_from,new_code,new_valid_from,share\nT2,,T3,2024-06-01,full\n",
		"unit_codes.csv": "code,unit,note\nH99,T,\nH99.01,T1,\nH99.02,T2,\nH99.03,T3,\nH99.01.01,T11,\n",
		"indicators.yaml": `
- {code: A, kind: ratio, aggregate: sum_self_and_descendants, window: year_to_date, period_type: calendar, numerator: dossier.online, denominator: dossier.resolved,
   comparator: ">", targets: [{milestone: 2024-12-31, value: 40.5}], applies: {province: owed, district: owed, commune: measured}}
- {code: B, kind: ratio, aggregate: sum_self_and_descendants, window: latest, period_type: calendar, numerator: b.part, denominator: b.all,
   comparator: ">=", targets: [{milestone: 2024-12-31, value: 30}], applies: {province: owed, district: owed}}
- {code: C, kind: reduction, aggregate: distinct_catalogue, window: latest, period_type: calendar, numerator: procedure.in_force,
   comparator: ">=", targets: [{milestone: 2024-12-31, value: 20}], applies: {district: owed}}
`,
		"forms.yaml": `
- code: F-B
  version: 2
  source: forms
  levels: [district]
  rhythm: month
  period_type: calendar
  keys: [{header: Unit, role: unit}]
  columns:
    - {header: All, measure: b.all, kind: count}
    - {header: Part, measure: b.part, kind: count, at_most: b.all}
`,
	} {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	s, err := New(Config{Plan: files, Seed: 1, Size: Size{Dossiers: 2000, Documents: 50}})
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]int{}
	for r := range s.Truth(s.AsOf(), s.AsOf()) {
		if r.Unit == "T2" && r.AsOf > "2024-05-31" || r.Unit == "T3" && (r.AsOf < "2024-06-01" || r.UnitValidFrom != "2024-06-01") {
			t.Errorf("a unit is shown outside its time: %+v", r)
		}
		if r.Value != "" {
			known[r.Indicator+r.Unit]++
		}
	}
	for _, k := range []string{"AT", "AT1", "AT2", "AT3", "AT11", "BT", "BT1", "BT2", "BT3", "CT1"} {
		if known[k] == 0 {
			t.Errorf("no figure for %s: %v", k, known)
		}
	}
	c := newClient(t, s)
	s.SetNow(time.Date(2024, 7, 1, 0, 0, 0, 0, s.loc))
	_, b := c.do("POST", "/dvc/api/session", `{"username":"tiendo","password":"`+c.env["TIENDO_DVC_PASSWORD"]+`"}`, map[string]string{"dstcode": "VN:GOV:000.00.00.H99:dvc"})
	if !strings.Contains(string(b), `"session"`) {
		t.Errorf("the other province's code is not known: %s", b)
	}
	if len(s.files) < 8 {
		t.Errorf("%d files", len(s.files))
	}
}
