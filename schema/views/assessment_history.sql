-- Every version of every result: what was known when.
CREATE OR REPLACE VIEW v_assessment_history DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    plan, plan_version, method_version, indicator, pillar, unit, unit_from, level, as_of, known_at, applicability,
    numerator, denominator, value, path_value, comparator, milestone, target, expected, gap, needed_per_week, pace_per_week,
    forecast, best_reachable, failing_count, coverage, age_days, status, met, outcomes, weeks_behind, behind_since, reason,
    rulings, member, parts, computed_at
FROM assessment
