-- The procedure catalogue to measures: per agency and procedure what its newest snapshot says, from the snapshot's local day
-- on. Only a procedure in force can be eligible. A stated start or end of validity that lies ahead takes effect on its day.
INSERT INTO measure (plan, source, measure, unit, unit_from, dims, period_type, start, day, value, known_at)
WITH fresh AS
(
    SELECT run_id, page FROM page
    WHERE plan = {plan:String} AND source = {source:String}
      AND (run_id, page) NOT IN (SELECT run_id, page FROM measured WHERE plan = {plan:String} AND source = {source:String})
)
SELECT DISTINCT {plan:String}, {source:String}, measure, unit, unit_from, code, 'calendar', effective, effective, value, fetched_at
FROM
(
    SELECT
        unit, unit_from, code, fetched_at,
        toDate32(fetched_at, 'Asia/Ho_Chi_Minh') AS today,
        in_force AND (valid_to IS NULL OR valid_to >= today) AND (valid_from IS NULL OR valid_from <= today) AS now_in_force,
        arrayFilter(d -> d > today, if(valid_to IS NULL, [], [assumeNotNull(valid_to) + 1])) AS ends,
        arrayFilter(d -> in_force AND d > today, if(valid_from IS NULL, [], [assumeNotNull(valid_from)])) AS starts,
        eligible, level
    FROM procedure
    WHERE plan = {plan:String} AND source = {source:String} AND (run_id, page) IN (SELECT * FROM fresh)
)
ARRAY JOIN
    arrayConcat([today, today, today], ends, ends, starts, starts) AS effective,
    arrayConcat(
        ['procedure.in_force', 'procedure.eligible', 'procedure.full'],
        arrayMap(d -> 'procedure.in_force', ends), arrayMap(d -> 'procedure.eligible', ends),
        arrayMap(d -> 'procedure.in_force', starts), arrayMap(d -> 'procedure.eligible', starts)) AS measure,
    arrayConcat(
        [toInt64(now_in_force), toInt64(now_in_force AND eligible), toInt64(level = 4)],
        arrayMap(d -> toInt64(0), ends), arrayMap(d -> toInt64(0), ends),
        arrayMap(d -> toInt64(1), starts), arrayMap(d -> toInt64(eligible), starts)) AS value
