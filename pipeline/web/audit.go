package web

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"tiendo/pipeline/access"
	"tiendo/pipeline/draft"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/review"
	"tiendo/pipeline/words"
)

const auditPath = "/audit"

// listedRows is how many rows of the log a part of the list shows, listedProblems how many problems.
const (
	listedRows     = 100
	listedProblems = 20
)

// actionNames are what the log tells of, in words. What has none stands as it is.
var actionNames = map[string]string{
	access.SignedIn: "Đăng nhập", access.SignInFailed: "Đăng nhập không được", access.SignInThrottled: "Bị chặn tạm vì nhập sai nhiều lần", access.SignedOut: "Đăng xuất",
	access.AccountAdded: "Thêm tài khoản", access.AccountDisabled: "Khóa tài khoản", access.AccountEnabled: "Mở khóa tài khoản", access.AccountChanged: "Đổi vai trò", access.PasswordChanged: "Đổi mật khẩu",
	access.RegisterEntered: "Ghi sổ khen thưởng",
	access.ContestFiled:    "Gửi giải trình", access.ContestAccepted: "Chấp nhận giải trình", access.ContestRefused: "Không chấp nhận giải trình", access.ContestWithdrawn: "Rút giải trình",
	access.DraftUploaded: "Tải biểu lên xem trước", access.DraftRefused: "Biểu không nhận được", draftDone(draft.Saved): "Lưu nháp biểu", draftDone(draft.Submitted): "Trình xác nhận biểu",
	draftDone(draft.Returned): "Trả lại biểu", draftDone(draft.Withdrawn): "Rút lại biểu", draftDone(draft.Confirmed): "Xác nhận biểu", draftDone(draft.Landed): "Nạp biểu vào số liệu",
	string(review.Made): "Lập rà soát tuần", string(review.Proposed): "Trình rà soát", string(review.Returned): "Trả lại rà soát", string(review.Signed): "Ký rà soát",
	string(review.Commented): "Ý kiến rà soát", string(review.ActionAdded): "Giao việc", string(review.ActionDone): "Việc đã xong", string(review.Withdrawn): "Rút lại trong rà soát",
}

func actionName(action string) string { return cmp.Or(actionNames[action], action) }

type auditBody struct {
	Rows           []auditRow
	Total, First   int
	Last, All      int
	Earlier, Later string
	Picks          []choice
	Sought         string
	From, To       string
	Reset, CSV     string
	Problems       []string
	MoreProblems   int
	Newest         string // NUMBER:HASH, to be kept elsewhere
	Checked        string
}

type auditRow struct {
	Seq                                    uint64
	At, Actor, Action, Subject, From, Says string
}

var sealed = regexp.MustCompile(`\b([0-9a-f]{8})[0-9a-f]{56}\b`)

// audit lists the log, the newest row first, with the verdict of its verification.
func (s *site) audit(ctx context.Context, a *ask) (*page, error) {
	if err := s.keeps(); err != nil {
		return nil, err
	}
	if err := s.allow(a, ctx, access.ReadAudit, plan.UnitKey{}); err != nil {
		return nil, err
	}
	actor, action, sought := a.query.Get("actor"), a.query.Get("action"), strings.TrimSpace(a.query.Get("q"))
	days := map[string]plan.Day{}
	for _, name := range []string{"from-day", "to-day"} {
		d, err := plan.ParseDay(a.query.Get(name))
		if err != nil {
			return nil, badRequest("Ngày không đọc được", "Viết ngày theo dạng năm-tháng-ngày.", link{Text: "Nhật ký", URL: auditPath})
		}
		days[name] = d
	}
	rows, problems, err := s.Keeper.VerifyAudit(ctx)
	if err != nil {
		return nil, err
	}
	b := &auditBody{All: len(rows), Sought: sought, From: a.query.Get("from-day"), To: a.query.Get("to-day"), Reset: auditPath, Checked: words.Instant(s.Clock())}
	for i, x := range problems {
		if i == listedProblems {
			b.MoreProblems = len(problems) - i
			break
		}
		b.Problems = append(b.Problems, x.Text)
	}
	if n := len(rows); n > 0 && len(problems) == 0 {
		b.Newest = strconv.FormatUint(rows[n-1].Seq, 10) + ":" + rows[n-1].Hash
	}
	actors, actions := choice{Name: "actor", Label: "Người làm", Any: "Mọi người"}, choice{Name: "action", Label: "Việc", Any: "Mọi việc"}
	seen := map[string]bool{}
	table := [][]string{{"seq", "at", "actor", "action", "action_vi", "subject", "address", "detail", "hash"}}
	var found []access.Row
	slices.Reverse(rows)
	for _, r := range rows {
		if !seen["actor "+r.Actor] {
			seen["actor "+r.Actor] = true
			if r.Actor != "" {
				actors.Options = append(actors.Options, option{r.Actor, r.Actor, r.Actor == actor})
			}
		}
		if !seen["action "+r.Action] {
			seen["action "+r.Action] = true
			actions.Options = append(actions.Options, option{r.Action, actionName(r.Action), r.Action == action})
		}
		day := plan.DayOf(r.At)
		if actor != "" && actor != r.Actor || action != "" && action != r.Action || days["from-day"] != plan.NoDay && day < days["from-day"] || days["to-day"] != plan.NoDay && day > days["to-day"] ||
			sought != "" && !strings.Contains(plan.Fold(r.Subject+" "+r.Detail+" "+r.Address+" "+r.Actor), plan.Fold(sought)) {
			continue
		}
		found = append(found, r)
		table = append(table, []string{strconv.FormatUint(r.Seq, 10), r.At.UTC().Format(time.RFC3339Nano), r.Actor, r.Action, actionName(r.Action), r.Subject, r.Address, r.Detail, r.Hash})
	}
	less := words.ByName()
	for _, c := range []*choice{&actors, &actions} {
		slices.SortStableFunc(c.Options, func(x, y option) int { return less(x.Text, y.Text) })
	}
	b.Picks = []choice{actors, actions}
	from, err := strconv.Atoi(cmp.Or(a.query.Get("from"), "0"))
	if err != nil || from < 0 || from > len(found) {
		return nil, badRequest("Không có phần này", "Nhật ký ngắn hơn phần được hỏi.", link{Text: "Nhật ký", URL: auditPath})
	}
	shown := found[from:min(len(found), from+listedRows)]
	for _, r := range shown {
		b.Rows = append(b.Rows, auditRow{r.Seq, words.Instant(r.At), cmp.Or(r.Actor, words.Unknown), actionName(r.Action), r.Subject, r.Address, sealed.ReplaceAllString(r.Detail, "$1…")})
	}
	b.Total, b.First, b.Last = len(found), from+1, from+len(shown)
	plain := &ask{asOf: plan.NoDay, knownOn: plan.NoDay} // the log has days of its own
	said := []string{"actor", actor, "action", action, "q", sought, "from-day", b.From, "to-day", b.To}
	if from > 0 {
		b.Earlier = plain.url(auditPath, append(said, "from", strconv.Itoa(max(0, from-listedRows)))...)
	}
	if from+listedRows < len(found) {
		b.Later = plain.url(auditPath, append(said, "from", strconv.Itoa(from+listedRows))...)
	}
	b.CSV = plain.url(auditPath, append(said, "format", "csv")...)
	p := s.newPage("audit", "Nhật ký")
	p.Nav, p.Path, p.Body, p.Table = s.nav(a, ""), a.path, b, table
	return p, nil
}
