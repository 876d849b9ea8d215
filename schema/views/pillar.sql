-- Pillars in the plan's order.
CREATE OR REPLACE VIEW v_pillar DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT plan, pillar, position, name_vi, name_en FROM catalogue_pillar
WHERE (plan, saved_at) IN (SELECT plan, max(saved_at) FROM catalogue_edition GROUP BY plan)
