package grafana

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRelations(t *testing.T) {
	for _, c := range []struct {
		name, sql string
		want      []string
	}{
		{"one", "SELECT a FROM v_x", []string{"v_x"}},
		{"a view with parameters", "SELECT a FROM v_x(plan='p', as_of='2025-06-29') WHERE a", []string{"v_x"}},
		{"joins", "SELECT a FROM v_x AS x LEFT JOIN v_y USING (a) INNER JOIN (SELECT b FROM z) AS z2 ON a = b", []string{"v_x", "v_y", "z"}},
		{"a list", "SELECT a FROM v_x, tiendo.payload AS p, (SELECT 1) WHERE f(a, b)", []string{"v_x", "tiendo.payload"}},
		{"its own", "WITH a AS (SELECT b FROM v_x), c AS (SELECT b FROM a) SELECT b FROM c", []string{"v_x"}},
		{"an array is no relation", "SELECT b FROM v_x ARRAY JOIN parts AS p", []string{"v_x"}},
		{"quoted", "SELECT a FROM `payload`", []string{"`payload`"}},
		{"in texts and comments", "SELECT 'FROM x' -- FROM y\n/* JOIN z */ FROM v_x", []string{"v_x"}},
		{"nothing", "SELECT 1", nil},
		{"a sub-select in a condition", "SELECT a FROM v_x WHERE a IN (SELECT a FROM page)", []string{"v_x", "page"}},
		{"a union", "SELECT a FROM v_x UNION ALL SELECT a FROM run", []string{"v_x", "run"}},
	} {
		if d := cmp.Diff(c.want, relations(c.sql)); d != "" {
			t.Errorf("%s: want (-), have (+):\n%s", c.name, d)
		}
	}
}

func TestJudging(t *testing.T) {
	for _, sql := range []string{
		"SELECT status, p.status AS status, '' AS overall FROM v_x",
		"SELECT countIf(status = 'met') AS met, countIf(status IN ('stale', 'no_data')) AS unknown, sum('behind' != status) AS others FROM v_x",
		"SELECT argMax(status, as_of) AS status, any(rank) AS rank, nullIf(rank, 0) AS rank FROM v_x",
		"SELECT a FROM v_x ORDER BY indexOf(['behind', 'at_risk'], status), rank",
		"SELECT multiIf(movement > 0, concat('▲ ', toString(movement)), '–') AS movement, previous_rank > rank AS up FROM v_x",
		"SELECT value, target, round(target - value, 1) AS missing FROM v_x WHERE value > 50 AND gap < 0",
	} {
		if found := judging(sql); len(found) > 0 {
			t.Errorf("refused %q: %v", sql, found)
		}
	}
	for _, sql := range []string{
		"SELECT if(value < expected, 'behind', 'met') AS s FROM v_x",
		"SELECT CASE WHEN gap < -2 THEN 'behind' ELSE 'on_track' END AS s FROM v_x",
		"SELECT ['met', 'behind'][2] AS s FROM v_x",
		"SELECT path_value >= p.target AS done FROM v_x",
		"SELECT t.expected > p.value AS late FROM v_x",
		"SELECT rank() OVER (ORDER BY score) AS place FROM v_x",
		"SELECT dense_rank() OVER (ORDER BY score) AS place FROM v_x",
		"SELECT met + on_track AS rank FROM v_x",
		"SELECT multiIf(behind >= 3, s, t) AS overall FROM v_x",
		"SELECT max(weeks) + 1 AS weeks_behind FROM v_x",
		"SELECT transform(n, [1, 2], ['met', 'behind'], '') AS s FROM v_x",
	} {
		if found := judging(sql); len(found) == 0 {
			t.Errorf("took %q, which judges", sql)
		}
	}
}
