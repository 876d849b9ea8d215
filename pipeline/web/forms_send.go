package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"tiendo/pipeline/access"
	"tiendo/pipeline/draft"
)

// reasonLimit is how long a reason may be, in characters.
const reasonLimit = 500

// filing is the form that was acted upon, after the right to do so was looked at.
func (f *sent) filing(ctx context.Context, do access.Action) (filing, error) {
	e, err := f.site.filingAt(f.ask)
	if err == nil {
		err = f.site.allow(f.ask, ctx, do, e.unit.UnitKey)
	}
	return e, err
}

// formUpload takes a file and shows what it would change. Nothing of it counts, and nothing is a draft.
func (s *site) formUpload(ctx context.Context, f *sent) (*page, error) {
	e, err := f.filing(ctx, access.DraftWrite)
	if err != nil {
		return nil, err
	}
	back := link{Text: "Biểu " + e.form.Code + ", " + periodName(e.period), URL: e.path()}
	file, head, err := f.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) {
		return nil, badRequest("Chưa chọn tệp", "Hãy chọn tệp .xlsx hoặc .csv đã điền rồi bấm “Xem trước”.", back)
	}
	if err != nil {
		return nil, badRequest("Tệp không đọc được", "Nội dung gửi lên bị ngắt hoặc không đúng dạng. Chưa có gì được nhận; đề nghị gửi lại.", back)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, fileLimit+1))
	if err != nil {
		return nil, err
	}
	sheet, err := s.Forms.Read(e.Key, head.Filename, data)
	if err != nil {
		return nil, err
	}
	if sheet.Problem == "" && len(sheet.Figures) == 0 {
		sheet.Problem = "tệp không có dòng số liệu nào nhận được"
		if len(sheet.Refused) == 0 {
			sheet.Problem = "tệp chưa điền số liệu nào: ô trống là chưa biết, không phải là 0; hãy điền rồi tải lên lại"
		}
	}
	if sheet.Problem != "" {
		if err := f.record(ctx, access.DraftRefused, e.Key.String(), "sha256 "+draft.Sum(data)); err != nil {
			return nil, err
		}
		return s.previewOf(ctx, f.ask, e, sheet, "")
	}
	sha := draft.Sum(sheet.Body)
	if err := f.record(ctx, access.DraftUploaded, e.Key.String(), "sha256 "+sha); err != nil {
		return nil, err
	}
	if err := s.Drafts.KeepBody(ctx, e.Key, sheet.Body, f.who.Name, s.Clock()); err != nil {
		return nil, err
	}
	return goTo(e.path("preview", sha)), nil
}

// reason is the reason that was written, on one line.
func (f *sent) reason() (string, error) {
	text := strings.Join(strings.Fields(f.PostFormValue("reason")), " ")
	if n := utf8.RuneCountInString(text); n > reasonLimit {
		return "", badRequest("Lý do quá dài", fmt.Sprintf("Lý do có %d ký tự; viết không quá %d ký tự.", n, reasonLimit))
	}
	return text, nil
}

// draftDone is how the audit log names what is done to a draft.
func draftDone(a draft.Action) string { return "draft_" + string(a) }

// formAct appends what is done to the draft, after the audit log tells of it.
func (s *site) formAct(ctx context.Context, f *sent, e filing, last draft.Event, seen uint64, x draft.Event) (draft.Event, error) {
	x.Key, x.ID, x.By, x.At = e.Key, rand.Text(), f.who.Name, s.Clock()
	next, err := draft.Next(last, seen, x)
	if err == nil {
		err = f.record(ctx, draftDone(next.Action), e.Key.String(), strings.TrimSpace(fmt.Sprintf("version %d sha256 %s", next.Version, next.SHA256)))
	}
	if err == nil {
		err = s.Drafts.AppendDraft(ctx, next)
	}
	back := link{Text: "Xem biểu " + e.form.Code + " hiện nay", URL: e.path()}
	switch {
	case errors.Is(err, draft.ErrReason):
		return next, badRequest("Cần nêu lý do", "Trả lại hoặc rút lại một bản nháp phải kèm lý do.", back)
	case errors.Is(err, draft.ErrTaken), errors.Is(err, draft.ErrState):
		return next, &refusal{http.StatusConflict, "Biểu vừa có thay đổi", "Có người vừa làm việc với biểu này nên việc vừa gửi không được thực hiện. Đề nghị xem lại biểu rồi làm lại nếu còn cần.", []link{back}}
	}
	return next, err
}

