-- Units of all times. A unit is alive on a day d if unit_from <= d and (unit_to IS NULL or d <= unit_to). position is by Vietnamese
-- name within the level; district_key is the unit's district, its own key for a district, and empty for what stands above.
CREATE OR REPLACE VIEW v_unit DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    plan, unit, unit_from, unit_key, unit_to, level, level_position, level_vi, level_en, watched, parent_key, district_key,
    name_vi, name_en, short_vi, short_en, position
FROM catalogue_unit
WHERE (plan, saved_at) IN (SELECT plan, max(saved_at) FROM catalogue_edition GROUP BY plan)
