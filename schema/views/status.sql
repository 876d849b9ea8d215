-- Words, sign and colour of statuses and of outcomes of milestones, in the order in which people list them.
CREATE OR REPLACE VIEW v_status DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT kind, word AS status, position, name_vi, short_vi, name_en, sign, colour FROM catalogue_word
WHERE kind IN ('status', 'outcome') AND (plan, saved_at) = (SELECT argMax((plan, saved_at), saved_at) FROM catalogue_edition)
