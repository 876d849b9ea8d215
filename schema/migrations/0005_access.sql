-- +goose Up

-- Accounts: a row for every version of one, appended; the newest version of a name counts. Passwords are argon2id hashes.
-- No view shows this table: boards never see it.
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS account
(
    plan      LowCardinality(String),
    name      String,
    version   UInt64,
    role      LowCardinality(String),
    unit      String, -- empty: the role belongs to no unit
    unit_from Date32,
    password  String,
    disabled  Bool,
    at        DateTime64(3, 'UTC'),
    by        String
)
ENGINE = MergeTree
ORDER BY (plan, name, version);
-- +goose StatementEnd

-- The audit log: every row holds the hash of the one before. Two writers never take the same place: the place is the
-- token of the insert, and of two inserts with one token the engine keeps the first.
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS audit
(
    plan    String,
    seq     UInt64,
    at      DateTime64(3, 'UTC'),
    actor   String,
    action  String,
    subject String,
    address String,
    detail  String,
    prev    String,
    hash    String
)
ENGINE = MergeTree
ORDER BY (plan, seq)
SETTINGS non_replicated_deduplication_window = 1000;
-- +goose StatementEnd

-- Which row was the newest once, so that a log that was cut at its end is found.
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS audit_mark
(
    plan String,
    seq  UInt64,
    hash String
)
ENGINE = MergeTree
ORDER BY (plan, seq);
-- +goose StatementEnd
