// Package alertmanager_test holds the checked-in Alertmanager configuration to what it promises, with Alertmanager's own
// tools: that it loads, who is told what and when, and what the messages say, word for word. It knows no code of the program.
package alertmanager_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write the golden messages anew")

// amtool runs Alertmanager's tool; a machine without it skips visibly.
func amtool(t *testing.T, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("amtool"); err != nil {
		t.Skip("amtool is missing: sudo apt-get install --no-install-recommends prometheus-alertmanager")
	}
	var out, said bytes.Buffer
	cmd := exec.Command("amtool", args...)
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("amtool %s: %v\n%s%s", strings.Join(args, " "), err, out.String(), said.String())
	}
	return out.String()
}

func TestConfigLoads(t *testing.T) {
	out := amtool(t, "check-config", "alertmanager.yml")
	if !strings.Contains(out, "1 templates") {
		t.Errorf("the templates were not found:\n%s", out)
	}
}

// The stack's start replaces these three by its settings, so each stands there once.
func TestPlaceholders(t *testing.T) {
	text := read(t, "alertmanager.yml")
	for _, p := range []string{"localhost:25", "tiendo@localhost", "http://localhost:9099/"} {
		if n := strings.Count(text, p); n != 1 {
			t.Errorf("%s stands %d times in alertmanager.yml, want once", p, n)
		}
	}
}

// Every alert of the rules, with the labels that the rules give it, goes to who is written here: of a district's figure
// and of the province's own.
func TestWhoIsTold(t *testing.T) {
	who := map[string][2]string{
		"IndicatorBehind":         {"unit", "owner"},
		"MilestoneForecastMissed": {"unit", "owner"},
		"ReportMissing":           {"unit", "owner"},
		"StatusRestated":          {"unit-event", "owner-event"},
		"TargetUnreachable":       {"unit-event", "owner-event"},
		"TargetUnreachableRising": {"unit-event", "owner-event"},
		"UnitBehindOnMany":        {"unit-and-leaders", "unit-and-leaders"},
		"SourceStale":             {"operations", "operations"},
		"RejectShareHigh":         {"operations", "operations"},
		"ComputeLate":             {"operations", "operations"},
		"StoreDown":               {"operations", "operations"},
		"TiendoAbsent":            {"operations", "operations"},
		"BackfillRunning":         {"nobody", "nobody"},
		"BackfillLong":            {"operations", "operations"},
	}
	files, err := filepath.Glob("../prometheus/rules/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no rules: %v", err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		var r struct {
			Groups []struct {
				Rules []struct {
					Alert  string            `yaml:"alert"`
					Labels map[string]string `yaml:"labels"`
				} `yaml:"rules"`
			} `yaml:"groups"`
		}
		if err := yaml.Unmarshal([]byte(read(t, file)), &r); err != nil {
			t.Fatal(err)
		}
		for _, g := range r.Groups {
			for _, rule := range g.Rules {
				seen[rule.Alert] = true
				told, ok := who[rule.Alert]
				if !ok {
					t.Errorf("%s has the alert %s: say here who is told of it", file, rule.Alert)
					continue
				}
				for i, level := range []string{"district", "province"} {
					args := []string{"config", "routes", "test", "--config.file=alertmanager.yml", "alertname=" + rule.Alert, "plan=p", "level=" + level, "unit=899", "owner=vp-ubnd", "pillar=CQS"}
					for k, v := range rule.Labels {
						args = append(args, k+"="+v)
					}
					if got := strings.TrimSpace(amtool(t, args...)); got != told[i] {
						t.Errorf("of %s at the level %s %s is told, want %s", rule.Alert, level, got, told[i])
					}
				}
			}
		}
	}
	names := regexp.MustCompile(`alertname[!=]~?"([^"]+)"`).FindAllStringSubmatch(read(t, "alertmanager.yml"), -1)
	for _, m := range names {
		for _, name := range strings.Split(m[1], "|") {
			if !seen[name] {
				t.Errorf("alertmanager.yml speaks of the alert %s, which no rule has", name)
			}
		}
	}
	for _, c := range []struct{ labels, receiver string }{
		{"alertname=ForLeaders audience=leaders level=province plan=p", "leaders"},
		{"alertname=ForLeaders audience=leaders level=province plan=p event=true", "leaders-event"},
		{"alertname=Unheard severity=warning", "operations"},
	} {
		args := append([]string{"config", "routes", "test", "--config.file=alertmanager.yml"}, strings.Fields(c.labels)...)
		if got := strings.TrimSpace(amtool(t, args...)); got != c.receiver {
			t.Errorf("of %s %s is told, want %s", c.labels, got, c.receiver)
		}
	}
}

