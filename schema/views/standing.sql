-- The newest version of every unit's rank and overall status.
CREATE OR REPLACE VIEW v_standing DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    plan, plan_version, method_version, level, unit, unit_from, as_of, known_at, rank, of, score, met, on_track, at_risk, behind,
    stale, no_data, missed, applicable, overall, computed_at
FROM standing
ORDER BY plan, level, as_of, unit, unit_from, known_at DESC, computed_at DESC
LIMIT 1 BY plan, level, as_of, unit, unit_from
