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

// AuditQuery asks for a part of the audit log, the newest row first.
type AuditQuery struct {
	Actor, Action string   // empty: of all
	Sought        string   // stands in the row as plan.Fold makes both; empty: any row
	From, To      plan.Day // local days, both included; NoDay: without bound
	Skip          int      // rows before the part
	Most          int      // rows of the part; 0: all
}

// AuditPart is a part of the audit log, as it stands: nothing of it was verified.
type AuditPart struct {
	Rows            []access.Row
	Found, All      int      // how many rows the query finds, and how many the log has
	Actors, Actions []string // whom and what the log knows, in no order
}

type auditBody struct {
	Rows           []auditRow
	Total, First   int
	Last, All      int
	Earlier, Later string
	Picks          []choice
	Sought         string
	From, To       string
	Reset, CSV     string
	Verify         string // where the whole log is verified
	Verified       bool   // by this request
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

// audit lists the log, the newest row first. It reads the rows that it shows; the whole log is read and verified where
// ?verify=1 asks for that.
func (s *site) audit(ctx context.Context, a *ask) (*page, error) {
	if err := s.keeps(); err != nil {
		return nil, err
	}
	if err := s.allow(a, ctx, access.ReadAudit, plan.UnitKey{}); err != nil {
		return nil, err
	}
	home := link{Text: "Nhật ký", URL: auditPath}
	sought := strings.TrimSpace(a.query.Get("q"))
	q := AuditQuery{Actor: a.query.Get("actor"), Action: a.query.Get("action"), Sought: plan.Fold(sought), Most: listedRows}
	for name, day := range map[string]*plan.Day{"from-day": &q.From, "to-day": &q.To} {
		d, err := plan.ParseDay(a.query.Get(name))
		if err != nil {
			return nil, badRequest("Ngày không đọc được", "Viết ngày theo dạng năm-tháng-ngày.", home)
		}
		*day = d
	}
	nowhere := badRequest("Không có phần này", "Nhật ký ngắn hơn phần được hỏi.", home)
	from, err := strconv.Atoi(cmp.Or(a.query.Get("from"), "0"))
	if err != nil || from < 0 {
		return nil, nowhere
	}
	if q.Skip = from; a.query.Get("format") != "" { // a file holds all that was found
		q.Skip, q.Most = 0, 0
	}
	log, err := s.Keeper.Audited(ctx, q)
	if err != nil {
		return nil, err
	}
	if from > log.Found {
		return nil, nowhere
	}
	b := &auditBody{All: log.All, Total: log.Found, First: from + 1, Last: from + len(log.Rows), Sought: sought, From: a.query.Get("from-day"), To: a.query.Get("to-day"), Reset: auditPath}
	b.Picks = []choice{
		auditChoice(choice{Name: "actor", Label: "Người làm", Any: "Mọi người"}, log.Actors, q.Actor, func(actor string) string { return actor }),
		auditChoice(choice{Name: "action", Label: "Việc", Any: "Mọi việc"}, log.Actions, q.Action, actionName),
	}
	table := [][]string{{"seq", "at", "actor", "action", "action_vi", "subject", "address", "detail", "hash"}}
	for _, r := range log.Rows {
		table = append(table, []string{strconv.FormatUint(r.Seq, 10), r.At.UTC().Format(time.RFC3339Nano), r.Actor, r.Action, actionName(r.Action), r.Subject, r.Address, r.Detail, r.Hash})
		b.Rows = append(b.Rows, auditRow{r.Seq, words.Instant(r.At), cmp.Or(r.Actor, words.Unknown), actionName(r.Action), r.Subject, r.Address, sealed.ReplaceAllString(r.Detail, "$1…")})
	}
	plain := &ask{asOf: plan.NoDay, knownOn: plan.NoDay} // the log has days of its own
	said := []string{"actor", q.Actor, "action", q.Action, "q", sought, "from-day", b.From, "to-day", b.To}
	if from > 0 {
		b.Earlier = plain.url(auditPath, append(said, "from", strconv.Itoa(max(0, from-listedRows)))...)
	}
	if b.Last < b.Total {
		b.Later = plain.url(auditPath, append(said, "from", strconv.Itoa(from+listedRows))...)
	}
	b.CSV, b.Verify = plain.url(auditPath, append(said, "format", "csv")...), plain.url(auditPath, append(said, "verify", "1")...)
	if a.query.Get("verify") == "1" && a.query.Get("format") == "" {
		if err := s.verifyAudit(ctx, b); err != nil {
			return nil, err
		}
	}
	p := s.newPage("audit", "Nhật ký")
	p.Nav, p.Path, p.Body, p.Table, p.CSV = s.nav(a, ""), a.path, b, table, b.CSV
	return p, nil
}

// verifyAudit reads the whole log and says what is wrong with it.
func (s *site) verifyAudit(ctx context.Context, b *auditBody) error {
	rows, problems, err := s.Keeper.VerifyAudit(ctx)
	if err != nil {
		return err
	}
	b.Verified, b.Checked = true, words.Instant(s.Clock())
	for i, x := range problems {
		if i == listedProblems {
			b.MoreProblems = len(problems) - i
			break
		}
		b.Problems = append(b.Problems, x.In(faultWords, words.Instant))
	}
	if n := len(rows); n > 0 && len(problems) == 0 {
		b.Newest = strconv.FormatUint(rows[n-1].Seq, 10) + ":" + rows[n-1].Hash
	}
	return nil
}

// auditChoice offers what the log knows, by name.
func auditChoice(c choice, known []string, chosen string, name func(string) string) choice {
	for _, x := range known {
		if x != "" {
			c.Options = append(c.Options, option{x, name(x), x == chosen})
		}
	}
	less := words.ByName()
	slices.SortFunc(c.Options, func(x, y option) int { return cmp.Or(less(x.Text, y.Text), cmp.Compare(x.Value, y.Value)) })
	return c
}
