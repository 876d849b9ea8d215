-- The weekly points (Sundays) that the results of all levels are stored for, with the words for a list of them.
CREATE OR REPLACE VIEW v_week DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    plan, as_of,
    concat('Tuần ', toString(toISOWeek(as_of)), '/', toString(toISOYear(as_of)), ' (',
        formatDateTime(as_of - 6, '%d'), '/', toString(toMonth(as_of - 6)), ' - ', formatDateTime(as_of, '%d'), '/', toString(toMonth(as_of)), ')') AS label_vi,
    concat('Week ', toString(toISOWeek(as_of)), '/', toString(toISOYear(as_of)), ' (',
        formatDateTime(as_of - 6, '%d %b'), ' - ', formatDateTime(as_of, '%d %b'), ')') AS label_en,
    formatDateTime(as_of, '%d/%m/%Y') AS text_vi,
    concat(toString(toISOYear(as_of)), '-W', leftPad(toString(toISOWeek(as_of)), 2, '0')) AS week
FROM
(
    SELECT plan, as_of, row_number() OVER (PARTITION BY plan ORDER BY as_of DESC) AS nth
    FROM standing WHERE toDayOfWeek(as_of) = 7
    GROUP BY plan, as_of
) AS points
INNER JOIN (SELECT plan, recent_weeks FROM catalogue_plan WHERE (plan, saved_at) IN (SELECT plan, max(saved_at) FROM catalogue_edition GROUP BY plan)) AS kept USING (plan)
WHERE nth <= recent_weeks
