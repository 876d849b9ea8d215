-- Administrative procedures of every agency as its newest catalogue says: whether it is in force, can be a full-process online
-- service (eligible), and is one (full). Only one in force can be eligible. A stated end or start of validity counts up to the plan's clock.
CREATE OR REPLACE VIEW v_procedure DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    p.plan AS plan, p.unit AS unit, p.unit_from AS unit_from,
    if(p.unit_from = toDate32('1900-01-01'), p.unit, concat(p.unit, '@', toString(p.unit_from))) AS unit_key,
    p.code AS procedure, p.name AS name,
    toBool(p.listed AND ifNull(p.valid_from <= c.today, true) AND ifNull(p.valid_to >= c.today, true)) AS in_force,
    toBool(in_force AND p.can) AS eligible, toBool(p.level = 4) AS full
FROM
(
    SELECT plan, id, unit, unit_from, code, name, level, eligible AS can, in_force AS listed, valid_from, valid_to
    FROM procedure
    WHERE (run_id, page) IN (SELECT run_id, page FROM page)
    ORDER BY plan, id, fetched_at DESC, page DESC, position DESC
    LIMIT 1 BY plan, id
) AS p
LEFT JOIN (SELECT plan, toDate32(clock, 'Asia/Ho_Chi_Minh') AS today FROM v_plan) AS c ON c.plan = p.plan
