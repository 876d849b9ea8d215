-- +goose Up

-- What units object to (giải trình): a row for every step of a contest. Two writers never take the same step: the step is
-- the token of the insert, and of two inserts with one token the engine keeps the first. The columns from indicator on to
-- due are of the first step, done is of an acceptance. No view shows this table: contests are for those who sign in.
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS contest
(
    plan           LowCardinality(String),
    number         UInt64,
    step           UInt32,
    action         LowCardinality(String),
    at             DateTime64(3, 'UTC'),
    by             String,
    reason         String,
    indicator      LowCardinality(String),
    unit           LowCardinality(String),
    unit_from      Date32,
    as_of          Date32,
    known_at       DateTime64(3, 'UTC'),
    plan_version   LowCardinality(String),
    method_version LowCardinality(String),
    value          Nullable(Decimal(20, 10)),
    numerator      Nullable(Int64),
    denominator    Nullable(Int64),
    status         LowCardinality(String),
    evidence       String,
    due            Date32,
    done           String
)
ENGINE = MergeTree
ORDER BY (plan, number, step)
SETTINGS non_replicated_deduplication_window = 1000;
-- +goose StatementEnd
