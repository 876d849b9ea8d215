CREATE OR REPLACE VIEW v_run DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    plan, source, run_id, started_at, ended_at, dateDiff('millisecond', started_at, ended_at) / 1000 AS duration_seconds,
    fetched_at, asserted, state, pages, records, loaded, rejected, error
FROM run
