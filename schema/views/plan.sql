-- The plans of the store. clock is the time that the store's figures are looked at: a demo's own, else now. last_as_of is the
-- newest day that results are stored for.
CREATE OR REPLACE VIEW v_plan DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    plan, name_vi, name_en, document, starts, ends, province_key, notice_vi, notice_en, recent_weeks,
    if(clocks.value = '', now('UTC'), parseDateTimeBestEffortOrZero(clocks.value, 'UTC')) AS clock,
    results.last_as_of AS last_as_of
FROM catalogue_plan
LEFT JOIN (SELECT plan, argMax(setting.value, set_at) AS value FROM setting WHERE name = 'demo_now' GROUP BY plan) AS clocks USING (plan)
LEFT JOIN (SELECT plan, maxOrNull(as_of) AS last_as_of FROM standing GROUP BY plan) AS results USING (plan)
WHERE (plan, saved_at) IN (SELECT plan, max(saved_at) FROM catalogue_edition GROUP BY plan)
