-- Targets in the plan's own words; target is null where it names no number.
CREATE OR REPLACE VIEW v_target DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT plan, indicator, milestone, target, comparator, wording_vi, section, document FROM catalogue_target
WHERE (plan, saved_at) IN (SELECT plan, max(saved_at) FROM catalogue_edition GROUP BY plan)
