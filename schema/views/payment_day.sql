-- Online payments of dossier fees by the local day of the payment; amounts in đồng. Refunded and cancelled ones are not in paid.
CREATE OR REPLACE VIEW v_payment_day DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    plan, unit, unit_from, if(unit_from = toDate32('1900-01-01'), unit, concat(unit, '@', toString(unit_from))) AS unit_key, day,
    countIf(state = 'paid') AS paid, sumIf(dong, state = 'paid') AS amount,
    countIf(state = 'refunded') AS refunded, sumIf(dong, state = 'refunded') AS refunded_amount, countIf(state = 'cancelled') AS cancelled
FROM
(
    SELECT plan, id, unit, unit_from, state, amount AS dong, paid AS paid_at, day
    FROM payment
    WHERE (run_id, page) IN (SELECT run_id, page FROM page)
    ORDER BY plan, id, fetched_at DESC, updated DESC, page DESC, position DESC
    LIMIT 1 BY plan, id
)
WHERE paid_at IS NOT NULL
GROUP BY plan, unit, unit_from, day
