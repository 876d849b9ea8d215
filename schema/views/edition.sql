-- The editions of the catalogue, the newest of each plan last: which one is shown since when.
CREATE OR REPLACE VIEW v_edition DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT plan, saved_at, hash FROM catalogue_edition
