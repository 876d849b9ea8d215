-- A source of the plan: what it is, its last complete snapshot, how its last run went, and what its committed pages held. One
-- that never ran has runs 0 and no times.
CREATE OR REPLACE VIEW v_source DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    plan, source, if(s.name_vi = '', source, s.name_vi) AS name_vi, s.kind AS kind, s.rhythm AS rhythm, s.rhythm_days AS rhythm_days, s.rhythm_vi AS rhythm_vi, s.rhythm_en AS rhythm_en,
    s.schedule AS schedule, s.indicators AS indicators, runs, failed, last_ok, last_run, state, error, last_records, last_loaded, last_rejected,
    pages, records, loaded, rejected
FROM
(
    SELECT
        plan, source, name_vi, kind, rhythm, rhythm_days, rhythm_vi, rhythm_en, schedule, indicators
    FROM catalogue_source
    WHERE (plan, saved_at) IN (SELECT plan, max(saved_at) FROM catalogue_edition GROUP BY plan)
) AS s
FULL JOIN
(
    SELECT
        plan, source, count() AS runs, countIf(run.state != 'ok') AS failed, maxOrNullIf(run.fetched_at, run.state = 'ok') AS last_ok,
        maxOrNull(run.fetched_at) AS last_run,
        argMax(run.state, (run.fetched_at, run.ended_at)) AS state,
        argMax(run.error, (run.fetched_at, run.ended_at)) AS error,
        argMax(run.records, (run.fetched_at, run.ended_at)) AS last_records,
        argMax(run.loaded, (run.fetched_at, run.ended_at)) AS last_loaded,
        argMax(run.rejected, (run.fetched_at, run.ended_at)) AS last_rejected
    FROM run GROUP BY plan, source
) AS runs_of USING (plan, source)
LEFT JOIN
(
    SELECT plan, source, count() AS pages, sum(page.records) AS records, sum(page.loaded) AS loaded, sum(page.rejected) AS rejected
    FROM page GROUP BY plan, source
) AS pages_of USING (plan, source)
