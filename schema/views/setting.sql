CREATE OR REPLACE VIEW v_setting DEFINER = CURRENT_USER SQL SECURITY DEFINER AS SELECT plan, name, argMax(value, set_at) AS value FROM setting GROUP BY plan, name
