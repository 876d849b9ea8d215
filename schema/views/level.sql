-- Levels of units in the plan's order. watched: gauges and alerts watch them.
CREATE OR REPLACE VIEW v_level DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT plan, level, position, name_vi, name_en, watched FROM catalogue_level
WHERE (plan, saved_at) IN (SELECT plan, max(saved_at) FROM catalogue_edition GROUP BY plan)
