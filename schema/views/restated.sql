-- Results of the 13 weeks up to as_of that now (as known on known_on) show another value or status than when they were first
-- judged (a value that only was unknown is no other one): first_* as first known at previous_known_at, now_* as known since known_at. A figure that only was or became unknown
-- (no data, stale) is not restated. cause: rules (the plan's or the method's version differs), late_input (figures of a newer
-- period came in since: the report was late), or restated (the same period's figures were stated anew).
CREATE OR REPLACE VIEW v_restated DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    r.plan AS plan, r.indicator AS indicator, r.pillar AS pillar, r.unit AS unit, r.unit_from AS unit_from, r.level AS level, r.as_of AS as_of,
    r.applicability AS applicability,
    u.unit_key AS unit_key, if(u.name_vi = '', r.unit, u.name_vi) AS unit_vi, if(u.name_en = '', r.unit, u.name_en) AS unit_en,
    if(u.short_vi = '', r.unit, u.short_vi) AS unit_short_vi, if(u.short_en = '', r.unit, u.short_en) AS unit_short_en, u.position AS unit_position,
    u.parent_key AS parent_key, u.district_key AS district_key, u.level_vi AS level_vi, u.level_en AS level_en, u.level_position AS level_position,
    i.position AS indicator_position, if(i.name_vi = '', r.indicator, i.name_vi) AS indicator_vi, if(i.name_en = '', r.indicator, i.name_en) AS indicator_en,
    if(i.short_vi = '', r.indicator, i.short_vi) AS indicator_short_vi, if(i.short_en = '', r.indicator, i.short_en) AS indicator_short_en,
    i.pillar_vi AS pillar_vi, i.pillar_en AS pillar_en, i.pillar_position AS pillar_position, i.monitored AS monitored, i.unit AS value_unit,
    r.first.1 AS first_value, r.first.2 AS first_path_value, r.first.3 AS first_status, s.name_vi AS first_status_vi, s.name_en AS first_status_en, s.sign AS first_status_sign,
    r.now.1 AS now_value, r.now.2 AS now_path_value, r.now.3 AS now_status, q.name_vi AS now_status_vi, q.name_en AS now_status_en, q.sign AS now_status_sign,
    r.known_at AS known_at, r.previous_known_at AS previous_known_at, r.first.4 != r.now.4 AS rules_changed,
    multiIf(rules_changed, 'rules', ifNull(r.now.7 < r.first.7, false), 'late_input', 'restated') AS cause
FROM
(
    SELECT
        {plan:String} AS plan, indicator, unit, unit_from, as_of, any(assessment.pillar) AS pillar, any(assessment.level) AS level,
        argMax(assessment.applicability, (assessment.known_at, computed_at)) AS applicability,
        arraySort(v -> (v.5, v.6), groupArray((value, path_value, status, (plan_version, method_version), assessment.known_at, computed_at, age_days))) AS versions,
        arrayFirst(v -> v.3 NOT IN ('no_data', 'stale'), versions) AS first,
        versions[-1] AS now,
        versions[arrayLastIndex(v -> v.3 != now.3 OR v.1 IS DISTINCT FROM now.1, versions) + 1].5 AS known_at,
        first.5 AS previous_known_at
    FROM assessment
    WHERE assessment.plan = {plan:String} AND as_of > {as_of:Date32} - 91 AND as_of <= {as_of:Date32} AND assessment.known_at < toDateTime64({known_on:Date32} + 1, 3, 'Asia/Ho_Chi_Minh')
        AND (indicator, unit, unit_from, as_of) IN -- few have several versions: the rest is not gathered
        (
            SELECT indicator, unit, unit_from, as_of FROM assessment
            WHERE assessment.plan = {plan:String} AND as_of > {as_of:Date32} - 91 AND as_of <= {as_of:Date32} AND assessment.known_at < toDateTime64({known_on:Date32} + 1, 3, 'Asia/Ho_Chi_Minh')
            GROUP BY indicator, unit, unit_from, as_of HAVING count() > 1
        )
    GROUP BY indicator, unit, unit_from, as_of
    HAVING now.3 NOT IN ('no_data', 'stale') AND first.3 != '' AND (now.3 != first.3 OR ifNull(now.1 != first.1, false))
) AS r
LEFT JOIN (SELECT * FROM v_unit WHERE plan = {plan:String}) AS u ON u.unit = r.unit AND u.unit_from = r.unit_from
LEFT JOIN (SELECT * FROM v_indicator WHERE plan = {plan:String}) AS i ON i.indicator = r.indicator
LEFT JOIN (SELECT * FROM v_status WHERE kind = 'status') AS s ON s.status = r.first.3
LEFT JOIN (SELECT * FROM v_status WHERE kind = 'status') AS q ON q.status = r.now.3
