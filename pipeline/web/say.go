package web

import (
	"fmt"
	"slices"
	"strings"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/review"
	"tiendo/pipeline/words"
)

// targets says whether any figure of the week has a target; without one there is no status to count.
func targets(p *review.Pack) bool {
	return slices.ContainsFunc(p.Pairs, func(x review.Pair) bool { return x.Now != nil && x.Now.Target != nil })
}

// say is the week in sentences that can be read aloud.
func (s *site) say(in *plan.Plan, p *review.Pack) []string {
	var all []string
	if say := s.sayProvince(in, p); say != "" && targets(p) {
		all = append(all, say)
	}
	if targets(p) && !p.First && !p.Turned {
		all = append(all, s.sayChanges(p))
	}
	if say := s.sayMovers(in, p); say != "" {
		all = append(all, say)
	}
	if say := sayOutlook(p); say != "" {
		all = append(all, say)
	}
	all = append(all, s.sayRanks(p)...)
	if say := s.sayUnits(p); say != "" {
		all = append(all, say)
	}
	if !p.First && len(p.Pairs) > 0 {
		switch n := len(p.Restated); {
		case n > 0:
			all = append(all, fmt.Sprintf("%s kết quả của tuần trước đã được điều chỉnh sau ngày rà soát %s.", words.Count(int64(n)), words.Day(review.Monday(p.Before))))
		case p.Untold == 0:
			all = append(all, fmt.Sprintf("Không có kết quả nào của tuần trước được điều chỉnh sau ngày rà soát %s.", words.Day(review.Monday(p.Before))))
		}
	}
	if say := sayLate(p); say != "" && p.LateTold {
		all = append(all, say)
	}
	return all
}

func (s *site) sayProvince(in *plan.Plan, p *review.Pack) string {
	top := s.topLevel(p.AsOf)
	for _, c := range p.Counts {
		if c.Level != top || c.Now.Total() == 0 {
			continue
		}
		u, _ := s.Plan.Units.Select(s.Plan.Province, p.AsOf) // topLevel found it
		var parts, changes []string
		for _, st := range statusColumns(p.Counts) {
			name := lowerFirst(words.Status(st).Name)
			if n := c.Now[st]; n > 0 {
				part := fmt.Sprintf("%d %s", n, name)
				if st == progress.Stale {
					part = fmt.Sprintf("%d có số liệu cũ", n)
				}
				parts = append(parts, part)
			}
			switch d := c.Now[st] - c.Before[st]; {
			case d > 0:
				changes = append(changes, fmt.Sprintf("%s tăng %d", name, d))
			case d < 0:
				changes = append(changes, fmt.Sprintf("%s giảm %d", name, -d))
			}
		}
		text := fmt.Sprintf("Tính đến ngày %s, %s có %d chỉ tiêu: %s.", words.Day(p.AsOf), u.Name, c.Now.Total(), enumerate(parts))
		switch {
		case p.First || c.Before.Total() == 0:
			return text + " Chưa có tuần trước để so sánh."
		case p.Turned:
			last, _ := in.NextMilestone(p.Before)
			return text + fmt.Sprintf(" Từ tuần này các chỉ tiêu được xét theo mốc %s, không còn theo mốc %s, nên trạng thái của hai tuần không so sánh được.", words.Day(p.Milestone), words.Day(last.Date))
		case len(changes) == 0:
			return text + " So với tuần trước, số chỉ tiêu ở từng trạng thái không thay đổi."
		}
		return text + " So với tuần trước: " + enumerate(changes) + "."
	}
	return ""
}

// enumerate joins with commas and "và" before the last.
func enumerate(parts []string) string {
	if n := len(parts); n > 1 {
		return strings.Join(parts[:n-1], ", ") + " và " + parts[n-1]
	}
	return strings.Join(parts, "")
}

// named are how many changes a sentence names.
const named = 3

func (s *site) sayChanges(p *review.Pack) string {
	late, met, back := p.Of(review.NewlyBehind), p.Of(review.NewlyMet), p.Of(review.Recovered)
	if len(late)+len(met)+len(back) == 0 {
		return fmt.Sprintf("Ở các cấp được theo dõi (%s), trong tuần không có chỉ tiêu nào mới chậm tiến độ, mới đạt hay ra khỏi diện chậm.", s.watchedLevels())
	}
	text := fmt.Sprintf("Ở các cấp được theo dõi (%s), trong tuần có %d lượt chỉ tiêu mới chậm tiến độ, %d lượt mới đạt và %d lượt ra khỏi diện chậm.", s.watchedLevels(), len(late), len(met), len(back))
	if len(late) > 0 {
		text += " Mới chậm tiến độ: " + s.some(late) + "."
	}
	if len(met) > 0 {
		text += " Mới đạt: " + s.some(met) + "."
	}
	return text
}

func (s *site) watchedLevels() string {
	var names []string
	for _, l := range s.Plan.WatchLevels {
		names = append(names, lowerFirst(s.Plan.LevelInfo(l).Name))
	}
	return strings.Join(names, "; ")
}

func (s *site) some(pairs []review.Pair) string {
	var names []string
	for _, x := range pairs[:min(named, len(pairs))] {
		names = append(names, s.named(x))
	}
	text := strings.Join(names, "; ")
	if more := len(pairs) - named; more > 0 {
		text += fmt.Sprintf(" và %d lượt khác", more)
	}
	return text
}

