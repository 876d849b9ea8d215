package english

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tiendo/pipeline/plan"
	"tiendo/schema/plans"
)

func load(t testing.TB, code string) *Catalogue {
	t.Helper()
	dir, err := fs.Sub(plans.FS, code)
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(p, []string{"Nguồn thử"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const kienGiang = "kien-giang-2022-2025"

func TestTexts(t *testing.T) {
	c := load(t, kienGiang)
	for _, x := range []struct{ vietnamese, english string }{
		{"Tính đến ngày 29/06/2025", "As of 29 Jun 2025"},
		{"Tuần 26/2025 (23/6 - 29/06)", "Week 26/2025 (23 Jun - 29 Jun)"},
		{"Tuần 12/2025 (17/3 - 23/3)", "Week 12/2025 (17 Mar - 23 Mar)"},
		{"Thu thập gần nhất: 23:30 29/06/2025; cả 13 nguồn chạy tốt", "Last collected: 23:30 29 Jun 2025; all 13 sources run well"},
		{"chậm 1 tuần liền", "behind for 1 week"},
		{"chậm 12 tuần liền", "behind for 12 weeks"},
		{"1.250.000 / 2.500.000 đồng", "1,250,000 / 2,500,000 VND"},
		{"≥ 37,3%", "≥ 37.3%"},
		{"+1,25", "+1.25"},
		{"01/2025", "Jan 2025"},
		{"tháng 6/2025", "Jun 2025"},
		{"12/20", "12/20"},
		{"CQS-02", "CQS-02"},
		{"H33.01-25-0001", "H33.01-25-0001"},
		{"1.003000-a", "1.003000-a"},
		{"Sở Nội vụ", "[Sở Nội vụ]"},
		{"CQS-09 Thủ tục hành chính được xử lý đúng hạn", "CQS-09 Dossiers resolved on time"},
		{"Tính đến ngày 29/06/2025, Tỉnh Kiên Giang có 29 chỉ tiêu: 2 đạt, 16 có nguy cơ và 1 có số liệu cũ. So với tuần trước: đạt tăng 1.", "As of 29 Jun 2025, [Tỉnh Kiên Giang] has 29 indicators: 2 met, 16 at risk and 1 with stale figures. Against last week: met up 1."},
		{"Mới đạt: Cắt giảm thủ tục hành chính (CQS-04) của Sở Y tế và 2 lượt khác.", "Newly met: Procedures cut (CQS-04) of [Sở Y tế] and 2 more."},
		{"Còn 185 ngày đến mốc 31/12/2025. Nếu giữ tốc độ hiện nay, trong 29 chỉ tiêu có dự báo của tỉnh sẽ có 3 chỉ tiêu đạt và 26 chỉ tiêu không đạt; 1 chỉ tiêu đang tăng chậm hơn mức cần thiết.", "185 days to the milestone 31 Dec 2025. At the present pace, of the province's 29 indicators with a forecast, 3 will be met and 26 missed; 1 grows more slowly than needed."},
		{"minh chứng: Quyết định số 12", "evidence: [Quyết định số 12]"},
		{"Kế hoạch không có đơn vị mã “<b>” vào ngày 29/06/2025.", "The plan has no unit with the code “<b>” on 29 Jun 2025."},
	} {
		pieces, ok := c.say(x.vietnamese)
		got := ""
		for _, p := range pieces {
			if p.vietnamese {
				got += "[" + p.text + "]"
			} else {
				got += p.text
			}
		}
		if got = strings.ReplaceAll(got, "\u00a0", " "); !ok || got != x.english {
			t.Errorf("%q becomes %q, whole: %v; want %q", x.vietnamese, got, ok, x.english)
		}
	}
	if pieces, ok := c.say("Câu chưa ai dịch 1,5"); ok || plainText(pieces) != "Câu chưa ai dịch 1,5" || !pieces[0].vietnamese {
		t.Errorf("a text without English becomes %v, %v: it should stay as it is", pieces, ok)
	}
}

func TestPage(t *testing.T) {
	c := load(t, kienGiang)
	for _, x := range []struct{ name, in, out string }{
		{"language", `<html lang="vi"><title>Tổng quan</title>`, `<html lang="en"><title>Overview</title>`},
		{"alone", `<a href="/x">Sở Nội vụ</a>`, `<a href="/x" lang="vi">Sở Nội vụ</a>`},
		{"beside others", `<td>Sở Nội vụ<small>CQS-02</small></td>`, `<td><span lang="vi">Sở Nội vụ</span><small>CQS-02</small></td>`},
		{"in a sentence", `<p>Số liệu đã dùng: Sở Nội vụ, ngày 01/02/2025</p>`, `<p>Figures used: <span lang="vi">Sở Nội vụ</span>, 01 Feb 2025</p>`},
		{"where no element may stand", `<option value="1,5">Sở Nội vụ và Sở Y tế</option>`, `<option value="1,5">Sở Nội vụ and Sở Y tế</option>`},
		{"attributes", `<td data-l="Lộ trình" title="chưa báo cáo" alt="" class="n">1,5</td>`, `<td data-l="Path" title="not reported" alt="" class="n">1.5</td>`},
		{"a button", `<input type="submit" value="Đăng nhập"><input type="text" value="Đăng nhập">`, `<input type="submit" value="Sign in"><input type="text" value="Đăng nhập">`},
		{"markup in names", `<p>Kế hoạch không có đơn vị mã “&lt;b title=&#34;x&#34;&gt;” vào ngày 01/02/2025.</p>`, `<p>The plan has no unit with the code “&lt;b title=&#34;x&#34;&gt;” on 01 Feb 2025.</p>`},
		{"what machines read", `<code>1,5 Ngày</code><pre>Ngày</pre><script>"Ngày"</script><textarea>Ngày</textarea>`, `<code>1,5 Ngày</code><pre>Ngày</pre><script>"Ngày"</script><textarea>Ngày</textarea>`},
		{"beside code", `<td><code>Ngày</code>: Sở Nội vụ</td>`, `<td><code>Ngày</code>: <span lang="vi">Sở Nội vụ</span></td>`},
		{"a document", `<article class="document"><p>Ngày 1,5</p><article>Ngày</article></article><p>Ngày</p>`, `<article class="document" lang="vi"><p>Ngày 1,5</p><article>Ngày</article></article><p>Day</p>`},
		{"marked already", `<p lang="vi">Ngày</p><p>Ngày</p>`, `<p lang="vi">Ngày</p><p>Day</p>`},
		{"space and comments", "<p>\n  Ngày <!-- Ngày -->\n</p>", "<p>\n  Day <!-- Ngày -->\n</p>"},
	} {
		if got := string(c.Page([]byte(x.in), func(text string) { t.Errorf("%s: no English for %q", x.name, text) })); strings.ReplaceAll(got, "\u00a0", " ") != x.out {
			t.Errorf("%s: %s\nbecomes %s\nwant    %s", x.name, x.in, got, x.out)
		}
	}
}

// Files whose Vietnamese no page of the site shows: they write files, documents, answers for
// programs, or name the language itself.
var noPage = []string{"api.go", "english.go", "letter.go", "proposal.go", "reports_sections.go", "xlsx.go"}

// TestEveryPhraseHasEnglish holds what the pages are written with against the catalogue, with those that no test comes to.
func TestEveryPhraseHasEnglish(t *testing.T) {
	c := load(t, kienGiang)
	var keys []string
	add := func(key string) { keys = append(keys, loose(key)) }
	for key := range c.phrases {
		add(key)
	}
	for key := range c.names {
		add(key)
	}
	for _, list := range append([][]*pattern{c.joints}, c.patterns[""]) {
		for _, p := range list {
			add(p.key)
		}
	}
	for first, list := range c.patterns {
		for _, p := range list {
			if first != "" {
				add(p.key)
			}
		}
	}
	whole := "\n" + strings.Join(keys, "\n") + "\n"
	seen := 0
	for place, texts := range written(t, c) {
		for _, x := range texts {
			seen++
			if _, ok := c.say(x.text); x.whole && !ok || !covered(c, whole, x.text) {
				t.Errorf("%s: english.yaml has no\n  %q: \"\"", place, x.text)
			}
		}
	}
	if seen < 400 {
		t.Errorf("only %d texts were found", seen)
	}
}

// covered says whether a text is a phrase, a part of one, or made of such: a sentence may be put together from parts.
func covered(c *Catalogue, whole, text string) bool {
	if core := strings.Trim(loose(text), around+"{}"); strings.Contains(whole, core) {
		return true
	}
	if _, ok := c.say(strings.Trim(strings.ReplaceAll(text, "{}", "7"), around)); ok {
		return true
	}
	for _, mark := range between {
		parts := strings.Split(text, mark)
		if len(parts) > 1 && !slices.ContainsFunc(parts, func(p string) bool { return !covered(c, whole, p) }) {
			return true
		}
	}
	return false
}

var anySlot = regexp.MustCompile(`\{[^{}]*\}`)

// loose is a text as it is compared: slots are alike, capitals are small.
func loose(text string) string {
	return strings.ToLower(strings.Join(strings.Fields(anySlot.ReplaceAllString(text, "{}")), " "))
}

// text is a text of the site's program or templates. whole: a page has it just so, else with more around it or in it.
type text struct {
	text  string
	whole bool
}

// written are the Vietnamese texts of the site's program and templates by their place.
func written(t *testing.T, c *Catalogue) map[string][]text {
	t.Helper()
	all := map[string][]text{}
	verb := regexp.MustCompile(`%[-+# 0-9.\[\]*]*[a-zA-Z]`)
	files, err := filepath.Glob("../web/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || slices.Contains(noPage, filepath.Base(name)) {
			continue
		}
		places := token.NewFileSet()
		file, err := parser.ParseFile(places, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if f, ok := call.Fun.(*ast.Ident); ok && f.Name == "plain" {
					return false
				}
			}
			if x, ok := n.(*ast.BasicLit); ok && x.Kind == token.STRING {
				if said, err := strconv.Unquote(x.Value); err == nil && hasVietnamese(said) {
					at := places.Position(x.Pos()).String()
					all[at] = append(all[at], text{verb.ReplaceAllString(said, "{}"), false})
				}
			}
			return true
		})
	}
	templates, err := filepath.Glob("../web/templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	steering := regexp.MustCompile(`\{\{-?\s*(if|else|end|range|with|template|define|block|\$\w+ *:?=|/\*)[^}]*\}\}`)
	action := regexp.MustCompile(`\{\{[^}]*\}\}`)
	for _, name := range templates {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		take := func(said string) {
			for _, part := range strings.Split(said, "\x00") {
				if part = html.UnescapeString(strings.TrimSpace(part)); hasVietnamese(part) {
					all[name] = append(all[name], text{part, !strings.ContainsAny(said, "\x00{")})
				}
			}
		}
		z := html.NewTokenizer(strings.NewReader(action.ReplaceAllString(steering.ReplaceAllString(string(source), "\x00"), "{}")))
		kept, depth := "", 0
		for {
			kind := z.Next()
			if kind == html.ErrorToken {
				break
			}
			x := z.Token()
			if kept != "" {
				if x.Data == kept && kind == html.StartTagToken {
					depth++
				} else if x.Data == kept && kind == html.EndTagToken {
					depth--
				}
				if depth == 0 {
					kept = ""
				}
				continue
			}
			if kind == html.StartTagToken {
				if _, stays := c.tag(&html.Token{Data: x.Data, Attr: onlyClass(x.Attr)}, nil); stays {
					kept, depth = x.Data, 1
					continue
				}
			}
			for _, a := range x.Attr {
				if readAttributes[a.Key] {
					take(a.Val)
				}
			}
			if kind == html.TextToken {
				take(x.Data)
			}
		}
	}
	return all
}

func onlyClass(all []html.Attribute) (out []html.Attribute) {
	for _, a := range all {
		if a.Key == "class" {
			out = append(out, a)
		}
	}
	return out
}

func BenchmarkPage(b *testing.B) {
	c := load(b, kienGiang)
	row := `<tr><td class="n">12</td><th scope="row"><a href="/unit/899">Thành phố Rạch Giá</a></th><td class="n" data-l="Lộ trình">1.234,5</td><td title="chưa báo cáo">–</td><td class="s"><span class="st"><i>▲</i>Có nguy cơ</span></td></tr>`
	page := []byte(`<html lang="vi"><body><table>` + strings.Repeat(row, 200_000/len(row)) + `</table></body></html>`)
	c.Page(page, func(string) {})
	b.SetBytes(int64(len(page)))
	for b.Loop() {
		c.Page(page, func(string) {})
	}
}
