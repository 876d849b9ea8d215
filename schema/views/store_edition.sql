-- One number for what the store holds: another one after everything that is written, except accounts and the audit log.
-- Of the database that is asked.
CREATE OR REPLACE VIEW v_store_edition DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT sum(cityHash64(table, name, modification_time)) AS edition
FROM system.parts
WHERE active AND database = currentDatabase() AND table NOT IN ('account', 'audit', 'audit_mark')
