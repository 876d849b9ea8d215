-- Dossiers that look like another one: same unit, procedure and second of submission under another id. They are counted
-- in the figures; here is how many there are. suspected counts all but one of each group; share is in per cent.
CREATE OR REPLACE VIEW v_suspected_duplicates DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT plan, unit, unit_from, sum(alike) AS dossiers, sum(alike - 1) AS suspected, 100 * suspected / dossiers AS share
FROM
(
    SELECT plan, unit, unit_from, if(submitted IS NULL, id, '') AS single, procedure, submitted, count() AS alike
    FROM
    (
        SELECT plan, id, unit, unit_from, procedure, submitted
        FROM dossier
        WHERE (run_id, page) IN (SELECT run_id, page FROM page)
        ORDER BY plan, id, fetched_at DESC, updated DESC, page DESC, position DESC
        LIMIT 1 BY plan, id
    )
    GROUP BY plan, unit, unit_from, single, procedure, submitted
)
GROUP BY plan, unit, unit_from
