-- Resolved dossiers of every agency by the local day of their end: counts of the newest versions, of the agency's own (for a
-- unit with all below it join v_unit_tree). On time goes by date (ruling R-ONTIME); full_process leaves post out, as the
-- measures do; at_deadline ended in the very second of the deadline.
CREATE OR REPLACE VIEW v_dossier_day DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    plan, unit, unit_from, if(unit_from = toDate32('1900-01-01'), unit, concat(unit, '@', toString(unit_from))) AS unit_key, day,
    count() AS resolved,
    countIf(channel = 2) AS online, countIf(channel = 1) AS direct, countIf(channel = 3) AS post,
    countIf(due IS NOT NULL AND toDate32(finished) <= toDate32(due)) AS on_time,
    countIf(due IS NOT NULL AND toDate32(finished) > toDate32(due)) AS late,
    countIf(due IS NULL) AS no_deadline,
    countIf(finished = due) AS at_deadline,
    countIf(whole AND channel != 3) AS full_process, countIf(whole AND channel = 2) AS full_process_online,
    countIf(fee) AS has_fee, sumIf(fee_due, fee) AS fee_amount
FROM
(
    SELECT plan, id, unit, unit_from, resolved AS ended, day, channel, due, finished, full_process AS whole, has_fee AS fee, fee_amount AS fee_due
    FROM dossier
    WHERE (run_id, page) IN (SELECT run_id, page FROM page)
    ORDER BY plan, id, fetched_at DESC, updated DESC, page DESC, position DESC
    LIMIT 1 BY plan, id
)
WHERE ended
GROUP BY plan, unit, unit_from, day
