-- Every stored result of a day, in its newest version known on known_on (2099-12-31: the newest), with the names of everything.
CREATE OR REPLACE VIEW v_progress DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    r.plan AS plan, r.plan_version AS plan_version, r.method_version AS method_version, r.indicator AS indicator, r.pillar
    AS pillar, r.unit AS unit, r.unit_from AS unit_from, r.level AS level, r.as_of AS as_of, r.known_at AS known_at,
    r.applicability AS applicability, r.numerator AS numerator, r.denominator AS denominator, r.value AS value, r.path_value
    AS path_value, r.comparator AS comparator, r.milestone AS milestone, r.target AS target, r.expected AS expected, r.gap
    AS gap, r.needed_per_week AS needed_per_week, r.pace_per_week AS pace_per_week, r.forecast AS forecast, r.best_reachable
    AS best_reachable, r.failing_count AS failing_count, r.coverage AS coverage, r.age_days AS age_days, r.status AS status,
    r.met AS met, r.outcomes AS outcomes, r.weeks_behind AS weeks_behind, r.behind_since AS behind_since, r.reason AS
    reason, r.rulings AS rulings, r.member AS member, r.parts AS parts, r.computed_at AS computed_at,
    u.unit_key AS unit_key, if(u.name_vi = '', r.unit, u.name_vi) AS unit_vi, if(u.name_en = '', r.unit, u.name_en) AS unit_en,
    if(u.short_vi = '', r.unit, u.short_vi) AS unit_short_vi, if(u.short_en = '', r.unit, u.short_en) AS unit_short_en, u.position AS unit_position,
    u.parent_key AS parent_key, u.district_key AS district_key, u.level_vi AS level_vi, u.level_en AS level_en, u.level_position AS level_position,
    i.position AS indicator_position, if(i.name_vi = '', r.indicator, i.name_vi) AS indicator_vi, if(i.name_en = '', r.indicator, i.name_en) AS indicator_en,
    if(i.short_vi = '', r.indicator, i.short_vi) AS indicator_short_vi, if(i.short_en = '', r.indicator, i.short_en) AS indicator_short_en,
    i.pillar_vi AS pillar_vi, i.pillar_en AS pillar_en, i.pillar_position AS pillar_position,
    s.name_vi AS status_vi, s.short_vi AS status_short_vi, s.name_en AS status_en, s.sign AS status_sign, s.position AS status_position,
    if(w.name_vi = '', r.first_reason, w.name_vi) AS reason_vi, if(w.name_en = '', r.first_reason, w.name_en) AS reason_en,
    i.monitored AS monitored, i.owner AS owner, i.owner_vi AS owner_vi, i.owner_en AS owner_en, i.unit AS value_unit
FROM
(
    SELECT
        plan, plan_version, method_version, indicator, pillar, unit, unit_from, level, as_of, known_at, applicability,
        numerator, denominator, value, path_value, comparator, milestone, target, expected, gap, needed_per_week, pace_per_week,
        forecast, best_reachable, failing_count, coverage, age_days, status, met, outcomes, weeks_behind, behind_since, reason,
        rulings, member, parts, computed_at,
        splitByChar(',', reason)[1] AS first_reason
    FROM assessment
    WHERE plan = {plan:String} AND as_of = {as_of:Date32} AND known_at < toDateTime64({known_on:Date32} + 1, 3, 'Asia/Ho_Chi_Minh')
    ORDER BY indicator, unit, unit_from, known_at DESC, computed_at DESC
    LIMIT 1 BY indicator, unit, unit_from
) AS r
LEFT JOIN (SELECT * FROM v_unit WHERE plan = {plan:String}) AS u ON u.unit = r.unit AND u.unit_from = r.unit_from
LEFT JOIN (SELECT * FROM v_indicator WHERE plan = {plan:String}) AS i ON i.indicator = r.indicator
LEFT JOIN (SELECT * FROM v_status WHERE kind = 'status') AS s ON s.status = r.status
LEFT JOIN v_reason AS w ON w.reason = r.first_reason
