package plan

import "fmt"

// Problem is one thing wrong with a plan's folder.
type Problem struct {
	File    string
	Line    int // 0: the file as a whole
	Rule    string
	Message string
	Warning bool // the plan can be used as it is
}

// Error is file:line: message (rule).
func (p Problem) Error() string {
	where := p.File
	if p.Line > 0 {
		where = fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s: %s (%s)", where, p.Message, p.Rule)
}
