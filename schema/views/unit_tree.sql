-- Every unit with all that it is part of, itself first (depth 0): sums over a unit and what is below it join here.
CREATE OR REPLACE VIEW v_unit_tree DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT plan, ancestor_key, unit, unit_from, unit_key, depth FROM catalogue_unit_tree
WHERE (plan, saved_at) IN (SELECT plan, max(saved_at) FROM catalogue_edition GROUP BY plan)
