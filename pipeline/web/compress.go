package web

import (
	"net/http"

	"github.com/klauspost/compress/gzhttp"
)

// compressed packs what is text for browsers that take it; documents and archives are packed already. The length of what
// is sent is blurred, so that nobody who only sees lengths can guess, letter by letter, what a page holds beside what was
// searched for.
func compressed(next http.Handler) (http.Handler, error) {
	wrap, err := gzhttp.NewWrapper(gzhttp.EnableZstd(false), gzhttp.RandomJitter(32, 0, false))
	if err != nil {
		return nil, err
	}
	return wrap(next), nil
}
