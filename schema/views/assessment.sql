-- The newest version of every result.
CREATE OR REPLACE VIEW v_assessment DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    plan, plan_version, method_version, indicator, pillar, unit, unit_from, level, as_of, known_at, applicability,
    numerator, denominator, value, path_value, comparator, milestone, target, expected, gap, needed_per_week, pace_per_week,
    forecast, best_reachable, failing_count, coverage, age_days, status, met, outcomes, weeks_behind, behind_since, reason,
    rulings, member, parts, computed_at
FROM assessment
ORDER BY plan, indicator, unit, unit_from, as_of, known_at DESC, computed_at DESC
LIMIT 1 BY plan, indicator, unit, unit_from, as_of
