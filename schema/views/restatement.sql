-- Figures that a source stated again with another value: the newest change of each. unit_key of a facility's figure is its code.
CREATE OR REPLACE VIEW v_restatement DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    c.plan AS plan, c.measure AS measure, if(m.name_vi = '', toString(c.measure), m.name_vi) AS measure_vi, m.unit_vi AS counted_vi, c.unit AS unit, c.unit_from AS unit_from,
    if(c.unit_from = toDate32('1900-01-01'), toString(c.unit), concat(c.unit, '@', toString(c.unit_from))) AS unit_key, c.dims AS dims, c.source AS source,
    c.period_type AS period_type, c.day AS day, c.value AS value, c.previous_value AS previous_value, c.known_at AS known_at, c.previous_known_at AS previous_known_at
FROM
(
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
) AS c
LEFT JOIN (SELECT plan, measure, name_vi, unit_vi FROM catalogue_measure WHERE (plan, saved_at) IN (SELECT plan, max(saved_at) FROM catalogue_edition GROUP BY plan)) AS m USING (plan, measure)
