-- What a source showed that the catalogue does not know: new fields, unknown codes.
CREATE OR REPLACE VIEW v_drift DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT plan, source, what, argMax(drift.run_id, drift.fetched_at) AS run_id, max(drift.fetched_at) AS seen_at
FROM drift
GROUP BY plan, source, what
