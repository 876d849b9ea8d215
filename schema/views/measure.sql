-- The newest value of every figure by day or period. Rows that a source states count from their page's commit on; rows
-- aggregated from facts have no page of their own.
CREATE OR REPLACE VIEW v_measure DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT plan, measure, unit, unit_from, dims, source, period_type, start, day, value, evidence, known_at
FROM measure
WHERE run_id = '' OR (run_id, page) IN (SELECT run_id, page FROM page)
ORDER BY plan, measure, unit, unit_from, dims, source, period_type, day, known_at DESC, written_at DESC
LIMIT 1 BY plan, measure, unit, unit_from, dims, source, period_type, day
