-- How doubtful clauses are read: the readings, the one in force, and who may decide.
CREATE OR REPLACE VIEW v_ruling DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT plan, ruling, clause, question, readings, default_reading, decided_by, document FROM catalogue_ruling
WHERE (plan, saved_at) IN (SELECT plan, max(saved_at) FROM catalogue_edition GROUP BY plan)
