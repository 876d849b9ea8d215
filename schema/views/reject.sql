-- Refused records of committed pages, with the way back to them. A rule without words is shown by its code.
CREATE OR REPLACE VIEW v_reject DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    plan, source, run_id, page, position, key, field, rule, reason, record, sha256, fetched_at,
    transform(toString(rule),
        ['unknown_unit', 'ambiguous_name', 'missing_id', 'missing_key', 'duplicate_key', 'duplicate_row', 'bad_date', 'missing_date', 'date_order', 'future_date', 'unknown_status', 'unknown_code', 'unknown_member', 'unknown_indicator', 'unknown_form',
         'bad_number', 'missing_number', 'ambiguous_number', 'missing_denominator', 'over_denominator', 'over_maximum', 'bad_answer', 'missing_answer', 'missing_evidence', 'missing_value', 'missing_column', 'bad_period', 'wrong_period', 'wrong_period_type', 'level_not_allowed', 'unreadable_file'],
        ['Mã đơn vị ngoài danh mục', 'Trùng tên, chưa rõ đơn vị', 'Thiếu mã bản ghi', 'Thiếu mã đơn vị, cơ sở', 'Trùng khóa trong một tệp', 'Một đơn vị có hai dòng', 'Ngày không đọc được', 'Thiếu ngày', 'Thứ tự ngày sai', 'Ngày ở tương lai', 'Trạng thái ngoài quy định', 'Mã ngoài quy định', 'Mã ngoài danh mục', 'Chỉ tiêu ngoài kế hoạch', 'Không nhận ra mẫu báo cáo',
         'Không phải là số', 'Thiếu số', 'Số hiểu được hai cách', 'Thiếu mẫu số', 'Tử số lớn hơn mẫu số', 'Vượt điểm tối đa', 'Câu trả lời không hiểu được', 'Chưa trả lời', 'Thiếu minh chứng', 'Ô trống', 'Thiếu cột', 'Kỳ không đọc được', 'Sai kỳ', 'Sai loại kỳ', 'Sai cấp báo cáo', 'Tệp không đọc được'],
        toString(rule)) AS rule_vi,
    transform(toString(rule),
        ['unknown_unit', 'ambiguous_name', 'missing_id', 'missing_key', 'duplicate_key', 'duplicate_row', 'bad_date', 'missing_date', 'date_order', 'future_date', 'unknown_status', 'unknown_code', 'unknown_member', 'unknown_indicator', 'unknown_form',
         'bad_number', 'missing_number', 'ambiguous_number', 'missing_denominator', 'over_denominator', 'over_maximum', 'bad_answer', 'missing_answer', 'missing_evidence', 'missing_value', 'missing_column', 'bad_period', 'wrong_period', 'wrong_period_type', 'level_not_allowed', 'unreadable_file'],
        ['Unknown unit code', 'Ambiguous name', 'No id of the record', 'No code of unit or facility', 'Key twice in a file', 'Unit twice in a table', 'Date cannot be read', 'No date', 'Dates in the wrong order', 'Date in the future', 'Unknown status', 'Unknown code', 'Not in the list', 'Indicator not in the plan', 'Unknown form',
         'Not a number', 'No number', 'Ambiguous number', 'No denominator', 'Part over the whole', 'Over the largest score', 'Answer not understood', 'No answer', 'No evidence', 'Empty cell', 'Column missing', 'Period cannot be read', 'Wrong period', 'Wrong kind of period', 'Wrong level', 'File cannot be read'],
        toString(rule)) AS rule_en
FROM reject
WHERE (run_id, page) IN (SELECT run_id, page FROM page)
