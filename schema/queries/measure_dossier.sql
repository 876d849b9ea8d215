-- Dossiers to measures, for the unit-days that unmeasured pages touched. A version counts from its fetch until the next
-- version's fetch, so the running sum over known_at is the figure as it was known (RULES section 2: resolved = status 7,
-- 9 or 10 with a finish date, on its local day; R-ONTIME by date; without a deadline in neither part).
INSERT INTO measure (plan, source, measure, unit, unit_from, dims, period_type, start, day, value, known_at)
WITH
    committed AS (SELECT run_id, page FROM page WHERE plan = {plan:String} AND source = {source:String}),
    fresh AS
    (
        SELECT run_id, page FROM page
        WHERE plan = {plan:String} AND source = {source:String}
          AND (run_id, page) NOT IN (SELECT run_id, page FROM measured WHERE plan = {plan:String} AND source = {source:String})
    ),
    ids AS (SELECT DISTINCT id FROM dossier WHERE plan = {plan:String} AND source = {source:String} AND (run_id, page) IN (SELECT * FROM fresh)),
    days AS
    (
        SELECT DISTINCT unit, unit_from, day FROM dossier
        WHERE plan = {plan:String} AND source = {source:String} AND resolved
          AND id IN (SELECT * FROM ids) AND (run_id, page) IN (SELECT * FROM committed)
    ),
    version AS
    (
        SELECT
            unit, unit_from, day, resolved, fetched_at,
            leadInFrame(fetched_at, 1, toDateTime64('2299-01-01 00:00:00', 3, 'UTC')) OVER (
                PARTITION BY id ORDER BY fetched_at, updated, page, position
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS until,
            [
                1,
                toInt64(channel = 2),
                toInt64(due IS NOT NULL),
                toInt64(due IS NOT NULL AND toDate32(finished) <= toDate32(due)),
                toInt64(due IS NOT NULL AND returned IS NOT NULL),
                toInt64(due IS NOT NULL AND returned IS NOT NULL AND returned <= due),
                toInt64(full_process AND channel != 3),
                toInt64(full_process AND channel = 2),
                toInt64(has_fee),
                if(has_fee, fee_amount, 0),
                toInt64(ifNull(finished = due, 0))
            ] AS amounts
        FROM dossier
        WHERE plan = {plan:String} AND source = {source:String} AND (run_id, page) IN (SELECT * FROM committed)
          AND id IN
          (
              SELECT id FROM dossier
              WHERE plan = {plan:String} AND source = {source:String} AND resolved AND (unit, unit_from, day) IN (SELECT * FROM days)
          )
    ),
    delta AS
    (
        SELECT unit, unit_from, day, known_at, sumForEach(arrayMap(a -> a * sign, amounts)) AS changes
        FROM version
        ARRAY JOIN [fetched_at, until] AS known_at, [toInt64(1), toInt64(-1)] AS sign
        WHERE resolved AND known_at < toDateTime64('2299-01-01 00:00:00', 3, 'UTC') AND (unit, unit_from, day) IN (SELECT * FROM days)
        GROUP BY unit, unit_from, day, known_at
    ),
    running AS
    (
        SELECT
            measure, unit, unit_from, day, known_at,
            sum(change) OVER (PARTITION BY measure, unit, unit_from, day ORDER BY known_at) AS value,
            sum(abs(change)) OVER (PARTITION BY measure, unit, unit_from, day) AS moved
        FROM delta
        ARRAY JOIN
            [
                'dossier.resolved', 'dossier.online', 'dossier.with_deadline', 'dossier.on_time',
                'dossier.with_deadline_tt06', 'dossier.on_time_tt06', 'dossier.full_process', 'dossier.full_process_online',
                'dossier.with_fee', 'dossier.fee_amount', 'dossier.finished_at_deadline'
            ] AS measure,
            changes AS change
    )
SELECT {plan:String}, {source:String}, measure, unit, unit_from, '', 'calendar', day, day, value, known_at
FROM running
WHERE moved > 0
