-- Milestones with their names.
CREATE OR REPLACE VIEW v_milestone DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT plan, milestone, report_cut_off, name_vi, name_en FROM catalogue_milestone
WHERE (plan, saved_at) IN (SELECT plan, max(saved_at) FROM catalogue_edition GROUP BY plan)
