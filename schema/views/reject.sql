-- Refused records of committed pages, with the way back to them.
CREATE OR REPLACE VIEW v_reject DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT plan, source, run_id, page, position, key, field, rule, reason, record, sha256, fetched_at
FROM reject
WHERE (run_id, page) IN (SELECT run_id, page FROM page)
