-- +goose Up

-- Reports that units and facilities owe for closed periods: a row whenever something about one changed. The newest
-- checked_at counts; days late follow from late_from and the day of the newest check (setting reports_checked).
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS report
(
    plan         LowCardinality(String),
    indicator    LowCardinality(String),
    unit         LowCardinality(String),
    unit_from    Date32,
    facility     String, -- empty: the unit reports itself
    period       LowCardinality(String),
    period_start Date32,
    period_end   Date32,
    source       LowCardinality(String),
    form         LowCardinality(String),
    level        LowCardinality(String),
    due          Date32,
    late_from    Date32,
    reported_at  Nullable(DateTime64(3, 'UTC')),
    state        LowCardinality(String),
    days_late    Int32, -- of a report that came; 0 while it is awaited
    superseded   Bool,
    hash         UInt64,
    checked_at   DateTime64(3, 'UTC')
)
ENGINE = MergeTree
PARTITION BY toYear(period_end)
ORDER BY (plan, indicator, unit, unit_from, facility, period_end, checked_at);
-- +goose StatementEnd