// route is what the tests look at of a route.
type route struct {
	Receiver string   `yaml:"receiver"`
	Matchers []string `yaml:"matchers"`
	GroupBy  []string `yaml:"group_by"`
	Repeat   string   `yaml:"repeat_interval"`
	Active   []string `yaml:"active_time_intervals"`
	Mute     []string `yaml:"mute_time_intervals"`
	Routes   []route  `yaml:"routes"`
}

// leaves are the routes with none below them, with what they take over from above; hours are not taken over.
func (r route) leaves() (out []route) {
	if len(r.Routes) == 0 {
		return []route{r}
	}
	for _, c := range append(slices.Clone(r.Routes), route{Matchers: []string{"else"}, Active: r.Active, Mute: r.Mute}) {
		c.Matchers = slices.Concat(r.Matchers, c.Matchers)
		c.Receiver, c.Repeat = cmp.Or(c.Receiver, r.Receiver), cmp.Or(c.Repeat, r.Repeat)
		if c.GroupBy == nil {
			c.GroupBy = r.GroupBy
		}
		out = append(out, c.leaves()...)
	}
	return out
}

type interval struct {
	Name  string `yaml:"name"`
	Times []struct {
		Years       []string            `yaml:"years"`
		Months      []string            `yaml:"months"`
		DaysOfMonth []string            `yaml:"days_of_month"`
		Weekdays    []string            `yaml:"weekdays"`
		Times       []map[string]string `yaml:"times"`
		Location    string              `yaml:"location"`
	} `yaml:"time_intervals"`
}

func config(t *testing.T) (routes route, intervals map[string]interval) {
	t.Helper()
	var c struct {
		Route     route      `yaml:"route"`
		Intervals []interval `yaml:"time_intervals"`
	}
	if err := yaml.Unmarshal([]byte(read(t, "alertmanager.yml")), &c); err != nil {
		t.Fatal(err)
	}
	intervals = map[string]interval{}
	for _, i := range c.Intervals {
		intervals[i.Name] = i
		for _, x := range i.Times {
			if x.Location != "Asia/Ho_Chi_Minh" {
				t.Errorf("%s has the clock of %q", i.Name, x.Location)
			}
		}
	}
	return c.Route, intervals
}

// What can wait goes out within the Monday window and at most once a week; what cannot, and what must be known to have
// ended, is not bound to hours.
func TestWhenItIsTold(t *testing.T) {
	top, intervals := config(t)
	digests := 0
	for _, r := range top.leaves() {
		who := strings.Join(r.Matchers, " ")
		switch {
		case who == "else" || strings.Contains(who, "operations") || strings.Contains(who, "UnitBehindOnMany"):
			if len(r.Active)+len(r.Mute) > 0 {
				t.Errorf("%s is bound to hours: it would not be known to have ended", who)
			}
		case len(r.Active) != 1 || !slices.Equal(r.Mute, []string{"holidays"}):
			t.Errorf("%s goes out at any hour", who)
		default:
			if r.Active[0] == "monday-morning" {
				digests++
			}
			if r.Repeat != "6d" {
				t.Errorf("%s is repeated after %s: a digest is weekly, and the next one must not be a day too early to be said", who, r.Repeat)
			}
		}
		if strings.HasPrefix(r.Receiver, "unit") != slices.Contains(r.GroupBy, "unit") || strings.HasPrefix(r.Receiver, "owner") && !slices.Contains(r.GroupBy, "owner") {
			t.Errorf("%s is grouped by %v: its address could not be told", who, r.GroupBy)
		}
		if r.Receiver != "operations" && r.Receiver != "nobody" && !slices.Contains(r.GroupBy, "plan") {
			t.Errorf("%s mixes plans", who)
		}
	}
	if digests != 6 {
		t.Errorf("%d digests, want those of the units, the owners and the leaders, and their events", digests)
	}
	for name, days := range map[string]string{"monday-morning": "monday", "working-mornings": "monday:friday"} {
		x := intervals[name].Times
		if len(x) != 1 || !slices.Equal(x[0].Weekdays, []string{days}) || len(x[0].Times) != 1 || x[0].Times[0]["start_time"] != "07:30" || x[0].Times[0]["end_time"] != "09:00" {
			t.Errorf("%s is %+v", name, x)
		}
	}
}

