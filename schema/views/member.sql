-- Members of the plan's dimensions: sectors, kinds of facilities.
CREATE OR REPLACE VIEW v_member DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT plan, substring(kind, 8) AS dimension, word AS member, position, name_vi, name_en FROM catalogue_word
WHERE startsWith(kind, 'member.') AND (plan, saved_at) IN (SELECT plan, max(saved_at) FROM catalogue_edition GROUP BY plan)
