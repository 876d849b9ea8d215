package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/review"
)

// reviewForms are where the forms of a week's page send to.
func (s *site) reviewForms(mux *http.ServeMux) {
	for name, do := range map[string]func(context.Context, *sent, plan.Day) (string, error){
		"propose": s.propose, "return": s.sendBack, "sign": s.sign, "comment": s.comment, "action": s.addAction, "done": s.actionDone,
	} {
		mux.Handle("POST /review/{week}/"+name, s.post(func(ctx context.Context, f *sent) (*page, error) {
			week, err := review.ParseWeek(f.PathValue("week"))
			if err != nil || week > f.lastWeek {
				return nil, notFound("Không có tuần này", "Địa chỉ không nêu một tuần đã qua.")
			}
			at, err := do(ctx, f, week)
			if err != nil {
				return nil, notTaken(err)
			}
			if f.PostFormValue("from") == "actions" {
				return goTo("/actions"), nil
			}
			return goTo("/review/" + review.WeekName(week) + at), nil
		}))
	}
}

func (s *site) propose(ctx context.Context, f *sent, week plan.Day) (string, error) {
	if err := s.allow(f.ask, ctx, access.Propose, plan.UnitKey{}); err != nil {
		return "", err
	}
	return "", s.desk.Propose(ctx, week, f.who.Name, address(f.Request))
}

// decided is a step of the approver, on the pack that his page showed.
func (f *sent) decided(kind string, week plan.Day, text string) review.Step {
	return review.Step{By: f.who.Name, Kind: kind, Week: week, Entry: review.Entry{Pack: f.PostFormValue("pack"), Text: text}}
}

func (s *site) sign(ctx context.Context, f *sent, week plan.Day) (string, error) {
	if err := s.allow(f.ask, ctx, access.Sign, plan.UnitKey{}); err != nil {
		return "", err
	}
	return "", s.desk.Take(ctx, f.decided(review.Signed, week, ""), address(f.Request))
}

func (s *site) sendBack(ctx context.Context, f *sent, week plan.Day) (string, error) {
	if err := s.allow(f.ask, ctx, access.Sign, plan.UnitKey{}); err != nil {
		return "", err
	}
	return "", s.desk.Take(ctx, f.decided(review.Returned, week, written(f, "text")), address(f.Request))
}

// written is what somebody wrote, without the space around it and with lines ending in one way.
func written(f *sent, field string) string {
	return strings.TrimSpace(strings.ReplaceAll(f.PostFormValue(field), "\r\n", "\n"))
}

// figureOf is the figure that a form names; of two empty fields none. It must be one that the plan has for the unit.
func (s *site) figureOf(f *sent, week plan.Day) (indicator string, unit *plan.UnitKey, err error) {
	code, ref := f.PostFormValue("indicator"), f.PostFormValue("unit")
	if code == "" && ref == "" {
		return "", nil, nil
	}
	if code == "" || ref == "" {
		return "", nil, badRequest("Chưa rõ số nào", "Nói về một số thì chọn cả chỉ tiêu và đơn vị; nói về cả tuần thì để trống cả hai. Chưa có gì được ghi.")
	}
	in := s.Plan.At(f.today)
	u, err := s.Plan.Units.Select(ref, week)
	ind := in.Indicator(code)
	if err != nil || ind == nil || !in.Applies(ind, u).Counts() {
		return "", nil, badRequest("Không có số này", "Chỉ tiêu này không áp dụng cho đơn vị đã chọn. Chưa có gì được ghi.")
	}
	return code, &u.UnitKey, nil
}

func (s *site) comment(ctx context.Context, f *sent, week plan.Day) (string, error) {
	if !mayAny(ctx, access.Comment) { // says nothing of what is there
		return "", s.allow(f.ask, ctx, access.Comment, plan.UnitKey{})
	}
	code, unit, err := s.figureOf(f, week)
	if err != nil {
		return "", err
	}
	of := plan.UnitKey{}
	if unit != nil {
		of = *unit
	}
	if err := s.allow(f.ask, ctx, access.Comment, of); err != nil {
		return "", err
	}
	return "#comments", s.desk.Take(ctx, review.Step{By: f.who.Name, Kind: review.Commented, Week: week, Entry: review.Entry{Text: written(f, "text"), Indicator: code, Unit: unit}}, address(f.Request))
}

func (s *site) addAction(ctx context.Context, f *sent, week plan.Day) (string, error) {
	if err := s.allow(f.ask, ctx, access.Propose, plan.UnitKey{}); err != nil {
		return "", err
	}
	code, unit, err := s.figureOf(f, week)
	if err != nil {
		return "", err
	}
	owner, err := s.Plan.Units.Select(f.PostFormValue("owner"), week)
	if err != nil {
		return "", badRequest("Chưa rõ giao cho ai", "Chọn đơn vị được giao việc. Chưa có gì được ghi.")
	}
	due, err := plan.ParseDay(f.PostFormValue("due"))
	if err != nil || due == plan.NoDay || due < f.today || due > f.today+2*366 {
		return "", badRequest("Thời hạn chưa đúng", "Thời hạn là một ngày từ hôm nay đến không quá hai năm. Chưa có gì được ghi.")
	}
	return "#actions", s.desk.Take(ctx, review.Step{By: f.who.Name, Kind: review.ActionAdded, Week: week, Entry: review.Entry{Text: written(f, "text"), Indicator: code, Unit: unit, Owner: &owner.UnitKey, Due: &due}}, address(f.Request))
}

func (s *site) actionDone(ctx context.Context, f *sent, week plan.Day) (string, error) {
	if !mayAny(ctx, access.Finish) {
		return "", s.allow(f.ask, ctx, access.Finish, plan.UnitKey{})
	}
	seq, err := strconv.ParseUint(f.PostFormValue("action"), 10, 64)
	if err != nil || seq == 0 {
		return "", badRequest("Không có việc này", "Biểu mẫu không nêu việc nào. Chưa có gì được ghi.")
	}
	l, _, err := s.reviewLog(ctx)
	if err != nil {
		return "", err
	}
	if x := l.Action(seq); x != nil { // what is not there is refused below
		if err := s.allow(f.ask, ctx, access.Finish, *x.Owner); err != nil {
			return "", err
		}
	}
	return "#actions", s.desk.Take(ctx, review.Step{By: f.who.Name, Kind: review.ActionDone, Week: week, Entry: review.Entry{Text: written(f, "text"), Action: seq}}, address(f.Request))
}
