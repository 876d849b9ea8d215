// Package english puts a rendered page that is written in Vietnamese over into English: by a catalogue of phrases
// (english.yaml) and the names that a plan has in both languages, with numbers and days as they are read in English. It
// knows texts and HTML, and neither a page nor a table.
package english

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"
)

// Attributes that people read.
var readAttributes = map[string]bool{"title": true, "aria-label": true, "aria-description": true, "placeholder": true, "alt": true, "label": true, "data-l": true}

// Elements of which nothing is put over: what they hold is written for machines or by people.
var untouched = map[string]bool{"script": true, "style": true, "pre": true, "code": true, "textarea": true, "kbd": true}

// Elements that hold text and no further elements, and empty ones, which have no end.
var (
	bare = map[string]bool{"title": true, "option": true, "text": true, "tspan": true, "desc": true}
	void = map[string]bool{"area": true, "base": true, "br": true, "col": true, "embed": true, "hr": true, "img": true, "input": true, "link": true, "meta": true, "source": true, "track": true, "wbr": true}
)

// Page puts a Vietnamese page over into English. What stays Vietnamese, such as a unit's name, is marked as that. missing is
// told what the catalogue has no English for; it stays as it is.
func (c *Catalogue) Page(in []byte, missing func(string)) []byte {
	var out bytes.Buffer
	out.Grow(len(in) + len(in)/8)
	z := html.NewTokenizer(bytes.NewReader(in))
	kept, depth := "", 0    // inside an element that stays: its name, and how many of that name are open
	opened, tagEnd := "", 0 // the element that the token before opened, and where its tag ends in out
	alone := false          // a Vietnamese text is all that it holds so far
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return out.Bytes() // the end: a buffer does not fail
		}
		raw := z.Raw()
		if kept != "" {
			name, _ := z.TagName()
			switch {
			case string(name) != kept:
			case kind == html.StartTagToken:
				depth++
			case kind == html.EndTagToken:
				depth--
			}
			if out.Write(raw); depth == 0 {
				kept = ""
			}
			continue
		}
		switch { // a Vietnamese text alone marks its element, one beside others gets an element of its own
		case alone && kind == html.EndTagToken:
			insert(&out, tagEnd-1, ` lang="vi"`)
		case alone && !bare[opened]:
			out.WriteString("</span>")
			insert(&out, tagEnd, `<span lang="vi">`)
		}
		alone = false
		switch kind {
		case html.StartTagToken, html.SelfClosingTagToken:
			t := html.Token{}
			start := out.Len()
			out.Write(raw) // reading the attributes changes it
			name, more := z.TagName()
			t.Data = string(name)
			changed, stays := false, untouched[t.Data]
			if more && c.concerned(out.Bytes()[start:]) {
				for more {
					var key, value []byte
					key, value, more = z.TagAttr()
					t.Attr = append(t.Attr, html.Attribute{Key: string(key), Val: string(value)})
				}
				changed, stays = c.tag(&t, missing)
			}
			if changed {
				t.Type = kind
				out.Truncate(start)
				out.WriteString(t.String())
			}
			opened, tagEnd = t.Data, out.Len()
			if kind == html.SelfClosingTagToken || void[t.Data] {
				opened = ""
			} else if stays {
				kept, depth, opened = t.Data, 1, ""
			}
		case html.TextToken:
			if alone = c.text(&out, raw, opened, missing); !alone {
				opened = ""
			}
		default:
			out.Write(raw)
			opened = ""
		}
	}
}

// concerned says whether a tag may have an attribute that counts here: most have none.
func (c *Catalogue) concerned(tag []byte) bool {
	for _, mark := range c.marks {
		if bytes.Contains(tag, mark) {
			return true
		}
	}
	return false
}

func insert(out *bytes.Buffer, at int, text string) {
	rest := string(out.Bytes()[at:])
	out.Truncate(at)
	out.WriteString(text)
	out.WriteString(rest)
}

// tag puts the attributes of a tag over and says whether any changed, and whether what the element holds stays as it is.
func (c *Catalogue) tag(t *html.Token, missing func(string)) (changed, stays bool) {
	stays = untouched[t.Data]
	button := false
	marked := false
	for _, a := range t.Attr {
		switch {
		case a.Key == "lang" && t.Data != "html":
			return false, true
		case a.Key == "class":
			for _, class := range strings.Fields(a.Val) {
				if c.stays["."+class] {
					stays, marked = true, true
				}
			}
		case a.Key == "type":
			button = t.Data == "input" && (a.Val == "submit" || a.Val == "button" || a.Val == "reset")
		}
	}
	for i := range t.Attr {
		a := &t.Attr[i]
		switch {
		case t.Data == "html" && a.Key == "lang":
			a.Val, changed = "en", true
		case a.Val != "" && (readAttributes[a.Key] || button && a.Key == "value"):
			pieces, ok := c.say(a.Val)
			if !ok {
				missing(a.Val)
			}
			if text := plainText(pieces); text != a.Val {
				a.Val, changed = text, true
			}
		}
	}
	if marked {
		t.Attr, changed = append(t.Attr, html.Attribute{Key: "lang", Val: "vi"}), true
	}
	return changed, stays
}

// text puts one text over and says whether it is all Vietnamese and the first that its element holds, so that the element
// itself can be marked.
func (c *Catalogue) text(out *bytes.Buffer, raw []byte, opened string, missing func(string)) (alone bool) {
	trimmed := bytes.TrimSpace(raw)
	if len(trimmed) == 0 {
		out.Write(raw)
		return false
	}
	text := html.UnescapeString(string(trimmed))
	pieces, ok := c.say(text)
	if !ok {
		missing(text)
	}
	at := bytes.Index(raw, trimmed)
	out.Write(raw[:at])
	alone = len(pieces) == 1 && pieces[0].vietnamese && opened != ""
	for _, p := range pieces {
		if p.vietnamese && !alone && !bare[opened] {
			out.WriteString(`<span lang="vi">` + html.EscapeString(p.text) + `</span>`)
		} else {
			out.WriteString(html.EscapeString(p.text))
		}
	}
	out.Write(raw[at+len(trimmed):])
	return alone
}
