-- The newest value of every measure of a unit (or facility: unit_key is its code) by day or period, summed over its dimensions.
CREATE OR REPLACE VIEW v_measure_total DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    totals.plan AS plan, totals.measure AS measure, m.name_vi AS measure_vi, m.unit_vi AS counted_vi, totals.unit AS unit, totals.unit_from AS unit_from,
    if(totals.unit_from = toDate32('1900-01-01'), totals.unit, concat(totals.unit, '@', toString(totals.unit_from))) AS unit_key, totals.source AS source, totals.period_type AS period_type, totals.start AS start,
    totals.day AS day, totals.value AS value, totals.known_at AS known_at
FROM
(
    SELECT plan, measure, unit, unit_from, source, period_type, start, day, sum(v_measure.value) AS value, max(v_measure.known_at) AS known_at
    FROM v_measure
    GROUP BY plan, measure, unit, unit_from, source, period_type, start, day
) AS totals
LEFT JOIN (SELECT plan, measure, name_vi, unit_vi FROM catalogue_measure WHERE (plan, saved_at) IN (SELECT plan, max(saved_at) FROM catalogue_edition GROUP BY plan)) AS m USING (plan, measure)
