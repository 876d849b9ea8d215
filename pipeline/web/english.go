package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Pages are written in Vietnamese. Who asks for English gets the same page with its texts put over by the catalogue after
// it was rendered: the pages themselves know one language. JSON, CSV and workbooks are the same for both.

// languageCookie keeps the language that a reader chose. It holds nothing else.
const languageCookie = "tiendo_lang"

// A language that the site speaks, and how the switch names it.
type tongue struct {
	Code, Short, Name string
	URL               string // this page in that language
	Here              bool
}

var tongues = []tongue{{Code: "vi", Short: "VI", Name: "Tiếng Việt"}, {Code: "en", Short: "EN", Name: "English"}}

type tongueKey struct{}

// inEnglish says whether the reader chose English.
func inEnglish(ctx context.Context) bool {
	code, _ := ctx.Value(tongueKey{}).(string)
	return code == "en"
}

// spoken finds out the reader's language: what the address asks for, which is kept in the cookie, or what the cookie says.
func (s *site) spoken(next http.Handler) http.Handler {
	secure := false
	if u, err := url.Parse(s.Site); err == nil {
		secure = u.Scheme == "https"
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		chosen := ""
		if c, err := r.Cookie(languageCookie); err == nil {
			chosen = c.Value
		}
		if asked := r.URL.Query().Get("lang"); !isOpen(r.URL.Path) && (asked == "vi" || asked == "en") {
			chosen = asked
			http.SetCookie(w, &http.Cookie{Name: languageCookie, Value: asked, Path: s.prefix + "/", MaxAge: int((365 * 24 * time.Hour).Seconds()), HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: secure})
		}
		if chosen == "en" {
			r = r.WithContext(context.WithValue(r.Context(), tongueKey{}, chosen))
		}
		next.ServeHTTP(w, r)
	})
}

// languagesOf are the languages with the addresses of the page in each. What a form was answered with has no address of its
// own: there the switch leads to the front page.
func languagesOf(r *http.Request) []tongue {
	all := append([]tongue(nil), tongues...)
	for i := range all {
		to := &url.URL{Path: "/"}
		query := url.Values{}
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			to.Path, to.RawPath, query = r.URL.Path, r.URL.RawPath, r.URL.Query()
		}
		query.Set("lang", all[i].Code)
		to.RawQuery = query.Encode()
		all[i].URL, all[i].Here = "/"+strings.TrimLeft(to.String(), "/"), inEnglish(r.Context()) == (all[i].Code == "en")
	}
	return all
}

// inLanguage is a rendered page in the reader's language.
func (s *site) inLanguage(r *http.Request, page []byte) []byte {
	if !inEnglish(r.Context()) {
		return page
	}
	return s.english.Page(page, func(text string) { s.Log.Debug("no English for a text", "path", r.URL.Path, "text", text) })
}