// standing is the draft's newest event and the version that the one who acts has looked at.
func (s *site) standing(ctx context.Context, f *sent, e filing) (last draft.Event, seen uint64, err error) {
	events, err := s.Drafts.Drafts(ctx, draft.Query{Form: e.Form, Unit: &e.Unit, Period: e.Period, Newest: true})
	if err != nil {
		return last, 0, err
	}
	if seen, err = strconv.ParseUint(f.PostFormValue("version"), 10, 64); err != nil {
		return last, 0, badRequest("Biểu mẫu không đọc được", "Đề nghị mở lại trang và làm lại.", link{Text: "Biểu " + e.form.Code, URL: e.path()})
	}
	return newest(events), seen, nil
}

// formSave makes what was uploaded the unit's draft, and lays it before whoever confirms where that was asked for.
func (s *site) formSave(ctx context.Context, f *sent) (*page, error) {
	e, err := f.filing(ctx, access.DraftWrite)
	if err != nil {
		return nil, err
	}
	reason, err := f.reason()
	if err != nil {
		return nil, err
	}
	last, seen, err := s.standing(ctx, f, e)
	if err != nil {
		return nil, err
	}
	sha := f.PostFormValue("sha256")
	sheet, err := s.sheetOf(ctx, e, sha)
	if err != nil {
		return nil, err
	}
	if sheet.Problem != "" || len(sheet.Figures) == 0 {
		return nil, badRequest("Không có gì để lưu", "Tệp đã tải lên không có dòng số liệu nào nhận được.", link{Text: "Biểu " + e.form.Code, URL: e.path()})
	}
	counted, err := s.counted(ctx, e)
	if err != nil {
		return nil, err
	}
	if len(counted.figures) > 0 && reason == "" {
		return nil, badRequest("Cần nêu lý do điều chỉnh", "Kỳ này đã có số liệu được tính. Gửi lại là điều chỉnh số liệu, phải nêu lý do; chưa có gì được lưu.", link{Text: "Trở lại bản xem trước", URL: e.path("preview", sha)})
	}
	if len(counted.figures) == 0 {
		reason = ""
	}
	final, err := s.Forms.Final(e.Key, sheet.Body, reason)
	if err != nil {
		return nil, err
	}
	if err := s.Drafts.KeepBody(ctx, e.Key, final, f.who.Name, s.Clock()); err != nil {
		return nil, err
	}
	saved, err := s.formAct(ctx, f, e, last, seen, draft.Event{Action: draft.Saved, SHA256: draft.Sum(final), Reason: reason})
	if err == nil && f.PostFormValue("then") == "submit" {
		_, err = s.formAct(ctx, f, e, saved, saved.Version, draft.Event{Action: draft.Submitted, Reason: reason})
	}
	if err != nil {
		return nil, err
	}
	return goTo(e.path()), nil
}

// formStep is an action that takes no file: to submit and to withdraw of who enters, to return of who confirms.
func (s *site) formStep(right access.Action, do draft.Action) func(context.Context, *sent) (*page, error) {
	return func(ctx context.Context, f *sent) (*page, error) {
		e, err := f.filing(ctx, right)
		if err != nil {
			return nil, err
		}
		reason, err := f.reason()
		if err != nil {
			return nil, err
		}
		last, seen, err := s.standing(ctx, f, e)
		if err != nil {
			return nil, err
		}
		if do == draft.Submitted {
			reason, err = s.reasonOf(ctx, e, last)
			if err != nil {
				return nil, err
			}
		}
		if _, err := s.formAct(ctx, f, e, last, seen, draft.Event{Action: do, Reason: reason}); err != nil {
			return nil, err
		}
		return goTo(e.path()), nil
	}
}

