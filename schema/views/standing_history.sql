-- Every version of every rank and overall status.
CREATE OR REPLACE VIEW v_standing_history DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    plan, plan_version, method_version, level, unit, unit_from, as_of, known_at, rank, of, score, met, on_track, at_risk, behind,
    stale, no_data, missed, applicable, overall, computed_at
FROM standing
