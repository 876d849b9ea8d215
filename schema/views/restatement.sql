-- Figures that a source stated again with another value: the newest change of each.
CREATE OR REPLACE VIEW v_restatement DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT plan, measure, unit, unit_from, dims, source, period_type, day, value, previous_value, known_at, previous_known_at
FROM
(
    SELECT
        plan, measure, unit, unit_from, dims, source, period_type, day, value, known_at,
        lagInFrame(value) OVER w AS previous_value, lagInFrame(known_at) OVER w AS previous_known_at, row_number() OVER w AS version
    FROM measure
    WHERE run_id != '' AND (run_id, page) IN (SELECT run_id, page FROM page)
    WINDOW w AS (
        PARTITION BY plan, measure, unit, unit_from, dims, source, period_type, day ORDER BY known_at, written_at
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
WHERE version > 1 AND value != previous_value
ORDER BY plan, measure, unit, unit_from, dims, source, period_type, day, known_at DESC
LIMIT 1 BY plan, measure, unit, unit_from, dims, source, period_type, day
