-- A source: its last complete snapshot, how its last run went, and what its committed pages held.
CREATE OR REPLACE VIEW v_source DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    plan, source, runs, failed, last_ok, last_run, state, error, last_records, last_loaded, last_rejected,
    pages, records, loaded, rejected
FROM
(
    SELECT
        plan, source, count() AS runs, countIf(run.state != 'ok') AS failed, maxOrNullIf(run.fetched_at, run.state = 'ok') AS last_ok,
        max(run.fetched_at) AS last_run,
        argMax(run.state, (run.fetched_at, run.ended_at)) AS state,
        argMax(run.error, (run.fetched_at, run.ended_at)) AS error,
        argMax(run.records, (run.fetched_at, run.ended_at)) AS last_records,
        argMax(run.loaded, (run.fetched_at, run.ended_at)) AS last_loaded,
        argMax(run.rejected, (run.fetched_at, run.ended_at)) AS last_rejected
    FROM run GROUP BY plan, source
) AS runs_of
LEFT JOIN
(
    SELECT plan, source, count() AS pages, sum(page.records) AS records, sum(page.loaded) AS loaded, sum(page.rejected) AS rejected
    FROM page GROUP BY plan, source
) AS pages_of USING (plan, source)
