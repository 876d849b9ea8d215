-- Documents of every sender by day. exchanged, signed and secret are the document system's statistics, as CQS-06 rests on them;
-- sent and recalled are counted from the exchange axis, where a recalled document (status 13) is not sent.
CREATE OR REPLACE VIEW v_document_day DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    plan, unit, unit_from, if(unit_from = toDate32('1900-01-01'), unit, concat(unit, '@', toString(unit_from))) AS unit_key, day,
    sumIf(n, what = 'edoc.exchanged') AS exchanged, sumIf(n, what = 'edoc.signed') AS signed, sumIf(n, what = 'edoc.secret') AS secret,
    sumIf(n, what = 'sent') AS sent, sumIf(n, what = 'recalled') AS recalled
FROM
(
    SELECT plan, measure AS what, unit, unit_from, day, value AS n FROM v_measure WHERE measure IN ('edoc.exchanged', 'edoc.signed', 'edoc.secret')
    UNION ALL
    SELECT plan, if(status = '13', 'recalled', 'sent'), unit, unit_from, day, toInt64(1)
    FROM
    (
        SELECT plan, id, unit, unit_from, status, sent, day
        FROM document
        WHERE (run_id, page) IN (SELECT run_id, page FROM page)
        ORDER BY plan, id, fetched_at DESC, updated DESC, page DESC, position DESC
        LIMIT 1 BY plan, id
    )
    WHERE sent IS NOT NULL
)
GROUP BY plan, unit, unit_from, day
