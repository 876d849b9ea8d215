package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
)

// How much a form may hold, and one with a file.
const (
	formLimit = 64 << 10
	fileLimit = 8 << 20
)

// sent is what somebody who has signed in sends with a form.
type sent struct {
	*ask
	*http.Request // its form is read: PostFormValue, and FormFile where it has a file
	who           *who
	site          *site
}

// may says whether the one who asks may do this to what belongs to the unit; the zero key: to what belongs to none.
func may(ctx context.Context, do access.Action, unit plan.UnitKey) bool {
	w := whoAsks(ctx)
	return w != nil && access.May(w.Account, do, unit)
}

// allow refuses whoever may not do this. It tells nothing of what is there.
func (s *site) allow(a *ask, ctx context.Context, do access.Action, unit plan.UnitKey) error {
	switch {
	case may(ctx, do, unit):
		return nil
	case whoAsks(ctx) == nil && s.door != nil:
		return &refusal{http.StatusForbidden, "Cần đăng nhập", "Trang này chỉ dành cho người có trách nhiệm.", []link{{Text: "Đăng nhập", URL: "/login?next=" + url.QueryEscape(a.url(a.path))}}}
	}
	return &refusal{http.StatusForbidden, "Không có quyền", "Tài khoản này không được làm việc đó.", nil}
}

// record tells the audit log what is about to happen: it happens only if this succeeds.
func (f *sent) record(ctx context.Context, action, subject, detail string) error {
	_, err := f.site.door.Record(ctx, access.Event{At: f.site.Clock(), Actor: f.who.Name, Action: action, Subject: subject, Address: address(f.Request), Detail: detail})
	return err
}

// goTo is the answer to a form that was taken: the browser reads that address, and a reload sends nothing again.
func goTo(address string) *page { return &page{GoTo: address} }

// post takes what a form sends, of somebody who has signed in, with the token of that session: what it does may use the form
// and asks itself, by allow, whether the sender may. It answers with goTo or with a page. Nobody else gets so far.
func (s *site) post(do func(context.Context, *sent) (*page, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		p, err := s.take(ctx, w, r, do)
		switch {
		case err != nil:
			s.refuse(w, r, err)
		case p.GoTo != "":
			http.Redirect(w, r, s.prefix+p.GoTo, http.StatusSeeOther)
		default:
			s.render(w, r, p, http.StatusOK)
		}
	})
}

func (s *site) take(ctx context.Context, w http.ResponseWriter, r *http.Request, do func(context.Context, *sent) (*page, error)) (*page, error) {
	person := whoAsks(ctx)
	if person == nil {
		return nil, &refusal{http.StatusForbidden, "Cần đăng nhập", "Phiên đăng nhập đã hết hoặc chưa đăng nhập; những gì vừa gửi chưa được nhận.", []link{{Text: "Đăng nhập", URL: "/login"}}}
	}
	r.Body = http.MaxBytesReader(w, r.Body, fileLimit)
	err := r.ParseMultipartForm(fileLimit)
	if errors.Is(err, http.ErrNotMultipart) {
		err = nil
		if r.ContentLength > formLimit {
			err = &http.MaxBytesError{Limit: formLimit}
		}
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, &refusal{http.StatusRequestEntityTooLarge, "Nội dung quá lớn", "Tệp gửi lên không được vượt quá 8 MB, văn bản không vượt quá 64 kB. Chưa có gì được nhận.", nil}
	case err != nil:
		return nil, badRequest("Biểu mẫu không đọc được", "Nội dung gửi lên bị ngắt hoặc không đúng dạng. Chưa có gì được nhận; đề nghị gửi lại.")
	case !s.door.rightToken(r, s.door.sessions.Token(ctx)):
		return nil, &refusal{http.StatusForbidden, "Yêu cầu không hợp lệ", "Biểu mẫu không thuộc phiên đăng nhập này. Đề nghị mở lại trang và làm lại.", nil}
	}
	a, err := s.ask(r)
	if err != nil {
		return nil, err
	}
	return do(ctx, &sent{ask: a, Request: r, who: person, site: s})
}
