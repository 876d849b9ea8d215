-- The manifest: pages that were committed, and with them everything that counts.
CREATE OR REPLACE VIEW v_page DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT plan, source, run_id, page, sha256, request, fetched_at, asserted, records, loaded, rejected, committed_at FROM page
