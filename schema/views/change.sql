-- Every result of a weekly point beside that of the weekly point before, both as known on known_on. Nothing is judged anew:
-- stored statuses are compared. kind: first (nothing stored a week before), same, newly_behind, newly_met, worse, better; lost and
-- returned where a judged status went to or came from unknown (no data, stale, not applicable, no target); new_target where a
-- milestone lies between the two, so that the statuses speak of different targets. moved is in points.
CREATE OR REPLACE VIEW v_change DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    r.plan AS plan, r.indicator AS indicator, r.pillar AS pillar, r.unit AS unit, r.unit_from AS unit_from, r.level AS level, r.as_of AS as_of,
    r.known_at AS known_at, r.applicability AS applicability,
    u.unit_key AS unit_key, if(u.name_vi = '', r.unit, u.name_vi) AS unit_vi, if(u.name_en = '', r.unit, u.name_en) AS unit_en,
    if(u.short_vi = '', r.unit, u.short_vi) AS unit_short_vi, if(u.short_en = '', r.unit, u.short_en) AS unit_short_en, u.position AS unit_position,
    u.parent_key AS parent_key, u.district_key AS district_key, u.level_vi AS level_vi, u.level_en AS level_en, u.level_position AS level_position,
    i.position AS indicator_position, if(i.name_vi = '', r.indicator, i.name_vi) AS indicator_vi, if(i.name_en = '', r.indicator, i.name_en) AS indicator_en,
    if(i.short_vi = '', r.indicator, i.short_vi) AS indicator_short_vi, if(i.short_en = '', r.indicator, i.short_en) AS indicator_short_en,
    i.pillar_vi AS pillar_vi, i.pillar_en AS pillar_en, i.pillar_position AS pillar_position, i.monitored AS monitored, i.unit AS value_unit,
    r.status AS status, s.name_vi AS status_vi, s.short_vi AS status_short_vi, s.name_en AS status_en, s.sign AS status_sign, s.position AS status_position,
    if(p.found, p.status, '') AS previous_status, q.name_vi AS previous_status_vi, q.short_vi AS previous_status_short_vi,
    q.name_en AS previous_status_en, q.sign AS previous_status_sign, q.position AS previous_status_position,
    r.value AS value, p.value AS previous_value, r.path_value AS path_value, p.path_value AS previous_path_value,
    r.path_value - p.path_value AS moved, r.target AS target, r.milestone AS milestone, r.gap AS gap, p.gap AS previous_gap, r.forecast AS forecast,
    r.weeks_behind AS weeks_behind, r.needed_per_week AS needed_per_week, r.pace_per_week AS pace_per_week, r.reason AS reason,
    toBool(r.status IN ('met', 'on_track', 'at_risk', 'behind')) AS judged,
    toBool(p.status IN ('met', 'on_track', 'at_risk', 'behind')) AS was_judged,
    multiIf(
        NOT p.found, 'first',
        judged AND was_judged AND r.milestone IS DISTINCT FROM p.milestone, 'new_target',
        r.status = p.status OR NOT (judged OR was_judged), 'same',
        NOT judged, 'lost',
        r.status = 'behind' AND (was_judged OR r.weeks_behind = 1), 'newly_behind',
        NOT was_judged, 'returned',
        r.status = 'met', 'newly_met',
        s.position > q.position, 'worse',
        'better') AS kind
FROM
(
    SELECT
        plan, indicator, pillar, unit, unit_from, level, as_of, known_at, applicability, status, value, path_value, target, milestone, gap,
        forecast, weeks_behind, needed_per_week, pace_per_week, reason, true AS found
    FROM assessment
    WHERE plan = {plan:String} AND as_of = {as_of:Date32} AND known_at < toDateTime64({known_on:Date32} + 1, 3, 'Asia/Ho_Chi_Minh')
    ORDER BY indicator, unit, unit_from, known_at DESC, computed_at DESC
    LIMIT 1 BY indicator, unit, unit_from
) AS r
LEFT JOIN
(
    SELECT
        plan, indicator, pillar, unit, unit_from, level, as_of, known_at, applicability, status, value, path_value, target, milestone, gap,
        forecast, weeks_behind, needed_per_week, pace_per_week, reason, true AS found
    FROM assessment
    WHERE plan = {plan:String} AND as_of = {as_of:Date32} - 7 AND known_at < toDateTime64({known_on:Date32} + 1, 3, 'Asia/Ho_Chi_Minh')
    ORDER BY indicator, unit, unit_from, known_at DESC, computed_at DESC
    LIMIT 1 BY indicator, unit, unit_from
) AS p ON p.indicator = r.indicator AND p.unit = r.unit AND p.unit_from = r.unit_from
LEFT JOIN (SELECT * FROM v_unit WHERE plan = {plan:String}) AS u ON u.unit = r.unit AND u.unit_from = r.unit_from
LEFT JOIN (SELECT * FROM v_indicator WHERE plan = {plan:String}) AS i ON i.indicator = r.indicator
LEFT JOIN (SELECT * FROM v_status WHERE kind = 'status') AS s ON s.status = r.status
LEFT JOIN (SELECT * FROM v_status WHERE kind = 'status') AS q ON q.status = p.status