// The holidays are those of the plans, from 2025 on.
func TestHolidays(t *testing.T) {
	_, intervals := config(t)
	muted := map[string]bool{}
	for _, x := range intervals["holidays"].Times {
		for _, span := range x.DaysOfMonth {
			first, last, _ := strings.Cut(span, ":")
			from, to := number(t, first), number(t, cmp.Or(last, first))
			for d := from; d <= to; d++ {
				muted[fmt.Sprintf("%s-%02d-%02d", x.Years[0], number(t, x.Months[0]), d)] = true
			}
		}
	}
	files, err := filepath.Glob("../../schema/plans/*/holidays.csv")
	if err != nil || len(files) < 2 {
		t.Fatalf("plans' holidays: %v %v", files, err)
	}
	off := map[string]bool{}
	for _, file := range files {
		for _, line := range strings.Split(read(t, file), "\n") {
			if f := strings.Split(line, ","); len(f) > 1 && f[1] == "off" && f[0] >= "2025" {
				off[f[0]] = true
				if !muted[f[0]] {
					t.Errorf("%s has the holiday %s, alertmanager.yml has not", file, f[0])
				}
			}
		}
	}
	for d := range muted {
		if !off[d] {
			t.Errorf("alertmanager.yml has the holiday %s, no plan has it", d)
		}
	}
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A watched unit and an owner of an indicator have a mailbox of their own.
func TestMailboxes(t *testing.T) {
	units := map[string]bool{}
	for _, line := range strings.Split(read(t, "../../schema/plans/kien-giang-2022-2025/units.csv"), "\n")[1:] {
		if f := strings.Split(line, ","); len(f) > 6 && (f[2] == "district" || f[2] == "department") {
			units[f[0]] = true
			if f[6] != "" {
				units[f[0]+"@"+f[6]] = true
			}
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^  owner: (\S+)`).FindAllStringSubmatch(read(t, "../../schema/plans/kien-giang-2022-2025/indicators.yaml"), -1) {
		units[m[1]] = true
	}
	if len(units) < 35 {
		t.Fatalf("only %d units", len(units))
	}
	var text strings.Builder
	for u := range units {
		fmt.Fprintf(&text, "%s {{ template \"mail.unit\" %q }}\n", u, u)
	}
	fmt.Fprintf(&text, "office {{ template \"mail.office\" }}\nnobody {{ template \"mail.unit\" \"12345\" }}\n")
	whose := map[string]string{}
	box := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(render(t, "text", text.String(), nil)), "\n") {
		unit, address, _ := strings.Cut(strings.TrimSpace(line), " ")
		if unit == "" {
			continue
		}
		if _, err := mail.ParseAddressList(address); err != nil {
			t.Errorf("%s: %q: %v", unit, address, err)
		}
		box[unit] = address
		code, _, _ := strings.Cut(unit, "@")
		if other := whose[address]; other != "" && other != code && code != "nobody" {
			t.Errorf("%s and %s share %s", code, other, address)
		}
		whose[address] = code
	}
	if box["nobody"] != box["office"] {
		t.Errorf("a unit without a line gets %s, want the office %s", box["nobody"], box["office"])
	}
	for _, to := range []string{"to.leaders", "to.operations", "to.unit-and-leaders"} {
		if _, err := mail.ParseAddressList(render(t, "text", `{{ template "`+to+`" . }}`, message("firing", alert("A", nil, nil)))); err != nil {
			t.Errorf("%s: %v", to, err)
		}
	}
}

// data is Alertmanager's template data, as its tool reads it.
type data struct {
	Receiver          string            `json:"receiver"`
	Status            string            `json:"status"`
	Alerts            []notice          `json:"alerts"`
	GroupLabels       map[string]string `json:"groupLabels"`
	CommonLabels      map[string]string `json:"commonLabels"`
	CommonAnnotations map[string]string `json:"commonAnnotations"`
	ExternalURL       string            `json:"externalURL"`
}

type notice struct {
	Status      string            `json:"status"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

type pairs = map[string]string

func alert(name string, labels, annotations pairs) notice {
	a := notice{Status: "firing", Labels: pairs{"alertname": name}, Annotations: pairs{}}
	for k, v := range labels {
		a.Labels[k] = v
	}
	for k, v := range annotations {
		a.Annotations[k] = v
	}
	return a
}

func (a notice) resolved() notice { a.Status = "resolved"; return a }

// message groups alerts as Alertmanager does; groupBy names the labels that its route groups by.
func message(status string, alerts ...notice) *data {
	d := &data{Status: status, Alerts: alerts, GroupLabels: pairs{}, ExternalURL: "http://localhost:9093"}
	common := func(of func(notice) pairs) pairs {
		out := pairs{}
		for k, v := range of(alerts[0]) {
			if !slices.ContainsFunc(alerts, func(a notice) bool { return of(a)[k] != v }) {
				out[k] = v
			}
		}
		return out
	}
	d.CommonLabels = common(func(a notice) pairs { return a.Labels })
	d.CommonAnnotations = common(func(a notice) pairs { return a.Annotations })
	for _, k := range []string{"plan", "unit", "pillar", "owner"} {
		if v := d.CommonLabels[k]; v != "" {
			d.GroupLabels[k] = v
		}
	}
	return d
}

func render(t *testing.T, kind, text string, d *data) string {
	t.Helper()
	args := []string{"template", "render", "--template.glob=templates/*.tmpl", "--template.type=" + kind, "--template.text=" + text}
	if d != nil {
		b, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "data.json")
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--template.data="+file)
	}
	return amtool(t, args...)
}

const (
	site   = "http://localhost:8080"
	boards = "http://localhost:3000"
)

func district(name, key string) pairs {
	return pairs{"plan": "kien-giang-2022-2025", "audience": "unit", "severity": "warning", "level": "district", "unit": key, "unit_name": name}
}

// behind is an IndicatorBehind as the rules send it.
func behind(unit pairs, code, name, value, path, expected, gap, target, forecast, since string) notice {
	a := alert("IndicatorBehind", unit, pairs{
		"summary": "Chỉ tiêu chậm tiến độ từ hai tuần liên tiếp trở lên", "summary_en": "Indicator behind its path for two weekly points or more", "indicator_name": name,
		"description": "Chỉ tiêu " + code + " chậm tiến độ.", "value": value, "path_value": path, "expected": expected, "gap": gap, "target": target, "forecast": forecast,
		"since": since, "needed": "0,80 điểm % mỗi tuần", "board_url": boards + "/d/tiendo-indicator/?var-indicator=" + code + "&var-unit=" + unit["unit"],
		"review_url": site + "/review/2025-W26", "runbook_url": site + "/runbook#indicatorbehind",
	})
	a.Labels["indicator"] = code
	a.Labels["pillar"] = code[:3]
	return a
}

// The second and fourth are stocks: there is one value.
var sixBehind = strings.Join([]string{
	"CQS-06|Văn bản điện tử gửi, nhận có ký số chuyên dùng|71,2%|73,9%|88,9%|-15,0 điểm %|100,0%|80,3%|18/05/2025",
	"CQS-05|Dịch vụ công trực tuyến đủ sáu tính năng|76,0%||89,4%|-13,4 điểm %|100,0%|81,5%|18/05/2025",
	"CQS-03|Người dân, doanh nghiệp đánh giá hài lòng khi giải quyết thủ tục hành chính|58,1%|57,0%|68,8%|-11,8 điểm %|80,0%|61,0%|25/05/2025",
	"XHS-01|Người trưởng thành có điện thoại thông minh|51,9%||61,3%|-9,4 điểm %|75,0%|–|25/05/2025",
	"CQS-09|Hồ sơ thủ tục hành chính giải quyết đúng hạn|63,4%|64,0%|71,6%|-7,6 điểm %|80,0%|60,2%|08/06/2025",
	"KTS-08|Học phí thanh toán không dùng tiền mặt|–|28,6%|34,1%|-5,5 điểm %|40,0%|33,3%|15/06/2025",
}, "\n")

func many() notice {
	u := district("Huyện Giồng Riềng", "906")
	u["severity"], u["audience"] = "critical", "leaders"
	return alert("UnitBehindOnMany", u, pairs{
		"summary": "Đơn vị chậm tiến độ ở nhiều chỉ tiêu cùng lúc", "summary_en": "Unit behind on many indicators at once",
		"description": "Huyện Giồng Riềng chậm so với lộ trình từ hai tuần liên tiếp trở lên ở 6 trong 26 chỉ tiêu phải đạt.", "value": "6 trong 26 chỉ tiêu", "indicators": sixBehind,
		"board_url": boards + "/d/tiendo-district/?var-unit=906", "review_url": site + "/review/2025-W26", "runbook_url": site + "/runbook#unitbehindonmany",
	})
}

func one() notice {
	return behind(district("Thành phố Rạch Giá", "899"), "CQS-02", "Hồ sơ thủ tục hành chính xử lý hoàn toàn trực tuyến", "43,1%", "43,6%", "55,0%", "-11,4 điểm %", "60,0%", "48,2%", "08/06/2025")
}

func thirty() *data {
	u := district("Huyện U Minh Thượng", "913")
	var all []notice
	for i := range 26 {
		code := fmt.Sprintf("%s-%02d", []string{"CQS", "KTS", "XHS"}[i/9], i%9+1)
		name := "Tỷ lệ người dân từ đủ 15 tuổi trở lên có tài khoản giao dịch thanh toán tại ngân hàng hoặc các tổ chức được phép khác"
		if i%3 > 0 {
			name = "Hộ gia đình được phủ mạng Internet băng rộng cáp quang"
		}
		all = append(all, behind(u, code, name, fmt.Sprintf("%d,%d%%", 40+i, i%10), fmt.Sprintf("%d,%d%%", 40+i, i*i%10), fmt.Sprintf("%d,0%%", 50+i), fmt.Sprintf("-9,%d điểm %%", i%10), "80,0%", "–", "01/06/2025"))
	}
	for _, code := range []string{"XHS-09", "XHS-10"} {
		a := behind(u, code, "Cơ sở giáo dục phổ thông hoàn thành mô hình quản trị số", "51,0%", "51,0%", "50,2%", "0,8 điểm %", "70,0%", "61,4%", "–")
		a.Labels["alertname"], a.Annotations["summary"] = "MilestoneForecastMissed", "Dự báo không đạt mục tiêu của mốc tới"
		a.Annotations["summary_en"] = "Forecast misses the target of the next milestone"
		all = append(all, a)
	}
	restored := behind(u, "XHS-08", "Hồ sơ sức khỏe điện tử", "90,0%", "90,0%", "80,0%", "10,0 điểm %", "90,0%", "–", "–").resolved()
	all = append(all, restored)
	return message("firing", all...)
}

func stale(source, name string) notice {
	return alert("SourceStale", pairs{"plan": "kien-giang-2022-2025", "audience": "operations", "severity": "warning", "source": source, "rhythm": "day"}, pairs{
		"summary": "Nguồn số liệu đã cũ", "summary_en": "A source of figures is stale.",
		"description": name + ": chưa có số liệu đầy đủ từ 23:30 19/01/2023.", "board_url": boards + "/d/tiendo-operations/", "runbook_url": site + "/runbook#sourcestale",
	})
}

// TestMessages compares every form of a message with the golden one. Read the difference before committing it.
func TestMessages(t *testing.T) {
	province := district("Tỉnh Kiên Giang", "91")
	province["level"], province["owner"] = "province", "vp-ubnd"
	unreachable := behind(district("Huyện An Biên", "908"), "CQS-09", "Hồ sơ thủ tục hành chính giải quyết đúng hạn", "98,0%", "97,1%", "95,0%", "2,1 điểm %", "100,0%", "–", "–")
	unreachable.Labels["alertname"], unreachable.Labels["event"] = "TargetUnreachable", "true"
	unreachable.Annotations["summary"], unreachable.Annotations["summary_en"] = "Không còn khả năng đạt mục tiêu trong năm nay", "Target can no longer be reached this year"
	unreachable.Annotations["description"] = "Huyện An Biên: dù từ nay đến cuối năm mọi trường hợp đều đạt, chỉ tiêu CQS-09 không còn khả năng đạt mục tiêu trong năm nay."
	unreachable.Annotations["failing"], unreachable.Annotations["needed"] = "2,4%", "–"
	missing := alert("ReportMissing", district("Huyện An Biên", "908"), pairs{
		"summary": "Chưa báo cáo sau hạn", "summary_en": "Expected report missing after its due date", "indicator_name": "Hồ sơ sức khỏe điện tử", "value": "3 đơn vị, cơ sở", "since": "18/06/2025",
		"description": "Huyện An Biên: 3 đơn vị, cơ sở chưa báo cáo số liệu của chỉ tiêu XHS-08 (Hồ sơ sức khỏe điện tử), quá hạn từ ngày 18/06/2025.",
		"board_url":   boards + "/d/tiendo-quality/?var-unit=908", "review_url": site + "/review/2025-W26", "runbook_url": site + "/runbook#reportmissing"})
	missing.Labels["indicator"] = "XHS-08"
	hostile := one()
	hostile.Labels["unit_name"] = `Huyện <b>A</b> & "B"`
	hostile.Annotations["indicator_name"] = `<script>alert(1)</script>`
	hostileMany := many()
	hostileMany.Annotations["indicators"] = "CQS-02|<script>alert(1)</script> & 'x'|1,0%||2,0%|-1,0 điểm %|3,0%|–|01/06/2025"
	absent := alert("TiendoAbsent", pairs{"audience": "operations", "severity": "critical"}, pairs{
		"summary": "Chương trình tiendo không trả lời", "summary_en": "The program does not answer.", "description": "Prometheus không lấy được chỉ số của tiendo.", "runbook_url": site + "/runbook#tiendoabsent"})
	for _, c := range []struct {
		name string
		d    *data
	}{
		{"unit-many", message("firing", many())},
		{"unit-many-resolved", message("resolved", many().resolved())},
		{"unit-one", message("firing", one())},
		{"unit-one-resolved", message("resolved", one().resolved())},
		{"unit-thirty", thirty()},
		{"unit-event", message("firing", unreachable)},
		{"unit-missing", message("firing", missing)},
		{"owner-two", message("firing", behind(province, "CQS-02", "Hồ sơ thủ tục hành chính xử lý hoàn toàn trực tuyến", "43,1%", "43,6%", "55,0%", "-11,4 điểm %", "60,0%", "48,2%", "08/06/2025"),
			behind(province, "CQS-05", "Dịch vụ công trực tuyến đủ sáu tính năng", "71,2%", "71,2%", "88,9%", "-17,7 điểm %", "100,0%", "–", "05/01/2025"))},
		{"operations-two", message("firing", stale("dossiers", "Hồ sơ dịch vụ công trực tuyến"), stale("edoc-axis", "Trục liên thông văn bản").resolved())},
		{"operations-absent", message("firing", absent)},
		{"hostile", message("firing", hostile, hostileMany)},
	} {
		for _, form := range []struct{ ext, kind, text string }{
			{"subject", "text", `{{ template "tiendo.subject" . }}`}, {"txt", "text", `{{ template "tiendo.text" . }}`}, {"html", "html", `{{ template "tiendo.html" . }}`},
		} {
			got := render(t, form.kind, form.text, c.d)
			file := filepath.Join("testdata", c.name+"."+form.ext)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := read(t, file); got != want {
				t.Errorf("%s differs; got\n%s\nwant\n%s", file, got, want)
			}
			if form.ext == "subject" && (strings.Count(strings.TrimSpace(got), "\n") > 0 || len([]rune(got)) > 120) {
				t.Errorf("%s is no subject: %q", file, got)
			}
			if strings.Contains(got, "<no value>") || strings.Contains(got, "%!") || form.ext == "html" && strings.Contains(got, "<script>") {
				t.Errorf("%s holds what it may not:\n%s", file, got)
			}
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
