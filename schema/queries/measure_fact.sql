-- Facts that count on a day, to measures, for the unit-days that unmeasured pages touched. A version counts from its fetch
-- until the next version's fetch, so the running sum over known_at is the figure as it was known. What a table counts, and
-- under which names, is said in measure.go.
INSERT INTO measure (plan, source, measure, unit, unit_from, dims, period_type, start, day, value, known_at)
WITH
    committed AS (SELECT run_id, page FROM page WHERE plan = {plan:String} AND source = {source:String}),
    fresh AS
    (
        SELECT run_id, page FROM page
        WHERE plan = {plan:String} AND source = {source:String}
          AND (run_id, page) NOT IN (SELECT run_id, page FROM measured WHERE plan = {plan:String} AND source = {source:String})
    ),
    ids AS (SELECT DISTINCT id FROM <<.Table>> WHERE plan = {plan:String} AND source = {source:String} AND (run_id, page) IN (SELECT * FROM fresh)),
    days AS
    (
        SELECT DISTINCT unit, unit_from, day FROM <<.Table>>
        WHERE plan = {plan:String} AND source = {source:String} AND <<.Counts>>
          AND id IN (SELECT * FROM ids) AND (run_id, page) IN (SELECT * FROM committed)
    ),
    version AS
    (
        SELECT
            unit, unit_from, day, <<.Counts>> AS counts, fetched_at,
            leadInFrame(fetched_at, 1, toDateTime64('2299-01-01 00:00:00', 3, 'UTC')) OVER (
                PARTITION BY id ORDER BY fetched_at, updated, page, position
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS until,
            [<<range $i, $m := .Measures>><<if $i>>, <<end>><<$m.Amount>><<end>>] AS amounts
        FROM <<.Table>>
        WHERE plan = {plan:String} AND source = {source:String} AND (run_id, page) IN (SELECT * FROM committed)
          AND id IN
          (
              SELECT id FROM <<.Table>>
              WHERE plan = {plan:String} AND source = {source:String} AND <<.Counts>> AND (unit, unit_from, day) IN (SELECT * FROM days)
          )
    ),
    delta AS
    (
        SELECT unit, unit_from, day, known_at, sumForEach(arrayMap(a -> a * sign, amounts)) AS changes
        FROM version
        ARRAY JOIN [fetched_at, until] AS known_at, [toInt64(1), toInt64(-1)] AS sign
        WHERE counts AND known_at < toDateTime64('2299-01-01 00:00:00', 3, 'UTC') AND (unit, unit_from, day) IN (SELECT * FROM days)
        GROUP BY unit, unit_from, day, known_at
    ),
    running AS
    (
        SELECT
            measure, unit, unit_from, day, known_at,
            sum(change) OVER (PARTITION BY measure, unit, unit_from, day ORDER BY known_at) AS value,
            sum(abs(change)) OVER (PARTITION BY measure, unit, unit_from, day) AS moved
        FROM delta
        ARRAY JOIN [<<range $i, $m := .Measures>><<if $i>>, <<end>>'<<$m.Code>>'<<end>>] AS measure, changes AS change
    )
SELECT {plan:String}, {source:String}, measure, unit, unit_from, '', 'calendar', day, day, value, known_at
FROM running
WHERE moved > 0
