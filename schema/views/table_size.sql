-- How much every table takes on disk: rows and bytes of its live parts (bytes compressed, raw_bytes as written), and when a
-- part was last written. Of the database that is asked.
CREATE OR REPLACE VIEW v_table_size DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    table AS name, count() AS parts, sum(system.parts.rows) AS rows, sum(bytes_on_disk) AS bytes, sum(data_uncompressed_bytes) AS raw_bytes,
    toDateTime(max(modification_time), 'UTC') AS written_at
FROM system.parts
WHERE active AND database = currentDatabase()
GROUP BY table
