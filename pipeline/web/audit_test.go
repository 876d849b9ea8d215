package web

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/words"
)

// Whatever verification may find is said in Vietnamese, of the same values.
func TestFaultWords(t *testing.T) {
	verb := regexp.MustCompile(`%[a-z]`)
	for f, english := range access.Faults {
		said, want := strings.Join(verb.FindAllString(faultWords[f], -1), ""), strings.ReplaceAll(strings.Join(verb.FindAllString(english, -1), ""), "q", "s")
		if want == "" || said != want {
			t.Errorf("%s: %q has the places %s, want %s", f, faultWords[f], said, want)
		}
	}
	if len(faultWords) != len(access.Faults) {
		t.Errorf("%d faults have words, of %d", len(faultWords), len(access.Faults))
	}
	at := time.Date(2025, 6, 30, 7, 5, 0, 0, plan.Zone)
	for _, c := range []struct {
		problem access.Problem
		says    string
	}{
		{access.Problem{Text: "another log's words"}, "another log's words"},
		{access.Problem{Fault: access.RowsMissing, Values: []any{uint64(3), uint64(5)}}, "Các dòng từ 3 đến 5 bị mất"},
		{access.Problem{Fault: access.EntryTwice, Values: []any{"discipline", "huyen/899", at}}, "Sổ discipline, mục của huyen/899 ghi lúc 07:05 30/06/2025: có hơn một bản trong kho"},
	} {
		if got := c.problem.In(faultWords, words.Instant); got != c.says {
			t.Errorf("%q, want %q", got, c.says)
		}
	}
}
