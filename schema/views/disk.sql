-- The disks that the store writes to: bytes that are free and bytes in all.
CREATE OR REPLACE VIEW v_disk DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT name, free_space AS free_bytes, total_space AS total_bytes FROM system.disks
