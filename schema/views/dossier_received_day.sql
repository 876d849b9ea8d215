-- Dossiers of every agency by the local day on which they were received (handed in, where that is not stated).
CREATE OR REPLACE VIEW v_dossier_received_day DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    plan, unit, unit_from, if(unit_from = toDate32('1900-01-01'), unit, concat(unit, '@', toString(unit_from))) AS unit_key, day,
    count() AS received,
    countIf(channel = 2) AS online, countIf(channel = 1) AS direct, countIf(channel = 3) AS post,
    countIf(whole) AS full_process
FROM
(
    SELECT plan, id, unit, unit_from, channel, toDate32(coalesce(received, submitted)) AS day, full_process AS whole
    FROM dossier
    WHERE (run_id, page) IN (SELECT run_id, page FROM page)
    ORDER BY plan, id, fetched_at DESC, updated DESC, page DESC, position DESC
    LIMIT 1 BY plan, id
)
WHERE day IS NOT NULL
GROUP BY plan, unit, unit_from, day
