-- Every unit's rank and overall status on a day as known on known_on, with names, and beside the rank of the weekly point before.
-- movement is how many places the unit went up; null where one of the two ranks is not there.
CREATE OR REPLACE VIEW v_rank DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    r.plan AS plan, r.plan_version AS plan_version, r.method_version AS method_version, r.level AS level, r.unit AS unit,
    r.unit_from AS unit_from, r.as_of AS as_of, r.known_at AS known_at, r.rank AS rank, r.of AS of, r.score AS score, r.met
    AS met, r.on_track AS on_track, r.at_risk AS at_risk, r.behind AS behind, r.stale AS stale, r.no_data AS no_data,
    r.missed AS missed, r.applicable AS applicable, r.overall AS overall, r.computed_at AS computed_at,
    u.unit_key AS unit_key, if(u.name_vi = '', r.unit, u.name_vi) AS unit_vi, if(u.name_en = '', r.unit, u.name_en) AS unit_en,
    if(u.short_vi = '', r.unit, u.short_vi) AS unit_short_vi, if(u.short_en = '', r.unit, u.short_en) AS unit_short_en, u.position AS unit_position,
    u.parent_key AS parent_key, u.district_key AS district_key, u.level_vi AS level_vi, u.level_en AS level_en, u.level_position AS level_position,
    s.name_vi AS overall_vi, s.short_vi AS overall_short_vi, s.name_en AS overall_en, s.sign AS overall_sign, s.position AS overall_position,
    if(p.found, toNullable(p.rank), NULL) AS previous_rank,
    if(p.found AND p.rank > 0 AND r.rank > 0, toInt32(p.rank) - toInt32(r.rank), NULL) AS movement,
    p.overall AS previous_overall
FROM
(
    SELECT
        plan, plan_version, method_version, level, unit, unit_from, as_of, known_at, rank, of, score, met, on_track, at_risk, behind,
        stale, no_data, missed, applicable, overall, computed_at
    FROM standing
    WHERE plan = {plan:String} AND as_of = {as_of:Date32} AND known_at < toDateTime64({known_on:Date32} + 1, 3, 'Asia/Ho_Chi_Minh')
    ORDER BY known_at DESC, computed_at DESC
    LIMIT 1 BY level, unit, unit_from
) AS r
LEFT JOIN
(
    SELECT unit, unit_from, rank, overall, true AS found
    FROM standing
    WHERE plan = {plan:String} AND as_of = {as_of:Date32} - 7 AND known_at < toDateTime64({known_on:Date32} + 1, 3, 'Asia/Ho_Chi_Minh')
    ORDER BY known_at DESC, computed_at DESC
    LIMIT 1 BY level, unit, unit_from
) AS p ON p.unit = r.unit AND p.unit_from = r.unit_from
LEFT JOIN (SELECT * FROM v_unit WHERE plan = {plan:String}) AS u ON u.unit = r.unit AND u.unit_from = r.unit_from
LEFT JOIN (SELECT * FROM v_status WHERE kind = 'status') AS s ON s.status = r.overall
