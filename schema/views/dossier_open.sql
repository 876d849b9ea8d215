-- Dossiers that were received but neither resolved, refused (status 3) nor stopped (8) at the end of a day, by how long they were
-- overdue then, as the newest versions tell it. Of those that wait for the applicant (5, 6) the deadline stands still.
CREATE OR REPLACE VIEW v_dossier_open DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    plan, unit, unit_from, if(unit_from = toDate32('1900-01-01'), unit, concat(unit, '@', toString(unit_from))) AS unit_key, bucket_position,
    ['Còn hạn', 'Quá hạn 1-3 ngày', 'Quá hạn 4-7 ngày', 'Quá hạn 8-30 ngày', 'Quá hạn trên 30 ngày', 'Chờ bổ sung, nộp lệ phí', 'Không có thời hạn'][bucket_position] AS bucket_vi,
    ['Not due yet', '1-3 days overdue', '4-7 days overdue', '8-30 days overdue', 'Over 30 days overdue', 'Waiting for the applicant', 'No deadline'][bucket_position] AS bucket_en,
    toBool(bucket_position BETWEEN 2 AND 5) AS overdue,
    count() AS open, countIf(channel = 2) AS online, max(days) AS longest_days
FROM
(
    SELECT
        plan, unit, unit_from, channel,
        ifNull(dateDiff('day', toDate32(due), {as_of:Date32}), 0) AS days,
        toUInt8(multiIf(status IN (5, 6), 6, due IS NULL, 7, days <= 0, 1, days <= 3, 2, days <= 7, 3, days <= 30, 4, 5)) AS bucket_position
    FROM
    (
        SELECT plan, id, unit, unit_from, status, channel, due, finished, toDate32(coalesce(received, submitted)) AS received_day
        FROM dossier
        WHERE plan = {plan:String} AND (run_id, page) IN (SELECT run_id, page FROM page WHERE plan = {plan:String})
        ORDER BY plan, id, fetched_at DESC, updated DESC, page DESC, position DESC
        LIMIT 1 BY plan, id
    )
    WHERE received_day <= {as_of:Date32} AND status != 3 AND if(finished IS NULL, status NOT IN (7, 8, 9, 10), toDate32(finished) > {as_of:Date32})
)
GROUP BY plan, unit, unit_from, bucket_position
