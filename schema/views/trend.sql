-- The stored days of one indicator of one unit up to as_of, as known on known_on, ready for a chart: time is the local end of the
-- day. The newest point also carries its path value as forecast, and one row more, at the milestone, the stored forecast and the
-- target, so that the lines go on to there.
CREATE OR REPLACE VIEW v_trend DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
WITH
    points AS
    (
        SELECT
            as_of, value, path_value, expected, target, gap, forecast, milestone, status, numerator, denominator, coverage, weeks_behind,
            known_at, plan_version, method_version
        FROM assessment
        WHERE plan = {plan:String} AND indicator = {indicator:String} AND unit = splitByChar('@', {unit_key:String})[1]
          AND unit_from = ifNull(toDate32OrNull(splitByChar('@', {unit_key:String})[2]), toDate32('1900-01-01'))
          AND as_of <= {as_of:Date32} AND known_at < toDateTime64({known_on:Date32} + 1, 3, 'Asia/Ho_Chi_Minh')
        ORDER BY as_of, known_at DESC, computed_at DESC
        LIMIT 1 BY as_of
    ),
    drawn AS
    (
        SELECT
            as_of, value, path_value, expected, target, gap, if(as_of = (SELECT max(as_of) FROM points), path_value, NULL) AS forecast, milestone,
            status, numerator, denominator, coverage, weeks_behind, known_at, plan_version, method_version
        FROM points
        UNION ALL
        SELECT
            assumeNotNull(milestone), NULL, NULL, target, target, NULL, forecast, milestone, '', NULL, NULL, NULL, 0, known_at, plan_version, method_version
        FROM (SELECT * FROM points ORDER BY as_of DESC LIMIT 1)
        WHERE milestone > as_of
    )
SELECT
    toTimeZone(toDateTime(as_of + 1, 'Asia/Ho_Chi_Minh'), 'UTC') AS time, as_of, value, path_value, expected, target, gap, forecast, milestone, status,
    numerator, denominator, coverage, weeks_behind, known_at, plan_version, method_version
FROM drawn
ORDER BY time