// named is a target in a sentence: Văn bản điện tử ký số (CQS-06) của Sở Y tế.
func (s *site) named(x review.Pair) string {
	text := x.Indicator
	if ind := s.Plan.Indicator(x.Indicator); ind != nil && ind.Short != "" {
		text = ind.Short + " (" + x.Indicator + ")"
	}
	return text + " của " + s.unitName(x.Unit)
}

func (s *site) unitName(k plan.UnitKey) string {
	if u := s.Plan.Units.Key(k); u != nil {
		return u.Name
	}
	return k.String()
}

func (s *site) sayMovers(in *plan.Plan, p *review.Pack) string {
	one := func(most, verb, to string, pairs []review.Pair) string {
		if len(pairs) == 0 {
			return ""
		}
		x := pairs[0]
		ind := in.Indicator(x.Indicator)
		return fmt.Sprintf("%s: %s, %s %s %s, %s %s.", most, s.named(x), verb, strings.TrimLeft(signed(ind, x.Moved()), "+-"), points(ind), to, figure(ind, x.Now.PathValue))
	}
	return strings.TrimSpace(one("Tăng nhiều nhất", "tăng", "lên", p.Up) + " " + one("Giảm nhiều nhất", "giảm", "còn", p.Down))
}

func sayOutlook(p *review.Pack) string {
	meets, misses, short := 0, 0, 0
	for _, x := range p.Outlook {
		switch {
		case x.Meets == nil:
		case *x.Meets:
			meets++
		default:
			misses++
		}
		if x.Short != nil && *x.Short {
			short++
		}
	}
	if meets+misses == 0 || p.Milestone == plan.NoDay {
		return ""
	}
	if p.Milestone == p.AsOf {
		return fmt.Sprintf("Đã đến mốc %s; kết quả của mốc được chốt sau hai ngày làm việc.", words.Day(p.Milestone))
	}
	return fmt.Sprintf("Còn %s ngày đến mốc %s. Nếu giữ tốc độ hiện nay, trong %d chỉ tiêu có dự báo của tỉnh sẽ có %d chỉ tiêu đạt và %d chỉ tiêu không đạt; %d chỉ tiêu đang tăng chậm hơn mức cần thiết.",
		words.Count(int64(p.Milestone-p.AsOf)), words.Day(p.Milestone), meets+misses, meets, misses, short)
}

func (s *site) sayRanks(p *review.Pack) []string {
	var all []string
	for _, l := range s.Plan.WatchLevels {
		var ranked []review.Movement
		for _, m := range p.Movements {
			if m.Level == l && m.Now.Rank > 0 {
				ranked = append(ranked, m)
			}
		}
		if len(ranked) < 2 {
			continue
		}
		best := ranked[0]
		text := fmt.Sprintf("%s: đứng đầu là %s (%s chỉ tiêu đạt hoặc đúng tiến độ)", s.Plan.LevelInfo(l).Name, s.unitName(best.Unit), good(best.Now))
		var up, down *review.Movement
		for i := range ranked {
			m := &ranked[i]
			if m.Up != nil && *m.Up > 0 && (up == nil || *m.Up > *up.Up) {
				up = m
			}
			if m.Up != nil && *m.Up < 0 && (down == nil || *m.Up < *down.Up) {
				down = m
			}
		}
		if up != nil {
			text += fmt.Sprintf("; tăng hạng nhiều nhất là %s (từ hạng %d lên hạng %d)", s.unitName(up.Unit), up.Before.Rank, up.Now.Rank)
		}
		if down != nil {
			text += fmt.Sprintf("; giảm hạng nhiều nhất là %s (từ hạng %d xuống hạng %d)", s.unitName(down.Unit), down.Before.Rank, down.Now.Rank)
		}
		if up == nil && down == nil && best.Up != nil {
			text += "; thứ hạng không thay đổi so với tuần trước"
		}
		all = append(all, text+".")
	}
	return all
}

func (s *site) sayUnits(p *review.Pack) string {
	if len(p.Begun)+len(p.Ended) == 0 {
		return ""
	}
	var parts []string
	if n := len(p.Ended); n > 0 {
		parts = append(parts, fmt.Sprintf("%d đơn vị kết thúc hoạt động", n))
	}
	if n := len(p.Begun); n > 0 {
		parts = append(parts, fmt.Sprintf("%d đơn vị mới thành lập", n))
	}
	return "So với tuần trước, " + enumerate(parts) + "; số chỉ tiêu của các cấp thay đổi theo."
}

func sayLate(p *review.Pack) string {
	units := map[plan.UnitKey]bool{}
	fresh := 0
	for _, l := range p.Late {
		for _, u := range l.Units {
			units[u.Unit] = true
		}
		fresh += l.New
	}
	if len(units) == 0 {
		return ""
	}
	text := fmt.Sprintf("%s đơn vị còn nợ báo cáo đã quá hạn của %d loại báo cáo", words.Count(int64(len(units))), len(p.Late))
	if fresh == 0 {
		return text + ", không có lượt nào mới quá hạn trong tuần."
	}
	return text + fmt.Sprintf(", trong đó %s lượt mới quá hạn trong tuần.", words.Count(int64(fresh)))
}
