-- Indicators in the plan's order, with their definition, sources and owner in words.
CREATE OR REPLACE VIEW v_indicator DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    plan, indicator, position, pillar, pillar_position, pillar_vi, pillar_en, name_vi, name_en, short_vi, short_en,
    definition_vi, definition_en, numerator_vi, numerator_en, denominator_vi, denominator_en, kind, aggregate, window, period_type,
    rhythm, rhythm_vi, rhythm_en, unit, most, comparator, variant, variants, rulings, sources, sources_vi, owner, owner_vi, owner_en,
    monitored, note_vi
FROM catalogue_indicator
WHERE (plan, saved_at) IN (SELECT plan, max(saved_at) FROM catalogue_edition GROUP BY plan)
