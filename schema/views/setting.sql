CREATE OR REPLACE VIEW v_setting AS SELECT plan, name, argMax(value, set_at) AS value FROM setting GROUP BY plan, name
