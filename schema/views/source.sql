-- A source: its last complete snapshot, how its last run went, and what its committed pages held.
CREATE OR REPLACE VIEW v_source AS
SELECT
    plan, source, runs, failed, last_ok, last_run, state, error, last_records, last_loaded, last_rejected,
    pages, records, loaded, rejected
FROM
(
    SELECT
        plan, source, count() AS runs, countIf(state != 'ok') AS failed, maxOrNullIf(fetched_at, state = 'ok') AS last_ok,
        max(fetched_at) AS last_run,
        argMax(tuple(state, error, records, loaded, rejected), (fetched_at, ended_at)) AS newest,
        newest.1 AS state, newest.2 AS error, newest.3 AS last_records, newest.4 AS last_loaded, newest.5 AS last_rejected
    FROM run GROUP BY plan, source
) AS runs_of
LEFT JOIN
(
    SELECT plan, source, count() AS pages, sum(records) AS records, sum(loaded) AS loaded, sum(rejected) AS rejected
    FROM page GROUP BY plan, source
) AS pages_of USING (plan, source)
