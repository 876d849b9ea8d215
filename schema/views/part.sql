-- Names of what stands in a result's parts and member: other ways of counting (variant), features that a service must all have
-- (feature), members of the dimension over which a minimum is taken (member).
CREATE OR REPLACE VIEW v_part DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT plan, splitByChar('/', word)[1] AS indicator, splitByChar('/', word)[2] AS part, kind, position, name_vi, name_en
FROM catalogue_word
WHERE kind IN ('variant', 'feature', 'member') AND (plan, saved_at) IN (SELECT plan, max(saved_at) FROM catalogue_edition GROUP BY plan)
