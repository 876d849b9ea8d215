-- Institutions of the registry: where they stand and who manages them.
CREATE OR REPLACE VIEW v_facility DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    f.plan AS plan, f.id AS facility, f.name AS name, f.kind AS kind, k.name_vi AS kind_vi, k.name_en AS kind_en,
    if(f.located_from = toDate32('1900-01-01'), f.located_in, concat(f.located_in, '@', toString(f.located_from))) AS located_key,
    if(f.managed_from = toDate32('1900-01-01'), f.managed_by, concat(f.managed_by, '@', toString(f.managed_from))) AS managed_key,
    f.valid_from AS valid_from, f.valid_to AS valid_to
FROM
(
    SELECT plan, id, name, kind, located_in, located_from, managed_by, managed_from, valid_from, valid_to
    FROM facility
    WHERE (run_id, page) IN (SELECT run_id, page FROM page)
    ORDER BY plan, id, fetched_at DESC, page DESC, position DESC
    LIMIT 1 BY plan, id
) AS f
LEFT JOIN (SELECT plan, member, name_vi, name_en FROM v_member WHERE dimension = 'facility_kind') AS k ON k.plan = f.plan AND k.member = f.kind
