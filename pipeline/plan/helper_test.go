package plan

import "slices"

func sorted(s []string) []string {
	out := slices.Clone(s)
	slices.Sort(out)
	return out
}
