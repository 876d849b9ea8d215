-- Reports that units and facilities owe for the last closed periods, as of the newest check. due is the cut-off, late_from
-- the first day on which the report is late; days_late counts from there to the receipt or to the check. Nobody waits any
-- more for one that is superseded: the stock's later period is there.
CREATE OR REPLACE VIEW v_report DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    r.plan AS plan, r.indicator AS indicator, r.source AS source, r.form AS form, r.unit AS unit, r.unit_from AS unit_from,
    u.unit_key AS unit_key, if(u.name_vi = '', r.unit, u.name_vi) AS unit_vi, if(u.name_en = '', r.unit, u.name_en) AS unit_en,
    if(u.short_vi = '', r.unit, u.short_vi) AS unit_short_vi, if(u.short_en = '', r.unit, u.short_en) AS unit_short_en,
    u.position AS unit_position, u.parent_key AS parent_key, u.district_key AS district_key, r.level AS level,
    u.level_vi AS level_vi, u.level_en AS level_en, u.level_position AS level_position,
    r.facility AS facility, if(r.facility = '', '', if(f.name = '', r.facility, f.name)) AS facility_name,
    if(i.name_vi = '', r.indicator, i.name_vi) AS indicator_vi, if(i.name_en = '', r.indicator, i.name_en) AS indicator_en,
    if(i.short_vi = '', r.indicator, i.short_vi) AS indicator_short_vi, if(i.short_en = '', r.indicator, i.short_en) AS indicator_short_en,
    i.position AS indicator_position, i.owner AS owner, i.owner_vi AS owner_vi,
    r.period AS period, r.period_start AS period_start, r.period_end AS period_end, r.due AS due, r.late_from AS late_from,
    r.reported_at AS reported_at, r.state AS state,
    transform(r.state, ['received', 'awaited', 'late'], ['Đã báo cáo', 'Chưa đến hạn', 'Chưa báo cáo'], '') AS state_vi,
    transform(r.state, ['received', 'awaited', 'late'], ['Received', 'Not yet due', 'Missing'], '') AS state_en,
    toInt32(if(r.state = 'late', greatest(dateDiff('day', r.late_from, c.checked_on) + 1, 1), r.days_late)) AS days_late,
    r.superseded AS superseded, c.checked_on AS checked_on
FROM
(
    SELECT plan, indicator, unit, unit_from, facility, period, period_start, period_end, source, form, level, due, late_from, reported_at, state, days_late, superseded
    FROM
    (
        SELECT *, dense_rank() OVER (PARTITION BY plan, indicator ORDER BY period_end DESC) AS nth_period
        FROM report
    )
    WHERE nth_period <= 4 -- earlier ones are not checked any more
    ORDER BY plan, indicator, unit, unit_from, facility, period_end, checked_at DESC
    LIMIT 1 BY plan, indicator, unit, unit_from, facility, period_end
) AS r
INNER JOIN (SELECT plan, toDate32(argMax(value, set_at)) AS checked_on FROM setting WHERE name = 'reports_checked' GROUP BY plan) AS c ON c.plan = r.plan
LEFT JOIN v_unit AS u ON u.plan = r.plan AND u.unit = r.unit AND u.unit_from = r.unit_from
LEFT JOIN v_indicator AS i ON i.plan = r.plan AND i.indicator = r.indicator
LEFT JOIN
(
    SELECT plan, id, argMax(name, (fetched_at, page, position)) AS name
    FROM facility WHERE (run_id, page) IN (SELECT run_id, page FROM page) GROUP BY plan, id
) AS f ON f.plan = r.plan AND f.id = r.facility