// reasonOf is the reason with which the draft's body was saved: what its return was for does not take its place.
func (s *site) reasonOf(ctx context.Context, e filing, last draft.Event) (string, error) {
	events, err := s.Drafts.Drafts(ctx, draft.Query{Form: e.Form, Unit: &e.Unit, Period: e.Period})
	if err != nil {
		return "", err
	}
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].Action == draft.Saved && events[i].SHA256 == last.SHA256 {
			return events[i].Reason, nil
		}
	}
	return "", nil
}

// formConfirm lets the draft count: the word of the head is kept first, then the body is landed as a page of the form's
// source. Confirming again what is confirmed changes nothing; where landing was cut short it is done then.
func (s *site) formConfirm(ctx context.Context, f *sent) (*page, error) {
	e, err := f.filing(ctx, access.DraftConfirm)
	if err != nil {
		return nil, err
	}
	last, seen, err := s.standing(ctx, f, e)
	if err != nil {
		return nil, err
	}
	if last.Action == draft.Landed && seen < last.Version && seen+2 >= last.Version {
		return goTo(e.path()), nil // somebody has confirmed what the sender has looked at
	}
	if last.Action == draft.Confirmed && seen+1 == last.Version {
		return goTo(e.path()), nil // and is landing it
	}
	if last.Action != draft.Confirmed || seen != last.Version {
		counted, err := s.counted(ctx, e)
		if err != nil {
			return nil, err
		}
		if len(counted.figures) > 0 && last.Reason == "" && last.Action == draft.Submitted {
			return nil, &refusal{http.StatusConflict, "Cần lý do điều chỉnh", "Trong lúc chờ xác nhận, kỳ này đã có số liệu được tính. Đề nghị trả lại bản nháp để đơn vị nêu lý do điều chỉnh.", []link{{Text: "Biểu " + e.form.Code, URL: e.path()}}}
		}
		next, err := s.formAct(ctx, f, e, last, seen, draft.Event{Action: draft.Confirmed, Reason: last.Reason})
		if taken := (*refusal)(nil); errors.As(err, &taken) && taken.status == http.StatusConflict {
			if now, _, again := s.standing(ctx, f, e); again == nil && now.Version > seen && now.Version <= seen+2 && (now.Action == draft.Confirmed || now.Action == draft.Landed) {
				return goTo(e.path()), nil // two confirmed at once: it is confirmed
			}
		}
		if err != nil {
			return nil, err
		}
		last = next
	}
	body, err := s.Drafts.Body(ctx, e.Key, last.SHA256)
	if err != nil {
		return nil, err
	}
	if body == nil {
		return nil, notFound("Không có bản nháp", "Nội dung của bản nháp không còn; đề nghị đơn vị tải lên lại.", link{Text: "Biểu " + e.form.Code, URL: e.path()})
	}
	if err := s.Forms.Land(ctx, e.Key, last.Version, body); err != nil {
		return nil, err
	}
	if _, err := s.formAct(ctx, f, e, last, last.Version, draft.Event{Action: draft.Landed, Reason: last.Reason}); err != nil {
		var conflict *refusal
		if !errors.As(err, &conflict) {
			return nil, err // another has landed it at the same time
		}
	}
	return goTo(e.path()), nil
}

// hasForms says whether forms can be handed in here.
func (s *site) hasForms() bool {
	return s.door != nil && s.Options.Forms != nil && s.Options.Drafts != nil && len(s.handedIn()) > 0
}

// formRoutes registers the pages of the forms.
func (s *site) formRoutes(mux *http.ServeMux) {
	const at = formsPath + "/{form}/{unit}/{period}"
	mux.Handle(formsPath, s.page(s.formsPage))
	mux.HandleFunc(at, s.formOrFile)
	mux.Handle(at+"/preview/{sha256}", s.page(s.formPreview))
	mux.Handle("POST "+at+"/upload", s.post(s.formUpload))
	mux.Handle("POST "+at+"/save", s.post(s.formSave))
	mux.Handle("POST "+at+"/submit", s.post(s.formStep(access.DraftWrite, draft.Submitted)))
	mux.Handle("POST "+at+"/withdraw", s.post(s.formStep(access.DraftWrite, draft.Withdrawn)))
	mux.Handle("POST "+at+"/return", s.post(s.formStep(access.DraftConfirm, draft.Returned)))
	mux.Handle("POST "+at+"/confirm", s.post(s.formConfirm))
}
