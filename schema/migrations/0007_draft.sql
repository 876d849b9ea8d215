-- +goose Up

-- What was done to the drafts of report forms, appended: the newest version of a form, unit and period says how it stands.
-- Two who act at the same time never take the same version: it is the token of the insert, and of two inserts with one
-- token the engine keeps the first. No view shows drafts, and no figure comes from here: what is confirmed is landed.
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS draft
(
    plan      LowCardinality(String),
    form      LowCardinality(String),
    unit      LowCardinality(String),
    unit_from Date32,
    period    LowCardinality(String),
    version   UInt64,
    id        String,
    action    LowCardinality(String),
    sha256    String,
    reason    String,
    by        String,
    at        DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (plan, form, unit, unit_from, period, version)
SETTINGS non_replicated_deduplication_window = 1000;
-- +goose StatementEnd

-- What was handed in, minimised to what the form asks for, by its content.
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS draft_body
(
    plan      LowCardinality(String),
    form      LowCardinality(String),
    unit      LowCardinality(String),
    unit_from Date32,
    period    LowCardinality(String),
    sha256    String,
    body      String CODEC(ZSTD(3)),
    by        String,
    at        DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (plan, form, unit, unit_from, period, sha256, at);
-- +goose StatementEnd
