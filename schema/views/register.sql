-- The newest entry of every register, subject and year. Names of subjects that are no units, and who entered what, are left
-- out: boards are open to everyone.
CREATE OR REPLACE VIEW v_register DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT plan, register, grouping, subject, year, decision, value, evidence, date, entered_at
FROM register
ORDER BY plan, register, grouping, subject, year, entered_at DESC, indexOf(['yes', 'not_applicable', 'unknown', 'no'], decision) DESC
LIMIT 1 BY plan, register, grouping, subject, year
