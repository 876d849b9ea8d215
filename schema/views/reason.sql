-- Words for the reasons of statuses.
CREATE OR REPLACE VIEW v_reason DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT word AS reason, name_vi, name_en FROM catalogue_word
WHERE kind = 'reason' AND (plan, saved_at) = (SELECT argMax((plan, saved_at), saved_at) FROM catalogue_edition)
